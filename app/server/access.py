"""Who asks, and what they may see: the dependency that every route but the public ones has."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.types import Scope as AsgiScope

from ..access.keys import Key, Scope
from ..access.view import View
from .errors import RequestError
from .service import Service

PUBLIC = frozenset({"/health", "/ready", "/openapi.json"})
"""Routes that need no key; a test holds that every other has an `Access`."""

BEARER = HTTPBearer(
    auto_error=False,
    scheme_name="key",
    description="An API key, made with `interlingua keys new`. A server without keys asks for none.",
)


@dataclass(frozen=True, slots=True)
class Access:
    """Lets in a key that has `scope`."""

    scope: Scope
    gives: Literal["key", "view"]

    async def __call__(
        self, request: Request, presented: Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)]
    ) -> Key | View:
        """The key, or the index as it sees it. Raises RequestError (403) without the scope.

        Which key it is has been found out before the body was read; what is declared here is for the description.
        """
        service = service_of(request)
        key: Key = request.state.caller
        if not key.allows(self.scope):
            raise RequestError(403, "forbidden", f"This key lacks the scope {self.scope}.")
        return service.view(key) if self.gives == "view" else key


def identify(service: Service) -> Callable[[AsgiScope, str], None]:
    """What finds out who asks: notes the key in the request's state, and that it made one request more.

    It raises RequestError: 401 for no known key, 429 for one that asks too often. Public routes need none.
    """

    def find(scope: AsgiScope, authorization: str) -> None:
        if scope["path"] in PUBLIC:
            return
        scheme, _, presented = authorization.partition(" ")
        key = service.keys.verify(presented.strip() if scheme.lower() == "bearer" else None)
        if key is None:
            raise RequestError(
                401,
                "unauthorized",
                "An API key is needed: the header `Authorization: Bearer KEY`.",
                {"WWW-Authenticate": "Bearer", "Connection": "close"},
            )
        scope["state"] |= {"caller": key, "key": key.name}
        service.rate.take(key.name)

    return find


ReadView = Annotated[View, Depends(Access("read", "view"))]
"""A route's parameter: the index as the caller sees it, whose key has the scope."""
WriteView = Annotated[View, Depends(Access("write", "view"))]
ReadKey = Annotated[Key, Depends(Access("read", "key"))]
"""The same for a route that has nothing to do with documents."""
WriteKey = Annotated[Key, Depends(Access("write", "key"))]
AdminKey = Annotated[Key, Depends(Access("admin", "key"))]


def service_of(request: Request) -> Service:
    """What the routes share."""
    service: Service = request.app.state.service
    return service
