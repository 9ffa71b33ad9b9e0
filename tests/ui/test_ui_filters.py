"""What the filters of the search ask for: values of every type, ranges of dates, languages side by side."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from interlingua import Document, Index

pytest.importorskip("streamlit.testing.v1", reason="needs the extra: pip install 'interlingua[ui]'")
pytest.importorskip("babel", reason="needs the extra: pip install 'interlingua[ui]'")

from test_ui_pages import Open, html, page

__all__ = ["page"]

pytestmark = pytest.mark.filterwarnings("default::DeprecationWarning")

Stored = Callable[..., None]


@pytest.fixture
def stored(open_index: Callable[..., Index], monkeypatch: pytest.MonkeyPatch) -> Stored:
    """Fill the index of the pages."""
    monkeypatch.setenv("INTERLINGUA_EMBEDDER", "support:NgramEmbedder")

    def fill(*documents: Document) -> None:
        with open_index(".interlingua") as index:
            index.ingest(documents)

    return fill


def report(name: str, **metadata: Any) -> Document:
    return Document(id=name, text=f"report {name}", metadata=metadata)


def shown(test: Any) -> set[str]:
    """The documents of the passages on a page, which is one without an error."""
    body = html(test)
    assert 'role="alert"' not in body
    return {part.partition("<")[0] for part in body.split('<div class="il-foot"><span><bdi dir="auto">')[1:]}


def days(test: Any) -> list[str]:
    return [str(field.value) for field in test.date_input]


@pytest.mark.parametrize(
    ("value", "other", "text"),
    [(1990, 2001, "1990"), (-5, 0, "-5"), (True, False, "true"), (False, True, "false"), ("1990", "true", "1990")],
)
def test_a_chosen_value_is_found_whatever_its_type(
    value: object, other: object, text: str, stored: Stored, page: Open
) -> None:
    stored(report("a", key=value), report("b", key=other), report("c"))
    test = page("search", q="report", meta="key", values=[text])
    assert test.multiselect(key="values").value == [text]
    assert shown(test) == {"a"}
    assert shown(test.multiselect(key="values").set_value([]).run()) == {"a", "b"}


@pytest.mark.parametrize("value", [1990, True, "1990"])
def test_a_value_is_found_under_a_key_that_the_sample_lacks(value: object, stored: Stored, page: Open) -> None:
    stored(report("a", o={"key": value}), report("b", o={"key": "other"}))
    assert shown(page("search", q="report", meta="o.key", values=[str(value).lower()])) == {"a"}


def test_texts_and_numbers_that_look_alike_are_one_choice(stored: Stored, page: Open) -> None:
    stored(report("a", key=1990), report("b", key="1990"), report("c", key=1991))
    assert shown(page("search", q="report", meta="key", values=["1990"])) == {"a", "b"}


def test_numbers_that_look_like_dates_are_numbers(stored: Stored, page: Open) -> None:
    stored(report("a", key=20240101), report("b", key=20240102))
    test = page("search", q="report", meta="key", values=["20240101"])
    assert not test.date_input
    assert shown(test) == {"a"}


def test_what_no_filter_asks_for_is_not_offered(stored: Stored, page: Open) -> None:
    stored(report("a", language="klingon", price=1.5, rate=2), report("b", language="elvish", rate=2.5))
    test = page("search", q="report", meta="language")
    assert test.selectbox(key="meta").options == ["rate"]
    assert test.selectbox(key="meta").value is None
    assert shown(test) == {"a", "b"}
    assert page("search", meta="rate").multiselect(key="values").options == ["2 (1)"]
    price = page("search", q="report", meta="price", values=["1.5"])
    assert [field.key for field in price.multiselect] == ["lang"]
    assert shown(price) == {"a"}


def test_a_key_cannot_change_the_direction_of_its_name(stored: Stored, page: Open) -> None:
    stored(report("a", **{"x\u202ey": "value"}), report("b"))
    test = page("search", q="report", meta="x\u202ey")
    assert test.selectbox(key="meta").options == ["x\ufffdy"]
    assert shown(test) == {"a"}


def test_a_range_of_dates_is_as_long_as_the_documents_have_them(stored: Stored, page: Open) -> None:
    stored(*(report(year, day=f"{year}-05-01") for year in ("1948", "1985", "2024")))
    test = page("search", q="report", meta="day", **{"from": "1980-01-01"})
    assert days(test) == ["1980-01-01", "2024-05-01"]
    assert [(field.proto.min, field.proto.max) for field in test.date_input] == [("1948-05-01", "2024-05-01")] * 2
    assert shown(test) == {"1985", "2024"}
    assert shown(test.date_input(key="to").set_value("1985-05-01").run()) == {"1985"}


def test_the_last_day_of_the_calendar_is_a_date(stored: Stored, page: Open) -> None:
    stored(*(report(year, until=f"{year}-12-31") for year in ("2020", "9999")))
    test = page("search", q="report", meta="until")
    assert days(test) == ["2020-12-31", "9999-12-31"]
    assert shown(test) == {"2020", "9999"}
    assert shown(test.date_input(key="from").set_value("2021-01-01").run()) == {"9999"}


def test_a_time_belongs_to_its_day_in_utc(stored: Stored, page: Open) -> None:
    stored(report("a", at="2024-05-01T23:00:00-05:00"), report("b", at="2024-05-03T10:00:00Z"))
    test = page("search", q="report", meta="at", to="2024-05-02")
    assert days(test) == ["2024-05-02", "2024-05-02"]
    assert shown(test) == {"a"}


def test_texts_that_only_begin_like_dates_are_texts(stored: Stored, page: Open) -> None:
    stored(report("a", key="2024-05-01-draft"), report("b", key="2024-05-02-draft"))
    assert shown(page("search", q="report", meta="key", values=["2024-05-01-draft"])) == {"a"}


def test_another_key_begins_with_a_range_of_its_own(stored: Stored, page: Open) -> None:
    stored(
        *(report(str(n), a=f"{1948 + n}-05-01", b=f"{1946 + n}-05-01", topic=f"t{n}", other=f"t{n}") for n in range(5))
    )
    test = page("search", q="report", meta="a", **{"from": "1949-05-01", "to": "1950-05-01"})
    assert shown(test) == {"1", "2"}
    test.selectbox(key="meta").set_value("b").run()
    assert days(test) == ["1946-05-01", "1950-05-01"]
    assert shown(test) == {"0", "1", "2", "3", "4"}
    assert not {"from", "to"} & set(test.query_params)
    test.date_input(key="from").set_value("1947-05-01").run()
    assert "from" in test.query_params
    test.selectbox(key="meta").set_value("topic").run()
    assert "from" not in test.query_params
    test.multiselect(key="values").set_value(["t1"]).run()
    assert shown(test) == {"1"}
    test.selectbox(key="meta").set_value("other").run()
    assert test.multiselect(key="values").value == []
    assert "values" not in test.query_params


@pytest.mark.parametrize("chosen", [[], ["sr", "sr-Latn"], ["sr-Latn", "sr"]])
def test_a_passage_stands_in_the_column_of_its_own_language_only(chosen: list[str], stored: Stored, page: Open) -> None:
    latin = [Document(id=f"latin-{n}", text=f"obrazovanje {n}", language="sr-Latn") for n in range(4)]
    cyrillic = [Document(id=f"cyrillic-{n}", text=f"образовање {n}", language="sr") for n in range(2)]
    stored(*latin, *cyrillic)
    test = page("search", q="obrazovanje", side="true", lang=chosen)
    found = [name.partition("-")[0] for name in shown(test)]
    assert html(test).count("<article") == 5
    assert (found.count("latin"), found.count("cyrillic")) == (3, 2)
