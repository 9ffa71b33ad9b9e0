"""Tables [sources.NAME] of interlingua.toml: what they mean, and what is said about a wrong one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from interlingua import FilesConnector
from interlingua.app.settings import described, load
from interlingua.app.sources import Configured, configured, seconds
from interlingua.connectors.kinds import KINDS, connector
from interlingua.connectors.wrapped import Listing
from interlingua.retrieval.errors import ConfigurationError
from interlingua.retrieval.protocols import Connector
from interlingua.retrieval.types import Document


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnConnector:
    """A connector of a user's own."""

    url: str
    password: str = ""
    pages: int | None = None
    wait: float = 1.0
    headers: Mapping[str, str] | None = None
    names: tuple[str, ...] = ()
    complete: bool = True

    @property
    def source(self) -> str:
        return f"own:{self.url}"

    def documents(self) -> Iterator[Document]:
        yield Document(id=self.url, text="A text.")


OWN = "test_source_tables:OwnConnector"


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def read(toml: str, *names: str) -> list[Configured]:
    Path("interlingua.toml").write_text(toml, encoding="utf-8")
    return configured(load(), names)


def test_a_table_is_a_connector_and_a_plan() -> None:
    (one,) = read(
        """
        chunk_tokens = 100
        [sources."Приказы"]
        kind = "files"
        path = "docs"
        exclude = ["drafts/"]
        limits = { max_file_bytes = 1000 }
        every = "15m"
        grace = "1.5d"
        full_every = 3600
        access = ["staff", "法務"]
        metadata = { topic = "work", since = 2020-01-31 }
        """
    )
    assert isinstance(one.connector, FilesConnector)
    assert (one.name, one.kind, one.every) == ("Приказы", "files", 900)
    assert one.connector.source == f"files:{Path('docs').absolute()}"
    assert (one.plan.grace, one.plan.full_every) == (1.5 * 86400, 3600)
    assert dict(one.plan.metadata) == {"topic": "work", "since": "2020-01-31", "access": ["staff", "法務"]}


def test_a_connector_of_ones_own_with_values_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OWN_PASSWORD", "hunter2")
    toml = f"""
        [sources.own]
        kind = "{OWN}"
        url = "https://example.org"
        password = "env:OWN_PASSWORD"
        pages = 3
        wait = 2
        headers = {{ Accept = "env:OWN_PASSWORD" }}
        names = ["a", "b"]
        """
    (one,) = read(toml)
    expected = OwnConnector(
        url="https://example.org",
        password="hunter2",
        pages=3,
        wait=2.0,
        headers={"Accept": "hunter2"},
        names=("a", "b"),
    )
    assert isinstance(one.connector, Listing)
    assert one.connector.inner == expected
    monkeypatch.setenv("OWN_PASSWORD", "another")
    assert read(toml)[0].plan.key == one.plan.key  # a new password is no reason to list everything
    assert read(toml.replace("pages = 3", "pages = 4"))[0].plan.key != one.plan.key
    settings = load()
    assert "hunter2" not in repr(settings) + str(described(settings))
    assert ("sources", "own", "interlingua.toml") in described(settings)


def test_sources_are_chosen_by_name() -> None:
    toml = '[sources.a]\nkind = "files"\npath = "a"\n[sources.b]\nkind = "files"\npath = "b"\n'
    assert [one.name for one in read(toml)] == ["a", "b"]
    assert [one.name for one in read(toml, "b")] == ["b"]
    with pytest.raises(ConfigurationError, match=r"no source 'c'. There are: a, b\."):
        read(toml, "c")


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ('path = "docs"', r"kind is missing. Kinds: files"),
        ('kind = "filez"', r"kind is 'filez'. Kinds: files, .*package.module:Class"),
        ('kind = "no_such.module:It"', r"'no_such.module:It' cannot be imported"),
        ('kind = "files"', r"'path' is missing"),
        ('kind = "files"\npath = "d"\ncolour = 1', r"no option 'colour'. Its options: path, include, exclude"),
        ('kind = "files"\npath = 7', r"path is a whole number; it has to be a text"),
        ('kind = "files"\npath = "d"\ninclude = "*.md"', r"include is a text; it has to be a list, each a text"),
        ('kind = "files"\npath = "d"\ninclude = [1]', r"include is a whole number|it has to be"),
        ('kind = "files"\npath = "d"\nhidden = "yes"', r"hidden is a text; it has to be true or false"),
        (
            'kind = "files"\npath = "d"\nlimits = { max_bytes = 1 }',
            r"limits has no 'max_bytes'. It has: max_file_bytes",
        ),
        ('kind = "files"\npath = "d"\ncolumns = { text = 1 }', r"columns.text is a whole number"),
        ('kind = "files"\npath = "d"\nevery = "soon"', r"every is 'soon'. Write it as 30s, 15m"),
        ('kind = "files"\npath = "d"\nevery = 0', r"every is 0"),
        ('kind = "files"\npath = "d"\ngrace = -1', r"grace is -1"),
        ('kind = "files"\npath = "d"\naccess = []', r"access is \[\].*groups that may read"),
        ('kind = "files"\npath = "d"\naccess = "staff"', r"access is 'staff'"),
        ('kind = "files"\npath = "d"\nmetadata = "x"', r"metadata is 'x', not a table"),
        ('kind = "files"\npath = "d"\nmetadata = { access = "x" }', r"a line of its own"),
        ('kind = "files"\npath = "d"\nmetadata = { x = nan }', r"metadata.x"),
        (f'kind = "{OWN}"\nurl = "env:NO_SUCH_VARIABLE"', r"url is env:NO_SUCH_VARIABLE, and there is no such"),
    ],
)
def test_what_is_wrong_is_named_with_file_table_and_key(table: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"(?s)interlingua.toml, \[sources.docs\].*{message}"):
        read(f"[sources.docs]\n{table}\n")


def test_no_value_is_in_a_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBER", "hunter2")
    for table in ('pages = "env:NUMBER"', 'wait = "env:NUMBER"', 'headers = "hunter2"', 'names = "hunter2"'):
        with pytest.raises(ConfigurationError) as caught:
            read(f'[sources.own]\nkind = "{OWN}"\nurl = "x"\n{table}\n')
        assert "hunter2" not in str(caught.value)
    with pytest.raises(ConfigurationError) as caught:
        read('sources = "hunter2"')
    assert "hunter2" not in str(caught.value)


def test_every_kind_can_be_imported_and_says_what_it_takes() -> None:
    for kind in KINDS:
        with pytest.raises(ConfigurationError, match=r"here: .* has no option 'no_such_option'. Its options: \w"):
            connector(kind, {"no_such_option": 1}, where="here")


def test_what_is_no_connector_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="is no connector: it lacks"):
        connector("fractions:Fraction", {}, where="here")


def test_two_tables_do_not_read_the_same_source() -> None:
    toml = '[sources.a]\nkind = "files"\npath = "x"\n[sources.b]\nkind = "files"\npath = "x"\ninclude = ["*.md"]\n'
    for names in ((), ("a",), ("b",)):
        with pytest.raises(ConfigurationError, match=r"\[sources.[ab]\] and \[sources.[ab]\] both read files:"):
            read(toml, *names)
    assert len(read(toml.replace("include", 'name = "other"\ninclude'))) == 2
    assert [one.name for one in read(toml.replace('include = ["*.md"]', "no_such_option = 1"), "a")] == ["a"]


@pytest.mark.parametrize(
    ("outer", "inner", "named"),
    [
        ('kind = "files"\npath = "docs"', 'kind = "files"\npath = "docs/hr/"', True),
        ('kind = "files"\npath = "docs"\nexclude = ["hr/"]', 'kind = "files"\npath = "docs/hr"', True),
        ('kind = "remote"\nurl = "s3://b"', 'kind = "remote"\nurl = "s3://b/hr"', True),
        ('kind = "git"\nurl = "/r"', 'kind = "git"\nurl = "/r"\nsubfolder = "hr"', True),
        (f'kind = "{OWN}"\nurl = "x"', f'kind = "{OWN}"\nurl = "x/hr"', False),
    ],
)
def test_a_table_does_not_read_what_lies_within_the_source_of_another(outer: str, inner: str, named: bool) -> None:
    """Each would put its own access list on what both list, or delete what only the other does."""
    for tables in (
        f"[sources.all]\n{outer}\n[sources.hr]\n{inner}\n",
        f"[sources.hr]\n{inner}\n[sources.all]\n{outer}\n",
    ):
        for names in ((), ("all",), ("hr",)):
            with pytest.raises(
                ConfigurationError, match=r'(?s)\[sources.hr\] reads .*lies within .*\[sources.all\].*name = "hr"'
            ):
                read(tables, *names)
        if named:
            assert len(read(tables.replace(inner, f'{inner}\nname = "hr"'))) == 2


def test_parts_beside_one_another_are_sources_of_their_own() -> None:
    toml = "".join(f'[sources.{name}]\nkind = "files"\npath = "docs/{name}"\n' for name in ("hr", "hr2", "hr-old"))
    assert len(read(toml)) == 3


def test_durations() -> None:
    times = [seconds(text, "x") for text in ("30s", "15m", "12 h", "7d", "2w", 90, 0.5)]
    assert times == [30, 900, 43200, 604800, 1209600, 90, 0.5]
    for wrong in ("", "m", "15", "-1s", "1y", True, float("inf"), float("nan"), None):
        with pytest.raises(ConfigurationError, match="Write it as"):
            seconds(wrong, "x")


def test_an_own_connector_is_one() -> None:
    made: Connector = OwnConnector(url="x")
    assert made.complete
