"""The answer to a question: search once, ask the model, check what it wrote, and ask once more where that failed."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import Any, Protocol

from ...retrieval.filters import Filter
from ...retrieval.protocols import Embedder
from ...retrieval.types import Hit
from .abstention import sentence
from .chat import Chat
from .drafting import Draft, draft
from .languages import Wanted, language_of
from .markup import Rewriter
from .narrowing import Span, narrowed
from .prompt import Fault, Prompt, compose
from .values import Answer, Citation, Event, Passages, Reason, Text

LIMIT = 8
"""Passages that are looked for; about as many of 256 tokens fit into the prompt, fewer in scripts of three bytes."""
CONTEXT = 3072
_ATTEMPTS = 2


class Search(Protocol):
    """What finds passages, best first: `Index.search`, or a view of an index that shows only what someone may see."""

    def __call__(
        self,
        query: str,
        *,
        limit: int,
        languages: Sequence[str] | None,
        filter: Mapping[str, Any] | Filter | None,
        rerank: bool,
    ) -> list[Hit]:
        """The best `limit` passages."""
        ...


class Answerer:
    """Answers questions from what a search finds, with citations; safe to share between threads.

    Args:
        search: called once for a question, with what the caller asked for and nothing else.
        chat: the model.
        context: tokens that a prompt may have, estimated at three bytes of UTF-8 each.
        least_score: cosine of the best passage below which the model is not asked; it depends on the embedder.
        embedder: narrows a citation to the sentences that the statement rests on; None leaves it the whole passage.
    """

    def __init__(
        self,
        search: Search,
        chat: Chat,
        *,
        context: int = CONTEXT,
        least_score: float | None = None,
        embedder: Embedder | None = None,
    ) -> None:
        self._search = search
        self._chat = chat
        self._context = context
        self._least_score = least_score
        self._embedder = embedder

    def answer(
        self,
        question: str,
        *,
        limit: int = LIMIT,
        languages: Sequence[str] | None = None,
        filter: Mapping[str, Any] | Filter | None = None,
        rerank: bool = False,
    ) -> Answer:
        """The whole answer; `languages`, `filter` and `rerank` go to the search.

        Raises:
            InputError, FilterError, ConfigurationError, EmbedderError, StoreError: as the search does.
            ConfigurationError: not even one passage fits into the prompt.
            ChatError: the model failed, wrote nothing, or its answer broke off.
        """
        *_, last = self.stream(question, limit=limit, languages=languages, filter=filter, rerank=rerank)
        assert isinstance(last, Answer)
        return last

    def stream(
        self,
        question: str,
        *,
        limit: int = LIMIT,
        languages: Sequence[str] | None = None,
        filter: Mapping[str, Any] | Filter | None = None,
        rerank: bool = False,
    ) -> Iterator[Event]:
        """What was found, then pieces of text, at last the whole answer. Raises as `answer`, also midway.

        A piece comes only once the model has cited a passage and a sentence of it is in the language of the question,
        so that nothing which is shown is taken back. Closing the iterator ends the request to the model.
        """
        hits = self._search(question, limit=limit, languages=languages, filter=filter, rerank=rerank)
        wanted = Wanted.of(question)
        if reason := self._irrelevant(hits):
            yield (found := Passages(hits=tuple(hits)))
            yield from self._abstain(reason, wanted, found, attempts=0)
            return
        prompt = compose(question, hits, wanted, context=self._context)
        yield (given := Passages(hits=prompt.hits, left_out=prompt.left_out))
        attempts, done = yield from self._attempts(prompt, wanted)
        if done.declined or done.fault:
            reason = "not_in_passages" if done.declined else "uncited"
            yield from self._abstain(reason, wanted, given, attempts=attempts, removed=done.removed)
            return
        yield Answer(
            text=done.text,
            language=language_of(done.text),
            language_ok=wanted.judge(done.text),
            citations=self._citations(done, given.hits),
            hits=given.hits,
            left_out=given.left_out,
            removed=done.removed,
            attempts=attempts,
            model=self._chat.name,
        )

    def _irrelevant(self, hits: Sequence[Hit]) -> Reason | None:
        """Why the model need not be asked. A reranker's scores are not compared with the least cosine."""
        if not hits:
            return "nothing_found"
        cosines = [hit.scores["dense"] for hit in hits if "dense" in hit.scores]
        if self._least_score is not None and cosines and max(cosines) < self._least_score:
            return "low_score"
        return None

    def _attempts(self, prompt: Prompt, wanted: Wanted) -> Generator[Text, None, tuple[int, Draft]]:
        """The last draft, after how many. The second one may be in any language: it is that or nothing."""
        urls = [hit.chunk.url or "" for hit in prompt.hits]
        fault: Fault | None = None
        for attempt in range(1, _ATTEMPTS + 1):
            pieces = self._chat.stream(prompt.messages(fault))
            rewriter = Rewriter(len(prompt.hits), urls)
            done = yield from draft(pieces, rewriter, wanted, check_language=attempt < _ATTEMPTS and wanted.told)
            fault = done.fault
            if fault is None:
                break
        return attempt, done

    def _citations(self, done: Draft, hits: Sequence[Hit]) -> tuple[Citation, ...]:
        passages = {number: hits[number - 1].chunk.text for number in done.cited}
        spans = {} if self._embedder is None else narrowed(done.text, passages, self._embedder)
        return tuple(_citation(number, hits[number - 1], spans.get(number)) for number in done.cited)

    def _abstain(
        self, reason: Reason, wanted: Wanted, given: Passages, *, attempts: int, removed: int = 0
    ) -> Iterator[Event]:
        text, language = sentence(wanted.tag)
        yield Text(text)
        yield Answer(
            text=text,
            language=language,
            language_ok=language == wanted.tag if wanted.told else None,
            hits=given.hits,
            left_out=given.left_out,
            abstained=True,
            reason=reason,
            removed=removed,
            attempts=attempts,
            model=self._chat.name,
        )


def _citation(number: int, hit: Hit, span: Span | None) -> Citation:
    chunk = hit.chunk
    start, end = (0, len(chunk.text)) if span is None else span
    return Citation(
        number=number,
        document_id=chunk.document_id,
        chunk_id=chunk.id,
        start=chunk.start + start,
        end=chunk.start + end,
        quote=chunk.text[start:end],
        language=chunk.language,
        title=chunk.title,
        url=chunk.url,
    )
