"""What goes to the server: JSON, batches, forms, names in paths."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ...retrieval.errors import InputError
from ...retrieval.types import Document
from .values import Job

BATCH = 100
"""Documents, texts and passages of one request at most; a server's own limits are a thousand, and 100 passages."""
BATCH_BYTES = 4 << 20
"""Of documents in one request; a server takes 10 MB."""


def encode(value: Any) -> bytes:
    """Compact JSON in UTF-8; dates as ISO 8601. Raises InputError for what JSON does not have."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_plain)
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(f"This cannot be sent as JSON: {error}. Use texts, numbers, dates, lists, mappings.") from None
    return text.encode("utf-8", "backslashreplace")  # half a character as an escape, as JSON allows


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, dt.date):
        return value.isoformat()
    raise TypeError(f"a {type(value).__name__}")


def sent(document: Document) -> dict[str, Any]:
    """A document as the server takes it; it finds out by itself what has changed, so the revision stays here."""
    names = ("id", "text", "title", "url", "language", "metadata")
    return {name: getattr(document, name) for name in names}


def batches(documents: Iterable[Document]) -> Iterator[list[bytes]]:
    """Documents as JSON, as many at a time as one request may have."""
    batch: list[bytes] = []
    size = 0
    for document in documents:
        written = encode(sent(document))
        if batch and (len(batch) == BATCH or size + len(written) > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(written)
        size += len(written)
    if batch:
        yield batch


def parts(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """Texts, as many at a time as one request may have."""
    for start in range(0, len(texts), BATCH):
        yield texts[start : start + BATCH]


def named_once(paths: Iterable[str | Path]) -> list[Path]:
    """Files of which no two have the same name. Raises InputError."""
    files = [Path(path) for path in paths]
    same = [name for name, count in Counter(path.name for path in files).items() if count > 1]
    if same or not files:
        fault = f"Two files are called {same[0]}, and would be one document." if same else "There is no file."
        raise InputError(f"{fault} Give one file or more, each of another name.")
    return files


def form(paths: Sequence[Path], opened: ExitStack) -> list[Any]:
    """The files, open; httpx reads them as it sends them."""
    try:
        for path in paths:
            path.name.encode()
        return [("files", (path.name, opened.enter_context(path.open("rb")))) for path in paths]
    except UnicodeEncodeError:
        raise InputError(f"The name {path.name!r} is no UTF-8, as an id has to be. Rename the file.") from None
    except OSError as error:
        raise InputError(f"{error.filename} cannot be read: {error.strerror}. Give the paths of files.") from error


def place(job: Job | str) -> str:
    """The path of a job."""
    return f"/jobs/{quoted(job.id if isinstance(job, Job) else job)}"


def quoted(name: str) -> str:
    """`name` as one part of a path. Dots too, for `.` and `..` would be folders."""
    try:
        return quote(name, safe="").replace(".", "%2E")
    except UnicodeEncodeError:
        raise InputError(f"{name!r} holds half a character (a lone surrogate), which no id and no key has.") from None
