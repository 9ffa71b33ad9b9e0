"""The student's network: the teacher's six layers over a table of its own (BERT, post-layer-norm, exact GELU)."""

from __future__ import annotations

import json
from pathlib import Path

import torch
import torch.nn.functional as functional
from safetensors.torch import load_file, save_file
from torch import nn

from . import teacher

DIM, HEADS, FFN, LAYERS, POSITIONS = 384, 12, 1536, 6, 512
EPS = 1e-12


class Layer(nn.Module):
    """One transformer layer; query, key and value in one matrix."""

    def __init__(self) -> None:
        super().__init__()
        self.qkv = nn.Linear(DIM, 3 * DIM)
        self.attended = nn.Linear(DIM, DIM)
        self.attended_norm = nn.LayerNorm(DIM, eps=EPS)
        self.wide = nn.Linear(DIM, FFN)
        self.narrow = nn.Linear(FFN, DIM)
        self.narrow_norm = nn.LayerNorm(DIM, eps=EPS)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Shape (texts, tokens, DIM) in and out; no text is padded."""
        texts, tokens, _ = x.shape
        q, k, v = self.qkv(x).view(texts, tokens, 3, HEADS, DIM // HEADS).permute(2, 0, 3, 1, 4)
        # Written out: on a CPU torch's fused attention takes five times as long to train on texts this short.
        weights = torch.softmax(q @ k.transpose(-1, -2) * (DIM // HEADS) ** -0.5, dim=-1)
        attended = (weights @ v).transpose(1, 2).reshape(texts, tokens, DIM)
        x = self.attended_norm(x + self.attended(attended))
        return self.narrow_norm(x + self.narrow(functional.gelu(self.wide(x))))  # type: ignore[no-any-return]


class Network(nn.Module):
    """Everything above the token table, which is kept apart because a step touches few of its rows."""

    def __init__(self) -> None:
        super().__init__()
        self.positions = nn.Parameter(torch.zeros(POSITIONS, DIM))
        self.norm = nn.LayerNorm(DIM, eps=EPS)
        self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        """Token vectors, shape (texts, tokens, DIM), to the mean of the last layer, shape (texts, DIM), not scaled."""
        x = self.norm(rows + self.positions[: rows.shape[1]])
        for layer in self.layers:
            x = layer(x)
        return x.float().mean(dim=1)


def from_bert(weights: dict[str, torch.Tensor]) -> tuple[Network, torch.Tensor]:
    """A network with the weights of a BertModel, and its token table; the one token type goes into the positions."""
    network = Network()
    state = {
        "positions": weights["embeddings.position_embeddings.weight"]
        + weights["embeddings.token_type_embeddings.weight"][0],
    }
    for ours, theirs in _names().items():
        for part in ("weight", "bias"):
            state[f"{ours}.{part}"] = torch.cat([weights[f"{name}.{part}"] for name in theirs])
    network.load_state_dict(state)
    return network, weights["embeddings.word_embeddings.weight"]


def to_bert(network: Network, table: torch.Tensor) -> dict[str, torch.Tensor]:
    """The inverse of `from_bert`, with token types of zeros."""
    state = network.state_dict()
    weights = {
        "embeddings.word_embeddings.weight": table,
        "embeddings.position_embeddings.weight": state["positions"],
        "embeddings.token_type_embeddings.weight": torch.zeros(2, DIM),
    }
    for ours, theirs in _names().items():
        for part in ("weight", "bias"):
            for name, tensor in zip(theirs, state[f"{ours}.{part}"].chunk(len(theirs)), strict=True):
                weights[f"{name}.{part}"] = tensor
    return {name: tensor.detach().float().contiguous().clone() for name, tensor in weights.items()}


def _names() -> dict[str, list[str]]:
    names = {"norm": ["embeddings.LayerNorm"]}
    for i in range(LAYERS):
        ours, theirs = f"layers.{i}", f"encoder.layer.{i}"
        names[f"{ours}.qkv"] = [f"{theirs}.attention.self.{part}" for part in ("query", "key", "value")]
        names[f"{ours}.attended"] = [f"{theirs}.attention.output.dense"]
        names[f"{ours}.attended_norm"] = [f"{theirs}.attention.output.LayerNorm"]
        names[f"{ours}.wide"] = [f"{theirs}.intermediate.dense"]
        names[f"{ours}.narrow"] = [f"{theirs}.output.dense"]
        names[f"{ours}.narrow_norm"] = [f"{theirs}.output.LayerNorm"]
    return names


def teacher_network() -> tuple[Network, torch.Tensor]:
    """The teacher's layers and its token table, shape (30,522, DIM)."""
    return from_bert(load_file(teacher.folder() / "model.safetensors"))


def save(folder: Path, network: Network, table: torch.Tensor, rotation: torch.Tensor) -> None:
    """Write `model.safetensors` and `config.json` of a BertModel, and the turn that follows the mean as `rotation`."""
    folder.mkdir(parents=True, exist_ok=True)
    save_file(to_bert(network, table) | {"rotation": rotation.contiguous()}, folder / "model.safetensors")
    config = json.loads((teacher.folder() / "config.json").read_text(encoding="utf-8"))
    config = {key: value for key, value in config.items() if not key.startswith(("_", "gradient", "transformers"))}
    (folder / "config.json").write_text(json.dumps(config | {"vocab_size": len(table)}, indent=2), encoding="utf-8")


def load(folder: Path) -> tuple[Network, torch.Tensor, torch.Tensor]:
    """What `save` wrote: network, table, rotation."""
    weights = load_file(folder / "model.safetensors")
    network, table = from_bert(weights)
    return network, table, weights["rotation"]
