"""Embedders: text in, unit vectors out. `load` makes one from its name."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import cast

from ..catalogue import embedding_model
from ..errors import ConfigurationError
from ..protocols import Embedder

PURPOSE = (
    "The bundled model is for trying out, tests and laptops; for production move to a larger one, such as "
    "Qwen3-Embedding-0.6B or multilingual-e5."
)
"""What the bundled model is for, as one sentence that people read."""

_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")
_MEMBERS = [name for name in vars(Embedder) if not name.startswith("_")]


def load(
    name: str = "bundled",
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
    """The embedder called `name`; nothing is read, downloaded or asked of a server before it is first used.

    Args:
        name: `bundled`, a model of the catalogue, a hub id, the path of a model folder, or
            `package.module:Class`, where Class() takes no arguments. With `url`, what the server's model is called.
        dimensions: length of a vector, where the model allows a choice.
        task: what queries are for, one sentence, where the model takes an instruction.
        url: address of a server that runs the model; see `retrieval.served`.
        dialect: of that server: tei, openai or zeroentropy; None asks it.
        key: for that server.
        device: that the model runs on in this process, such as `cuda:1`.
        revision: commit or branch of a hub model.
        trust_remote_code: run code that a hub model brings along; only together with a revision.

    Raises:
        ConfigurationError: nothing goes by that name, what was found is no embedder, or it takes no such option.
    """
    in_process = {"device": device, "revision": revision, "trust_remote_code": trust_remote_code or None}
    if url is not None:
        from ..served import open_embedder

        _refuse(f"the server {name} runs on" if name != "bundled" else "a model behind a server", in_process)
        model = None if name == "bundled" else name
        return open_embedder(url, model=model, dialect=dialect, key=key, dimensions=dimensions, task=task)
    _refuse(f"{name} without a url", {"dialect": dialect, "key": key})
    if _runs_torch(name):
        from .local import LocalEmbedder

        return LocalEmbedder(
            name,
            dimensions=dimensions,
            task=task,
            device=device,
            revision=revision,
            trust_remote_code=trust_remote_code,
        )
    _refuse(name, {"task": task, **in_process})
    if name == "bundled" or Path(name).is_dir():
        from .onnx import OnnxEmbedder, bundled

        return bundled(dimensions) if name == "bundled" else OnnxEmbedder(Path(name), dimensions=dimensions)
    if ":" in name:
        _refuse(name, {"dimensions": dimensions})
        return _from_module(name)
    raise ConfigurationError(f"No embedder is called {name!r}, and there is no such folder. {_choices()}")


def _runs_torch(name: str) -> bool:
    """Whether `name` is a model of the catalogue or the hub, or a folder that sentence-transformers reads."""
    folder = Path(name)
    if folder.is_dir():
        config, ours = folder / "config.json", (folder / "model.onnx").is_file()
        return config.is_file() and not ours and b'"interlingua"' not in config.read_bytes()
    return embedding_model(name) is not None or _HUB_ID.fullmatch(name) is not None


def _refuse(what: str, options: Mapping[str, object]) -> None:
    """ConfigurationError if one of the options, which `what` does not take, was given."""
    given = [option for option, value in options.items() if value is not None]
    if given:
        raise ConfigurationError(f"{given[0]} does not apply to {what}. Leave it out.")


def _from_module(name: str) -> Embedder:
    """What `module:callable` makes."""
    module_name, _, attribute = name.partition(":")
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
    return (
        "Known: bundled, what `interlingua models` lists, a hub id such as Qwen/Qwen3-Embedding-0.6B, the path of a "
        "model folder, or package.module:Class."
    )
