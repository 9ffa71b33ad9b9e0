"""One job: what is known of it, and what happened to it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self

State = Literal["queued", "running", "done", "failed", "cancelled", "interrupted"]
Kind = Literal["documents", "files"]
FINISHED: frozenset[State] = frozenset({"done", "failed", "cancelled"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """An ingest that was asked for. `interrupted`: the server stopped in the middle, and its next start goes on.

    `key` is the name of the key that made it, `items` how many documents or files it was given, `attempt` how often it
    was begun. Times are ISO 8601 in UTC. `report` is the outcome, or the outcome so far; `error` has `type` and
    `message`.
    """

    id: str
    kind: Kind
    key: str
    items: int
    created: str
    state: State = "queued"
    started: str | None = None
    finished: str | None = None
    attempt: int = 0
    report: Mapping[str, Any] | None = None
    error: Mapping[str, str] | None = None

    @property
    def over(self) -> bool:
        """Nothing more will happen to it."""
        return self.state in FINISHED

    def with_items(self, items: int) -> Self:
        """The same job with so many documents or files."""
        return dataclasses.replace(self, items=items)

    def shown(self) -> dict[str, Any]:
        """What a client sees of it, JSON-ready."""
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return {name: value for name, value in values.items() if name != "key"}

    def stored(self) -> dict[str, Any]:
        """All of it, JSON-ready; `from_stored` reads it."""
        return {**self.shown(), "key": self.key}

    @classmethod
    def from_stored(cls, values: Mapping[str, Any]) -> Self:
        """The job that `stored` wrote. Raises TypeError for other fields."""
        return cls(**values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened to a job, with the job as it was then: who missed events needs only the last.

    `epoch` counts up with each start of the server, `number` with each event since.
    """

    epoch: int
    number: int
    name: str
    job: Job

    @property
    def id(self) -> str:
        """What a client sends back as Last-Event-ID."""
        return f"{self.epoch}-{self.number}"


def new_job(kind: Kind, *, key: str, items: int) -> Job:
    """A queued job. Its id cannot be guessed, and ids in order of time are in alphabetical order."""
    return Job(id=f"{time.time_ns():016x}{secrets.token_hex(8)}", kind=kind, key=key, items=items, created=now())


def now() -> str:
    """The time in UTC as ISO 8601."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")


def after(event_id: str | None) -> tuple[int, int]:
    """Epoch and number of the last event that a client has seen; before all of them for what is no id of ours."""
    epoch, _, number = (event_id or "").partition("-")
    if epoch.isascii() and epoch.isdigit() and number.isascii() and number.isdigit() and len(epoch + number) < 40:
        return int(epoch), int(number)
    return -1, -1
