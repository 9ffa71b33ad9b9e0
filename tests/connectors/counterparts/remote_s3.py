"""A bucket on an S3 server (moto's) in a process of its own."""

from __future__ import annotations

import itertools
import json
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from interlingua.connectors.remote import RemoteConnector
from interlingua.retrieval.protocols import Connector

SECRET = "correct-horse-battery-staple"


class Bucket:
    """See `Counterpart`. Besides: `client` is boto3's, `options` those of the connector."""

    def __init__(self, url: str) -> None:
        boto3 = pytest.importorskip("boto3", reason="pip install 'moto[server]'")
        self.url = url
        self.options: dict[str, Any] = {
            "key": "AKIAIOSFODNN7EXAMPLE",
            "secret": SECRET,
            "endpoint_url": url,
            "client_kwargs": {"region_name": "us-east-1"},
            "config_kwargs": {"retries": {"max_attempts": 0}},  # so that a test of a failure takes no seconds
        }
        self.client = boto3.client(
            "s3",
            endpoint_url=url,
            aws_access_key_id=self.options["key"],
            aws_secret_access_key=SECRET,
            region_name="us-east-1",
        )
        self.client.create_bucket(Bucket="library")

    def connector(self, url: str = "s3://library/docs", **options: Any) -> Connector:
        return RemoteConnector(url, options=self.options, **options)

    def put(self, name: str, text: str) -> None:
        self.store(f"docs/{name}.txt", text.encode())

    def store(self, key: str, data: bytes) -> None:
        self.client.put_object(Bucket="library", Key=key, Body=data)

    def delete(self, name: str) -> None:
        self.client.delete_object(Bucket="library", Key=f"docs/{name}.txt")

    def rename(self, old: str, new: str) -> None:
        copied = {"Bucket": "library", "Key": f"docs/{old}.txt"}
        self.client.copy_object(Bucket="library", Key=f"docs/{new}.txt", CopySource=copied)
        self.delete(old)

    def spoil(self, name: str) -> None:
        self.store(f"docs/{name}.txt", b"PK\x03\x04 an archive that ends here\x00\xff")

    def document_id(self, name: str) -> str:
        return f"s3://library/docs/{name}.txt"

    @contextmanager
    def down(self) -> Iterator[None]:
        self.options["endpoint_url"] = "http://127.0.0.1:1"  # nothing listens on port 1
        yield
        self.options["endpoint_url"] = self.url

    @contextmanager
    def half(self) -> Iterator[None]:
        with self.small_pages(1):
            yield

    @contextmanager
    def small_pages(self, most: int) -> Iterator[None]:
        """In this block a page of a listing has one key, and after `most` pages the token has expired."""
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Pages, self.url, itertools.count(), most))
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        self.options["endpoint_url"] = f"http://127.0.0.1:{server.server_port}"
        yield
        self.options["endpoint_url"] = self.url
        server.shutdown()
        server.server_close()


class _Pages(BaseHTTPRequestHandler):
    """Passes requests on, with one key per page: a server may give fewer than asked for."""

    def __init__(self, url: str, counter: Iterator[int], most: int, *args: Any) -> None:
        self._url = url
        self._counter = counter
        self._most = most
        super().__init__(*args)

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        if "list-type" in query and next(self._counter) >= self._most:
            body = b"<Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message></Error>"
            self._answer(400, body)
            return
        request = urllib.request.Request(f"{self._url}{path}?{query.replace('max-keys=1000', 'max-keys=1')}")
        request.add_header("Authorization", self.headers["Authorization"])
        with urllib.request.urlopen(request, timeout=10) as answer:
            self._answer(answer.status, answer.read())

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def opened(folder: Path) -> Iterator[Bucket]:
    server = pytest.importorskip("moto.server", reason="pip install 'moto[server]'")
    pytest.importorskip("s3fs", reason="pip install 'interlingua[s3]'")
    running = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    try:
        host, port = running.get_host_and_port()
        reset = urllib.request.Request(f"http://{host}:{port}/moto-api/reset", method="POST")
        with urllib.request.urlopen(reset, timeout=10) as answer:
            assert json.load(answer) == {"status": "ok"}
        yield Bucket(f"http://{host}:{port}")
    finally:
        running.stop()
