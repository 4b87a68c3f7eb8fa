"""The security check and the security headers."""

from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from homologue.viewer.limits import Limits
from homologue.viewer.security import COOKIE, Rules, SecurityMiddleware

HOME = "http://127.0.0.1:8000"


def client(token: str | None = None, *hosts: str, **rules: Any) -> TestClient:
    async def answer(request: Request) -> Response:
        text = f"{len(await request.body())} bytes to {request.url.path}"
        return PlainTextResponse(text)

    routes = [Route("/{path:path}", answer, methods=["GET", "POST"])]
    made = Rules({"127.0.0.1", "localhost", "::1", *hosts}, token, **rules)
    middleware = [
        Middleware(
            SecurityMiddleware, rules=made, limits=Limits(upload_bytes=1000, action_bytes=100)
        )
    ]
    return TestClient(Starlette(routes=routes, middleware=middleware), base_url=HOME)


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost", "LOCALHOST:9", "[::1]:8000"])
def test_own_names_are_accepted(host: str) -> None:
    assert client().get("/", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "evil.example:8000",
        "localhost.evil.example",
        "127.0.0.1@evil.example",
        "evil.example@127.0.0.1.evil",
        "127.0.0.2",
        "0.0.0.0",
        "[::1",
        "",
    ],
)
def test_other_names_are_refused(host: str) -> None:
    answer = client().get("/", headers={"Host": host})
    assert answer.status_code == 403
    assert answer.headers["connection"] == "close"


def test_two_hosts_are_refused() -> None:
    headers = [("Host", "127.0.0.1:8000"), ("Host", "evil.example")]
    assert client().get("/", headers=headers).status_code == 403


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "null",
        "http://127.0.0.1:9999",
        "http://127.0.0.1",
        "https://127.0.0.1:9999",
        "https://127.0.0.1",
        "ftp://127.0.0.1:8000",
        "http://localhost:8000",
        "https://localhost:8000",
        "http://127.0.0.1:8000.evil.example",
        "",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_foreign_origins_are_refused(origin: str, method: str) -> None:
    answer = client().request(method, "/api/sessions", headers={"Origin": origin})
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers


def test_post_requests_need_an_origin() -> None:
    assert client().post("/api/sessions").status_code == 403
    assert client().post("/api/sessions", headers={"Origin": HOME}).status_code == 200
    assert client().get("/api/sessions").status_code == 200


@pytest.mark.parametrize(
    ("path", "site", "mode", "status"),
    [
        ("/api/options", "same-origin", "cors", 200),
        ("/api/options", "none", "navigate", 200),
        ("/api/options", "cross-site", "no-cors", 403),
        ("/api/options", "same-site", "cors", 403),
        ("/static/main.js", "cross-site", "no-cors", 403),
        ("/", "cross-site", "navigate", 200),
        ("/", "cross-site", "no-cors", 403),
        ("/api/sessions/x", "cross-site", "navigate", 403),
    ],
)
def test_fetch_metadata_is_checked(path: str, site: str, mode: str, status: int) -> None:
    headers = {"Sec-Fetch-Site": site, "Sec-Fetch-Mode": mode}
    assert client().get(path, headers=headers).status_code == status


@pytest.mark.parametrize(
    ("path", "size", "status"),
    [
        ("/api/pictures", 1000, 200),
        ("/api/pictures", 1001, 413),
        ("/api/sessions/x", 100, 200),
        ("/api/sessions/x", 101, 413),
        ("/api/pictures/", 101, 413),
    ],
)
def test_declared_lengths_are_limited(path: str, size: int, status: int) -> None:
    answer = client().post(path, headers={"Origin": HOME}, content=bytes(size))
    assert answer.status_code == status


@pytest.mark.parametrize("length", [b"-1", b"1e3", b"ten", b"\xb2"])
def test_lengths_are_numbers(length: bytes) -> None:
    headers = {b"Origin": HOME.encode(), b"Content-Length": length}
    assert client().post("/api/pictures", headers=headers).status_code == 400


def test_every_response_has_security_headers() -> None:
    for answer in (client().get("/"), client().get("/", headers={"Host": "evil.example"})):
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"


def test_the_token_is_required() -> None:
    one = client("secret")
    for path in (
        "/",
        "/static/main.js",
        "/api/options",
        "/?token=wrong",
        "/api/options?token=secret",
    ):
        answer = one.get(path, follow_redirects=False)
        assert answer.status_code == 401
        assert "secret" not in answer.text
    headers = {"Origin": HOME, "Cookie": f"{COOKIE}=wrong"}
    assert one.post("/api/sessions", headers=headers).status_code == 401


def test_the_token_becomes_a_cookie() -> None:
    one = client("secret")
    answer = one.get("/?token=secret", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "./")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    # Without a path, the cookie is limited to the folder of the page.
    assert "Path" not in cookie
    assert "Secure" not in cookie
    assert one.get("/api/options").status_code == 200
    assert one.post("/api/sessions", headers={"Origin": HOME}).status_code == 200
    assert one.post("/api/sessions", headers={"Origin": "http://evil.example"}).status_code == 403


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        # A proxy with the same name and port ends TLS.
        ("127.0.0.1:8000", "https://127.0.0.1:8000"),
        # A tunnel with its own port, such as VS Code's.
        ("localhost:9999", "http://localhost:9999"),
        ("localhost:9999", "https://localhost:9999"),
        # Default ports are not in an origin.
        ("localhost", "https://localhost"),
        ("localhost:443", "https://localhost"),
        ("localhost:80", "http://localhost"),
        ("[::1]:8000", "https://[::1]:8000"),
        ("LOCALHOST:8000", "http://localhost:8000"),
    ],
)
def test_the_same_name_and_port_is_the_own_page(host: str, origin: str) -> None:
    headers = {"Host": host, "Origin": origin}
    assert client().post("/api/sessions", headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("host", "origin"),
    [("localhost:80", "https://localhost"), ("localhost:443", "http://localhost")],
)
def test_the_default_port_of_the_other_scheme_is_another_page(host: str, origin: str) -> None:
    headers = {"Host": host, "Origin": origin}
    assert client().post("/api/sessions", headers=headers).status_code == 403


def test_refusals_name_the_option() -> None:
    answer = client().get("/", headers={"Host": "hub.example.org:8443"})
    assert answer.status_code == 403
    assert "--allow-host hub.example.org." in answer.json()["error"]
    answer = client().post("/api/sessions", headers={"Origin": "https://hub.example.org"})
    assert answer.status_code == 403
    assert "--allow-origin https://hub.example.org." in answer.json()["error"]
    for headers in ({"Origin": "null"}, {"Origin": "file://"}, {}):
        error = client().post("/api/sessions", headers=headers).json()["error"]
        assert error == "Only the viewer's own page may send this request."


def test_proxies_are_accepted_by_name() -> None:
    one = client(proxy_hosts=["hub.example.org"])
    for host in ("hub.example.org", "hub.example.org:8443"):
        headers = {"Host": host, "Origin": f"https://{host}"}
        assert one.post("/api/sessions", headers=headers).status_code == 200
    for host in ("example.org", "evil.hub.example.org", "hub.example.org.evil.example"):
        assert one.get("/", headers={"Host": host}).status_code == 403
    # Another port of the same host is a foreign page.
    headers = {"Host": "hub.example.org", "Origin": "https://hub.example.org:8443"}
    assert one.post("/api/sessions", headers=headers).status_code == 403


@pytest.mark.parametrize(
    ("forwarded", "origin", "status"),
    [
        ("hub.example.org", "https://hub.example.org", 200),
        ("hub.example.org, inner.example", "https://hub.example.org", 200),
        ("hub.example.org", "https://evil.example", 403),
        ("evil.example", "https://evil.example", 403),
        ("evil.example, hub.example.org", "https://hub.example.org", 403),
    ],
)
def test_the_forwarded_host_is_checked(forwarded: str, origin: str, status: int) -> None:
    one = client(proxy_hosts=["hub.example.org"])
    headers = {"X-Forwarded-Host": forwarded, "X-Forwarded-Proto": "https", "Origin": origin}
    assert one.post("/api/sessions", headers=headers).status_code == status


def test_the_refusal_of_an_unknown_proxy_names_the_option() -> None:
    answer = client().get("/", headers={"X-Forwarded-Host": "name-8000.app.example"})
    assert answer.status_code == 403
    assert "--allow-host name-8000.app.example." in answer.json()["error"]


def test_an_allowed_origin_is_accepted_with_any_own_host() -> None:
    one = client(origins=["https://hub.example.org"])
    for host in ("127.0.0.1:8000", "hub.example.org"):
        headers = {"Host": host, "Origin": "https://hub.example.org"}
        assert one.post("/api/sessions", headers=headers).status_code == 200
    for origin in ("http://evil.example", "https://hub.example.org:8443", "null"):
        assert one.post("/api/sessions", headers={"Origin": origin}).status_code == 403
    assert one.get("/", headers={"Host": "evil.example"}).status_code == 403


@pytest.mark.parametrize(
    ("path", "inside"),
    [
        ("/user/me/8000/api/options", "/api/options"),
        ("/user/me/8000/", "/"),
        ("/api/options", "/api/options"),  # the proxy has removed the prefix
        ("/user/me/80001/api", "/user/me/80001/api"),
    ],
)
def test_the_base_path_is_optional(path: str, inside: str) -> None:
    answer = client(base_path="/user/me/8000").get(path)
    assert answer.text == f"0 bytes to {inside}"


def test_limits_are_the_same_below_the_base_path() -> None:
    one = client(base_path="/x")
    for path, size, status in (("/x/api/pictures", 1000, 200), ("/x/api/sessions/x", 101, 413)):
        answer = one.post(path, headers={"Origin": HOME}, content=bytes(size))
        assert answer.status_code == status


def test_the_base_path_without_a_slash_redirects_to_the_page() -> None:
    one = client("secret", base_path="/user/me/8000")
    answer = one.get("/user/me/8000?token=secret", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (307, "./8000/?token=secret")
    answer = one.get("/user/me/8000?token=secret")
    assert (answer.status_code, answer.url.path) == (200, "/user/me/8000/")
    assert one.get("/user/me/8000/api/options").status_code == 200
    assert one.get("/user/you/8000/api/options").status_code == 401


def test_the_cookie_behind_a_proxy_is_lax_and_secure() -> None:
    one = client("secret", proxy_hosts=["hub.example.org"])
    headers = {"Host": "hub.example.org", "X-Forwarded-Proto": "https"}
    assert one.get("/", headers=headers).status_code == 401
    answer = one.get("/?token=secret", headers=headers, follow_redirects=False)
    cookie = answer.headers["set-cookie"]
    assert "SameSite=lax" in cookie
    assert "Secure" in cookie
    assert "HttpOnly" in cookie
