"""A store made in process opens through a server of the same model and no other; a changed server is noticed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import interlingua
import pytest
from interlingua import Document
from interlingua.retrieval.embedders.local import LocalEmbedder
from interlingua.retrieval.errors import EmbedderError, ManifestError
from interlingua.retrieval.probe import TEXTS, require
from interlingua.retrieval.probe.answers import KnownAnswer
from interlingua.retrieval.protocols import Embedder
from support import SENTENCES

torch: Any = pytest.importorskip("torch", reason="needs the extra: pip install 'interlingua[models]'")
pytest.importorskip("sentence_transformers", reason="needs the extra: pip install 'interlingua[models]'")

from probe_samples import Changed, TinyServer  # noqa: E402  # needs them

Serve = Callable[..., TinyServer]
Open = Callable[..., interlingua.Index]

QWEN = "Qwen/Qwen3-Embedding-0.6B"
DOCUMENT = Document(id="ja", text=SENTENCES["ja"])
OTHER = Document(id="de", text=SENTENCES["de"])


@pytest.fixture(autouse=True)
def _published(
    folders: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A working folder in which the tiny model goes by its hub id."""
    monkeypatch.chdir(tmp_path)
    Path("Qwen").mkdir()
    Path(QWEN).symlink_to(folders["qwen3"])
    caplog.set_level("CRITICAL")


@pytest.fixture
def served(serve: Serve) -> TinyServer:
    """A server of the tiny model, with vectors as long as the catalogue says."""
    return serve("qwen3", dim=1024)


def in_process(**options: Any) -> interlingua.Index:
    return interlingua.open("index", embedder=QWEN, dimensions=64, device="cpu", **options)


def through(server: TinyServer, **options: Any) -> interlingua.Index:
    return interlingua.open("index", embedder_url=server.url, dimensions=64, **options)


def manifest() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(Path("index/manifest.json").read_text(encoding="utf-8"))
    return content


def change_manifest(**values: Any) -> None:
    Path("index/manifest.json").write_text(json.dumps(manifest() | values), encoding="utf-8")


def test_a_store_made_in_process_is_searched_and_extended_through_a_server(served: TinyServer) -> None:
    with in_process() as index:
        index.ingest([DOCUMENT])
        made = index.search(SENTENCES["ja"])[0].score
    with through(served) as index:
        assert index.search(SENTENCES["ja"])[0].score == pytest.approx(made, abs=1e-4)
        index.ingest([OTHER])
    with in_process() as index:
        assert {hit.chunk.document_id for hit in index.search("Würde")} == {"ja", "de"}


def test_a_store_made_through_a_server_is_searched_in_process(served: TinyServer) -> None:
    with through(served) as index:
        index.ingest([DOCUMENT])
    served.stop()
    with in_process() as index:
        assert index.search(SENTENCES["ja"])[0].chunk.document_id == "ja"


def test_a_coarser_precision_on_the_server_is_the_same_model(serve: Serve) -> None:
    server = serve("qwen3", dim=1024)
    assert server.network is not None
    in_process().close()
    server.network.model.to(torch.bfloat16)
    through(server).close()


@pytest.mark.parametrize("fault", [{"end": False}, {"before": "passage: "}, {"noise": 0.2}, {"model": "e5"}])
def test_another_model_under_the_same_name_is_refused_with_the_measured_cosine(
    serve: Serve, fault: dict[str, Any]
) -> None:
    in_process().close()
    server = serve(fault.pop("model", "qwen3"), dim=1024, model=QWEN, **fault)
    with pytest.raises(ManifestError, match=r"on a server it gives others: the passage .* has cosine -?0\."):
        through(server)
    assert not list(Path("index").glob("**/*.new"))


def test_an_answer_that_says_nothing_leaves_the_refusal_as_it_was(served: TinyServer) -> None:
    in_process().close()
    change_manifest(known_answer=None)
    with pytest.raises(ManifestError, match=r"another version of Qwen/Qwen3-Embedding-0.6B"):
        through(served)
    in_process().close()
    change_manifest(known_answer="00000000:process:AAAA:AAAA")  # of the texts of another version
    with pytest.raises(ManifestError, match=r"another version of Qwen/Qwen3-Embedding-0.6B"):
        through(served)


def test_an_old_manifest_without_the_field_is_read(served: TinyServer) -> None:
    with through(served) as index:
        index.ingest([DOCUMENT])
    content = manifest()
    assert content.pop("known_answer")
    Path("index/manifest.json").write_text(json.dumps(content), encoding="utf-8")
    with through(served) as index:
        assert index.ingest([DOCUMENT]).unchanged == 1


@pytest.mark.parametrize("damage", ["x", "", 7, "{texts}:process:!!:AAAA", "{texts}:process:AAAA"])
def test_a_damaged_answer_is_said(served: TinyServer, damage: Any) -> None:
    in_process().close()
    texts = manifest()["known_answer"].split(":")[0]
    change_manifest(known_answer=damage.format(texts=texts) if isinstance(damage, str) else damage)
    with pytest.raises(ManifestError, match="known answer in the manifest of index is damaged"):
        through(served)


def test_files_that_differ_are_refused_however_alike_their_vectors(folders: dict[str, Path], tmp_path: Path) -> None:
    in_process().close()
    change_manifest(fingerprint="0" * 32)
    with pytest.raises(ManifestError, match=r"another version of Qwen/Qwen3-Embedding-0.6B"):
        in_process()


def test_models_of_two_names_are_not_compared(served: TinyServer, folders: dict[str, Path]) -> None:
    interlingua.open("index", embedder=str(folders["qwen3"]), device="cpu").close()
    with pytest.raises(ManifestError, match="holds vectors of"):
        through(served)


def test_another_length_is_refused_as_such(served: TinyServer) -> None:
    in_process().close()
    before = len(served.posts())
    with pytest.raises(ManifestError, match=r"\(64 dimensions, .*not of Qwen/Qwen3-Embedding-0.6B \(32 dimensions"):
        interlingua.open("index", embedder_url=served.url, dimensions=32)
    assert len(served.posts()) == before


def test_without_the_catalogue_queries_must_agree_too(serve: Serve, folders: dict[str, Path], open_index: Open) -> None:
    """In process a model gets prompts from its own files, behind a server none: only its queries tell."""
    own = LocalEmbedder(str(folders["qwen3"]), device="cpu")
    server = serve("qwen3", model=own.model)
    facts = replace(server.facts(), name=own.model)
    open_index(embedder=own).close()
    open_index(embedder=server.embedder(model=facts)).close()
    with pytest.raises(ManifestError, match=r"the query .* has cosine"):
        open_index(embedder=server.embedder(model=replace(facts, query_prompt="")))


def test_a_task_of_the_users_own_is_no_other_model(served: TinyServer) -> None:
    in_process().close()
    through(served, task="Find the law").close()


# A server that changes


def test_a_server_that_changed_its_model_is_noticed_when_documents_come(served: TinyServer) -> None:
    with through(served) as index:
        index.ingest([DOCUMENT])
        served.end = False
        with pytest.raises(ManifestError, match=r"gives other vectors than those in index: the passage .* has cosine"):
            index.ingest([OTHER])
        assert index.status().documents == 1
    with through(served) as index, pytest.raises(ManifestError, match="Start it as it was, or ingest again"):
        index.ingest([OTHER])


def test_searches_do_not_pay(served: TinyServer) -> None:
    with through(served) as index:
        index.ingest([DOCUMENT])
    before = len(served.posts())
    with through(served) as index:
        index.search("尊厳")
    assert len(served.posts()) == before + 1


def test_an_index_in_process_is_probed_once(served: TinyServer) -> None:
    in_process().close()
    first = manifest()["known_answer"]
    with in_process() as index:
        index.ingest([DOCUMENT])
    assert manifest()["known_answer"] == first
    change_manifest(known_answer=f"{first.split(':')[0]}:damaged")  # not read: the fingerprint covers the files
    with in_process() as index:
        index.ingest([OTHER])
    assert KnownAnswer.decode(first, where="index") is not None


# First use


def test_nothing_is_stored_of_a_model_that_fails(serve: Serve) -> None:
    server = serve("qwen3", dim=1024)
    vector = server.vector("Taxi", None)
    from server import changed

    server.always = changed(lambda values: [vector] * len(values))
    with pytest.raises(EmbedderError, match="nothing was stored"):
        through(server)
    assert not Path("index/manifest.json").exists()


def test_the_bundled_model_and_those_of_the_users_own_are_not_probed(open_index: Open, counting: Any) -> None:
    open_index("own", embedder=counting)
    assert counting.passages == counting.queries == []
    interlingua.open("bundled").close()
    for name in ("own", "bundled"):
        assert json.loads(Path(name, "manifest.json").read_text(encoding="utf-8")).get("known_answer") is None


def test_an_answer_survives_being_written(served: TinyServer, folders: dict[str, Path]) -> None:
    embedder: Embedder = LocalEmbedder(QWEN, device="cpu")
    text = require(embedder)
    answer = KnownAnswer.decode(text, where="x")
    assert answer is not None
    assert abs(answer.passages - embedder.embed_passages(TEXTS)).max() < 1e-3
    assert answer.encode() == text
    assert not answer.served
    assert require(Changed(LocalEmbedder(QWEN, device="cpu"), lambda vectors: vectors)) is None
