"""`interlingua plan`: recall of shorter vectors and smaller codes, on the user's own texts."""

from __future__ import annotations

import dataclasses
import json
import math
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from interlingua.app.cli import app
from interlingua.app.index import Index, from_settings
from interlingua.app.planning import plan_index, plan_sources
from interlingua.app.settings import load
from interlingua.connectors.documents import DocumentsConnector
from interlingua.connectors.sampled import Sampled
from interlingua.retrieval.compression import GIVEN, Sample, embedded, measure, stored
from interlingua.retrieval.compression.codes import candidates_of, code_bytes
from interlingua.retrieval.compression.lengths import lengths
from interlingua.retrieval.errors import InputError
from interlingua.retrieval.text.sentences import as_query
from interlingua.retrieval.types import Document, Pending, Skip
from support import SENTENCES, CountingEmbedder, NgramEmbedder
from typer.testing import CliRunner

WORDS = {
    "en": "market rate bank price growth policy demand supply trade budget inflation credit",
    "de": "Markt Zins Bank Preis Wachstum Politik Nachfrage Angebot Handel Haushalt Inflation Kredit",
    "ru": "рынок ставка банк цена рост политика спрос предложение торговля бюджет инфляция кредит",
}


def documents() -> Iterator[Document]:
    rng = np.random.default_rng(0)
    for language, words in WORDS.items():
        for number in range(60):
            text = ". ".join(" ".join(rng.choice(words.split(), 9).tolist()).capitalize() for _ in range(3)) + "."
            yield Document(id=f"{language}/{number}", text=text, language=language)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    settings = load(store=str(tmp_path_factory.mktemp("plan") / "store"))
    with from_settings(settings, embedder=NgramEmbedder()) as opened:
        opened.ingest(documents())
        yield opened


def brute_force(index: Index, dim: int, quantization: str) -> dict[str, float]:
    """Recall@10 by language, written out one query and one passage at a time."""
    taken, embedder = stored(index.store), NgramEmbedder()
    queries = embedder.embed_queries(taken.queries).tolist()
    passages = taken.vectors.tolist()
    cut = [[value / math.hypot(*row[:dim]) for value in row[:dim]] for row in passages]
    numbers = sorted(value for row in cut for value in row)
    low, high = (float(np.quantile(numbers, share)) for share in (0.005, 0.995))

    def code(value: float) -> float:
        if quantization == "binary":
            return 1.0 if value > 0 else -1.0
        return min(max(round((value - low) / ((high - low) / 127)), 0), 127) * (high - low) / 127 + low

    def dot(a: list[float], b: list[float]) -> float:
        return sum(x * y for x, y in zip(a, b, strict=True))

    codes = cut if quantization == "none" else [[code(value) for value in row] for row in cut]
    shares: dict[str, list[float]] = {}
    for query, own in zip(queries, taken.own.tolist(), strict=True):
        others = [place for place in range(len(passages)) if place != own]
        truth = sorted(others, key=lambda p: (-round(dot(query, passages[p]), 6), p))[:10]
        short = [value / math.hypot(*query[:dim]) for value in query[:dim]]
        if quantization != "none":
            coded = [code(value) for value in short]
            others = sorted(others, key=lambda p: -dot(coded, codes[p]))[: candidates_of(quantization, 10)]  # type: ignore[arg-type]
        found = sorted(others, key=lambda p: (-round(dot(short, cut[p]), 6), p))[:10]
        share = len(set(found) & set(truth)) / 10
        shares.setdefault(taken.chunks[own].language, []).append(share)
    return {language: sum(values) / len(values) for language, values in shares.items()}


@pytest.mark.parametrize(("dim", "quantization"), [(256, "none"), (64, "none"), (256, "int8"), (32, "int8")])
def test_recall_agrees_with_brute_force(index: Index, dim: int, quantization: str) -> None:
    measured = plan_index(index, dimensions=[dim])
    option = next(o for o in measured.options if (o.dimensions, o.quantization) == (dim, quantization))
    expected = brute_force(index, dim, quantization)
    assert set(option.by_language) == set(expected) == set(WORDS)
    for language, recall in expected.items():  # a query or two may fall to another side of a tie among codes
        assert option.by_language[language] == pytest.approx(recall, abs=0.004), language
    assert option.worst == min(option.by_language.values())


def test_binary_codes_are_rescored(index: Index) -> None:
    binary = next(o for o in plan_index(index, dimensions=[256]).options if o.quantization == "binary")
    for language, recall in brute_force(index, 256, "binary").items():  # signs have many ties among the candidates
        assert binary.by_language[language] == pytest.approx(recall, abs=0.1), language


def test_the_smallest_option_that_keeps_the_target_is_recommended(index: Index) -> None:
    measured = plan_index(index, dimensions=[128, 64], target=0.9, for_chunks=1000)
    full = measured.options[0]
    assert (full.dimensions, full.quantization, full.recall, full.vector_bytes) == (256, "none", 1.0, 1024)
    kept = [option for option in measured.options if option.worst >= 0.9]
    assert measured.recommended.vector_bytes == min(option.vector_bytes for option in kept)
    assert measured.recommended.ram == measured.recommended.vector_bytes * 1000
    assert plan_index(index, dimensions=[32], target=1.0).recommended.recall == 1.0


def test_queries_of_the_users_own(index: Index) -> None:
    measured = plan_index(index, dimensions=[64], queries=["inflation and credit", "Zins und Bank"])
    assert measured.queries == {GIVEN: 2}
    assert measured.options[0].recall == 1.0


def test_a_model_with_learned_reductions_embeds_again(index: Index) -> None:
    taken, asked = stored(index.store), []

    def at(dim: int) -> tuple[np.ndarray, np.ndarray]:
        asked.append(dim)
        turned = NgramEmbedder().embed_queries(taken.queries)[:, ::-1][:, :dim]
        passages = taken.vectors[:, ::-1][:, :dim]
        return tuple(x / np.linalg.norm(x, axis=1, keepdims=True) for x in (turned, passages))  # type: ignore[return-value]

    cut = measure(taken, NgramEmbedder(), dimensions=[32])
    again = measure(taken, NgramEmbedder(), dimensions=[32], at=at)
    assert asked == [32]
    assert again.options[3].by_language != cut.options[3].by_language


def test_what_cannot_be_measured(index: Index, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="512 dimensions cannot be measured: the vectors have 256"):
        plan_index(index, dimensions=[512])
    with from_settings(load(store=str(tmp_path / "store")), embedder=NgramEmbedder()) as empty:
        with pytest.raises(InputError, match="nothing to measure"):
            plan_index(empty)
        empty.ingest(Document(id="1", text="One."))
        with pytest.raises(InputError, match="holds 1 chunks"):
            plan_index(empty)


def test_every_language_is_in_the_sample(index: Index) -> None:
    taken = stored(index.store, most=30)
    found = [chunk.language for chunk in taken.chunks]
    assert {language: found.count(language) for language in WORDS} == dict.fromkeys(WORDS, 25)
    assert len(taken.queries) == 75
    assert taken.vectors.shape == (75, 256)
    assert all(query in taken.chunks[own].text for query, own in zip(taken.queries, taken.own, strict=True))
    assert stored(index.store, most=30).queries == taken.queries


def test_texts_in_no_index_give_the_same_as_an_index_of_them(index: Index) -> None:
    options = {"dimensions": [64], "target": 0.9}
    skipped: list[Skip] = []
    source = [*documents(), Document(id="empty", text=" ")]
    apart = plan_sources([source], index.settings, embedder=NgramEmbedder(), skipped=skipped.append, **options)
    within = plan_index(index, **options)
    assert [o.recall for o in apart.options] == pytest.approx([o.recall for o in within.options], abs=0.005)
    assert apart.queries == within.queries
    assert [(skip.id, skip.reason) for skip in skipped] == [("empty", "no text")]


def test_few_are_embedded_of_many(index: Index) -> None:
    counting = CountingEmbedder(NgramEmbedder())
    chunks = [each.chunk for each in index.store.scan()]
    taken = embedded(chunks, counting, most=30)
    assert isinstance(taken, Sample)
    assert len(counting.passages) == len(taken.chunks) == 75 < len(chunks)
    assert {chunk.id for chunk in taken.chunks} == {chunk.id for chunk in stored(index.store, most=30).chunks}


@pytest.mark.parametrize("language", ["ja", "th", "ar", "hi"])
def test_a_sentence_of_any_script(language: str) -> None:
    text = SENTENCES[language]
    assert as_query(f"{text}\n\n{text}\n\n{text}") == text
    assert as_query(text * 9)  # nothing in it ends a sentence, or all is one: its beginning


def test_bytes_of_a_vector() -> None:
    assert [code_bytes(2048, quantization) for quantization in ("none", "int8", "binary")] == [8192, 2048, 256]
    assert code_bytes(1020, "binary") == 128


def test_lengths_that_a_model_offers() -> None:
    class Named(NgramEmbedder):
        def __init__(self, model: str, dim: int) -> None:
            self.model, self.dim = model, dim

    assert lengths(Named("qwen3-embedding-0.6b", 1024)).offered == (1024, 512, 256, 128, 64, 32)
    zembed = lengths(Named("zembed-1", 2560))
    assert zembed.offered[0] == 2560
    assert zembed.offered[-1] == 40
    assert not zembed.cut
    assert lengths(NgramEmbedder()).offered == (256,)
    assert not lengths(NgramEmbedder()).known


def test_part_of_a_source() -> None:
    whole = DocumentsConnector(items=list(documents()))
    part = Sampled(whole, 20)
    ids = [item.id for item in part.documents() if isinstance(item, (Document, Pending))]
    assert len(set(ids)) == 20
    assert {name.split("/")[0] for name in ids} == set(WORDS)
    assert ids == [item.id for item in part.documents()]
    assert ids == sorted(ids, key=[item.id for item in whole.documents()].index)
    assert len(list(Sampled(whole, 500).documents())) == 180
    assert not part.complete


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("INTERLINGUA_EMBEDDER", "support:NgramEmbedder")
    table = tmp_path / "texts.jsonl"
    lines = (json.dumps({"id": d.id, "text": d.text, "language": d.language}, ensure_ascii=False) for d in documents())
    table.write_text("\n".join(lines), encoding="utf-8")
    run = CliRunner().invoke
    shown = run(app, ["plan", str(table), "--dimensions", "128,64", "--documents", "100", "--plot", "plan.svg"])
    assert shown.exit_code == 0, shown.output
    assert "100 passages" in shown.stdout
    assert "Recommended: --dimensions" in shown.stdout
    assert not (tmp_path / ".interlingua").exists()
    root = ElementTree.parse(tmp_path / "plan.svg").getroot()
    assert sum(element.tag.endswith("polyline") for element in root) == 3
    printed = run(app, ["plan", str(table), "--dimensions", "64", "--json"])
    options = json.loads(printed.stdout)["options"]
    assert [(o["dimensions"], o["quantization"]) for o in options[:3]] == [
        (256, "none"), (256, "int8"), (256, "binary"),
    ]  # fmt: skip
    for quantization, said in (
        ("none", "Take the index there: interlingua migrate --dimensions 256 --quantization binary"),
        ("binary", "That is what the index has."),
    ):
        store = ["--store", quantization]
        assert run(app, ["ingest", str(table), *store, "--quantization", quantization]).exit_code == 0
        assert said in run(app, ["plan", *store, "--dimensions", "256"]).stdout
    for wrong, message in (
        (["plan", "nothing"], "There is no file or folder nothing"),
        (["plan", str(table), "--queries", "none.txt"], "cannot be read"),
        (["plan", str(table), "--plot", "no/folder.svg"], "There is no folder no"),
        (["plan", str(table), "--dimensions", "many"], "is not a list"),
        (["plan"], "There is no index"),
    ):
        result = run(app, wrong)
        assert result.exit_code in (1, 2)
        assert message in result.output


def test_what_is_measured_is_plain_data(index: Index) -> None:
    assert json.loads(json.dumps(dataclasses.asdict(plan_index(index, dimensions=[64]))))["model"] == "ngrams"
