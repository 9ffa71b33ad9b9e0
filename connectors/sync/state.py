"""What is remembered of a source between runs, in the records of the store; NAME is percent-encoded.

sync/NAME                 the cursor, the full listing under way, the last runs; written last
sync/NAME/gone            what the source says is gone, and since when, until it is deleted
sync/NAME/failures        what could not be read, and why
sync/NAME/seen/000007     ids (8 bytes each) that a full listing under way has met, a part per commit
attached/SOURCE           the metadata of a plan that all that is stored of SOURCE bears, whatever table reads it
"""

from __future__ import annotations

import base64
import dataclasses
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote, unquote

import numpy as np
from numpy.typing import NDArray

from ...retrieval.errors import StoreError
from ...retrieval.protocols import Records
from ..seen import SeenIds
from ..stages import related

MAX_RUNS = 20
_PREFIX = "sync/"
_ATTACHED = "attached/"

Outcome = Literal["done", "stopped", "failed", "refused"]
"""How a run ended; refused: it is done but for deletions that the guard refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run: when it began (seconds since 1970) and how long it took, how it ended, and what it did."""

    began: float
    seconds: float
    listing: bool
    outcome: Outcome
    counts: Mapping[str, int] = dataclasses.field(default_factory=dict)
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A full listing under way: when it began, and in how many parts the ids that it met so far are kept."""

    began: float
    parts: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """How far a source was read. Times are seconds since 1970.

    `source` and `options` say what the rest is about: with others it means nothing. `listed` and `synced` are when the
    last full listing, and the last run, that came to its end began; `documents` were stored after the last run.
    `relist`: something is to be found out by a full listing, soon. `clock` is when the last run that wrote began, and
    `latest` the latest that any did: later than `clock` where a clock was set back.
    """

    source: str
    options: str = ""
    cursor: str | None = None
    listing: Listing | None = None
    listed: float | None = None
    synced: float | None = None
    documents: int = 0
    relist: bool = False
    restored: str | None = None
    not_before: float | None = None
    clock: float = 0.0
    latest: float = 0.0
    runs: tuple[Run, ...] = ()

    def at(self, began: float) -> State:
        """As written by a run that began then."""
        return dataclasses.replace(self, clock=began, latest=max(self.latest, began))

    def ended(self, run: Run) -> State:
        """With one run more in the history."""
        return dataclasses.replace(self, runs=(*self.runs, run)[-MAX_RUNS:])


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A document that could not be read or stored: why, since when, how often it was tried; `revision` of the last try.

    Times are seconds since 1970; the revision is empty where its source has none.
    """

    id: str
    reason: str
    first: float
    last: float
    attempts: int = 1
    revision: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """Which metadata of a plan is on all that is stored of a source: `mark` of its values, its keys.

    `restored`: the last rollback when it was put there; another one may have brought back passages without it.
    """

    mark: str
    keys: tuple[str, ...]
    restored: str | None


def load(records: Records, name: str) -> State | None:
    """What is remembered of a source; None for one that was never read. Raises StoreError when it is damaged."""
    with _readable(name):
        text = records.get(_key(name))
        if text is None:
            return None
        values = json.loads(text)
        runs = tuple(Run(**run) for run in values.pop("runs"))
        listing = values.pop("listing")
        return State(**values, runs=runs, listing=None if listing is None else Listing(**listing))


def save(records: Records, name: str, state: State) -> None:
    """Remember: on return, and after a crash, all of it or what was before."""
    records.put(_key(name), _json(dataclasses.asdict(state)))


def forget(records: Records, name: str) -> None:
    """Remember nothing of a source any more; its documents stay."""
    records.remove([_key(name)])
    records.remove([_key(name, "gone"), _key(name, "failures")])
    remove_parts(records, name)


def known_sources(records: Records) -> list[str]:
    """Names of all sources of which something is remembered, sorted."""
    names = [name.removeprefix(_PREFIX) for name in records.names(_PREFIX)]
    return sorted(unquote(name, errors="surrogatepass") for name in names if "/" not in name)


def load_gone(records: Records, name: str) -> dict[str, float]:
    """Documents that are gone at the source and not deleted yet, each with the time since when."""
    with _readable(name):
        return {str(id_): float(since) for id_, since in json.loads(records.get(_key(name, "gone")) or "{}").items()}


def save_gone(records: Records, name: str, gone: Mapping[str, float]) -> None:
    """See `load_gone`."""
    _put_or_remove(records, _key(name, "gone"), gone)


def load_failures(records: Records, name: str) -> dict[str, Failure]:
    """The registry of failures, by document."""
    with _readable(name):
        found = json.loads(records.get(_key(name, "failures")) or "[]")
        return {values["id"]: Failure(**values) for values in found}


def save_failures(records: Records, name: str, failures: Mapping[str, Failure]) -> None:
    """See `load_failures`."""
    _put_or_remove(records, _key(name, "failures"), [dataclasses.asdict(one) for one in failures.values()])


def load_attached(records: Records, source: str) -> dict[str, Attached]:
    """What is attached to `source` and to the sources within it, by source."""
    place = _ATTACHED + _quoted(source)
    found: dict[str, Attached] = {}
    for key in records.names(place):
        if key == place or key.startswith(place + _quoted("/")):
            with suppress(ValueError, TypeError, KeyError):  # damaged: as if nothing were known
                values = json.loads(records.get(key) or "")
                within = unquote(key.removeprefix(_ATTACHED), errors="surrogatepass")
                found[within] = Attached(**{**values, "keys": tuple(values["keys"])})
    return found


def save_attached(records: Records, source: str, attached: Attached) -> None:
    """See `load_attached`."""
    records.put(_ATTACHED + _quoted(source), _json(dataclasses.asdict(attached)))


def remove_attached(records: Records, sources: Sequence[str]) -> None:
    """Know nothing of what is attached to these."""
    records.remove([_ATTACHED + _quoted(source) for source in sources])


def doubt_attached(records: Records, source: str) -> None:
    """Know no longer that it is still attached to what was stored of `source`, or of one within which or around it."""
    for key in records.names(_ATTACHED):
        name = unquote(key.removeprefix(_ATTACHED), errors="surrogatepass")
        if related(name, source):
            for one, attached in load_attached(records, name).items():
                save_attached(records, one, dataclasses.replace(attached, mark=""))


def save_part(
    records: Records, name: str, number: int, began: float, seen: NDArray[np.uint64], unread: NDArray[np.uint64]
) -> None:
    """Keep what the listing that began then met, and what of it could not be read, since its last part."""
    values = {"began": began, "seen": _packed(seen), "unread": _packed(unread)}
    records.put(_key(name, f"seen/{number:06}"), _json(values))


def load_parts(records: Records, name: str, listing: Listing) -> tuple[SeenIds, SeenIds] | None:
    """The parts of that listing: (seen, unread); None when one is not there, or is of another listing."""
    seen, unread = SeenIds(), SeenIds()
    for number in range(listing.parts):
        with _readable(name):
            text = records.get(_key(name, f"seen/{number:06}"))
            values = {} if text is None else json.loads(text)
            if not values or values["began"] != listing.began:  # a run was killed before it wrote its own state
                return None
            seen.add_hashes(_unpacked(values["seen"]))
            unread.add_hashes(_unpacked(values["unread"]))
    return seen, unread


def remove_parts(records: Records, name: str) -> None:
    """Delete all parts, also what a killed run left."""
    records.remove(records.names(_key(name, "seen/")))


def _key(name: str, part: str = "") -> str:
    return _PREFIX + _quoted(name) + (f"/{part}" if part else "")


def _quoted(name: str) -> str:
    return quote(name, safe="", errors="surrogatepass")


@contextmanager
def _readable(name: str) -> Iterator[None]:
    try:
        yield
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise StoreError(
            f"What is remembered of the source {name} is damaged: {error}. Forget it and list everything again: "
            f"interlingua sync {name} --forget"
        ) from error


def _put_or_remove(records: Records, name: str, values: Any) -> None:
    if values:
        records.put(name, _json(values))
    else:
        records.remove([name])


def _json(values: Any) -> str:
    # ASCII: an id may hold half a character (a lone surrogate), which no file in UTF-8 could keep.
    return json.dumps(values)


def _packed(hashes: NDArray[np.uint64]) -> str:
    return base64.b64encode(hashes.astype("<u8").tobytes()).decode()


def _unpacked(text: str) -> NDArray[np.uint64]:
    return np.frombuffer(base64.b64decode(text), dtype="<u8").astype(np.uint64)
