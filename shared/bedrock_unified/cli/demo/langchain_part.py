"""LangChain's half of the demo."""

# pyright: standard
# The framework types much of what is used here only partly.
from __future__ import annotations

from typing import Any

from langchain.agents import create_agent
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.tools import tool

from langchain_bedrock_unified import ChatBedrock

from .documents import TextFile
from .passages import best_passages

_EXCERPT = 6_000


def show_chain(models: dict[str, Any], files: list[TextFile], question: str) -> None:
    """``prompt | model | parser``, its answer printed as it arrives."""
    prompt = ChatPromptTemplate.from_messages(
        [
            ("system", "Answer from the text alone, in one or two sentences."),
            ("human", "{text}\n\nQuestion: {question}"),
        ]
    )
    chain = prompt | ChatBedrock(**models) | StrOutputParser()
    text = "\n\n".join(f"{file.name}:\n{file.text}" for file in files)[:_EXCERPT]
    pieces = 0
    print("  ", end="")
    for piece in chain.stream({"text": text, "question": question}):
        print(piece, end="", flush=True)
        pieces += bool(piece)
    print(f"\n  ({pieces} pieces)")


def show_agent(models: dict[str, Any], files: list[TextFile], question: str) -> None:
    """``create_agent`` with a tool that searches the files."""

    @tool
    def search_files(query: str) -> str:
        """Search the reader's files and return the passages that match the query best."""
        return "\n---\n".join(f"{name}: {text}" for name, text in best_passages(files, query, 3))

    agent = create_agent(
        ChatBedrock(**models),
        [search_files],
        system_prompt="Use the search tool to find passages, then answer from them.",
    )
    asked = HumanMessage(f"Search the files and answer: {question}")
    state = agent.invoke({"messages": [asked]})
    for message in state["messages"]:
        if isinstance(message, AIMessage):
            for call in message.tool_calls:
                print(f"  calls {call['name']}({call['args']})")
        elif isinstance(message, ToolMessage):
            print(f"  gets  {message.text[:160]!r} …")
    print(f"  says  {state['messages'][-1].text}")
