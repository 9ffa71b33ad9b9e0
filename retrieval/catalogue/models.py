"""The entries of the catalogue: what has to be known of a model to use it as its authors did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..errors import ConfigurationError


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddingModel:
    """How an embedding model must be used to give the vectors that its authors measured.

    Attributes:
        name: hub id, such as `Qwen/Qwen3-Embedding-0.6B`.
        aliases: other names for it; matching ignores case.
        licence: SPDX id, or what its authors call it.
        commercial: False: its licence excludes commercial use.
        query_prompt: put before a query, byte for byte.
        passage_prompt: put before a passage, byte for byte.
        instruction: the query prompt for a task of the user's own, with {task}; empty where the model takes none.
        suffix: put after every text; mostly empty.
        end: special token that the tokenizer itself puts at the end; empty: none, or it was not verified.
        empty: what an empty text is replaced by; mostly empty.
        pooling: which token states make the vector.
        padding: the side that is padded in a batch.
        causal: whether a token sees only those before it.
        dim: length of a full vector.
        reduction: how shorter vectors are made: the first numbers renormalised, learned matrices, or not at all.
        dimensions: the allowed ones, ascending, where they are listed.
        smallest: with reduction "slice" and no list, any dimension from here up to `dim`; else 0.
        max_tokens: tokens that it reads, prompt, suffix and special tokens included.
        dtype: of the checkpoint.
        remote_code: whether the published layout runs code of its own.
        requires: versions of libraries and servers.
        note: what else to know, and what was not verified.
    """

    name: str
    aliases: tuple[str, ...]
    licence: str
    commercial: bool
    query_prompt: str
    passage_prompt: str
    instruction: str
    suffix: str
    end: str
    empty: str
    pooling: Literal["last", "mean", "cls"]
    padding: Literal["left", "right"]
    causal: bool
    dim: int
    reduction: Literal["slice", "projection", "none"]
    dimensions: tuple[int, ...]
    smallest: int
    max_tokens: int
    dtype: Literal["bfloat16", "float16", "float32"]
    remote_code: bool
    requires: str
    note: str

    def query_prompt_for(self, task: str | None) -> str:
        """What to put before a query for `task`, a sentence in English; None: the model's own task.

        Raises:
            ConfigurationError: the model takes no instruction.
        """
        if task is None:
            return self.query_prompt
        if not self.instruction:
            raise ConfigurationError(
                f"{self.name} takes no instruction, and {task!r} was given: its queries always begin with "
                f"{self.query_prompt!r}. Leave the task out."
            )
        return self.instruction.replace("{task}", task)


@dataclass(frozen=True, slots=True, kw_only=True)
class RerankerModel:
    """How a reranker must be used to give the scores that its authors measured; shared fields as in EmbeddingModel.

    Attributes:
        kind: a cross-encoder (query and passage as a pair) or a causal language model that answers yes or no.
        template: causal: the whole text, with {query}, {document} and mostly {instruction}; empty for a cross-encoder.
        instruction: the default one; empty where the template has no place for it.
        true_token: causal: its logit speaks for relevance.
        false_token: causal: its logit is subtracted; empty where that of `true_token` counts alone.
        scale: the score in [0, 1] is sigmoid(logit / scale).
    """

    name: str
    aliases: tuple[str, ...]
    licence: str
    commercial: bool
    kind: Literal["cross-encoder", "causal"]
    template: str
    instruction: str
    true_token: str
    false_token: str
    scale: float
    max_tokens: int
    dtype: Literal["bfloat16", "float16", "float32"]
    remote_code: bool
    requires: str
    note: str
