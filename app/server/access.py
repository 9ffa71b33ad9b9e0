"""Who asks, and what they may see: the dependency that every route but the public ones has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

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
        """The key, or the index as it sees it. Raises RequestError: 401 for no known key, 403 without the scope."""
        service = service_of(request)
        key = service.keys.verify(None if presented is None else presented.credentials)
        if key is None:
            raise RequestError(
                401,
                "unauthorized",
                "An API key is needed: the header `Authorization: Bearer KEY`.",
                {"WWW-Authenticate": "Bearer"},
            )
        request.state.key = key.name
        service.rate.take(key.name)
        if not key.allows(self.scope):
            raise RequestError(403, "forbidden", f"This key may not {self.scope}.")
        return service.view(key) if self.gives == "view" else key


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
