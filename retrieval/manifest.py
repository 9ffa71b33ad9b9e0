"""The manifest: what made the vectors of a store. Another model's vectors are never mixed in."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from .errors import ManifestError

Quantization = Literal["int8", "binary", "none"]
SCHEMA = 1
"""Version of the payload layout."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """Model, dimension and layout of a store; cosine distance always.

    `known_answer`: what the model gave for a few texts when it was probed (see `probe`); None: it was not.
    """

    model: str
    fingerprint: str
    dim: int
    quantization: Quantization = "int8"
    schema: int = SCHEMA
    known_answer: str | None = None

    def same_vectors(self, other: Manifest) -> bool:
        """Whether both make the same vectors and keep them alike; the name of the model does not matter."""
        ours = (self.fingerprint, self.dim, self.quantization, self.schema)
        return ours == (other.fingerprint, other.dim, other.quantization, other.schema)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], *, where: str) -> Manifest:
        """Read back `to_dict`; unknown keys are ignored. `where` names the store in the error."""
        names = {f.name for f in dataclasses.fields(cls)}
        try:
            return cls(**{k: v for k, v in values.items() if k in names})
        except TypeError as error:
            raise ManifestError(f"The manifest of {where} cannot be read: {error}") from error


def _way_back(stored: Manifest, wanted: Manifest) -> str:
    if stored.model == wanted.model:
        return f"Leave the dimensions out, or set them to {stored.dim}"
    return f"Use --embedder {stored.model}"


def check(stored: Manifest, wanted: Manifest, *, where: str) -> Manifest:
    """`stored`, if a store made with it can serve `wanted`; ManifestError with both values otherwise."""
    if stored.schema != wanted.schema:
        raise ManifestError(
            f"{where} has layout {stored.schema}, this version of interlingua reads layout {wanted.schema}. "
            "Use another --store and ingest again, or install the version that wrote it."
        )
    if stored.fingerprint != wanted.fingerprint and (stored.model, stored.dim) == (wanted.model, wanted.dim):
        raise ManifestError(
            f"{where} was made with another version of {stored.model} ({stored.fingerprint[:12]}, now "
            f"{wanted.fingerprint[:12]}), whose vectors cannot be compared. Give it a new --store and ingest again, or "
            "install the version of interlingua that made it."
        )
    if (stored.fingerprint, stored.dim) != (wanted.fingerprint, wanted.dim):
        raise ManifestError(
            f"{where} holds vectors of {stored.model} ({stored.dim} dimensions, {stored.fingerprint[:12]}), "
            f"not of {wanted.model} ({wanted.dim} dimensions, {wanted.fingerprint[:12]}). "
            f"{_way_back(stored, wanted)}, or take the index to the new vectors: interlingua migrate --help"
        )
    return stored
