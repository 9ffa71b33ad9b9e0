"""Uploads and the jobs that they become: followed, waited for, cancelled, lost and found again."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import interlingua
import pytest
from client_samples import Serve, Start
from interlingua.app.client import Job
from interlingua.connectors.report import Report
from interlingua.retrieval.errors import EmbedderError, StoreError
from interlingua.retrieval.types import Document, Matrix, Skip
from listening import Listener, ListeningHandler
from support import SENTENCES, NgramEmbedder

NAMES = ["تعليم.txt", "教育 ٪ 100%.txt", "a\"b'c;d=e.txt", "ข้อ#๑?.md"]
SLOW = {"embedder": "slow_embedder:SlowEmbedder", "shutdown_grace": 0, "max_documents": 5000}


def many(count: int) -> list[Document]:
    return [Document(id=f"{tag}/{n}", text=f"{text} {n}") for n in range(count) for tag, text in SENTENCES.items()]


def table(folder: Path, rows: int) -> Path:
    """A table of documents: so many rows in each language."""
    path = folder / "rows.csv"
    lines = (f'{tag}-{n},"{text} {n}"' for n in range(rows) for tag, text in SENTENCES.items())
    path.write_text("id,text\n" + "\n".join(lines), encoding="utf-8")
    return path


def test_an_upload_is_followed_to_its_end(client: interlingua.Client, tmp_path: Path) -> None:
    for name in NAMES:
        (tmp_path / name).write_text(f"{SENTENCES['th']} {name}", encoding="utf-8")
    (tmp_path / "empty.txt").touch()
    job = client.upload([*(tmp_path / name for name in NAMES), str(tmp_path / "empty.txt")])
    assert (job.kind, job.items, job.error) == ("files", 5, None)
    states = list(client.follow(job))
    assert (states[0].state, states[-1].state, states[-1].over) == ("queued", "done", True)
    assert len(states) > 2
    assert client.wait(job.id) == client.job(job) == states[-1]
    report, (listed,) = states[-1].report, client.jobs()
    assert (listed.id, listed.state) == (job.id, "done")  # a list has no skips
    assert isinstance(report, Report)
    assert (report.added, report.skips) == (4, (Skip(id="uploads/empty.txt", reason="empty: no text"),))
    names = {one.id.removeprefix("uploads/") for one in client.documents()}
    assert names == {NAMES[0], NAMES[1], "a%22b'c;d=e.txt", NAMES[3]}  # as forms write a quotation mark


def test_files_are_sent_while_they_are_read(client: interlingua.Client, tmp_path: Path) -> None:
    path = table(tmp_path, 3)
    assert client.wait(client.upload([path])).report == client.jobs()[0].report
    assert {one.id for one in client.documents()} == {
        f"uploads/rows.csv#{tag}-{n}" for n in range(3) for tag in SENTENCES
    }


def test_a_job_is_cancelled(start: Start, tmp_path: Path) -> None:
    with interlingua.Client(start(**SLOW).url, patience=30) as client:
        job = client.upload([table(tmp_path, 200)])
        states = client.follow(job)
        assert next(states).state == "queued"
        assert client.cancel(job).id == job.id
        assert [one.state for one in states][-1] == "cancelled"
        with pytest.raises(StoreError, match=f"{job.id} was cancelled"):
            client.wait(job)


def test_documents_that_take_longer_than_a_request_may_are_waited_for_as_a_job(start: Start) -> None:
    with interlingua.Client(start(**SLOW | {"request_timeout": 0.2}).url, patience=30) as client:
        report = client.add(many(5))
        assert (report.added, len(client.jobs())) == (70, 1)


@pytest.mark.slow
def test_a_job_is_followed_through_a_server_that_is_killed_and_started_again(start: Start, tmp_path: Path) -> None:
    first = start(**SLOW)
    port = int(first.url.rpartition(":")[2])
    with interlingua.Client(first.url, patience=60) as client:
        seen: list[Job] = []
        for found in client.follow(client.upload([table(tmp_path, 100)])):
            seen.append(found)
            if found.report and found.attempt == 1 and first.popen.poll() is None:
                first.kill()
                start(**SLOW, port=port)
    last = seen[-1]
    assert (last.state, last.attempt) == ("done", 2)
    assert last.report is not None
    assert last.report.documents == 100 * len(SENTENCES)
    assert [one.attempt for one in seen] == sorted(one.attempt for one in seen)


class Failing(NgramEmbedder):
    """A model that fails on passages."""

    def embed_passages(self, texts: Sequence[str]) -> Matrix:
        raise EmbedderError("out of memory at 10.0.0.7")


def test_what_a_job_failed_of_is_raised(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(SENTENCES["ko"], encoding="utf-8")
    with serve(embedder=Failing()).client() as client:
        job = client.upload([tmp_path / "a.txt"])
        with pytest.raises(EmbedderError, match=f"The job {job.id} failed: The model failed"):
            client.wait(job)
        assert client.job(job).state == "failed"
        with pytest.raises(EmbedderError, match="answered POST /documents: 502 The model failed"):
            client.add(many(1))


class _Breaking(ListeningHandler):
    """Sends one event per connection and hangs up, after the one that the client has seen."""

    def get(self) -> None:
        last = self.headers.get("Last-Event-ID")
        asked: list[str | None] = self.server.owner
        asked.append(last)
        number = int(last or 0) + 1
        state = "done" if number == 4 else "running"
        data = (
            f'{{"id": "j", "kind": "files", "items": 1, "state": "{state}", "created": "2026", "attempt": {number},'
            ' "report": null, "later": "unknown to this client"}'
        )
        event = f": a comment\n\nid: {number}\nevent: {state}\ndata: {data}\n\nid: 99\ndata: half an ev"
        headers = {"Content-Type": "text/event-stream", "Content-Length": "10000", "Connection": "close"}
        self.raw(200, event.encode(), headers)


def test_a_stream_that_breaks_is_taken_up_after_the_last_whole_event() -> None:
    asked: list[str | None] = []
    listener = Listener(0, _Breaking, asked)
    try:
        with interlingua.Client(f"http://127.0.0.1:{listener.server_address[1]}") as client:
            assert [job.attempt for job in client.follow("j")] == [1, 2, 3, 4]
    finally:
        listener.stop()
    assert asked == [None, "1", "2", "3"]


class _Silent(ListeningHandler):
    """Streams that end at once, with nothing in them."""

    def get(self) -> None:
        self.server.owner.set()
        self.reply(200, b"", {"Content-Type": "text/event-stream"})


def test_a_stream_that_never_says_anything_is_given_up() -> None:
    asked = threading.Event()
    listener = Listener(0, _Silent, asked)
    try:
        url = f"http://127.0.0.1:{listener.server_address[1]}"
        with interlingua.Client(url, patience=1) as client, pytest.raises(StoreError, match="no events"):
            client.wait("j")
    finally:
        listener.stop()
    assert asked.is_set()


class _Over(ListeningHandler):
    """Hangs up after the first event; when asked again, there are no more."""

    def get(self) -> None:
        state = "running" if "events" in self.path else "done"
        job = f'{{"id": "j", "kind": "files", "items": 1, "state": "{state}", "created": "2026", "report": null}}'
        if "events" not in self.path:
            return self.reply(200, job.encode())
        if self.headers.get("Last-Event-ID") == "7":
            return self.raw(204, b"", {})
        return self.reply(200, f"id: 7\ndata: {job}\n\n".encode())


def test_a_job_that_ended_unseen_is_asked_for() -> None:
    listener = Listener(0, _Over, None)
    try:
        with interlingua.Client(f"http://127.0.0.1:{listener.server_address[1]}") as client:
            assert [job.state for job in client.follow("j")] == ["running", "done"]
    finally:
        listener.stop()
