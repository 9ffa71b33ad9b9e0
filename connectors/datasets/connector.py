"""Datasets: every row of one table or many is a document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...retrieval.errors import ConfigurationError
from ...retrieval.types import Checkpoint, Document, Gone, Pending, Skip
from ..files.compression import SUFFIXES, decompressed
from ..files.content import UnreadableError
from ..files.limits import Limits
from ..files.mapping import ColumnMap
from ..files.paths import open_regular, utf8
from ..files.registry import for_extension
from ..files.tables.documents import table_rows
from ..files.values import as_language
from ..filesets.changes import Fileset, Mark
from ..filesets.listing import Paths, SourceFile, as_paths, source_name

_FORMATS = {"parquet": "parquet", "jsonl": "jsonl", "csv": "csv", "tsv": "csv", "json": "json", "ndjson": "jsonl"}
_TABLES = tuple(f".{extension}" for extension in _FORMATS)
_FOLDER_SUFFIXES = (*_TABLES, *(table + packed for table in _TABLES if table != ".parquet" for packed in SUFFIXES))


class DatasetConnector:
    """Rows of tables, streamed in constant memory, whatever their number.

    The id of a row is its file, `#` and what stands in its id column, or else a digest of what it holds, so that rows
    may be sorted and inserted anywhere; equal rows of a file are then one document. What cannot be read is given as
    Skip. A listing that broke off goes on at the row where it was; a file that is new is read alone, and one that has
    changed has all of them listed again, since only that tells which of its rows are gone.

    Args:
        paths: A file, a pattern (`data/**/part-*.parquet`), a folder (every table below it), or several of them.
        columns: Which column is the `text`, `id`, `title`, `language` or `url`; the rest is guessed from the names,
            and `""` switches a guess off.
        metadata: The columns that are kept as metadata; all by default. Of Parquet, others are not even read.
        language: BCP-47 tag of all rows that do not name their own, where it is certain.
        name: Makes ids independent of where the files lie: `name/part.parquet#key`.
        row_numbers: Rows without an id column are called by their number. Only for tables that are never changed but
            at their end.
        format: `parquet`, `jsonl`, `csv` or `json`, for files whose names do not say it.
        checkpoint_every: Rows between two places where a listing that broke off can go on.
        limits: How much one row may cost.
    """

    def __init__(
        self,
        paths: Paths,
        *,
        columns: Mapping[str, str] | None = None,
        metadata: Iterable[str] | None = None,
        language: str | None = None,
        name: str | None = None,
        row_numbers: bool = False,
        format: str | None = None,
        checkpoint_every: int = 5_000,
        limits: Limits = Limits(),  # noqa: B008 (frozen)
    ) -> None:
        if format is not None and format not in _FORMATS:
            raise ConfigurationError(f"format is {format!r}. Known: {', '.join(sorted(_FORMATS))}.")
        if language is not None and as_language(language) is None:
            raise ConfigurationError(f"language is {language!r}, not a BCP-47 tag such as 'de' or 'zh-Hant'.")
        self._paths = as_paths(paths, example="a file, a folder or a pattern such as data/*.parquet")
        self._name = name
        self._columns = ColumnMap(columns)
        self._metadata = None if metadata is None else frozenset(metadata)
        self._language = as_language(language)
        self._row_numbers = row_numbers
        self._format = format
        self._every = max(1, checkpoint_every)
        self._limits = limits
        options = {"columns": dict(columns or {}), "metadata": sorted(self._metadata or ()), "format": format}
        self._files = Fileset(
            paths=self._paths,
            name=name,
            suffixes=_FOLDER_SUFFIXES,
            contained=True,
            settings={**options, "all": metadata is None, "language": language, "numbers": row_numbers, "name": name},
            read=self._rows,
        )

    @property
    def source(self) -> str:
        """`dataset:` and the name, or the absolute paths as they were given."""
        return source_name("dataset", self._name, self._paths)

    @property
    def complete(self) -> bool:
        """True: a row that is not listed is not there."""
        return True

    def documents(self) -> Iterator[Document | Pending | Skip]:
        """All rows, file by file. Raises SourceError when a file is not there or a folder cannot be listed."""
        return self._files.items()

    def changes(self, since: str | None) -> Iterator[Document | Pending | Skip | Gone | Checkpoint]:
        """As `Incremental.changes`; a checkpoint every `checkpoint_every` rows and after every file."""
        return self._files.changes(since)

    def _rows(self, file: SourceFile, place: Any) -> Iterator[Document | Skip | Mark]:
        after = int(place or 0)
        basename = Path(file.path).name
        with open_regular(file.path) as raw:
            rows = table_rows(
                decompressed(raw, self._limits),
                extension=self._extension(basename),
                table_id=file.name,
                url=Path(file.path).as_uri(),
                facts={"path": utf8(basename)},
                columns=self._columns,
                limits=self._limits,
                numbered=self._row_numbers,
                metadata=self._metadata,
            )
            for number, item in rows:
                if number <= after:
                    continue  # read again for its id alone: a later row may have the same
                if isinstance(item, Document) and item.language is None and self._language is not None:
                    item = replace(item, language=self._language)
                yield item
                if number % self._every == 0:
                    yield Mark(number)

    def _extension(self, name: str) -> str:
        if self._format is not None:
            return _FORMATS[self._format]
        stem = next((name[: -len(suffix)] for suffix in SUFFIXES if name.lower().endswith(suffix)), name)
        extension = Path(stem).suffix.lower().removeprefix(".")
        known = for_extension(extension)
        if known is None or not known.table:
            raise UnreadableError(
                f"not a table by its name: {', '.join(_TABLES)} are, also followed by {', '.join(SUFFIXES)}; "
                "or say what it is with format="
            )
        return extension
