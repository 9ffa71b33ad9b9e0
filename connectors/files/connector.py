"""Files and folders as a source of documents."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import BinaryIO

from ...retrieval.errors import InputError
from ...retrieval.types import Document, Pending, Skip
from .content import UnreadableError
from .entries import Entry, entry_documents
from .limits import Limits
from .mapping import ColumnMap
from .paths import CHANGED, has_changed, kind, open_regular, os_reason, utf8
from .pool import WorkerPool
from .walk import Found, Missed, Rules, patterns, walk


class FilesConnector:
    """A file, or everything below a folder.

    A file is one document, given as Pending so that it is opened only when its size or modification time changed; a
    row of a table (csv, tsv, json, jsonl, parquet) is one document, given as Document while the table is streamed.
    What cannot be read is given as Skip. Ids are absolute paths, or `name/relative path`; rows add `#key`.

    Args:
        path: The file or folder.
        include: Patterns in `.gitignore` syntax; when given, only files that match one are read.
        exclude: Patterns in `.gitignore` syntax of files and folders that are not read; they win over ignore files.
        name: Makes ids independent of where the folder lies.
        columns: Which column of a table is the `text`, `id`, `title`, `language` or `url`; the rest is guessed.
        limits: How much one document may cost.
        hidden: Also read names that begin with a dot.
        ignore_files: Honour `.interlinguaignore` and `.gitignore` in the tree.
        follow_symlinks: Also follow links that leave the folder.
        translations: Files whose names say their language (`guide.de.md`, `de/guide.md`) get a `translation_group`.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        include: Iterable[str] = (),
        exclude: Iterable[str] = (),
        name: str | None = None,
        columns: Mapping[str, str] | None = None,
        limits: Limits = Limits(),  # noqa: B008 (frozen)
        hidden: bool = False,
        ignore_files: bool = True,
        follow_symlinks: bool = False,
        translations: bool = True,
    ) -> None:
        # normpath, not resolve: ids must not change when a link on the way to the folder does.
        self._root = os.path.normpath(Path(path).absolute())
        self._name = name
        self._limits = limits
        self._translations = translations
        self._columns = ColumnMap(columns)
        self._rules = Rules(
            include=patterns([*include], option="include"),
            exclude=patterns([*exclude], option="exclude"),
            hidden=hidden,
            ignore_files=ignore_files,
            follow_symlinks=follow_symlinks,
        )

    @property
    def source(self) -> str:
        """`files:` and the absolute path, or the name."""
        return f"files:{self._name if self._name is not None else utf8(self._root)}"

    @property
    def complete(self) -> bool:
        """True, what is not listed is not there; False with `include`, which looks at a part of the folder only."""
        return self._rules.include is None

    def documents(self) -> Iterator[Document | Pending | Skip]:
        """All documents in the order of their paths. Raises InputError when the file or folder does not exist."""
        try:
            status = Path(self._root).stat()
        except OSError as error:
            raise InputError(
                f"cannot read {utf8(self._root)}: {os_reason(error)}. Give the path of a file or folder that exists."
            ) from error
        if stat.S_ISDIR(status.st_mode):
            return self._convert(walk(self._root, self._rules), self._root)
        folder, name = os.path.split(self._root)
        entry: Found | Missed = Missed(name, f"not a file but a {kind(status.st_mode)}")
        if stat.S_ISREG(status.st_mode):
            entry = Found(self._root, name, status.st_size, status.st_mtime_ns)
        return self._convert(iter([entry]), folder)

    def _convert(self, entries: Iterator[Found | Missed], folder: str) -> Iterator[Document | Pending | Skip]:
        # The pool belongs to this run and to the Pendings that come out of it: its workers end with the last of them.
        pool = WorkerPool(self._limits)
        for entry in entries:
            document_id = self._id(entry.relative, folder)
            if isinstance(entry, Missed):
                suffix = "/" if entry.folder and not document_id.endswith("/") else ""
                yield Skip(id=document_id + suffix, reason=entry.reason, prefix=entry.folder)
                continue
            yield from entry_documents(
                Entry(
                    document_id=document_id,
                    relative=utf8(entry.relative),
                    size=entry.size,
                    revision=f"{entry.size}-{entry.mtime_ns}",
                    local=partial(_here, entry.path),
                    stream=partial(_streamed, entry),
                    url=Path(entry.path).as_uri(),
                ),
                columns=self._columns,
                pool=pool,
                limits=self._limits,
                translations=self._translations,
            )

    def _id(self, relative: str, folder: str) -> str:
        base = self._name if self._name is not None else utf8(folder).rstrip("/")
        return f"{base}/{utf8(relative)}"


def _here(path: str) -> AbstractContextManager[str]:
    return nullcontext(path)


@contextmanager
def _streamed(entry: Found) -> Iterator[BinaryIO]:
    with open_regular(entry.path) as file:
        yield file
    if has_changed(entry.path, entry.size, entry.mtime_ns):  # rows that its writer had not written yet are not gone
        raise UnreadableError(CHANGED)
