"""The static embedder keeps the Embedder contract: shapes, unit rows, order, one vector per text whatever the batch."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from interlingua.retrieval import embedders
from interlingua.retrieval.embedders import KNOWN, load
from interlingua.retrieval.embedders.pooling import SPAN, sum_rows
from interlingua.retrieval.embedders.published import FILES
from interlingua.retrieval.embedders.static import StaticEmbedder, bundled
from interlingua.retrieval.errors import ConfigurationError, EmbedderError
from interlingua.retrieval.protocols import Embedder, Tokenizer

BUNDLED = Path(embedders.__file__).parent / "bundled"

SENTENCES = {
    "Latin, Vietnamese": "Tôi muốn mượn một quyển sách ở thư viện thành phố.",
    "Latin, Yoruba": "Mo fẹ́ ka ìwé yìí ní ilé-ìkàwé ìlú wa.",
    "Latin, Turkish": "İstanbul'da hava bugün çok güzel, IŞIK yandı.",
    "Greek": "Η ΒΙΒΛΙΟΘΗΚΗ της πόλης είναι κλειστή σήμερα.",
    "Cyrillic": "Библиотека закрыта по воскресеньям и праздникам.",
    "Armenian": "Գրադարանը փակ է կիրակի օրերին։",
    "Georgian": "ბიბლიოთეკა კვირას დაკეტილია.",
    "Hebrew": "הספרייה העירונית סגורה בימי שבת.",
    "Arabic": "المكتبةُ مُغلَقةٌ يومَ الجمعة، ﷺ.",
    "Devanagari": "पुस्तकालय रविवार को बंद रहता है।",
    "Bengali": "গ্রন্থাগারটি শুক্রবার বন্ধ থাকে।",
    "Tamil": "நூலகம் ஞாயிற்றுக்கிழமை மூடப்பட்டிருக்கும்.",
    "Thai": "ห้องสมุดปิดทำการทุกวันอาทิตย์",
    "Khmer": "បណ្ណាល័យបិទនៅថ្ងៃអាទិត្យ។",
    "Burmese": "စာကြည့်တိုက်သည် တနင်္ဂနွေနေ့တွင် ပိတ်သည်။",
    "Ethiopic": "ቤተ መጻሕፍቱ እሁድ ዝግ ነው።",
    "Hangul": "도서관은 일요일에 문을 닫습니다.",
    "Hangul, decomposed": "도서관은 닫습니다",
    "Kana and Han": "図書館は日曜日に休館します。ﾃｽﾄ㌢",
    "Han": "图书馆星期日不开放,请改天再来。",
}


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return load("bundled")


def _texts(count: int) -> list[str]:
    """Texts of very different lengths: empty ones, single words, and some far longer than a span."""
    rng = np.random.default_rng(7)
    sentences = list(SENTENCES.values())
    return [" ".join(rng.choice(sentences, int(size))) for size in rng.geometric(0.2, count) - 1]


def test_it_is_an_embedder_with_a_tokenizer(embedder: Embedder) -> None:
    assert isinstance(embedder, Embedder)
    assert isinstance(embedder.tokenizer, Tokenizer)
    assert embedder.model == "bundled"
    assert embedder.max_tokens > 0


@pytest.mark.parametrize("verb", ["embed_queries", "embed_passages"])
def test_no_texts_give_the_empty_shape(embedder: Embedder, verb: str) -> None:
    vectors = getattr(embedder, verb)([])
    assert vectors.shape == (0, embedder.dim)
    assert vectors.dtype == np.float32


@pytest.mark.parametrize("verb", ["embed_queries", "embed_passages"])
def test_rows_are_float32_of_length_one(embedder: Embedder, verb: str) -> None:
    vectors = getattr(embedder, verb)(_texts(300))
    assert vectors.shape == (300, embedder.dim)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-6)


def test_order_is_kept(embedder: Embedder) -> None:
    texts = list(SENTENCES.values())
    np.testing.assert_array_equal(embedder.embed_passages(texts)[::-1], embedder.embed_passages(texts[::-1]))


@pytest.mark.parametrize("size", [1, 7, 512])
def test_a_vector_does_not_depend_on_its_batch(embedder: Embedder, size: int) -> None:
    texts = _texts(1100)
    whole = embedder.embed_passages(texts)
    parts = [embedder.embed_passages(texts[start : start + size]) for start in range(0, len(texts), size)]
    assert np.concatenate(parts).tobytes() == whole.tobytes()


def test_a_text_in_many_batches_of_the_tokenizer_keeps_its_vector(embedder: Embedder) -> None:
    long = " ".join(SENTENCES.values()) * 3000  # over the two million characters that are tokenized at once
    texts = ["Bibliothek", long, "Bibliothek"]
    together = embedder.embed_passages(texts)
    apart = np.concatenate([embedder.embed_passages([text]) for text in texts])
    assert together.tobytes() == apart.tobytes()


@pytest.mark.parametrize("text", ["", "   ", "\n\t", "𒀀𒀁𒀂", "\ud800"], ids=ascii)
def test_a_text_with_nothing_known_has_one_finite_unit_vector(embedder: Embedder, text: str) -> None:
    vectors = embedder.embed_queries([text, "Bibliothek", text])
    assert np.isfinite(vectors).all()
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-6)
    assert vectors[0].tobytes() == vectors[2].tobytes()


def test_two_instances_and_many_threads_agree() -> None:
    shared, texts = bundled(), _texts(64)
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: shared.embed_queries(texts).tobytes(), range(16)))
    assert set(results) == {bundled().embed_queries(texts).tobytes()}


def test_one_string_instead_of_a_list_is_refused(embedder: Embedder) -> None:
    with pytest.raises(TypeError, match=r"write \[text\]"):
        embedder.embed_queries("Bibliothek")


@pytest.mark.parametrize("script", SENTENCES)
def test_token_starts_are_code_points_of_the_text_as_given(embedder: Embedder, script: str) -> None:
    tokenizer, text = embedder.tokenizer, SENTENCES[script]
    assert tokenizer is not None
    starts = tokenizer.token_starts(text)
    assert starts.dtype == np.int64
    assert (np.diff(starts) >= 0).all()
    assert starts[0] == 0
    assert starts[-1] < len(text)
    # A word is tokenized alike wherever it stands, so its offsets must only move by what stands before it; 🎉 and 𝔘
    # take two units in UTF-16, ﷺ and ㌢ several characters in NFKC.
    prefix = "🎉 𝔘 ﷺ ㌢ "
    moved = tokenizer.token_starts(prefix + text)
    np.testing.assert_array_equal(moved[-len(starts) :], starts + len(prefix))
    assert not any(text[start].isspace() for start in starts)
    # Every word begins a token.
    words = {i for i in range(len(text)) if not text[i].isspace() and (i == 0 or text[i - 1].isspace())}
    assert words <= set(starts.tolist())


def test_token_starts_of_nothing_are_empty(embedder: Embedder) -> None:
    assert embedder.tokenizer is not None
    assert embedder.tokenizer.token_starts("").shape == (0,)


def test_sums_are_those_of_the_rows_at_every_length() -> None:
    rng = np.random.default_rng(3)
    table = rng.integers(-127, 128, (50, 6)).astype(np.int8)
    table[0] = 127
    lengths = np.array([0, 1, SPAN - 1, SPAN, SPAN + 1, 0, 5 * SPAN, 3, 0])
    ids = rng.integers(0, 50, lengths.sum()).astype(np.int32)
    ids[-(5 * SPAN + 3) : -3] = 0  # the largest sum there can be
    expected = [table[part].sum(axis=0, dtype=np.int64) for part in np.split(ids, np.cumsum(lengths)[:-1])]
    np.testing.assert_array_equal(sum_rows(table, ids, lengths), np.array(expected))


def test_making_one_reads_nothing_and_using_it_says_what_is_missing(tmp_path: Path) -> None:
    embedder = StaticEmbedder(tmp_path / "nowhere")
    with pytest.raises(ConfigurationError, match=r"nowhere.*config\.json.*Reinstall"):
        embedder.embed_queries(["Bibliothek"])


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    folder = tmp_path / "copy"
    folder.mkdir()
    for name in FILES:
        shutil.copy(BUNDLED / name, folder / name)
    return folder


def test_a_folder_is_loaded_by_its_path(copy: Path, embedder: Embedder) -> None:
    loaded = load(str(copy))
    assert loaded.fingerprint == embedder.fingerprint
    assert loaded.embed_queries(["Bibliothek"]).tobytes() == embedder.embed_queries(["Bibliothek"]).tobytes()


def test_the_fingerprint_follows_the_weights(copy: Path, embedder: Embedder) -> None:
    weights = bytearray((copy / "model.safetensors").read_bytes())
    weights[-1] ^= 1
    (copy / "model.safetensors").write_bytes(weights)
    assert load(str(copy)).fingerprint != embedder.fingerprint


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("keep", [0, 5, 200])
def test_a_damaged_file_is_an_embedder_error_that_names_the_fix(copy: Path, name: str, keep: int) -> None:
    (copy / name).write_bytes((copy / name).read_bytes()[:keep])
    with pytest.raises(EmbedderError, match="Reinstall"):
        _ = load(str(copy)).dim


def test_files_of_two_models_are_refused_with_both_shapes(copy: Path) -> None:
    config = (copy / "config.json").read_text(encoding="utf-8")
    (copy / "config.json").write_text(config.replace('"dim": 256', '"dim": 128'), encoding="utf-8")
    with pytest.raises(EmbedderError, match=r"256.*128"):
        _ = load(str(copy)).dim


class Incomplete:
    """Has a name and nothing else."""

    model = "incomplete"


class Demanding:
    """Cannot be made without arguments."""

    def __init__(self, url: str) -> None:
        self.url = url


def test_a_class_is_loaded_by_module_and_name() -> None:
    assert load("interlingua.retrieval.embedders.static:bundled").model == "bundled"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("bundeld", r"'bundeld'.*Known: bundled"),
        ("no.such.module:Class", r"cannot be imported.*Known: bundled"),
        (".relative:Class", r"cannot be imported"),
        ("interlingua.retrieval.types:", r"package\.module:Class"),
        ("interlingua.retrieval.types:NoSuchClass", r"has no class NoSuchClass"),
        (f"{__name__}:Demanding", r"without arguments"),
        (f"{__name__}:Incomplete", r"lacks dim, fingerprint"),
    ],
)
def test_what_is_no_embedder_is_refused_with_the_fix(name: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        load(name)


def test_every_known_name_can_be_made() -> None:
    for name in KNOWN:
        load(name)
