"""POST /documents/files: files as they come, to disk and then to a job."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import Request

from ..access import WriteView, service_of
from ..answers import Json
from ..errors import RequestError
from ..jobs.job import new_job
from ..schemas.common import errors
from ..schemas.jobs import JobAnswer
from ..uploads import receive
from .jobs import accepted
from .parts import router

routes = router("documents")

_FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["files"],
                    "properties": {
                        "files": {
                            "type": "array",
                            "minItems": 1,
                            "items": {"type": "string", "format": "binary"},
                            "description": "PDF, Word, PowerPoint, Excel, HTML, Markdown, mail, tables, text, …",
                        }
                    },
                }
            }
        },
    }
}


@routes.post(
    "/documents/files",
    status_code=202,
    response_model=JobAnswer,
    responses=errors(415),
    openapi_extra=_FORM,
    summary="Upload files",
)
async def upload_files(request: Request, seen: WriteView) -> Json:
    """Store files, or the rows of tables, as documents; answers with a job as soon as all have arrived.

    A document's id is `uploads/` and the file's name, after the key's prefix; a row's also has `#` and its key.
    """
    service = service_of(request)
    job = new_job("files", key=seen.key, items=0)
    folder = await asyncio.to_thread(service.jobs.room, job)
    try:
        count = await receive(request, folder, service.limits)
        if not count:
            raise RequestError(422, "invalid_request", "There is no file in the form. Send one as the field `files`.")
    except BaseException:
        await asyncio.to_thread(service.jobs.withdraw, job)
        raise
    job = job.with_items(count)
    try:
        await asyncio.to_thread(service.jobs.submit, job)
    except Exception:  # a full disk
        await asyncio.to_thread(service.jobs.withdraw, job)
        raise
    return accepted(service, job)
