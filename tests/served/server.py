"""A small model server that speaks the dialects to the letter, on loopback, with faults that tests switch on.

Its vectors and scores are a function of the exact text that it received, so that a test sees what reached the model.
"""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from listening import Listener, ListeningHandler
from numpy.typing import NDArray

PAYLOAD = {"tei": 2_000_000, "zeroentropy": 5_000_000}  # bytes of a request


def vector_of(text: str, dim: int = 16) -> NDArray[np.float32]:
    """The unit vector of a text, shape (dim,)."""
    seed = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")
    vector = np.random.default_rng(seed).normal(size=dim)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def score_of(query: str, passage: str) -> float:
    """The relevance of a passage, in (0, 1)."""
    digest = hashlib.blake2b(f"{query}\0{passage}".encode(), digest_size=4).digest()
    return (int.from_bytes(digest, "big") + 1) / (2**32 + 2)


@dataclass
class Exchange:
    """One request and the right answer to it: `values` are vectors or scores, `render` makes them an answer."""

    handler: _Handler
    path: str
    body: dict[str, Any]
    texts: list[str]
    values: list[Any]
    render: Callable[[list[Any]], Any]

    def reply(self, status: int, content: bytes, headers: dict[str, str] | None = None) -> None:
        self.handler.reply(status, content, headers)

    def content(self) -> bytes:
        return json.dumps(self.render(self.values)).encode()


Fault = Callable[[Exchange], None]


@dataclass
class ModelServer:
    """The server. `speaks` is tei, openai (vLLM), infinity or zeroentropy. What it has seen is in the lists.

    `faults` are used up one per request for vectors or scores; `always` answers all of them.
    """

    speaks: str
    dim: int = 16
    limit: int = 8
    model: str = "tiny"
    models: list[dict[str, Any]] = field(default_factory=list)
    info: dict[str, Any] = field(default_factory=dict)
    key: str | None = None
    delay: float = 0.0
    normalises: bool = True
    encoding: str | None = None
    too_large: int = 422
    faults: list[Fault] = field(default_factory=list)
    always: Fault | None = None

    requests: list[tuple[str, dict[str, Any], dict[str, str]]] = field(default_factory=list)
    answered: list[str] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)
    most_in_flight: int = 0

    _in_flight: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _http: Listener | None = None
    _port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> ModelServer:
        """Listen; after a `stop` on the same port as before."""
        self._http = Listener(self._port, _Handler, self)
        self._port = self._http.server_address[1]
        return self

    def stop(self) -> None:
        """Stop at once, in the middle of whatever is being answered."""
        http, self._http = self._http, None
        if http is not None:
            http.stop()

    def posts(self) -> list[dict[str, Any]]:
        """The bodies of all requests for vectors or scores."""
        return [body for _, body, _ in self.requests if body]

    def enter(self) -> None:
        with self._lock:
            self._in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self._in_flight)

    def leave(self) -> None:
        with self._lock:
            self._in_flight -= 1

    def next_fault(self) -> Fault | None:
        with self._lock:
            return self.faults.pop(0) if self.faults else self.always

    # What the dialects answer to GET.

    def described(self, path: str) -> Any:
        if self.speaks == "tei" and path == "/info":
            return self.tei_info()
        listing = {"openai": "/v1/models", "infinity": "/models"}.get(self.speaks)
        if path == listing:
            own = {"id": self.model, "object": "model", "owned_by": "vllm" if self.speaks == "openai" else "infinity"}
            return {"object": "list", "data": self.models or [own]}
        return None

    def tei_info(self) -> dict[str, Any]:
        known = {
            "model_id": self.model,
            "model_sha": None,
            "model_dtype": "float32",
            "model_type": {"embedding": {"pooling": "last_token"}},
            "max_concurrent_requests": 512,
            "max_input_length": 512,
            "max_batch_tokens": 16384,
            "max_batch_requests": None,
            "max_client_batch_size": self.limit,
            "auto_truncate": True,
            "tokenization_workers": 2,
            "version": "1.9.3",
        }
        return {**known, **self.info}

    # What they answer to POST: the texts, what the limit applies to, and how values become an answer.

    def exchange(self, handler: _Handler, path: str, body: dict[str, Any]) -> Exchange | None:
        texts, render = _routes(self, path, body)
        if render is None:
            return None
        if "query" in body:
            values: list[Any] = [score_of(body["query"], text) for text in texts]
        else:
            prefix = f"{body['input_type']}|" if "input_type" in body else ""
            values = [self.vector(prefix + text, body.get("dimensions")) for text in texts]
        return Exchange(handler, path, body, texts, values, render)

    def vector(self, text: str, dimensions: int | None) -> list[float]:
        vector = vector_of(text, self.dim)[:dimensions].astype(np.float64)
        length = np.linalg.norm(vector) if self.normalises else 0.5
        return list(map(float, vector / length))


def _routes(
    server: ModelServer, path: str, body: dict[str, Any]
) -> tuple[list[str], Callable[[list[Any]], Any] | None]:
    prefix = "" if server.speaks == "infinity" else "/v1"
    if server.speaks == "tei" and path == "/embed":
        return body["inputs"], lambda values: values
    if server.speaks == "tei" and path == "/rerank":
        return body["texts"], lambda values: [
            {"index": index, "score": score} for index, score in _best_first(enumerate(values))
        ]
    if server.speaks in ("openai", "infinity") and path == f"{prefix}/embeddings":
        return body["input"], lambda values: {
            "object": "list",
            "data": [
                {"object": "embedding", "index": index, "embedding": _encoded(server, body, vector)}
                for index, vector in enumerate(values)
            ],
            "model": server.model,
            "usage": {"prompt_tokens": 0, "total_tokens": 0},
        }
    if server.speaks in ("openai", "infinity") and path == f"{prefix}/rerank":
        return body["documents"], lambda values: _cohere(server, body, values)
    if server.speaks == "zeroentropy" and path == "/v1/models/embed":
        return body["input"], lambda values: {
            "results": [{"embedding": _encoded(server, body, vector)} for vector in values],
            "usage": {"total_bytes": 0, "total_tokens": 0},
        }
    if server.speaks == "zeroentropy" and path == "/v1/models/rerank":
        return body["documents"], lambda values: {
            "results": [{"index": i, "relevance_score": score} for i, score in _best_first(enumerate(values))],
            "actual_latency_mode": "fast",
        }
    return [], None


def _cohere(server: ModelServer, body: dict[str, Any], values: list[Any]) -> dict[str, Any]:
    """infinity gives a document as text, vLLM as {"text"}, Cohere not at all."""
    results = []
    for index, score in _best_first(enumerate(values)):
        text = body["documents"][index % len(body["documents"])]
        results.append(
            {
                "index": index,
                "relevance_score": score,
                "document": text if server.speaks == "infinity" else {"text": text},
            }
        )
    return {"id": "rerank-1", "model": server.model, "results": results, "usage": {"total_tokens": 0}}


def _best_first(items: Any) -> list[tuple[int, Any]]:
    return sorted(items, key=lambda item: (-item[1] if isinstance(item[1], float) else 0, item[0]))


def _encoded(server: ModelServer, body: dict[str, Any], vector: list[float]) -> Any:
    wanted = server.encoding or body.get("encoding_format", "float")
    return base64.b64encode(np.array(vector, "<f4").tobytes()).decode() if wanted == "base64" else vector


class _Handler(ListeningHandler):
    def get(self) -> None:
        served = self.server.owner
        served.requests.append((self.path, {}, dict(self.headers)))
        content = None if self._locked(served) else served.described(self.path)
        if self._locked(served):
            self.refuse(401, "Unauthorized")
        elif content is None:
            self.refuse(404, f"no such path {self.path}")
        else:
            self.reply(200, json.dumps(content).encode())

    def post(self) -> None:
        served = self.server.owner
        content = self.rfile.read(int(self.headers["Content-Length"]))
        served.enter()
        try:
            body = json.loads(content)
            served.requests.append((self.path, body, dict(self.headers)))
            if self._locked(served):
                return self.refuse(401, "Unauthorized")
            if len(content) > PAYLOAD.get(served.speaks, 10**9):
                return self.refuse(413, "payload too large")
            self.answer(served, body)
        finally:
            served.leave()

    def answer(self, served: ModelServer, body: dict[str, Any]) -> None:
        if served.speaks == "openai" and "normalize" in body:
            return self.refuse(400, "normalize was removed; use use_activation")
        exchange = served.exchange(self, self.path, body)
        if exchange is None:
            return self.refuse(404, f"no such path {self.path}")
        if len(exchange.texts) > served.limit:
            return self.refuse(served.too_large, f"batch size {len(exchange.texts)} > maximum {served.limit}")
        time.sleep(served.delay)
        fault = served.next_fault()
        if fault is not None:
            return fault(exchange)
        served.answered += exchange.texts
        served.batches.append(len(exchange.texts))
        return self.reply(200, exchange.content())

    def refuse(self, status: int, message: str) -> None:
        """An error in the server's own shape."""
        served = self.server.owner
        served.refused.append(status)
        self.reply(status, json.dumps(error_of(served.speaks, status, message)).encode())

    def _locked(self, served: ModelServer) -> bool:
        return served.key is not None and self.headers.get("Authorization") != f"Bearer {served.key}"


def error_of(speaks: str, status: int, message: str) -> Any:
    """An error as the dialect words it."""
    if speaks == "tei":
        return {"error": message, "error_type": "Validation"}
    if speaks == "zeroentropy":
        return {"detail": message}
    return {"error": {"message": message, "type": "BadRequestError", "param": None, "code": status}}


# Faults


def status(code: int, message: str = "no", headers: dict[str, str] | None = None) -> Fault:
    def fault(exchange: Exchange) -> None:
        speaks = exchange.handler.server.owner.speaks
        exchange.reply(code, json.dumps(error_of(speaks, code, message)).encode(), headers)

    return fault


def cut(exchange: Exchange) -> None:
    """The connection is lost in the middle of the body."""
    content = exchange.content()
    exchange.handler.raw(200, content[: len(content) // 2], {"Content-Length": str(len(content))})
    exchange.handler.close_connection = True


def hang_up(exchange: Exchange) -> None:
    """The connection is lost before anything is said."""
    exchange.handler.close_connection = True


def broken_json(exchange: Exchange) -> None:
    """A body that is whole for HTTP and breaks off as JSON."""
    content = exchange.content()
    exchange.reply(200, content[: len(content) // 2])


def drip(exchange: Exchange) -> None:
    """A byte now and then: no single wait is long."""
    content = exchange.content()
    exchange.handler.raw(200, b"", {"Content-Length": str(len(content))})
    for position in range(len(content)):
        exchange.handler.wfile.write(content[position : position + 1])
        time.sleep(0.02)


def changed(change: Callable[[list[Any]], Sequence[Any]]) -> Fault:
    """Other values than the right ones, in an answer of the right form."""

    def fault(exchange: Exchange) -> None:
        exchange.reply(200, json.dumps(exchange.render(list(change(exchange.values)))).encode())

    return fault


def answered(make: Callable[[Any], Any]) -> Fault:
    """Another answer than the right one."""

    def fault(exchange: Exchange) -> None:
        exchange.reply(200, json.dumps(make(exchange.render(exchange.values))).encode())

    return fault
