"""Checks of an installation: settings, packages, model, store. Each check says what to do when it fails."""

from __future__ import annotations

import importlib.metadata
import platform
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ..retrieval.embedders import PURPOSE
from ..retrieval.errors import InterlinguaError
from ..retrieval.protocols import Embedder
from ..retrieval.stores.integrity import Problem, integrity
from .index import from_settings
from .settings import load, origins, shown
from .wiring import embedder_for, store_for

_PROBE = ("Where is the station?", "駅はどこですか。", "أين المحطة؟")
_MIN_FREE = 500 * 1024**2
_SHOWN = 5

Level = Literal["ok", "note", "problem"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One check: `problem` makes doctor fail, `note` is for information."""

    level: Level
    subject: str
    message: str


def examine(**options: Any) -> Iterator[Finding]:
    """All checks, as they are made; `options` are the flags of the command line."""
    yield _ok("python", f"{platform.python_version()} on {platform.system()} {platform.machine()}")
    yield from _packages()
    try:
        settings = load(**options)
    except InterlinguaError as error:
        yield _problem("settings", str(error))
        return
    for name, origin in origins(**options).items():
        value = getattr(settings, name)
        value = shown(value) if isinstance(value, str) and "://" in value else value
        yield _ok(f"setting {name}", f"{value if value is not None else '-'}  ({origin})")
    try:
        model = embedder_for(settings, store_for(settings))
        yield from _model(model)
    except InterlinguaError as error:
        yield _problem("model", str(error))
        return
    folder = Path(settings.store)
    if "://" not in settings.store and not folder.exists():
        yield Finding(level="note", subject="store", message=f"{folder} does not exist yet: interlingua ingest PATH")
        return
    try:
        with from_settings(settings, embedder=model) as index:
            status = index.status()
            yield _ok("store", f"{status.documents:,} documents, {status.chunks:,} chunks of {status.model}")
            problems = integrity(index.store)
    except InterlinguaError as error:
        yield _problem("store", str(error))
        return
    yield from _completeness(problems)
    yield from _disk(folder)


def _packages() -> Iterator[Finding]:
    for package in ("interlingua", "qdrant-edge-py", "qdrant-client", "onnxruntime", "tokenizers", "numpy", "icu4py"):
        yield _ok(f"package {package}", importlib.metadata.version(package))
    extras = {"datasets": "pyarrow", "models": "sentence-transformers", "ui": "streamlit"}
    for extra, package in extras.items():
        try:
            yield _ok(f"extra {extra}", f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            message = f"not installed: pip install 'interlingua[{extra}]'"
            yield Finding(level="note", subject=f"extra {extra}", message=message)


def _model(model: Embedder) -> Iterator[Finding]:
    vectors = model.embed_passages(list(_PROBE))
    norms = np.linalg.norm(vectors, axis=1)
    alone = np.concatenate([model.embed_passages([text]) for text in _PROBE])
    if vectors.shape != (len(_PROBE), model.dim) or not np.allclose(norms, 1, atol=1e-3):
        yield _problem("model", f"{model.model} returns shape {vectors.shape} and norms {norms.round(3).tolist()}")
    elif not np.allclose(vectors, alone, atol=1e-3):
        yield _problem("model", f"{model.model} gives a text another vector alone than in a batch")
    else:
        yield _ok("model", f"{model.model}, {model.dim} dimensions, {model.fingerprint[:12]}")
    if model.model == "bundled":
        yield Finding(level="note", subject="model", message=PURPOSE)


def _completeness(problems: list[Problem]) -> Iterator[Finding]:
    if not problems:
        yield _ok("integrity", "every document has all its chunks")
    for problem in problems[:_SHOWN]:
        where = f"{problem.document_id}: " if problem.document_id else ""
        yield _problem("integrity", f"{where}{problem.text} Ingest the source again.")
    if len(problems) > _SHOWN:
        yield _problem("integrity", f"… and {len(problems) - _SHOWN:,} more documents")


def _disk(folder: Path) -> Iterator[Finding]:
    if folder.is_dir():
        free = shutil.disk_usage(folder).free
        message = f"{free / 1024**3:.1f} GiB free where {folder} is"
        yield _ok("disk", message) if free > _MIN_FREE else _problem("disk", f"only {message}")


def _ok(subject: str, message: str) -> Finding:
    return Finding(level="ok", subject=subject, message=message)


def _problem(subject: str, message: str) -> Finding:
    return Finding(level="problem", subject=subject, message=message)
