"""An object store or a remote file system as a source of documents."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, nullcontext
from functools import partial
from typing import Any
from zipfile import ZipFile

from ...retrieval.types import Document, Pending, Skip
from ..files.entries import Entry, entry_documents
from ..files.limits import Limits
from ..files.mapping import ColumnMap
from ..files.paths import utf8
from ..files.pool import WorkerPool
from ..files.walk import Missed, patterns, skipped_by_name
from .address import WEB, address
from .archives import member, open_zip, zip_entries
from .buckets import bucket_entries
from .faults import Secrets
from .listed import Listed
from .opening import Open, fetched, guarded, spooled
from .redirects import places
from .systems import file_system
from .trees import tree_entries


class RemoteConnector:
    """Everything below a folder of an object store or of a remote file system, or in a zip archive there.

    A file is one document, given as Pending so that it is downloaded only when its ETag (else its modification time and
    size) changed; where a file system knows neither it is downloaded each time. A row of a table (csv, jsonl, parquet…)
    is one document. Ids are canonical URLs, such as `s3://bucket/key`; rows add `#key`. There is no feed of changes: a
    listing costs a request per 1,000 objects, which is little beside reading them.

    Args:
        url: `s3://BUCKET/FOLDER`, `gs://…`, `abfs://…`, `sftp://HOST/FOLDER`, `https://HOST/FOLDER/`, or
            `zip://FOLDER::URL` for what is in a zip archive. No password and no token: those are options.
        options: What the file system of fsspec takes, such as `key`, `secret` and `endpoint_url` for S3. Any value may
            be a secret: none is part of an id, the source or a message.
        include: Patterns in `.gitignore` syntax; when given, only files that match one are read.
        exclude: Patterns in `.gitignore` syntax of files and folders that are not read.
        name: Stands for the URL in ids, so that they do not change when the files move elsewhere.
        columns: Which column of a table is the `text`, `id`, `title`, `language` or `url`; the rest is guessed.
        limits: How much one document may cost; what is larger is not downloaded.
        hidden: Also read names that begin with a dot.
        translations: Files whose names say their language (`guide.de.md`, `de/guide.md`) get a `translation_group`.
        redirect_hosts: Hosts (`name` or `name:port`) that a web server may redirect to, besides itself. They get none
            of the headers and passwords in `options`.
    """

    def __init__(
        self,
        url: str,
        *,
        options: Mapping[str, Any] | None = None,
        include: Iterable[str] = (),
        exclude: Iterable[str] = (),
        name: str | None = None,
        columns: Mapping[str, str] | None = None,
        limits: Limits = Limits(),  # noqa: B008 (frozen)
        hidden: bool = False,
        translations: bool = True,
        redirect_hosts: Iterable[str] = (),
    ) -> None:
        self._address = address(url)
        self._options = dict(options or {})
        self._secrets = Secrets(self._options)
        self._include = patterns([*include], option="include")
        self._exclude = patterns([*exclude], option="exclude")
        self._name = name
        self._columns = ColumnMap(columns)
        self._limits = limits
        self._hidden = hidden
        self._translations = translations
        self._redirect_to = places(redirect_hosts)

    @property
    def source(self) -> str:
        """The canonical URL, or `remote:` and the name."""
        return f"remote:{self._name}" if self._name is not None else self._address.name

    @property
    def complete(self) -> bool:
        """True, what is not listed is not there; False with `include`, which looks at a part of it only."""
        return self._include is None

    def documents(self) -> Iterator[Document | Pending | Skip]:
        """All documents, by name.

        Raises SourceError when the place cannot be listed to its end, for good when it is not there or access is
        refused, and MissingExtraError when the library for this kind of place is not installed.
        """
        # The pool belongs to this run and to the Pendings that come out of it: its workers end with the last of them.
        pool = WorkerPool(self._limits)
        with self._secrets.told(self.source):
            for listed, stream in self._listing():
                if not self._wanted(listed.relative):
                    continue
                document_id = self._id(listed.relative)
                if isinstance(listed, Missed):
                    suffix = "/" if listed.folder else ""
                    yield Skip(id=document_id + suffix, reason=listed.reason, prefix=listed.folder)
                    continue
                entry = self._entry(document_id, listed, stream)
                yield from entry_documents(
                    entry, columns=self._columns, pool=pool, limits=self._limits, translations=self._translations
                )

    def _listing(self) -> Iterator[tuple[Listed | Missed, Open]]:
        """What is there, each file with how to open it."""
        fs = file_system(self._address, self._options, self._redirect_to)
        # What is asynchronous inside serves many threads; of SFTP and the like, one connection serves one at a time.
        lock: AbstractContextManager[Any] = nullcontext() if fs.async_impl else threading.Lock()

        # A web server need not know how to begin in the middle of a file.
        given = {"block_size": 0} if self._address.scheme in WEB else {}

        def opener(path: str) -> Open:
            return partial(guarded, partial(fs.open, path, "rb", **given), self._secrets, lock)

        root = fs._strip_protocol(self._address.url)
        if self._address.inside is not None:
            archive = self._archive(opener(root))
            for entry in zip_entries(archive, self._address.inside):
                yield entry, partial(member, archive, getattr(entry, "path", ""))
            return
        entries = (
            bucket_entries(fs, self._address.url)
            if self._address.bucket
            else tree_entries(fs, root, enters=self._enters, lock=lock, web=self._address.web)
        )
        for entry in entries:
            yield entry, opener(getattr(entry, "path", ""))

    def _archive(self, stream: Open) -> ZipFile:
        """The archive, open for as long as someone holds it."""
        if self._address.scheme in WEB:
            stream = partial(spooled, stream, size=None, limit=self._limits.max_archive_bytes)
        with ExitStack() as stack:
            archive = open_zip(stack.enter_context(stream()), self._limits, self.source)
            weakref.finalize(archive, stack.pop_all().close)
        return archive

    def _entry(self, document_id: str, listed: Listed, stream: Open) -> Entry:
        local = partial(fetched, stream, size=listed.size, limit=self._limits.max_file_bytes)
        if self._address.inside is not None or self._address.web:
            # To go back in a compressed member is to decompress it from its beginning.
            stream = partial(spooled, stream, size=listed.size, limit=self._limits.max_archive_bytes)
        return Entry(
            document_id=document_id,
            relative=utf8(listed.relative or self._address.name.rpartition("/")[2]),
            size=listed.size,
            revision=listed.revision,
            local=local,
            stream=stream,
            url=document_id if self._name is None and self._address.web else None,
        )

    def _enters(self, folder: str) -> bool:
        return self._wanted(folder + "/")

    def _wanted(self, relative: str) -> bool:
        """Whether a path below the root (a folder ends in "/") is to be listed."""
        if any(skipped_by_name(part, hidden=self._hidden) for part in relative.split("/") if part not in (".", "..")):
            return False
        if self._exclude is not None and self._exclude.check_file(relative).include:
            return False
        return self._include is None or relative.endswith("/") or bool(self._include.check_file(relative).include)

    def _id(self, relative: str) -> str:
        base = self._address.name if self._name is None else self._name
        return f"{base}/{utf8(relative)}" if relative else base
