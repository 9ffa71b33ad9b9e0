"""How much one document may cost before it is skipped."""

from __future__ import annotations

from dataclasses import dataclass, field

from .ocr.options import Ocr


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds on what is read; whatever goes beyond one of them is skipped with that reason.

    They hold for one document: a file, or a row of a table. Tables (csv, jsonl, parquet…) may be of any size, since
    they are streamed.

    Attributes:
        max_file_bytes: Size of a file that is one document.
        max_characters: Length of the text of one document, in code points.
        max_seconds: Time that the worker process may take for one document.
        max_memory_bytes: Address space of a worker process (Linux; elsewhere the operating system decides).
        max_archive_bytes: Sum of the members of a zip container (docx, xlsx, epub…) after decompression.
        max_archive_ratio: Decompressed size by file size; looked at above 50 MB only, since small XML shrinks well.
        max_archive_members: Number of members of a zip container.
        ocr: What may be spent on pages that have to be read from their picture, and how it is done.
    """

    max_file_bytes: int = 200_000_000
    max_characters: int = 20_000_000
    max_seconds: float = 60.0
    max_memory_bytes: int = 1 << 30
    max_archive_bytes: int = 500_000_000
    max_archive_ratio: float = 200.0
    max_archive_members: int = 10_000
    ocr: Ocr = field(default_factory=Ocr)
