"""POST /answer: an answer with citations, whole or as it is written."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator, Iterator
from functools import partial
from typing import Annotated, Any

from fastapi import Body, Request, Response
from fastapi.responses import StreamingResponse

from ...access.view import View
from ...answers import Answer, Answerer, Event, Passages, Text, passages_alone
from ...presenting import answer_to_dict, hit_to_dict
from ..access import ReadView, service_of
from ..answers import Json
from ..context import StalledError
from ..errors import LateError, body, problem
from ..limits import at_most
from ..schemas.answer import EXAMPLES, AnswerReply, AnswerRequest
from ..schemas.common import event_stream
from ..service import Service
from .parts import router

logger = logging.getLogger(__name__)

routes = router("answers")

_BOTH: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The answer; with `stream`, events: `passages`, `text` (pieces), and `answer` or `error` last.",
        "content": event_stream("passages", "text", "answer", "error"),
    }
}


@routes.post("/answer", response_model=AnswerReply, responses=_BOTH, summary="Answer a question with citations")
async def answer(
    request: Request, asked: Annotated[AnswerRequest, Body(openapi_examples=EXAMPLES)], seen: ReadView
) -> Response:
    """Search once, and let the server's chat model answer from what was found, in the language of the question.

    Every citation is an exact range of a document that the key may see. Without a chat model, the passages alone.
    """
    service = service_of(request)
    at_most(len(asked.question), service.limits.query_characters, what="Characters of the query", setting="max_query")
    at_most(asked.limit, service.limits.passages, what="limit", setting="max_passages")
    events = _events(service.answerer(seen), seen, asked)
    if not asked.stream:
        return Json(_shown(await _whole(service, events, request)))
    first = await service.chats.run(next, events)  # a question that cannot be asked is answered as an error
    headers = {"Cache-Control": "no-store"}
    return StreamingResponse(_written(service, events, first, request), media_type="text/event-stream", headers=headers)


def _events(answerer: Answerer | None, seen: View, asked: AnswerRequest) -> Iterator[Event]:
    options: dict[str, Any] = {
        "limit": asked.limit,
        "languages": asked.languages,
        "filter": asked.filter,
        "rerank": asked.rerank,
    }
    if answerer is not None:
        return answerer.stream(asked.question, **options)
    return passages_alone(partial(seen.search, asked.question, **options))


async def _whole(service: Service, events: Iterator[Event], request: Request) -> Answer:
    """The last event, unless it takes too long or nobody waits for it: the model is not asked to go on then."""
    try:
        async with asyncio.timeout(service.answer_seconds) as limit:
            while not isinstance(event := await service.chats.run(next, events), Answer):
                if await request.is_disconnected():
                    raise StalledError
            return event
    except TimeoutError:
        if not limit.expired():
            raise
        raise LateError(f"The answer took longer than {service.answer_seconds:g} seconds.") from None
    finally:
        _close(events)


def _close(events: Iterator[Event]) -> None:
    with contextlib.suppress(ValueError):  # it is at work in a thread this moment, and ends with that
        events.close()  # type: ignore[attr-defined]  # a generator


def _shown(found: Answer) -> dict[str, Any]:
    shown = answer_to_dict(found)
    if found.reason == "no_model":
        shown |= {"answer": None, "language": None, "model": None}
    return shown


async def _written(service: Service, events: Iterator[Event], first: Event, request: Request) -> AsyncIterator[str]:
    """The events as they come; a failure in the middle is the last of them."""
    event: Event | None = first
    try:
        while event is not None:
            yield _line(event)
            event = await service.chats.run(next, events, None)
    except Exception as error:
        found = problem(error)
        request_id = request.state.request_id
        if found.unexpected:
            logger.error("an answer failed", exc_info=error, extra={"request_id": request_id})
        yield _sse("error", body(found.type, found.message, request_id))
    finally:
        _close(events)


def _line(event: Event) -> str:
    if isinstance(event, Text):
        return _sse("text", {"text": event.text})
    if isinstance(event, Passages):
        return _sse("passages", {"hits": [hit_to_dict(hit) for hit in event.hits], "left_out": event.left_out})
    return _sse("answer", _shown(event))


def _sse(name: str, data: dict[str, Any]) -> str:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n"
