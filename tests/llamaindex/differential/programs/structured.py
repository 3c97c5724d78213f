"""Structured answers: as_structured_llm, structured_predict, their streams."""

import asyncio

from llama_index.core.llms import ChatMessage
from llama_index.core.prompts import PromptTemplate
from llama_index.llms.bedrock_converse import BedrockConverse
from pydantic import BaseModel, Field


class Song(BaseModel):
    """A song with a title."""

    title: str = Field(description="The title")
    year: int | None = None


llm = BedrockConverse(model="us.anthropic.claude-3-7-sonnet-20250219-v1:0", system_prompt="You are a poet.")
prompt = PromptTemplate("Write a song about {topic}.")
print(repr(llm.structured_predict(Song, prompt, topic="the sea")))
print(repr(asyncio.run(llm.astructured_predict(Song, prompt, topic="the sea"))))
sllm = llm.as_structured_llm(Song)
print(sllm.chat([ChatMessage(role="user", content="A song about the sea.")]).raw)
print(sllm.complete("A song about the sea.").text)
*_, part = llm.stream_structured_predict(Song, prompt, topic="the sea")
print("last", part.title, part.year)
