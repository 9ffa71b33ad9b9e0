"""Jobs: list, look at, follow, cancel. They belong to the key that made them."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from concurrent.futures import Future
from itertools import islice
from typing import Annotated, Any, get_args

from fastapi import Header, Query, Request, Response
from fastapi.responses import StreamingResponse

from ...access.keys import Key
from ..access import WriteKey, service_of
from ..answers import Json
from ..errors import not_found
from ..jobs.job import Event, Job, State, after
from ..jobs.queue import Jobs
from ..schemas.common import errors, event_stream
from ..schemas.jobs import JobAnswer, JobList
from ..service import Service
from .parts import router

routes = router("jobs")

POLL = 0.2
"""Seconds between two looks at a job that is followed."""
KEEP_ALIVE = 15.0
"""Seconds after which a comment is sent where nothing happens, so that nobody on the way closes the connection."""


@routes.get("/jobs", response_model=JobList, summary="List jobs")
async def list_jobs(
    request: Request, caller: WriteKey, limit: Annotated[int, Query(ge=1, le=1000, description="At most.")] = 100
) -> Json:
    """The jobs of this key, the newest first; for an admin those of all keys. What each skipped is only counted."""
    visible = (job for job in service_of(request).jobs.all() if _visible(job, caller))
    return Json({"jobs": [job.without_skips().shown() for job in islice(visible, limit)]})


@routes.get("/jobs/{id}", response_model=JobAnswer, responses=errors(404), summary="Look at a job")
async def get_job(request: Request, id: str, caller: WriteKey) -> Json:
    """One job, with the report so far."""
    return Json(_own(service_of(request).jobs, id, caller).shown())


@routes.delete("/jobs/{id}", response_model=JobAnswer, responses=errors(404), summary="Cancel a job")
async def cancel_job(request: Request, id: str, caller: WriteKey) -> Json:
    """Stop a job: at once while it waits, at its next batch once it runs. What it has written stays."""
    jobs = service_of(request).jobs
    _own(jobs, id, caller)
    job = await asyncio.to_thread(jobs.cancel, id)
    if job is None:  # forgotten this very moment
        raise not_found("job")
    return Json(job.shown())


_STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Events named like the states, and `progress`; `data` is the job as in GET /jobs/{id}, "
        "but that only the last event says what was skipped.",
        "content": event_stream(*get_args(State), "progress"),
    },
    204: {"description": "The job is over, and the client has seen its last event: it is not to come again."},
    **errors(404),
}


@routes.get("/jobs/{id}/events", response_class=StreamingResponse, responses=_STREAM, summary="Follow a job")
async def follow_job(
    request: Request,
    id: str,
    caller: WriteKey,
    last_event_id: Annotated[str | None, Header(description="`id` of the last event that was received.")] = None,
) -> Response:
    """Server-sent events until the job is over. Who comes again with Last-Event-ID gets what was missed."""
    service = service_of(request)
    job = _own(service.jobs, id, caller)
    seen = after(last_event_id)
    if job.over and not service.jobs.events(id, seen):
        return Response(status_code=204)
    return StreamingResponse(
        _events(service, id, seen), media_type="text/event-stream", headers={"Cache-Control": "no-store"}
    )


async def _events(service: Service, job_id: str, seen: tuple[int, int]) -> AsyncIterator[str]:
    quiet_since = time.monotonic()
    while True:
        job = service.jobs.get(job_id)  # before its events, so that the last of them is not missed
        for event in service.jobs.events(job_id, seen):
            yield _written(event)
            seen = (event.epoch, event.number)
            quiet_since = time.monotonic()
        if service.draining or job is None or job.over:
            return
        if time.monotonic() - quiet_since > KEEP_ALIVE:
            yield ": still here\n\n"
            quiet_since = time.monotonic()
        await asyncio.sleep(POLL)


def _written(event: Event) -> str:
    return f"id: {event.id}\nevent: {event.name}\ndata: {json.dumps(event.job.shown())}\n\n"


def _visible(job: Job, caller: Key) -> bool:
    return job.made_by(caller) or caller.allows("admin")


def _own(jobs: Jobs, job_id: str, caller: Key) -> Job:
    job = jobs.get(job_id)
    if job is None or not _visible(job, caller):
        raise not_found("job")
    return job


async def outcome(service: Service, job_id: str, future: Future[Job]) -> Job | None:
    """A finished job, which is forgotten then; None for one that does not finish in time. Raises what it failed of."""
    jobs = service.jobs
    waiting = asyncio.wrap_future(future)
    until = time.monotonic() + service.limits.request_seconds
    while not waiting.done() and time.monotonic() < until:
        await asyncio.wait([waiting], timeout=POLL)
        job = jobs.get(job_id)
        if service.draining and (job is None or job.state == "queued"):
            break
    job = future.result() if future.done() else None
    if job is None or job.state not in ("done", "failed"):
        return None
    failure = jobs.failure(job_id)
    await asyncio.to_thread(jobs.withdraw, job)
    if failure is not None:
        raise failure
    return job


def accepted(service: Service, job: Job) -> Json:
    """A job as the answer to what made it."""
    now = service.jobs.get(job.id) or job
    return Json(now.shown(), status_code=202, headers={"Location": f"/jobs/{job.id}"})
