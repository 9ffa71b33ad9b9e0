"""A web site whose sitemap lists its pages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from html import escape
from pathlib import Path
from urllib.parse import quote

from interlingua.connectors.web import WebConnector
from sites import Site, site


class Counterpart:
    """Pages below `/docs/`; `sitemap.xml` lists them, and so does the start page, for a crawl."""

    def __init__(self, served: Site, *, crawled: bool) -> None:
        self._site = served
        self._crawled = crawled
        self._names: dict[str, None] = {}
        self._write()

    def connector(self) -> WebConnector:
        where = {"start": [self._site.url + "/"]} if self._crawled else {"sitemaps": [self._site.url + "/sitemap.xml"]}
        return WebConnector(**where, delay=0, allow_hosts=[self._site.host])

    def put(self, name: str, text: str) -> None:
        paragraphs = "".join(f"<p>{escape(paragraph)}</p>" for paragraph in text.split("\n\n"))
        self._site.put(
            _path(name), f"<html><head><title>Page</title></head><body><main>{paragraphs}</main></body></html>"
        )
        self._names[name] = None
        self._write()

    def delete(self, name: str) -> None:
        del self._site.paths[_path(name)], self._names[name]
        self._write()

    def rename(self, old: str, new: str) -> None:
        self._site.paths[_path(new)] = self._site.paths[_path(old)]
        self._names[new] = None
        self.delete(old)

    def spoil(self, name: str) -> None:
        self._site.put(_path(name), b"\x00\x01\x02\x03" * 500)

    def document_id(self, name: str) -> str:
        return self._site.url + _path(name)

    def down(self) -> AbstractContextManager[None]:
        return self._site.down()

    @contextmanager
    def half(self) -> Iterator[None]:
        """The server hangs up from the second page on."""
        pages: set[str] = set()

        def dropping(path: str) -> bool:
            if path.startswith("/docs/"):
                pages.add(path)
            return len(pages) > 1

        self._site.dropping = dropping
        try:
            yield
        finally:
            self._site.dropping = lambda _: False

    def _write(self) -> None:
        links = "".join(f'<a href="{_path(name)}">next</a>' for name in self._names)
        self._site.put("/", f'<html><head><meta name="robots" content="noindex"></head><body>{links}</body></html>')
        listed = "".join(f"<url><loc>{self.document_id(name)}</loc></url>" for name in self._names)
        namespace = "http://www.sitemaps.org/schemas/sitemap/0.9"
        self._site.put("/sitemap.xml", f'<urlset xmlns="{namespace}">{listed}</urlset>', "application/xml")


def _path(name: str) -> str:
    return "/docs/" + quote(name)


@contextmanager
def opened(folder: Path) -> Iterator[Counterpart]:
    with site() as served:
        yield Counterpart(served, crawled=False)
