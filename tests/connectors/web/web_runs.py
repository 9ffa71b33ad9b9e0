"""Reading a site of the tests, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from interlingua.connectors.web import WebConnector
from interlingua.retrieval.types import Checkpoint, Document, Gone, Skip
from sites import Site

NAMESPACES = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:xhtml="http://www.w3.org/1999/xhtml"'


def crawler(server: Site, *start: str, **options: Any) -> WebConnector:
    settings: dict[str, Any] = {"delay": 0, "allow_hosts": [server.host], **options}
    return WebConnector([server.url + path for path in start or ("/",)], **settings)


def listed(server: Site, *sitemaps: str, **options: Any) -> WebConnector:
    settings: dict[str, Any] = {"delay": 0, "allow_hosts": [server.host], **options}
    return WebConnector(sitemaps=[server.url + path for path in sitemaps or ("/sitemap.xml",)], **settings)


class Run:
    """What a connector gave, by path."""

    def __init__(self, server: Site, items: Iterator[Any]) -> None:
        def path(item: Any) -> str:
            return str(item.id).removeprefix(server.url)

        found = list(items)
        self.documents = {path(item): item for item in found if isinstance(item, Document)}
        self.skips = {path(item): item.reason for item in found if isinstance(item, Skip)}
        self.gone = [path(item) for item in found if isinstance(item, Gone)]
        self.cursors = [item.cursor for item in found if isinstance(item, Checkpoint)]


def read(server: Site, connector: WebConnector) -> Run:
    return Run(server, connector.documents())


def change(server: Site, connector: WebConnector, since: str | None = None) -> Run:
    return Run(server, connector.changes(since))


def sitemap(server: Site, *entries: str | tuple[str, str]) -> bytes:
    pairs = [(entry, "") if isinstance(entry, str) else entry for entry in entries]
    urls = "".join(
        f"<url><loc>{server.url}{path}</loc>{f'<lastmod>{when}</lastmod>' if when else ''}</url>"
        for path, when in pairs
    )
    return f'<?xml version="1.0"?><urlset {NAMESPACES}>{urls}</urlset>'.encode()


def canonical(path: str) -> str:
    return f'<link rel="canonical" href="{path}">'
