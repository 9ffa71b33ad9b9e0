"""Jobs: their order, their events, their end; over HTTP and alone."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from interlingua.app.server.errors import BusyError
from interlingua.app.server.jobs.job import Job, new_job
from interlingua.app.server.jobs.journal import Journal
from interlingua.app.server.jobs.queue import Jobs, Run
from interlingua.connectors.ingestor import Progress
from interlingua.connectors.report import Report
from interlingua.retrieval.errors import ConfigurationError, EmbedderError, InputError
from server_process import until_over
from server_samples import Start, events
from starlette.testclient import TestClient
from support import SENTENCES

DONE = Report(source="test", added=1)


def job(name: str = "key") -> Job:
    return new_job("documents", key=name, items=1)


def started(folder: Path, run: Run, **options: float) -> Jobs:
    jobs = Jobs(Journal(folder), run, **options)  # type: ignore[arg-type]
    jobs.start()
    return jobs


def add(jobs: Jobs, one: Job) -> Job:
    jobs.room(one)
    jobs.submit(one)
    return one


def wait(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


class Steps:
    """A run that makes a step each time it is let."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.go = threading.Event()
        self.ran: list[str] = []

    def __call__(self, one: Job, folder: Path, progress: Progress) -> Report:
        self.ran.append(one.id)
        self.begun.set()
        while not self.go.wait(0.01):
            progress(Report(source="test"))
        return DONE


def test_jobs_run_in_order_and_tell_what_happened(tmp_path: Path) -> None:
    steps = Steps()
    jobs = started(tmp_path, steps)
    first, second = add(jobs, job()), add(jobs, job())
    wait(steps.begun.is_set)
    assert jobs.get(second.id).state == "queued"
    steps.go.set()
    wait(lambda: jobs.get(second.id).over)
    assert steps.ran == [first.id, second.id]
    names = [event.name for event in jobs.events(first.id, (-1, -1))]
    assert (names[:2], names[-1]) == (["queued", "running"], "done")
    seen = jobs.events(first.id, (-1, -1))[1]
    assert [event.name for event in jobs.events(first.id, (seen.epoch, seen.number))] == names[2:]
    assert [one.id for one in jobs.all()] == [second.id, first.id]
    jobs.stop(5)


def test_a_waiting_job_is_cancelled_at_once_and_a_running_one_at_its_next_batch(tmp_path: Path) -> None:
    steps = Steps()
    jobs = started(tmp_path, steps)
    running, waiting = add(jobs, job()), add(jobs, job())
    wait(steps.begun.is_set)
    assert jobs.cancel(waiting.id).state == "cancelled"
    jobs.cancel(running.id)
    wait(lambda: jobs.get(running.id).state == "cancelled")
    assert steps.ran == [running.id]
    assert not list(tmp_path.glob("*/payload"))
    jobs.stop(5)


@pytest.mark.parametrize(
    ("error", "type", "message"),
    [
        (InputError("The file is odd."), "invalid_request", "The file is odd."),
        (EmbedderError("http://10.0.0.1 said no"), "embedder", "The model failed."),
        (ZeroDivisionError("secret"), "internal", "An unexpected error."),
    ],
)
def test_a_failed_job_says_why_and_the_next_one_runs(tmp_path: Path, error: Exception, type: str, message: str) -> None:
    def run(one: Job, folder: Path, progress: Progress) -> Report:
        if one.key == "bad":
            raise error
        return DONE

    jobs = started(tmp_path, run)
    bad, good = add(jobs, job("bad")), add(jobs, job())
    wait(lambda: jobs.get(good.id).over)
    failed = jobs.get(bad.id)
    assert (failed.state, failed.error["type"]) == ("failed", type)
    assert failed.error["message"].startswith(message)
    assert jobs.get(good.id).state == "done"
    jobs.stop(5)


def test_a_stopped_server_goes_on_where_it_was_with_later_events(tmp_path: Path) -> None:
    steps = Steps()
    jobs = started(tmp_path, steps)
    running, waiting = add(jobs, job()), add(jobs, job())
    wait(steps.begun.is_set)
    last = jobs.events(running.id, (-1, -1))[-1]
    jobs.stop(0)
    assert (jobs.get(running.id).state, jobs.get(waiting.id).state) == ("interrupted", "queued")
    with pytest.raises(BusyError):
        jobs.room(job())

    again = started(tmp_path, lambda one, folder, progress: DONE)
    wait(lambda: again.get(waiting.id).over)
    assert again.get(running.id).state == "done"
    assert again.get(running.id).attempt == 2
    missed = again.events(running.id, (last.epoch, last.number))
    assert [event.name for event in missed][-2:] == ["running", "done"]
    again.stop(5)


def test_what_a_killed_server_ran_is_interrupted_until_it_is_its_turn(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.open()
    killed = [replace(job(), state="running", attempt=1) for _ in range(2)]
    for one in killed:
        journal.payload(one)
        journal.save(one)
    journal.close()
    steps = Steps()
    jobs = started(tmp_path, steps)
    wait(steps.begun.is_set)
    assert [jobs.get(one.id).state for one in killed] == ["running", "interrupted"]
    jobs.stop(0)


def test_a_running_job_may_finish_within_the_grace(tmp_path: Path) -> None:
    steps = Steps()
    jobs = started(tmp_path, steps)
    one = add(jobs, job())
    wait(steps.begun.is_set)
    threading.Timer(0.2, steps.go.set).start()
    jobs.stop(10)
    assert jobs.get(one.id).state == "done"


def test_only_so_many_jobs_wait_and_are_kept(tmp_path: Path) -> None:
    steps = Steps()
    jobs = started(tmp_path, steps, capacity=2, keep=1)
    add(jobs, job())
    wait(steps.begun.is_set)
    add(jobs, job())
    last = add(jobs, job())
    with pytest.raises(BusyError, match="2 jobs are waiting"):
        jobs.room(job())
    steps.go.set()
    wait(lambda: jobs.get(last.id).over)
    wait(lambda: [one.id for one in jobs.all()] == [last.id])
    assert [folder.name for folder in tmp_path.iterdir() if folder.is_dir()] == [last.id]
    jobs.stop(5)


def test_finished_jobs_are_forgotten_in_time(tmp_path: Path) -> None:
    jobs = started(tmp_path, lambda one, folder, progress: DONE)
    one = add(jobs, job())
    wait(lambda: jobs.get(one.id).over)
    jobs.stop(5)
    later = started(tmp_path, lambda one, folder, progress: DONE, keep_seconds=0)
    assert later.all() == []
    assert not [path for path in tmp_path.iterdir() if path.is_dir()]
    later.stop(5)


def test_two_servers_do_not_share_a_folder(tmp_path: Path) -> None:
    jobs = started(tmp_path, Steps())
    with pytest.raises(ConfigurationError, match="Another server keeps its jobs"):
        started(tmp_path, Steps())
    jobs.stop(0)


def test_a_damaged_record_and_half_an_upload_do_not_stop_the_start(tmp_path: Path) -> None:
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "job.json").write_text("{")
    (tmp_path / "half" / "payload").mkdir(parents=True)
    jobs = started(tmp_path, Steps())
    assert jobs.all() == []
    assert (tmp_path / "damaged" / "job.json").exists()
    assert not (tmp_path / "half").exists()
    jobs.stop(0)


def test_events_stream_until_the_end_and_go_on_after_the_last_that_was_seen(client: TestClient) -> None:
    body = {"documents": [{"id": tag, "text": text} for tag, text in SENTENCES.items()]}
    made = client.post("/documents?wait=false", json=body).json()
    path = f"/jobs/{made['id']}/events"
    answer = client.get(path)
    assert answer.headers["content-type"].startswith("text/event-stream")
    seen = events(answer.text)
    assert [name for _, name, _ in seen][:2] == ["queued", "running"]
    assert seen[-1][1] == "done"
    assert seen[-1][2] == client.get(f"/jobs/{made['id']}").json()
    assert seen[-1][2]["report"]["added"] == len(SENTENCES)
    rest = client.get(path, headers={"Last-Event-ID": seen[1][0]})
    assert events(rest.text) == seen[2:]
    assert events(client.get(path, headers={"Last-Event-ID": "nonsense"}).text) == seen
    assert client.get(path, headers={"Last-Event-ID": seen[-1][0]}).status_code == 204


def test_an_event_id_from_the_future_does_not_keep_a_stream_open(start: Start) -> None:
    client = start(embedder="slow_embedder:SlowEmbedder").client
    made = client.post("/documents?wait=false", json={"documents": [{"text": SENTENCES["el"]}]}).json()
    answer = client.get(f"/jobs/{made['id']}/events", headers={"Last-Event-ID": f"{'9' * 20}-1"})
    assert (answer.status_code, answer.text) == (200, "")


def test_a_stream_ends_with_its_client(start: Start) -> None:
    client = start(embedder="slow_embedder:SlowEmbedder").client
    documents = [{"id": str(n), "text": f"{SENTENCES['ru']} {n}"} for n in range(1000)]
    made = client.post("/documents?wait=false", json={"documents": documents}).json()
    with client.stream("GET", f"/jobs/{made['id']}/events") as stream:
        lines = stream.iter_lines()
        next(lines)
        wait(lambda: "interlingua_requests_in_flight 2.0" in client.get("/metrics").text)
    wait(lambda: "interlingua_requests_in_flight 1.0" in client.get("/metrics").text)
    assert client.get(f"/jobs/{made['id']}").json()["state"] == "running"
    client.delete(f"/jobs/{made['id']}")


def test_a_job_is_followed_while_it_runs_and_cancelled(start: Start) -> None:
    client = start(embedder="slow_embedder:SlowEmbedder").client
    documents = [{"id": str(n), "text": f"{SENTENCES['ru']} {n}"} for n in range(900)]
    made = client.post("/documents?wait=false", json={"documents": documents}).json()
    with client.stream("GET", f"/jobs/{made['id']}/events") as stream:
        for line in stream.iter_lines():
            if line == "event: progress":
                client.delete(f"/jobs/{made['id']}")
            if line == "event: cancelled":
                break
    over = until_over(client, made["id"])
    assert over["state"] == "cancelled"
    assert 0 < over["report"]["added"] < 900
    assert client.get("/status").json()["documents"] == over["report"]["added"]
