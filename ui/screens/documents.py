"""Documents: add files, look through what is stored, delete."""

from __future__ import annotations

import datetime as dt
import hashlib
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

import pandas as pd
import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from ...app.access.values import Summary
from ...connectors.report import Report
from ...retrieval.errors import InterlinguaError
from .. import words
from ..backend import Backend, Progress
from ..markup import printable
from ..parts import in_context, notice, trouble

PAGE = 100
_LONGEST = 255  # bytes of UTF-8 that a file system takes as a name
_LONGEST_SUFFIX = 32  # bytes: what is longer is no extension
_WIDTHS = (240, 200, 110, 75, 145)  # pixels of the columns
_AFTER, _OUTCOMES = "documents-after", "documents-outcomes"
_DONE = {"added": "documents.is_added", "updated": "documents.is_updated", "unchanged": "documents.is_unchanged"}
_COUNTS = (*_DONE, "skipped")


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What has become of a file so far: a report of its documents, or what kept it from being taken.

    `interrupted` once another run of the page has found it undone: a press ends the run that adds the files.
    """

    name: str
    report: Report | None = None
    problem: str | None = None
    done: bool = False
    interrupted: bool = False


def show(backend: Backend) -> None:
    """The page."""
    if backend.allows("write"):
        _add(backend)
    else:
        st.caption(words.say("documents.read_only"))
    st.subheader(words.say("documents.list"))
    _list(backend)


def _add(backend: Backend) -> None:
    """Files and addresses of pages: a form, so that what is typed counts at once and uploads are waited for."""
    st.subheader(words.say("documents.add"))
    with st.form("add", clear_on_submit=True, border=False):
        files = st.file_uploader(
            words.say("documents.drop"), accept_multiple_files=True, help=words.say("documents.drop_help")
        )
        typed = ""
        if backend.fetches:
            label, hint = words.say("documents.pages"), words.say("documents.pages_help")
            typed = st.text_area(label, placeholder="https://", height=80, help=hint)
        pressed = st.form_submit_button(words.say("documents.store"), type="primary", icon=":material/upload:")
    urls = list(dict.fromkeys(typed.split()))
    outcomes: list[Outcome] = st.session_state.get(_OUTCOMES, [])
    for outcome in outcomes:
        outcome.interrupted = not outcome.done
    if pressed and not files and not urls:
        notice("info", words.say("documents.none_chosen"))
    elif pressed:
        names = [*(_stored_name(PurePath(file.name).name or "file") for file in files), *urls]
        left = [outcome for outcome in outcomes if outcome.interrupted and outcome.name not in names]
        outcomes = [*(Outcome(name=name) for name in names), *left]
        st.session_state[_OUTCOMES] = outcomes  # before it begins: what interrupts it is to find what is left undone
        _store(backend, files, urls, outcomes)
    if outcomes:
        _sum(outcomes)
        _table(outcomes)


def _stored_name(name: str) -> str:
    """A name that a file system takes: a longer one is cut, and a digest keeps apart two that begin alike."""
    encoded, suffix = name.encode(), PurePath(name).suffix.encode()
    if len(encoded) <= _LONGEST:
        return name
    if len(suffix) > _LONGEST_SUFFIX:
        suffix = b""
    end = b"-" + hashlib.blake2b(encoded, digest_size=4).hexdigest().encode() + suffix
    return (encoded.removesuffix(suffix)[: _LONGEST - len(end)] + end).decode(errors="ignore")


def _store(backend: Backend, files: Sequence[UploadedFile], urls: Sequence[str], outcomes: Sequence[Outcome]) -> None:
    """Ingest files and pages one by one, showing what becomes of each until that is done.

    Their outcomes come first in `outcomes` and are kept up to date: each use of Streamlit may be the last of this run.
    """
    bar, place = st.progress(0.0), st.empty()
    count = len(files) + len(urls)
    for number, outcome in enumerate(outcomes[:count]):
        if any(other.name == outcome.name for other in outcomes[:number]):
            outcome.problem, outcome.done = words.say("documents.same_name"), True
            continue
        bar.progress(number / count, words.say("documents.storing", done=number, count=count))

        def progress(report: Report, outcome: Outcome = outcome) -> None:
            outcome.report = report
            with place:
                _table(outcomes)

        try:
            if number < len(files):
                outcome.report = _store_file(backend, files[number], outcome.name, progress)
            else:
                outcome.report = backend.ingest_page(outcome.name, progress)
        except InterlinguaError as error:
            outcome.problem = str(error)
        outcome.done = True
        with place:
            _table(outcomes)
    bar.empty()
    place.empty()


def _store_file(backend: Backend, file: UploadedFile, name: str, progress: Progress) -> Report:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        with path.open("wb") as copy:
            shutil.copyfileobj(file, copy)
        return backend.ingest([path], progress)


def _sum(outcomes: Sequence[Outcome]) -> None:
    """All files together."""
    reports = [outcome.report for outcome in outcomes if outcome.report is not None]
    counts = {name: sum(getattr(report, name) for report in reports) for name in _COUNTS}
    counts["skipped"] += sum(outcome.problem is not None or not outcome.done for outcome in outcomes)
    notice("info", words.say("documents.added", **counts))


def _table(outcomes: Sequence[Outcome]) -> None:
    """What became of each file so far; below one that has many documents, those that were skipped."""
    rows: list[tuple[str, str]] = []
    for outcome in outcomes:
        rows.append((outcome.name, _state(outcome)))
        if outcome.report is not None and outcome.report.documents > 1:
            rows += [(skip.id, skip.reason) for skip in outcome.report.skips]
    frame = pd.DataFrame([(printable(first), printable(second)) for first, second in rows])
    frame.columns = pd.Index([words.say("documents.file"), words.say("documents.state")])
    st.dataframe(frame, hide_index=True)


def _state(outcome: Outcome) -> str:
    report = outcome.report
    if outcome.problem is not None:
        return outcome.problem
    if outcome.interrupted and not outcome.done:
        return words.say("documents.interrupted")
    if report is None:
        return words.say("documents.waiting")
    if report.documents > 1:
        return words.say("documents.added", **{name: getattr(report, name) for name in _COUNTS})
    if report.skips:
        return f"{words.say('documents.skipped')}: {report.skips[0].reason}"
    done = next((key for name, key in _DONE.items() if getattr(report, name)), "documents.is_working")
    return words.say(done)


def _list(backend: Backend) -> None:
    page, after = backend.documents(after=st.session_state.get(_AFTER), limit=PAGE)
    if not page and st.session_state.pop(_AFTER, None):
        st.rerun()  # what was on this page is gone, and the first one may not be
    if not page:
        notice("info", words.say("common.empty_index"))
        return
    columns = [words.say(f"documents.{name}") for name in ("title", "document", "language")]
    columns += [words.say("common.passages"), words.say("documents.updated")]
    rows = [
        (printable(row.title or ""), printable(row.id), words.language(row.language), row.passages, _when(row))
        for row in page
    ]
    chosen = st.dataframe(
        pd.DataFrame(rows, columns=columns),
        hide_index=True,
        column_config={
            name: st.column_config.Column(width=width) for name, width in zip(columns, _WIDTHS, strict=True)
        },
        on_select="rerun",
        selection_mode="single-row",
        key=f"list-{_digest(page)}",
    )
    selected = [number for number in chosen["selection"]["rows"] if number < len(page)]
    if selected:
        _chosen(backend, page[selected[0]])
    else:
        st.caption(words.say("documents.choose"))
    with st.container(horizontal=True):
        if st.session_state.get(_AFTER) and st.button(words.say("documents.first"), icon=":material/first_page:"):
            del st.session_state[_AFTER]
            st.rerun()
        if after and st.button(words.say("documents.next"), icon=":material/navigate_next:"):
            st.session_state[_AFTER] = after
            st.rerun()


def _digest(page: Sequence[Summary]) -> str:
    """Of which documents are listed, and in what order: a choice is the number of a row, and holds for no other."""
    return hashlib.blake2b(repr([row.id for row in page]).encode(), digest_size=8).hexdigest()


def _when(row: Summary) -> str:
    return "" if row.updated is None else words.moment(dt.datetime.fromisoformat(row.updated))


def _chosen(backend: Backend, row: Summary) -> None:
    with st.container(horizontal=True):
        if st.button(words.say("documents.view"), icon=":material/article:"):
            in_context(backend, row.id)
        if backend.allows("write") and st.button(words.say("documents.delete"), icon=":material/delete:"):
            _delete(backend, row)


def _delete(backend: Backend, row: Summary) -> None:
    @st.dialog(words.say("documents.delete"), icon=":material/delete:")
    def sure() -> None:
        notice("info", words.say("documents.delete_sure"), row.title or row.id, row.id)
        if st.button(words.say("documents.delete_yes"), type="primary"):
            try:
                gone = _deleted(backend, row)
            except InterlinguaError as error:  # a press runs the dialog alone, outside what the page catches
                trouble(error)
                return
            if gone is None:
                notice("error", words.say("common.trouble"), row.title or row.id)
                return
            st.toast(gone)
            st.session_state.pop(_AFTER, None)
            st.rerun()

    sure()


def _deleted(backend: Backend, row: Summary) -> str | None:
    """Delete a document, and what to say of it; None where it stays, as one that the key may read and not write."""
    if count := backend.seen.delete(row.id):
        return words.say("documents.deleted", count=count)
    return words.say("search.vanished") if backend.seen.document(row.id) is None else None
