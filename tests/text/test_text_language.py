from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from interlingua.retrieval.text.language import Language, base_language, detect, detect_batch
from interlingua.retrieval.text.tagging import tag_spans
from text_samples import SAMPLES, joined

PLAIN = [tag for tag in SAMPLES if tag != "sr-Latn"]


@pytest.mark.parametrize("tag", PLAIN)
def test_a_few_sentences_are_told_with_confidence(tag: str) -> None:
    found = detect(joined(tag))
    assert found.tag == tag
    assert found.confidence >= 0.95


@pytest.mark.parametrize("tag", PLAIN)
def test_single_sentences_are_told(tag: str) -> None:
    assert [found.tag for found in detect_batch(SAMPLES[tag])] == [tag] * 3


def test_south_slavic_in_latin_script_keeps_its_script() -> None:
    # Serbian in Latin script, Croatian and Bosnian differ by a word here and there: any of the three may come out.
    assert detect(joined("sr-Latn")).tag in ("sr-Latn", "hr", "bs")


@pytest.mark.parametrize(
    ("tag", "script"),
    [
        ("zh-Hans", "Hans"),
        ("zh-Hant", "Hant"),
        ("ja", "Jpan"),
        ("ko", "Kore"),
        ("sr", "Cyrl"),
        ("fa", "Arab"),
        ("de", "Latn"),
    ],
)
def test_the_script_is_named(tag: str, script: str) -> None:
    assert detect(joined(tag)).script == script


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n",
        "1234567890",
        "https://example.com/a?b=c",
        "a.b@example.org",
        "😀🎉",
        "2024-01-01T00:00:00Z",
        "\x00\x07\ud800",
    ],
)
def test_a_text_without_words_is_undetermined(text: str) -> None:
    assert detect(text) == Language("und", 0.0, "Zyyy")


@pytest.mark.parametrize(
    "text",
    [
        "mujhe kal bazaar jana hai sabzi lene ke liye",
        "privet kak dela segodnya my idem v kino",
        "wo men jin tian qu chi fan ba hao bu hao",
        "kalimera ti kaneis simera pame gia kafe",
    ],
)
def test_romanised_text_is_not_taken_for_another_language(text: str) -> None:
    assert detect(text) == Language("und-Latn", 0.0, "Latn")


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("我今天用 TensorFlow 和 PyTorch 训练了一个 model", "zh-Hans"),
        ("新しい iPhone の SDK を使ってみた", "ja"),
        ("東京都知事選挙管理委員会が発表", "ja"),
        ("発車時刻検索", "ja"),  # no kana, but characters of Japan only
        ("這個品牌叫做鮮の每日，在台灣的超級市場裡面到處都可以買得到", "zh-Hant"),
        ("Der Vertrag (https://example.com/vertrag.pdf) wurde gestern von beiden Seiten unterschrieben.", "de"),
    ],
)
def test_foreign_words_and_addresses_do_not_mislead(text: str, tag: str) -> None:
    assert detect(text).tag == tag


@pytest.mark.parametrize(
    "text",
    [
        "他説得很清楚，這個問題與環境沒有關係",
        "這張錄音帶收録了許多臺灣歌謠",
        "辻先生是日本人，現在住在臺北，負責這裡的業務",
        "他的眼光很鋭利，對於經濟學的發展有獨到的見解",
    ],
)
def test_a_variant_in_a_traditional_text_does_not_make_it_japanese(text: str) -> None:
    assert detect(text).tag == "zh-Hant"


def test_without_kana_japanese_is_less_certain() -> None:
    assert detect("発車時刻検索") == Language("ja", 0.7, "Jpan")
    assert detect("東京都知事選挙管理委員会が発表").confidence == 0.99


@pytest.mark.parametrize("text", ["é@" * 2000, "é@é." * 1000, "é" * 4000 + "@", "a" * 4000 + "1", "<a>" * 1500])
def test_what_looks_like_an_address_takes_no_longer_than_other_text(text: str) -> None:
    assert detect_batch([f"{n} {text}" for n in range(5)])


def test_code_is_left_out_wherever_it_stands() -> None:
    assert detect("(see_this)<b>some_name</b>another_name größe@exämple.org x/y") == Language("und", 0.0, "Zyyy")


def test_a_long_text_is_judged_by_all_of_it() -> None:
    licence = "Permission is hereby granted, free of charge, to any person obtaining a copy of this text. " * 10
    assert detect(licence + joined("de", times=200)).tag == "de"


def test_a_batch_gives_what_single_calls_give_in_order() -> None:
    texts = [sentence for tag in PLAIN for sentence in SAMPLES[tag]] * 2
    assert detect_batch(texts) == [detect(text) for text in texts]
    assert detect_batch([]) == []


def test_threads_agree() -> None:
    texts = [joined(tag) for tag in PLAIN] * 4
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(detect, texts)) == detect_batch(texts)


@settings(max_examples=200)
@given(st.text(st.characters(exclude_categories=()), max_size=60))
def test_any_text_gets_an_answer(text: str) -> None:
    found = detect(text)
    assert 0.0 <= found.confidence <= 1.0
    assert (base_language(found.tag) == "und") == (found.confidence == 0.0)


def spans_of(parts: list[str]) -> tuple[str, list[tuple[int, int]]]:
    text = "\n\n".join(parts)
    starts = [text.index(part) for part in parts]
    return text, [(start, start + len(part)) for start, part in zip(starts, parts, strict=True)]


GERMAN = "Der Zug fährt heute um zwölf Uhr vom Hauptbahnhof ab, und wir freuen uns sehr auf die Reise nach Hamburg."
FRENCH = "Le train part à midi de la gare centrale, et nous nous réjouissons beaucoup de ce voyage vers la mer."


def test_a_chunk_in_another_language_gets_its_own_tag() -> None:
    text, spans = spans_of([GERMAN, FRENCH, GERMAN[:60]])
    assert [found.tag for found in tag_spans(text, spans, None)] == ["de", "fr", "de"]


def test_a_short_or_unclear_chunk_inherits_the_language_of_its_document() -> None:
    text, spans = spans_of([GERMAN, "Le train part à midi.", "ACME GmbH", "4711"])
    assert [found.tag for found in tag_spans(text, spans, None)] == ["de"] * 4


def test_a_declared_language_wins() -> None:
    text, spans = spans_of([GERMAN, FRENCH])
    assert tag_spans(text, spans, "nds-DE") == [Language("nds", 1.0, "Latn")] * 2
    assert tag_spans(text, spans, "eng") == [Language("en", 1.0, "Latn")] * 2


@pytest.mark.parametrize(
    ("declared", "sample", "tag"),
    [
        ("zh", "zh-Hant", "zh-Hant"),
        ("zh-CN", "zh-Hant", "zh-Hans"),
        ("sr", "sr-Latn", "sr-Latn"),
        ("sr", "sr", "sr"),
        ("sr-Cyrl", "sr", "sr"),
        ("ja", "ja", "ja"),
    ],
)
def test_a_declared_language_takes_the_script_of_the_text(declared: str, sample: str, tag: str) -> None:
    text = joined(sample)
    assert [found.tag for found in tag_spans(text, [(0, len(text))], declared)] == [tag]


@pytest.mark.parametrize("declared", [None, "", "und", "mul", "not a tag"])
def test_without_a_usable_declaration_the_text_decides(declared: str | None) -> None:
    text, spans = spans_of([GERMAN, FRENCH])
    assert [found.tag for found in tag_spans(text, spans, declared)] == ["de", "fr"]
    assert tag_spans(text, [], declared) == []
