"""Web archives: the pages of WARC files."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from functools import partial
from typing import Any

from ...retrieval.errors import ConfigurationError, CursorLostError, MissingExtraError, SourceError
from ...retrieval.types import Checkpoint, Document, Gone, Pending, Skip
from ..files.content import UnreadableError
from ..files.limits import Limits
from ..files.paths import CHANGED, open_regular, os_reason
from ..files.pool import WorkerPool
from ..files.reading import other_revisions, read_document
from ..filesets.cursor import digests_of, settings_digest
from ..filesets.listing import Paths, SourceFile, as_paths, list_files, source_name
from .captures import Capture, Captures
from .payload import copy_payload
from .records import Damage, Record, page_uri, records

_SUFFIXES = (".warc", ".warc.gz", ".warc.zst")
_TYPES = ("response", "resource", "conversion")
_OFFICE = "application/vnd.openxmlformats-officedocument."
_EXTENSIONS = {
    "": "",
    "text/html": "html",
    "application/xhtml+xml": "html",
    "text/plain": "txt",
    "text/markdown": "md",
    "application/pdf": "pdf",
    "application/rtf": "rtf",
    "text/rtf": "rtf",
    "application/epub+zip": "epub",
    "application/msword": "doc",
    f"{_OFFICE}wordprocessingml.document": "docx",
    f"{_OFFICE}presentationml.presentation": "pptx",
    f"{_OFFICE}spreadsheetml.sheet": "xlsx",
    "application/vnd.oasis.opendocument.text": "odt",
}
"""What is read of the web; pictures, programs and the like are passed over."""


class WarcConnector:
    """The pages in WARC 1.0 and 1.1 files, such as crawlers and web archives write, compressed or not.

    The id of a page is its URL. Of several captures the newest with status 200 counts; the files are read once to find
    it, and then only its record is. What is damaged or cut off is skipped and nothing is deleted as long as it is. A
    page of which there are only revisit records (found unchanged, not stored again) is skipped: what is stored stays.

    Needs the extra `dumps`.

    Args:
        paths: A file, a pattern, a folder (all `.warc` and `.warc.gz` below it), or several.
        records: The types of records that are read: `response` (pages as they came), `resource` (files that were
            stored), `conversion` (texts that somebody extracted, as in WET files).
        name: What the source is called, in place of its paths.
        checkpoint_every: Pages between two places where a listing that broke off can go on.
        limits: How much one page may cost.
    """

    def __init__(
        self,
        paths: Paths,
        *,
        records: Iterable[str] = ("response", "resource"),
        name: str | None = None,
        checkpoint_every: int = 500,
        limits: Limits = Limits(),  # noqa: B008 (frozen)
    ) -> None:
        self._types = frozenset(records)
        if unknown := self._types - set(_TYPES):
            raise ConfigurationError(f"records has {sorted(unknown)}. Known: {', '.join(_TYPES)}.")
        self._paths = as_paths(paths, example="a file such as crawl.warc.gz, a folder or a pattern")
        self._name = name
        self._every = max(1, checkpoint_every)
        self._limits = limits

    @property
    def source(self) -> str:
        """`warc:` and the name, or the absolute paths as they were given."""
        return source_name("warc", self._name, self._paths)

    @property
    def complete(self) -> bool:
        """True: a page that is in none of the files is not there."""
        return True

    def documents(self) -> Iterator[Document | Pending | Skip]:
        """All pages, in the order of the files. Raises SourceError when a file cannot be opened."""
        for item in self.changes(None):
            if not isinstance(item, Checkpoint | Gone):
                yield item

    def changes(self, since: str | None) -> Iterator[Document | Pending | Skip | Gone | Checkpoint]:
        """As `Incremental.changes`; whatever changes among the files has all of them listed anew."""
        _require_warcio()
        files = list_files(self._paths, name=None, suffixes=_SUFFIXES)
        state = {"v": 1, "settings": settings_digest({"records": sorted(self._types)}), "files": digests_of(files)[-1]}
        after = _after(since, state)
        if after is not None:
            with closing(Captures()) as captures:
                yield from self._list(files, captures)
                pool = WorkerPool(self._limits)
                for number, capture in enumerate(captures, start=1):
                    here = [capture.file, capture.place.member, capture.place.skip]
                    if here <= after:
                        continue
                    read = partial(self._read, files[capture.file], capture, pool)
                    revision = _revision(capture)
                    also = other_revisions(revision, _extension(capture), pool, self._limits)
                    yield Pending(id=capture.uri, revision=revision, read=read, also=also)
                    if number % self._every == 0:
                        yield Checkpoint(cursor=json.dumps(state | {"after": here}))
            changed = [Skip(id=f"{file.name}#", reason=CHANGED) for file in files if file.changed()]
            yield from changed
            if changed:
                yield from _anything("a file changed while it was read")
        yield Checkpoint(cursor=json.dumps(state | {"after": None}))

    def _list(self, files: Sequence[SourceFile], captures: Captures) -> Iterator[Skip]:
        damaged = False
        for index, file in enumerate(files):
            try:
                with open_regular(file.path) as stream:
                    for record in records(stream, self._limits):
                        if isinstance(record, Record):
                            self._add(record, index, captures)
                        else:
                            damaged |= not record.alone or page_uri(record.headers) is None
                            yield _skip(record, file)
            except (OSError, UnreadableError) as error:
                reason = os_reason(error) if isinstance(error, OSError) else str(error)
                raise SourceError(f"cannot read {file.name}: {reason}") from error
        for uri in captures.elsewhere():
            yield Skip(id=uri, reason="a revisit: the page had not changed, and its content is in none of these files")
        if damaged:
            yield from _anything("records that cannot be read may be of any page")

    def _add(self, record: Record, file: int, captures: Captures) -> None:
        headers = record.headers
        uri, kind = page_uri(headers), headers.get("warc-type", "")
        media = record.content_type.partition(";")[0].strip().lower()
        if uri is None or media not in _EXTENSIONS:
            return
        if kind == "revisit" and "response" in self._types and record.status in (None, 200, 304):
            captures.add_revisit(uri)
        if kind not in self._types or (kind == "response" and record.status != 200):
            return
        captures.add(
            Capture(
                uri=uri,
                date=headers.get("warc-date", ""),
                file=file,
                place=record.place,
                record_id=headers.get("warc-record-id", ""),
                digest=headers.get("warc-payload-digest") or headers.get("warc-block-digest", ""),
                content_type=record.content_type,
            )
        )

    def _read(self, file: SourceFile, capture: Capture, pool: WorkerPool) -> Document | Skip:
        try:
            with open_regular(file.path) as stream, tempfile.NamedTemporaryFile(prefix="interlingua-") as page:
                copy_payload(stream, capture, page, self._limits)
                page.flush()
                return read_document(
                    page.name,
                    document_id=capture.uri,
                    extension=_extension(capture),
                    url=capture.uri,
                    revision=_revision(capture),
                    facts={"captured": capture.date, "record_id": capture.record_id.strip("<>")},
                    pool=pool,
                    limits=self._limits,
                )
        except UnreadableError as error:
            return Skip(id=capture.uri, reason=str(error))
        except OSError as error:
            return Skip(id=capture.uri, reason=os_reason(error))


def _extension(capture: Capture) -> str:
    return _EXTENSIONS[capture.content_type.partition(";")[0].strip().lower()]


def _revision(capture: Capture) -> str:
    return f"{capture.digest or capture.record_id} {capture.date}"


def _skip(damage: Damage, file: SourceFile) -> Skip:
    uri = page_uri(damage.headers)
    return Skip(id=uri if uri is not None else f"{file.name}#", reason=f"{file.name}: {damage.reason}")


def _anything(reason: str) -> Iterator[Skip]:
    reason = f"{reason}: nothing is deleted in this run"
    yield from (Skip(id=f"{scheme}://", reason=reason, prefix=True) for scheme in ("http", "https"))


def _after(since: str | None, state: dict[str, Any]) -> list[int] | None:
    """Behind which capture to go on; None when all were given. Raises CursorLostError."""
    if since is None:
        return [-1, 0, 0]
    try:
        values = json.loads(since)
        after = values.pop("after")
    except (ValueError, KeyError, AttributeError, TypeError):
        raise CursorLostError("the cursor is not one of this connector: everything is listed again") from None
    if values != state or not (after is None or isinstance(after, list)):
        raise CursorLostError("the files or the options have changed: everything is listed again")
    return after


def _require_warcio() -> None:
    try:
        import warcio  # noqa: F401
    except ImportError:
        raise MissingExtraError("warcio", "dumps") from None
