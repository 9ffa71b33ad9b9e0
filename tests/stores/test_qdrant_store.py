"""The server store when the server is away, refuses, or holds someone else's collection. Real sockets."""

from __future__ import annotations

import json
import socket
import threading
import time
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import pytest
from interlingua.retrieval.errors import ManifestError, StoreError
from interlingua.retrieval.stores.connection import connect
from interlingua.retrieval.stores.qdrant import QdrantStore
from qdrant_client import QdrantClient, models
from store_samples import DIM, MANIFEST, chunk, fill

KEY = "s3cret-key-7"
FOUND = {"result": {"exists": True}, "status": "ok", "time": 0.0}
Answer = tuple[int, dict[str, str], object]


@contextmanager
def server(*answers: Answer) -> Iterator[tuple[str, list[str]]]:
    """An HTTP server that gives `answers` one after the other, the last one for ever; its URL and what was asked."""
    asked: list[str] = []

    class Answering(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # the name is http.server's
            status, headers, body = answers[min(len(asked), len(answers) - 1)]
            asked.append(self.path)
            content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{httpd.server_port}", asked
    finally:
        httpd.shutdown()
        thread.join()
        httpd.server_close()


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def exists(client: QdrantClient) -> bool:
    return client.collection_exists("interlingua")


class TestServerThatIsAway:
    @pytest.mark.parametrize("grpc", [False, True])
    def test_the_message_names_the_address_and_the_way_out(self, grpc: bool) -> None:
        port = closed_port()
        store = QdrantStore(f"http://127.0.0.1:{port}", prefer_grpc=grpc, grpc_port=port, retries=0, timeout=5)
        with pytest.raises(StoreError, match=rf"127\.0\.0\.1:{port}.*docker compose up"):
            store.prepare(MANIFEST)
        store.close()

    def test_credentials_in_the_address_are_not_repeated(self) -> None:
        store = QdrantStore(f"http://ada:{KEY}@127.0.0.1:{closed_port()}", retries=0)
        with pytest.raises(StoreError) as raised:
            store.prepare(MANIFEST)
        assert KEY not in "".join(traceback.format_exception(raised.value))

    def test_it_is_tried_again_until_it_answers(self) -> None:
        with server((503, {}, "overloaded"), (500, {}, "oops"), (200, {}, FOUND)) as (url, asked):
            connection = connect(url)
            assert connection.call("opening", exists)
            connection.close()
            assert len(asked) == 3

    def test_after_a_429_it_waits_as_long_as_asked(self) -> None:
        with server((429, {"Retry-After": "0"}, "slow down"), (200, {}, FOUND)) as (url, asked):
            connection = connect(url)
            assert connection.call("opening", exists)
            connection.close()
            assert len(asked) == 2

    def test_it_gives_up_after_the_retries(self) -> None:
        with server((502, {}, "bad gateway")) as (url, asked):
            store = QdrantStore(url, retries=1)
            with pytest.raises(StoreError, match="502"):
                store.prepare(MANIFEST)
            assert len(asked) == 2

    def test_a_request_that_is_wrong_is_not_repeated(self) -> None:
        with server((400, {}, {"status": {"error": "bad request"}})) as (url, asked):
            with pytest.raises(StoreError, match="bad request"):
                QdrantStore(url).prepare(MANIFEST)
            assert len(asked) == 1

    def test_another_service_on_that_port_is_a_store_error(self) -> None:
        with server((200, {"Content-Type": "text/html"}, "<html>hello</html>")) as (url, asked):
            with pytest.raises(StoreError):
                QdrantStore(url).prepare(MANIFEST)
            assert len(asked) == 1

    @pytest.mark.parametrize("address", ["http://", "ftp://host:21", "http://host:99999", "http://[::1"])
    def test_what_is_no_address_is_refused(self, address: str) -> None:
        with pytest.raises(StoreError, match="address of a Qdrant server"):
            QdrantStore(address).prepare(MANIFEST)


@pytest.mark.parametrize("status", [401, 403])
def test_a_wrong_key_is_called_so_and_never_shown(status: int) -> None:
    with server((status, {}, f"Must provide an API key, not {KEY}")) as (url, asked):
        store = QdrantStore(url, api_key=KEY)
        with (
            pytest.warns(UserWarning, match="insecure"),
            pytest.raises(StoreError, match="refused the API key") as raised,
        ):
            store.prepare(MANIFEST)
        assert KEY not in "".join(traceback.format_exception(raised.value))
        assert url in str(raised.value)
        assert len(asked) == 1


class TestCollection:
    @pytest.fixture
    def client(self) -> Iterator[QdrantClient]:
        client = QdrantClient(":memory:")
        yield client
        client.close()

    def test_one_that_is_not_ours_is_refused_and_left_alone(self, client: QdrantClient) -> None:
        params = models.VectorParams(size=DIM, distance=models.Distance.COSINE)
        client.create_collection("interlingua", vectors_config=params, metadata={"owner": "someone"})
        client.upsert("interlingua", [models.PointStruct(id=1, vector=[1.0] * DIM, payload={"page_content": "x"})])
        with pytest.raises(ManifestError, match="--collection"):
            QdrantStore(client).prepare(MANIFEST)
        assert client.count("interlingua").count == 1
        assert client.get_collection("interlingua").config.metadata == {"owner": "someone"}

    def test_a_damaged_manifest_is_called_so(self, client: QdrantClient) -> None:
        params = models.VectorParams(size=DIM, distance=models.Distance.COSINE)
        client.create_collection("interlingua", vectors_config=params, metadata={"interlingua": {"dim": "8"}})
        with pytest.raises(ManifestError, match="cannot be read"):
            QdrantStore(client).prepare(MANIFEST)

    def test_collections_of_one_client_do_not_mix(self, client: QdrantClient) -> None:
        first, second = QdrantStore(client, collection="a"), QdrantStore(client, collection="b")
        first.prepare(MANIFEST)
        second.prepare(MANIFEST)
        fill(first, [chunk(1)])
        assert (first.count(), second.count()) == (1, 0)

    def test_a_client_that_was_given_stays_open(self, client: QdrantClient) -> None:
        store = QdrantStore(client)
        store.prepare(MANIFEST)
        store.close()
        assert client.collection_exists("interlingua")

    def test_a_collection_that_vanishes_is_a_store_error(self, client: QdrantClient) -> None:
        store = QdrantStore(client)
        store.prepare(MANIFEST)
        client.delete_collection("interlingua")
        with pytest.raises(StoreError, match="not found"):
            store.count()


def test_calls_of_the_imitation_take_turns_since_it_is_not_made_for_threads() -> None:
    class Counting(QdrantClient):
        inside = most = 0

        def query_points(self, *args: Any, **kwargs: Any) -> models.QueryResponse:
            self.inside += 1
            self.most = max(self.most, self.inside)
            time.sleep(0.01)
            self.inside -= 1
            return super().query_points(*args, **kwargs)

    client = Counting(":memory:")
    store = QdrantStore(client)
    store.prepare(MANIFEST)
    fill(store, [chunk(n) for n in range(9)])
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: store.search(np.eye(DIM, dtype=np.float32)[0], limit=3), range(24)))
    assert client.most == 1
    assert all(answer == answers[0] for answer in answers)
    client.close()
