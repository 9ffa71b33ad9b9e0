"""Moving an index to another model: build beside what is in force, compare, switch; and back.

These work on a store alone, so that an index whose model is gone or away can be moved too. `Index.migrate` and
`Index.rollback` do the same in a process that goes on searching.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, cast, get_args

from ..retrieval.comparison import LanguageComparison, compare, own_queries, sample
from ..retrieval.embedders import load as load_embedder
from ..retrieval.errors import ConfigurationError, InterlinguaError, ManifestError, StoreError
from ..retrieval.manifest import Manifest, Quantization, check
from ..retrieval.migration import Step, bring_in_step, cut_off, kept_before
from ..retrieval.migration import roll_back as roll_back_store
from ..retrieval.protocols import Embedder, Store
from .settings import Settings, shown
from .wiring import embedder_for, manifest_for, store_for, verify_model

SAMPLE = 300
"""Stored chunks that a comparison takes its queries from, unless told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a migration is; `step` counts chunks."""

    stage: Literal["reading", "embedding", "optimizing", "comparing"]
    step: Step = field(default_factory=Step)


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationReport:
    """What a migration did.

    Of `chunks` stored, `embedded` went through the new model in this run, `copied` took a stored vector, `present`
    were there from an earlier run. `cut_off` chunks are longer than the new model reads (None: it has no tokenizer at
    hand to count with). `notes` are for people.
    """

    before: Manifest
    after: Manifest
    chunks: int
    embedded: int
    copied: int
    present: int
    cut_off: int | None
    comparison: tuple[LanguageComparison, ...]
    switched: bool
    seconds: float
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return dataclasses.asdict(self)


def target_manifest(before: Manifest, target: Embedder, quantization: str | None) -> Manifest:
    """What the store of the new vectors says.

    Raises ConfigurationError when that is what is in force already, EmbedderError when `target` gives wrong vectors.
    """
    from ..retrieval.probe import require

    if quantization is not None and quantization not in get_args(Quantization):
        raise ConfigurationError(f"quantization is {quantization!r}; it is one of {', '.join(get_args(Quantization))}.")
    wanted = dataclasses.replace(
        before,
        model=target.model,
        fingerprint=target.fingerprint,
        dim=target.dim,
        quantization=cast("Quantization", quantization or before.quantization),
        known_answer=None,
    )
    if wanted.same_vectors(before):
        raise ConfigurationError(
            f"The index holds vectors of {before.model} ({before.dim} dimensions, {before.quantization}) already. Name "
            "another model with --to, other --dimensions or another --quantization."
        )
    return dataclasses.replace(wanted, known_answer=require(target))


def build(
    store: Store,
    target: Embedder,
    wanted: Manifest,
    *,
    source: Embedder | None,
    sampled: int = SAMPLE,
    queries: Sequence[str] = (),
    optimize: bool = False,
    progress: Callable[[Progress], None] | None = None,
) -> tuple[Store, MigrationReport]:
    """Make the vectors of `target` beside those of `store`, and compare; the new store, opened, and what was done.

    Nothing is switched. What an earlier run left unfinished is gone on with. `source` is the model in force, None when
    it is not at hand: then there is nothing to compare with. `optimize` builds quantized segments, which blocks every
    thread of this process. Raises StoreError when there is too little room, EmbedderError when the model fails; what
    was built is kept either way.
    """
    started = time.monotonic()
    tell = progress or (lambda _: None)
    before = store.stored()
    assert before is not None  # the store is prepared
    tell(Progress(stage="reading"))
    notes = _left_unfinished(store, wanted)
    too_long = cut_off(store, target)
    if too_long:
        notes.append(
            f"{too_long:,} chunks are longer than the {target.max_tokens:,} tokens that {target.model} reads: their "
            "ends are not searched by it. A migration does not cut anew; ingesting changed documents does."
        )
    new = store.generations().begin(wanted)
    try:
        after = new.stored() or wanted
        if after.known_answer is not None:  # a server may have changed its model since an earlier run
            from ..retrieval.probe import verify

            verify(target, after, where="What an earlier run has built")
        reuse = (before.fingerprint, before.dim) == (wanted.fingerprint, wanted.dim)
        step = bring_in_step(
            store, new, target, reuse=reuse, progress=lambda step: tell(Progress(stage="embedding", step=step))
        )
        if optimize:
            tell(Progress(stage="optimizing", step=step))
            new.optimize()
        asked = [*own_queries(queries), *sample(store, sampled)]
        if asked:
            tell(Progress(stage="comparing", step=step))
        if asked and source is None:
            notes.append(f"{before.model} is not at hand, so {target.model} was looked at alone.")
        compared = compare(asked, before=None if source is None else (source, store), after=(target, new))
    except BaseException:
        new.close()
        raise
    return new, MigrationReport(
        before=before,
        after=after,
        chunks=step.chunks,
        embedded=step.embedded,
        copied=step.copied,
        present=step.present,
        cut_off=too_long,
        comparison=compared,
        switched=False,
        seconds=time.monotonic() - started,
        notes=tuple(notes),
    )


def switch(store: Store, new: Store, target: Embedder, report: MigrationReport) -> MigrationReport:
    """Take along what was written since `build`, and put `new` in force. Both stores stay open."""
    started = time.monotonic()
    reuse = (report.before.fingerprint, report.before.dim) == (report.after.fingerprint, report.after.dim)
    step = bring_in_step(store, new, target, reuse=reuse)
    store.generations().switch(new)
    return dataclasses.replace(
        report,
        chunks=step.chunks,
        embedded=report.embedded + step.embedded,
        copied=report.copied + step.copied,
        switched=True,
        seconds=report.seconds + time.monotonic() - started,
    )


@contextmanager
def opened(settings: Settings) -> Iterator[tuple[Store, Manifest]]:
    """The store of the settings with whatever model made it. Raises StoreError when there is none."""
    store = store_for(settings)
    made_with = store.stored()
    if made_with is None:
        raise StoreError(f"There is no index at {shown(settings.store)}. Name it: --store")
    store.prepare(made_with)
    try:
        yield store, made_with
    finally:
        store.close()


def source_for(settings: Settings, store: Store, made_with: Manifest) -> Embedder | None:
    """The model that made the store, None when it is not at hand: gone, away, or another version by now."""
    try:
        embedder = embedder_for(settings, store)
        check(made_with, manifest_for(settings, embedder, store), where=shown(settings.store))
        verify_model(settings, embedder, made_with)
    except InterlinguaError:
        return None
    return embedder


def embedder_before(store: Store) -> Embedder:
    """The model that `roll_back` goes back to, by its name. Raises StoreError, ConfigurationError."""
    kept = kept_before(store)
    return load_embedder(kept.model, dimensions=kept.dim)


def roll_back(store: Store, embedder: Embedder, *, force: bool = False) -> tuple[Store, Manifest]:
    """Put the vectors before those of `store` back in force, for searches with `embedder`; they, opened, and what made
    them. Raises ManifestError when `embedder` is another model; see `Index.rollback`.
    """
    kept = kept_before(store)
    if (kept.fingerprint, kept.dim) != (embedder.fingerprint, embedder.dim):
        raise ManifestError(
            f"The kept vectors are of {kept.model} ({kept.dim} dimensions, {kept.fingerprint[:12]}), not of "
            f"{embedder.model} ({embedder.dim} dimensions, {embedder.fingerprint[:12]}). Pass the embedder that made "
            "them."
        )
    return roll_back_store(store, force=force), kept


def rollback(settings: Settings, *, force: bool = False) -> tuple[Manifest, Manifest]:
    """Put the vectors before those in force back in force, without loading a model: (in force so far, from now on)."""
    with opened(settings) as (store, made_with):
        kept = kept_before(store)
        roll_back_store(store, force=force).close()
    return made_with, kept


def discard(settings: Settings) -> list[Manifest]:
    """Delete the vectors that are not in force, kept ones and unfinished ones; what they were."""
    with opened(settings) as (store, _):
        generations = store.generations()
        found = [made for made in (generations.previous(), generations.building()) if made is not None]
        generations.discard()
    return found


def _left_unfinished(store: Store, wanted: Manifest) -> list[str]:
    unfinished = store.generations().building()
    if unfinished is None:
        return []
    name = f"{unfinished.model} ({unfinished.dim} dimensions, {unfinished.quantization})"
    if unfinished.same_vectors(wanted):
        return [f"Vectors of {name} were left unfinished: gone on with."]
    return [f"Vectors of {name} were left unfinished: deleted."]
