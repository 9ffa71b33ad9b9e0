"""One file as one document: which format, and where its parser runs."""

from __future__ import annotations

from dataclasses import replace

from .content import Content, UnreadableError, check_length
from .limits import Limits
from .paths import open_regular
from .pool import WorkerPool
from .sniff import HEAD, identify
from .values import as_metadata


def read_content(path: str, extension: str, pool: WorkerPool, limits: Limits) -> tuple[Content, str]:
    """The content of a file and the name of its format. Raises UnreadableError with the reason, or OSError."""
    with open_regular(path) as file:
        head = file.read(HEAD)
        chosen = identify(head, extension)
        if chosen.isolated:
            content = pool.extract(path, chosen.name)
        else:
            file.seek(0)
            content = chosen.load()(file, limits)
    if not content.text.strip():
        raise UnreadableError("empty: no text")
    check_length(len(content.text), limits.max_characters)
    content = replace(content, metadata=as_metadata(content.metadata))
    return content, str(content.metadata.get("format", chosen.name))
