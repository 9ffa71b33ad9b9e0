"""Loaders of other frameworks as a source: LangChain, LlamaIndex, dlt, or anything that can be iterated."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import import_module
from typing import Any

from ...retrieval.errors import ConfigurationError, InterlinguaError, SourceError
from ...retrieval.types import Document, Skip
from ..files.content import UnreadableError
from ..files.mapping import ColumnMap
from ..files.tables.seen import SeenKeys
from .faults import reason
from .records import VOLATILE, Record, as_record, key_of

_METHODS = ("lazy_load", "iter_data", "load_data", "load")
"""One of which a loader has."""


class LoaderConnector:
    """Whatever a loader gives, as documents.

    A loader is a LangChain `BaseLoader`, a LlamaIndex reader, a dlt resource, a function, or any iterable of their
    documents, of mappings or of texts. The id of a document is the name of this source, `/`, and its own id or what it
    says it is of (`source`, `url`, `file_path`…); several of one such source add `#` and their page, or a digest of
    their content. Those of one source have to come one after the other: of a loader that mixes them, as with several
    threads, the first is called by the source alone, whichever that is. Random ids are not used, and metadata that
    changes although the document does not is left out.

    What the loader raises becomes a SourceError, so that what it has not given does not count as deleted.

    Args:
        loader: The loader, or `package.module:Class` (or function), which is made with `arguments`.
        source: What the source is called; ids begin with it.
        complete: The loader gives all that there is, so that what is missing was deleted.
        arguments: What the class or function is called with.
        read_arguments: What the loader's own method is called with (LlamaIndex: `load_data(**read_arguments)`).
        columns: Of mappings, which key is the `text`, `id`, `title`, `language` or `url`; the rest is guessed.
        volatile: More names of metadata to leave out.
    """

    def __init__(
        self,
        loader: Any,
        *,
        source: str,
        complete: bool = False,
        arguments: Mapping[str, Any] | None = None,
        read_arguments: Mapping[str, Any] | None = None,
        columns: Mapping[str, str] | None = None,
        volatile: Iterable[str] = (),
    ) -> None:
        if not source:
            raise ConfigurationError("source is empty. Name it, such as 'wiki': ids begin with that.")
        if isinstance(loader, str) and not all(loader.partition(":")):
            raise ConfigurationError(f"loader is {loader!r}. Write it as package.module:Class.")
        self._loader = loader
        self._name = source
        self._spent = False
        self._complete = complete
        self._arguments = dict(arguments or {})
        self._read_arguments = dict(read_arguments or {})
        self._columns = ColumnMap(columns)
        self._volatile = VOLATILE | frozenset(volatile)

    @property
    def source(self) -> str:
        """`loader:` and the name that was given."""
        return f"loader:{self._name}"

    @property
    def complete(self) -> bool:
        """As it was given."""
        return self._complete

    def documents(self) -> Iterator[Document | Skip]:
        """All documents, as the loader gives them. Raises SourceError with what the loader raised."""
        keys = SeenKeys()
        digests = SeenKeys()
        waiting: Record | None = None
        alone = True
        for item in self._items():
            if isinstance(item, Document | Skip):
                yield item
                continue
            try:
                record = as_record(item, self._columns, self._volatile)
            except UnreadableError as error:
                yield self._unreadable(item, str(error))
                continue
            if waiting == record:
                continue
            if waiting is not None:
                # Whether a source has several documents shows by the next one.
                together = bool(record.source) and record.source == waiting.source
                yield from self._document(waiting, alone and not together, keys, digests)
                alone = not together
            waiting = record
        if waiting is not None:
            yield from self._document(waiting, alone, keys, digests)

    def _document(self, record: Record, alone: bool, keys: SeenKeys, digests: SeenKeys) -> Iterator[Document]:
        key = record.source
        if record.source and record.place:
            key = f"{record.source}#{record.place}"
        elif not record.source or not alone:
            key = f"{record.source}#{record.digest}".removeprefix("#")
        if not keys.add(key):
            if not digests.add(f"{key} {record.digest}"):
                return  # the same once more
            key = f"{record.source}#{record.digest}" if record.source else record.digest
            if not keys.add(key):
                return
        else:
            digests.add(f"{key} {record.digest}")
        yield Document(
            id=f"{self._name}/{key}",
            text=record.text,
            language=record.language,
            title=record.title,
            url=record.url,
            metadata=record.metadata,
        )

    def _unreadable(self, item: Any, reason: str) -> Skip:
        """A Skip for an item; where it does not say what it is, for whatever this source has."""
        key = key_of(item, self._columns)
        return Skip(id=f"{self._name}/{key}", reason=reason, prefix=not key)

    def _items(self) -> Iterator[Any]:
        try:
            for item in _iterable(self._made(), self._read_arguments):
                if isinstance(item, list | tuple):  # one file, or one page of an API
                    yield from item
                elif (rows := getattr(item, "to_pylist", None)) is not None:  # an Arrow table
                    yield from rows()
                else:
                    yield item
        except InterlinguaError:
            raise
        except Exception as error:  # loaders raise anything
            permanent = isinstance(error, NotImplementedError | TypeError)
            said = reason(error, {"made": self._arguments, "read": self._read_arguments})
            # "from None": the error may hold a secret.
            raise SourceError(f"the loader of {self._name} failed: {said}", permanent=permanent) from None

    def _made(self) -> Any:
        loader = self._loader
        if isinstance(loader, str):
            module, _, attribute = loader.partition(":")
            try:
                loader = getattr(import_module(module), attribute)
            except (ImportError, AttributeError) as error:
                raise ConfigurationError(f"the loader {self._loader!r} cannot be imported: {error}") from error
        if inspect.isclass(loader) or self._arguments or not _loads(loader):
            if not callable(loader):
                raise ConfigurationError(f"a {type(loader).__name__} takes no arguments: {sorted(self._arguments)}")
            return loader(**self._arguments)
        if isinstance(loader, Iterator):
            if self._spent:
                # A second listing would find nothing, and everything would count as deleted.
                raise SourceError(
                    f"{self._name}: an iterator can be read once. Give the function that makes it.", permanent=True
                )
            self._spent = True
        return loader


def _loads(loader: Any) -> bool:
    """Whether it is an object that gives documents, rather than what makes one."""
    if inspect.isclass(loader):
        return False
    return isinstance(loader, Iterable) or any(hasattr(loader, name) for name in _METHODS)


def _iterable(loader: Any, arguments: Mapping[str, Any]) -> Iterable[Any]:
    """What to iterate over, the laziest way first."""
    if hasattr(loader, "lazy_load"):  # LangChain; falls back to load() by itself
        return _call(loader.lazy_load, arguments)
    if hasattr(loader, "iter_data"):  # LlamaIndex: a list for each file
        return _call(loader.iter_data, arguments)
    if hasattr(loader, "load_data"):
        if _overridden(loader, "lazy_load_data"):
            return _call(loader.lazy_load_data, arguments)
        return _call(loader.load_data, arguments)
    if isinstance(loader, Iterable) and not isinstance(loader, str | bytes | Mapping):
        return loader
    if hasattr(loader, "load"):
        return _call(loader.load, arguments)
    raise ConfigurationError(
        f"a {type(loader).__name__} is no loader: it has neither lazy_load nor load_data and cannot be iterated"
    )


def _call(method: Callable[..., Iterable[Any]], arguments: Mapping[str, Any]) -> Iterable[Any]:
    return method(**arguments)


def _overridden(loader: Any, name: str) -> bool:
    """Whether its class has its own: that of LlamaIndex's base class only raises, or calls back."""
    for kind in type(loader).__mro__:
        if name in vars(kind):
            return kind.__module__ != "llama_index.core.readers.base"
    return False
