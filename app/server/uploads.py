"""Files of a multipart form, written to disk as they arrive: no more of them is in memory than one read."""

from __future__ import annotations

import asyncio
import unicodedata
from pathlib import Path
from typing import IO, Any

from fastapi import Request
from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header

from .errors import RequestError
from .limits import Limits, at_most

_NAME_BYTES = 200
_FIELD_BYTES = 10_000


async def receive(request: Request, folder: Path, limits: Limits) -> int:
    """Write every file of a form to `folder/NUMBER/NAME`; how many there were.

    Raises RequestError: 415 for another type of body, 400 for a damaged form, 413 and 422 beyond the limits.
    """
    kind, options = parse_options_header(request.headers.get("content-type"))
    boundary = options.get(b"boundary")
    if kind != b"multipart/form-data" or not boundary:
        raise RequestError(415, "invalid_request", "Files are sent as multipart/form-data.")
    form = _Form(folder, limits)
    try:
        parser = MultipartParser(boundary, form.callbacks())  # type: ignore[arg-type]  # a TypedDict of the same
        async for part in request.stream():
            await asyncio.to_thread(parser.write, part)  # writes to disk
        parser.finalize()
    except FormParserError:
        raise RequestError(400, "invalid_request", "The form cannot be read: it is damaged or cut off.") from None
    finally:
        form.close()
    if not form.ended:
        raise RequestError(400, "invalid_request", "The form is cut off.")
    return form.count


class _Form:
    """What the parser calls; one file is open at a time."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        self._folder = folder
        self._limits = limits
        self._header = (b"", b"")
        self._disposition = b""
        self._file: IO[bytes] | None = None
        self._bytes = 0
        self.count = 0
        self.ended = False

    def callbacks(self) -> dict[str, Any]:
        return {
            "on_part_begin": self._begin,
            "on_header_field": lambda data, start, end: self._grow(0, data[start:end]),
            "on_header_value": lambda data, start, end: self._grow(1, data[start:end]),
            "on_header_end": self._header_end,
            "on_headers_finished": self._open,
            "on_part_data": lambda data, start, end: self._write(data[start:end]),
            "on_part_end": self.close,
            "on_end": self._end,
        }

    def _begin(self) -> None:
        self._header, self._disposition, self._bytes = (b"", b""), b"", 0

    def _grow(self, part: int, data: bytes) -> None:
        name, value = self._header
        self._header = (name + data, value) if part == 0 else (name, value + data)

    def _header_end(self) -> None:
        name, value = self._header
        if name.lower() == b"content-disposition":
            self._disposition = value
        self._header = (b"", b"")

    def _open(self) -> None:
        _, options = parse_options_header(self._disposition)
        given = options.get(b"filename")
        if given is None:  # a field that is no file: read and dropped
            return
        self.count += 1
        at_most(self.count, self._limits.documents, what="Files", setting="max_documents")
        place = self._folder / f"{self.count:06d}"
        place.mkdir()
        self._file = (place / safe_name(given)).open("wb")

    def _write(self, data: bytes) -> None:
        self._bytes += len(data)
        most = self._limits.file_bytes if self._file is not None else _FIELD_BYTES
        if self._bytes > most:
            raise RequestError(413, "too_large", f"A file, or another part of the form, has more than {most:,} bytes.")
        if self._file is not None:
            self._file.write(data)

    def _end(self) -> None:
        self.ended = True

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def safe_name(given: bytes) -> str:
    """The last part of a file's name, as it may stand on disk and in an id: no folder, no control character, NFC.

    Bytes that are not UTF-8 become U+FFFD; a name that is too long for a disk loses its middle and keeps its end.
    """
    text = unicodedata.normalize("NFC", given.decode("utf-8", "replace")).replace("\\", "/").rpartition("/")[2]
    kept = "".join(c for c in text if unicodedata.category(c) not in ("Cc", "Cs", "Zl", "Zp")).strip()
    if len(kept.encode()) > _NAME_BYTES:
        stem, dot, ending = kept.rpartition(".")
        ending = dot + ending if stem and len(ending.encode()) <= 20 else ""
        stem = (stem if ending else kept).encode()[: _NAME_BYTES - len(ending.encode())].decode("utf-8", "ignore")
        kept = stem + ending
    return kept if kept.strip(".") else "file"
