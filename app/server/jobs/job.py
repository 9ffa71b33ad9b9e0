"""One job: what is known of it, and what happened to it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Self

from ....connectors.report import Report

if TYPE_CHECKING:  # reading keys takes pydantic, which a client of the server need not load
    from ...access.keys import Key

State = Literal["queued", "running", "done", "failed", "cancelled", "interrupted"]
Kind = Literal["documents", "files", "pages"]
FINISHED: frozenset[State] = frozenset({"done", "failed", "cancelled"})
SKIPS, ID_CHARACTERS, REASON_CHARACTERS = 100, 300, 200
"""What is kept of what a job skipped: so many of them, and so much of each."""
_OWN = {"key", "reach", "kills"}
"""Fields that are not for clients."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """An ingest that was asked for. `interrupted`: the server stopped in the middle, and its next start goes on.

    `key` is the name of the key that made it, `reach` what it was confined to (`reach_of`), `items` how many documents,
    files or pages it was given, `attempt` how often it was begun, `kills` how often the process died while it ran.
    Times are ISO 8601 in UTC. `report` is the outcome, or the outcome so far; `error` has `type` and `message`.
    """

    id: str
    kind: Kind
    key: str
    reach: str
    items: int
    created: str
    kills: int = 0
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

    def made_by(self, key: Key) -> bool:
        """Whether it was made by this key, and not by one of the same name that was confined to something else."""
        return self.key == key.name and self.reach == reach_of(key)

    def without_skips(self) -> Self:
        """The same job with a report that has only the number of what was skipped."""
        return self if self.report is None else dataclasses.replace(self, report={**self.report, "skips": []})

    def shown(self) -> dict[str, Any]:
        """What a client sees of it, JSON-ready."""
        return {name: value for name, value in self.stored().items() if name not in _OWN}

    def stored(self) -> dict[str, Any]:
        """All of it, JSON-ready; `from_stored` reads it."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}

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


def new_job(kind: Kind, *, key: Key, items: int) -> Job:
    """A queued job. Its id cannot be guessed, and ids in order of time are in alphabetical order."""
    name = f"{time.time_ns():016x}{secrets.token_hex(8)}"
    return Job(id=name, kind=kind, key=key.name, reach=reach_of(key), items=items, created=now())


def reach_of(key: Key) -> str:
    """A digest of what confines a key, which may change while its name stays: filter and prefix."""
    return hashlib.blake2b(
        repr((key.prefix, key.filter)).encode("utf-8", "backslashreplace"), digest_size=16
    ).hexdigest()


def stored_report(report: Report) -> dict[str, Any]:
    """A report as it is kept and shown, JSON-ready: of what was skipped, a bounded part beside the number."""
    skips = [
        {"id": _cut(skip.id, ID_CHARACTERS), "reason": _cut(skip.reason, REASON_CHARACTERS)}
        for skip in report.skips[:SKIPS]
    ]
    return {**dataclasses.replace(report, skips=()).to_dict(), "skips": skips}


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def now() -> str:
    """The time in UTC as ISO 8601."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")


def after(event_id: str | None) -> tuple[int, int]:
    """Epoch and number of the last event that a client has seen; before all of them for what is no id of ours."""
    epoch, _, number = (event_id or "").partition("-")
    if epoch.isascii() and epoch.isdigit() and number.isascii() and number.isdigit() and len(epoch + number) < 40:
        return int(epoch), int(number)
    return -1, -1
