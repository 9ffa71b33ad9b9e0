"""What the index holds as a whole: GET /overview, /sample and /unsure."""

from __future__ import annotations

import base64
import dataclasses
from typing import Annotated

from fastapi import Query, Request

from ...access.reading import MAX_PAGE, MAX_SAMPLE
from ...access.view import View
from ...presenting import chunk_to_dict
from ..access import ReadView, service_of
from ..answers import Json
from ..schemas.exploring import OverviewAnswer, SampleAnswer, UnsureAnswer
from .parts import router

routes = router("exploring")


@routes.get("/overview", response_model=OverviewAnswer, summary="The index in numbers")
async def show_overview(request: Request, seen: ReadView) -> Json:
    """Documents and passages, by language and by source; a document counts for the language that it begins in."""
    return Json(dataclasses.asdict(await service_of(request).slow.run(seen.overview)))


@routes.get("/sample", response_model=SampleAnswer, summary="A sample of the passages, with vectors")
async def take_sample(
    request: Request,
    seen: ReadView,
    limit: Annotated[int, Query(ge=1, le=MAX_SAMPLE, description="How many passages.", examples=[500])] = 500,
) -> Json:
    """A uniform sample of the passages, in order of id: the same each time, and a larger one holds the smaller."""
    return await service_of(request).slow.run(_sampled, seen, limit)


def _sampled(seen: View, limit: int) -> Json:
    """The answer, written in the thread: it may have some 20 MB."""
    sample = seen.sample(limit)
    rows = (base64.b64encode(row.astype("<f4").tobytes()).decode() for row in sample.vectors)
    passages = [{**chunk_to_dict(chunk), "vector": row} for chunk, row in zip(sample.chunks, rows, strict=True)]
    return Json({"dimensions": sample.vectors.shape[1], "passages": passages})


@routes.get("/unsure", response_model=UnsureAnswer, summary="Passages of uncertain language")
async def list_unsure(
    request: Request,
    seen: ReadView,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE, description="How many passages.", examples=[50])] = 50,
) -> Json:
    """Passages whose language is not known, or told with a confidence below 0.95, in order of id."""
    found = await service_of(request).slow.run(seen.unsure, limit)
    return Json({"passages": [chunk_to_dict(chunk) for chunk in found]})
