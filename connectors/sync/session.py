"""One run of one source: what changed is stored, what is gone is deleted, how far it was read is remembered.

A cursor is written only after all that it covers is stored and flushed, so that a kill at any point costs a second look
at part of a listing and nothing else. Only a listing that came to its end says what is gone.
"""

from __future__ import annotations

import dataclasses
import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import cast

from ...retrieval.errors import CursorLostError, EmbedderError, InterlinguaError, SourceError, StoreError
from ...retrieval.migration import RESTORED
from ...retrieval.protocols import Connector, Incremental, Store
from ...retrieval.types import Skip
from ..ingestor import Ingestor, Progress
from ..report import Report, Tally
from ..seen import SeenIds
from ..vanished import stored_documents, vanished
from . import state as states
from .conversion import Conversion
from .failures import Failures, since
from .met import Met
from .owners import Owners
from .plan import Plan, SyncReport
from .retries import as_source_error, check_rest, not_before, retrying
from .rewriting import attach_to_stored
from .state import Listing, Outcome, Run, State
from .stream import Segment, Stream
from .tombstones import Tombstones

logger = logging.getLogger(__name__)

MOST_LOST = 3
"""Cursors that one run accepts to be lost."""


class StoppedError(Exception):
    """The run was told to stop."""


class Session:
    """One run of one source; made for it, and used once."""

    def __init__(
        self, ingestor: Ingestor, store: Store, connector: Connector, name: str, plan: Plan, *,
        keep: Callable[[], None], stop: threading.Event, progress: Progress | None, clock: Callable[[], float],
        patient: bool, segment_items: int,
    ) -> None:  # fmt: skip
        self._ingestor, self._store, self._connector, self._name, self._plan = ingestor, store, connector, name, plan
        self._keep, self._stop, self._progress = keep, stop, progress
        self._records = store.records()
        self._clock, self._began, self._started = clock, clock(), time.perf_counter()
        self._tally = Tally(connector.source)
        self._changes = hasattr(connector, "changes")
        known = states.load_failures(self._records, name)
        self._failures = Failures(known, now=self._began, expire=plan.expire)
        self._patient, self._segment_items = patient, segment_items
        self._state = state = states.load(self._records, name) or State(source=connector.source)
        late = state.clock < state.latest <= self._began  # the clock was behind, and has been put right since
        gone = states.load_gone(self._records, name)
        self._gone = Tombstones(store, connector.source, gone, now=self._began, anew=late)
        self._stream: Stream | None = None
        self._listing, self._lost = False, 0
        self._kept = Owners(self._records, name=name)
        self._met = Met()

    def run(self, *, full: bool, force: bool, sleep: Callable[[float], None]) -> SyncReport:
        """From the beginning to the end; see `Synchroniser.sync`."""
        state, source, restored = self._state, self._connector.source, self._records.get(RESTORED)
        attach_to_stored(self._store, self._records, source, self._plan, restored)
        if (state.source, state.options) == (source, self._plan.key):
            check_rest(state.not_before, self._began, self._name)
        try:
            self._begin(full, restored)
            again = retrying(sleep)
            while not self._stop.is_set() and not again(self._stretch):
                pass
            outcome: Outcome = "stopped" if self._stop.is_set() else self._finish(force)
        except StoppedError:
            outcome = "stopped"
        except StoreError:  # it may be another's by now, or broken: the next run finds what is missing
            raise
        except InterlinguaError as error:
            self._end("failed", error)
            raise
        finally:
            if self._stream is not None:
                self._stream.close()
            self._store.flush()
        return self._end(outcome)

    def _begin(self, full: bool, restored: str | None) -> None:
        """Decide whether to list everything, to go on with a listing, or to ask for changes."""
        state, now, plan = self._state, self._began, self._plan
        stored = stored_documents(self._store, self._connector.source)
        same = (state.source, state.options, state.restored) == (self._connector.source, plan.key, restored)
        met = None
        if state.listing is not None and since(state.listing.began, now) < plan.full_every:
            met = Met.load(self._records, self._name, state.listing)
        due = state.relist or state.listed is None or since(state.listed, now) >= plan.full_every
        due = due or self._failures.due()
        if not self._changes or not same or stored < state.documents:
            self._list_all(restored)  # of what others deleted, changes say nothing
        elif met is not None and state.cursor is not None:
            self._met, self._listing = met, True
        elif full or due or state.cursor is None or state.listing is not None:
            self._list_all(restored)

    def _list_all(self, restored: str | None) -> None:
        states.remove_parts(self._records, self._name)
        self._met, self._listing = Met(), True
        self._state = dataclasses.replace(
            self._state, source=self._connector.source, options=self._plan.key, restored=restored, cursor=None,
            listing=Listing(began=self._began),
        )  # fmt: skip

    def _stretch(self) -> bool:
        """Store and commit one segment; whether it was the last. Raises what the source raised, after that."""
        if self._stream is None:
            self._stream = self._open()
        conversion = Conversion(self._plan, self._failures, self._gone, patient=self._patient)
        segment = Segment(
            self._stream, source=self._connector.source, changes=self._changes, convert=conversion.convert,
            stopped=self._stop.is_set, items=self._segment_items,
        )  # fmt: skip
        skips: list[Skip] = []
        seen = SeenIds() if self._changes else self._met.seen
        try:
            self._ingestor.write(
                segment, seen=seen, tally=self._tally, written=lambda more: self._written(skips, more), kept=self._kept
            )
            self._note(segment, conversion, skips, seen)
            if segment.error is not None:
                raise segment.error
        except (EmbedderError, StoreError, StoppedError):
            raise
        except Exception as error:  # the source's: of the listing, or SourceError in the middle of a read
            self._stream.close()
            self._stream = None
            raise self._translated(error) from error
        return segment.ended

    def _open(self) -> Stream:
        cursor = self._state.cursor
        if self._changes:
            connector = cast("Incremental", self._connector)
            return Stream(lambda: connector.changes(cursor))
        self._met = Met()  # it begins anew
        return Stream(self._connector.documents)

    def _translated(self, error: Exception) -> Exception:
        if isinstance(error, CursorLostError) and self._state.cursor is not None and self._lost < MOST_LOST:
            self._lost += 1
            logger.warning("%s: %s Everything is listed again.", self._name, error)
            self._list_all(self._state.restored)
            return SourceError(str(error), retry_after=error.retry_after)
        return as_source_error(error, self._name)

    def _written(self, skips: list[Skip], more: Sequence[Skip]) -> None:
        """Between two windows."""
        skips += more
        self._keep()
        if self._progress is not None:
            self._progress(self._report())
        if self._stop.is_set():
            raise StoppedError

    def _note(self, segment: Segment, conversion: Conversion, skips: Sequence[Skip], seen: SeenIds) -> None:
        """Commit a segment: first that it is stored, then what it says, last the cursor."""
        self._store.flush()
        self._keep()
        self._met.note(seen, skips)
        self._failures.note(skips, conversion.revisions, rested=conversion.rested)
        self._failures.forget(conversion.met - {skip.id for skip in skips})
        self._gone.returned(conversion.returned)
        for gone in segment.gone:
            self._failures.forget_gone(gone)
        self._gone.bury(segment.gone)
        if segment.cursor is not None:
            self._commit(segment.cursor)

    def _commit(self, cursor: str) -> None:
        self._save_registries()
        listing = self._state.listing
        if listing is not None:
            self._met.save(self._records, self._name, listing.parts, listing.began)
            listing = dataclasses.replace(listing, parts=listing.parts + 1)
        self._state = dataclasses.replace(self._state.at(self._began), cursor=cursor, listing=listing)
        states.save(self._records, self._name, self._state)

    def _finish(self, force: bool) -> Outcome:
        """The source came to its end: delete what is gone, and remember that the store is in step."""
        self._keep()
        listing, stored = self._state.listing, stored_documents(self._store, self._connector.source)
        if listing is not None and self._connector.complete:
            ids, _ = vanished(self._store, self._connector.source, self._met.seen, self._met.unread)
            self._gone.bury_ids(ids)
        if listing is not None:
            self._failures.forget_unseen(self._met.seen)
        before = stored - self._tally.counts["added"]
        deleted, refused = self._gone.carry_out(self._plan.grace, before=before, force=force)
        self._tally.counts["deleted"] += deleted
        self._tally.counts["refused_deletions"] = refused
        self._store.flush()
        self._state = dataclasses.replace(
            self._state,
            listing=None,
            listed=self._state.listed if listing is None else listing.began,
            synced=self._state.synced if refused else self._began,
            relist=bool(refused) or self._gone.overflowing,
        )
        return "refused" if refused else "done"

    def _end(self, outcome: Outcome, error: InterlinguaError | None = None) -> SyncReport:
        """Remember the run, unless the source is another run's by now."""
        self._keep()
        self._save_registries()
        report = self._report()
        run = Run(
            began=self._began, seconds=round(report.seconds, 3), listing=self._listing,
            outcome=outcome, counts=_counts(report), error=None if error is None else str(error)[:2000],
        )  # fmt: skip
        state = dataclasses.replace(
            self._state.at(self._began).ended(run),
            documents=stored_documents(self._store, self._connector.source),
            not_before=not_before(error, self._clock()),
        )
        states.save(self._records, self._name, state)
        if self._state.listing is None:
            states.remove_parts(self._records, self._name)
        if self._progress is not None:
            self._progress(report)
        return SyncReport(
            name=self._name, report=report, listing=run.listing, outcome=outcome, pending=len(self._gone.known),
            failures=len(self._failures.known),
        )  # fmt: skip

    def _save_registries(self) -> None:
        if self._gone.changed:
            states.save_gone(self._records, self._name, self._gone.kept())
        if self._failures.changed:
            states.save_failures(self._records, self._name, self._failures.known)
        self._gone.changed = self._failures.changed = False

    def _report(self) -> Report:
        return self._tally.report(time.perf_counter() - self._started)


def _counts(report: Report) -> dict[str, int]:
    names = ("added", "updated", "unchanged", "deleted", "refused_deletions", "skipped", "embedded", "reused")
    return {name: getattr(report, name) for name in names}
