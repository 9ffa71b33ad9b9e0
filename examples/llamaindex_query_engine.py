"""A query engine of LlamaIndex over an index in many languages.

    pip install 'interlingua[llamaindex]'
    python examples/llamaindex_query_engine.py 'How do I remove a paper jam?'
    python examples/llamaindex_query_engine.py 'How do I remove a paper jam?' --model my_models:make

`my_models:make` is a function of yours that returns a language model of LlamaIndex, such as `Ollama(model="qwen3:8b")`.
Without one LlamaIndex's own `MockLLM` stands in, without a network: it understands nothing and repeats its prompt, so
that what a model would be sent can be seen.
"""

from __future__ import annotations

import argparse
from pkgutil import resolve_name
from tempfile import TemporaryDirectory

import interlingua
from interlingua.retrieval.adapters.llamaindex import InterlinguaRetriever
from llama_index.core.llms import MockLLM
from llama_index.core.query_engine import RetrieverQueryEngine
from sentences import DOCUMENTS


def main() -> None:
    arguments = argparse.ArgumentParser(description="A query engine over many languages.")
    arguments.add_argument("question", nargs="?", default="How do I remove a paper jam from the printer?")
    arguments.add_argument("--model", help="module:function that returns a language model of LlamaIndex")
    given = arguments.parse_args()
    model = resolve_name(given.model)() if given.model else MockLLM()
    with TemporaryDirectory() as folder, interlingua.open(folder) as index:
        index.ingest(DOCUMENTS)
        engine = RetrieverQueryEngine.from_args(InterlinguaRetriever(index, limit=3), llm=model)
        response = engine.query(given.question)
        print(response)
        print("\nSources:")
        for source in response.source_nodes:
            print(f"  {source.score:.2f}  {source.node.ref_doc_id:12}  {source.get_content()}")


if __name__ == "__main__":
    main()
