"""Which column of a table is the text, the id, the title, the language and the URL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ...retrieval.errors import ConfigurationError
from .content import UnreadableError

_GUESSES = {
    "text": (
        "text",
        "body",
        "content",
        "contents",
        "passage",
        "document",
        "article",
        "paragraph",
        "description",
        "abstract",
        "message",
        "sentence",
        "summary",
        "review",
        "comment",
    ),
    "id": ("id", "_id", "doc_id", "docid", "document_id", "uuid"),
    "title": ("title", "name", "headline", "subject", "heading"),
    "language": ("language", "lang", "language_code", "lang_code", "locale"),
    "url": ("url", "link", "uri", "href", "source_url"),
}
TEXT_NAMES = frozenset(_GUESSES["text"])
_SHOWN = 30


class ColumnMap:
    """The caller's mapping, completed by guesses from the names; `""` as a column switches a guess off."""

    def __init__(self, given: Mapping[str, str] | None = None) -> None:
        self._given = dict(given or {})
        unknown = sorted(set(self._given) - set(_GUESSES))
        if unknown:
            raise ConfigurationError(f"columns has the unknown keys {unknown}. Known: {', '.join(_GUESSES)}.")
        self._resolved: dict[tuple[str, ...], dict[str, str]] = {}

    def resolve(self, names: Iterable[str]) -> dict[str, str]:
        """Role to column, for a row with these columns; a role without a column is absent.

        Raises UnreadableError naming the columns when there is no text, or a column of the caller is not there.
        """
        key = tuple(names)
        if key not in self._resolved:
            if len(self._resolved) > 1000:
                self._resolved.clear()  # JSON objects may have any keys: do not remember all
            self._resolved[key] = self._find(key)
        return self._resolved[key]

    def _find(self, names: tuple[str, ...]) -> dict[str, str]:
        for role, column in self._given.items():
            if column and column not in names and role in ("text", "id"):
                raise UnreadableError(f"no column {column!r} (columns: {role}); there are: {_listing(names)}")
        found = {role: column for role, column in self._given.items() if column in names}
        by_lower = {name.strip().lower(): name for name in reversed(names)}
        for role, guesses in _GUESSES.items():
            guess = next((by_lower[name] for name in guesses if name in by_lower), None)
            if role not in self._given and guess is not None and guess not in found.values():
                found[role] = guess
        if "text" not in found and "text" not in self._given and len(names) == 1:
            return {"text": names[0]}
        if "text" not in found:
            hint = "name it with columns={'text': ...}"
            raise UnreadableError(f"no text column among: {_listing(names)}; {hint}")
        return found


def _listing(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(name[:60] for name in names[:_SHOWN]) + more
