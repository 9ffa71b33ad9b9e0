"""The two stages before the model: read what changed, cut it into chunks. Plain generators over batches."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from ..retrieval.chunks import Chunking, Version, cut, document_digest
from ..retrieval.errors import InputError, SourceError
from ..retrieval.protocols import Connector, Known, Store, Tokenizer
from ..retrieval.stores.payload import clean_metadata
from ..retrieval.types import Chunk, Document, Pending, Skip
from .seen import SeenIds

logger = logging.getLogger(__name__)

Kept = Callable[[str], str | None]
"""Why a document that is stored of this source is not taken over by another; None when it may be."""

_REQUIRED = ("id", "text", "revision")
_TEXTS = (*_REQUIRED, "title", "url", "language")

BATCH_DOCUMENTS = 512
BATCH_CHARACTERS = 200_000
"""A batch ends at whichever comes first: some seconds of work for a small model, and a few megabytes in all queues."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """Documents to look at, with what the store knows of each; and what needs no further work."""

    documents: tuple[tuple[Document, Known | None], ...] = ()
    unchanged: int = 0
    skips: tuple[Skip, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One document's chunks. `known`: an older version is stored; `changed`: its text or its metadata differ."""

    chunks: list[Chunk]
    known: bool
    changed: bool

    @property
    def document_id(self) -> str:
        """Id of the document."""
        return self.chunks[0].document_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A batch of planned documents, and what needs no further work."""

    documents: tuple[Planned, ...] = ()
    unchanged: int = 0
    skips: tuple[Skip, ...] = ()


def read(
    connector: Connector, store: Store, *, chunking: Chunking, seen: SeenIds, kept: Kept, readers: int = 2
) -> Iterator[Read]:
    """List the source and read every document that is not stored in the same revision; what is `kept` is a skip."""
    empty = store.count() == 0
    with ThreadPoolExecutor(readers, thread_name_prefix="interlingua-read") as pool:
        for batch in _batches(connector.documents()):
            new, repeated = _first_seen(batch, seen)
            ids = [item.id for item in new if not isinstance(item, Skip) and is_text(item.id)]
            known = {} if empty else store.known(ids)  # which a store refuses as a whole for one that it cannot hold
            others = _of_others(known, connector.source, kept)
            wanted = [
                item
                for item in new
                if isinstance(item, Skip)
                or not (
                    str(item.id) in others
                    or (
                        isinstance(item, Pending)
                        and _same_revision(item, known.get(item.id), connector.source, chunking)
                    )
                )
            ]
            unchanged = len(new) - len(wanted) - len(others)
            yield Read(unchanged=unchanged, skips=(*repeated, *others.values()))
            for results in _read_in_slices(wanted, pool, readers):
                yield Read(
                    documents=tuple((d, known.get(d.id)) for d in results if isinstance(d, Document)),
                    skips=tuple(s for s in results if isinstance(s, Skip)),
                )


def plan(batches: Iterator[Read], *, source: str, chunking: Chunking, tokenizer: Tokenizer | None) -> Iterator[Plan]:
    """Normalise, detect languages and cut; a document that cannot be used becomes a skip."""
    try:
        for batch in batches:
            yield plan_batch(batch, source=source, chunking=chunking, tokenizer=tokenizer)
    finally:
        close = getattr(batches, "close", None)
        if close is not None:
            close()


def plan_batch(batch: Read, *, source: str, chunking: Chunking, tokenizer: Tokenizer | None) -> Plan:
    """What to store for each document of `batch` that is not stored already."""
    unchanged, skips = batch.unchanged, list(batch.skips)
    versions: list[tuple[Version, Known | None, bool]] = []
    now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    for document, known in batch.documents:
        reason = _unusable(document)
        if reason is not None:
            skips.append(Skip(id=str(document.id), reason=reason))
            continue
        version = Version(
            document=document,
            source=known.source if known is not None and related(known.source, source) else source,
            revision=stored_revision(document.revision, chunking),
            digest=document_digest(document, chunking),
            updated=now,
        )
        current = known is not None and known.complete and known.digest == version.digest
        if known is not None and current and (known.revision, known.source) == (version.revision, version.source):
            unchanged += 1
        else:
            versions.append((version, known, current))
    cuts = cut([version for version, _, _ in versions], chunking=chunking, tokenizer=tokenizer)
    documents: list[Planned] = []
    for (version, known, current), chunks in zip(versions, cuts, strict=True):
        if chunks:
            documents.append(Planned(chunks=chunks, known=known is not None, changed=not current))
        else:
            skips.append(Skip(id=version.document.id, reason="no text"))
    return Plan(documents=tuple(documents), unchanged=unchanged, skips=tuple(skips))


def _unusable(document: Document) -> str | None:
    """Why a document cannot be stored; found here, for it alone, rather than in the middle of a batch."""
    for name in _TEXTS:
        value = getattr(document, name)
        if not isinstance(value, str) and (value is not None or name in _REQUIRED):
            return f"its {name} is {value!r} ({type(value).__name__}), not a text"
    if not document.id:
        return "the document has an empty id"
    try:
        f"{document.id}{document.url}{document.revision}".encode()
        clean_metadata(document.metadata)
    except UnicodeEncodeError:
        return "its id, url or revision holds half a character (a lone surrogate)"
    except InputError as error:
        return str(error)
    return None


def is_text(document_id: str) -> bool:
    """Whether it can be the id of something stored: half a character (a lone surrogate) cannot be."""
    try:
        document_id.encode()
    except (UnicodeEncodeError, AttributeError):
        return False
    return True


def related(stored: str, source: str) -> bool:
    """Whether one source lies within the other (`files:/docs` and `files:/docs/a.txt`), or they are the same.

    A document keeps the source it was stored under when it comes in again through a related one.
    """
    return stored == source or stored.startswith(source + "/") or source.startswith(stored + "/")


def stored_revision(revision: str, chunking: Chunking) -> str:
    """The revision as it is stored: with the chunking settings, so that changing those reads everything again."""
    return f"{revision} {chunking.key}" if revision else ""


def _same_revision(item: Pending, known: Known | None, source: str, chunking: Chunking) -> bool:
    return (
        known is not None
        and known.complete
        and related(known.source, source)
        and bool(item.revision)
        and known.revision in [stored_revision(revision, chunking) for revision in (item.revision, *item.also)]
    )


def _of_others(known: Mapping[str, Known], source: str, kept: Kept) -> dict[str, Skip]:
    """What is stored of unrelated sources that keep it, by id; so that two that list the same do not take turns."""
    reasons = {name: kept(name) for name in {one.source for one in known.values()} if not related(name, source)}
    return {
        document_id: Skip(id=document_id, reason=reason)
        for document_id, one in known.items()
        if (reason := reasons.get(one.source)) is not None
    }


def _read_in_slices(
    items: list[Document | Pending | Skip], pool: ThreadPoolExecutor, readers: int
) -> Iterator[list[Document | Skip]]:
    """Read a few at a time and hand on as soon as there is a batch: whole batches of long documents fill memory."""
    if not any(isinstance(item, Pending) for item in items):
        if items:
            yield [_read_one(item) for item in items]
        return
    done: list[Document | Skip] = []
    characters = 0
    for first in range(0, len(items), 2 * readers):
        results = list(pool.map(_read_one, items[first : first + 2 * readers]))
        done += results
        characters += sum(map(_length, results))
        if characters >= BATCH_CHARACTERS:
            yield done
            done, characters = [], 0
    if done:
        yield done


def _read_one(item: Document | Pending | Skip) -> Document | Skip:
    if not isinstance(item, Pending):
        return item
    try:
        return item.read()
    except SourceError:  # nothing more can be read: neither is this document at fault nor are those after it
        raise
    except (InputError, OSError) as error:
        return Skip(id=item.id, reason=str(error))
    except Exception as error:  # a connector's mistake costs this document, not the run
        logger.exception("reading %s failed", item.id)
        return Skip(id=item.id, reason=f"{type(error).__name__}: {error}")


def _first_seen(
    batch: list[Document | Pending | Skip], seen: SeenIds
) -> tuple[list[Document | Pending | Skip], list[Skip]]:
    new: list[Document | Pending | Skip] = []
    repeated: list[Skip] = []
    for item, first in zip(batch, seen.add([str(item.id) for item in batch]), strict=True):
        if first or isinstance(item, Skip):
            new.append(item)
        else:
            repeated.append(Skip(id=item.id, reason="another document of this run has the same id; the first is kept"))
    return new, repeated


def _batches(items: Iterator[Document | Pending | Skip]) -> Iterator[list[Document | Pending | Skip]]:
    batch: list[Document | Pending | Skip] = []
    characters = 0
    for item in items:
        batch.append(item)
        characters += _length(item)
        if len(batch) >= BATCH_DOCUMENTS or characters >= BATCH_CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


def _length(item: Document | Pending | Skip) -> int:
    text = item.text if isinstance(item, Document) else ""
    return len(text) if isinstance(text, str) else 0  # what is no text is reported later
