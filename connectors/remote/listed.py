"""What a remote file system says of a file in a listing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_TAGS = ("ETag", "etag", "e_tag", "md5Hash", "md5", "content_md5", "Content-MD5")
_TIMES = ("LastModified", "last_modified", "Last-Modified", "mtime", "updated", "modified", "modify")
_MAX_REVISION = 200


@dataclass(frozen=True, slots=True)
class Listed:
    """A file: its path for the file system, its path below what is read, its size in bytes and its revision."""

    path: str
    relative: str
    size: int | None
    revision: str


def revision(info: Mapping[str, Any], size: int | None) -> str:
    """The ETag or checksum, else modification time and size, else nothing: then the file is read each time."""
    for name in _TAGS:
        if info.get(name):
            tag = info[name]
            return (tag.hex() if isinstance(tag, bytes | bytearray) else str(tag)).strip('"')[:_MAX_REVISION]
    for name in _TIMES:
        if info.get(name):
            time = info[name]
            return f"{size}-{time.isoformat() if isinstance(time, dt.datetime) else time}"[:_MAX_REVISION]
    return ""


def size_of(info: Mapping[str, Any]) -> int | None:
    """Bytes, None where the file system does not know."""
    size = info.get("size", info.get("Size"))
    return int(size) if size is not None else None
