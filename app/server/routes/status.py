"""What the server is and holds: languages, facets, status, models; health, readiness, metrics."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Request
from fastapi.responses import Response

from .... import __version__
from ...access.keys import EVERYONE
from ...access.view import View
from ..access import AdminKey, ReadKey, ReadView, service_of
from ..answers import Json
from ..metrics import CONTENT_TYPE
from ..schemas.status import Alive, Facets, Languages, ModelsAnswer, Ready, StatusAnswer
from ..service import Service
from .parts import router

routes = router("status")


@routes.get("/languages", response_model=Languages, summary="Languages")
async def list_languages(request: Request, seen: ReadView) -> Json:
    """Passages per language."""
    return Json({"languages": await service_of(request).quick.run(seen.languages)})


@routes.get("/facets/{key:anything}", response_model=Facets, summary="Values of a key")
async def count_values(
    request: Request,
    seen: ReadView,
    key: Annotated[str, Path(description="`language`, or a key of the metadata.", examples=["language", "topic"])],
) -> Json:
    """Passages per value of a key of the metadata: what a filter can ask for. A key of the metadata is read through."""
    return Json({"key": key, "values": await service_of(request).slow.run(seen.facets, key)})


@routes.get("/status", response_model=StatusAnswer, summary="What the index holds")
async def show_status(request: Request, seen: ReadView) -> Json:
    """What the caller may see of the index, and the model that made it."""
    service = service_of(request)
    return Json(await service.quick.run(_status, service, seen))


def _status(service: Service, seen: View) -> dict[str, object]:
    documents, passages = seen.counts()
    embedder = service.models.embedder
    return {
        "version": __version__,
        "model": embedder.model,
        "dimensions": embedder.dim,
        "documents": documents,
        "passages": passages,
        "languages": seen.languages(),
        "scopes": sorted(seen.key.scopes),
        "fetch_pages": service.settings.fetch_pages,
    }


@routes.get("/models", response_model=ModelsAnswer, summary="The models in force")
async def show_models(request: Request, caller: ReadKey) -> Json:
    """The model that made the index, and the reranker where there is one."""
    service = service_of(request)
    return Json(await service.quick.run(_models, service))


def _models(service: Service) -> dict[str, object]:
    embedder, reranker = service.models.embedder, service.models.reranker
    return {
        "embedder": {
            "name": embedder.model,
            "dimensions": embedder.dim,
            "max_tokens": embedder.max_tokens,
            "fingerprint": embedder.fingerprint,
        },
        "reranker": None if reranker is None else {"name": reranker.model},
    }


@routes.get("/health", response_model=Alive, summary="Alive")
async def health() -> Json:
    """Whether the process answers; for a liveness probe. Needs no key."""
    return Json({"status": "ok"})


_NOT_READY: dict[int | str, dict[str, object]] = {503: {"model": Ready, "description": "Not now."}}


@routes.get("/ready", response_model=Ready, responses=_NOT_READY, summary="Ready")
async def ready(request: Request) -> Json:
    """Whether requests are to be sent here: not while it starts or stops, nor when the store does not answer."""
    answers = await service_of(request).answers()
    return Json({"ready": answers}, status_code=200 if answers else 503)


_TEXT: dict[int | str, dict[str, object]] = {
    200: {"description": "Prometheus' format.", "content": {"text/plain": {"schema": {"type": "string"}}}}
}


@routes.get("/metrics", response_class=Response, responses=_TEXT, summary="Metrics")
async def show_metrics(request: Request, caller: AdminKey) -> Response:
    """Requests, latencies, jobs and the size of the index, for Prometheus."""
    service = service_of(request)
    text = await service.quick.run(_metrics, service)
    return Response(text, media_type=CONTENT_TYPE)


def _metrics(service: Service) -> bytes:
    documents, passages = service.view(EVERYONE).counts()
    metrics = service.metrics
    metrics.size(documents=documents, passages=passages)
    metrics.count_jobs(job.state for job in service.jobs.all())
    metrics.pending(quick=service.quick.pending, slow=service.slow.pending)
    return metrics.text()
