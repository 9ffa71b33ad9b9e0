"""Jobs, and what an ingest did."""

from __future__ import annotations

from pydantic import BaseModel, Field

from ..jobs.job import Kind, State


class SkippedItem(BaseModel):
    """What could not be used, and why."""

    id: str
    reason: str


class IngestReport(BaseModel):
    """The outcome of an ingest, or the outcome so far."""

    source: str
    documents: int = Field(description="Dealt with so far.")
    added: int
    updated: int
    unchanged: int
    deleted: int
    refused_deletions: int
    skipped: int
    skips: list[SkippedItem] = Field(description="With reasons, cut; the first hundred, none in lists of jobs.")
    chunks: int = Field(description="Passages written.")
    embedded: int = Field(description="Of those, through the model; the others took the vector stored for their text.")
    reused: int
    languages: dict[str, int] = Field(description="Passages written per language.")
    needs_ocr: dict[str, int] = Field(
        default_factory=dict, description="Documents with pages of unusable text, by what to do about it."
    )
    seconds: float


class JobError(BaseModel):
    """Why a job failed."""

    type: str
    message: str


class JobAnswer(BaseModel):
    """An ingest that goes on after its request."""

    id: str
    kind: Kind
    items: int = Field(description="Documents or files that it was given.")
    state: State = Field(description="`interrupted`: the server stopped; its next start goes on.")
    created: str
    started: str | None
    finished: str | None
    attempt: int = Field(description="How often it was begun.")
    report: IngestReport | None
    error: JobError | None


class JobList(BaseModel):
    """Jobs, the newest first."""

    jobs: list[JobAnswer]
