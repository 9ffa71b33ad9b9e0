"""A loaded model: token ids in, vectors out; and the checks that it is the model that it is said to be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer as JsonTokenizer

from ...errors import ConfigurationError, EmbedderError
from ..texts import token_ids
from .batches import padded
from .loading import Request, check_pooling, check_weights, load_model
from .recipe import Recipe, catalogued_recipe, own_recipe, refuse_projection, vector_length

Ids = NDArray[np.int64]

_UNLIMITED = 1 << 24  # tokenizers without a limit say 10 ** 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """A model as loaded.

    Attributes:
        model: the SentenceTransformer.
        folder: where its files are.
        tokenizer: its own, which neither cuts nor pads.
        recipe: what is put around texts.
        around: ids of the special tokens before and after a text.
        tail: ids of the suffix.
        filler: id of the padding.
        positions: tokens that it reads, everything included.
        full: numbers that it gives for a text.
        dim: how many of them make a vector.
        pooling: how token states become a vector, for the fingerprint.
        whole_prompt: whether the tokens of the prompt are pooled too.
    """

    model: Any
    folder: Path
    tokenizer: JsonTokenizer
    recipe: Recipe
    around: tuple[Ids, Ids]
    tail: Ids
    filler: int
    positions: int
    full: int
    dim: int
    pooling: str
    whole_prompt: bool

    @property
    def device(self) -> str:
        """Where it runs, such as `cuda:0`."""
        return str(self.model.device)

    def room(self, prompt: str) -> int:
        """Tokens that a text itself may have behind `prompt`."""
        begin, end = self.around
        return self.positions - len(begin) - len(end) - len(self.tail) - len(self.ids(prompt))

    def ids(self, text: str) -> Ids:
        """Tokens of a text, without special ones."""
        (batch,) = token_ids(self.tokenizer, [text])
        return batch[0].astype(np.int64)

    def tokens(self, ids: NDArray[np.int32]) -> Ids:
        """All tokens of a text with prompt and suffix; of what is too long, the text's own end is cut off.

        A text without any token counts as one token of padding: there must be something to read.
        """
        begin, end = self.around
        room = self.positions - len(begin) - len(end)
        if len(ids) > room:
            ids = np.concatenate([ids[: room - len(self.tail)], self.tail])
        whole = np.concatenate([begin, ids, end]).astype(np.int64)
        return whole if len(whole) else np.array([self.filler], np.int64)

    def run(self, rows: Sequence[Ids], prompt: int) -> NDArray[np.float32]:
        """What the model gives for each row of tokens, shape (rows, full); `prompt`: tokens of prompt among them."""
        import torch

        features = self.features(rows)
        if not self.whole_prompt:
            features["prompt_length"] = prompt
        with torch.inference_mode():
            vectors: NDArray[np.float32] = self.model(features)["sentence_embedding"].float().cpu().numpy()
        return vectors

    def states(self, rows: Sequence[Ids]) -> NDArray[np.float32]:
        """State of each token, shape (rows, tokens of the longest, width), as the transformer gives it."""
        import torch

        with torch.inference_mode():
            states: NDArray[np.float32] = self.model[0](self.features(rows))["token_embeddings"].float().cpu().numpy()
        return states

    def features(self, rows: Sequence[Ids]) -> dict[str, Any]:
        """The rows as one padded batch on the model's device."""
        import torch

        ids, mask = padded(list(rows), filler=self.filler, left=self.recipe.padding == "left")
        device = self.model.device
        return {"input_ids": torch.from_numpy(ids).to(device), "attention_mask": torch.from_numpy(mask).to(device)}


def load_network(request: Request, *, dimensions: int | None, task: str | None) -> Network:
    """Load a model, and check that it is what the catalogue says.

    Raises:
        MissingExtraError: torch or sentence-transformers is not installed.
        ConfigurationError: the model cannot be had, or not in this way.
        EmbedderError: it is not the model that it is said to be.
    """
    entry = request.entry
    if entry is not None:
        refuse_projection(entry, dimensions)
        entry.query_prompt_for(task)  # a wrong task is said before gigabytes are read
    model = load_model(request)
    pretrained: Any = getattr(model[0], "tokenizer", None)
    if type(model[0]).__name__ != "Transformer" or not hasattr(pretrained, "backend_tokenizer"):
        raise ConfigurationError(
            f"{request.name} begins with a {type(model[0]).__name__}, which makes its tokens in a way of its own; only "
            "the Transformer of sentence-transformers with a fast tokenizer runs here. Serve it, and name the server."
        )
    folder = _folder(request, model)
    if entry is not None:
        recipe = catalogued_recipe(entry, task)
    else:
        recipe = own_recipe(request.name, folder, model.prompts, pretrained.padding_side, task)
    tokenizer: JsonTokenizer = pretrained.backend_tokenizer
    tokenizer.no_truncation()
    tokenizer.no_padding()
    full = int(model.get_embedding_dimension())
    network = Network(
        model=model.eval(),
        folder=folder,
        tokenizer=tokenizer,
        recipe=recipe,
        around=_around(tokenizer),
        tail=np.array(tokenizer.encode(recipe.suffix, add_special_tokens=False).ids, np.int64),
        filler=_filler(pretrained),
        positions=_positions(request, model[0], pretrained),
        full=full,
        dim=vector_length(request.name, entry, full, dimensions),
        pooling=" ".join(str(getattr(module, "pooling_mode", type(module).__name__)) for module in model),
        whole_prompt=all(getattr(module, "include_prompt", True) for module in model),
    )
    _check(request, network)
    return network


def _folder(request: Request, model: Any) -> Path:
    """Where the files of a model are: the user's folder, or the one in the hub's cache."""
    if request.local:
        return Path(request.name)
    from huggingface_hub import try_to_load_from_cache

    commit = getattr(model[0].auto_model.config, "_commit_hash", None) or request.revision
    found = try_to_load_from_cache(request.path, "config.json", revision=commit)
    if not isinstance(found, str):
        raise EmbedderError(
            f"The files of {request.name} are not in the hub's cache, so nothing identifies its weights. "
            "Download it to a folder and name the folder."
        )
    return Path(found).parent


def _around(tokenizer: JsonTokenizer) -> tuple[Ids, Ids]:
    """Special tokens that the tokenizer puts before and after a text."""
    encoding = tokenizer.encode("a")
    special = np.array(encoding.special_tokens_mask, bool)
    ids, own = np.array(encoding.ids, np.int64), np.flatnonzero(~special)
    return ids[: own[0]], ids[own[-1] + 1 :]


def _filler(pretrained: Any) -> int:
    candidates = (pretrained.pad_token_id, pretrained.eos_token_id)
    return int(next((token for token in candidates if token is not None), 0))


def _positions(request: Request, transformer: Any, pretrained: Any) -> int:
    """Tokens that the network reads: the least of what catalogue, tokenizer and network say."""
    config = transformer.config
    limits = [transformer.max_seq_length, _UNLIMITED]
    if request.entry is not None:
        limits.append(request.entry.max_tokens)
    if positions := getattr(config, "max_position_embeddings", None):
        # The RoBERTa family counts positions from behind the id of the padding.
        offset = pretrained.pad_token_id + 1 if "roberta" in config.model_type else 0
        limits.append(positions - offset)
    return int(min(limit for limit in limits if limit is not None and limit > 0))


def _check(request: Request, network: Network) -> None:
    """What would give wrong vectors without an error.

    Raises:
        ConfigurationError: the prompt leaves no room for a text.
        EmbedderError: the suffix is not what ends a text, or weights, pooling or attention are not those of the model.
    """
    recipe = network.recipe
    for prompt in (recipe.query_prompt, recipe.passage_prompt):
        if network.room(prompt) < 1:
            raise ConfigurationError(
                f"{request.name} reads {network.positions} tokens, and its prompt takes {len(network.ids(prompt))}: "
                f"nothing is left for a text. Shorten {prompt!r}."
            )
    ends = network.ids(recipe.query("a"))
    if len(network.tail) and not np.array_equal(ends[-len(network.tail) :], network.tail):
        raise EmbedderError(
            f"The tokenizer of {request.name} does not keep the suffix {recipe.suffix!r} apart: a text ends with "
            f"{ends[-len(network.tail) :].tolist()}, not {network.tail.tolist()}. Restore tokenizer.json as published."
        )
    if request.entry is not None:
        if request.entry.remote_code:
            check_weights(request.name, network.folder, network.model[0].auto_model)
        check_pooling(request.name, network.model, request.entry)
        _check_attention(request.name, network, causal=request.entry.causal)


def _check_attention(name: str, network: Network, *, causal: bool) -> None:
    """Whether a token sees those after it, found out by changing the last one; without padding and with it.

    Without padding transformers gives no mask to the kernels, so that the two can differ.
    """
    first = network.tokens(network.ids("1 2 3").astype(np.int32))
    other, longer = np.concatenate([first[:-1], first[:1]]), np.concatenate([first, first])
    for rows in ([first, other], [first, other, longer]):
        states = network.states(rows)
        skipped = states.shape[1] - len(first) if network.recipe.padding == "left" else 0
        before, after = states[:2, skipped + 1 : skipped + len(first) - 1]
        sees = float(np.abs(before - after).max()) > 1e-4 * float(np.abs(before).max())
        if sees is causal:
            found, wanted = ("both directions", "one") if causal else ("one direction", "both")
            raise EmbedderError(
                f"{name} was loaded so that a token reads in {found}, not {wanted} as it was trained: its vectors "
                "would be wrong. Restore config.json as published, and use transformers>=5.2."
            )
