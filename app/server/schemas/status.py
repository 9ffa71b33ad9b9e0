"""What the server is and holds."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field


class Languages(BaseModel):
    """Passages per language tag, most first."""

    languages: dict[str, int]


class Facets(BaseModel):
    """Passages per value of one key, most first."""

    key: str
    values: dict[str, int]


class StatusAnswer(BaseModel):
    """What the caller may see of the index, and the model that made it."""

    version: str
    model: str
    dimensions: int
    documents: int
    passages: int
    languages: dict[str, int]
    scopes: list[str] = Field(description="What the caller's key may do: read, write, admin.")
    fetch_pages: bool = Field(description="Whether web pages can be added by URL.")


class EmbedderDescription(BaseModel):
    """The model that made the index."""

    name: str
    dimensions: int
    max_tokens: int
    fingerprint: str = Field(description="Changes whenever the same text would get another vector.")


class RerankerDescription(BaseModel):
    """The model that orders passages anew."""

    name: str


class ModelsAnswer(BaseModel):
    """The models in force."""

    embedder: EmbedderDescription
    reranker: RerankerDescription | None


class Alive(BaseModel):
    """The process answers."""

    status: Literal["ok"]


class Ready(BaseModel):
    """Whether requests are to be sent here."""

    ready: bool
