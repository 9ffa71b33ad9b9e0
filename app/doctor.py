"""Checks of an installation: settings, packages, model, store. Each check says what to do when it fails."""

from __future__ import annotations

import importlib.metadata
import platform
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ..connectors.files.ocr.languages import ORIENTATION, data_for_languages, how_to_get
from ..connectors.files.ocr.tesseract import Missing, find
from ..retrieval.embedders import PURPOSE
from ..retrieval.errors import InterlinguaError
from ..retrieval.filters import metadata_filter
from ..retrieval.protocols import Embedder
from ..retrieval.stores.answers import FIRST_CHUNK
from ..retrieval.stores.integrity import Problem, integrity
from .access.keys import Keys
from .answers import open_chat
from .index import from_settings
from .settings import Settings, described, load
from .wiring import embedder_for, limits_for, store_for, verify_model

_EXTRAS = {
    "datasets": "pyarrow",
    "models": "sentence-transformers",
    "langchain": "langchain-core",
    "llamaindex": "llama-index-core",
    "server": "fastapi",
    "mcp": "mcp",
    "ocr": "pytesseract",
    "ui": "streamlit",
}
"""The package that tells whether an extra is installed."""
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
    for name, value, origin in described(settings, **options):
        yield _ok(f"setting {name}", f"{value}  ({origin})")
    yield from _ocr(settings)
    yield from _service(settings)
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
            verify_model(settings, model, index.manifest)
            status = index.status()
            yield _ok("store", f"{status.documents:,} documents, {status.chunks:,} chunks of {status.model}")
            yield from _unusable(index.store.count(FIRST_CHUNK & metadata_filter({"needs_ocr": True})), settings)
            problems = integrity(index.store)
    except InterlinguaError as error:
        yield _problem("store", str(error))
        return
    yield from _completeness(problems)
    yield from _disk(folder)


def _packages() -> Iterator[Finding]:
    for package in ("interlingua", "qdrant-edge-py", "qdrant-client", "onnxruntime", "tokenizers", "numpy", "icu4py"):
        yield _ok(f"package {package}", importlib.metadata.version(package))
    for extra, package in _EXTRAS.items():
        try:
            yield _ok(f"extra {extra}", f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            message = f"not installed: pip install 'interlingua[{extra}]'"
            yield Finding(level="note", subject=f"extra {extra}", message=message)


def _ocr(settings: Settings) -> Iterator[Finding]:
    """Whether pages of PDFs without usable text can be read, and in which languages."""
    found = find(limits_for(settings).ocr)
    if isinstance(found, Missing):
        message = f"pages of PDFs without usable text are not read: {found.fix}"
        yield Finding(level="note", subject="tesseract", message=message)
        return
    yield _ok("tesseract", f"{found.version}, reads {', '.join(sorted(found.data - {ORIENTATION})) or 'nothing'}")
    if ORIENTATION not in found.data:
        message = f"scans of unknown language or upside down are not read: {how_to_get(ORIENTATION)}"
        yield Finding(level="note", subject="tesseract", message=message)
    for tag in settings.ocr_languages:
        _, fix = data_for_languages([tag], found)
        if fix is not None:
            yield _problem("tesseract", f"ocr_languages has {tag}: {fix}")


def _unusable(count: int, settings: Settings) -> Iterator[Finding]:
    if count:
        found = find(limits_for(settings).ocr)
        fix = found.fix if isinstance(found, Missing) else "the filter needs_ocr=true finds them, with needs_ocr_fix"
        documents = "1 document has" if count == 1 else f"{count:,} documents have"
        message = f"{documents} pages of unusable text, which a search will miss: {fix}. Then ingest the source again."
        yield Finding(level="note", subject="text", message=message)


def _service(settings: Settings) -> Iterator[Finding]:
    """What serve, mcp and ask need beside an index."""
    try:
        count = len(Keys.load(settings))
        none = "none: serve and mcp answer this machine alone (interlingua keys new NAME)"
        yield _ok("keys", f"{count} of the API" if count else none)
    except InterlinguaError as error:
        yield _problem("keys", str(error))
    try:
        chat = open_chat(settings)
        yield _ok("chat model", "none: ask shows the passages (docs/answers.md)" if chat is None else chat.name)
    except InterlinguaError as error:
        yield _problem("chat model", str(error))


def _model(model: Embedder) -> Iterator[Finding]:
    from ..retrieval.probe import probe

    failed = [finding for finding in probe(model) if finding.outcome == "failed"]
    for finding in failed:
        yield _problem("model", f"{model.model}, {finding.check}: {finding.message}")
    if not failed:
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
