"""Write the published folder: the student's network as one ONNX graph in 8 bits, its tokenizer, its configuration.

The graph is built by hand, so no exporter decides what runs. Token vectors are stored in 4 bits, so that a vocabulary
for many languages fits (all-MiniLM-L6-v2 with its table so stored: cosine 0.9987 to itself). Matrices are stored as
`MatMulNBits`, whose weights and activations are quantized in blocks of 64. Measured on all-MiniLM-L6-v2 and real
sentences, cosine to fp32 and tokens a second on one thread: 0.9992 and 5,400; per-tensor dynamic quantization gives
0.990 and 10,300 (one channel of the inner layer is far larger than the rest), and ties a text to its batch.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file

from . import parts

NAME = "bundled"
VERSION = 3
MAX_TOKENS = 256  # the teacher learned from passages of this length
BLOCK = 64
TABLE_BLOCK, WORDS_BLOCK = 32, 64  # of the token vectors and of the lexical ones
CLIPPINGS = (1.0, 0.95, 0.9, 0.85, 0.8, 0.7)  # shares of a block's largest number that its scale may reach to
MICROSOFT = "com.microsoft"  # the domain of onnxruntime's own operators

Weights = dict[str, NDArray[np.float32]]


def quantize(matrix: NDArray[np.float32], block: int) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Whole numbers in [-127, 127], shape (rows, columns / block, block), and a scale for each block of a row."""
    blocks = matrix.reshape(len(matrix), -1, block)
    scales = np.maximum(np.abs(blocks).max(axis=2), np.finfo(np.float32).tiny) / 127
    return np.rint(blocks / scales[:, :, np.newaxis]).astype(np.int8), scales.astype(np.float32)


def quantize_table(table: NDArray[np.float32], block: int) -> tuple[NDArray[np.uint8], NDArray[np.float16]]:
    """Token vectors in 4 bits, two numbers a byte (the first in the low half), and a scale for each block of a row.

    Of several scales each block takes the one with the least squared error: its largest numbers may be cut off.
    """
    blocks = table.reshape(-1, block)
    largest = np.maximum(np.abs(blocks).max(axis=1), 1e-6)
    least = np.full(len(blocks), np.inf)
    values, scales = np.zeros(blocks.shape, np.int8), np.zeros(len(blocks), np.float16)
    for kept in CLIPPINGS:
        tried = (largest * kept / 7).astype(np.float16)
        wide = tried.astype(np.float32)[:, np.newaxis]
        whole = np.clip(np.rint(blocks / wide), -8, 7)
        error = np.square(whole * wide - blocks).sum(axis=1)
        better = error < least
        values[better], scales[better], least[better] = whole[better], tried[better], error[better]
    nibbles = (values + 8).astype(np.uint8).reshape(len(table), -1)  # 8 stands for zero
    return nibbles[:, ::2] | nibbles[:, 1::2] << 4, scales.reshape(len(table), -1)


class _Graph:
    """Nodes and constants in the order in which they are added."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, value: NDArray[Any]) -> str:
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def add(self, operator: str, *inputs: str, name: str = "", outputs: int = 1, **attributes: Any) -> str:
        """The name of the node's output; of several, the names joined by a space."""
        name = name or f"{operator}_{len(self.nodes)}"
        names = [name] if outputs == 1 else [f"{name}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(operator, list(inputs), names, **attributes))
        return " ".join(names)

    def half(self, value: NDArray[np.float32]) -> str:
        """A constant stored in 16 bits, read as 32."""
        return self.add("Cast", self.constant(value.astype(np.float16)), to=TensorProto.FLOAT)

    def linear(self, x: str, weight: NDArray[np.float32], bias: NDArray[np.float32]) -> str:
        """`x @ weight.T + bias` in 8 bits."""
        values, scales = quantize(weight, BLOCK)
        unsigned = (values.astype(np.int16) + 128).astype(np.uint8)  # 128 stands for zero
        inputs = x, self.constant(unsigned), self.constant(scales.ravel()), "", "", self.constant(bias)
        rows, columns = weight.shape
        shape = {"N": rows, "K": columns, "bits": 8, "block_size": BLOCK}
        return self.add("MatMulNBits", *inputs, domain=MICROSOFT, accuracy_level=4, **shape)  # 4: activations in int8

    def norm(self, x: str, weights: Weights, prefix: str, epsilon: float) -> str:
        scale, bias = self.constant(weights[f"{prefix}.weight"]), self.constant(weights[f"{prefix}.bias"])
        return self.add("LayerNormalization", x, scale, bias, axis=-1, epsilon=epsilon)


def _gather(graph: _Graph, table: NDArray[np.float32], block: int) -> str:
    """The rows of a table, stored in 4 bits, that `input_ids` names."""
    packed, scales = quantize_table(table, block)
    data, blocks = graph.constant(packed), graph.constant(scales)
    shape = {"gather_axis": 0, "quantize_axis": 1, "bits": 4, "block_size": block}
    rows = graph.add("GatherBlockQuantized", data, "input_ids", blocks, domain=MICROSOFT, **shape)
    return graph.add("Cast", rows, to=TensorProto.FLOAT)


def _embeddings(graph: _Graph, weights: Weights, epsilon: float) -> str:
    """Token and position vectors; that of token type 0, the only one there is, goes into the positions."""
    tokens = _gather(graph, weights["embeddings.word_embeddings.weight"], TABLE_BLOCK)
    zero, length = graph.constant(np.array([0])), graph.add("Shape", "input_ids", start=1, end=2)
    table = weights["embeddings.position_embeddings.weight"] + weights["embeddings.token_type_embeddings.weight"][0]
    positions = graph.add("Slice", graph.half(table), zero, length, zero)
    return graph.norm(graph.add("Add", tokens, positions), weights, "embeddings.LayerNorm", epsilon)


def _layer(graph: _Graph, x: str, mask: str, weights: Weights, prefix: str, config: dict[str, Any]) -> str:
    """One transformer layer, layer normalisation after each half."""

    def linear(x: str, *parts: str) -> str:
        stacked = ([weights[f"{prefix}.{part}.{kind}"] for part in parts] for kind in ("weight", "bias"))
        return graph.linear(x, *map(np.concatenate, stacked))

    def add_and_norm(x: str, y: str, part: str) -> str:
        return graph.norm(graph.add("Add", x, y), weights, f"{prefix}.{part}", config["layer_norm_eps"])

    together = linear(x, *(f"attention.self.{part}" for part in ("query", "key", "value")))
    apart = graph.add("Split", together, outputs=3, axis=-1, num_outputs=3).split()
    heads = config["num_attention_heads"]
    attended = graph.add("MultiHeadAttention", *apart, "", mask, domain=MICROSOFT, num_heads=heads)
    x = add_and_norm(x, linear(attended, "attention.output.dense"), "attention.output.LayerNorm")
    inner = graph.add("Gelu", linear(x, "intermediate.dense"), domain=MICROSOFT)
    return add_and_norm(x, linear(inner, "output.dense"), "output.LayerNorm")


def network(weights: Weights, words_table: NDArray[np.float32], config: dict[str, Any]) -> onnx.ModelProto:
    """BERT from `input_ids` and `attention_mask` to `sentence_embedding`.

    It joins the mean over the tokens, rotated, with the lexical part (see `parts.joined`), and has length 1.
    `words_table` are the lexical vectors, shape (pieces, LEXICAL).
    """
    graph = _Graph()
    mask = graph.add("Cast", "attention_mask", to=TensorProto.INT32)
    x = _embeddings(graph, weights, config["layer_norm_eps"])
    for i in range(config["num_hidden_layers"]):
        x = _layer(graph, x, mask, weights, f"encoder.layer.{i}", config)
    # Sums serve as means: lengths drop out. Padding counts nothing, and its lexical vector is zeros.
    weight = graph.add("Cast", graph.add("Unsqueeze", mask, graph.constant(np.array([1]))), to=TensorProto.FLOAT)
    sums = graph.add("Squeeze", graph.add("MatMul", weight, x), graph.constant(np.array([1])))
    rotation = weights["rotation"][: parts.CONTEXTUAL]
    contextual = graph.add("LpNormalization", graph.add("MatMul", sums, graph.half(rotation.T)), axis=-1, p=2)
    words = graph.add("ReduceSum", _gather(graph, words_table, WORDS_BLOCK), graph.constant(np.array([1])), keepdims=0)
    words = graph.add("LpNormalization", words, axis=-1, p=2)
    both = {"lexical": graph.add("Mul", words, graph.constant(np.float32([parts.WEIGHT]))), "contextual": contextual}
    pieces = []
    for part, first, last in parts.ORDER:
        bounds = (graph.constant(np.array([place])) for place in (first, last, 1))
        pieces.append(graph.add("Slice", both[part], *bounds))
    graph.add("LpNormalization", graph.add("Concat", *pieces, axis=-1), name="sentence_embedding", axis=-1, p=2)
    value = helper.make_tensor_value_info
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            NAME,
            [value(name, TensorProto.INT64, ["texts", "tokens"]) for name in ("input_ids", "attention_mask")],
            [value("sentence_embedding", TensorProto.FLOAT, ["texts", parts.CONTEXTUAL + parts.LEXICAL])],
            graph.constants,
        ),
        opset_imports=[helper.make_opsetid("", 18), helper.make_opsetid(MICROSOFT, 1)],
        ir_version=9,
        producer_name="interlingua",
    )
    onnx.checker.check_model(model)
    return model


def publish(work: Path, out: Path) -> None:
    """Write what `interlingua.retrieval.embedders.onnx` and SentenceTransformer read, from `work`/student to `out`."""
    student = work / "student"
    weights = {name: value.astype(np.float32) for name, value in load_file(student / "model.safetensors").items()}
    config = json.loads((student / "config.json").read_text(encoding="utf-8"))
    own = {"name": NAME, "version": VERSION, "max_tokens": MAX_TOKENS, "dimensions": parts.DIMENSIONS}
    config["interlingua"] = own
    out.mkdir(parents=True, exist_ok=True)
    graph = network(weights, np.load(work / "lexical.npy"), config)
    (out / "model.onnx").write_bytes(graph.SerializeToString())
    shutil.copyfile(work / "tokenizer.json", out / "tokenizer.json")
    for name, content in {"config.json": config, **_for_sentence_transformers(config)}.items():
        (out / name).parent.mkdir(exist_ok=True)
        (out / name).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    for path in sorted(path for path in out.rglob("*") if path.is_file()):
        print(f"{path}: {path.stat().st_size:,} bytes")


def _for_sentence_transformers(config: dict[str, Any]) -> dict[str, Any]:
    """The small files that only SentenceTransformer and transformers read, by name."""
    positions = config["max_position_embeddings"]
    special = {"unk_token": "[UNK]", "sep_token": "[SEP]", "pad_token": "[PAD]", "cls_token": "[CLS]"}
    module = "interlingua.retrieval.embedders.sentence_transformers.OnnxTransformer"
    return {
        "modules.json": [{"idx": 0, "name": "0", "path": "", "type": module}],
        "sentence_bert_config.json": {"max_seq_length": positions, "do_lower_case": False},
        "config_sentence_transformers.json": {"prompts": {}, "similarity_fn_name": "cosine"},
        "special_tokens_map.json": special,
        "tokenizer_config.json": {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "model_max_length": positions,
            "model_input_names": ["input_ids", "attention_mask"],
            "clean_up_tokenization_spaces": False,
            **special,
        },
    }
