"""Load a model with sentence-transformers: on which device, in which precision, from which modules."""

from __future__ import annotations

import importlib.util
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...catalogue import EmbeddingModel, RerankerModel
from ...errors import ConfigurationError, EmbedderError, MissingExtraError

logger = logging.getLogger(__name__)

_POOLING = {"last": "lasttoken", "mean": "mean", "cls": "cls"}
DTYPES = ("float32", "bfloat16", "float16")
OPENVINO = "openvino"
"""As a device: the CPU, by OpenVINO instead of torch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Which model to load, and how; None means: choose. `catalogued`: it goes by another name than its entry."""

    name: str
    catalogued: bool
    entry: EmbeddingModel | None
    device: str | None
    dtype: str | None
    revision: str | None
    trust_remote_code: bool

    @property
    def local(self) -> bool:
        """Whether the name is that of a folder."""
        return Path(self.name).is_dir()

    @property
    def path(self) -> str:
        """What sentence-transformers is asked for: the folder, or the hub id in full."""
        return self.name if self.catalogued or self.local or self.entry is None else self.entry.name


def load_model(request: Request) -> Any:
    """The SentenceTransformer, on its device, ready to embed.

    Raises:
        MissingExtraError: torch or sentence-transformers is not installed.
        ConfigurationError: the model cannot be had, or not in this way.
    """
    try:
        import sentence_transformers
        import torch
    except ImportError as error:
        raise MissingExtraError(error.name or "sentence-transformers", "models") from error
    if request.trust_remote_code:
        refuse_unnamed_code(request.name, request.revision)
    device = request.device or choose_device(torch)
    dtype = choose_dtype(torch, device, request.dtype, request.entry)
    logger.info("loading %s on %s in %s", request.path, device, dtype)
    if device == OPENVINO:
        check_openvino(request)
    for attention in _attentions(device, dtype):
        # Left to itself, OpenVINO computes in bfloat16 where the CPU can.
        options: dict[str, Any] = {"ov_config": {"INFERENCE_PRECISION_HINT": "f32"}} if device == OPENVINO else {}
        model_options = options or {"dtype": getattr(torch, dtype), **attention}
        try:
            return _load(sentence_transformers, request, device, model_options)
        except (OSError, ValueError, ImportError) as error:
            if attention:
                logger.info("%s has no flash attention: %s", request.path, error)
                continue
            raise ConfigurationError(_unavailable(request, error)) from error
        except (ConfigurationError, MissingExtraError):
            raise
        except Exception as error:  # the libraries' exceptions for damaged files have no common class
            raise EmbedderError(
                f"The files of {request.name} are damaged or do not belong together: {error} Fetch them again."
            ) from error
    raise AssertionError("the last attempt returns or raises")


def devices(named: str | None) -> tuple[str | None, ...]:
    """The devices in a list with commas; (None,) for none.

    Raises:
        ConfigurationError: one of them is empty.
    """
    if named is None:
        return (None,)
    found = tuple(device.strip() for device in named.split(","))
    if not all(found):
        raise ConfigurationError(f"device is {named!r}. Write one, such as cuda:1, or several, as cuda:0,cuda:1.")
    return found


def choose_device(torch: Any) -> str:
    """The fastest device at hand."""
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def choose_dtype(torch: Any, device: str, dtype: str | None, entry: EmbeddingModel | RerankerModel | None) -> str:
    """The precision to compute in.

    In half precision a CPU is slower, and MPS has given wrong vectors. float16 holds numbers up to 65504 only, which
    some models exceed: without bfloat16, what was trained in float32 stays so unless the user asks.

    Raises:
        ConfigurationError: no such precision, or none but float32 on a CPU.
    """
    if dtype is not None and dtype not in DTYPES:
        raise ConfigurationError(f"dtype is {dtype!r}. Choose one of {', '.join(DTYPES)}.")
    if device.startswith(("cpu", OPENVINO)) and dtype not in (None, "float32"):
        raise ConfigurationError(f"dtype is {dtype!r} on a CPU, which computes in float32 here. Leave it out.")
    if dtype is not None:
        return dtype
    if not device.startswith("cuda"):
        return "float32"
    if torch.cuda.is_bf16_supported():
        return "bfloat16"
    return "float32" if entry is not None and entry.dtype == "float32" else "float16"


def _attentions(device: str, dtype: str) -> list[dict[str, str]]:
    """Options to try in turn; without one, transformers takes sdpa wherever the network knows it."""
    flash = device.startswith("cuda") and dtype != "float32" and importlib.util.find_spec("flash_attn") is not None
    return [{"attn_implementation": "flash_attention_2"}, {}] if flash else [{}]


def _load(library: Any, request: Request, device: str, model_options: dict[str, Any]) -> Any:
    if request.entry is not None and request.entry.remote_code:
        return _stock(library, request, request.entry, device, model_options)
    if not request.local and request.path.count("/") != 1:
        raise ConfigurationError(f"There is no folder {request.name}, and on the hub models are called owner/name.")
    if not _has_modules(request):
        hub = "" if request.local else "cannot be read from the hub (no such model there, or no network), or it "
        raise ConfigurationError(
            f"{request.name} {hub}has no modules.json, so how its token states become a vector is not known, and a "
            "guess would give wrong vectors without an error. Fetch all files of the model, or save it with "
            "sentence-transformers."
        )
    return library.SentenceTransformer(
        request.path,
        device="cpu" if device == OPENVINO else device,
        backend=OPENVINO if device == OPENVINO else "torch",
        revision=request.revision,
        trust_remote_code=request.trust_remote_code,
        model_kwargs=model_options,
    )


def _stock(library: Any, request: Request, entry: EmbeddingModel, device: str, model_options: dict[str, Any]) -> Any:
    """The model from stock modules, as the catalogue describes it: no code of its authors' runs.

    A decoder that reads in both directions is told so here, as its own code would have done: an option for its
    configuration would not do, since transformers ignores keys that config.json does not have already.
    """
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer

    source = {"revision": request.revision, "trust_remote_code": False}
    transformer: Any = Transformer(
        request.path,
        model_kwargs={**source, **model_options},
        processor_kwargs={**source, "padding_side": entry.padding},
        config_kwargs={**source},
        max_seq_length=entry.max_tokens,
    )
    if not entry.causal:
        transformer.model.config.is_causal = False  # for masks
        for layer in transformer.model.modules():
            if hasattr(layer, "is_causal"):
                layer.is_causal = False  # for kernels that are given no mask
    pooling = Pooling(transformer.get_embedding_dimension(), _POOLING[entry.pooling])  # type: ignore[arg-type, unused-ignore]  # a literal
    return library.SentenceTransformer(modules=[transformer, pooling], device=device)


def _has_modules(request: Request) -> bool:
    from sentence_transformers.util import load_file_path

    return load_file_path(request.path, "modules.json", revision=request.revision) is not None


def check_openvino(request: Request) -> None:
    """Whether a model can run by OpenVINO here.

    Raises:
        MissingExtraError: optimum-intel is not installed.
        ConfigurationError: it runs from modules that are put together here, which OpenVINO does not read.
    """
    if importlib.util.find_spec("optimum") is None or importlib.util.find_spec("optimum.intel") is None:
        raise MissingExtraError("optimum-intel", OPENVINO)
    if request.entry is not None and request.entry.remote_code:
        raise ConfigurationError(f"{request.name} does not run by OpenVINO here. Choose the device cpu.")


def refuse_unnamed_code(name: str, revision: str | None) -> None:
    """Refuse to run a hub model's own code unless the user says which version of it.

    Raises:
        ConfigurationError: `name` is no folder, and no revision was given.
    """
    if revision is None and not Path(name).is_dir():
        raise ConfigurationError(
            f"trust_remote_code lets {name} run code of whoever may write to its repository, today or later. "
            "Name the revision that you have read, a commit of 40 digits; or give the path of your own copy."
        )


def _unavailable(request: Request, error: Exception) -> str:
    said = str(error).strip().split("\n")[0]
    if "trust_remote_code" in str(error) or "custom" in said:
        return (
            f"{request.name} wants to run code of its authors': {said} Read that code, then give "
            "trust_remote_code=True with its revision; or say of which catalogued model it is a copy (catalogued=...)."
        )
    return f"{request.name} cannot be loaded: {said} Give a hub id, such as Qwen/Qwen3-Embedding-0.6B, or a folder."


def check_pooling(name: str, model: Any, entry: EmbeddingModel) -> None:
    """Hold the pooling of a loaded model against the catalogue.

    Raises:
        EmbedderError: it is another one.
    """
    found = next((module.pooling_mode for module in model if hasattr(module, "pooling_mode")), None)
    if found != _POOLING[entry.pooling]:
        raise EmbedderError(
            f"{name} pools by {found!r}, {entry.name} by {_POOLING[entry.pooling]!r}: these are other vectors. "
            "Restore modules.json and 1_Pooling/config.json as published, or do not call it a copy of that model."
        )


def check_weights(name: str, folder: Path, network: Any) -> None:
    """Hold the weights of a stock network against the files of a model that was published with code of its own.

    Under other names than the network's, transformers passes over weights and leaves random numbers in their place.

    Raises:
        EmbedderError: some are not there.
    """
    from safetensors import safe_open

    stored: set[str] = set()
    for path in sorted(folder.glob("*.safetensors")):
        with safe_open(path, framework="numpy") as file:
            stored.update(file.keys())
    names = [key for key, _ in network.named_parameters()]
    missing = [key for key in names if not {key, f"{network.base_model_prefix}.{key}"} & stored]
    if stored and missing:
        raise EmbedderError(
            f"{len(missing)} of the {len(names)} weights that {name} needs are not in {folder}, such as {missing[0]}; "
            "they would be random numbers. Fetch all files again; this layout of the model may not run here."
        )
