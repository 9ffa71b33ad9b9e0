"""The sources of interlingua.toml: a table each.

    [sources.handbook]
    kind = "files"                        # or web, sql, …, or package.module:Class
    path = "handbook/"                    # the options of the connector, one to one
    every = "15m"                         # how often sync --watch looks
    grace = "1d"                          # how long what is gone at the source stays
    full_every = "7d"                     # a listing of everything
    access = ["staff", "legal"]           # the groups that may read its documents
    metadata = { topic = "work" }         # of every document
    translation_group = "article"         # the key of the metadata that versions of a document share

A value "env:NAME" is that variable of the environment.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from ..connectors import kinds
from ..connectors.files.limits import Limits
from ..connectors.secrets import concealed, concealer, concealing
from ..connectors.stages import related
from ..connectors.sync.plan import ACCESS, Plan
from ..connectors.translations import grouped
from ..retrieval.errors import ConfigurationError, InputError
from ..retrieval.protocols import Connector
from ..retrieval.stores.payload import clean_metadata
from ..retrieval.types import TRANSLATION_GROUP
from .settings import CONFIG_FILE, Settings, variable
from .wiring import limits_for

OWN = ("kind", "every", "grace", "full_every", "expire", "access", "metadata", "translation_group")
"""Keys of a table that are not options of the connector."""
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|h|d|w)")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_ENV = "env:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Configured:
    """A source of the configuration. `every` in seconds, None where the table does not say."""

    name: str
    kind: str
    connector: Connector
    plan: Plan
    every: float | None


def configured(settings: Settings, names: Sequence[str] = ()) -> list[Configured]:
    """The sources of these names, or all, in the order of the file; nothing of them is read.

    Raises ConfigurationError that names file, table and key.
    """
    tables = settings.sources
    for name in names:
        if name not in tables:
            known = f"There are: {', '.join(tables)}." if tables else f"{CONFIG_FILE} has no table [sources.{name}]."
            raise ConfigurationError(f"There is no source {name!r}. {known}")
    limits = limits_for(settings)
    found = [_source(name, table, limits) for name, table in tables.items() if not names or name in names]
    _refuse_shared(found, tables, limits)
    return found


def seconds(text: object, where: str) -> float:
    """`15m`, `7d` or a number of seconds. Raises ConfigurationError."""
    match = _DURATION.fullmatch(text.strip()) if isinstance(text, str) else None
    if match:
        return float(match[1]) * _SECONDS[match[2]]
    if isinstance(text, (int, float)) and not isinstance(text, bool) and 0 <= text < float("inf"):
        return float(text)
    raise ConfigurationError(f"{where} is {text!r}. Write it as 30s, 15m, 12h, 7d or a number of seconds.")


def _refuse_shared(found: Sequence[Configured], tables: Mapping[str, Mapping[str, Any]], limits: Limits) -> None:
    """Of two tables that read the same source, or one within the other's, each would delete what only the other lists,
    and put its own access list on what both do.
    """
    rest = [name for name in tables if name not in {one.name for one in found}]
    others: list[Configured] = []
    for name in rest:
        with suppress(ConfigurationError):  # said when it is its turn
            others.append(_source(name, tables[name], limits))
    for one, other in combinations((*others, *found), 2):
        outer, inner = sorted((one, other), key=lambda each: len(each.connector.source))
        first, second = (f"[sources.{_key(each.name)}]" for each in (outer, inner))
        if outer.connector.source == inner.connector.source:
            raise ConfigurationError(
                f"{CONFIG_FILE}: {first} and {second} both read {outer.connector.source}. Make one of them, or give "
                "one another name where its kind has such an option."
            )
        if related(outer.connector.source, inner.connector.source):
            raise ConfigurationError(
                f"{CONFIG_FILE}: {second} reads {inner.connector.source}, which lies within {outer.connector.source} "
                f"of {first}: each would undo what the other does. Let them read parts beside one another; or, where "
                f'the kind has such options, give {second} a name = "{_word(inner.name)}" and leave its part out of '
                f"{first} with exclude."
            )


def _source(name: str, table: Mapping[str, Any], limits: Limits) -> Configured:
    where = f"{CONFIG_FILE}, [sources.{_key(name)}]"
    kind = table.get("kind")
    if not isinstance(kind, str):
        raise ConfigurationError(f"{where}: kind is missing. Kinds: {', '.join(kinds.KINDS)}, or package.module:Class.")
    given = {key: value for key, value in table.items() if key not in OWN}
    secrets: dict[str, str] = {}
    options = {key: _resolved(value, f"{where}: {key}", secrets) for key, value in given.items()}
    times = {
        key: seconds(table[key], f"{where}: {key}")
        for key in ("every", "grace", "full_every", "expire")
        if key in table
    }
    every = times.pop("every", None)
    if every == 0:
        raise ConfigurationError(f"{where}: every is 0. Give it some seconds at least, such as 30s.")
    by = table.get(TRANSLATION_GROUP)
    if by is not None and not (isinstance(by, str) and by):
        raise ConfigurationError(
            f"{where}: {TRANSLATION_GROUP} is {by!r}. It names a key of the metadata, or a column that becomes one, "
            'such as "article".'
        )
    plan = Plan(metadata=_metadata(table, where), options=_digest(kind, given, by), **times)
    with concealed(concealer(secrets)):
        connector = kinds.connector(kind, options, where=where, limits=limits)
    connector = concealing(connector, secrets) if secrets else connector
    connector = connector if by is None else grouped(connector, by)
    return Configured(name=name, kind=kind, connector=connector, plan=plan, every=every)


def _metadata(table: Mapping[str, Any], where: str) -> dict[str, Any]:
    metadata, access = table.get("metadata", {}), table.get(ACCESS)
    if not isinstance(metadata, Mapping):
        raise ConfigurationError(f'{where}: metadata is {metadata!r}, not a table such as {{ topic = "work" }}.')
    if ACCESS in metadata:
        raise ConfigurationError(
            f'{where}: metadata has {ACCESS!r}. Write it as a line of its own: access = ["staff"].'
        )
    if access is not None:
        groups = isinstance(access, list) and bool(access) and all(isinstance(one, str) and one for one in access)
        if not groups:
            raise ConfigurationError(
                f'{where}: access is {access!r}. It lists the groups that may read, such as ["staff", "legal"]. '
                "Without it, a key with a filter on access sees none of these documents."
            )
        metadata = {**metadata, ACCESS: access}
    try:
        return clean_metadata(metadata)
    except InputError as error:
        raise ConfigurationError(f"{where}: {error}") from error


def _resolved(value: Any, where: str, secrets: dict[str, str]) -> Any:
    """`value` with what it takes from the environment, at any depth, which is put down in `secrets` with its name."""
    if isinstance(value, str) and value.startswith(_ENV):
        found = variable(value.removeprefix(_ENV))
        if found is None:
            raise ConfigurationError(f"{where} is {value}, and there is no such variable in the environment.")
        secrets[found] = value
        return found
    if isinstance(value, list):
        return [_resolved(one, where, secrets) for one in value]
    if isinstance(value, Mapping):
        return {key: _resolved(one, f"{where}.{key}", secrets) for key, one in value.items()}
    return value


def _digest(kind: str, options: Mapping[str, Any], by: str | None) -> str:
    """Equal for equal options. Of the environment only the name counts: a new password is no other source."""
    text = json.dumps([kind, options] if by is None else [kind, options, by], sort_keys=True, default=str)
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _word(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name)


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else json.dumps(name, ensure_ascii=False)
