"""API keys: a file that is not wholly understood stops the server, and a key is known by its digest alone."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from interlingua.app.access.keys import EVERYONE, Keys, digest, new
from interlingua.app.settings import Settings
from interlingua.retrieval.errors import ConfigurationError
from interlingua.retrieval.filters import metadata_filter
from typer.testing import CliRunner


def keys_of(tmp_path: Path, text: str) -> Keys:
    path = tmp_path / "keys.toml"
    path.write_text(text, encoding="utf-8")
    return Keys.load(Settings(keys=str(path)))


def lines(name: str, secret: str, **fields: str) -> str:
    body = {"sha256": f'"{digest(secret)}"', "scopes": '["read"]', **fields}
    return "\n".join([f'["{name}"]', *(f"{field} = {value}" for field, value in body.items())]) + "\n"


def test_a_new_key_is_known_to_the_server_that_reads_its_lines(tmp_path: Path) -> None:
    secret, text = new("株式会社 acme", ["read", "write"], {"tenant": "アクメ", "ok": True}, "アクメ/")
    key = keys_of(tmp_path, text).verify(secret)
    assert key is not None
    assert (key.name, key.prefix) == ("株式会社 acme", "アクメ/")
    assert key.filter == metadata_filter({"tenant": "アクメ", "ok": True})
    assert key.allows("read")
    assert key.allows("write")
    assert not key.allows("admin")
    assert secret not in text


@pytest.mark.parametrize("presented", [None, "", "il_wrong", digest("secret-of-acme"), "secret-of-acme ", "\ud800"])
def test_what_is_not_the_key_is_nobody(tmp_path: Path, presented: str | None) -> None:
    keys = keys_of(tmp_path, lines("acme", "secret-of-acme"))
    assert keys.verify("secret-of-acme") is not None
    assert keys.verify(presented) is None


def test_an_empty_key_is_nobody_whatever_the_file_says(tmp_path: Path) -> None:
    keys = keys_of(tmp_path, lines("acme", ""))
    assert keys.verify("") is None
    assert keys.verify(None) is None


def test_admin_includes_the_other_scopes(tmp_path: Path) -> None:
    key = keys_of(tmp_path, lines("root", "s", scopes='["admin"]')).verify("s")
    assert key is not None
    assert key.allows("read")
    assert key.allows("write")


def test_without_keys_everyone_may_do_everything() -> None:
    keys = Keys.load(Settings())
    assert keys.open_access
    assert keys.verify(None) is EVERYONE


def test_the_key_of_the_environment_may_do_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTERLINGUA_SERVER_KEY", "a-key-of-some-length")
    keys = Keys.load(Settings())
    assert not keys.open_access
    key = keys.verify("a-key-of-some-length")
    assert key is not None
    assert key.allows("admin")
    assert keys.verify(None) is None


def test_a_key_that_is_easy_to_guess_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="server_key has 6 characters"):
        Keys.load(Settings(server_key="secret"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no keys"),
        ("[acme\n", "cannot be read"),
        ("acme = 1\n", "has 1"),
        ('[acme]\nscopes = ["read"]\n', "sha256 is None"),
        ('[acme]\nsha256 = "abc"\nscopes = ["read"]\n', "not 64 hex digits"),
        (lines("acme", "s", scopes="[]"), "scopes is"),
        (lines("acme", "s", scopes='["root"]'), "read, write, admin"),
        (lines("acme", "s", filters='{ tenant = "acme" }'), "has 'filters'"),
        (lines("acme", "s", filter='"tenant=acme"'), "A filter is a mapping"),
        (lines("acme", "s", filter="{}"), "its filter is empty"),
        (lines("acme", "s", filter="{ tenant = [] }"), "lists no values"),
        (lines("acme", "s", filter='{ tenant = { is = "acme" } }'), "Unknown operator"),
        (lines("acme", "s", scopes='["write"]', filter='{ "tag[]" = "c" }', prefix='"a/"'), "may only say"),
        (lines("acme", "s", filter="{ tenant = {}, public = true }"), "says nothing"),
        (lines("acme", "s", filter='{ tenant = { exists = "false" } }'), "it is true or false"),
        (lines("acme", "s", filter="{ 'a\"b' = 1 }"), "quotation mark"),
        (lines("acme", "s", filter='{ day = { gte = "2020-01-01", lt = 7 } }'), "mixes numbers and dates"),
        (lines("acme", "s", prefix="7"), "prefix is 7"),
        (lines("acme", "s", scopes='["admin"]', filter='{ tenant = "acme" }'), "admin, which sees everything"),
        (lines("acme", "s", scopes='["write"]', filter='{ tenant = "acme" }'), "give it a prefix"),
        (lines("acme", "s", scopes='["write"]', filter="{ year = { gte = 1 } }", prefix='"a/"'), "may only say"),
        (lines("acme", "s", scopes='["write"]', filter='{ t = { not = ["b"] } }', prefix='"a/"'), "may only say"),
        (lines("acme", "s", scopes='["write"]', filter='{ "a.b" = "c" }', prefix='"a/"'), "may only say"),
        (lines("acme", "s") + lines("globex", "s"), "the same sha256"),
        (
            lines("acme", "s", scopes='["write"]', filter='{ tenant = "acme" }', prefix='"a"')
            + lines("globex", "t", scopes='["write"]', filter='{ tenant = "globex" }', prefix='"a/b"'),
            "Neither prefix may begin the other",
        ),
    ],
)
def test_a_file_that_is_not_wholly_understood_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        keys_of(tmp_path, text)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        Keys.load(Settings(keys=str(tmp_path / "none.toml")))


def test_the_command_prints_lines_for_the_file_and_the_key_apart() -> None:
    from interlingua.app.cli import app

    result = CliRunner().invoke(
        app, ["keys", "new", "acme", "--scope", "write", "--filter", "tenant=acme", "--prefix", "a/"]
    )
    assert result.exit_code == 0
    table = tomllib.loads(result.stdout)["acme"]
    secret = result.stderr.strip().splitlines()[-1]
    assert table["sha256"] == digest(secret)
    assert table["filter"] == {"tenant": ["acme"]}


def test_a_key_is_found_by_its_name_and_some_names_are_taken(tmp_path: Path) -> None:
    keys = keys_of(tmp_path, lines("acme", "secret-of-acme"))
    assert keys.named("acme") == keys.verify("secret-of-acme")
    assert keys.named("everyone") is keys.named("nobody") is None
    assert Keys({}).named("everyone") == EVERYONE
    for name in ("server_key", "everyone"):
        with pytest.raises(ConfigurationError, match="Give it another"):
            new(name, ["read"], None, "")
