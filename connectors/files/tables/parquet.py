"""Parquet, through pyarrow (the extra `datasets`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

from ....retrieval.errors import MissingExtraError
from ..content import UnreadableError
from ..limits import Limits
from .row import BadRow, Header, Row

_ALLOWANCE = 100_000
"""Bytes of a row that its texts do not count for."""
_RATIO_FROM = 50_000_000


def rows(
    file: BinaryIO, limits: Limits, *, wanted: Callable[[tuple[str, ...]], tuple[str, ...]] = tuple
) -> Iterator[Header | Row | BadRow]:
    """The columns (those of bytes are left out), then the rows one by one, of the columns that `wanted` picks.

    A page that holds a text once and names it a thousand times is small until it is converted: no more than one row
    is, and none that is larger than the limits allow.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise UnreadableError(str(MissingExtraError("pyarrow", "datasets"))) from None
    number = 0
    try:
        # A buffer makes pyarrow read pages one by one instead of whole column chunks.
        with pq.ParquetFile(file, buffer_size=1 << 20, pre_buffer=False) as table:
            names = wanted(tuple(name for name, kind in _columns(table) if not _is_binary(pa, kind)))
            _check_groups(table.metadata, limits)
            yield Header(names)
            # Rows one by one take 19 us instead of 1, which is nothing beside the embedding.
            for batch in table.iter_batches(batch_size=1, columns=list(names), use_threads=False):
                number += 1
                if batch.nbytes > 4 * limits.max_characters + _ALLOWANCE:
                    yield BadRow(number, f"more than {limits.max_characters:,} characters (Limits.max_characters)")
                else:
                    yield Row(number, batch.to_pylist()[0])
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = str(error).strip().splitlines()[0][:300] if str(error).strip() else type(error).__name__
        raise UnreadableError(f"broke off after {number:,} rows: {reason}") from None


def _check_groups(metadata: Any, limits: Limits) -> None:
    """Refuse row groups that say of themselves that they are bombs.

    Their size alone is no reason: pages are read one by one, and a million rows of text are more than
    `max_archive_bytes`.
    """
    for index in range(metadata.num_row_groups):
        group = metadata.row_group(index)
        packed = sum(group.column(column).total_compressed_size for column in range(group.num_columns))
        if group.total_byte_size > max(_RATIO_FROM, limits.max_archive_ratio * packed):
            raise UnreadableError(
                f"decompression bomb: a row group of {group.total_byte_size:,} bytes, more than "
                f"{limits.max_archive_ratio:g} times its size (Limits.max_archive_ratio)"
            )


def _columns(table: Any) -> Iterator[tuple[str, Any]]:
    schema = table.schema_arrow
    yield from zip(schema.names, schema.types, strict=True)


def _is_binary(pa: Any, kind: Any) -> bool:
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind))
