"""POST /search and /similar."""

from __future__ import annotations

from typing import Annotated

from fastapi import Body, Request

from ...access.view import View
from ...presenting import hit_to_dict
from ..access import ReadView, service_of
from ..answers import Json
from ..errors import not_found
from ..limits import at_most
from ..schemas.common import errors
from ..schemas.search import EXAMPLES, SIMILAR_EXAMPLES, SearchAnswer, SearchRequest, SimilarRequest
from .parts import router

routes = router("search")


@routes.post("/search", response_model=SearchAnswer, summary="Find passages in every language")
async def search(
    request: Request, asked: Annotated[SearchRequest, Body(openapi_examples=EXAMPLES)], seen: ReadView
) -> Json:
    """The best passages for a query in any language, best first. The query is embedded as typed: no translation."""
    service = service_of(request)
    at_most(len(asked.query), service.limits.query_characters, what="Characters of the query", setting="max_query")
    at_most(asked.limit, service.limits.passages, what="limit", setting="max_passages")
    if asked.rerank:
        at_most(asked.candidates, service.limits.passages, what="candidates", setting="max_passages")
    threads = service.slow if asked.rerank else service.quick
    return Json(await threads.run(_found, seen, asked))


def _found(seen: View, asked: SearchRequest) -> dict[str, object]:
    hits = seen.search(
        asked.query,
        limit=asked.limit,
        languages=asked.languages,
        sources=asked.sources,
        filter=asked.filter,
        score_threshold=asked.score_threshold,
        per_document=asked.per_document,
        rerank=asked.rerank,
        candidates=asked.candidates,
        rerank_budget=asked.rerank_budget,
        reader=asked.reader,
    )
    return {"hits": [hit_to_dict(hit, asked.query if asked.highlights else None) for hit in hits]}


@routes.post("/similar", response_model=SearchAnswer, responses=errors(404), summary="Find passages like a stored one")
async def find_similar(
    request: Request, asked: Annotated[SimilarRequest, Body(openapi_examples=SIMILAR_EXAMPLES)], seen: ReadView
) -> Json:
    """The passages of other documents nearest to a stored one, best first. Nothing is embedded for that."""
    service = service_of(request)
    at_most(asked.limit, service.limits.passages, what="limit", setting="max_passages")
    hits = await service.quick.run(
        seen.similar,
        asked.document_id,
        asked.ordinal,
        limit=asked.limit,
        languages=asked.languages,
        filter=asked.filter,
        per_document=asked.per_document,
    )
    if hits is None:
        raise not_found("passage")
    return Json({"hits": [hit_to_dict(hit) for hit in hits]})
