"""The ONNX embedder gives the vectors of the network that was published, and keeps the Embedder contract."""

from __future__ import annotations

import importlib.util
import json
import math
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from interlingua.retrieval.embedders import load
from interlingua.retrieval.embedders.onnx import FILES, OnnxEmbedder
from interlingua.retrieval.errors import ConfigurationError, EmbedderError
from interlingua.retrieval.protocols import Embedder, Tokenizer
from interlingua.training.parts import CONTEXTUAL, DIMENSIONS, LEXICAL, ORDER, WEIGHT
from interlingua.training.publish import TABLE_BLOCK, WORDS_BLOCK, publish, quantize_table
from numpy.typing import NDArray
from safetensors.numpy import save_file
from support import SENTENCES
from tokenizers import Tokenizer as JsonTokenizer
from tokenizers import models, pre_tokenizers, processors

Array = NDArray[np.float32]

SIZE, INNER, HEADS, LAYERS, POSITIONS = 384, 128, 12, 2, 48
DIM = CONTEXTUAL + LEXICAL
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]


def small_tokenizer() -> JsonTokenizer:
    """The words of SENTENCES but for English, and every character."""
    words = {"▁" + word for tag, text in SENTENCES.items() if tag != "en" for word in text.split()}
    characters = {"▁"}.union(*SENTENCES.values()) - {" "}
    scored = [*((piece, 0.0) for piece in SPECIAL), *((word, -5.0) for word in sorted(words - characters))]
    scored += [(character, -9.0) for character in sorted(characters)]
    tokenizer = JsonTokenizer(models.Unigram(scored, unk_id=1, byte_fallback=False))
    tokenizer.add_special_tokens(SPECIAL)
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return tokenizer


def small_weights(rows: int) -> dict[str, Array]:
    """Random weights under the names of transformers' BertModel."""
    rng = np.random.default_rng(5)

    def normal(*shape: int, scale: float) -> Array:
        return (rng.normal(size=shape) * scale).astype(np.float32)

    def norm(name: str) -> dict[str, Array]:
        return {f"{name}.weight": 1 + normal(SIZE, scale=0.2), f"{name}.bias": normal(SIZE, scale=0.1)}

    weights = {
        "embeddings.word_embeddings.weight": normal(rows, SIZE, scale=1.0),
        "embeddings.position_embeddings.weight": normal(POSITIONS, SIZE, scale=0.3),
        "embeddings.token_type_embeddings.weight": normal(2, SIZE, scale=0.3),
        "rotation": np.linalg.qr(rng.normal(size=(SIZE, SIZE)))[0].astype(np.float32),
        **norm("embeddings.LayerNorm"),
    }
    shapes = {f"attention.self.{part}": (SIZE, SIZE) for part in ("query", "key", "value")}
    shapes |= {"attention.output.dense": (SIZE, SIZE), "intermediate.dense": (INNER, SIZE)}
    shapes |= {"output.dense": (SIZE, INNER)}
    for prefix in (f"encoder.layer.{i}." for i in range(LAYERS)):
        for name, shape in shapes.items():
            weights[f"{prefix}{name}.weight"] = normal(*shape, scale=shape[1] ** -0.5)
            weights[f"{prefix}{name}.bias"] = normal(shape[0], scale=0.1)
        weights |= norm(f"{prefix}attention.output.LayerNorm") | norm(f"{prefix}output.LayerNorm")
    return weights


def small_words(rows: int) -> Array:
    """Random lexical vectors, none for the special tokens."""
    words = np.random.default_rng(6).normal(size=(rows, LEXICAL)).astype(np.float32)
    words[: len(SPECIAL)] = 0
    return words


def as_stored(table: Array, block: int) -> Array:
    """A table as its 4 bits say it."""
    packed, scales = quantize_table(table, block)
    values = np.stack([packed & 15, packed >> 4], axis=2).reshape(table.shape).astype(np.float32) - 8
    return values * np.repeat(scales.astype(np.float32), block, axis=1)


def reference(weights: dict[str, Array], ids: list[int]) -> Array:
    """The unit vector of one text: BERT by its formulas, and the words, in 32 bits but for the tables."""

    def linear(x: Array, name: str) -> Array:
        return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]

    def norm(x: Array, name: str) -> Array:
        scaled = (x - x.mean(axis=1, keepdims=True)) / np.sqrt(x.var(axis=1, keepdims=True) + 1e-12)
        return scaled * weights[f"{name}.weight"] + weights[f"{name}.bias"]

    def heads(x: Array) -> Array:
        return x.reshape(len(x), HEADS, -1).transpose(1, 0, 2)

    embeddings = {kind: weights[f"embeddings.{kind}_embeddings.weight"] for kind in ("word", "position", "token_type")}
    x = (
        as_stored(embeddings["word"], TABLE_BLOCK)[ids]
        + embeddings["position"][: len(ids)]
        + embeddings["token_type"][0]
    )
    x = norm(x, "embeddings.LayerNorm")
    for prefix in (f"encoder.layer.{i}." for i in range(LAYERS)):
        query, key, value = (heads(linear(x, f"{prefix}attention.self.{part}")) for part in ("query", "key", "value"))
        scores = np.exp(query @ key.transpose(0, 2, 1) / math.sqrt(SIZE // HEADS))
        attended = (scores / scores.sum(axis=2, keepdims=True) @ value).transpose(1, 0, 2).reshape(len(x), -1)
        x = norm(x + linear(attended, f"{prefix}attention.output.dense"), f"{prefix}attention.output.LayerNorm")
        inner = linear(x, f"{prefix}intermediate.dense")
        inner = inner * (1 + np.vectorize(math.erf)(inner / math.sqrt(2))) / 2
        x = norm(x + linear(inner, f"{prefix}output.dense"), f"{prefix}output.LayerNorm")
    contextual = (x.mean(axis=0) @ weights["rotation"].T)[:CONTEXTUAL]
    words = as_stored(small_words(len(embeddings["word"])), WORDS_BLOCK)[ids].sum(axis=0)
    both = {"contextual": contextual / np.linalg.norm(contextual), "lexical": WEIGHT * words / np.linalg.norm(words)}
    vector = np.concatenate([both[part][first:last] for part, first, last in ORDER])
    return (vector / np.linalg.norm(vector)).astype(np.float32)


@pytest.fixture(scope="module")
def weights() -> dict[str, Array]:
    return small_weights(small_tokenizer().get_vocab_size())


@pytest.fixture(scope="module")
def make(weights: dict[str, Array], tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """Publishes the small student in a new folder."""

    def make_() -> Path:
        work = tmp_path_factory.mktemp("work")
        student = work / "student"
        student.mkdir()
        save_file(weights, student / "model.safetensors")
        small_tokenizer().save(str(work / "tokenizer.json"))
        np.save(work / "lexical.npy", small_words(len(weights["embeddings.word_embeddings.weight"])))
        config = {
            "model_type": "bert",
            "vocab_size": len(weights["embeddings.word_embeddings.weight"]),
            "hidden_size": SIZE,
            "intermediate_size": INNER,
            "num_attention_heads": HEADS,
            "num_hidden_layers": LAYERS,
            "max_position_embeddings": POSITIONS,
            "layer_norm_eps": 1e-12,
        }
        (student / "config.json").write_text(json.dumps(config), encoding="utf-8")
        publish(work, work / "out")
        return work / "out"

    return make_


@pytest.fixture(scope="module")
def folder(make: Callable[[], Path]) -> Path:
    """For reading only."""
    return make()


@pytest.fixture
def copy(make: Callable[[], Path]) -> Path:
    """For damaging."""
    return make()


@pytest.fixture(scope="module")
def embedder(folder: Path) -> Embedder:
    return load(str(folder))


def _texts(count: int) -> list[str]:
    """Texts of very different lengths: empty ones, single words, and some longer than the positions."""
    rng = np.random.default_rng(7)
    words = " ".join(SENTENCES.values()).split()
    return [" ".join(rng.choice(words, int(size))) for size in rng.geometric(0.1, count) - 1]


def test_a_folder_with_a_network_gives_an_embedder_with_a_tokenizer(embedder: Embedder) -> None:
    assert isinstance(embedder, OnnxEmbedder)
    assert isinstance(embedder, Embedder)
    assert isinstance(embedder.tokenizer, Tokenizer)
    assert embedder.model == "bundled"
    assert embedder.dim == DIM
    assert embedder.max_tokens == 256


@pytest.mark.parametrize("tag", SENTENCES)
def test_vectors_are_those_of_the_network_in_32_bits(embedder: Embedder, weights: dict[str, Array], tag: str) -> None:
    ids = small_tokenizer().encode(SENTENCES[tag]).ids
    ids = [*ids[: POSITIONS - 1], ids[-1]] if len(ids) > POSITIONS else ids
    found = embedder.embed_passages([SENTENCES[tag]])[0]
    error = np.linalg.norm(found - reference(weights, ids))
    assert error < 0.02  # the rounding to 8 bits: a cosine of 0.9998
    # A token less, or another order, is further away.
    for other in (ids[:-1], ids[1:], [ids[0], *ids[-2:0:-1], ids[-1]]):
        assert other == ids or np.linalg.norm(found - reference(weights, other)) > 2 * error


@pytest.mark.parametrize("verb", ["embed_queries", "embed_passages"])
def test_no_texts_give_the_empty_shape(embedder: Embedder, verb: str) -> None:
    vectors = getattr(embedder, verb)([])
    assert vectors.shape == (0, DIM)
    assert vectors.dtype == np.float32


@pytest.mark.parametrize("verb", ["embed_queries", "embed_passages"])
def test_rows_are_float32_of_length_one(embedder: Embedder, verb: str) -> None:
    vectors = getattr(embedder, verb)(_texts(200))
    assert vectors.shape == (200, DIM)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-6)


@pytest.mark.parametrize("size", [1, 7, 64])
def test_a_vector_does_not_depend_on_its_batch(embedder: Embedder, size: int) -> None:
    texts = _texts(300)
    whole = embedder.embed_passages(texts)
    parts = [embedder.embed_passages(texts[start : start + size]) for start in range(0, len(texts), size)]
    assert np.concatenate(parts).tobytes() == whole.tobytes()
    assert embedder.embed_queries(texts[::-1])[::-1].tobytes() == whole.tobytes()


def test_a_text_in_many_batches_of_the_tokenizer_keeps_its_vector(embedder: Embedder) -> None:
    texts = ["Würde", " ".join(SENTENCES.values()) * 400, "Würde"]  # the second is tokenized alone
    together = embedder.embed_passages(texts)
    assert together.tobytes() == b"".join(embedder.embed_passages([text]).tobytes() for text in texts)


def test_two_instances_and_many_threads_agree(folder: Path) -> None:
    shared, texts = OnnxEmbedder(folder), _texts(32)
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: shared.embed_queries(texts).tobytes(), range(16)))
    assert set(results) == {OnnxEmbedder(folder).embed_queries(texts).tobytes()}


def test_padding_in_the_graph_changes_nothing_beyond_rounding(embedder: Embedder) -> None:
    assert isinstance(embedder, OnnxEmbedder)
    rows = [small_tokenizer().encode(text).ids for text in ("人人生而自由", "Würde", "")]
    shape = len(rows), max(map(len, rows))
    ids, mask = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    for i, row in enumerate(rows):
        ids[i, : len(row)], mask[i, : len(row)] = row, 1
    (padded,) = embedder.network().session.run(["sentence_embedding"], {"input_ids": ids, "attention_mask": mask})
    np.testing.assert_allclose(padded, embedder.embed_passages(["人人生而自由", "Würde", ""]), atol=1e-6)


@pytest.mark.parametrize("text", ["", "   ", "\n\t", "𒀀𒀁𒀂", "\ud800", "Würde \udfff"], ids=ascii)
def test_every_text_has_one_finite_unit_vector(embedder: Embedder, text: str) -> None:
    vectors = embedder.embed_queries([text, "Würde", text])
    assert np.isfinite(vectors).all()
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-6)
    assert vectors[0].tobytes() == vectors[2].tobytes()


def test_a_text_is_cut_off_at_the_last_position(embedder: Embedder) -> None:
    fits = "自" * (POSITIONS - 3)  # and a piece for the beginning of the word, and two special tokens
    assert embedder.tokenizer is not None
    assert len(embedder.tokenizer.token_starts(fits)) == POSITIONS - 2
    shorter, whole, cut = embedder.embed_passages([fits[:-1], fits, fits + "由" * 500])
    assert whole.tobytes() == cut.tobytes() != shorter.tobytes()


def test_one_string_instead_of_a_list_is_refused(embedder: Embedder) -> None:
    with pytest.raises(TypeError, match=r"write \[text\]"):
        embedder.embed_queries("Würde")


@pytest.mark.parametrize(
    "text", ["Alle Menschen sind frei", "🎉 𝔘 Menschen sind", "人人生而自由，", "\ud800 frei"], ids=ascii
)
def test_token_starts_are_code_points_without_special_tokens(embedder: Embedder, text: str) -> None:
    assert embedder.tokenizer is not None
    starts = embedder.tokenizer.token_starts(text)
    assert starts.dtype == np.int64
    assert (np.diff(starts) >= 0).all()
    assert starts[0] == 0
    assert starts[-1] < len(text)
    words = {i for i in range(len(text)) if not text[i].isspace() and (i == 0 or text[i - 1].isspace())}
    # Metaspace counts the space before a word as its beginning.
    assert all(i in starts or i - 1 in starts for i in words)
    assert embedder.tokenizer.token_starts("").shape == (0,)


def test_making_one_reads_nothing_and_using_it_says_what_is_missing(tmp_path: Path) -> None:
    embedder = OnnxEmbedder(tmp_path / "nowhere")
    with pytest.raises(ConfigurationError, match=r"nowhere.*config\.json.*Reinstall"):
        embedder.embed_queries(["Würde"])


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_a_configuration_error(copy: Path, name: str) -> None:
    (copy / name).unlink()
    with pytest.raises(ConfigurationError, match=rf"no ONNX model: {name}.*It needs.*Reinstall"):
        _ = load(str(copy)).dim


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("keep", [0, 5, 200])
def test_a_damaged_file_is_an_embedder_error_that_names_the_fix(copy: Path, name: str, keep: int) -> None:
    (copy / name).write_bytes((copy / name).read_bytes()[:keep])
    with pytest.raises(EmbedderError, match=rf"(?s){name} is damaged.*Reinstall"):
        _ = load(str(copy)).dim


def test_files_of_two_models_are_refused_with_both_sizes(copy: Path, weights: dict[str, Array]) -> None:
    rows = len(weights["embeddings.word_embeddings.weight"])
    config = (copy / "config.json").read_text(encoding="utf-8")
    (copy / "config.json").write_text(config.replace(f'"vocab_size": {rows}', '"vocab_size": 99'), encoding="utf-8")
    with pytest.raises(EmbedderError, match=rf"99.*{rows}"):
        _ = load(str(copy)).dim


def test_a_tokenizer_without_special_tokens_is_refused(copy: Path) -> None:
    tokenizer = json.loads((copy / "tokenizer.json").read_text(encoding="utf-8"))
    (copy / "tokenizer.json").write_text(json.dumps({**tokenizer, "post_processor": None}), encoding="utf-8")
    with pytest.raises(EmbedderError, match="0 special ones"):
        _ = load(str(copy)).dim


@pytest.mark.parametrize("name", FILES)
def test_the_fingerprint_follows_every_file(copy: Path, embedder: Embedder, name: str) -> None:
    assert load(str(copy)).fingerprint == embedder.fingerprint
    content = (copy / name).read_bytes()
    changed = {
        "config.json": content.replace(b'"max_tokens": 256', b'"max_tokens": 128'),
        "tokenizer.json": content + b"\n",
        "model.onnx": content.replace(b"interlingua", b"Interlingua"),
    }
    assert changed[name] != content
    (copy / name).write_bytes(changed[name])
    assert load(str(copy)).fingerprint != embedder.fingerprint


@pytest.mark.parametrize("dimensions", DIMENSIONS)
def test_a_shorter_vector_is_the_start_of_the_full_one_at_length_one(
    folder: Path, embedder: Embedder, dimensions: int
) -> None:
    texts = list(SENTENCES.values())
    short = OnnxEmbedder(folder, dimensions=dimensions)
    start = embedder.embed_passages(texts)[:, :dimensions]
    assert short.embed_passages(texts).shape == (len(texts), short.dim) == (len(texts), dimensions)
    np.testing.assert_allclose(
        short.embed_queries(texts), start / np.linalg.norm(start, axis=1, keepdims=True), atol=1e-6
    )
    assert (short.fingerprint == embedder.fingerprint) == (dimensions == embedder.dim)


@pytest.mark.parametrize("dimensions", [0, 100, 513, -1])
def test_other_dimensions_are_refused_with_those_there_are(folder: Path, dimensions: int) -> None:
    with pytest.raises(ConfigurationError, match=rf"{dimensions} dimensions. Choose one of 64, 128, 256, 384, 512"):
        OnnxEmbedder(folder, dimensions=dimensions).embed_queries(["x"])


def test_a_table_in_4_bits_is_near_the_one_in_32() -> None:
    table = np.random.default_rng(1).normal(size=(500, SIZE)).astype(np.float32)
    for block in (TABLE_BLOCK, WORDS_BLOCK):
        assert np.linalg.norm(as_stored(table, block) - table) < 0.11 * np.linalg.norm(table)
        assert not as_stored(np.zeros((2, 64), np.float32), block).any()


def test_the_published_folder_holds_no_32_bit_weights(folder: Path, weights: dict[str, Array]) -> None:
    parameters = sum(value.size for value in weights.values())
    assert sum(path.stat().st_size for path in folder.rglob("*.*") if path.name != "tokenizer.json") < 2 * parameters


def _vectors_of_another_process(code: str, folder: Path) -> Array:
    """What `code` prints about the file of texts and the folder that it is given, one vector a line."""
    texts = folder.parent / "texts.json"
    texts.write_text(json.dumps(_texts(40)), encoding="utf-8")
    begin = "import json, sys; texts = json.load(open(sys.argv[1])); folder = sys.argv[2]\n"
    end = "\nprint(json.dumps(vectors.tolist()))"
    arguments = [sys.executable, "-c", begin + code + end, str(texts), str(folder)]
    output = subprocess.run(arguments, capture_output=True, text=True, check=True).stdout
    return np.array(json.loads(output.splitlines()[-1]), np.float32)


def test_it_runs_without_torch_transformers_and_onnx(folder: Path, embedder: Embedder) -> None:
    code = (
        "from interlingua.retrieval.embedders import load\n"
        "assert 'onnxruntime' not in sys.modules\n"
        "vectors = load(folder).embed_passages(texts)\n"
        "assert not {'torch', 'transformers', 'sentence_transformers', 'onnx'} & set(sys.modules)"
    )
    assert _vectors_of_another_process(code, folder).tobytes() == embedder.embed_passages(_texts(40)).tobytes()


@pytest.mark.slow
@pytest.mark.skipif(
    importlib.util.find_spec("sentence_transformers") is None,
    reason="needs the extra: pip install 'interlingua[models]'",
)
def test_sentence_transformers_reads_the_same_folder(folder: Path, embedder: Embedder, tmp_path: Path) -> None:
    code = (
        "from sentence_transformers import SentenceTransformer\n"
        "model = SentenceTransformer(folder, backend='onnx', trust_remote_code=True, device='cpu')\n"
        f"model.save({str(tmp_path / 'saved')!r})\n"
        f"model = SentenceTransformer({str(tmp_path / 'saved')!r}, trust_remote_code=True, device='cpu')\n"
        "vectors = model.encode(texts, batch_size=16)"
    )
    vectors = _vectors_of_another_process(code, folder)
    np.testing.assert_allclose(vectors, embedder.embed_passages(_texts(40)), atol=1e-6)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_process_has_threads_of_its_own(folder: Path, embedder: Embedder) -> None:
    code = (
        "import os, numpy as np\n"
        "from interlingua.retrieval.embedders import load\n"
        "os.environ['TOKENIZERS_PARALLELISM'] = 'false'  # else tokenizers warns of the fork\n"
        "embedder = load(folder)\n"
        "vectors = embedder.embed_passages(texts)\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    os._exit(int(embedder.embed_passages(texts).tobytes() != vectors.tobytes()))\n"
        "assert os.waitpid(child, 0)[1] == 0"
    )
    assert _vectors_of_another_process(code, folder).tobytes() == embedder.embed_passages(_texts(40)).tobytes()
