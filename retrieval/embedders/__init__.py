"""Embedders: text in, unit vectors out. `load` makes one from its name."""

from __future__ import annotations

import inspect
from importlib import import_module
from pathlib import Path
from typing import cast

from ..errors import ConfigurationError
from ..protocols import Embedder

KNOWN = {
    "bundled": "interlingua.retrieval.embedders.onnx:bundled",
}
"""Name -> `module:callable`; the module is imported only when the name is asked for."""

PURPOSE = (
    "The bundled model is for trying out, tests and laptops; for production move to a larger one, such as "
    "Qwen3-Embedding-0.6B or multilingual-e5."
)
"""What the bundled model is for, as one sentence that people read."""

_MEMBERS = [name for name in vars(Embedder) if not name.startswith("_")]


def load(name: str) -> Embedder:
    """The embedder called `name`; nothing is read or downloaded before it is first used.

    Args:
        name: a known name (see `KNOWN`), the path of a folder that holds an ONNX model, or
            `package.module:Class`, where Class() takes no arguments.

    Raises:
        ConfigurationError: nothing goes by that name, or what was found is no embedder.
    """
    target = KNOWN.get(name)
    if target is not None:
        return _from_module(name, target)
    if Path(name).is_dir():
        from .onnx import OnnxEmbedder

        return OnnxEmbedder(Path(name))
    if ":" in name:
        return _from_module(name, name)
    raise ConfigurationError(f"No embedder is called {name!r}, and there is no such folder. {_choices()}")


def _from_module(name: str, target: str) -> Embedder:
    """What `module:callable` makes; `name` is what the user wrote."""
    module_name, _, attribute = target.partition(":")
    if not module_name or not attribute:
        raise ConfigurationError(f"The embedder {name!r} is not of the form package.module:Class. {_choices()}")
    try:
        module = import_module(module_name)
    except (ImportError, TypeError) as error:  # TypeError: a relative module name
        raise ConfigurationError(f"The embedder {name!r} cannot be imported: {error}. {_choices()}") from error
    make = getattr(module, attribute, None)
    if not callable(make):
        raise ConfigurationError(f"The embedder {name!r}: {module_name} has no class {attribute}. {_choices()}")
    try:
        made = make()
    except TypeError as error:
        raise ConfigurationError(
            f"The embedder {name!r} cannot be made without arguments: {error}. "
            f"Give {attribute} defaults, or name a function of no arguments that returns it."
        ) from error
    # Looked up statically: reading a property may load a model.
    missing = [member for member in _MEMBERS if inspect.getattr_static(made, member, None) is None]
    if missing:
        raise ConfigurationError(
            f"{name!r} made a {type(made).__name__}, which is no Embedder: it lacks {', '.join(missing)}. "
            "See interlingua.retrieval.protocols.Embedder."
        )
    return cast(Embedder, made)


def _choices() -> str:
    return f"Known: {', '.join(sorted(KNOWN))}; or the path of a model folder; or package.module:Class."
