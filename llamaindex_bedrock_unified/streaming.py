"""Event streams to generators of responses; they close their connection when they end or are closed."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator

from llama_index.core.base.llms.types import ChatResponse, ChatResponseAsyncGen, ChatResponseGen

from bedrock_unified.streams import AsyncEventStream, EventStream

from .responses import ChunkReader, chat_response
from .tools import first_call_only

Chunks = Generator[ChatResponse, None, None]
AsyncChunks = AsyncGenerator[ChatResponse, None]


def chunks(stream: EventStream) -> Chunks:
    """Each event that shows something new as a partial response, then the whole one."""
    feed = ChunkReader().feed
    try:
        while events := stream.read():
            for event in events:
                chunk = feed(event)
                if chunk is not None:
                    yield chunk
        yield chat_response(stream.response, delta="")
    finally:
        stream.close()


async def achunks(stream: AsyncEventStream) -> AsyncChunks:
    """The asynchronous :func:`chunks`."""
    feed = ChunkReader().feed
    try:
        while events := await stream.read():
            for event in events:
                chunk = feed(event)
                if chunk is not None:
                    yield chunk
        yield chat_response(stream.response, delta="")
    finally:
        stream.close()


def single_calls(responses: ChatResponseGen) -> Chunks:
    """The responses, each with its first tool call alone."""
    try:
        for response in responses:
            yield first_call_only(response)
    finally:
        responses.close()


async def asingle_calls(responses: ChatResponseAsyncGen) -> AsyncChunks:
    """The asynchronous :func:`single_calls`."""
    try:
        async for response in responses:
            yield first_call_only(response)
    finally:
        await responses.aclose()
