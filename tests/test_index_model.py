"""Which model an index is opened with: the one that made it, unless another is asked for."""

from __future__ import annotations

from pathlib import Path

import interlingua
import pytest
from interlingua import Document
from interlingua.app.doctor import examine
from interlingua.retrieval.errors import ConfigurationError, ManifestError

CAT = Document(id="cat", text="The cat sleeps on the warm roof.")


@pytest.fixture(autouse=True)
def _working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def short() -> None:
    """An index of 128 dimensions in the working folder."""
    with interlingua.open("index", dimensions=128) as index:
        index.ingest([CAT])


@pytest.mark.usefixtures("short")
def test_an_index_is_opened_with_the_model_that_made_it() -> None:
    with interlingua.open("index") as index:
        assert index.status().dim == index.embedder.dim == 128
        assert index.search("Die Katze schläft auf dem Dach.")[0].chunk.document_id == "cat"
    assert [finding.message for finding in examine(store="index") if finding.level == "problem"] == []


@pytest.mark.usefixtures("short")
def test_another_model_is_refused_with_both() -> None:
    with pytest.raises(ManifestError, match=r"bundled \(128 dimensions.*not of bundled \(256 dimensions"):
        interlingua.open("index", dimensions=256)


@pytest.mark.usefixtures("short")
def test_the_settings_win_over_what_the_index_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTERLINGUA_EMBEDDER", "bundled")
    with pytest.raises(ManifestError, match="512"):
        interlingua.open("index")


def test_a_dimension_that_the_model_does_not_have_leaves_nothing_behind() -> None:
    with pytest.raises(ConfigurationError, match="Choose one of 64, 128, 256, 384, 512"):
        interlingua.open("index", dimensions=100)
    assert not Path("index").exists()
