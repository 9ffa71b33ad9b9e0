"""The local rerankers give the scores of the models' authors, and refuse what would silently give others."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from interlingua.retrieval.catalogue import warn_of_licence
from interlingua.retrieval.errors import ConfigurationError, EmbedderError
from interlingua.retrieval.rerankers import Reranker
from interlingua.retrieval.rerankers.local import LocalReranker
from numpy.typing import NDArray

torch: Any = pytest.importorskip("torch", reason="needs the extra: pip install 'interlingua[models]'")
pytest.importorskip("transformers", reason="needs the extra: pip install 'interlingua[models]'")

import tiny  # noqa: E402  # it needs torch
from tiny import QUERIES, TASK  # noqa: E402

Array = NDArray[np.float32]

PASSAGES = tiny.PASSAGES[::3]

QWEN, ZERANK, BGE = "Qwen/Qwen3-Reranker-0.6B", "zeroentropy/zerank-2", "BAAI/bge-reranker-v2-m3"
BEGIN = (
    "<|im_start|>system\nJudge whether the Document meets the requirements based on the Query and the Instruct "
    'provided. Note that the answer can only be "yes" or "no".<|im_end|>\n<|im_start|>user\n'
)
END = "<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n"


@pytest.fixture(scope="module")
def causal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.qwen3_reranker(tmp_path_factory.mktemp("causal"))


@pytest.fixture(scope="module")
def cross(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.bge_reranker(tmp_path_factory.mktemp("cross"))


@pytest.fixture(scope="module")
def qwen(causal: Path) -> LocalReranker:
    return local(causal, QWEN)


def local(folder: Path, catalogued: str | None, **options: Any) -> LocalReranker:
    return LocalReranker(str(folder), catalogued=catalogued, device="cpu", **options)


@pytest.fixture(scope="module")
def yes_or_no(causal: Path) -> Callable[..., Array]:
    """Scores of Qwen3-Reranker as its authors compute them, one pair at a time."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(causal)
    network = AutoModelForCausalLM.from_pretrained(causal, attn_implementation="eager").eval()
    begin, end = (tokenizer.encode(text, add_special_tokens=False) for text in (BEGIN, END))
    no, yes = tokenizer.convert_tokens_to_ids("no"), tokenizer.convert_tokens_to_ids("yes")

    def score(query: str, passages: list[str], task: str = TASK, limit: int = 8192, ending: Any = None) -> Array:
        last = end if ending is None else tokenizer.encode(ending, add_special_tokens=False)
        scores = []
        for passage in passages:
            body = f"<Instruct>: {task}\n<Query>: {query}\n<Document>: {passage}"
            room = limit - len(begin) - len(last)
            middle = tokenizer(body, truncation="longest_first", max_length=room)["input_ids"]
            with torch.no_grad():
                logits = network(torch.tensor([begin + middle + last])).logits[0, -1]
            scores.append(torch.softmax(logits[[no, yes]], 0)[1].item())
        return np.array(scores, np.float32)

    return score


@pytest.mark.parametrize("query", QUERIES[:2])
def test_yes_or_no_has_the_scores_of_its_authors(
    qwen: LocalReranker, yes_or_no: Callable[..., Array], query: str
) -> None:
    expected = yes_or_no(query, PASSAGES)
    assert expected.max() - expected.min() > 0.1
    np.testing.assert_allclose(qwen.score(query, PASSAGES), expected, atol=1e-4)
    np.testing.assert_allclose(qwen.score(query, PASSAGES[:1]), expected[:1], atol=1e-4)


def test_an_instruction_of_the_users_own_takes_its_place(causal: Path, yes_or_no: Callable[..., Array]) -> None:
    found = local(causal, QWEN, instruction="Find {query} code").score("k", PASSAGES)
    expected = yes_or_no("k", PASSAGES, "Find k code"), yes_or_no("k", PASSAGES, "Find {query} code")
    np.testing.assert_allclose(found, expected[1], atol=1e-4)
    assert np.abs(found - yes_or_no("k", PASSAGES)).max() > 1e-3


def test_braces_in_query_and_passage_are_text(qwen: LocalReranker, yes_or_no: Callable[..., Array]) -> None:
    query, passages = "{document} {instruction} {query} {0}", ["{query}", "{document} {x"]
    np.testing.assert_allclose(qwen.score(query, passages), yes_or_no(query, passages), atol=1e-4)


def test_the_last_newlines_of_the_template_count(qwen: LocalReranker, yes_or_no: Callable[..., Array]) -> None:
    stripped = yes_or_no(QUERIES[0], PASSAGES, ending=END.rstrip())
    assert np.abs(qwen.score(QUERIES[0], PASSAGES) - stripped).max() > 1e-3


def test_of_a_long_passage_the_end_is_cut_off_and_the_template_stays(
    causal: Path, yes_or_no: Callable[..., Array], tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(causal, tmp_path / "short"))
    tiny.change(folder / "config.json", max_position_embeddings=300)
    passages = ["x k " * 400, "x"]
    expected = yes_or_no("k", passages, limit=300)
    np.testing.assert_allclose(local(folder, QWEN).score("k", passages), expected, atol=1e-4)


def test_zerank_scores_by_yes_alone_on_a_scale_of_its_own(causal: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(causal)
    network = AutoModelForCausalLM.from_pretrained(causal, attn_implementation="eager").eval()
    expected = []
    for passage in PASSAGES:
        text = f"<|im_start|>system\nk<|im_end|>\n<|im_start|>user\n{passage}<|im_end|>\n<|im_start|>assistant\n"
        with torch.no_grad():
            logits = network(**tokenizer(text, return_tensors="pt")).logits[0, -1]
        expected.append(torch.sigmoid(logits[tokenizer.convert_tokens_to_ids("Yes")] / 5).item())
    np.testing.assert_allclose(local(causal, ZERANK).score("k", PASSAGES), expected, atol=1e-4)


@pytest.mark.parametrize("catalogued", [BGE, None])
@pytest.mark.parametrize("budget", [None, 1, 100])
def test_a_cross_encoder_has_the_scores_of_its_network(cross: Path, catalogued: str | None, budget: int | None) -> None:
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(cross)
    network = AutoModelForSequenceClassification.from_pretrained(cross, attn_implementation="eager").eval()
    passages = [*PASSAGES, "x " * 1000]
    expected = []
    for passage in passages:
        pair = tokenizer(QUERIES[0], passage, truncation=True, max_length=512, return_tensors="pt")
        with torch.no_grad():
            expected.append(torch.sigmoid(network(**pair).logits[0, 0]).item())
    assert max(expected) - min(expected) > 0.1
    found = local(cross, catalogued, batch_tokens=budget).score(QUERIES[0], passages)
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_it_keeps_the_contract_of_a_reranker(qwen: LocalReranker) -> None:
    assert isinstance(qwen, Reranker)
    scores = qwen.score("Würde", ["", "x", "\ud800", "x"])
    assert scores.dtype == np.float32
    assert ((scores >= 0) & (scores <= 1)).all()
    assert scores[1] == pytest.approx(scores[3], abs=1e-6)
    assert qwen.score("Würde", []).shape == (0,)
    with pytest.raises(TypeError, match=r"write \[passage\]"):
        qwen.score("Würde", "x")


def test_out_of_memory_halves_the_batch_and_goes_on(
    causal: Path, qwen: LocalReranker, caplog: pytest.LogCaptureFixture
) -> None:
    reranker = local(causal, QWEN, batch_tokens=100_000)
    run, sizes = reranker.scorer().run, []
    longest = max(map(len, reranker.scorer().rows("k", PASSAGES)))

    def fail(_: Any, inputs: Any, options: dict[str, Any]) -> None:
        sizes.append(options["input_ids"].numel())
        if sizes[-1] > longest:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")

    network = next(
        cell.cell_contents for cell in run.__closure__ or () if isinstance(cell.cell_contents, torch.nn.Module)
    )
    network.register_forward_pre_hook(fail, with_kwargs=True)
    with caplog.at_level(logging.WARNING):
        found = reranker.score("k", PASSAGES * 2)
    np.testing.assert_allclose(found, np.tile(qwen.score("k", PASSAGES), 2), atol=1e-5)
    assert max(sizes) > longest
    assert "ran out of memory" in caplog.text


def test_a_language_model_that_is_not_catalogued_is_refused(causal: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"no cross-encoder: it is a Qwen3ForCausalLM .*catalogued="):
        local(causal, None).score("k", PASSAGES)


def test_a_cross_encoder_with_several_labels_is_refused(cross: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(cross, tmp_path / "labels"))
    names = {"0": "contradiction", "1": "entailment"}
    tiny.change(folder / "config.json", id2label=names, label2id={"contradiction": 0, "entailment": 1})
    with pytest.raises(ConfigurationError, match="with 2 labels, not a ForSequenceClassification with 1"):
        local(folder, BGE).score("k", PASSAGES)


def test_a_tokenizer_without_the_answers_is_refused(causal: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(causal, tmp_path / "answers"))
    content = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    content["model"]["vocab"]["unlikely"] = content["model"]["vocab"].pop("yes")
    content["model"]["merges"] = [pair for pair in content["model"]["merges"] if "yes" not in (*pair, "".join(pair))]
    (folder / "tokenizer.json").write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(EmbedderError, match="no token 'yes'"):
        local(folder, QWEN).score("k", PASSAGES)


@pytest.mark.parametrize("name", [ZERANK, BGE])
def test_an_instruction_without_a_place_is_refused(causal: Path, name: str) -> None:
    with pytest.raises(ConfigurationError, match="no place for an instruction, and 'Find code'"):
        local(causal, name, instruction="Find code")


def test_code_of_the_model_runs_only_when_it_was_named_with_its_revision() -> None:
    with pytest.raises(ConfigurationError, match="trust_remote_code=True with its revision"):
        LocalReranker("jina-reranker-v2-multilingual", device="cpu").score("k", PASSAGES)
    with pytest.raises(ConfigurationError, match="Name the revision"):
        LocalReranker("jina-reranker-v2-multilingual", trust_remote_code=True, device="cpu").score("k", PASSAGES)


def test_a_licence_without_commercial_use_is_warned_of(causal: Path, caplog: pytest.LogCaptureFixture) -> None:
    warn_of_licence.cache_clear()
    with caplog.at_level(logging.WARNING):
        local(causal, ZERANK).score("k", ["x"])
    assert "zeroentropy/zerank-2 is licensed as CC-BY-NC-4.0" in caplog.text


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be loaded"):
        local(tmp_path, None).score("k", PASSAGES)
    with pytest.raises(ConfigurationError, match="No reranker in the catalogue is called 'qwen9'"):
        local(tmp_path, "qwen9")
