"""What an index holds as a whole: numbers, a sample, passages to look at."""

from __future__ import annotations

from pydantic import BaseModel, Field

from .search import WholePassage


class LanguageCounts(BaseModel):
    """Documents that begin in a language, and passages that are in it."""

    documents: int
    passages: int


class OverviewAnswer(BaseModel):
    """What the caller may see of the index, in numbers."""

    documents: int
    passages: int
    languages: dict[str, LanguageCounts] = Field(description="By BCP-47 tag, most passages first.")
    sources: dict[str, int] | None = Field(description="Passages per source, most first; null without the scope admin.")


class SampledPassage(WholePassage):
    """A passage and its vector."""

    vector: str = Field(description="base64 of `dimensions` 32-bit little-endian floats; of length 1.")


class SampleAnswer(BaseModel):
    """Some passages of all."""

    dimensions: int
    passages: list[SampledPassage]


class UnsureAnswer(BaseModel):
    """Passages whose language is a guess."""

    passages: list[WholePassage]
