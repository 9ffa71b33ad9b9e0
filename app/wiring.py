"""Which embedder, reranker and store the settings mean."""

from __future__ import annotations

from dataclasses import replace

from ..connectors.files.limits import Limits
from ..connectors.files.ocr.options import Ocr
from ..connectors.sources import Source, connector_for
from ..retrieval.embedders import load as load_embedder
from ..retrieval.embedders.apart import ApartEmbedder
from ..retrieval.embedders.onnx import OnnxEmbedder
from ..retrieval.errors import ConfigurationError
from ..retrieval.manifest import Manifest
from ..retrieval.protocols import Connector, Embedder, Store
from ..retrieval.rerankers import Reranker
from ..retrieval.rerankers import load as load_reranker
from ..retrieval.stores import open_store
from .settings import OF_THE_EMBEDDER, Settings, plain, shown


def limits_for(settings: Settings) -> Limits:
    """What one document may cost, and how its pages are read by OCR. Raises ConfigurationError."""
    return Limits(ocr=Ocr(enabled=settings.ocr, languages=settings.ocr_languages, max_pages=settings.ocr_max_pages))


def connector_of(source: Source, settings: Settings) -> Connector:
    """What reads `source` as the settings want it. Raises InputError and ConfigurationError."""
    return connector_for(source, web_hosts=settings.web_hosts, limits=limits_for(settings))


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
    return configured_embedder(settings)


def configured_embedder(settings: Settings) -> Embedder:
    """The embedder of the settings, whatever made a store; nothing is read. Raises ConfigurationError."""
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


def manifest_for(settings: Settings, embedder: Embedder, store: Store) -> Manifest:
    """What to prepare the store with: for a new one with the answers of a model that was probed before.

    Raises EmbedderError where that model gives wrong vectors, ManifestError where an existing store has others.
    """
    wanted = Manifest(
        model=embedder.model,
        fingerprint=embedder.fingerprint,
        dim=embedder.dim,
        quantization=settings.quantization,
    )
    if isinstance(embedder, (OnnxEmbedder, ApartEmbedder)):  # its fingerprint covers all that it does
        return wanted
    from ..retrieval.probe import reconcile, require

    stored = store.stored()
    if stored is None:
        return replace(wanted, known_answer=require(embedder))
    return reconcile(stored, wanted, embedder, where=shown(settings.store))


def verify_model(settings: Settings, embedder: Embedder, manifest: Manifest) -> None:
    """Refuse a server whose model has changed since the store was made. Raises ManifestError."""
    if manifest.known_answer is not None:
        from ..retrieval.probe import verify

        verify(embedder, manifest, where=shown(settings.store))


def target_for(
    settings: Settings,
    made_with: Manifest,
    to: str | None = None,
    *,
    dimensions: int | None = None,
    task: str | None = None,
    url: str | None = None,
    dialect: str | None = None,
    key: str | None = None,
    device: str | None = None,
    revision: str | None = None,
    trust_remote_code: bool = False,
) -> Embedder:
    """The embedder that an index made with `made_with` is to move to; without `to`, the same model.

    Of the settings only the keys count, since the rest is about the model in force: `target_key`, or `embedder_key`
    where it is not meant for another server. Nothing is read. Raises ConfigurationError.
    """
    if url is not None and key is None:
        key = plain(settings.target_key)
        if key is None and settings.embedder_url in (None, url):
            key = plain(settings.embedder_key)
    return load_embedder(
        to or ("bundled" if url is not None else made_with.model),
        dimensions=dimensions,
        task=task,
        url=url,
        dialect=dialect,
        key=key,
        device=device,
        revision=revision,
        trust_remote_code=trust_remote_code,
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
