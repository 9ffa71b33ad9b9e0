"""What the servers' dialects have in common: the two seams, and how a batch is cut."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeVar

from ..catalogue import EmbeddingModel, RerankerModel
from ..errors import ConfigurationError, EmbedderError
from .connection import Connection, Refusal, encode

T = TypeVar("T")
Role = Literal["query", "document"]

_TOO_LARGE = (413, 422)  # 422 is what TEI 1.9 says of a batch or a text that is too large; before it was 413


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Where to send what."""

    path: str
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A server's own account of itself.

    Attributes:
        model: what the server calls its model.
        prefix: the path before its endpoints, such as `/v1`.
        texts: texts that one request may hold.
        size: bytes that the texts of one request may have as JSON.
        max_tokens: tokens of one text that it reads, prompt included; None where it does not say.
    """

    model: str
    prefix: str = ""
    texts: int
    size: int
    max_tokens: int | None = None


class EmbeddingDialect(Protocol):
    """How one kind of server is asked for vectors. `Embedding*` values of the catalogue are None for unknown models."""

    @property
    def own_prompts(self) -> bool:
        """Whether the server puts prompts and suffix around the texts by itself, told only their role."""
        ...

    @property
    def own_dimensions(self) -> bool:
        """Whether the server makes shorter vectors as the model's authors do, learned projections included."""
        ...

    def describe(self, connection: Connection, name: str | None, known: EmbeddingModel | None) -> Served:
        """Ask the server about itself; `name` is the model that the user named, `known` its catalogue entry.

        Raises:
            ConfigurationError: the server serves another model, or serves it wrongly.
            EmbedderError: the server does not answer.
        """
        ...

    def request(
        self, texts: Sequence[str], served: Served, *, role: Role, dimensions: int | None, truncate: bool
    ) -> Request:
        """A request for one vector per text; `dimensions` where the server is to shorten them.

        `truncate`: a text that is too long may be cut at its end; False where its end is a suffix that must stay.
        """
        ...

    def vectors(self, answer: Any, count: int) -> list[Any]:
        """The vectors (lists of numbers, or base64 of little-endian float32) in the order sent.

        Raises:
            KeyError, TypeError, ValueError: the answer has another shape.
        """
        ...


class RerankDialect(Protocol):
    """How one kind of server is asked for relevance."""

    @property
    def own_template(self) -> bool:
        """Whether the server puts a causal reranker's prompt around the texts, however it was started."""
        ...

    def describe(self, connection: Connection, name: str | None, known: RerankerModel | None) -> Served:
        """Ask the server about itself, as `EmbeddingDialect.describe`."""
        ...

    def request(self, query: str, passages: Sequence[str], served: Served) -> Request:
        """A request for one score per passage."""
        ...

    def scores(self, answer: Any, count: int) -> list[Any]:
        """The scores in the order in which the passages were sent. Raises as `EmbeddingDialect.vectors`."""
        ...


def batches(texts: Sequence[str], *, most: int, size: int) -> Iterator[range]:
    """Positions of consecutive texts: at most `most`, and `size` bytes of JSON, of which one text may be more."""
    start, total = 0, 0
    for position, text in enumerate(texts):
        length = len(encode(text)) + 1  # the comma
        if position > start and (position - start >= most or total + length > size):
            yield range(start, position)
            start, total = position, 0
        total += length
    if start < len(texts):
        yield range(start, len(texts))


def ask_in_parts(
    connection: Connection, positions: range, build: Callable[[range], Request], read: Callable[[Any, range], list[T]]
) -> list[T]:
    """One result per position: the request for all of them, or, when it is too large for the server, for each half.

    Raises:
        EmbedderError: the server refused, or answered something unusable.
    """
    request = build(positions)
    answer = connection.ask(request.path, request.body)
    if not isinstance(answer, Refusal):
        try:
            return read(answer, positions)
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise EmbedderError(
                f"{connection.name}{request.path} answered something unusable: {_reason(error)}. "
                "Check that the address and the dialect are those of your server."
            ) from error
    if answer.status not in _TOO_LARGE or len(positions) == 1:
        which = f" (text {positions[0] + 1} of the call)" if answer.status in _TOO_LARGE else ""
        raise EmbedderError(answer.message + which)
    middle = len(positions) // 2
    halves = positions[:middle], positions[middle:]
    return [result for half in halves for result in ask_in_parts(connection, half, build, read)]


def other_model(connection: Connection, wanted: str, served: str) -> ConfigurationError:
    """The error of a server that serves another model than the one named."""
    return ConfigurationError(
        f"{connection.name} serves {served}, not {wanted}. Name the model that it serves, or start it with {wanted}."
    )


def _reason(error: Exception) -> str:
    return f"it has no {error}" if isinstance(error, KeyError) else str(error)
