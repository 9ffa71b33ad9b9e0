"""Known answers: what a model gave for the texts of the probe when a store was made, kept in the store's manifest."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, replace

import numpy as np

from ..catalogue import embedding_model
from ..embedders.local import LocalEmbedder
from ..errors import EmbedderError, ManifestError
from ..manifest import Manifest
from ..protocols import Embedder
from ..served import ServedEmbedder
from ..types import Matrix
from .checks import examine
from .sample import TEXTS, cosines, draw, shown

NEAR = 0.995
"""Cosine from which vectors of two engines or precisions are those of one model.

Measured on random weights, which round worse than trained ones: bfloat16 against float32 0.9996 with 2 layers, 0.997
with 28; float16 0.99995. A model used wrongly stays below 0.99, be it by one blank too many in a prompt.
"""
_KEPT = 128  # numbers of each vector: enough to tell models apart, and 3 kB in a manifest
_TEXTS = hashlib.blake2b("\0".join(TEXTS).encode(), digest_size=4).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownAnswer:
    """The first numbers of the vectors of TEXTS; `served`: a server gave them."""

    served: bool
    queries: Matrix
    passages: Matrix

    def encode(self) -> str:
        """For a manifest: which texts, who answered, the vectors as base64 of little-endian float16."""
        vectors = [base64.b64encode(rows.astype("<f2").tobytes()).decode() for rows in (self.queries, self.passages)]
        return ":".join([_TEXTS, "server" if self.served else "process", *vectors])

    @classmethod
    def decode(cls, text: str | None, *, where: str) -> KnownAnswer | None:
        """Read `encode` back; None where there is none, or of other texts (another version of Interlingua).

        Raises:
            ManifestError: it is damaged; `where` names the store.
        """
        if text is None:
            return None
        try:
            texts, kind, *vectors = text.split(":")
            if texts != _TEXTS:
                return None
            queries, passages = (
                np.frombuffer(base64.b64decode(part, validate=True), "<f2").reshape(len(TEXTS), -1).astype(np.float32)
                for part in vectors
            )
        except (ValueError, AttributeError) as error:
            raise ManifestError(
                f"The known answer in the manifest of {where} is damaged: {error}. Remove `known_answer` from it: the "
                "store then opens with what made it only."
            ) from error
        return cls(served=kind == "server", queries=queries, passages=passages)


def require(embedder: Embedder) -> str | None:
    """Probe a model in this process or on a server; what it answered, for the manifest. None: of another kind.

    The bundled model needs none of it: its fingerprint and its tests cover it.

    Raises:
        EmbedderError: a check failed; the message says which, and what to do.
    """
    if not isinstance(embedder, LocalEmbedder | ServedEmbedder):
        return None
    sample = draw(embedder)
    if failed := [finding for finding in examine(embedder, sample) if finding.outcome == "failed"]:
        said = "; ".join(f"{finding.check}: {finding.message}" for finding in failed)
        raise EmbedderError(f"{embedder.model} gives vectors that are wrong, so nothing was stored. {said}")
    return _answer(embedder, sample.queries, sample.passages).encode()


def reconcile(stored: Manifest, wanted: Manifest, embedder: Embedder, *, where: str) -> Manifest:
    """What to open a store with: `wanted` or, where the vectors of `embedder` prove to be those stored, `stored`.

    Fingerprints of a model in process (of its files) and on a server (of its name and prompts) differ. Only such a
    pair is compared, under one name, with the same dimension: two that are both of files, or both of a server, differ
    for a reason. What cannot be compared is returned as `wanted`, for the store to refuse.

    Raises:
        ManifestError: they were compared, and differ.
    """
    if stored.fingerprint == wanted.fingerprint or not _comparable(stored, wanted):
        return wanted
    known = KnownAnswer.decode(stored.known_answer, where=where)
    served = isinstance(embedder, ServedEmbedder)
    if known is None or known.served == served or not isinstance(embedder, LocalEmbedder | ServedEmbedder):
        return wanted
    # A catalogued model gets its prompts from the catalogue on either side; and its queries may have a task of the
    # user's own, for which the stored passages serve as well.
    differing = _differing(known, embedder, queries=embedding_model(stored.model) is None)
    if differing is not None:
        raise ManifestError(
            f"{where} holds vectors that {stored.model} gave {_origin(known.served)}; {_origin(served)} it gives "
            f"others: {differing}. They are not one model used in one way. To see how they differ: interlingua models "
            "check NAME --against URL. Open the store with what made it, or ingest again into a new --store."
        )
    return replace(wanted, model=stored.model, fingerprint=stored.fingerprint)


def verify(embedder: Embedder, manifest: Manifest, *, where: str) -> None:
    """Refuse a server that has changed its model under the same name since the store was made; one short request.

    Raises:
        ManifestError: its vectors are others now; both values and the fix are in the message.
    """
    known = KnownAnswer.decode(manifest.known_answer, where=where) if isinstance(embedder, ServedEmbedder) else None
    if known is not None and (differing := _differing(known, embedder, queries=False)) is not None:
        raise ManifestError(
            f"The server of {embedder.model} gives other vectors than those in {where}: {differing}. Its model, "
            "pooling or precision was changed since. Start it as it was, or ingest again into a new --store."
        )


def _answer(embedder: Embedder, queries: Matrix, passages: Matrix) -> KnownAnswer:
    served = isinstance(embedder, ServedEmbedder)
    return KnownAnswer(served=served, queries=queries[:, :_KEPT], passages=passages[:, :_KEPT])


def _comparable(stored: Manifest, wanted: Manifest) -> bool:
    names = stored.model, wanted.model
    entries = [embedding_model(name) for name in names]
    same = names[0] == names[1] or (entries[0] is not None and entries[0] is entries[1])
    return same and (stored.dim, stored.schema) == (wanted.dim, wanted.schema)


def _differing(known: KnownAnswer, embedder: Embedder, *, queries: bool) -> str | None:
    """How the vectors of `embedder` differ from the known ones, in words and numbers; None: they do not."""
    roles = {"passage": (known.passages, embedder.embed_passages)}
    if queries:
        roles["query"] = (known.queries, embedder.embed_queries)
    for role, (due, embed) in roles.items():
        found = embed(TEXTS)[:, :_KEPT]
        if found.shape != due.shape:
            return f"{found.shape[1]} numbers, not {due.shape[1]}"
        cosine = cosines(due, found)
        worst = int(cosine.argmin())
        if not cosine[worst] >= NEAR:
            return f"the {role} {shown(worst)} has cosine {cosine[worst]:.4f}, and at least {NEAR} is due"
    return None


def _origin(served: bool) -> str:
    return "on a server" if served else "in process"
