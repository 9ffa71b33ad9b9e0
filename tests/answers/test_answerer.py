"""From a question to an answer: what is searched, what is passed on when, and when there is no answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from answers_samples import ENGLISH, GERMAN, Held, Scripted, Searched, article, hit
from hypothesis import given, settings
from hypothesis import strategies as st
from interlingua import Document, Index
from interlingua.app.answers import Answer, Answerer, Passages, Text, answerer_for
from interlingua.app.answers.drafting import LONGEST
from interlingua.app.answers.languages import Wanted
from interlingua.retrieval.errors import ChatError, FilterError
from interlingua.retrieval.filters import where
from interlingua.retrieval.text.normalise import normalise
from support import SENTENCES

QUESTION = "Who is born free and equal in dignity and rights?"
FRAGE = "Wer ist frei und gleich an Würde und Rechten geboren?"


def asked(answers: list[Any], question: str = QUESTION, *, search: Searched | None = None, **options: Any) -> Answer:
    return Answerer(search or article("en", "ja", "de"), Scripted(answers), **options).answer(question)


def test_an_answer_has_its_citations_in_order_with_the_passages_they_name() -> None:
    answer = asked(["It is so [2], in English as well [1], truly [2]. " + ENGLISH.replace("[2]", "")])
    assert [citation.number for citation in answer.citations] == [2, 1]
    assert answer.citations[0].quote == SENTENCES["ja"]
    assert (answer.citations[0].document_id, answer.citations[0].chunk_id) == ("document-2", "chunk-2")
    assert (answer.language, answer.language_ok, answer.abstained, answer.reason) == ("en", True, False, None)
    assert (answer.attempts, answer.removed, answer.model) == (1, 0, "scripted")
    assert [hit.chunk.language for hit in answer.hits] == ["en", "ja", "de"]


def test_citations_are_exact_ranges_of_the_documents(index: Index) -> None:
    """Documents with every kind of thing that normalisation changes, and more than one passage."""
    documents = [
        Document(id=f"long/{tag}", text=f"\ufeff  {text}\r\n\r\nA\u00a0b \U0001f469\u200d\U0001f469 e\u0301\n" * 90)
        for tag, text in SENTENCES.items()
    ]
    index.ingest(documents)
    texts = {document.id: normalise(document.text) for document in documents}
    chat = Scripted(["".join(f"{text} [{number}]" for number, text in enumerate(SENTENCES.values(), 1))] * 2)
    answer = answerer_for(index, chat).answer(SENTENCES["en"], limit=20)
    assert len(answer.citations) >= 8
    assert any(citation.start for citation in answer.citations)
    for citation in answer.citations:
        assert texts[citation.document_id][citation.start : citation.end] == citation.quote


def test_the_search_is_asked_once_with_exactly_what_the_caller_asked_for() -> None:
    search, filter = article("en"), where(tenant="acme")
    answerer = Answerer(search, Scripted(["Nothing of use."] * 2))
    answerer.answer(QUESTION, limit=3, languages=["de", "ja"], filter=filter, rerank=True)
    assert search.calls == [(QUESTION, {"limit": 3, "languages": ["de", "ja"], "filter": filter, "rerank": True})]


def test_an_error_of_the_search_is_the_callers(index: Index, sentences: list[Document]) -> None:
    index.ingest(sentences)
    with pytest.raises(FilterError, match="metadata key 'tenant'"):
        answerer_for(index, Scripted([])).answer(QUESTION, filter={"tenant": "acme"})


def test_a_stream_is_the_passages_then_the_text_then_the_answer() -> None:
    first, *texts, last = Answerer(article("en", "ja"), Scripted([ENGLISH])).stream(QUESTION)
    assert isinstance(first, Passages)
    assert isinstance(last, Answer)
    assert len(texts) > 5
    assert "".join(event.text for event in texts if isinstance(event, Text)) == last.text == ENGLISH
    assert first.hits == last.hits


def test_text_is_passed_on_while_the_model_still_writes() -> None:
    chat = Scripted([ENGLISH])
    events = Answerer(article("en", "ja"), chat).stream(QUESTION)
    assert isinstance(next(events), Passages)
    shown = next(events)
    assert isinstance(shown, Text)
    assert 0 < len(shown.text) < len(ENGLISH)
    assert chat.closed == 0
    events.close()  # type: ignore[attr-defined]  # it is a generator
    assert chat.closed == 1


@pytest.mark.parametrize(
    ("said", "left"), [(ENGLISH, True), (ENGLISH, False), ("NO_ANSWER, since it is not said.", False)]
)
def test_an_answer_is_closed_when_it_is_read_and_when_it_is_left(said: str, left: bool) -> None:
    held = Held(said)
    events = Answerer(article("en", "ja"), held).stream(QUESTION)
    assert isinstance(next(events), Passages)
    next(events)
    if left:
        events.close()  # type: ignore[attr-defined]  # it is a generator
    else:
        list(events)
    assert held.closed == 1


# Abstention


@pytest.mark.parametrize("question", [QUESTION, FRAGE])
def test_without_passages_the_model_is_not_asked(question: str) -> None:
    chat = Scripted([])
    answer = Answerer(Searched([]), chat).answer(question)
    assert (answer.abstained, answer.reason, answer.attempts, answer.citations) == (True, "nothing_found", 0, ())
    assert chat.prompts == []
    assert answer.language == ("en" if question == QUESTION else "de")
    assert ("Dokumenten" in answer.text) == (question == FRAGE)


@pytest.mark.parametrize(("score", "reason"), [(0.299, "low_score"), (0.3, None)])
def test_passages_that_are_far_from_the_question_are_not_given_to_the_model(score: float, reason: str | None) -> None:
    hits = [hit("Far.", score=0.1), hit(SENTENCES["en"], number=2, score=score)]
    answer = asked([ENGLISH], search=Searched(hits), least_score=0.3)
    assert (answer.reason, answer.attempts, len(answer.hits)) == (reason, 1 if reason is None else 0, 2)


def test_the_least_score_is_that_of_the_bundled_model_or_of_the_settings(open_index: Callable[..., Index]) -> None:
    far = [Document(id="a", text="Der Drucker meldet Papierstau.")]
    for store, options, reason in (("a", {}, "uncited"), ("b", {"answer_score": 0.9}, "low_score")):
        index = open_index(store, **options)
        index.ingest(far)
        assert answerer_for(index, Scripted(["No."] * 2)).answer("paper jam in the printer").reason == reason
    assert answerer_for(index, Scripted([])).answer("Who composed the Magic Flute?").reason == "low_score"


@pytest.mark.parametrize(
    "said",
    ["NO_ANSWER", " NO_ANSWER.\n", "**NO_ANSWER**", "NO\\_ANSWER", "NO_ANSWER The passages [1] speak of cats.",
     "The passages do not tell.\n\nNO_ANSWER", "<think>[1] is about cats.</think>NO_ANSWER"],
)  # fmt: skip
def test_a_model_that_declines_is_taken_at_its_word(said: str) -> None:
    answer = asked([said], FRAGE)
    assert (answer.abstained, answer.reason, answer.attempts) == (True, "not_in_passages", 1)
    assert answer.text == "In den Dokumenten fand sich keine Antwort auf diese Frage."
    assert (answer.language, answer.language_ok, answer.citations) == ("de", True, ())


def test_the_mark_of_declining_after_an_answer_is_taken_out() -> None:
    assert asked([f"{ENGLISH} NO_ANSWER"]).text == ENGLISH


def test_an_answer_without_citations_is_asked_for_again_and_then_not_shown() -> None:
    chat = Scripted(["All human beings are.", ENGLISH])
    answer = Answerer(article("en", "ja"), chat).answer(QUESTION)
    assert (answer.text, answer.attempts) == (ENGLISH, 2)
    assert "cited no passage" not in chat.prompts[0]
    assert "Your last answer cited no passage." in chat.prompts[1]
    events = list(Answerer(article("en"), Scripted(["All human beings are.", "All of them [9]."])).stream(QUESTION))
    last = events[-1]
    assert isinstance(last, Answer)
    assert (last.abstained, last.reason, last.removed, last.attempts) == (True, "uncited", 1, 2)
    assert [event.text for event in events if isinstance(event, Text)] == [last.text]
    assert "human" not in last.text


# Language


def test_an_answer_in_another_language_is_asked_for_again_before_a_word_of_it_is_shown() -> None:
    chat = Scripted([ENGLISH * 3, GERMAN])
    _, *texts, last = Answerer(article("en", "ja", "de"), chat).stream(FRAGE)
    assert isinstance(last, Answer)
    assert "".join(event.text for event in texts if isinstance(event, Text)) == GERMAN
    assert (last.language, last.language_ok, last.attempts) == ("de", True, 2)
    assert "Your last answer was not in the language asked for. Answer in German." in chat.prompts[1]
    assert chat.closed == 2


def test_a_second_answer_in_another_language_is_shown_and_said_to_be() -> None:
    answer = asked([ENGLISH, ENGLISH], FRAGE)
    assert (answer.text, answer.language, answer.language_ok, answer.attempts) == (ENGLISH, "en", False, 2)
    assert len(answer.citations) == 2


def test_an_answer_that_changes_its_language_midway_is_said_to_be_wrong() -> None:
    first = "All human beings are born free and equal in dignity [1]. "
    assert asked([first + GERMAN * 5]).language_ok is False


def test_a_question_that_does_not_tell_its_language_forces_none() -> None:
    answer = asked([GERMAN], "UNHCR?")
    assert (answer.attempts, answer.language, answer.language_ok) == (1, "de", None)


def test_an_answer_too_short_to_tell_is_not_called_wrong() -> None:
    answer = asked(["1948 [1]."], FRAGE)
    assert (answer.text, answer.attempts, answer.language_ok) == ("1948 [1].", 1, None)


SIMPLIFIED, TRADITIONAL = SENTENCES["zh-Hans"] * 2, "人人生而自由，在尊嚴和權利上一律平等。" * 2
LATIN = "Sva ljudska bića rađaju se slobodna i jednaka u dostojanstvu i pravima, i treba da postupaju bratski."
CYRILLIC = "Сва људска бића рађају се слободна и једнака у достојанству и правима, и треба да поступају братски."

BOKMÅL = "Alle mennesker er født frie og med samme menneskeverd og menneskerettigheter. De er utstyrt med fornuft."
NYNORSK = "Alle menneske er fødde til fridom og med same menneskeverd og menneskerettar. Dei har fått fornuft."


@pytest.mark.parametrize(
    ("question", "answer", "verdict"),
    [
        (SIMPLIFIED, SIMPLIFIED, True),
        (SIMPLIFIED, TRADITIONAL, False),
        (TRADITIONAL, SIMPLIFIED, False),
        ("人人生而自由，一律平等", SIMPLIFIED, None),  # nothing in the question tells its script
        (SIMPLIFIED, SENTENCES["ja"], False),
        (CYRILLIC, CYRILLIC, True),
        (CYRILLIC, LATIN, False),
        (LATIN, CYRILLIC, None),  # Bosnian, Croatian or Serbian: it does not tell
        (FRAGE, GERMAN, True),
        (FRAGE, "Artikel 1.", None),
        (FRAGE, "はい [1]。", None),  # a name, perhaps
        (FRAGE, LATIN, None),
        (BOKMÅL, NYNORSK, True),  # near relatives
        (SENTENCES["ar"], SENTENCES["fa"], False),
        (SENTENCES["ar"], SENTENCES["ar"] + " [1][2]", True),
        (BOKMÅL, GERMAN, False),
        ("", GERMAN, None),
    ],
)
def test_scripts_count_as_languages_where_the_text_tells_them(question: str, answer: str, verdict: bool | None) -> None:
    assert Wanted.of(question).judge(answer) is verdict


@pytest.mark.parametrize("tag", SENTENCES)
def test_a_question_in_every_language_gets_an_answer_in_it(tag: str) -> None:
    other = "de" if tag == "en" else "en"
    chat = Scripted([f"{SENTENCES[other] * 2} [1]", f"{SENTENCES[tag] * 2} [1]"])
    answer = Answerer(article("en"), chat).answer(SENTENCES[tag])
    assert (answer.language, answer.language_ok, answer.attempts) == (tag, True, 2)


# What a model may do wrong


@pytest.mark.parametrize("said", ["", " \n", "<think>I wonder", "<think></think>", "\u200b"])
def test_a_model_that_writes_nothing_is_an_error(said: str) -> None:
    with pytest.raises(ChatError, match="wrote nothing"):
        asked([said])


def test_a_model_that_does_not_end_is_an_error() -> None:
    with pytest.raises(ChatError, match=f"more than {LONGEST} characters"):
        asked([ENGLISH + "and so on " * LONGEST])


@pytest.mark.parametrize("said", [f"<think>\nHm [3].\n</think>\n\n{ENGLISH}", f" \n{ENGLISH}\n"])
def test_reasoning_and_blanks_around_an_answer_are_left_out(said: str) -> None:
    answer = asked([said])
    assert (answer.text, [citation.number for citation in answer.citations]) == (ENGLISH, [1, 2])


def test_an_answer_that_begins_as_reasoning_does_is_whole() -> None:
    assert asked(["<thin ice> " + ENGLISH]).text == "< thin ice> " + ENGLISH


def test_a_failure_in_the_middle_comes_after_what_was_shown() -> None:
    def breaks(prompt: str) -> str:
        raise ChatError("broke off")

    shown = []
    with pytest.raises(ChatError, match="broke off"):
        shown += list(Answerer(article("en"), Scripted(["No citation.", breaks])).stream(QUESTION))
    with pytest.raises(ChatError):
        asked([breaks])


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 60), st.sampled_from([ENGLISH, GERMAN, "自由[1]" * 40, "No.", "NO_ANSWER", "Yes [1]. ![x](y z)"]))
def test_the_answer_is_the_same_however_the_model_cuts_it(size: int, said: str) -> None:
    whole = Answerer(article("en", "ja", "de"), Scripted([said] * 2, size=10_000)).answer(QUESTION)
    *texts, cut = list(Answerer(article("en", "ja", "de"), Scripted([said] * 2, size=size)).stream(QUESTION))[1:]
    assert cut == whole
    assert "".join(event.text for event in texts if isinstance(event, Text)) == whole.text
