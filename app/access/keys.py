"""API keys: what each may do (scopes) and which documents it is confined to (filter, prefix).

    [acme]                                   # the key's name, which logs show
    sha256 = "9f86d081884c7d65…"             # of the key; the key itself is stored nowhere
    scopes = ["read", "write"]               # read, write, admin; admin includes the others
    filter = { tenant = "acme" }             # what it sees; the filter language of a search
    prefix = "acme/"                         # the ids of the documents that it writes begin with this

`interlingua keys new NAME` makes a key and prints these lines.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from ...retrieval.errors import ConfigurationError, FilterError
from ...retrieval.filters import Filter, Match, metadata_filter
from ...retrieval.stores.conditions import edge_filter
from ..settings import Settings, plain

Scope = Literal["read", "write", "admin"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
SHORTEST = 16
_BEGINNING = "il_"
_FIELDS = {"sha256", "scopes", "filter", "prefix"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """What one key may do. `filter`: what it sees, None for everything; `prefix`: begins the ids that it writes."""

    name: str
    scopes: frozenset[Scope]
    filter: Filter | None = None
    prefix: str = ""

    def allows(self, scope: Scope) -> bool:
        """Whether it may do what needs `scope`; admin may do everything."""
        return scope in self.scopes or "admin" in self.scopes

    def own(self, document_id: str) -> str:
        """The id under which it writes a document."""
        return document_id if document_id.startswith(self.prefix) else self.prefix + document_id


SERVER_KEY = "server_key"
EVERYONE = Key(name="everyone", scopes=frozenset(SCOPES))
"""Who comes to a server without keys, which listens to its own machine alone."""
_RESERVED = {SERVER_KEY, EVERYONE.name}


class Keys:
    """The keys of a server, by their digest."""

    def __init__(self, keys: Mapping[str, Key]) -> None:
        self._keys = dict(keys)

    @classmethod
    def load(cls, settings: Settings) -> Keys:
        """The keys of the file that the setting `keys` names, and `server_key`, which may do everything.

        Raises ConfigurationError where a key is not wholly understood: a server that cannot tell whom it may show what
        does not start.
        """
        keys = {} if settings.keys is None else read(Path(settings.keys))
        if given := plain(settings.server_key):
            if len(given) < SHORTEST:
                raise ConfigurationError(
                    f"server_key has {len(given)} characters; it takes {SHORTEST} to be hard to guess. "
                    "Make one: interlingua keys new NAME"
                )
            keys[digest(given)] = Key(name=SERVER_KEY, scopes=frozenset(SCOPES))
        return cls(keys)

    @property
    def open_access(self) -> bool:
        """Whether there are no keys, so that everyone may do everything."""
        return not self._keys

    def __len__(self) -> int:
        """How many there are."""
        return len(self._keys)

    def named(self, name: str) -> Key | None:
        """The key of that name; None when there is none any more."""
        known = [EVERYONE] if self.open_access else self._keys.values()
        return next((key for key in known if key.name == name), None)

    def verify(self, presented: str | None) -> Key | None:
        """The key that was presented; None for one that is not known. Takes as long for a wrong key as for a right one.

        Without any keys, `EVERYONE`.
        """
        if self.open_access:
            return EVERYONE
        sought = digest(presented or "")
        found = [key for stored, key in self._keys.items() if hmac.compare_digest(stored, sought)]
        return found[0] if found and presented else None


def read(path: Path) -> dict[str, Key]:
    """The keys of a file by digest; see the module. Raises ConfigurationError."""
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"The keys in {path} cannot be read: {error}") from error
    keys: dict[str, Key] = {}
    for name, table in tables.items():
        stored, key = _key(name, table, path)
        if stored in keys:
            raise ConfigurationError(f"{path}: {name} and {keys[stored].name} have the same sha256. Make a new key.")
        keys[stored] = key
    if not keys:
        raise ConfigurationError(f"There are no keys in {path}. Make one: interlingua keys new NAME")
    _check_prefixes(list(keys.values()), path)
    return keys


def new(name: str, scopes: Sequence[str], filter: Mapping[str, Any] | None, prefix: str) -> tuple[str, str]:
    """A new key, and the lines that make it known to a server. Raises ConfigurationError."""
    key = _BEGINNING + secrets.token_urlsafe(32)
    table: dict[str, Any] = {"sha256": digest(key), "scopes": list(scopes)}
    table |= {"filter": dict(filter)} if filter else {}
    table |= {"prefix": prefix} if prefix else {}
    _key(name, table, Path("keys.toml"))
    heading = name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else json.dumps(name, ensure_ascii=False)
    lines = [f"[{heading}]", *(f"{field} = {_toml(value)}" for field, value in table.items())]
    return key, "\n".join(lines) + "\n"


def digest(key: str) -> str:
    """SHA-256 of a key, in hexadecimal. Keys are 256 random bits, so that a slow hash would add nothing."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def _key(name: str, table: object, path: Path) -> tuple[str, Key]:
    where = f"{path}: the key {name!r}"
    if not isinstance(table, dict) or (unknown := sorted(set(table) - _FIELDS)):
        got = table if not isinstance(table, dict) else unknown[0]
        raise ConfigurationError(f"{where} has {got!r}. A key has {', '.join(sorted(_FIELDS))}.")
    if name in _RESERVED:
        raise ConfigurationError(f"{where} has a name with a meaning of its own. Give it another.")
    stored, scopes, prefix = table.get("sha256"), table.get("scopes"), table.get("prefix", "")
    if not isinstance(stored, str) or not re.fullmatch(r"[0-9a-f]{64}", stored):
        raise ConfigurationError(f"{where}: sha256 is {stored!r}, not 64 hex digits. Run: interlingua keys new NAME")
    if not isinstance(scopes, list) or not scopes or not all(scope in SCOPES for scope in scopes):
        raise ConfigurationError(f"{where}: scopes is {scopes!r}. It lists some of {', '.join(SCOPES)}.")
    if not isinstance(prefix, str):
        raise ConfigurationError(f"{where}: prefix is {prefix!r}, not a text.")
    try:
        filter = metadata_filter(table["filter"]) if "filter" in table else None
        edge_filter(filter)  # what a store could not be asked is refused now, and not at each request
    except FilterError as error:
        raise ConfigurationError(f"{where}: {error}") from error
    key = Key(name=name, scopes=frozenset(scopes), filter=filter, prefix=prefix)
    _check_confined(key, where)
    return stored, key


def _check_confined(key: Key, where: str) -> None:
    """Refuse a key whose filter would not hold for all that it may do."""
    if key.filter is None:
        return
    if not (key.filter.must or key.filter.must_not):
        raise ConfigurationError(f"{where}: its filter is empty. Leave it out for a key that sees everything.")
    if key.allows("admin"):
        raise ConfigurationError(f"{where} has a filter and the scope admin, which sees everything. Take one of them.")
    if not key.allows("write"):
        return
    if not key.prefix:
        raise ConfigurationError(
            f'{where} writes and has a filter: give it a prefix of its own, such as "{key.name}/".'
        )
    equals = all(isinstance(condition, Match) and condition.key.count(".") == 1 for condition in key.filter.must)
    if key.filter.must_not or not equals:
        raise ConfigurationError(
            f"{where} writes, so its filter may only say what keys of the metadata (without a dot) equal, such as "
            'tenant = "acme": what it writes must be what it sees. Another key may read by another filter.'
        )


def _check_prefixes(keys: Sequence[Key], path: Path) -> None:
    """Refuse two writing keys of which one could write over the documents of the other, unseen by it."""
    confined = [key for key in keys if key.filter is not None and key.allows("write")]
    for one in confined:
        for other in confined:
            if one.filter != other.filter and one.prefix.startswith(other.prefix):
                raise ConfigurationError(
                    f"{path}: {one.name} writes ids that begin with {one.prefix!r}, {other.name} with "
                    f"{other.prefix!r}, and they have different filters. Neither prefix may begin the other."
                )


def _toml(value: object) -> str:
    """A value in TOML: JSON for all but tables, which are written inline."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{json.dumps(k, ensure_ascii=False)} = {_toml(v)}" for k, v in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
