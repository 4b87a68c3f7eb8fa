"""Who may ask, and what every answer says."""

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


def client(token: str | None = None, *hosts: str) -> TestClient:
    async def answer(request: Request) -> Response:
        return PlainTextResponse(str(len(await request.body())))

    routes = [Route("/{path:path}", answer, methods=["GET", "POST"])]
    rules = Rules({"127.0.0.1", "localhost", "::1", *hosts}, token)
    middleware = [
        Middleware(Guard, rules=rules, limits=Limits(upload_bytes=1000, action_bytes=100))
    ]
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
    assert answer.status_code == 421
    assert answer.headers["connection"] == "close"


def test_two_hosts_are_one_too_many() -> None:
    headers = [("Host", "127.0.0.1:8000"), ("Host", "evil.example")]
    assert client().get("/", headers=headers).status_code == 421


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "null",
        "http://127.0.0.1:9999",
        "http://127.0.0.1",
        "https://127.0.0.1:8000",
        "http://localhost:8000",
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
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert one.get("/api/options").status_code == 200
    assert one.post("/api/sessions", headers={"Origin": HOME}).status_code == 200
    assert one.post("/api/sessions", headers={"Origin": "http://evil.example"}).status_code == 403
