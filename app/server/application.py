"""The ASGI application: routes, middleware, and errors in one shape."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Match, Route
from starlette.types import Scope

from ... import __version__
from ..access.view import View
from .access import identify
from .answers import Json
from .context import RequestContext, answer
from .errors import Problem, RequestError, problem
from .routes import answer as answers
from .routes import compatible, documents, exploring, jobs, search, status, uploads
from .service import Service

if TYPE_CHECKING:
    from ..mcp.serving import HttpApp

ROUTERS = (
    search.routes,
    answers.routes,
    documents.routes,
    uploads.routes,
    jobs.routes,
    exploring.routes,
    status.routes,
    compatible.routes,
)
"""In the order of the description."""

_DESCRIPTION = "One index for every language: a query in any finds passages in all, without translation."
_TYPES = {400: "invalid_request", 404: "not_found", 405: "method_not_allowed"}


def create_app() -> FastAPI:
    """The routes, for their description; `attach` makes them work."""
    app = FastAPI(
        title="Interlingua",
        version=__version__,
        description=_DESCRIPTION,
        docs_url=None,  # its page would load scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,  # an id may end in one
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
    )
    for router in ROUTERS:
        app.include_router(router)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _refused)
    return app


def attach(app: FastAPI, service: Service) -> FastAPI:
    """`app`, working with `service`."""
    app.state.service = service
    origins = service.settings.cors_origins
    app.add_middleware(
        RequestContext,
        limits=service.limits,
        metrics=service.metrics,
        local_only=service.keys.open_access,
        origins=origins,
        identify=identify(service),
    )
    if origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(origins),
            allow_methods=["GET", "POST", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "Last-Event-ID", "X-Request-ID"],
            expose_headers=["Location", "Retry-After", "X-Request-ID"],
        )
    return app


def add_tools(app: FastAPI, service: Service) -> HttpApp:
    """The tools of the Model Context Protocol at /mcp; enter `running` of what is returned around their use."""
    from ..mcp.serving import PATH, HttpApp, key_of, make

    def view_of(request: Request) -> View:
        return service.view(key_of(request))

    tools = HttpApp(make(view_of, ingest=service.settings.mcp_ingest), service.keys)
    app.router.routes.append(_Named(PATH, tools, include_in_schema=False))
    return tools


class _Named(Route):
    """A route that says in the scope that it is the one, as FastAPI's do: log and metrics have it from there."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether it is the one, and what to add to the scope."""
        match, found = super().matches(scope)
        return match, {**found, "route": self}


def _request_id(request: Request) -> str:
    return str(getattr(request.state, "request_id", ""))


async def _invalid(request: Request, error: Exception) -> Json:
    """A body or parameter of the wrong form: where and what, without what was sent."""
    found = cast(RequestValidationError, error).errors()
    details: list[dict[str, Any]] = [
        {"at": ".".join(str(part)[:60] for part in one["loc"][:10]), "message": one["msg"]} for one in found[:20]
    ]
    first = details[0] if details else {"at": "body", "message": "cannot be read"}
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    shape = Problem(status=422, type="invalid_request", message=f"{first['at']}: {first['message']}{more}")
    return answer(shape, _request_id(request), details=details)


async def _refused(request: Request, error: Exception) -> Json:
    """What the framework refuses; where a limit of ours was its reason, that."""
    refused = cast(HTTPException, error)
    if isinstance(refused.__cause__, RequestError):
        return answer(problem(refused.__cause__), _request_id(request))
    shape = Problem(
        status=refused.status_code,
        type=_TYPES.get(refused.status_code, "invalid_request"),
        message=f"{refused.detail}.",
        headers=dict(refused.headers or {}),
    )
    return answer(shape, _request_id(request))
