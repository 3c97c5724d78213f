"""LlamaIndex's half of the demo."""

# pyright: standard
# The framework types much of what is used here only partly.
from __future__ import annotations

import sys
from typing import Any

from llama_index.core import Document, VectorStoreIndex
from llama_index.core.agent.workflow import FunctionAgent, ToolCallResult
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.tools import QueryEngineTool

from llamaindex_bedrock_unified import BedrockConverse, BedrockEmbedding

from ...client import BedrockClient
from .documents import TextFile

#: Characters that take seconds to index; a reader at a terminal then sees how far it is.
_MANY = 250_000


def show_query_engine(
    models: dict[str, Any], embedding_model: str, client: BedrockClient, files: list[TextFile], question: str
) -> Any:
    """Index the files, ask, print the answer and where it came from. Returns the query engine."""
    documents = [
        Document(text=file.text, metadata={"file": file.name}, excluded_embed_metadata_keys=["file"])
        for file in files
    ]
    takes_long = sum(len(file.text) for file in files) > _MANY
    index = VectorStoreIndex.from_documents(
        documents,
        show_progress=takes_long and sys.stderr.isatty(),
        transformations=[SentenceSplitter(chunk_size=256, chunk_overlap=32)],
        embed_model=BedrockEmbedding(model_name=embedding_model, client=client),
    )
    engine = index.as_query_engine(llm=BedrockConverse(**models), similarity_top_k=3)
    response = engine.query(question)
    print(f"  {response}")
    for source in response.source_nodes[:1]:
        passage = " ".join(source.node.get_content().split())
        print(f"  source: {source.node.metadata['file']} (similarity {source.score or 0:.2f})")
        print(f"  passage: {passage[:300]!r}")
    return engine


async def show_agent(models: dict[str, Any], engine: Any, question: str) -> None:
    """A ``FunctionAgent`` that may ask the query engine."""
    tool = QueryEngineTool.from_defaults(
        engine, name="ask_files", description="Answers a question from the reader's files."
    )
    agent = FunctionAgent(
        tools=[tool],
        llm=BedrockConverse(**models),
        system_prompt="Ask the files before you answer.",
    )
    handler = agent.run(user_msg=f"Ask the files: {question}")
    async for event in handler.stream_events():
        if isinstance(event, ToolCallResult):
            print(f"  calls {event.tool_name}({event.tool_kwargs})")
            print(f"  gets  {str(event.tool_output)[:160]!r}")
    print(f"  says  {await handler}")
