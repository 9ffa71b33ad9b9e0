"""Citations of the sentence that counts, in exact ranges of the document."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from answers_samples import Scripted, Searched, hit
from interlingua.app.answers import Answer, Answerer
from interlingua.retrieval.errors import EmbedderError
from interlingua.retrieval.protocols import Embedder
from interlingua.retrieval.types import Matrix
from support import NgramEmbedder

SENTENCES = [
    "Everyone has the right to freedom of thought, conscience and religion.",
    "The ferry to the island leaves every morning at half past seven.",
    "Bread is baked in the village oven on Tuesdays.",
    "After heavy rain the path along the river is closed.",
]
PASSAGE = "\n".join(["  " + " ".join(SENTENCES[:2]), " ".join(SENTENCES[2:])]).strip()
BEFORE = "# Überschrift 𝕏\n\n"
QUESTION = "When does the ferry leave?"


def answered(said: str, embedder: Embedder | None, *passages: str) -> Answer:
    hits = [hit(text, number=number, before=BEFORE) for number, text in enumerate(passages or (PASSAGE,), 1)]
    answer = Answerer(Searched(hits), Scripted([said]), embedder=embedder).answer(QUESTION)
    for citation in answer.citations:
        document = BEFORE + hits[citation.number - 1].chunk.text
        assert document[citation.start : citation.end] == citation.quote
    return answer


@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_citation_is_the_sentence_that_the_statement_rests_on(sentence: str) -> None:
    answer = answered(f"{sentence} [1] It is said in the documents that were found, all of them.", NgramEmbedder())
    assert [citation.quote for citation in answer.citations] == [sentence]


def test_statements_that_rest_on_several_sentences_cite_from_the_first_to_the_last() -> None:
    (citation,) = answered(f"{SENTENCES[3]} [1] {SENTENCES[1]} [1]", NgramEmbedder()).citations
    assert citation.quote == PASSAGE[PASSAGE.index(SENTENCES[1]) :]


def test_a_statement_without_a_clear_sentence_cites_the_whole_passage() -> None:
    for said in (f"{SENTENCES[0]} {SENTENCES[1]} [1]", f"{SENTENCES[1]} [1] Quite another thing, zzz [1]."):
        assert [citation.quote for citation in answered(said, NgramEmbedder()).citations] == [PASSAGE]


def test_each_of_several_passages_is_narrowed_by_itself() -> None:
    answer = answered(f"{SENTENCES[1]} [1] [2] {SENTENCES[2]} [2][3]", NgramEmbedder(), PASSAGE, PASSAGE, SENTENCES[0])
    assert [citation.quote for citation in answer.citations] == [
        SENTENCES[1],
        f"{SENTENCES[1]}\n{SENTENCES[2]}",
        SENTENCES[0],
    ]


def test_citations_in_a_row_rest_on_the_same_statement() -> None:
    answer = answered(f"{SENTENCES[1]} [1], [2]", NgramEmbedder(), PASSAGE, PASSAGE)
    assert [citation.quote for citation in answer.citations] == [SENTENCES[1]] * 2


def test_without_an_embedder_or_when_it_fails_citations_are_whole_passages(caplog: pytest.LogCaptureFixture) -> None:
    class Failing(NgramEmbedder):
        def embed_passages(self, texts: Sequence[str]) -> Matrix:
            raise EmbedderError("the server is gone")

    for embedder in (None, Failing()):
        assert [citation.quote for citation in answered(f"{SENTENCES[1]} [1]", embedder).citations] == [PASSAGE]
    assert "the server is gone" in caplog.text


def test_sentences_are_found_across_languages(bundled: Embedder) -> None:
    passage = (
        "Jeder hat das Recht auf Bildung. Niemand darf der Folter unterworfen werden. Das Mittagessen ist um zwölf."
    )
    (citation,) = answered("誰も拷問を受けてはならない [1]。", bundled, passage).citations
    assert citation.quote == "Niemand darf der Folter unterworfen werden."
