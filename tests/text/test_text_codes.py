import pytest
from interlingua.retrieval.errors import FilterError
from interlingua.retrieval.text.codes import base_language, canonical_tag, language_and_variants, matches, stored_tag
from interlingua.retrieval.text.languages import LANGUAGES
from interlingua.retrieval.text.tagging import tag_spans


@pytest.mark.parametrize(
    ("typed", "tag"),
    [
        ("de", "de"), ("deu", "de"), ("ger", "de"), ("German", "de"), (" german ", "de"), ("de-AT", "de"), ("DE", "de"),
        ("iw", "he"), ("tl", "fil"), ("Tagalog", "fil"), ("in", "id"), ("jw", "jv"), ("no", "no"), ("nob", "nb"),
        ("arb", "ar"), ("pes", "fa"), ("Farsi", "fa"), ("cmn", "zh"), ("zh", "zh"), ("zh-TW", "zh-Hant"),
        ("zh_CN", "zh-Hans"), ("zh-hant-HK", "zh-Hant"), ("Traditional Chinese", "zh-Hant"), ("sr-latn-RS", "sr-Latn"),
        ("sr-Cyrl", "sr-Cyrl"), ("uz-Cyrl", "uz-Cyrl"), ("de-Latn", "de"), ("pt-BR", "pt"), ("und", "und"),
        ("und-latn", "und-Latn"),
    ],
)  # fmt: skip
def test_what_a_user_types_becomes_one_tag(typed: str, tag: str) -> None:
    assert canonical_tag(typed) == tag
    assert canonical_tag(tag) == tag


@pytest.mark.parametrize(
    ("typed", "hint"), [("Germna", "de (German)"), ("Japanes", "ja (Japanese)"), ("xx", "such as de")]
)
def test_an_unknown_language_is_refused_with_a_suggestion(typed: str, hint: str) -> None:
    with pytest.raises(FilterError) as caught:
        canonical_tag(typed)
    assert repr(typed) in str(caught.value)
    assert hint in str(caught.value)


@pytest.mark.parametrize(("typed", "tag"), [("tlh", "tlh"), ("nds-DE", "nds"), ("gsw", "gsw"), ("cu", "cu")])
def test_a_code_without_a_row_finds_what_was_declared_by_it(typed: str, tag: str) -> None:
    assert canonical_tag(typed) == tag
    assert [found.tag for found in tag_spans("Hello there", [(0, 11)], typed)] == [tag]


@pytest.mark.parametrize("typed", ["germn", "klingon", "jap", "grm", "frn", "xx", "XYZ", "x1z"])
def test_a_misspelling_is_not_taken_for_a_code(typed: str) -> None:
    with pytest.raises(FilterError, match="Unknown language"):
        canonical_tag(typed)


@pytest.mark.parametrize("typed", ["", "de-Grek", "und-Abcd", "de AT", "x" * 500])
def test_malformed_codes_are_refused(typed: str) -> None:
    with pytest.raises(FilterError):
        canonical_tag(typed)


def test_no_two_languages_claim_the_same_code_or_name() -> None:
    claims = [name for tag, row in LANGUAGES.items() for name in {tag, *row.codes, *(n.casefold() for n in row.names)}]
    assert len(claims) == len(set(claims))


@pytest.mark.parametrize(
    ("wanted", "tags"),
    [
        ("de", ("de",)),
        ("no", ("no", "nb", "nn")),
        ("fil", ("fil",)),
        ("sr", ("sr", "sr-Latn")),
        ("sr-Cyrl", ("sr-Cyrl", "sr")),
        ("sr-Latn", ("sr-Latn",)),
        ("zh-Hans", ("zh-Hans",)),
        ("und-Latn", ("und-Latn",)),
    ],
)
def test_a_filter_lists_every_tag_it_must_accept(wanted: str, tags: tuple[str, ...]) -> None:
    assert language_and_variants(wanted) == tags


def test_chinese_and_undetermined_cover_their_kinds() -> None:
    assert {"zh", "zh-Hans", "zh-Hant"} <= set(language_and_variants("zh"))
    assert {"und", "und-Latn", "und-Cyrl"} <= set(language_and_variants("und"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_whatever_is_stored_is_found_under_its_language(language: str) -> None:
    for script in (*LANGUAGES[language].scripts, None, "Zyyy"):
        tag = stored_tag(language, script)
        assert base_language(tag) == language
        assert tag in language_and_variants(language)
        assert matches(tag, language)
        assert matches(tag, tag)


@pytest.mark.parametrize(
    ("tag", "wanted", "expected"),
    [
        ("zh-Hans", "zh", True), ("zh-Hant", "zh", True), ("zh", "zh-Hans", False), ("zh-Hant", "zh-Hans", False),
        ("sr-Latn", "sr", True), ("sr", "sr-Latn", False), ("nn", "no", True), ("no", "nb", False), ("de", "d", False),
        ("szl", "szl", True), ("und-Latn", "und", True),
    ],
)  # fmt: skip
def test_a_wider_tag_accepts_the_narrower_one_only(tag: str, wanted: str, expected: bool) -> None:
    assert matches(tag, wanted) is expected
