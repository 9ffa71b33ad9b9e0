"""Which embedder, reranker and store the settings mean."""

from __future__ import annotations

from ..retrieval.embedders import load as load_embedder
from ..retrieval.errors import ConfigurationError
from ..retrieval.protocols import Embedder, Store
from ..retrieval.rerankers import Reranker
from ..retrieval.rerankers import load as load_reranker
from ..retrieval.stores import open_store
from .settings import OF_THE_EMBEDDER, Settings, plain


def store_for(settings: Settings) -> Store:
    """The store, not yet prepared; nothing is read."""
    return open_store(settings.store, collection=settings.collection, api_key=plain(settings.api_key))


def embedder_for(settings: Settings, store: Store) -> Embedder:
    """The embedder of the settings or, where they name none, the one that made the store.

    Nothing is read but the store's manifest. Raises ConfigurationError.
    """
    if not settings.model_fields_set & OF_THE_EMBEDDER and (made_with := store.stored()):
        try:
            return load_embedder(made_with.model, dimensions=made_with.dim)
        except ConfigurationError:
            pass  # an embedder of the user's own, say: the check of the manifest names both models
    return load_embedder(
        settings.embedder,
        dimensions=settings.dimensions,
        task=settings.task,
        url=settings.embedder_url,
        dialect=settings.embedder_dialect,
        key=plain(settings.embedder_key),
        device=settings.device,
        revision=settings.revision,
        trust_remote_code=settings.trust_remote_code,
    )


def reranker_for(settings: Settings) -> Reranker | None:
    """The reranker, None where the settings name none; nothing is read. Raises ConfigurationError."""
    if settings.reranker is None and settings.reranker_url is None:
        return None
    return load_reranker(
        settings.reranker,
        url=settings.reranker_url,
        dialect=settings.reranker_dialect,
        key=plain(settings.reranker_key),
        device=settings.device,
    )
