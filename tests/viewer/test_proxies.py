"""Validation of the options for proxies, and parsing of hosts and paths."""

import pytest

from homologue.errors import HomologueError
from homologue.viewer.proxies import (
    checked_base_path,
    checked_host,
    checked_origin,
    guess_base,
    host_of,
    shown_path,
)


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("hub.example.org", "hub.example.org"),
        ("HUB.example.org", "hub.example.org"),
        ("münchen.example", "xn--mnchen-3ya.example"),
        ("10.0.0.5", "10.0.0.5"),
        ("::1", "::1"),
        ("[fe80::1]", "fe80::1"),
        ("name_8000.app.example", "name_8000.app.example"),
    ],
)
def test_hosts_are_normalised(given: str, name: str) -> None:
    assert checked_host(given) == name


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("https://hub.example.org", "--allow-origin"),
        ("hub.example.org/user", "not the name"),
        ("me@hub.example.org", "not the name"),
        ("*", "not the name"),
        ("*.example.org", "not the name"),
        ("", "not the name"),
        ("a b", "not the name"),
        ("hub.example.org:443", "give the name alone, hub.example.org"),
    ],
)
def test_invalid_hosts_are_refused(given: str, words: str) -> None:
    with pytest.raises(HomologueError, match=words.replace("*", r"\*")):
        checked_host(given)


@pytest.mark.parametrize(
    ("given", "origin"),
    [
        ("https://hub.example.org", "https://hub.example.org"),
        ("https://hub.example.org/", "https://hub.example.org"),
        ("HTTPS://Hub.example.org:443", "https://hub.example.org"),
        ("http://hub.example.org:80", "http://hub.example.org"),
        ("http://hub.example.org:443", "http://hub.example.org:443"),
        ("https://[::1]:8443", "https://[::1]:8443"),
        ("https://münchen.example", "https://xn--mnchen-3ya.example"),
    ],
)
def test_origins_are_normalised(given: str, origin: str) -> None:
    assert checked_origin(given) == origin


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("hub.example.org", "not an origin"),
        ("*", "not an origin"),
        ("https://*.example.org", "not an origin"),
        ("null", "not an origin"),
        ("ftp://hub.example.org", "not an origin"),
        ("https://", "not an origin"),
        ("https://hub.example.org:99999", "not an origin"),
        ("https://hub.example.org/user/me", "--base-path"),
        ("https://hub.example.org?x", "has a path"),
    ],
)
def test_invalid_origins_are_refused(given: str, words: str) -> None:
    with pytest.raises(HomologueError, match=words):
        checked_origin(given)


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ("", ""),
        ("/", ""),
        ("/x", "/x"),
        ("x/y/", "/x/y"),
        ("/user/me%40x/proxy/8000/", "/user/me@x/proxy/8000"),
        ("/api/viewers/homologue", "/api/viewers/homologue"),
    ],
)
def test_base_paths_are_normalised(given: str, path: str) -> None:
    assert checked_base_path(given) == path


@pytest.mark.parametrize(
    "given",
    ["https://hub.example.org/x", "/x?y", "/x#y", "/x/../y", "/x//y", "/x y", "/./x", "/api",
     "/static", "/api/sessions", "C:\\x"],
)  # fmt: skip
def test_invalid_base_paths_are_refused(given: str) -> None:
    with pytest.raises(HomologueError, match="--base-path"):
        checked_base_path(given)


def test_a_base_path_is_quoted_for_a_url() -> None:
    assert shown_path("/user/me@x/ü") == "/user/me@x/%C3%BC"


@pytest.mark.parametrize(
    ("path", "base"),
    [
        ("/absproxy/8000/", "/absproxy/8000"),
        ("/absproxy/8000/static/core/api.js", "/absproxy/8000"),
        ("/user/me/proxy/8000/api/sessions/x", "/user/me/proxy/8000"),
        ("/", ""),
        ("/api/none", ""),
        ("/static/none.js", ""),
        ("/favicon.ico", ""),
    ],
)
def test_the_base_path_is_guessed(path: str, base: str) -> None:
    assert guess_base(path) == base


@pytest.mark.parametrize("host", ["", "[::1", "a/b", "me@localhost", "localhost:8000?x"])
def test_invalid_authorities_have_no_host(host: str) -> None:
    assert host_of(host) == ""
