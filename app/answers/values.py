"""What comes out of a question: the events of a stream, and the answer with its citations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ...retrieval.types import Hit

Reason = Literal["nothing_found", "low_score", "not_in_passages", "uncited", "no_model"]
"""Why there is no answer.

nothing_found: the search found no passage. low_score: the best one is below the least score. not_in_passages: the model
said that they do not answer the question. uncited: the model wrote an answer and cited no passage, twice. no_model:
a server has none configured, and gives the passages alone.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """What the answer rests on: `[number]` in its text. A passage that was found, or the sentences of it that count.

    `start` and `end` are code points of the normalised text of the document: `text[start:end] == quote`.
    """

    number: int
    document_id: str
    chunk_id: str
    start: int
    end: int
    quote: str
    language: str
    title: str | None
    url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A whole answer, or why there is none.

    Attributes:
        text: what to show; citations stand in it as `[1]`. Of an abstention, one sentence that says so.
        language: BCP-47 tag of the text, `und` where it cannot be told.
        language_ok: whether that is the language of the question; None where one of them cannot be told.
        citations: each passage that the text cites, once, in the order of their first mention.
        hits: the passages that the model was given; number n is `hits[n - 1]`. Of an abstention before the model was
            asked, those that were found.
        left_out: how many passages that were found did not fit into the prompt.
        abstained: there is no answer; `reason` says why, and no citation is given.
        removed: how many citations of passages that do not exist were taken out of the text.
        attempts: how often the model was asked: 0, 1 or 2.
        model: name of the chat model.
    """

    text: str
    language: str
    language_ok: bool | None
    citations: tuple[Citation, ...] = ()
    hits: tuple[Hit, ...] = ()
    left_out: int = 0
    abstained: bool = False
    reason: Reason | None = None
    removed: int = 0
    attempts: int = 0
    model: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Passages:
    """The first event: what was found and fits into the prompt, and how many did not."""

    hits: tuple[Hit, ...]
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of the answer. All of them together are the text of the `Answer`, which is the last event."""

    text: str


Event = Passages | Text | Answer
