"""The worker process: bounded, replaced when it dies, gone when nobody needs it."""

from __future__ import annotations

import gc
import signal
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import file_makers
import psutil
import pytest
from interlingua.connectors.files import FilesConnector, Limits
from interlingua.retrieval.types import Document, Pending
from processes import file_workers
from reading_helpers import read_all, read_one, reason_of


@pytest.fixture(autouse=True)
def nothing_left() -> None:
    """An error that an earlier test caught holds its frames, and their workers, until it is collected."""
    gc.collect()
    assert not file_workers()


def pendings(path: Path, **options: object) -> list[Pending]:
    items = list(FilesConnector(path, **options).documents())  # type: ignore[arg-type]
    found = [item for item in items if isinstance(item, Pending)]
    assert len(found) == len(items)
    return found


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    for number in range(20):
        file_makers.html(tmp_path / f"{number:02}.html", f"Seite {number}", [f"Absatz {number}"])
    return tmp_path


def test_one_worker_reads_many_documents_and_ends_with_the_run(pages: Path) -> None:
    items = pendings(pages)
    assert not file_workers()  # listing alone starts nothing
    for item in items:
        assert isinstance(item.read(), Document)
        assert len(file_workers()) == 1
    del item, items
    gc.collect()
    assert not file_workers()


def test_two_threads_use_a_worker_each(pages: Path) -> None:
    items = pendings(pages)
    with ThreadPoolExecutor(2) as threads:
        found = list(threads.map(lambda item: item.read(), items))
    assert [document.text for document in found if isinstance(document, Document)] == [
        f"Absatz {number}" for number in range(20)
    ]
    assert 1 <= len(file_workers()) <= 2


def test_a_worker_that_died_while_idle_is_replaced(pages: Path) -> None:
    items = pendings(pages)
    assert isinstance(items[0].read(), Document)
    (worker,) = file_workers()
    worker.send_signal(signal.SIGKILL)
    assert isinstance(items[1].read(), Document)
    assert worker.pid not in [other.pid for other in file_workers()]


def test_a_document_that_takes_too_long_is_skipped(tmp_path: Path) -> None:
    file_makers.docx(tmp_path / "a.docx", "Titel", ["Absatz"] * 20)
    assert "max_seconds" in reason_of(tmp_path / "a.docx", limits=Limits(max_seconds=0.001))
    gc.collect()
    assert not file_workers()


def test_a_document_that_takes_too_much_memory_is_skipped(tmp_path: Path) -> None:
    body = "<text:p>" + "<text:span>a</text:span>" * 3_000_000 + "</text:p>"
    file_makers.open_document(tmp_path / "a.odt", "text", f"<office:text>{body}</office:text>")
    file_makers.odt(tmp_path / "b.odt", "Titel", ["Absatz"])
    documents, skips = read_all(
        tmp_path, name="n", limits=Limits(max_memory_bytes=300_000_000, max_archive_ratio=10_000)
    )
    assert "memory" in skips["n/a.odt"].reason
    assert "Absatz" in documents["n/b.odt"].text


def test_archives_are_measured_and_not_believed(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.docx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", bytes(60_000_000))
    data = bytearray((tmp_path / "a.docx").read_bytes())
    place = data.rindex(b"PK\x01\x02") + 24  # the size in the directory: say 10 bytes
    data[place : place + 4] = (10).to_bytes(4, "little")
    (tmp_path / "lies.docx").write_bytes(data)
    assert "max_archive_ratio" in reason_of(tmp_path / "a.docx")
    assert "max_archive_bytes" in reason_of(tmp_path / "a.docx", limits=Limits(max_archive_bytes=1_000_000))
    assert "damaged" in reason_of(tmp_path / "lies.docx")


def test_a_worker_does_not_import_what_lies_in_the_present_folder(pages: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (pages / "selectolax.py").write_text("raise SystemExit(3)", encoding="utf-8")
    monkeypatch.chdir(pages)
    assert read_one(pages / "00.html").text == "Absatz 0"


ORPHAN = """
import sys, time
from interlingua.connectors.files import FilesConnector
(item,) = FilesConnector(sys.argv[1]).documents()
print(type(item.read()).__name__, flush=True)
time.sleep(60)
"""


def test_a_worker_ends_when_its_parent_is_killed(pages: Path) -> None:
    command = [sys.executable, "-c", ORPHAN, str(pages / "00.html")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "Document\n"
        (worker,) = psutil.Process(parent.pid).children()
        folder = Path(worker.cmdline()[-1])
        assert folder.is_dir()
        parent.kill()
    psutil.wait_procs([worker], timeout=10)
    assert not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE
    assert not folder.exists()


EXIT = """
import sys
from interlingua.connectors.files import FilesConnector
items = list(FilesConnector(sys.argv[1]).documents())
print(type(items[0].read()).__name__)
"""


def test_a_program_may_end_with_a_worker_running(pages: Path) -> None:
    command = [sys.executable, "-X", "dev", "-W", "error", "-c", EXIT, str(pages)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "Document\n"
    assert not done.stderr
