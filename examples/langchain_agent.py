"""An agent of LangChain: a chat model that calls a search over documents in many languages until it can answer.

    pip install 'interlingua[langchain]'
    python examples/langchain_agent.py 'How do I remove a paper jam?'
    python examples/langchain_agent.py 'How do I remove a paper jam?' --model my_models:make

`my_models:make` is a function of yours that returns a chat model of LangChain that can call tools, such as
`ChatOllama(model="qwen3:8b")`. Without one a stand-in plays it, without a network and understanding nothing: it
searches for the question, and then repeats the first passage. This needs langchain-core alone; `create_agent` of
langchain takes the same tool.
"""

from __future__ import annotations

import argparse
from pkgutil import resolve_name
from tempfile import TemporaryDirectory
from typing import Any

import interlingua
from interlingua.retrieval.adapters.langchain import InterlinguaRetriever
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.tools import BaseTool, tool
from sentences import DOCUMENTS

RULES = "Answer in the language of the question, from what the search finds, and name the documents in brackets."


class StandIn(BaseChatModel):
    """No model: a call of the first tool with the question, then the first line of what came back."""

    _llm_type = "stand-in"

    def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
        return self.bind(tools=tools)

    def _generate(self, messages: list[BaseMessage], *args: Any, **kwargs: Any) -> ChatResult:
        last = messages[-1]
        if isinstance(last, ToolMessage):
            answer = AIMessage(f"The first thing that the search found: {str(last.content).splitlines()[0]}")
        else:
            call = {"name": kwargs["tools"][0].name, "args": {"query": last.content}, "id": "1"}
            answer = AIMessage("", tool_calls=[call])
        return ChatResult(generations=[ChatGeneration(message=answer)])


def search_tool(retriever: InterlinguaRetriever) -> BaseTool:
    @tool
    def search(query: str) -> str:
        """Passages from manuals, warranties and laws in many languages. Ask in any language; do not translate."""
        found = retriever.invoke(query)
        return "\n".join(f"[{one.metadata['interlingua']['document_id']}] {one.page_content}" for one in found)

    return search


def run(model: BaseChatModel, search: BaseTool, question: str, *, turns: int = 5) -> list[BaseMessage]:
    """The whole conversation: the model is asked again after each call of the tool, at most so many times."""
    messages: list[BaseMessage] = [SystemMessage(RULES), HumanMessage(question)]
    agent = model.bind_tools([search])
    for _ in range(turns):
        messages.append(answer := agent.invoke(messages))
        if not answer.tool_calls:
            break
        messages += [search.invoke(call) for call in answer.tool_calls]
    return messages


def main() -> None:
    arguments = argparse.ArgumentParser(description="An agent with a search over many languages.")
    arguments.add_argument("question", nargs="?", default="How do I remove a paper jam from the printer?")
    arguments.add_argument("--model", help="module:function that returns a chat model of LangChain")
    given = arguments.parse_args()
    model = resolve_name(given.model)() if given.model else StandIn()
    with TemporaryDirectory() as folder, interlingua.open(folder) as index:
        index.ingest(DOCUMENTS)
        for message in run(model, search_tool(InterlinguaRetriever(index=index, k=3)), given.question)[1:]:
            message.pretty_print()


if __name__ == "__main__":
    main()
