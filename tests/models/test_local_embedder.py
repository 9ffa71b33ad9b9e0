"""The local embedder gives the vectors of the models' authors, and keeps the Embedder contract."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from interlingua.retrieval.embedders.local import LocalEmbedder
from interlingua.retrieval.errors import ConfigurationError
from interlingua.retrieval.protocols import Embedder, Tokenizer

torch: Any = pytest.importorskip("torch", reason="needs the extra: pip install 'interlingua[models]'")
pytest.importorskip("sentence_transformers", reason="needs the extra: pip install 'interlingua[models]'")

import tiny  # noqa: E402  # these need torch
from layouts import MODELS, cut, local, reference  # noqa: E402
from tiny import PASSAGES, QUERIES, QWEN_PROMPT, WIDTH, ZEMBED_PASSAGE, ZEMBED_SUFFIX  # noqa: E402


@pytest.mark.parametrize("name", MODELS)
def test_queries_and_passages_have_the_vectors_of_the_authors(
    folders: dict[str, Path], embedders: dict[str, LocalEmbedder], name: str
) -> None:
    _, _, query, passage, suffix = MODELS[name]
    queries, passages = [query + text + suffix for text in QUERIES], [passage + text + suffix for text in PASSAGES]
    expected = reference(folders[name], name, queries), reference(folders[name], name, passages)
    embedder = embedders[name]
    for found, wanted in zip(
        (embedder.embed_queries(QUERIES), embedder.embed_passages(PASSAGES)), expected, strict=True
    ):
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, wanted, atol=1e-4)
    alone = np.concatenate([embedder.embed_passages([text]) for text in PASSAGES])
    np.testing.assert_allclose(alone, expected[1], atol=1e-4)
    # Texts of other roles are far away: a prompt left out would show.
    if query != passage:
        assert np.abs(embedder.embed_passages(QUERIES) - expected[0]).max() > 0.05


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("budget", [1, 40, 100_000])
def test_a_vector_does_not_depend_on_the_batches(
    folders: dict[str, Path], embedders: dict[str, LocalEmbedder], name: str, budget: int
) -> None:
    embedder = local(folders[name], name, batch_tokens=budget)
    np.testing.assert_allclose(embedder.embed_passages(PASSAGES), embedders[name].embed_passages(PASSAGES), atol=1e-5)


@pytest.mark.parametrize("name", ["qwen3", "qzhou"])
def test_a_task_of_the_users_own_becomes_the_instruction(folders: dict[str, Path], name: str) -> None:
    embedder = local(folders[name], name, task="Find the river")
    expected = reference(folders[name], name, ["Instruct: Find the river\nQuery:" + text for text in QUERIES])
    np.testing.assert_allclose(embedder.embed_queries(QUERIES), expected, atol=1e-4)


@pytest.mark.parametrize("name", ["zembed", "e5", "labse"])
def test_a_task_for_a_model_without_instructions_is_refused(folders: dict[str, Path], name: str) -> None:
    with pytest.raises(ConfigurationError, match="takes no instruction"):
        local(folders[name], name, task="Find the river").embed_queries(QUERIES)


@pytest.mark.parametrize("dimensions", [32, 33, 48, WIDTH])
def test_shorter_vectors_are_cut_and_then_renormalised(folders: dict[str, Path], dimensions: int) -> None:
    embedder = local(folders["qwen3"], "qwen3", dimensions=dimensions)
    expected = cut(reference(folders["qwen3"], "qwen3", PASSAGES), dimensions)
    found = embedder.embed_passages(PASSAGES)
    assert embedder.dim == dimensions
    assert found.shape == (len(PASSAGES), dimensions)
    np.testing.assert_allclose(found, expected, atol=1e-4)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "dimensions"), [("qwen3", 16), ("qwen3", 65), ("qzhou", 32), ("e5", 32), ("labse", 1)]
)
def test_a_dimension_that_the_model_was_not_trained_for_is_refused(
    folders: dict[str, Path], name: str, dimensions: int
) -> None:
    with pytest.raises(ConfigurationError, match=f"no vectors of {dimensions} dimensions"):
        _ = local(folders[name], name, dimensions=dimensions).dim


@pytest.mark.parametrize("dimensions", [40, 640, 1280])
def test_zembed_is_never_cut_since_it_projects(folders: dict[str, Path], dimensions: int) -> None:
    with pytest.raises(ConfigurationError, match=rf"{dimensions} dimensions with learned matrices .*Use 2560"):
        local(folders["zembed"], "zembed", dimensions=dimensions).embed_passages(PASSAGES)


def test_the_suffix_is_put_there_once_without_the_code_of_its_authors(
    folders: dict[str, Path], embedders: dict[str, LocalEmbedder], tmp_path: Path
) -> None:
    folder = folders["zembed"]
    for times in (0, 2):
        wrong = reference(folder, "zembed", [ZEMBED_PASSAGE + text + ZEMBED_SUFFIX * times for text in PASSAGES])
        assert np.abs(embedders["zembed"].embed_passages(PASSAGES) - wrong).max() > 0.05
    assert "modeling_zembed" not in " ".join(sys.modules)
    # A copy with the stock module is read from its own configuration, where the library passes over the suffix.
    own = LocalEmbedder(str(tiny.zembed(tmp_path / "stock", published=False)), device="cpu")
    np.testing.assert_allclose(own.embed_passages(PASSAGES), embedders["zembed"].embed_passages(PASSAGES), atol=1e-6)


@pytest.mark.parametrize("name", MODELS)
def test_of_a_long_text_the_end_is_cut_off_and_prompt_and_suffix_stay(copy: Callable[[str], Path], name: str) -> None:
    _, _, _, passage, suffix = MODELS[name]
    folder = copy(name)
    tiny.change(folder / "tokenizer_config.json", model_max_length=40)
    if name in ("zembed", "qzhou"):  # read by stock modules, which go by the network
        tiny.change(folder / "config.json", max_position_embeddings=40)
    if name == "labse":
        tiny.change(folder / "sentence_bert_config.json", max_seq_length=40)
    embedder = local(folder, name)
    room = embedder.max_tokens + (name == "e5")  # the blank behind its prompt becomes part of the first word
    starts = embedder.tokenizer.token_starts(long := "x k a b x k k " * 20)
    fits, too_long = long[: starts[room]], long
    assert len(starts) > room > 1
    found = embedder.embed_passages([too_long, fits])
    np.testing.assert_allclose(found[0], found[1], atol=1e-5)
    shorter = long[: starts[room - 1]]
    assert np.abs(embedder.embed_passages([shorter]) - found[1]).max() > 1e-3
    np.testing.assert_allclose(found[1:], reference(folder, name, [passage + fits + suffix]), atol=1e-4)


def test_a_prompt_that_leaves_no_room_is_refused(copy: Callable[[str], Path]) -> None:
    folder = copy("e5")
    tiny.change(folder / "tokenizer_config.json", model_max_length=3)
    with pytest.raises(ConfigurationError, match=r"nothing is left for a text. Shorten 'query: '"):
        local(folder, "e5").embed_queries(QUERIES)


def test_positions_of_roberta_are_counted_from_behind_the_padding(embedders: dict[str, LocalEmbedder]) -> None:
    assert embedders["e5"].network().positions == 512
    assert np.isfinite(embedders["e5"].embed_passages(["x " * 2000])).all()


def test_an_empty_text_is_replaced_as_the_authors_do(
    folders: dict[str, Path], embedders: dict[str, LocalEmbedder]
) -> None:
    expected = reference(folders["qzhou"], "qzhou", ["Null", QWEN_PROMPT + "Null"])
    np.testing.assert_allclose(embedders["qzhou"].embed_passages([""]), expected[:1], atol=1e-4)
    np.testing.assert_allclose(embedders["qzhou"].embed_queries([""]), expected[1:], atol=1e-4)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("text", ["", " ", "\n\t", "\ud800", "𒀀𒀁𒀂"], ids=ascii)
def test_every_text_has_one_finite_unit_vector(embedders: dict[str, LocalEmbedder], name: str, text: str) -> None:
    vectors = embedders[name].embed_passages([text, "Würde", text])
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(vectors[0], vectors[2], atol=1e-6)


@pytest.mark.parametrize("name", MODELS)
def test_it_keeps_the_contract_of_an_embedder(embedders: dict[str, LocalEmbedder], name: str) -> None:
    embedder = embedders[name]
    assert isinstance(embedder, Embedder)
    assert isinstance(embedder.tokenizer, Tokenizer)
    assert embedder.dim == WIDTH
    for verb in (embedder.embed_queries, embedder.embed_passages):
        assert verb([]).shape == (0, WIDTH)
        assert verb([]).dtype == np.float32
        with pytest.raises(TypeError, match=r"write \[text\]"):
            verb("Würde")


def test_token_starts_are_those_of_the_models_own_tokenizer(embedders: dict[str, LocalEmbedder]) -> None:
    starts = embedders["qwen3"].tokenizer.token_starts("人人 Würde")
    assert starts[0] == 0
    assert set(starts) <= set(range(8))
    assert len(starts) == len(embedders["qwen3"].network().ids("人人 Würde"))


def test_many_threads_load_once_and_agree(folders: dict[str, Path], embedders: dict[str, LocalEmbedder]) -> None:
    shared = local(folders["qwen3"], "qwen3")
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: shared.embed_passages(PASSAGES).tobytes(), range(8)))
    assert len(set(results)) == 1
    assert shared.network() is shared.network()


def test_an_unknown_model_is_read_from_its_own_configuration(
    folders: dict[str, Path], embedders: dict[str, LocalEmbedder]
) -> None:
    for name in ("qwen3", "e5", "labse"):
        own = LocalEmbedder(str(folders[name]), device="cpu")
        np.testing.assert_allclose(own.embed_queries(QUERIES), embedders[name].embed_queries(QUERIES), atol=1e-6)
        np.testing.assert_allclose(own.embed_passages(PASSAGES), embedders[name].embed_passages(PASSAGES), atol=1e-6)


def test_an_unknown_model_is_cut_with_a_warning(folders: dict[str, Path], caplog: pytest.LogCaptureFixture) -> None:
    own = LocalEmbedder(str(folders["e5"]), dimensions=16, device="cpu")
    with caplog.at_level(logging.WARNING):
        assert own.embed_queries(QUERIES).shape == (len(QUERIES), 16)
    assert "cut from 64 to 16 is not known" in caplog.text
    with pytest.raises(ConfigurationError, match="no vectors of 65 dimensions: they have 64"):
        _ = LocalEmbedder(str(folders["e5"]), dimensions=65, device="cpu").dim


def test_an_unknown_model_takes_no_task(folders: dict[str, Path]) -> None:
    with pytest.raises(ConfigurationError, match=r"not in the catalogue.*catalogued='"):
        LocalEmbedder(str(folders["e5"]), task="Find", device="cpu").embed_queries(QUERIES)


def test_code_of_the_model_runs_only_when_it_was_named_with_its_revision(folders: dict[str, Path]) -> None:
    with pytest.raises(ConfigurationError, match="Name the revision that you have read"):
        LocalEmbedder("somebody/something", trust_remote_code=True, device="cpu").embed_queries(QUERIES)
    with pytest.raises(ConfigurationError, match=r"code of its authors.*trust_remote_code=True with its revision"):
        LocalEmbedder(str(folders["zembed"]), device="cpu").embed_queries(QUERIES)
    with pytest.raises(ConfigurationError, match="makes its tokens in a way of its own"):
        LocalEmbedder(str(folders["zembed"]), trust_remote_code=True, device="cpu").embed_queries(QUERIES)


def test_making_one_reads_nothing_and_using_it_says_what_is_missing(tmp_path: Path) -> None:
    embedder = LocalEmbedder(str(tmp_path / "no" / "such" / "model"), device="cpu")
    with pytest.raises(ConfigurationError, match=r"no folder .*no/such/model.*owner/name"):
        embedder.embed_queries(QUERIES)
    with pytest.raises(ConfigurationError, match="No model in the catalogue is called 'qwen9'"):
        LocalEmbedder(str(tmp_path), catalogued="qwen9")


@pytest.mark.parametrize(("dtype", "said"), [("bfloat16", "float32 here"), ("int8", "Choose one of float32")])
def test_a_precision_that_cannot_be_is_refused(folders: dict[str, Path], dtype: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        _ = local(folders["e5"], "e5", dtype=dtype).dim


def test_a_checkpoint_in_16_bits_is_computed_in_32_on_a_cpu(copy: Callable[[str], Path]) -> None:
    from safetensors.torch import load_file, save_file

    folder = copy("qwen3")
    weights = load_file(folder / "model.safetensors")
    save_file(
        {name: value.bfloat16() for name, value in weights.items()}, folder / "model.safetensors", {"format": "pt"}
    )
    tiny.change(folder / "config.json", dtype="bfloat16")
    embedder = local(folder, "qwen3")
    assert {value.dtype for value in embedder.network().model.parameters()} == {torch.float32}


# What identifies a model ----------------------------------------------------------------------------------------------


def test_the_fingerprint_is_that_of_the_files_wherever_they_are(
    embedders: dict[str, LocalEmbedder], copy: Callable[[str], Path]
) -> None:
    fingerprints = {name: embedder.fingerprint for name, embedder in embedders.items()}
    assert len(set(fingerprints.values())) == len(MODELS)
    assert all(len(bytes.fromhex(fingerprint)) == 16 for fingerprint in fingerprints.values())
    for name in MODELS:
        assert local(copy(name), name).fingerprint == fingerprints[name]


def test_the_fingerprint_follows_one_number_among_the_weights(
    embedders: dict[str, LocalEmbedder], copy: Callable[[str], Path]
) -> None:
    folder = copy("qwen3")
    weights = bytearray((folder / "model.safetensors").read_bytes())
    weights[len(weights) // 2] ^= 1
    (folder / "model.safetensors").write_bytes(weights)
    assert local(folder, "qwen3").fingerprint != embedders["qwen3"].fingerprint


def test_the_fingerprint_follows_dimension_and_length_and_not_the_task(
    folders: dict[str, Path], embedders: dict[str, LocalEmbedder], copy: Callable[[str], Path]
) -> None:
    folder = copy("qwen3")
    tiny.change(folder / "tokenizer_config.json", model_max_length=64)
    others = [local(folders["qwen3"], "qwen3", dimensions=32), local(folder, "qwen3")]
    fingerprints = {other.fingerprint for other in others} | {embedders["qwen3"].fingerprint}
    assert len(fingerprints) == 3
    # Passages are embedded without it, so an index can be searched with any task.
    assert local(folders["qwen3"], "qwen3", task="Find the river").fingerprint == embedders["qwen3"].fingerprint


def test_a_missing_library_is_said_with_the_extra_and_an_import_loads_none() -> None:
    code = (
        "import sys\n"
        "from interlingua.retrieval.embedders.local import LocalEmbedder\n"
        "assert not {'torch', 'transformers', 'sentence_transformers', 'huggingface_hub'} & set(sys.modules)\n"
        "sys.modules['sentence_transformers'] = None\n"
        "try:\n"
        "    LocalEmbedder('bge-m3').dim\n"
        "except Exception as error:\n"
        "    print(type(error).__name__, error)\n"
    )
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert output.startswith("MissingExtraError sentence_transformers is not installed.")
    assert "interlingua[models]" in output
