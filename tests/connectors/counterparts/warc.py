"""A web archive, written by warcio, a gzip member for each record; a record that cannot be read has another digest."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from interlingua.connectors.dumps.warc import WarcConnector
from rewritten_file import RewrittenFile, cut_off
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

SITE = "https://archive.example/"


@contextmanager
def opened(folder: Path) -> Iterator[RewrittenFile]:
    yield RewrittenFile(
        path=folder / "crawl.warc.gz",
        make=WarcConnector,
        write=_write,
        identify=lambda name: SITE + name,
        break_off=cut_off,
    )


def add_page(
    writer: Any,
    uri: str,
    body: bytes,
    *,
    date: str = "2026-11-01T12:00:00Z",
    status: str = "200 OK",
    content_type: str = "text/html; charset=utf-8",
    kind: str = "response",
    http_headers: tuple[tuple[str, str], ...] = (),
    warc_headers: Mapping[str, str] | None = None,
) -> None:
    headers = None
    if kind in ("response", "revisit"):
        fields = [("Content-Type", content_type), ("Content-Length", str(len(body))), *http_headers]
        headers = StatusAndHeaders(status, fields, protocol="HTTP/1.1")
    name = hashlib.sha256(f"{uri} {date} ".encode() + body).hexdigest()[:32]
    record = writer.create_warc_record(
        uri,
        kind,
        payload=io.BytesIO(body),
        length=len(body),
        http_headers=headers,
        warc_content_type="" if headers is not None else content_type,
        warc_headers_dict={"WARC-Date": date, "WARC-Record-ID": f"<urn:test:{name}>"} | dict(warc_headers or {}),
    )
    writer.write_record(record)
    record.raw_stream.close()  # the writer leaves a temporary file open


def _write(path: Path, texts: Mapping[str, str], spoilt: frozenset[str]) -> None:
    with path.open("wb") as file:
        writer = WARCWriter(file, gzip=True)
        writer.write_record(writer.create_warcinfo_record(path.name, {"software": "a crawler"}))
        for name, text in texts.items():
            page = f"<html><head><title>{name}</title></head><body><p>{text}</p></body></html>"
            if name in spoilt:  # a newer capture, damaged
                wrong = {"WARC-Block-Digest": "sha1:" + "A" * 32}
                add_page(writer, SITE + name, page.encode(), date="2026-11-02T12:00:00Z", warc_headers=wrong)
            else:
                add_page(writer, SITE + name, page.encode())
