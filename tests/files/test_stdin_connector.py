"""One document from a stream."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import file_makers
from file_samples import SAMPLES
from interlingua.connectors.files import Limits, StdinConnector
from interlingua.retrieval.protocols import Connector
from interlingua.retrieval.types import Document, Skip


def test_a_stream_is_one_document_in_a_detected_encoding() -> None:
    text = " ".join(SAMPLES["ru"][1])
    connector: Connector = StdinConnector(BytesIO(text.encode("koi8-r")), language="ru")
    assert (connector.source, connector.complete) == ("stdin", False)
    (document,) = connector.documents()
    assert isinstance(document, Document)
    assert (document.id, document.text, document.language) == ("stdin", text, "ru")
    assert document.metadata["encoding"] == "koi8-r"
    assert list(connector.documents()) == [document]


def test_a_stream_may_be_any_document(tmp_path: Path) -> None:
    for extension in ("docx", "epub", "odt", "html"):
        file_makers.DOCUMENT_MAKERS[extension](tmp_path / "a", "Titel", SAMPLES["hi"][1])
        (document,) = StdinConnector(BytesIO((tmp_path / "a").read_bytes()), "id").documents()
        assert isinstance(document, Document)
        assert document.id == "id"
        assert SAMPLES["hi"][1][0] in document.text
        assert document.metadata["format"] == extension


def test_what_cannot_be_read_is_skipped() -> None:
    limits = Limits(max_file_bytes=10)
    for data, reason in ((b"", "empty"), (b"\0\1\2" * 9, "binary"), (b"x" * 11, "max_file_bytes")):
        chosen = limits if "max" in reason else Limits()
        (skip,) = StdinConnector(BytesIO(data), limits=chosen).documents()
        assert isinstance(skip, Skip)
        assert reason in skip.reason
