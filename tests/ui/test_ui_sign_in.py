"""Who is let in by a key, and what is said where nobody can be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from interlingua.app.access.keys import new
from interlingua.app.cli import app
from sites import site
from test_ui_pages import Open, fill, html, page
from typer.testing import CliRunner

__all__ = ["fill", "page"]

QUERY = "education"


def key_with(*scopes: Any) -> str:
    """A key of these scopes, in the file that the settings name."""
    key, lines = new("somebody", list(scopes), None, "")
    Path("keys.toml").write_text(lines, encoding="utf-8")
    return key


def signed_in(test: Any, key: str) -> Any:
    test.text_input[0].set_value(key)
    return test.button[0].click().run()


@pytest.fixture
def _keys(fill: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTERLINGUA_KEYS", "keys.toml")


@pytest.mark.usefixtures("_keys")
@pytest.mark.parametrize(("scope", "let_in"), [("read", True), ("write", False)])
def test_only_a_key_that_may_read_opens_the_pages(scope: str, let_in: bool, page: Open) -> None:
    key = key_with(scope)
    test = signed_in(page("search", q=QUERY), key)
    assert ("That key is not known here." not in html(test)) == let_in
    assert any(field.label == "Search in any language" for field in test.text_input) == let_in


@pytest.mark.usefixtures("_keys")
def test_keys_of_ones_own_beside_a_server_are_refused(page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """They would be looked at by nobody, and the page be open to everyone."""
    key_with("read")
    result = CliRunner().invoke(app, ["ui", "--url", "http://127.0.0.1:9", "--keys", "keys.toml"])
    assert result.exit_code == 1
    assert "keys (keys.toml) are for an index of its own" in " ".join(result.output.split())
    monkeypatch.setenv("INTERLINGUA_UI_URL", "http://127.0.0.1:9")
    assert "keys (keys.toml) are for an index of its own" in html(page("search"))


@pytest.mark.usefixtures("fill")
def test_a_server_of_another_kind_is_not_given_a_key(page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    with site() as server:
        monkeypatch.setenv("INTERLINGUA_UI_URL", server.url)
        test = page("search")
    assert "Is this the address of an Interlingua server" in html(test)
    assert not test.text_input
