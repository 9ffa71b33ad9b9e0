"""Signing in with an OpenID Connect provider, which runs on this machine."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from listening import free_port

pytest.importorskip("playwright", reason="needs Playwright, which make test installs")
pytest.importorskip("oidc_provider_mock", reason="needs oidc-provider-mock, which make test installs")
from interlingua.app.access.keys import new
from playwright.sync_api import Page, expect

PEOPLE = {
    "ana": {"email": "ana@example.org", "email_verified": True},
    "eve": {"email": "eve@example.org", "email_verified": True},
    "mal": {"email": "ana@example.org", "email_verified": False},
}
SECRETS = """
[auth]
redirect_uri = "{{url}}/oauth2callback"
cookie_secret = "not-so-secret-as-it-is-for-a-test"
client_id = "interlingua"
client_secret = "swordfish"
server_metadata_url = "{provider}/.well-known/openid-configuration"
"""


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    port = free_port()
    claims = [f"--user-claims={json.dumps({'sub': name, **facts})}" for name, facts in PEOPLE.items()]
    command = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port), *claims]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    until = time.monotonic() + 60
    while True:
        try:
            httpx.get(f"{url}/.well-known/openid-configuration", trust_env=False).raise_for_status()
            break
        except httpx.HTTPError:
            assert time.monotonic() < until
            time.sleep(0.1)
    yield url
    process.terminate()
    process.wait(60)


def sign_in(page: Page, name: str) -> None:
    page.context.route("https://**", lambda route: route.abort())  # a style sheet of the provider's page
    page.get_by_role("button", name="Sign in with your organisation").click()
    page.get_by_role("button", name=name, exact=True).click()


def test_people_have_the_key_of_their_address_and_nobody_else_has_one(
    provider: str, serve: Callable[..., str], tab: Callable[..., Any], corpus: Path, tmp_path: Path
) -> None:
    _, lines = new("ana@example.org", ["read"], None, "")
    (tmp_path / "keys.toml").write_text(lines)
    shutil.copytree(corpus, tmp_path / "index")
    secrets = SECRETS.format(provider=provider)
    url = serve(store=tmp_path / "index", keys=tmp_path / "keys.toml", host="0.0.0.0", secrets=secrets)
    ana = tab(f"{url}/documents")
    expect(ana.get_by_role("button", name="Sign in with your organisation")).to_be_visible(timeout=60_000)
    expect(ana.locator("[data-testid=stDataFrame]")).to_have_count(0)
    sign_in(ana, "ana")
    expect(ana.get_by_label("Search in any language")).to_be_visible(timeout=60_000)
    ana.get_by_role("button", name="Sign out").click()
    ana.get_by_role("button", name="End session").click()  # the provider's own page
    expect(ana.get_by_role("button", name="Sign in with your organisation")).to_be_visible(timeout=60_000)
    for name in ("eve", "mal"):  # one without a key, and one whose address the provider does not vouch for
        page = tab(url)
        sign_in(page, name)
        expect(page.get_by_role("alert")).to_contain_text("no key of that name", timeout=60_000)
        expect(page.get_by_label("Search in any language")).to_have_count(0)
