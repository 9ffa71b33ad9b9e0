"""What a source takes from the environment is in no message that comes of it, whatever its connector says."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from interlingua import Index
from interlingua.app.settings import load
from interlingua.app.sources import configured
from interlingua.connectors.secrets import concealed, concealer
from interlingua.connectors.sync.plan import Plan
from interlingua.retrieval.errors import ConfigurationError, SourceError
from interlingua.retrieval.types import Checkpoint, Document, Pending, Skip

TOKEN = "pass word/ünî-1"
URL = "postgresql://reader:s3cret%2Fword@db.example/articles"


@dataclass(frozen=True, slots=True, kw_only=True)
class Talkative:
    """A connector that says all it knows; `fails` is when it fails."""

    url: str
    token: str
    fails: str = ""
    complete: bool = True

    def __post_init__(self) -> None:
        if self.fails == "made":
            raise ConfigurationError(self.said())

    @property
    def source(self) -> str:
        return "talkative"

    def said(self) -> str:
        encoded = self.token.replace(" ", "%20").replace("ü", "%C3%BC").replace("î", "%C3%AE")
        return f"{self.url} with s3cret%2Fword, which is s3cret/word, as {self.token} or {encoded} does not answer"

    def documents(self) -> Iterator[Document | Pending | Skip]:
        yield Document(id="one", text="A text that is read.", revision="1")
        yield Skip(id="two", reason=self.said())
        yield Pending(id="three", revision="1", read=self._skipped)
        yield Pending(id="four", revision="1", read=self._failing)
        if self.fails == "listing":
            raise self._broken()

    def changes(self, since: str | None) -> Iterator[Any]:
        yield from self.documents()
        yield Checkpoint(cursor="end")

    def _skipped(self) -> Skip:
        return Skip(id="three", reason=self.said())

    def _failing(self) -> Document:
        if self.fails == "reading":
            raise self._broken()
        return Document(id="four", text="Another text.", revision="1")

    def _broken(self) -> SourceError:
        error = SourceError(self.said(), retry_after=7.0, permanent=True)
        error.__cause__ = ValueError(self.said())
        return error


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE", URL)
    monkeypatch.setenv("TOKEN", TOKEN)

    def make(fails: str = "") -> Any:
        Path("interlingua.toml").write_text(
            f'[sources.own]\nkind = "test_source_secrets:Talkative"\nurl = "env:DATABASE"\ntoken = "env:TOKEN"\n'
            f'fails = "{fails}"\n',
            encoding="utf-8",
        )
        return configured(load())[0].connector

    return make


def clean(text: str) -> bool:
    return not any(part in text for part in (TOKEN, "s3cret", "pass%20word", "%C3%BC"))


@pytest.mark.parametrize("fails", ["listing", "reading"])
def test_errors_name_the_variable_instead(source: Callable[[str], Any], fails: str) -> None:
    connector = source(fails)
    for items in (connector.documents(), connector.changes(None)):
        with pytest.raises(SourceError) as caught:
            [item.read() for item in items if isinstance(item, Pending)]
        said = "".join(traceback.format_exception(caught.value))
        assert (
            "env:DATABASE with env:DATABASE, which is env:DATABASE, as env:TOKEN or env:TOKEN does not answer" in said
        )
        assert clean(said)
        assert (caught.value.retry_after, caught.value.permanent) == (7.0, True)


def test_a_connector_that_cannot_be_made_says_no_more(source: Callable[[str], Any]) -> None:
    with pytest.raises(ConfigurationError, match="env:DATABASE with") as caught:
        source("made")
    assert clean("".join(traceback.format_exception(caught.value)))


def test_reasons_of_skips_do_too_and_so_does_what_is_remembered_of_a_run(
    source: Callable[[str], Any], index: Index
) -> None:
    connector = source("")
    skipped = [item for item in connector.documents() if isinstance(item, Skip)]
    skipped += [item.read() for item in connector.documents() if isinstance(item, Pending) and item.id == "three"]
    assert len(skipped) == 2
    report = index.sync(connector, name="own", plan=Plan())
    reasons = [skip.reason for skip in [*skipped, *report.report.skips]]
    assert len(reasons) == 4
    assert all(clean(reason) and "env:TOKEN" in reason for reason in reasons)
    kept = b"".join(path.read_bytes() for path in Path(index.settings.store).rglob("*.json"))
    assert clean(kept.decode())
    assert sorted(index.documents()) == ["four", "one"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """A connector whose ids are made of the address that it was given."""

    url: str
    complete: bool = True

    @property
    def source(self) -> str:
        return f"feed:{self.url}"

    def documents(self) -> Iterator[Document | Pending]:
        about = {"feed": self.url, "links": [self.url, "https://news.example/1"], "pages": 3}
        document = Document(id=f"{self.url}#1", text="News of today.", url=self.url, metadata=about)
        yield document
        yield Pending(id=f"{self.url}#2", revision="1", read=lambda: replace(document, id=f"{self.url}#2"))


def test_nor_in_what_is_stored_beside_the_passages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, index: Index
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FEED", "https://news.example/feed.xml?lang=de&token=tok%2B12345678")
    Path("interlingua.toml").write_text(
        '[sources.news]\nkind = "test_source_secrets:Feed"\nurl = "env:FEED"\n', encoding="utf-8"
    )
    connector = configured(load())[0].connector
    name = "https://news.example/feed.xml?lang=de&token=env:FEED"
    assert connector.source == f"feed:{name}"
    index.sync(connector)
    assert sorted(index.documents()) == [f"{name}#1", f"{name}#2"]
    found = index.search("News of today.")[0].chunk
    assert (found.url, found.metadata["feed"]) == (name, name)
    assert found.metadata["links"] == [name, "https://news.example/1"]
    assert "12345678" not in repr(found)
    assert index.sync(connector).report.unchanged == 2


@pytest.mark.parametrize(
    "said",
    ["?key=hunter+22%2Flong", "?key=hunter%2022%2flong", "{'key': 'hunter 22/long'}", '{"key": "hunter 22/long"}'],
)
def test_a_value_is_found_in_any_spelling(said: str) -> None:
    assert "env:KEY" in concealer({"hunter 22/long": "env:KEY"})(said)


def test_a_key_of_several_lines_is_found_in_json() -> None:
    key = "-----BEGIN KEY-----\nabc\n-----END KEY-----"
    assert concealer({key: "env:KEY"})(json.dumps({"key": key})) == '{"key": "env:KEY"}'


def test_an_exception_that_goes_on_saying_it_becomes_one_that_does_not() -> None:
    conceal = concealer({"hunter22": "env:KEY"})
    with pytest.raises(SourceError, match=r"FileNotFoundError: .*'env:KEY'") as caught, concealed(conceal):
        raise FileNotFoundError(2, "No such file", "hunter22")
    assert "hunter22" not in "".join(traceback.format_exception(caught.value))
    error = ValueError("hunter22")
    error.add_note("with hunter22")
    with pytest.raises(ValueError, match="env:KEY") as noted, concealed(conceal):
        raise error
    assert "hunter22" not in "".join(traceback.format_exception(noted.value))


def test_short_values_are_left_in_messages() -> None:
    """They would be found in ordinary words."""
    assert concealer({"de": "env:LANGUAGE"})("the index of documents") == "the index of documents"
    assert concealer({})("as it is") == "as it is"
    assert concealer({"token": "env:A", "token-2": "env:B"})("token-2, token") == "env:B, env:A"
    assert concealer({"http://[": "env:A"})("no URL: http://[") == "no URL: env:A"
