"""Index, search and answer in plain Python.

    python examples/plain.py
    INTERLINGUA_CHAT_URL=http://localhost:11434 INTERLINGUA_CHAT_MODEL=qwen3:8b python examples/plain.py

The first line has no chat model: a stand-in that always writes the same sentence plays it, without a network, so that
the flow can be seen. The second asks a real one, here of Ollama; docs/answers.md names others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from tempfile import TemporaryDirectory

import interlingua
from interlingua.app.answers import Message, Text, answerer_for, open_chat
from sentences import DOCUMENTS


class StandIn:
    """No model: it has one sentence, whatever it is sent."""

    name = "stand-in"

    def stream(self, messages: Sequence[Message]) -> Iterator[str]:
        yield "Open the cover at the back "
        yield "and pull the paper out slowly [1]."


def main() -> None:
    with TemporaryDirectory() as folder, interlingua.open(folder) as index:
        report = index.ingest(DOCUMENTS)
        print(report.added, "documents in", ", ".join(index.languages()))

        for query in ("paper jam in the printer", "教育を受ける権利"):
            print(f"\n{query}")
            for hit in index.search(query, limit=3):
                print(f"  {hit.score:.2f}  {hit.chunk.document_id:12}  {hit.chunk.text}")

        hits = index.search("how long", filter={"topic": "warranty"}, languages=["es"])
        print(f"\nwith a filter: {[hit.chunk.document_id for hit in hits]}")

        answerer = answerer_for(index, open_chat(index.settings) or StandIn())
        question = "How do I remove a paper jam from the printer?"
        print(f"\n{question}\n  ", end="")
        for event in answerer.stream(question, limit=2):
            if isinstance(event, Text):
                print(event.text, end="", flush=True)
        print()
        for citation in event.citations:  # the last event is the whole answer
            print(f"  [{citation.number}] {citation.document_id} {citation.start}-{citation.end}: {citation.quote}")


if __name__ == "__main__":
    main()
