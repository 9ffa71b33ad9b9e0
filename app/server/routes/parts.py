"""What is common to the routers."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from ..answers import Json
from ..schemas.common import errors


def router(tag: str) -> APIRouter:
    """A router of one topic. Routes give their bodies as they are: what they are made of is typed already."""
    return APIRouter(tags=[tag], default_response_class=Json, responses=errors(), generate_unique_id_function=_name)


def _name(route: Any) -> str:
    """The operation id: the name of the function."""
    return str(route.name)
