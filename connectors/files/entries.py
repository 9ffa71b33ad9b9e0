"""A file that a source lists, as documents: the rows of a table, or one document that is read when it has changed.

What connectors share that list files somewhere (a folder, a bucket, a commit), wherever the bytes come from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import PurePosixPath
from typing import BinaryIO

from ...retrieval.types import TRANSLATION_GROUP, Document, Pending, Skip
from .content import UnreadableError
from .limits import Limits
from .mapping import ColumnMap
from .paths import os_reason
from .pool import WorkerPool
from .reading import other_revisions, read_document
from .registry import for_extension
from .tables.documents import table_documents
from .versions import named

_MARK = "version"
"""Ends the revision of a file that has a `translation_group`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A file in a listing.

    `relative` is its path below what is read, with `/`; `size` in bytes, None when it is not known; `revision` as in
    `Pending`. `local` gives a path on this machine under which the file can be read while it is entered, `stream` the
    file itself, opened; both raise UnreadableError or OSError with what is wrong with this file alone.
    """

    document_id: str
    relative: str
    size: int | None
    revision: str
    local: Callable[[], AbstractContextManager[str]]
    stream: Callable[[], AbstractContextManager[BinaryIO]]
    url: str | None = None
    group: str | None = None
    """The id that the original would have of which this is a version in some language."""


def entry_documents(
    entry: Entry, *, columns: ColumnMap, pool: WorkerPool, limits: Limits, translations: bool = True
) -> Iterator[Document | Pending | Skip]:
    """The documents of one file: rows are streamed now, anything else is Pending; too large or empty is a Skip.

    With `translations`, a file whose name says its language gets a `translation_group`; see `grouped`.
    """
    if translations:
        entry = grouped(entry)
    known = for_extension(extension(entry.relative))
    if known is not None and known.table:
        yield from _rows(entry, columns, limits)
    elif entry.size == 0:
        yield Skip(id=entry.document_id, reason="empty: no text")
    elif entry.size is not None and entry.size > limits.max_file_bytes:
        limit = f"{limits.max_file_bytes:,} (Limits.max_file_bytes)"
        yield Skip(id=entry.document_id, reason=f"has {entry.size:,} bytes, more than {limit}")
    else:
        read = partial(_read, entry, pool, limits)
        also = other_revisions(entry.revision, extension(entry.relative), pool, limits)
        yield Pending(id=entry.document_id, revision=entry.revision, read=read, also=also)


def grouped(entry: Entry) -> Entry:
    """`entry` with the group that its name says, and in a revision of its own: what was stored without is read again.

    The group is the id that the file without a language would have, so that the original needs no mark, and no document
    changes when a version of it comes or goes.
    """
    said = named(entry.relative)
    if said is None or not entry.document_id.endswith(entry.relative):
        return entry
    group = entry.document_id.removesuffix(entry.relative) + said.original
    return replace(entry, group=group, revision=f"{entry.revision} {_MARK}" if entry.revision else "")


def extension(name: str) -> str:
    """The extension of a file, lower case and without the dot."""
    return PurePosixPath(name).suffix.lower().removeprefix(".")


def _read(entry: Entry, pool: WorkerPool, limits: Limits) -> Document | Skip:
    try:
        with entry.local() as path:
            found = read_document(
                path,
                document_id=entry.document_id,
                extension=extension(entry.relative),
                url=entry.url,
                revision=entry.revision,
                facts={"path": entry.relative},
                pool=pool,
                limits=limits,
            )
    except UnreadableError as error:
        return Skip(id=entry.document_id, reason=str(error))
    except OSError as error:
        return Skip(id=entry.document_id, reason=os_reason(error))
    if entry.group is None or not isinstance(found, Document):
        return found
    return replace(found, metadata={TRANSLATION_GROUP: entry.group, **found.metadata})  # what the file says counts


def _rows(entry: Entry, columns: ColumnMap, limits: Limits) -> Iterator[Document | Skip]:
    broken: str | None = None
    try:
        with entry.stream() as file:
            yield from table_documents(
                file,
                extension=extension(entry.relative),
                table_id=entry.document_id,
                url=entry.url,
                facts={"path": entry.relative},
                columns=columns,
                limits=limits,
                group=entry.group,
            )
    except UnreadableError as error:
        broken = str(error)
    except OSError as error:
        broken = os_reason(error)
    if broken is not None:
        yield Skip(id=f"{entry.document_id}#", reason=broken, prefix=True)
