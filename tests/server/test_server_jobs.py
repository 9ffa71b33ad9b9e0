"""Jobs: their order, their events, their end; over HTTP and alone."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from interlingua.app.access.keys import Key
from interlingua.app.server.errors import BusyError
from interlingua.app.server.jobs.job import Job, new_job
from interlingua.app.server.jobs.journal import Journal
from interlingua.app.server.jobs.queue import Jobs, Run
from interlingua.connectors.ingestor import Progress
from interlingua.connectors.report import Report
from interlingua.retrieval.errors import ConfigurationError, EmbedderError, InputError, StoreError
from interlingua.retrieval.types import Skip
from server_process import until_over
from server_samples import Start, events
from starlette.testclient import TestClient
from support import SENTENCES

DONE = Report(source="test", added=1)


def job(name: str = "key") -> Job:
    return new_job("documents", key=Key(name=name, scopes=frozenset({"write"})), items=1)


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


def test_what_fails_once_it_is_to_stop_is_begun_again(tmp_path: Path) -> None:
    steps = Steps()

    def run(one: Job, folder: Path, progress: Progress) -> Report:
        (folder / "given").touch()
        steps.begun.set()
        steps.go.wait(20)
        raise StoreError("closed")

    jobs = started(tmp_path, run)
    one = add(jobs, job())
    wait(steps.begun.is_set)
    threading.Timer(0.3, steps.go.set).start()
    assert jobs.stop(0)
    assert jobs.get(one.id).state == "interrupted"
    assert (tmp_path / one.id / "payload" / "given").exists()


def test_a_batch_that_does_not_end_is_left_and_its_job_begun_again(tmp_path: Path) -> None:
    steps = Steps()

    def run(one: Job, folder: Path, progress: Progress) -> Report:
        (folder / "given").touch()
        steps.begun.set()
        steps.go.wait(20)
        return DONE

    journal = Journal(tmp_path)
    jobs = Jobs(journal, run, last_batch=0.1)
    jobs.start()
    one = add(jobs, job())
    wait(steps.begun.is_set)
    assert not jobs.stop(0)
    with pytest.raises(ConfigurationError, match="Another server keeps its jobs"):
        started(tmp_path, steps)  # the folder is held until the process ends
    steps.go.set()
    wait(lambda: not [thread for thread in threading.enumerate() if thread.name == "interlingua-jobs"])
    journal.close()
    [left] = Journal(tmp_path).load()
    assert (left.state, left.kills) == ("interrupted", 0)
    assert (tmp_path / one.id / "payload" / "given").exists()


def started_after_a_kill(folder: Path, one: Job) -> Job:
    """A job that ran when the process died, once the next process has taken it up."""
    journal = Journal(folder)
    journal.payload(one)
    journal.save(replace(one, state="running"))
    jobs = started(folder, Steps())
    wait(lambda: jobs.get(one.id).state != "interrupted")
    found = jobs.get(one.id)
    jobs.stop(0)
    return found


def test_a_job_that_kills_the_process_is_not_begun_a_fourth_time(tmp_path: Path) -> None:
    one = job()
    states = [(one := started_after_a_kill(tmp_path, one)).state for _ in range(3)]
    assert states == ["running", "running", "failed"]
    assert one.error["type"] == "killed"
    assert not (tmp_path / one.id / "payload").exists()


def test_a_job_that_cannot_be_written_down_fails_and_the_next_one_runs(tmp_path: Path) -> None:
    steps = Steps()
    jobs = started(tmp_path, steps)
    first, second, third = (add(jobs, job()) for _ in range(3))
    wait(steps.begun.is_set)
    for one in (first, second):
        (tmp_path / one.id / "job.json.partial").mkdir()  # no file can be written there, as on a full disk
    steps.go.set()
    wait(lambda: jobs.get(third.id).over)
    assert [jobs.get(one.id).state for one in (first, second, third)] == ["done", "failed", "done"]
    assert jobs.get(second.id).error["type"] == "storage"
    assert jobs.events(second.id, (-1, -1))[-1].name == "failed"
    jobs.stop(0)
    assert [one.id for one in Journal(tmp_path).load()] == [third.id]


def test_a_full_disk_does_not_stop_the_start(tmp_path: Path) -> None:
    one = replace(job(), state="running")
    Journal(tmp_path).payload(one)
    Journal(tmp_path).save(one)
    (tmp_path / one.id / "job.json.partial").mkdir()
    jobs = started(tmp_path, Steps())
    wait(lambda: jobs.get(one.id).over)
    assert jobs.get(one.id).error["type"] == "storage"
    jobs.stop(0)


def test_what_was_skipped_is_kept_in_part_and_not_with_every_event(tmp_path: Path) -> None:
    skips = tuple(Skip(id=f"{number}{'ü' * 1000}", reason="é" * 1000) for number in range(500))
    report = Report(source="test", skipped=500, skips=skips)

    def run(one: Job, folder: Path, progress: Progress) -> Report:
        progress(report)
        return report

    jobs = started(tmp_path, run)
    one = add(jobs, job())
    wait(lambda: jobs.get(one.id).over)
    kept = jobs.get(one.id).report
    assert (kept["skipped"], len(kept["skips"])) == (500, 100)
    assert {(len(skip["id"]), len(skip["reason"])) for skip in kept["skips"]} == {(300, 200)}
    *before, last = jobs.events(one.id, (-1, -1))
    assert [event.job.report["skips"] for event in before if event.job.report] == [[]]
    assert last.job.report == kept
    jobs.stop(5)


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


def test_a_list_of_jobs_has_the_newest_and_only_counts_what_they_skipped(client: TestClient) -> None:
    ids = []
    for name in ("一.txt", "二.txt"):
        made = client.post("/documents/files", files=[("files", (name, b""))]).json()
        ids.append(until_over(client, made["id"])["id"])  # type: ignore[arg-type]
    [newest] = client.get("/jobs?limit=1").json()["jobs"]
    assert (newest["id"], newest["report"]["skipped"], newest["report"]["skips"]) == (ids[1], 1, [])
    assert len(client.get(f"/jobs/{ids[1]}").json()["report"]["skips"]) == 1
    assert [one["id"] for one in client.get("/jobs").json()["jobs"]] == ids[::-1]


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
