"""What other tools send and expect: OpenAI's /v1/embeddings and /v1/models, Cohere's /v1/rerank.

Fields that we do not know are passed over, as those services do: clients send more than they need.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from .common import MAX_ITEMS

EMBEDDING_EXAMPLES: dict[str, Any] = {
    "passages": {"value": {"model": "bundled", "input": ["Recht auf Bildung", "教育を受ける権利"]}},
    "a query, as base64": {
        "value": {"input": "حق التعليم", "input_type": "query", "encoding_format": "base64", "dimensions": 256}
    },
}
RERANK_EXAMPLES: dict[str, Any] = {
    "two languages": {
        "value": {
            "query": "शिक्षा का अधिकार",
            "documents": ["教育を受ける権利", "Der Drucker meldet Papierstau."],
            "top_n": 1,
            "return_documents": True,
        }
    }
}


class Lenient(BaseModel):
    """A body of another's making."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)


class EmbeddingsRequest(Lenient):
    """Texts to embed."""

    input: str | Annotated[list[str], Field(max_length=MAX_ITEMS)] = Field(
        description="A text or a list of texts, none of them empty. Token ids are refused."
    )
    model: str | None = Field(None, description="That of GET /v1/models; anything else is refused.")
    encoding_format: Literal["float", "base64"] = Field("float", description="base64: of 32-bit little-endian floats.")
    dimensions: int | None = Field(None, ge=1, description="Fewer numbers, where the model's vectors can be cut.")
    input_type: Literal["query", "passage"] = Field(
        "passage",
        description="Not in OpenAI's API: queries get other vectors than passages from many models.",
    )


class EmbeddingItem(BaseModel):
    """The vector of one text."""

    object: Literal["embedding"]
    index: int
    embedding: list[float] | str


class Usage(BaseModel):
    """Tokens, by the model's own tokenizer where it is at hand."""

    prompt_tokens: int
    total_tokens: int


class EmbeddingsAnswer(BaseModel):
    """Unit vectors in the order of the texts."""

    object: Literal["list"]
    model: str
    data: list[EmbeddingItem]
    usage: Usage


class ModelEntry(BaseModel):
    """A model; `created` is always 0."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str


class ModelEntries(BaseModel):
    """The embedder in force, and the reranker where there is one."""

    object: Literal["list"]
    data: list[ModelEntry]


class RerankText(Lenient):
    """A document of which only the text is read."""

    text: str


class RerankRequest(Lenient):
    """A query and documents to put in order."""

    query: str = Field(min_length=1)
    documents: list[str | RerankText] = Field(min_length=1, max_length=MAX_ITEMS)
    model: str | None = Field(None, description="That of the server; anything else is refused.")
    top_n: int | None = Field(None, ge=1, description="Only so many of the best.")
    return_documents: bool = Field(False, description="Send the texts back too.")


class RerankResult(BaseModel):
    """A document by its place in the request, with its relevance in [0, 1]."""

    index: int
    relevance_score: float
    document: RerankText | None = None


class RerankAnswer(BaseModel):
    """The documents, best first."""

    id: str
    model: str
    results: list[RerankResult]
    meta: dict[str, Any]
