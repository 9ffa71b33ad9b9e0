"""Our embedders as LlamaIndex's embedding, and LlamaIndex's as ours."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import Sequence
from typing import Any, Self

from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.schema import BaseNode, MetadataMode
from pydantic import ConfigDict, Field, PrivateAttr, SkipValidation, field_serializer, model_validator

from ... import embedders
from ...errors import ConfigurationError, ManifestError
from ...protocols import Embedder
from ...served.address import Address
from ...text.normalise import normalise
from ..foreign import ForeignEmbedder
from ..vectors import BATCH, checked

_COLLECTION = "interlingua"
_LOADING = threading.Lock()
"""Held while a model is loaded; of the module, since an object with a lock of its own could not be copied."""


class InterlinguaEmbedding(BaseEmbedding):
    """An embedder of ours wherever LlamaIndex takes an embedding.

        InterlinguaEmbedding(model_name="bundled")
        InterlinguaEmbedding(embedder=index.embedder)

    Queries and passages go to the model each in their own role, in the Unicode form that an index gives them, and so
    they do through `embeddings_cache`, which is kept by model, role and text. The model is loaded when it is first
    asked; a copy in another process loads its own, and takes neither callbacks nor a rate limiter along. The async
    methods work in a thread, a batch at a time. Methods raise EmbedderError, and what `retrieval.embedders.load` does.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="forbid", protected_namespaces=())

    model_name: str = "bundled"
    """As in `retrieval.embedders.load`, like the fields from here to `trust_remote_code`."""
    dimensions: int | None = None
    task: str | None = None
    url: str | None = Field(default=None, repr=False)
    dialect: str | None = None
    key: str | None = Field(default=None, exclude=True, repr=False)
    device: str | None = None
    revision: str | None = None
    trust_remote_code: bool = False
    embedder: SkipValidation[Embedder | None] = Field(default=None, exclude=True, repr=False)
    """One that was made already, in place of all of these."""
    fingerprint: str | None = None
    """Of the model; where it is given, another model is refused. `to_dict` has it, so that caches know the model."""
    embed_metadata: bool = False
    """As a step of a pipeline, embed a node's metadata with its text, as LlamaIndex does by itself."""
    embed_batch_size: int = Field(default=BATCH, gt=0, le=2048)

    _model: Embedder | None = PrivateAttr(default=None)
    _cache: Any = PrivateAttr(default=None)

    @classmethod
    def class_name(cls) -> str:
        """What LlamaIndex calls it in what it writes."""
        return "InterlinguaEmbedding"

    @model_validator(mode="after")
    def _settle(self) -> Self:
        options = {"dimensions", "task", "url", "dialect", "key", "device", "revision", "trust_remote_code"}
        if self.embedder is not None:
            if given := sorted(options & self.model_fields_set):
                raise ConfigurationError(f"{', '.join(given)} does not apply to an embedder that is made already.")
            self.__dict__["model_name"] = self.embedder.model
        # LlamaIndex looks into its cache by the text alone, whatever the role and the model: it is given none.
        self._cache, self.__dict__["embeddings_cache"] = self.embeddings_cache, None
        return self

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__("_cache" if name == "embeddings_cache" else name, value)

    def __reduce__(self) -> tuple[Any, ...]:
        left = ("callback_manager", "rate_limiter")
        fields = {name: value for name, value in self.__dict__.items() if name not in left}
        # What was left out when it was made is left out again: an option that is given means something else.
        fields = {name: value for name, value in fields.items() if name in self.model_fields_set}
        return _made, (type(self), fields | {"embeddings_cache": self._cache})

    @field_serializer("url")
    def _without_password(self, url: str | None) -> str | None:
        return None if url is None else Address.parse(url).name

    def to_dict(self, **kwargs: Any) -> dict[str, Any]:
        """All that vectors depend on, and no secrets; loads the model for its fingerprint."""
        return {**super().to_dict(**kwargs), "fingerprint": self.model.fingerprint}

    @property
    def model(self) -> Embedder:
        """The embedder, loaded now if it was not.

        Raises:
            ManifestError: it is not the one of `fingerprint`.
            ConfigurationError: nothing goes by that name.
        """
        if self._model is None:
            with _LOADING:
                if self._model is None:
                    self._model = self._load()
        return self._model

    def _load(self) -> Embedder:
        model = self.embedder or embedders.load(
            self.model_name,
            dimensions=self.dimensions,
            task=self.task,
            url=self.url,
            dialect=self.dialect,
            key=self.key,
            device=self.device,
            revision=self.revision,
            trust_remote_code=self.trust_remote_code,
        )
        if self.fingerprint not in (None, model.fingerprint):
            raise ManifestError(
                f"{self.model_name} has the fingerprint {model.fingerprint}, not {self.fingerprint}: it is another "
                "model or version. Leave the fingerprint out, and embed anew what was embedded with the other."
            )
        return model

    def __call__(self, nodes: Sequence[BaseNode], **kwargs: Any) -> Sequence[BaseNode]:
        """The nodes, each with its embedding set, as LlamaIndex expects it of a step of a pipeline."""
        return _embedded(nodes, self.get_text_embedding_batch(self._texts(nodes), **kwargs))

    async def acall(self, nodes: Sequence[BaseNode], **kwargs: Any) -> Sequence[BaseNode]:
        """See `__call__`."""
        return _embedded(nodes, await self.aget_text_embedding_batch(self._texts(nodes), **kwargs))

    def _texts(self, nodes: Sequence[BaseNode]) -> list[str]:
        mode = MetadataMode.EMBED if self.embed_metadata else MetadataMode.NONE
        return [node.get_content(metadata_mode=mode) for node in nodes]

    def _get_query_embedding(self, query: str) -> list[float]:
        return self._vectors([query], "query")[0]

    def _get_text_embedding(self, text: str) -> list[float]:
        return self._vectors([text], "passage")[0]

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        return self._vectors(texts, "passage")

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return await asyncio.to_thread(self._get_query_embedding, query)

    async def _aget_text_embedding(self, text: str) -> list[float]:
        return await asyncio.to_thread(self._get_text_embedding, text)

    async def _aget_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        return await asyncio.to_thread(self._get_text_embeddings, texts)

    def _vectors(self, texts: Sequence[str], role: str) -> list[list[float]]:
        """One unit vector per text, in order; what the cache has is not embedded, nor any text twice."""
        model, plain = self.model, [normalise(text) for text in texts]
        keys = {text: _key(model.fingerprint, role, text) for text in plain} if self._cache is not None else {}
        entries = {text: self._cache.get(key, collection=_COLLECTION) for text, key in keys.items()}
        vectors: dict[str, list[float]] = {text: entry["vector"] for text, entry in entries.items() if entry}
        missing = [text for text in dict.fromkeys(plain) if text not in vectors]
        if missing:
            embed = model.embed_queries if role == "query" else model.embed_passages
            vectors.update(zip(missing, checked(model, embed(missing), len(missing)).tolist(), strict=True))
        for text in missing if keys else ():
            self._cache.put(keys[text], {"vector": vectors[text]}, collection=_COLLECTION)
        return [list(vectors[text]) for text in plain]


def embedder_of(embedding: BaseEmbedding) -> Embedder:
    """The embedder within InterlinguaEmbedding, or another embedding as one."""
    if isinstance(embedding, InterlinguaEmbedding):
        return embedding.model
    return ForeignEmbedder(
        embedding,
        model=f"{type(embedding).__name__} {embedding.model_name}",
        queries=lambda texts: [embedding.get_query_embedding(text) for text in texts],
        passages=embedding.get_text_embedding_batch,
    )


def embedding_of(embedder: Embedder) -> BaseEmbedding:
    """The reverse of `embedder_of`."""
    if isinstance(embedder, ForeignEmbedder) and isinstance(embedder.origin, BaseEmbedding):
        return embedder.origin
    return InterlinguaEmbedding(embedder=embedder)


def _made(cls: type[InterlinguaEmbedding], fields: dict[str, Any]) -> InterlinguaEmbedding:
    return cls(**fields)


def _embedded(nodes: Sequence[BaseNode], vectors: Sequence[list[float]]) -> Sequence[BaseNode]:
    for node, vector in zip(nodes, vectors, strict=True):
        node.embedding = vector
    return nodes


def _key(fingerprint: str, role: str, text: str) -> str:
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    return f"{fingerprint}:{role}:{digest}"
