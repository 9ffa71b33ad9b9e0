"""Rerankers in this process: cross-encoders, and causal language models that answer yes or no."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer as JsonTokenizer

from ..catalogue import RerankerModel, reranker_model, warn_of_licence
from ..embedders.local.batches import Batches, padded
from ..embedders.local.loading import OPENVINO, choose_device, choose_dtype, devices, refuse_unnamed_code
from ..embedders.texts import token_ids
from ..errors import ConfigurationError, EmbedderError, MissingExtraError

Ids = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scorer:
    """A model as loaded. `rows`: the tokens of each pair. `run`: one logit for each row of tokens, shape (rows,)."""

    device: str
    rows: Callable[[str, Sequence[str]], list[Ids]]
    run: Callable[[list[Ids]], NDArray[np.float32]]
    scale: float


class LocalReranker:
    """A reranker from the hub or from a folder. Templates are filled here, so that their last newlines stay.

    Making one reads nothing: the model is loaded on first use. Any number of threads may share one instance.

    Args:
        name: hub id, alias from the catalogue, or the path of a folder.
        catalogued: name of the catalogued reranker that it is a copy or a fine-tune of.
        instruction: what counts as relevant, in English; None: the model's own. Only for models that take one.
        device: such as `cuda:1`, of several the first; None: CUDA, else MPS, else CPU.
        dtype: float32, bfloat16 or float16; None: float32 on CPU and MPS, bfloat16 on CUDA where it has it.
        revision: commit or branch of the hub.
        trust_remote_code: run the model's own code; for a hub model only together with a revision.
        batch_tokens: tokens of a batch, padding included; None: by device. Halved when memory runs out.
    """

    def __init__(
        self,
        name: str,
        *,
        catalogued: str | None = None,
        instruction: str | None = None,
        device: str | None = None,
        dtype: str | None = None,
        revision: str | None = None,
        trust_remote_code: bool = False,
        batch_tokens: int | None = None,
    ) -> None:
        self._name, self._entry, self._catalogued = name, reranker_model(catalogued or name), catalogued
        if catalogued is not None and self._entry is None:
            raise ConfigurationError(f"No reranker in the catalogue is called {catalogued!r}. See: interlingua models.")
        if instruction is not None and not (self._entry and self._entry.instruction):
            raise ConfigurationError(
                f"{name} has no place for an instruction, and {instruction!r} was given. Put it into the query."
            )
        self._instruction, self._device, self._dtype = instruction, device, dtype
        self._revision, self._trust_remote_code = revision, trust_remote_code
        self._batches = Batches(name, batch_tokens)
        self._loading = threading.Lock()
        self._scorer: Scorer | None = None

    @property
    def model(self) -> str:
        """The hub id of a model named by the catalogue, else the name or path that was given."""
        if self._entry is None or self._catalogued is not None or Path(self._name).is_dir():
            return self._name
        return self._entry.name

    def score(self, query: str, passages: Sequence[str]) -> NDArray[np.float32]:
        """Relevance of each passage, shape (len(passages),), in the order given; higher is better, in [0, 1].

        Raises:
            EmbedderError: a score is not finite, or memory does not suffice for one pair.
        """
        if isinstance(passages, str):
            raise TypeError("Passages must be a sequence of strings, not one string: write [passage].")
        scores = np.empty(len(passages), np.float32)
        if not len(passages):
            return scores
        scorer = self.scorer()
        rows = scorer.rows(query, passages)

        def run(places: NDArray[np.int64]) -> NDArray[np.float32]:
            return scorer.run([rows[i] for i in places])

        for places, found in self._batches.run(np.array([len(row) for row in rows]), [(run, scorer.device)]):
            scores[places] = found
        if wrong := int(np.count_nonzero(~np.isfinite(scores))):
            raise EmbedderError(
                f"{self.model} gave {wrong} of {len(scores)} scores that are not finite on {scorer.device}. "
                "In float16 its numbers may be too large: try dtype='bfloat16' or 'float32'."
            )
        # float64: the sigmoid of a large logit would overflow on the way
        relevance: NDArray[np.float32] = (1 / (1 + np.exp(-scores.astype(np.float64) / scorer.scale))).astype(
            np.float32
        )
        return relevance

    def scorer(self) -> Scorer:
        """The model, loaded on the first call.

        Raises:
            MissingExtraError: torch or transformers is not installed.
            ConfigurationError: the model cannot be had, or not in this way.
            EmbedderError: its tokenizer does not fit its template.
        """
        if self._scorer is None:
            with self._loading:
                if self._scorer is None:
                    self._scorer = self._load()
        return self._scorer

    def _load(self) -> Scorer:
        try:
            import torch
            import transformers
        except ImportError as error:
            raise MissingExtraError(error.name or "transformers", "models") from error
        entry = self._entry
        if self._trust_remote_code:
            refuse_unnamed_code(self._name, self._revision)
        elif entry is not None and entry.remote_code:
            raise ConfigurationError(
                f"{self.model} runs code of its authors' only. Read that code, then give trust_remote_code=True with "
                "its revision."
            )
        if entry is not None:
            warn_of_licence(entry)
        device = devices(self._device)[0] or choose_device(torch)
        device = "cpu" if device == OPENVINO else device
        dtype = getattr(torch, choose_dtype(torch, device, self._dtype, entry))
        source: dict[str, Any] = {"revision": self._revision, "trust_remote_code": self._trust_remote_code}
        causal = entry is not None and entry.kind == "causal"
        library: Any = transformers
        try:
            config = library.AutoConfig.from_pretrained(self.model, **source)
            if not causal:
                _check_cross_encoder(self._name, config)
            kind = library.AutoModelForCausalLM if causal else library.AutoModelForSequenceClassification
            tokenizer = library.AutoTokenizer.from_pretrained(self.model, **source)
            network = kind.from_pretrained(self.model, dtype=dtype, **source).to(device).eval()
        except (OSError, ValueError, ImportError) as error:
            raise ConfigurationError(
                f"{self._name} cannot be loaded: {error} Give a hub id, such as BAAI/bge-reranker-v2-m3, or a folder."
            ) from error
        if entry is not None and causal:
            return _causal(entry, self._instruction or entry.instruction, tokenizer, network)
        return _cross_encoder(entry, tokenizer, network)


def _check_cross_encoder(name: str, config: Any) -> None:
    """Refuse a model that has not one logit for a pair.

    A language model would be given a head of random weights, or score query and passage run together, without an error.
    """
    kinds, labels = config.architectures or [], config.num_labels
    if labels != 1 or not any(kind.endswith("ForSequenceClassification") for kind in kinds):
        raise ConfigurationError(
            f"{name} is no cross-encoder: it is a {' and a '.join(kinds) or 'network without a head'} with {labels} "
            "labels, not a ForSequenceClassification with 1. If it is a copy of a catalogued reranker, say of which: "
            "catalogued='Qwen/Qwen3-Reranker-0.6B'."
        )


def _cross_encoder(entry: RerankerModel | None, pretrained: Any, network: Any) -> Scorer:
    limits = [pretrained.model_max_length, *([entry.max_tokens] if entry else [])]
    if positions := getattr(network.config, "max_position_embeddings", None):
        # The RoBERTa family counts positions from behind the id of the padding.
        limits.append(positions - (pretrained.pad_token_id + 1 if "roberta" in network.config.model_type else 0))
    limit = int(min(limits))

    def rows(query: str, passages: Sequence[str]) -> list[Ids]:
        """Each pair as two lines: token ids, and which of the two texts a token belongs to."""
        pairs = pretrained([query] * len(passages), list(passages), truncation=True, max_length=limit)
        ids = pairs["input_ids"]
        kinds = pairs.get("token_type_ids") or [[0] * len(row) for row in ids]
        return [np.array([row, kind], np.int64).T for row, kind in zip(ids, kinds, strict=True)]

    def run(batch: list[Ids]) -> NDArray[np.float32]:
        left = pretrained.padding_side == "left"
        ids, mask = padded([row[:, 0] for row in batch], filler=pretrained.pad_token_id, left=left)
        features = {"input_ids": ids, "attention_mask": mask}
        if "token_type_ids" in pretrained.model_input_names:
            features["token_type_ids"] = padded([row[:, 1] for row in batch], filler=0, left=left)[0]
        return _logits(network, features, {})[:, 0]

    return Scorer(device=str(network.device), rows=rows, run=run, scale=entry.scale if entry else 1.0)


def _causal(entry: RerankerModel, instruction: str, pretrained: Any, network: Any) -> Scorer:
    tokenizer: JsonTokenizer = pretrained.backend_tokenizer
    tokenizer.no_truncation()
    tokenizer.no_padding()
    before, _, after = entry.template.partition("{document}")
    (end,) = _ids(tokenizer, [after])
    answers = [_answer(entry, tokenizer, word) for word in (entry.true_token, entry.false_token) if word]
    limit = min(entry.max_tokens, getattr(network.config, "max_position_embeddings", entry.max_tokens))

    def rows(query: str, passages: Sequence[str]) -> list[Ids]:
        """The filled template; of what is too long, the end of the passage is cut off."""
        head = before.format(instruction=instruction, query=query)  # in one pass: braces in either are text
        return [
            ids if len(ids) <= limit else np.concatenate([ids[: limit - len(end)], end])
            for ids in _ids(tokenizer, [f"{head}{passage}{after}" for passage in passages])
        ]

    def run(batch: list[Ids]) -> NDArray[np.float32]:
        ids, mask = padded(batch, filler=pretrained.pad_token_id, left=True)
        logits = _logits(network, {"input_ids": ids, "attention_mask": mask}, {"logits_to_keep": 1})[:, -1]
        for_it = logits[:, answers[0]]
        return for_it - logits[:, answers[1]] if len(answers) > 1 else for_it

    if not np.array_equal(_ids(tokenizer, ["a" + after])[0][-len(end) :], end):
        raise EmbedderError(
            f"The tokenizer does not keep the end of {entry.name}'s template, {after!r}, apart from a passage. "
            "Restore tokenizer.json as published."
        )
    return Scorer(device=str(network.device), rows=rows, run=run, scale=entry.scale)


def _ids(tokenizer: JsonTokenizer, texts: list[str]) -> list[Ids]:
    return [ids.astype(np.int64) for batch in token_ids(tokenizer, texts) for ids in batch]


def _answer(entry: RerankerModel, tokenizer: JsonTokenizer, word: str) -> int:
    """The id of an answer, which must be one token."""
    token = tokenizer.token_to_id(word)
    if token is None:
        raise EmbedderError(f"The tokenizer has no token {word!r}, with which {entry.name} answers. Is it that model?")
    return token


def _logits(network: Any, features: dict[str, Ids], options: dict[str, int]) -> NDArray[np.float32]:
    import torch

    tensors = {name: torch.from_numpy(value).to(network.device) for name, value in features.items()}
    with torch.inference_mode():
        logits: NDArray[np.float32] = network(**tensors, **options).logits.float().cpu().numpy()
    return logits
