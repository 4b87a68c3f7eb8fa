"""Who may ask, and what every answer says."""

from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from homologue.viewer.limits import Limits
from homologue.viewer.security import COOKIE, Guard, Rules

HOME = "http://127.0.0.1:8000"


def client(token: str | None = None, *hosts: str, **rules: Any) -> TestClient:
    async def answer(request: Request) -> Response:
        text = f"{len(await request.body())} bytes to {request.url.path}"
        return PlainTextResponse(text)

    routes = [Route("/{path:path}", answer, methods=["GET", "POST"])]
    made = Rules({"127.0.0.1", "localhost", "::1", *hosts}, token, **rules)
    middleware = [Middleware(Guard, rules=made, limits=Limits(upload_bytes=1000, action_bytes=100))]
    return TestClient(Starlette(routes=routes, middleware=middleware), base_url=HOME)


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost", "LOCALHOST:9", "[::1]:8000"])
def test_our_own_names_are_answered(host: str) -> None:
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
def test_other_names_are_not(host: str) -> None:
    answer = client().get("/", headers={"Host": host})
    assert answer.status_code == 403
    assert answer.headers["connection"] == "close"


def test_two_hosts_are_one_too_many() -> None:
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
def test_foreign_pages_get_nothing(origin: str, method: str) -> None:
    answer = client().request(method, "/api/sessions", headers={"Origin": origin})
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers


def test_changing_anything_needs_an_origin() -> None:
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
def test_browsers_say_where_a_request_comes_from(
    path: str, site: str, mode: str, status: int
) -> None:
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
def test_bodies_are_limited_by_what_they_say(path: str, size: int, status: int) -> None:
    answer = client().post(path, headers={"Origin": HOME}, content=bytes(size))
    assert answer.status_code == status


@pytest.mark.parametrize("length", [b"-1", b"1e3", b"ten", b"\xb2"])
def test_lengths_are_numbers(length: bytes) -> None:
    headers = {b"Origin": HOME.encode(), b"Content-Length": length}
    assert client().post("/api/pictures", headers=headers).status_code == 400


def test_every_answer_is_locked_down() -> None:
    for answer in (client().get("/"), client().get("/", headers={"Host": "evil.example"})):
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"


def test_with_a_token_nobody_comes_in_without() -> None:
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
    # The browser keeps it for the folder of the page: other paths of a host may be other people's.
    assert "Path" not in cookie
    assert "Secure" not in cookie
    assert one.get("/api/options").status_code == 200
    assert one.post("/api/sessions", headers={"Origin": HOME}).status_code == 200
    assert one.post("/api/sessions", headers={"Origin": "http://evil.example"}).status_code == 403


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        # TLS ends before us, on the same name and port.
        ("127.0.0.1:8000", "https://127.0.0.1:8000"),
        # A tunnel with a port of its own, as VS Code makes them.
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
def test_the_same_name_and_port_is_our_own_page(host: str, origin: str) -> None:
    headers = {"Host": host, "Origin": origin}
    assert client().post("/api/sessions", headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("host", "origin"),
    [("localhost:80", "https://localhost"), ("localhost:443", "http://localhost")],
)
def test_the_default_port_of_the_other_scheme_is_another_page(host: str, origin: str) -> None:
    headers = {"Host": host, "Origin": origin}
    assert client().post("/api/sessions", headers=headers).status_code == 403


def test_refusals_say_which_option_to_give() -> None:
    answer = client().get("/", headers={"Host": "hub.example.org:8443"})
    assert answer.status_code == 403
    assert "--allow-host hub.example.org." in answer.json()["error"]
    answer = client().post("/api/sessions", headers={"Origin": "https://hub.example.org"})
    assert answer.status_code == 403
    assert "--allow-origin https://hub.example.org." in answer.json()["error"]
    for headers in ({"Origin": "null"}, {"Origin": "file://"}, {}):
        error = client().post("/api/sessions", headers=headers).json()["error"]
        assert error == "Only the viewer's own page may ask that."


def test_a_proxy_is_known_by_its_name() -> None:
    one = client(proxy_hosts=["hub.example.org"])
    for host in ("hub.example.org", "hub.example.org:8443"):
        headers = {"Host": host, "Origin": f"https://{host}"}
        assert one.post("/api/sessions", headers=headers).status_code == 200
    for host in ("example.org", "evil.hub.example.org", "hub.example.org.evil.example"):
        assert one.get("/", headers={"Host": host}).status_code == 403
    # Another port of the same host is somebody else's page.
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
def test_a_proxy_that_sends_its_own_host_may_say_what_it_was_asked_for(
    forwarded: str, origin: str, status: int
) -> None:
    one = client(proxy_hosts=["hub.example.org"])
    headers = {"X-Forwarded-Host": forwarded, "X-Forwarded-Proto": "https", "Origin": origin}
    assert one.post("/api/sessions", headers=headers).status_code == status


def test_who_comes_through_a_proxy_that_nobody_allowed_is_told_how() -> None:
    answer = client().get("/", headers={"X-Forwarded-Host": "name-8000.app.example"})
    assert answer.status_code == 403
    assert "--allow-host name-8000.app.example." in answer.json()["error"]


def test_an_allowed_origin_is_our_page_whatever_the_host_says() -> None:
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
def test_the_base_path_may_be_there_or_not(path: str, inside: str) -> None:
    answer = client(base_path="/user/me/8000").get(path)
    assert answer.text == f"0 bytes to {inside}"


def test_limits_are_the_same_below_the_base_path() -> None:
    one = client(base_path="/x")
    for path, size, status in (("/x/api/pictures", 1000, 200), ("/x/api/sessions/x", 101, 413)):
        answer = one.post(path, headers={"Origin": HOME}, content=bytes(size))
        assert answer.status_code == status


def test_the_base_path_without_its_slash_leads_to_the_page() -> None:
    one = client("secret", base_path="/user/me/8000")
    answer = one.get("/user/me/8000?token=secret", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (307, "./8000/?token=secret")
    answer = one.get("/user/me/8000?token=secret")
    assert (answer.status_code, answer.url.path) == (200, "/user/me/8000/")
    assert one.get("/user/me/8000/api/options").status_code == 200
    assert one.get("/user/you/8000/api/options").status_code == 401


def test_behind_a_proxy_the_token_is_needed_and_comes_from_a_link_on_another_site() -> None:
    one = client("secret", proxy_hosts=["hub.example.org"])
    headers = {"Host": "hub.example.org", "X-Forwarded-Proto": "https"}
    assert one.get("/", headers=headers).status_code == 401
    answer = one.get("/?token=secret", headers=headers, follow_redirects=False)
    cookie = answer.headers["set-cookie"]
    assert "SameSite=lax" in cookie
    assert "Secure" in cookie
    assert "HttpOnly" in cookie
