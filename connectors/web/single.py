"""Single pages as a source, by their URLs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ...retrieval.errors import ConfigurationError, SourceError
from ...retrieval.types import Document, Pending, Skip
from ..files.limits import Limits
from .addresses import RefusedError
from .connector import WebConnector
from .urls import parse


class PagesConnector:
    """The pages or files at these URLs, and none that they link to; a site that is down costs the others nothing.

    Args:
        urls: Where they are.
        allow_hosts: Hosts that are asked although they are not on the public internet, as for `WebConnector`.
        limits: How much one document may cost.

    Raises:
        ConfigurationError: one of them is no URL that may be asked.
    """

    def __init__(self, urls: Sequence[str], *, allow_hosts: Sequence[str] = (), limits: Limits | None = None) -> None:
        self._urls = list(dict.fromkeys(urls))
        try:
            for url in self._urls:
                parse(url)
        except RefusedError as error:
            raise ConfigurationError(str(error)) from None
        self._options: dict[str, Any] = {"allow_hosts": list(allow_hosts), "limits": limits or Limits()}

    @property
    def source(self) -> str:
        """`web:pages`."""
        return "web:pages"

    @property
    def complete(self) -> bool:
        """Never: other pages that were added before stay."""
        return False

    def documents(self) -> Iterator[Document | Pending | Skip]:
        """The documents, in the order of the URLs; a Skip for a URL that leads to none."""
        for url in self._urls:
            found = False
            try:
                for item in WebConnector([url], max_depth=0, **self._options).documents():
                    found = True
                    yield item
            except SourceError as error:
                yield Skip(id=url, reason=str(error))
            else:
                if not found:
                    yield Skip(id=url, reason="there is no page (it answers 404 or 410), or it asks not to be indexed")
