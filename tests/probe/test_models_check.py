"""`interlingua models check` says whether a model is used rightly, whether two are one model, and if not, why."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import interlingua
import numpy as np
import pytest
from interlingua.retrieval.embedders.local import LocalEmbedder
from interlingua.retrieval.errors import ConfigurationError
from interlingua.retrieval.probe import TEXTS, compare
from interlingua.retrieval.protocols import Embedder
from interlingua.retrieval.types import Matrix
from typer.testing import CliRunner, Result

torch: Any = pytest.importorskip("torch", reason="needs the extra: pip install 'interlingua[models]'")
pytest.importorskip("sentence_transformers", reason="needs the extra: pip install 'interlingua[models]'")

from layouts import MODELS, local  # noqa: E402  # these need torch
from probe_samples import Changed, TinyServer  # noqa: E402
from tiny import QWEN_PROMPT, ZEMBED_SUFFIX  # noqa: E402

Serve = Callable[..., TinyServer]
QWEN = "Qwen/Qwen3-Embedding-0.6B"


@pytest.fixture(autouse=True)
def _published(
    folders: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A working folder in which the tiny model goes by its hub id."""
    monkeypatch.chdir(tmp_path)
    Path("Qwen").mkdir()
    Path(QWEN).symlink_to(folders["qwen3"])
    caplog.set_level("CRITICAL")


def run(*arguments: str) -> Result:
    from interlingua.app.cli import app

    return CliRunner().invoke(app, ["models", *arguments])


def diagnosis(first: Embedder, second: Embedder) -> str:
    comparison = compare(first, second)
    assert not comparison.agree
    return comparison.diagnosis


# Two of one model


@pytest.mark.parametrize("name", MODELS)
def test_a_server_and_a_copy_of_one_model_agree(serve: Serve, folders: dict[str, Path], name: str) -> None:
    comparison = compare(local(folders[name], name), serve(name).embedder())
    assert comparison.agree
    assert comparison.diagnosis == "the same vectors"
    assert len(comparison.queries) == len(comparison.passages) == len(TEXTS)
    assert comparison.difference == pytest.approx(0, abs=1e-5)


def test_precision_is_told_from_another_model(serve: Serve, folders: dict[str, Path]) -> None:
    server = serve("qwen3")
    assert server.network is not None
    server.network.model.to(torch.bfloat16)
    comparison = compare(local(folders["qwen3"], "qwen3"), server.embedder())
    assert comparison.agree
    assert comparison.diagnosis.startswith("the same but for rounding")
    assert 1e-6 < (comparison.difference or 0) < 5e-3


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("qwen3", {"end": False}, "passages: those of the second are what the model gives without the end token"),
        ("e5", {"end": False}, "queries: those of the second are what the model gives without the end token '</s>'"),
        ("qwen3", {"before": QWEN_PROMPT}, "queries: those of the second are what the model gives with the prompt tw"),
        ("qwen3", {"before": QWEN_PROMPT}, "passages: those of the second are what the model gives with the prompt of"),
        ("qwen3", {"noise": 0.2}, "all differ a little (cosine 0.9"),
        ("qwen3", {"before": "Something else: "}, "everything differs"),
    ],
)
def test_what_a_server_does_wrong_is_told(
    serve: Serve, folders: dict[str, Path], name: str, options: dict[str, Any], said: str
) -> None:
    ours, theirs = local(folders[name], name), serve(name, **options).embedder()
    assert said in diagnosis(ours, theirs)
    assert said.replace("the second", "the first") in diagnosis(theirs, ours)


def test_a_server_that_gets_no_prompts_differs_for_queries_only(serve: Serve, folders: dict[str, Path]) -> None:
    theirs = serve("qwen3", model="unnamed").embedder(model=None)
    said = "queries: those of the second are what the model gives without the prompt (passages agree)"
    assert diagnosis(local(folders["qwen3"], "qwen3"), theirs) == said


def test_a_suffix_that_the_server_adds_once_more_is_told(serve: Serve, folders: dict[str, Path]) -> None:
    class Twice(LocalEmbedder):
        def _embed(self, texts: list[str], prompt: str) -> Matrix:
            return super()._embed([text + ZEMBED_SUFFIX for text in texts], prompt)

    twice = Twice(str(folders["zembed"]), catalogued=MODELS["zembed"][1], device="cpu")
    assert "with the suffix twice" in diagnosis(local(folders["zembed"], "zembed"), twice)


def test_another_pooling_is_told(serve: Serve, folders: dict[str, Path]) -> None:
    ours = local(folders["qwen3"], "qwen3")

    class Mean(LocalEmbedder):
        def _embed(self, texts: list[str], prompt: str) -> Matrix:
            network = self.network()
            states = [network.states([network.tokens(network.ids(t).astype(np.int32))])[0].mean(0) for t in texts]
            unit: Matrix = np.stack(states) / np.linalg.norm(np.stack(states), axis=1, keepdims=True)
            return unit

    mean = Mean(str(folders["qwen3"]), catalogued=MODELS["qwen3"][1], device="cpu")
    assert "those of the second are what the model gives pooled by the mean of its tokens" in diagnosis(ours, mean)


def test_what_no_network_can_explain_is_read_off_the_cosines(folders: dict[str, Path]) -> None:
    inner = local(folders["qwen3"], "qwen3")
    plain = Changed(inner, lambda vectors: vectors)
    other = np.roll(np.eye(64, dtype=np.float32), 1, axis=0)

    def places(*changed: int) -> Callable[[Matrix], Matrix]:
        def change(vectors: Matrix) -> Matrix:
            vectors[list(changed)] = vectors[list(changed)] @ other
            return vectors

        return change

    assert "the same vectors in another order" in diagnosis(plain, Changed(inner, lambda vectors: vectors[::-1]))
    assert "only the longest text differs" in diagnosis(plain, Changed(inner, places(4)))
    assert "padding reaches the vectors of the others" in diagnosis(plain, Changed(inner, places(0, 1, 2, 3)))
    assert "everything differs" in diagnosis(plain, Changed(inner, places(0, 1, 2, 3, 4)))


def test_two_lengths_are_not_compared(folders: dict[str, Path]) -> None:
    comparison = compare(local(folders["qwen3"], "qwen3"), local(folders["qwen3"], "qwen3", dimensions=32))
    assert (comparison.agree, comparison.queries, comparison.difference) == (False, (), None)
    assert "one gives 64 dimensions, the other 32" in comparison.diagnosis


# The command


def test_a_sound_model_ends_with_0_and_a_table(serve: Serve) -> None:
    result = run("check", QWEN, "--dimensions", "64")
    assert result.exit_code == 0, result.output
    lines = [line.split()[:2] for line in result.stdout.splitlines() if line.startswith("passed")]
    assert ["passed", "prompt"] in lines
    assert len(lines) == 10


def test_a_server_and_a_copy_are_compared_and_end_with_0(serve: Serve) -> None:
    result = run("check", QWEN, "--dimensions", "64", "--against", serve("qwen3", dim=1024).url)
    assert result.exit_code == 0, result.output
    assert "1.000000  1.000000  Taxi 24 h" in result.stdout
    assert "largest difference (1 - cosine)" in result.stdout
    assert "agree: the same vectors" in result.stdout


def test_a_server_that_appends_no_end_token_ends_with_5_and_the_reason(serve: Serve) -> None:
    result = run("check", QWEN, "--dimensions", "64", "--against", serve("qwen3", dim=1024, end=False).url, "--json")
    assert result.exit_code == 5, result.output
    content = json.loads(result.stdout)
    assert [entry["model"] for entry in content["models"]] == [QWEN, QWEN]
    assert content["comparison"]["agree"] is False
    assert "without the end token" in content["comparison"]["diagnosis"]
    assert len(content["comparison"]["queries"]) == len(TEXTS)


def test_a_server_can_be_checked_first(serve: Serve) -> None:
    url = serve("qwen3", dim=1024).url
    result = run("check", "--embedder-url", url, "--dimensions", "64", "--against", QWEN)
    assert result.exit_code == 0, result.output
    assert f"{url}: {QWEN}, 64 dimensions" in result.stdout.replace("\n", " ")


def test_a_model_that_fails_ends_with_5(serve: Serve) -> None:
    server = serve("qwen3", dim=1024)
    vector = server.vector("Taxi", None)
    from server import changed

    server.always = changed(lambda values: [vector] * len(values))
    result = run("check", "--embedder-url", server.url, "--dimensions", "64", "--json")
    assert result.exit_code == 5
    outcomes = {finding["check"]: finding["outcome"] for finding in json.loads(result.stdout)["models"][0]["findings"]}
    assert outcomes["distinct"] == "failed"
    assert outcomes["order"] == "skipped"


def test_doctor_makes_the_same_checks(serve: Serve) -> None:
    from interlingua.app.doctor import examine

    server = serve("qwen3", dim=1024)
    options = {"store": "index", "embedder_url": server.url, "dimensions": 64}
    interlingua.open(**options).close()
    assert [finding for finding in examine(**options) if finding.level == "problem"] == []
    server.end = False
    (problem,) = [finding for finding in examine(**options) if finding.level == "problem"]
    assert (problem.subject, "gives other vectors than those in index" in problem.message) == ("store", True)
    vector = server.vector("Taxi", None)
    from server import changed

    server.always = changed(lambda values: [vector] * len(values))
    (problem, *_) = [finding for finding in examine(**options) if finding.level == "problem"]
    assert problem.message.startswith(f"{QWEN}, distinct: ")


def test_two_names_of_one_model_are_refused() -> None:
    result = run("check", "labse", "--embedder", "bge-m3")
    assert result.exit_code == 1
    assert "Two models are named, labse and bge-m3" in result.output


def test_the_list_stays_where_it_was() -> None:
    assert json.loads(run("labse", "--json").stdout) == json.loads(run("show", "labse", "--json").stdout)
    assert run().stdout == run("show").stdout
    assert "bundled" in run().stdout


def test_a_model_that_is_not_there_says_so(serve: Serve) -> None:
    from interlingua.retrieval.embedders import load

    with pytest.raises(ConfigurationError, match="No embedder is called"):
        load("nonsense")
    assert run("check", "nonsense").exit_code == 1
