"""One document from a binary stream."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from typing import BinaryIO

from ...retrieval.types import Document, Skip
from .content import UnreadableError, well_formed
from .limits import Limits
from .pool import WorkerPool
from .reading import read_content


class StdinConnector:
    """A stream as one document; its format and encoding are detected.

    The stream is read once, when the document is first asked for; asking again gives the same document.
    """

    def __init__(
        self,
        stream: BinaryIO,
        id: str = "stdin",
        *,
        title: str | None = None,
        language: str | None = None,
        limits: Limits = Limits(),  # noqa: B008 (frozen)
    ) -> None:
        self._stream = stream
        self._id = id
        self._title = title
        self._language = language
        self._limits = limits
        self._document: Document | Skip | None = None

    @property
    def source(self) -> str:
        """`stdin`."""
        return "stdin"

    @property
    def complete(self) -> bool:
        """False: what was read before under other ids is still wanted."""
        return False

    def documents(self) -> Iterator[Document | Skip]:
        """The document, or a Skip with the reason."""
        if self._document is None:
            try:
                self._document = self._read()
            except UnreadableError as error:
                self._document = Skip(id=self._id, reason=str(error))
        yield self._document

    def _read(self) -> Document:
        limit = self._limits.max_file_bytes
        # A file, since a parser in another process may have to read it, and since it can be large.
        with tempfile.NamedTemporaryFile(prefix="interlingua-") as file:
            size = 0
            while block := self._stream.read(1 << 20):
                size += len(block)
                if size > limit:
                    raise UnreadableError(f"more than {limit:,} bytes (Limits.max_file_bytes)")
                file.write(block)
            file.flush()
            if not size:
                raise UnreadableError("empty: no text")
            content, format_name = read_content(file.name, "", WorkerPool(self._limits), self._limits)
        return Document(
            id=self._id,
            text=well_formed(content.text),
            language=self._language or content.language,
            title=self._title or content.title,
            metadata={**content.metadata, "format": format_name},
        )
