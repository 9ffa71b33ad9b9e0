"""Answers from the passages that a search finds, with citations, in the language of the question.

    chat = open_chat(settings)                       # None where no chat model is configured
    answerer = answerer_for(index, chat)             # search=view.search for a view that shows less
    for event in answerer.stream("…"): …             # Passages, Text, …, Answer

docs/answers.md says what is promised of an answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ...retrieval.types import Hit
from ..index import Index
from .answerer import Answerer, Search
from .chat import HOW_TO, Chat, Message, open_chat
from .langchain import LangChainChat
from .served import ServedChat, open_served
from .values import Answer, Citation, Event, Passages, Reason, Text

__all__ = [
    "HOW_TO",
    "Answer",
    "Answerer",
    "Chat",
    "Citation",
    "Event",
    "LangChainChat",
    "Message",
    "Passages",
    "Reason",
    "Search",
    "ServedChat",
    "Text",
    "answerer_for",
    "open_chat",
    "open_served",
    "passages_alone",
]

LEAST_SCORE = {"bundled": 0.25}
"""Least cosine of the best passage, by embedder: what no answerable question was below (benchmarks/abstention.py)."""


def answerer_for(index: Index, chat: Chat, *, search: Search | None = None) -> Answerer:
    """The answerer of an index, with the settings of it; `search` in place of the index's own where given."""
    settings = index.settings
    least = settings.answer_score
    return Answerer(
        search or index.search,
        chat,
        context=settings.chat_context,
        least_score=LEAST_SCORE.get(index.embedder.model) if least is None else least,
        embedder=index.embedder,
    )


def passages_alone(search: Callable[[], list[Hit]]) -> Iterator[Event]:
    """The events of a question that no chat model answers: what `search` finds, and an abstention that says so."""
    hits = tuple(search())
    yield Passages(hits=hits)
    yield Answer(text="", language="und", language_ok=None, hits=hits, abstained=True, reason="no_model", model="")
