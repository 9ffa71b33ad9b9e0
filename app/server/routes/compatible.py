"""The models of the index behind the APIs that other tools speak: OpenAI's embeddings, Cohere's rerank."""

from __future__ import annotations

import base64
from typing import Annotated, Any

from fastapi import Body, Request

from ..access import ReadKey, service_of
from ..answers import Json
from ..errors import RequestError
from ..limits import at_most
from ..models import Models
from ..schemas.common import errors
from ..schemas.compatible import (
    EMBEDDING_EXAMPLES,
    RERANK_EXAMPLES,
    EmbeddingsAnswer,
    EmbeddingsRequest,
    ModelEntries,
    RerankAnswer,
    RerankRequest,
)
from ..service import Service
from .parts import router

routes = router("models")

BYTES_PER_CHARACTER = 10
"""Bytes that a body may have for each character that a model may be given: a million characters by default."""


@routes.post("/v1/embeddings", response_model=EmbeddingsAnswer, responses=errors(404), summary="Embed (OpenAI)")
async def embed_texts(
    request: Request,
    asked: Annotated[EmbeddingsRequest, Body(openapi_examples=EMBEDDING_EXAMPLES)],
    caller: ReadKey,
) -> Json:
    """A unit vector for each text, by the model of the index."""
    service = service_of(request)
    texts = [asked.input] if isinstance(asked.input, str) else asked.input
    at_most(len(texts), service.limits.documents, what="Texts", setting="max_documents")
    _check_characters(texts, service)
    return Json(await service.texts.run(_embedded, service.models, asked, texts))


def _embedded(models: Models, asked: EmbeddingsRequest, texts: list[str]) -> dict[str, Any]:
    name = models.embedder.model
    _check_model(asked.model, name)
    vectors, tokens = models.embed(texts, asked.input_type, dimensions=asked.dimensions)
    if asked.encoding_format == "base64":
        written: list[Any] = [base64.b64encode(row.astype("<f4").tobytes()).decode() for row in vectors]
    else:
        written = vectors.tolist()
    return {
        "object": "list",
        "model": name,
        "data": [{"object": "embedding", "index": place, "embedding": row} for place, row in enumerate(written)],
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    }


@routes.get("/v1/models", response_model=ModelEntries, summary="Models (OpenAI)")
async def list_models(request: Request, caller: ReadKey) -> Json:
    """The embedder in force, and the reranker where there is one."""
    service = service_of(request)
    names = await service.quick.run(_names, service.models)
    entries = [{"id": name, "object": "model", "created": 0, "owned_by": "interlingua"} for name in names]
    return Json({"object": "list", "data": entries})


def _names(models: Models) -> list[str]:
    reranker = models.reranker
    return [models.embedder.model, *([] if reranker is None else [reranker.model])]


@routes.post("/v1/rerank", response_model=RerankAnswer, responses=errors(404), summary="Rerank (Cohere)")
async def rerank_documents(
    request: Request, asked: Annotated[RerankRequest, Body(openapi_examples=RERANK_EXAMPLES)], caller: ReadKey
) -> Json:
    """Texts by how relevant they are to a query, best first."""
    service = service_of(request)
    at_most(len(asked.documents), service.limits.passages, what="Documents", setting="max_passages")
    at_most(len(asked.query), service.limits.query_characters, what="Characters of the query", setting="max_query")
    texts = [document if isinstance(document, str) else document.text for document in asked.documents]
    _check_characters(texts, service)
    answer = await service.texts.run(_reranked, service.models, asked, texts)
    return Json({"id": request.state.request_id, **answer})


def _reranked(models: Models, asked: RerankRequest, texts: list[str]) -> dict[str, Any]:
    name = None if models.reranker is None else models.reranker.model
    if name is not None:
        _check_model(asked.model, name)
    scores = models.relevance(asked.query, texts)
    best = sorted(range(len(texts)), key=lambda place: (-scores[place], place))[: asked.top_n]
    results: list[dict[str, Any]] = [{"index": place, "relevance_score": scores[place]} for place in best]
    if asked.return_documents:
        for result in results:
            result["document"] = {"text": texts[result["index"]]}
    return {"model": name, "results": results, "meta": {"api_version": {"version": "1"}}}


def _check_characters(texts: list[str], service: Service) -> None:
    """Refuse what would be at work long after its request was given up: bytes are read faster than a model reads."""
    most = service.limits.body_bytes // BYTES_PER_CHARACTER
    at_most(sum(map(len, texts)), most, what="Characters in all", setting="max_body, a tenth of which")


def _check_model(asked: str | None, name: str) -> None:
    if asked is not None and asked != name:
        raise RequestError(404, "model_not_found", f"This server has the model {name} here; leave `model` out.")
