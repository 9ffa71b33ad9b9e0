"""A network in this process, run by hand: its prompts, what ends a text, and its vectors if it were used wrongly."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..embedders.local import LocalEmbedder
from ..embedders.local.network import Network
from ..types import Matrix
from .sample import cosines, shown


def prompt_fault(
    embedder: LocalEmbedder, texts: Sequence[str], queries: Matrix, passages: Matrix, *, least: float
) -> str | None:
    """What is wrong with vectors that should be those of prompt + text + suffix; None: nothing.

    Args:
        embedder: whose vectors they are.
        texts: what was embedded.
        queries: their vectors as queries.
        passages: their vectors as passages.
        least: cosine from which two vectors are the same.
    """
    network = embedder.network()
    recipe = network.recipe
    roles = (
        ("queries", queries, recipe.query_prompt, recipe.query),
        ("passages", passages, recipe.passage_prompt, recipe.passage),
    )
    for role, found, prompt, whole in roles:
        due = _by_hand(network, [whole(text) for text in texts], prompt)
        worst = int(cosines(found, due).argmin())
        if (cosine := cosines(found, due)[worst]) >= least:
            continue
        said = f"{role} are not the vectors of {whole('TEXT')!r}: cosine {cosine:.6f} ({shown(worst)})"
        bare = _by_hand(network, [f"{text}{recipe.suffix}" for text in texts], "")
        if prompt and cosines(found, bare).min() >= least:
            return f"{said}, but of the text without its prompt. Put {prompt!r} before it."
        return f"{said}. Pooling, padding or suffix are not the model's own: embed with LocalEmbedder as it is."
    return None


def tail_fault(embedder: LocalEmbedder, text: str) -> tuple[str | None, str]:
    """The tokens that must end a text (suffix, end token), and what is wrong with those that reach the network.

    They are read where they enter it. The first is None where there are none, the second empty where nothing is wrong.
    """
    network = embedder.network()
    tokenizer, recipe, entry = network.tokenizer, network.recipe, embedder.entry
    encoding = tokenizer.encode(recipe.query(text))
    own = np.flatnonzero(~np.array(encoding.special_tokens_mask, bool))
    suffix = tokenizer.encode(recipe.suffix, add_special_tokens=False).ids
    due = suffix + encoding.ids[own[-1] + 1 :]
    if entry is not None and entry.end and tokenizer.token_to_id(entry.end) not in due[-1:]:
        last = tokenizer.id_to_token(encoding.ids[-1])
        return None, (
            f"the tokenizer ends a text with {last!r}, not with {entry.end!r} as {entry.name} was trained. Restore "
            "tokenizer.json as published."
        )
    if not due:
        return None, ""
    found = _entering(embedder, text)[-len(due) :]
    tail = _written(network, due)
    if found != due:
        return tail, (
            f"what reaches the network ends with {_written(network, found)}, not with {tail}. Append the suffix to the "
            "text, once, and let the tokenizer add its special tokens (add_special_tokens=True)."
        )
    return tail, ""


def misuses(network: Network, texts: Sequence[str], *, query: bool) -> Iterator[tuple[str, Matrix]]:
    """Vectors of `texts` as they come out where the model is used wrongly in one way, each with that way in words."""
    for way, (before, after) in _surroundings(network, query=query).items():
        yield way, _by_hand(network, [f"{before}{text}{after}" for text in texts], before)
    recipe = network.recipe
    prompt, whole = (recipe.query_prompt, recipe.query) if query else (recipe.passage_prompt, recipe.passage)
    used = [whole(text) for text in texts]
    if len(network.around[1]):
        end = _written(network, network.around[1].tolist())
        yield f"without the end token {end}", _by_hand(network, used, prompt, end=False)
    states = [network.states([row])[0] for row in _rows(network, used)]
    pooled = {
        "by the mean of its tokens": [rows.mean(axis=0) for rows in states],
        "by its first token": [rows[0] for rows in states],
        "by its last token": [rows[-1] for rows in states],
    }
    for way, rows in pooled.items():
        yield f"pooled {way}", np.stack(rows)[:, : network.dim]


def _surroundings(network: Network, *, query: bool) -> dict[str, tuple[str, str]]:
    """What may wrongly stand before and after a text, by what is wrong with it."""
    recipe, others = network.recipe, "passages" if query else "queries"
    prompt, other = recipe.query_prompt, recipe.passage_prompt
    if not query:
        prompt, other = other, prompt
    suffix = recipe.suffix
    found = {}
    if prompt:
        found["without the prompt"] = ("", suffix)
        found["with the prompt twice (the server adds it too)"] = (prompt * 2, suffix)
    if other and other != prompt:
        found[f"with the prompt of {others}"] = (other, suffix)
        found[f"with the prompt of {others} added"] = (other + prompt, suffix)
    if suffix:
        found["without the suffix"] = (prompt, "")
        found["with the suffix twice (the server adds it too)"] = (prompt, suffix * 2)
    return found


def _by_hand(network: Network, texts: Sequence[str], prompt: str, *, end: bool = True) -> Matrix:
    """Vectors of whole texts, each run alone with what the tokenizer itself puts around it; not brought to length 1."""
    skipped = len(network.around[0]) + len(network.ids(prompt))
    rows = [network.run([row], skipped) for row in _rows(network, texts, end=end)]
    return np.concatenate(rows)[:, : network.dim]


def _rows(network: Network, texts: Sequence[str], *, end: bool = True) -> list[NDArray[np.int64]]:
    rows = []
    for text in texts:
        encoding = network.tokenizer.encode(text)
        last = len(encoding.ids) if end else int(np.flatnonzero(np.array(encoding.special_tokens_mask) == 0)[-1]) + 1
        rows.append(np.array(encoding.ids[:last], np.int64))
    return rows


def _entering(embedder: LocalEmbedder, text: str) -> list[int]:
    """The tokens that enter the network for a query, padding left out."""
    seen: list[Any] = []
    hook = embedder.network().model[0].register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    try:
        embedder.embed_queries([text])
    finally:
        hook.remove()
    tokens: list[int] = seen[0]["input_ids"][0][seen[0]["attention_mask"][0].bool()].tolist()
    return tokens


def _written(network: Network, ids: Sequence[int]) -> str:
    """Tokens as people read them."""
    tokens = [network.tokenizer.id_to_token(token) for token in ids]
    return repr(tokens[0]) if len(tokens) == 1 else repr(tokens)
