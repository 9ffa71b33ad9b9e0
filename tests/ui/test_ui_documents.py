"""What the page Documents does when something comes between: a press, another session, a long name, a dead server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from interlingua import Document
from interlingua.app.access import keys
from test_ui_pages import Open, html, page, press

testing = pytest.importorskip("streamlit.testing.v1", reason="needs the extra: pip install 'interlingua[ui]'")
pytest.importorskip("babel", reason="needs the extra: pip install 'interlingua[ui]'")

pytestmark = pytest.mark.filterwarnings("default::DeprecationWarning")

__all__ = ["page"]  # the fixture

Fill = Callable[..., None]
ADD, DELETE, CONFIRM = "Add to the index", "Delete", "Delete it"
INTERRUPTED = "Interrupted: add it again."


@pytest.fixture
def fill(open_index: Open, monkeypatch: pytest.MonkeyPatch) -> Fill:
    """Store documents in the index of the working directory, which the pages open afterwards."""
    monkeypatch.setenv("INTERLINGUA_EMBEDDER", "support:NgramEmbedder")

    def fill_(*names: str, **fields: Any) -> None:
        with open_index(".interlingua") as index:
            index.ingest([Document(id=name, text=f"a report of {name}", **fields) for name in names])

    return fill_


def listed(test: Any) -> list[str]:
    """The documents of the list, in its order."""
    return list(test.dataframe[-1].value["Document"])


def states(test: Any) -> dict[str, str]:
    """What has become of the files, by their names."""
    return dict(test.dataframe[0].value.itertuples(index=False, name=None))


def choose(test: Any, row: int) -> Any:
    """Choose a row of the list, as a press on it does."""
    key = test.dataframe[-1].proto.id.split("-", 2)[2]
    test.session_state[key] = {"selection": {"rows": [row], "columns": [], "cells": []}}
    return test.run()


def labels(test: Any) -> list[str]:
    assert not test.exception
    return [button.label for button in test.button]


def add(test: Any, *names: str) -> Any:
    """Upload files with a text each, and press the button."""
    files = [(name, f"the text of {name[-9:]}".encode(), "text/plain") for name in names]
    test.get("file_uploader")[0].set_value(files)
    return press(test, ADD)


def delete_elsewhere(*names: str) -> None:
    """What another session does meanwhile."""
    from interlingua.app.settings import load
    from interlingua.ui.session import SHARED

    index, _ = SHARED.get(load())
    index.delete(*names)


def opens(document_id: str) -> None:
    """The dialog of a document, on its own as when it is pressed in: nothing around it catches errors."""
    from interlingua.app.client.client import Client
    from interlingua.ui.parts import in_context
    from interlingua.ui.remote import Remote

    url = "http://127.0.0.1:9"
    in_context(Remote(Client(url, patience=0), url), document_id)


def deletes(document_id: str, reached: bool) -> None:
    """The dialog that deletes a document, likewise."""
    from interlingua.app.access.values import Summary
    from interlingua.app.client.client import Client
    from interlingua.ui import session
    from interlingua.ui.remote import Remote
    from interlingua.ui.screens import documents

    url = "http://127.0.0.1:9"
    backend = session.backend() if reached else Remote(Client(url, patience=0), url)
    documents._delete(backend, Summary(id=document_id, title=None, url=None, language="en", passages=1, updated=None))


@pytest.fixture
def stop_at(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """End the run of the page while it ingests its nth file, as a press does: at its next use of Streamlit."""
    from interlingua.ui.embedded import Embedded
    from streamlit.runtime.scriptrunner import get_script_run_ctx

    def stop_at_(number: int) -> None:
        ingested, ingest = [], Embedded.ingest

        def interrupted(self: Embedded, files: Any, progress: Any) -> Any:
            ingested.append(files)
            if len(ingested) == number:
                context = get_script_run_ctx()
                assert context is not None
                assert context.script_requests is not None
                context.script_requests.request_stop()
            return ingest(self, files, progress)

        monkeypatch.setattr(Embedded, "ingest", interrupted)

    return stop_at_


def test_what_a_press_kept_from_being_added_is_shown_as_interrupted(
    fill: Fill, page: Open, stop_at: Callable[[int], None]
) -> None:
    fill("old")
    stop_at(2)
    test = add(page("documents"), "a.txt", "b.txt", "c.txt").run()
    assert states(test) == {"a.txt": "Added", "b.txt": INTERRUPTED, "c.txt": INTERRUPTED}
    assert "Added: 1 · replaced: 0 · unchanged: 0 · skipped: 2" in html(test)
    assert "uploads/c.txt" not in listed(test)


def test_what_was_interrupted_is_shown_until_it_is_added_again(
    fill: Fill, page: Open, stop_at: Callable[[int], None]
) -> None:
    fill("old")
    stop_at(1)
    test = add(page("documents"), "a.txt", "b.txt").run()
    test = add(test, "b.txt", "c.txt")
    assert states(test) == {"b.txt": "Added", "c.txt": "Added", "a.txt": INTERRUPTED}
    test.query_params["ui"] = "de"
    assert states(test.run())["a.txt"] == "Unterbrochen: bitte erneut hinzufügen."


def test_a_name_that_no_file_system_takes_is_cut(fill: Fill, page: Open) -> None:
    fill("old")
    stem = "教育を受ける権利" * 11
    test = add(page("documents"), f"{stem}1.txt", f"{stem}2.txt", "short.txt")
    assert not test.exception
    assert list(states(test).values()) == ["Added"] * 3
    cut = [name.removeprefix("uploads/") for name in listed(test) if "教育" in name]
    assert len(set(cut)) == 2
    for name in cut:
        assert stem.startswith(name.rpartition("-")[0])
        assert name.endswith(".txt")
        assert 250 <= len(name.encode()) <= 255


def test_a_long_end_after_a_point_is_no_extension(tmp_path: Path) -> None:
    from interlingua.ui.screens.documents import _stored_name

    name = _stored_name(f"1. {'é' * 300}")
    (tmp_path / name).write_text("")
    assert name.startswith("1. éé")


@pytest.mark.parametrize("row", [0, 2])
def test_no_other_document_is_chosen_once_the_chosen_one_is_gone(row: int, fill: Fill, page: Open) -> None:
    fill("a", "b", "c")
    test = choose(page("documents"), row)
    assert DELETE in labels(test)
    delete_elsewhere(listed(test)[row])
    assert DELETE not in labels(test.run())


def test_a_row_that_is_not_there_is_not_chosen(fill: Fill, page: Open) -> None:
    fill("a", "b")
    assert DELETE not in labels(choose(page("documents"), 2))


def test_a_later_page_that_has_become_empty_gives_way_to_the_first(fill: Fill, page: Open) -> None:
    fill(*(f"d{number:03}" for number in range(101)))
    test = press(page("documents"), "Next page")
    delete_elsewhere(*listed(test))
    test = test.run()
    assert "The index is empty" not in html(test)
    assert len(listed(test)) == 100


def test_a_dialog_says_what_went_wrong_in_it() -> None:
    opened = testing.AppTest.from_function(opens, default_timeout=60, args=("a",)).run()
    assert 'role="alert"' in html(opened)
    assert "Try again" in labels(opened)


def test_a_deletion_that_fails_is_said_in_its_dialog() -> None:
    test = testing.AppTest.from_function(deletes, default_timeout=60, args=("a", False)).run()
    assert 'role="alert"' in html(press(test, CONFIRM))


def test_a_document_that_is_seen_and_may_not_be_deleted_is_no_success(
    fill: Fill, page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, lines = keys.new("acme", ["read", "write"], {"tenant": "acme"}, "acme/")
    Path("keys.toml").write_text(lines)
    fill("shared", metadata={"tenant": "acme"})
    monkeypatch.setenv("INTERLINGUA_KEYS", "keys.toml")
    test = testing.AppTest.from_function(deletes, default_timeout=60, args=("shared", True)).run()
    test.text_input[0].set_value(key)
    test = press(press(test, "Sign in"), CONFIRM)
    assert 'role="alert"' in html(test)
    assert [toast.value for toast in test.toast] == []


def test_a_document_that_is_gone_already_is_said_to_be(fill: Fill, page: Open) -> None:
    fill("old")
    test = testing.AppTest.from_function(deletes, default_timeout=60, args=("gone", True)).run()
    assert 'role="alert"' not in html(press(test, CONFIRM))
    assert [toast.value for toast in test.toast] == ["This document is no longer in the index."]
