"""The viewer behind a reverse proxy: with a client, and in Chromium through TLS."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from helpers.browsing import Person, person
from helpers.proxying import NAME, OPENSSL, Proxy, make_certificate, proxying
from helpers.running import Running, running
from playwright.sync_api import Browser, expect

from homologue.diffusion.model import LatentDiffusion
from homologue.presets import Preset
from homologue.viewer.sessions.scene import Settings

PREFIX = "/user/me@example/proxy/8000"
TOKEN = "a-token-of-many-letters"


@contextmanager
def viewing(model: LatentDiffusion, **rules: Any) -> Iterator[Running]:
    with running(lambda name: model, Settings("builtin", "hasty"), token=TOKEN, **rules) as one:
        yield one


@contextmanager
def caller(proxy: Proxy, **headers: str) -> Iterator[httpx2.Client]:
    """Return a client that uses the public name of the proxy."""
    base = f"http://127.0.0.1:{proxy.server_address[1]}"
    named = {"Host": proxy.origin.partition("//")[2], **headers}
    with httpx2.Client(base_url=base, headers=named, timeout=60) as client:
        yield client


@pytest.mark.parametrize("strip", [True, False])
@pytest.mark.parametrize("keep_host", [True, False])
@pytest.mark.parametrize("allowed", ["host", "origin"])
def test_every_kind_of_proxy_works(
    builtin: LatentDiffusion, hasty: Preset, strip: bool, keep_host: bool, allowed: str
) -> None:
    origin = f"https://{NAME}"
    rules: dict[str, Any] = {"proxy_hosts": [NAME]} if allowed == "host" else {"origins": [origin]}
    if not strip:
        rules["base_path"] = PREFIX
    with (
        viewing(builtin, **rules) as server,
        proxying(server.port, PREFIX, strip=strip, keep_host=keep_host) as proxy,
        caller(proxy, Host=NAME) as client,
    ):
        assert client.get(f"{PREFIX}/").status_code == 401
        arrived = client.get(f"{PREFIX}/?token={TOKEN}", follow_redirects=False)
        assert arrived.status_code == 303
        cookie = arrived.headers["set-cookie"].partition(";")[0]
        client.headers["Cookie"] = cookie
        # The address of the page, as a browser resolves the redirect.
        page = arrived.url.join(arrived.headers["location"])
        assert page.path == f"{PREFIX}/"
        text = client.get(page.path).text
        addresses = re.findall(r'(?:src|href)="([^"]*)"', text)
        assert len(addresses) >= 10
        for address in addresses:
            assert client.get(page.join(address).path).status_code == 200
        made = client.post(f"{PREFIX}/api/sessions", headers={"Origin": origin})
        assert made.status_code == 200
        session = made.json()["session"]
        with client.stream("GET", f"{PREFIX}/api/sessions/{session}/events") as stream:
            assert stream.headers["x-accel-buffering"] == "no"
            assert next(stream.iter_lines()) == "event: state"
        foreign = client.post(f"{PREFIX}/api/sessions", headers={"Origin": "https://evil.example"})
        assert foreign.status_code == 403
        assert "--allow-origin https://evil.example." in foreign.json()["error"]
        host = f"127.0.0.1:{server.port}" if not keep_host else NAME
        assert {seen[0] for seen in proxy.seen} == {host}


def test_refusals_behind_a_proxy_name_the_option(builtin: LatentDiffusion, hasty: Preset) -> None:
    with (
        running(lambda name: builtin, Settings("builtin", "hasty")) as server,
        proxying(server.port, PREFIX, strip=False, keep_host=True, forward=False) as proxy,
    ):
        with caller(proxy) as client:
            answer = client.get(f"{PREFIX}/")
            assert answer.status_code == 403
            assert f"--allow-host {NAME}." in answer.json()["error"]
        with caller(proxy, Host="localhost") as client:
            answer = client.get(f"{PREFIX}/")
            assert answer.status_code == 404
            assert answer.json()["error"].endswith(f"start it with --base-path {PREFIX}.")
            assert client.get(f"{PREFIX}/").headers["content-security-policy"]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if OPENSSL is None:
        pytest.skip("openssl is not installed.")
    return make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["hub", "web server"])
def test_the_page_works_through_tls_and_a_prefix(
    kind: str, browser: Browser, builtin: LatentDiffusion, hasty: Preset, certificate: Path
) -> None:
    """A hub strips the prefix, keeps the host and sets X-Forwarded-*; a web server does not."""
    hub = kind == "hub"
    with (
        proxying(
            0, PREFIX, strip=hub, keep_host=hub, forward=hub, certificate=certificate
        ) as proxy,
        viewing(
            builtin,
            proxy_hosts=[NAME] if hub else [],
            origins=[] if hub else [proxy.origin],
            base_path="" if hub else PREFIX,
        ) as server,
    ):
        proxy.upstream = server.port
        with person(browser, ignore_https_errors=True) as one:
            one.go(f"{proxy.origin}{PREFIX}/?token={TOKEN}")
            assert one.page.url.startswith(f"{proxy.origin}{PREFIX}/#/match/")
            _matches(one)
            # Every screen fetches its own modules and pictures.
            for screen in ("Transfer", "Words", "Match"):
                one.page.get_by_role("link", name=screen).click()
                expect(one.page.locator("[aria-current=page]")).to_have_text(screen)
            one.page.reload()
            one.wait_found(1)
            (cookie,) = one.page.context.cookies()
            assert cookie["path"] == PREFIX
            assert cookie["secure"] is hub  # as X-Forwarded-Proto says
        assert {origin for _, origin, _ in proxy.seen if origin} == {proxy.origin}


def _matches(one: Person) -> None:
    one.click(0.375, 0.57)
    one.wait_found(1)
    one.wait_maps()
    expect(one.discs("target")).to_have_count(1)
