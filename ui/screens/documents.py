"""Documents: add files, look through what is stored, delete."""

from __future__ import annotations

import datetime as dt
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
from ..parts import in_context, notice

PAGE = 100
_WIDTHS = (240, 200, 110, 75, 145)  # pixels of the columns
_AFTER, _OUTCOMES = "documents-after", "documents-outcomes"
_DONE = {"added": "documents.is_added", "updated": "documents.is_updated", "unchanged": "documents.is_unchanged"}
_COUNTS = (*_DONE, "skipped")


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What has become of a file so far: a report of its documents, or what kept it from being taken."""

    name: str
    report: Report | None = None
    problem: str | None = None


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
    if pressed and not files and not urls:
        notice("info", words.say("documents.none_chosen"))
    elif pressed:
        st.session_state[_OUTCOMES] = _store(backend, files, urls)
    if outcomes := st.session_state.get(_OUTCOMES):
        _sum(outcomes)
        _table(outcomes)


def _store(backend: Backend, files: Sequence[UploadedFile], urls: Sequence[str]) -> list[Outcome]:
    """Ingest files and pages one by one, showing what becomes of each until that is done."""
    names = [PurePath(file.name).name or "file" for file in files]
    outcomes = [Outcome(name=name) for name in (*names, *urls)]
    bar, place = st.progress(0.0), st.empty()
    for number, outcome in enumerate(outcomes):
        if any(other.name == outcome.name for other in outcomes[:number]):
            outcome.problem = words.say("documents.same_name")
            continue
        bar.progress(number / len(outcomes), words.say("documents.storing", done=number, count=len(outcomes)))

        def progress(report: Report, outcome: Outcome = outcome) -> None:
            outcome.report = report
            with place:
                _table(outcomes)

        try:
            if number < len(files):
                progress(_store_file(backend, files[number], outcome.name, progress))
            else:
                progress(backend.ingest_page(outcome.name, progress))
        except InterlinguaError as error:
            outcome.problem = str(error)
    bar.empty()
    place.empty()
    return outcomes


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
    counts["skipped"] += sum(outcome.problem is not None for outcome in outcomes)
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
        key=f"list-{st.session_state.get(_AFTER)}",
    )
    selected = chosen["selection"]["rows"]
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
            st.toast(words.say("documents.deleted", count=backend.seen.delete(row.id)))
            st.session_state.pop(_AFTER, None)
            st.rerun()

    sure()
