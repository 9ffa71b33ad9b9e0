"""How far a set of files was read, as text."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...retrieval.errors import CursorLostError
from .listing import SourceFile

_VERSION = 1
MAX_FILES = 10_000
"""More are remembered as one digest: whatever changes among them has all of them listed again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """What has been read.

    While everything is listed, `before` is the digest of the files that were read to their end, and `files` is None.
    Afterwards `files` has the revision of each, or None where there are too many, and `before` covers all. `at` is the
    name of the file that is being read, its revision, and the reader's own place in it. `broken` has the revision and
    the reason of files that could not be read to their end.
    """

    settings: str
    listed: bool
    before: str
    files: Mapping[str, str] | None = None
    at: tuple[str, str, Any] | None = None
    broken: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def encode(self) -> str:
        """As JSON."""
        values = {name: getattr(self, name) for name in self.__slots__}
        return json.dumps({"v": _VERSION, **values}, ensure_ascii=False, separators=(",", ":"))


def decode(text: str, settings: str) -> Cursor:
    """The cursor that `encode` wrote. Raises CursorLostError for any other, and for one made with other settings."""
    try:
        values = json.loads(text)
        if values.pop("v") != _VERSION:
            raise ValueError("another version")
        values["at"] = tuple(values["at"]) if values["at"] else None
        values["broken"] = {name: (revision, reason) for name, (revision, reason) in values["broken"].items()}
        cursor = Cursor(**values)
    except (ValueError, TypeError, KeyError, AttributeError):
        raise CursorLostError("the cursor is not one of this connector: everything is listed again") from None
    if cursor.settings != settings:
        raise CursorLostError("the options of the source have changed: everything is listed again")
    return cursor


def digests_of(files: Sequence[SourceFile]) -> list[str]:
    """For each file, 32 hex digits over the names and revisions of all before it; at last one over all of them."""
    whole = hashlib.blake2b(digest_size=16)
    digests = [whole.hexdigest()]
    for file in files:
        whole.update(f"{file.name}\n{file.revision}\n".encode("utf-8", "surrogatepass"))
        digests.append(whole.hexdigest())
    return digests


def settings_digest(settings: Mapping[str, Any]) -> str:
    """16 hex digits over options."""
    text = json.dumps(settings, sort_keys=True, default=str)
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
