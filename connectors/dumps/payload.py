"""What a server sent, out of the record that holds it."""

from __future__ import annotations

from collections.abc import Iterator
from email.message import Message
from typing import Any, BinaryIO

from ..files.compression import blocks
from ..files.content import UnreadableError
from ..files.encoding import decode
from ..files.limits import Limits
from .captures import Capture


def copy_payload(file: BinaryIO, capture: Capture, target: Any, limits: Limits) -> None:
    """The payload of a capture, without the codings of its transfer. Raises UnreadableError."""
    from warcio.archiveiterator import ArchiveIterator
    from warcio.exceptions import ArchiveLoadFailed

    try:
        record = next(ArchiveIterator(_Bytes(blocks(file, limits, capture.place)), check_digests=True))
        if record.rec_headers.get_header("WARC-Record-ID") != capture.record_id:
            raise UnreadableError("the file has changed while it was read: the next run reads it again")
        payload, data = record.content_stream(), bytearray()
        while len(data) <= limits.max_file_bytes and (part := payload.read(1 << 18)):
            data += part
    except (ArchiveLoadFailed, StopIteration, EOFError, ValueError) as error:
        raise UnreadableError(f"damaged record: {error}") from None
    if len(data) > limits.max_file_bytes:
        raise UnreadableError(f"more than {limits.max_file_bytes:,} bytes (Limits.max_file_bytes)")
    _check_digest(record)
    charset = _charset(capture.content_type)
    if charset is not None and not capture.content_type.startswith("application/pdf"):
        # The header wins over what the page says of itself; a byte order mark tells that to whoever reads the file.
        text = decode(bytes(data), declared=charset).text.removeprefix("\ufeff")
        target.write(b"\xef\xbb\xbf" + text.encode("utf-8", "replace"))
    else:
        target.write(data)


def _check_digest(record: Any) -> None:
    """Raise UnreadableError when the record is not what was written.

    The digest of the payload counts only where there is none of the whole record: crawlers have computed it with and
    without the codings of the transfer.
    """
    checker = record.digest_checker
    if checker is None or checker.passed is not False:
        return
    whole = record.rec_headers.get_header("WARC-Block-Digest") is not None
    failed = "block digest failed" if whole else "payload digest failed"
    if any(problem.startswith(failed) for problem in checker.problems):
        raise UnreadableError("damaged record: its digest is another")


class _Bytes:
    """Blocks as the file that warcio reads: only forwards."""

    def __init__(self, parts: Iterator[Any]) -> None:
        self._parts = parts
        self._rest = b""
        self._read = 0

    def read(self, size: int = -1) -> bytes:
        while not self._rest or size < 0:
            block = next(self._parts, None)
            if block is None:
                break
            self._rest += block.data
        size = len(self._rest) if size < 0 else size
        taken, self._rest = self._rest[:size], self._rest[size:]
        self._read += len(taken)
        return taken

    def tell(self) -> int:
        return self._read


def _charset(content_type: str) -> str | None:
    message = Message()
    message["content-type"] = content_type
    found = message.get_param("charset")
    return found if isinstance(found, str) and found else None
