"""Options, then the environment, then interlingua.toml, then defaults."""

from __future__ import annotations

from pathlib import Path

import pytest
from interlingua.app.settings import Settings, load, origins, shown
from interlingua.retrieval.errors import ConfigurationError


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(f"INTERLINGUA_{name.upper()}", raising=False)


def test_each_source_wins_over_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert load().chunk_tokens == 256
    (tmp_path / "interlingua.toml").write_text("chunk_tokens = 100\nquantization = 'none'\n")
    assert load().chunk_tokens == 100
    monkeypatch.setenv("INTERLINGUA_CHUNK_TOKENS", "200")
    assert load().chunk_tokens == 200
    assert load(chunk_tokens=300).chunk_tokens == 300
    assert load(chunk_tokens=None).chunk_tokens == 200
    assert {name: origin for name, origin in origins(store="x").items() if origin != "default"} == {
        "store": "option",
        "quantization": "interlingua.toml",
        "chunk_tokens": "INTERLINGUA_CHUNK_TOKENS",
    }


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ("chunk_tokns = 1", "unknown setting 'chunk_tokns'"),
        ("chunk_tokens = 'many'", "chunk_tokens.*'many'"),
        ("chunk_tokens = 3", "chunk_tokens.*greater than or equal to 16.*3"),
        ("quantization = 'int4'", "quantization.*'int8', 'binary' or 'none'.*'int4'"),
        ("chunk_tokens = ", "cannot be read"),
    ],
)
def test_a_wrong_file_is_named(tmp_path: Path, toml: str, message: str) -> None:
    (tmp_path / "interlingua.toml").write_text(toml)
    with pytest.raises(ConfigurationError, match=message):
        load()


def test_an_unknown_option_lists_the_options() -> None:
    with pytest.raises(ConfigurationError, match=r"Unknown option 'modell'. Options: .*embedder"):
        load(modell="x")


@pytest.mark.parametrize("name", ["api_key", "embedder_key", "reranker_key", "chat_key"])
def test_a_key_is_never_shown(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(f"INTERLINGUA_{name.upper()}", "secret-value")
    settings = load()
    assert "secret-value" not in repr(settings) + str(settings) + settings.model_dump_json()
    assert getattr(settings, name).get_secret_value() == "secret-value"


def test_every_setting_has_a_description() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


@pytest.mark.parametrize("name", ["api_key", "embedder_key", "reranker_key", "chat_key"])
def test_nothing_secret_is_shown(tmp_path: Path, name: str) -> None:
    (tmp_path / "interlingua.toml").write_text(f"{name} = 12345678")
    with pytest.raises(ConfigurationError) as caught:
        load()
    assert "12345678" not in str(caught.value)
    assert shown("https://user:s3cret@host:6333/x?api_key=zzz") == "https://host:6333/x"
    assert shown(".interlingua") == ".interlingua"
