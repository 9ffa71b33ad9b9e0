"""The bundled model, in a process of its own: it is read while Streamlit is loaded, and pages are drawn beside it."""

from __future__ import annotations

from contextlib import suppress

from ..app.settings import load
from ..retrieval.embedders.apart import ModelProcess
from ..retrieval.embedders.onnx import BUNDLED
from ..retrieval.errors import InterlinguaError

MODEL = ModelProcess(BUNDLED)


def begin() -> None:
    """Read the model, if the settings mean it. What is wrong with them is left for the page to say."""
    with suppress(InterlinguaError):
        settings = load()
        if settings.ui_url is None and settings.embedder_url is None and settings.embedder == "bundled":
            MODEL.start()
