"""Kinds of sources by name, and connectors made from the plain values of a table."""

from __future__ import annotations

import dataclasses
import inspect
import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from types import UnionType
from typing import Any, Union, cast, get_args, get_origin, get_type_hints

from ..retrieval.errors import ConfigurationError, InterlinguaError
from ..retrieval.protocols import Connector
from .files.limits import Limits

KINDS = {
    "files": ".files.connector:FilesConnector",
    "web": ".web:WebConnector",
    "feed": ".web:FeedConnector",
    "remote": ".remote:RemoteConnector",
    "sql": ".sql:SqlConnector",
    "git": ".git:GitConnector",
    "dataset": ".datasets:DatasetConnector",
    "mediawiki": ".dumps:MediaWikiConnector",
    "warc": ".dumps:WarcConnector",
    "mbox": ".dumps:MboxConnector",
    "loader": ".bridges:LoaderConnector",
}
"""Name of each kind with the class that reads it; a dot begins a module of this package."""


def connector(kind: str, options: Mapping[str, Any], *, where: str, limits: Limits | None = None) -> Connector:
    """The connector that a table describes; nothing is read. `where` names the table in errors.

    `limits` has how pages are read by OCR where the table does not say so, for a connector that takes limits.

    Raises ConfigurationError that names the options there are for one that is not known, missing or of a wrong type. No
    value is in any message: it may be a secret.
    """
    make = _callable(kind, where)
    parameters = inspect.signature(make).parameters
    known = [name for name, one in parameters.items() if one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)]
    for name in options:
        if name not in known:
            raise ConfigurationError(f"{where}: {kind} has no option {name!r}. Its options: {', '.join(known)}.")
    missing = [name for name in known if parameters[name].default is inspect.Parameter.empty and name not in options]
    if missing:
        raise ConfigurationError(f"{where}: {missing[0]!r} is missing, which {kind} cannot do without.")
    hints = _hints(make)
    values = {name: _value(value, hints.get(name, Any), f"{where}: {name}") for name, value in options.items()}
    if limits is not None and hints.get("limits") is Limits:
        said = "ocr" in options.get("limits", {})
        values["limits"] = values["limits"] if said else replace(values.get("limits", Limits()), ocr=limits.ocr)
    try:
        made = make(**values)
    except InterlinguaError as error:
        raise ConfigurationError(f"{where}: {error}") from error
    except (TypeError, ValueError) as error:
        raise ConfigurationError(f"{where}: {kind} does not take these options: {error}") from error
    if not all(hasattr(type(made), name) or hasattr(made, name) for name in ("source", "complete", "documents")):
        raise ConfigurationError(f"{where}: {kind} is no connector: it lacks source, complete or documents.")
    return cast("Connector", made)


def _callable(kind: str, where: str) -> Callable[..., Any]:
    target = KINDS.get(kind, kind)
    module, colon, name = target.partition(":")
    if not colon or not module or not name:
        raise ConfigurationError(
            f"{where}: kind is {kind!r}. Kinds: {', '.join(KINDS)}, or your own as package.module:Class."
        )
    try:
        found = getattr(import_module(module, __package__ if kind in KINDS else None), name, None)
    except (ImportError, TypeError) as error:  # TypeError: a relative module name
        raise ConfigurationError(f"{where}: the kind {kind!r} cannot be imported: {error}.") from error
    if not callable(found):
        raise ConfigurationError(f"{where}: the kind {kind!r}: {module} has no class {name}.")
    return cast("Callable[..., Any]", found)


def _hints(make: Callable[..., Any]) -> dict[str, Any]:
    try:
        return get_type_hints(make.__init__ if isinstance(make, type) else make)  # type: ignore[misc]  # of any class
    except Exception:  # names that are only there for a type checker: then nothing is checked
        return {}


def _value(value: Any, hint: Any, where: str) -> Any:
    """`value` for a parameter of that type. Raises ConfigurationError."""
    origin, arguments = get_origin(hint), get_args(hint)
    some = [one for one in arguments if one is not type(None)]
    if origin in (Union, UnionType) and len(some) == 1:
        return _value(value, some[0], where)
    if origin in (Union, UnionType):
        for one in arguments:
            try:
                return _value(value, one, where)
            except ConfigurationError:
                continue
    elif hint is Any or (isinstance(hint, type) and type(value) is hint):
        return value
    elif hint is float and type(value) is int:
        return float(value)
    elif isinstance(value, str) and _takes_path(hint):
        return value
    elif isinstance(value, list) and (origin or hint) in (list, tuple, set, frozenset, Iterable, Sequence, Collection):
        item = next((one for one in arguments if one is not Ellipsis), Any)
        items = [_value(one, item, where) for one in value]
        return items if (origin or hint) in (Iterable, Sequence, Collection) else (origin or hint)(items)
    elif isinstance(value, Mapping):
        if (origin or hint) in (dict, Mapping):
            of = arguments[1] if len(arguments) == 2 else Any
            return {name: _value(one, of, f"{where}.{name}") for name, one in value.items()}
        if dataclasses.is_dataclass(hint) and isinstance(hint, type):
            return _dataclass(value, hint, where)
    raise ConfigurationError(f"{where} is {_article(value)}; it has to be {_words(hint)}.")


def _dataclass(values: Mapping[str, Any], made: type, where: str) -> Any:
    fields = [one.name for one in dataclasses.fields(made)]
    hints = _hints(made)
    for name in values:
        if name not in fields:
            raise ConfigurationError(f"{where} has no {name!r}. It has: {', '.join(fields)}.")
    return made(**{name: _value(one, hints.get(name, Any), f"{where}.{name}") for name, one in values.items()})


def _takes_path(hint: Any) -> bool:
    return (get_origin(hint) or hint) in (os.PathLike, Path)


_NAMES = {str: "a text", int: "a whole number", float: "a number", bool: "true or false", type(None): "left out"}


def _article(value: Any) -> str:
    return "a table" if isinstance(value, Mapping) else "a list" if isinstance(value, list) else _NAMES.get(
        type(value), f"a {type(value).__name__}"
    )  # fmt: skip


def _words(hint: Any) -> str:
    if get_origin(hint) in (Union, UnionType):
        return " or ".join(dict.fromkeys(_words(one) for one in get_args(hint)))
    if _takes_path(hint):
        return "a text"
    bare = get_origin(hint) or hint
    if bare in (dict, Mapping) or dataclasses.is_dataclass(bare):
        return "a table"
    if bare in (list, tuple, set, frozenset, Iterable, Sequence, Collection):
        items = [one for one in get_args(hint) if one is not Ellipsis]
        return f"a list, each {_words(items[0])}" if items else "a list"
    return _NAMES.get(hint, str(hint))
