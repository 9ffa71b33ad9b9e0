"""What is common to the routers."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.convertors import Convertor, register_url_convertor

from ..answers import Json
from ..schemas.common import errors


class Anything(Convertor[str]):
    """The rest of a path, whatever it is: `{id:anything}`. Starlette's own `path` ends at the end of a line."""

    regex = "(?s:.*)"

    def convert(self, value: str) -> str:
        """As it is."""
        return value

    def to_string(self, value: str) -> str:
        """As it is."""
        return value


register_url_convertor("anything", Anything())


def router(tag: str) -> APIRouter:
    """A router of one topic. Routes give their bodies as they are: what they are made of is typed already."""
    return APIRouter(tags=[tag], default_response_class=Json, responses=errors(), generate_unique_id_function=_name)


def _name(route: Any) -> str:
    """The operation id: the name of the function."""
    return str(route.name)
