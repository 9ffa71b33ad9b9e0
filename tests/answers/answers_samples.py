"""A scripted chat model, a search that notes what it is asked, and passages cut from documents."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from interlingua.app.answers import Message
from interlingua.retrieval.types import Chunk, Hit
from support import SENTENCES

GERMAN = (
    "Alle Menschen sind frei und gleich an Würde und Rechten geboren [1]. "
    "Das gilt überall, sagt auch der japanische Text [2][3]."
)
ENGLISH = "All human beings are born free and equal in dignity and rights [1]. The Japanese text says so as well [2]."


@dataclass
class Scripted:
    """A chat model that gives `answers` one after another, in pieces of `size` characters, and notes its prompts."""

    answers: Sequence[str | Callable[[str], str]]
    size: int = 3
    name: str = "scripted"
    prompts: list[str] = field(default_factory=list)
    closed: int = 0

    def stream(self, messages: Sequence[Message]) -> Iterator[str]:
        prompt = "\n".join(message.content for message in messages)
        self.prompts.append(prompt)
        answer = self.answers[len(self.prompts) - 1]
        text = answer(prompt) if callable(answer) else answer
        try:
            for start in range(0, len(text), self.size):
                yield text[start : start + self.size]
        finally:
            self.closed += 1


class Held:
    """An answer that holds something open until it is closed."""

    def __init__(self, text: str) -> None:
        self.text, self.closed, self.name = list(text), 0, "held"

    def stream(self, messages: object) -> Held:
        return self

    def __iter__(self) -> Held:
        return self

    def __next__(self) -> str:
        if not self.text:
            raise StopIteration
        return self.text.pop(0)

    def close(self) -> None:
        self.closed += 1


@dataclass
class Searched:
    """A search that finds the same hits whatever it is asked, and notes what that was."""

    hits: list[Hit]
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def __call__(self, query: str, **options: Any) -> list[Hit]:
        self.calls.append((query, options))
        return self.hits[: options["limit"]]


def hit(text: str, *, number: int = 1, score: float = 0.8, before: str = "Preamble. ", **fields: Any) -> Hit:
    """A passage of a document in which `before` stands before it."""
    known: dict[str, Any] = {"title": None, "url": None, "language": "und"}
    chunk = Chunk(
        id=f"chunk-{number}",
        document_id=f"document-{number}",
        ordinal=1,
        text=text,
        start=len(before),
        end=len(before) + len(text),
        **{**known, **fields},
    )
    return Hit(chunk=chunk, score=score, scores={"dense": score})


def article(*tags: str) -> Searched:
    """A search that finds article 1 of the Declaration in these languages."""
    return Searched([hit(SENTENCES[tag], number=n, language=tag) for n, tag in enumerate(tags, 1)])
