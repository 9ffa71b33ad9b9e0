"""The tools: what each is for, in words for a language model, and what it does with a view of the index."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from ...retrieval.errors import ConfigurationError, InputError
from ...retrieval.text.codes import language_name
from ...retrieval.types import Chunk, Document
from ..access.view import View
from . import schemas
from .schemas import GetDocument, Ingest, ListLanguages, Search

NAMED = 12
"""Languages that a description names; the tool `list_languages` lists them all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """One tool. `purpose` may hold `{languages}`, which becomes what the index holds; `writes` needs that scope."""

    name: str
    title: str
    purpose: str
    takes: type[BaseModel]
    gives: type[BaseModel]
    does: Callable[[View, Any], BaseModel]
    writes: bool = False

    def description(self, view: View) -> str:
        """What it is for, with the languages that the caller's documents are in."""
        return self.purpose.replace("{languages}", _holds(view)) if "{languages}" in self.purpose else self.purpose

    def call(self, view: View, arguments: dict[str, Any]) -> BaseModel:
        """Check the arguments and do it. Raises InputError, and what the view raises."""
        try:
            given = self.takes.model_validate(arguments)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            where = ".".join(map(str, first["loc"])) or "arguments"
            raise InputError(f"{self.name}: {where}: {first['msg']}.") from None
        return self.does(view, given)


def _search(view: View, given: Search) -> schemas.Found:
    hits = view.search(
        given.query,
        limit=given.limit,
        languages=given.languages,
        filter=given.filter,
        per_document=given.per_document,
        reader=given.reader,
    )
    return schemas.found(hits)


def _get_document(view: View, given: GetDocument) -> schemas.Text:
    document = view.document(given.document_id)
    if document is None:
        raise InputError(f"There is no document {given.document_id!r}. Take a document_id from the tool search.")
    rest = [chunk for chunk in document.passages if chunk.start >= given.start]
    shown: list[Chunk] = []
    length = 0
    for chunk in rest:
        if shown and length + len(chunk.text) > given.characters:
            break
        shown.append(chunk)
        length += len(chunk.text)
    return schemas.Text(
        document_id=document.id,
        title=document.title,
        url=document.url,
        languages=dict(document.languages),
        metadata=dict(document.metadata),
        passages=[schemas.passage(chunk) for chunk in shown],
        next_start=rest[len(shown)].start if len(shown) < len(rest) else None,
    )


def _list_languages(view: View, given: ListLanguages) -> schemas.Languages:
    documents, passages = view.counts()
    found = [
        schemas.Language(tag=tag, name=language_name(tag), passages=count) for tag, count in view.languages().items()
    ]
    return schemas.Languages(documents=documents, passages=passages, languages=found)


def _ingest(view: View, given: Ingest) -> schemas.Ingested:
    if not view.key.allows("write"):
        raise ConfigurationError("This key may not write. Ask for one with the scope write.")
    documents = [Document(**document.model_dump()) for document in given.documents]
    return schemas.ingested(view.ingest(documents))


TOOLS = (
    Tool(
        name="search",
        title="Search in every language",
        purpose="Find passages by meaning in documents of any language, for a query in any language. Ask in the "
        "user's own words and do not translate: one search finds passages in all languages. {languages} Each passage "
        "says its language and its place in its document; answer in the user's language and cite the document.",
        takes=Search,
        gives=schemas.Found,
        does=_search,
    ),
    Tool(
        name="get_document",
        title="Read a document",
        purpose="The text of one document, in order, in its own language, to read around a passage that was found. "
        "Long documents come in parts.",
        takes=GetDocument,
        gives=schemas.Text,
        does=_get_document,
    ),
    Tool(
        name="list_languages",
        title="List languages",
        purpose="The languages of the indexed documents, with how many passages each has. {languages}",
        takes=ListLanguages,
        gives=schemas.Languages,
        does=_list_languages,
    ),
    Tool(
        name="ingest",
        title="Add documents",
        purpose="Add documents to the index, or replace those with the same id. Pass texts as they are, in their own "
        "language: the language of each passage is detected.",
        takes=Ingest,
        gives=schemas.Ingested,
        does=_ingest,
        writes=True,
    ),
)


def tools_for(view: View, *, ingest: bool) -> tuple[Tool, ...]:
    """The tools that the key of `view` may use; those that write only with `ingest`, too."""
    return tuple(tool for tool in TOOLS if not tool.writes or (ingest and view.key.allows("write")))


def _holds(view: View) -> str:
    counts = view.languages()
    if not counts:
        return "The index is empty so far."
    named = [f"{language_name(tag)} ({tag})" for tag in list(counts)[:NAMED]]
    more = f" and {len(counts) - NAMED} more" if len(counts) > NAMED else ""
    return f"The documents are in {', '.join(named)}{more}."
