"""An Atom feed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from html import escape
from pathlib import Path
from urllib.parse import quote

from interlingua.connectors.web import FeedConnector
from sites import Site, site


class Counterpart:
    """Entries of one feed, the latest first. A feed cannot say that an entry is gone: it only shows fewer."""

    def __init__(self, served: Site) -> None:
        self._site = served
        self._entries: dict[str, str] = {}
        self._write()

    def connector(self) -> FeedConnector:
        return FeedConnector([self._site.url + "/feed"], delay=0, allow_hosts=[self._site.host])

    def put(self, name: str, text: str) -> None:
        paragraphs = "".join(f"<p>{escape(paragraph)}</p>" for paragraph in text.split("\n\n"))
        self._entries[name] = f'<content type="html">{escape(paragraphs)}</content>'
        self._write()

    def delete(self, name: str) -> None:
        raise NotImplementedError("a feed does not tell what is gone")

    def rename(self, old: str, new: str) -> None:
        raise NotImplementedError("a feed does not tell what is gone")

    def spoil(self, name: str) -> None:
        self._entries[name] = "<content></content>"
        self._write()

    def document_id(self, name: str) -> str:
        return f"{self._site.url}/feed#{_key(name)}"

    def down(self) -> AbstractContextManager[None]:
        return self._site.down()

    def half(self) -> AbstractContextManager[None]:
        raise NotImplementedError("a feed comes in one piece")

    def _write(self) -> None:
        entries = "".join(
            f"<entry><id>{_key(name)}</id><updated>2026-01-01T00:00:00Z</updated>{content}</entry>"
            for name, content in reversed(self._entries.items())
        )
        feed = f'<feed xmlns="http://www.w3.org/2005/Atom"><title>News</title>{entries}</feed>'
        self._site.put("/feed", feed, "application/atom+xml")


def _key(name: str) -> str:
    return "tag:example.com,2026:" + quote(name)


@contextmanager
def opened(folder: Path) -> Iterator[Counterpart]:
    with site() as served:
        yield Counterpart(served)
