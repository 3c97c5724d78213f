"""One wish, said through the client and through each framework: to the same model, in the same four ways."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Literal

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.tools import StructuredTool
from llama_index.core.base.llms.types import (
    CacheControl,
    CachePoint,
    ChatMessage,
    ImageBlock,
    MessageRole,
    TextBlock,
    ToolCallBlock,
)
from llama_index.core.prompts import PromptTemplate
from llama_index.core.tools import FunctionTool
from pydantic import BaseModel

from bedrock_unified import BedrockClient
from bedrock_unified.chat.options import ChatOptions
from bedrock_unified.local import LocalBedrock
from langchain_bedrock_unified import ChatBedrock
from llamaindex_bedrock_unified import BedrockConverse

Form = Literal["whole", "stream"]
Colour = Literal["sync", "async"]
PNG = b"\x89PNG\r\n\x1a\n" + bytes(16)
SAID = 'The title of the book is "Emma".'
_RULES = "Answer from the text alone."
_POINT = {"cachePoint": {"type": "default"}}


class Book(BaseModel):
    """A book."""

    title: str


def look(place: str) -> str:
    """Look at a place."""
    return f"{place} is green"


def hear(place: str) -> str:
    """Listen to a place."""
    return f"{place} is silent"


def _keys(endpoint: LocalBedrock) -> dict[str, Any]:
    return {
        "endpoint_url": endpoint.url,
        "region_name": "us-east-1",
        "aws_access_key_id": endpoint.ACCESS_KEY_ID,
        "aws_secret_access_key": endpoint.SECRET_ACCESS_KEY,
        "max_retries": 0,
    }


#: What a wish says of the model itself, in each framework by the same keywords.
SETTINGS: dict[str, dict[str, Any]] = {
    "caching": {"prompt_cache": "auto"},
    "an hour's caching": {"prompt_cache": "auto", "prompt_cache_ttl": "1h"},
    "a temperature": {"temperature": 0.25},
    "reasoning": {"reasoning": "high"},
    "one call at a time": {"parallel_tool_calls": False},
}
#: The same of the options of a client alone.
_OPTIONS: dict[str, dict[str, Any]] = {
    "a framework's top_k": {"top_k": 9},
    "a framework's one call at a time": {"parallel_tool_calls": False},
    "a native body": {"use_converse": False},
}


class Asker:
    """Says wishes to one model through one client, which learns."""

    def __init__(self, endpoint: LocalBedrock, model: str, wish: str) -> None:
        self.wish = wish
        self.model = model

    def calls(self, form: Form) -> tuple[Callable[[], Any], Callable[[], Awaitable[Any]]]:
        """The wish as a call and as a coroutine; each gives the answer, or the last piece of it."""
        raise NotImplementedError

    def close(self) -> None:
        """End the connections of synchronous calls."""

    async def aclose(self) -> None:
        """End the connections of asynchronous calls."""

    def ask(self, colour: Colour, form: Form, times: int = 1) -> list[Any]:
        """The answers of so many calls, one after the other."""
        call, acall = self.calls(form)
        if colour == "sync":
            try:
                return [call() for _ in range(times)]
            finally:
                self.close()

        async def run() -> list[Any]:
            try:
                return [await acall() for _ in range(times)]
            finally:
                await self.aclose()

        return asyncio.run(run())


def _tool(name: str, **more: Any) -> dict[str, Any]:
    schema = {"type": "object", "properties": {"place": {"type": "string"}}}
    return {"toolSpec": {"name": name, "description": name, "inputSchema": {"json": schema}, **more}}


_TOOLS: dict[str, Any] = {"tools": [_tool("look"), _tool("hear")]}
_USER = {"role": "user", "content": [{"text": SAID}]}
_USED = {"toolUse": {"toolUseId": "a", "name": "look", "input": {"place": "here"}}}
_DONE = {"toolResult": {"toolUseId": "a", "content": [{"text": "green"}], "status": "error"}}
_RESULT = [
    _USER,
    {"role": "assistant", "content": [_USED]},
    {"role": "user", "content": [_DONE]},
]
_FORMAT = {"type": "json_schema", "structure": {"jsonSchema": {"schema": '{"type": "object"}'}}}
_REQUESTS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "a system prompt": {"system": [{"text": _RULES}]},
    "tools": {"toolConfig": _TOOLS},
    "caching": {"system": [{"text": _RULES}], "toolConfig": _TOOLS},
    "an object": {"toolConfig": {"tools": [_tool("Book", strict=True)], "toolChoice": {"any": {}}}},
    "an object by its schema": {"outputConfig": {"textFormat": _FORMAT}},
    "a tool's result": {"messages": _RESULT, "toolConfig": _TOOLS},
    "a forced tool": {"toolConfig": {**_TOOLS, "toolChoice": {"any": {}}}},
    "a cache point": {"system": [{"text": _RULES}, _POINT]},
    "a strict tool": {"toolConfig": {"tools": [_tool("Book", strict=True)]}},
    "a JSON schema": {"outputConfig": {"textFormat": _FORMAT}},
    "an image": {
        "messages": [
            {
                "role": "user",
                "content": [{"text": SAID}, {"image": {"format": "png", "source": {"bytes": PNG}}}],
            }
        ]
    },
    "an answer begun": {"messages": [_USER, {"role": "assistant", "content": [{"text": "It is"}]}]},
    "a temperature": {"inferenceConfig": {"temperature": 0.25}},
    "a framework's temperature": {"inferenceConfig": {"temperature": 0.25}},
    "a framework's temperature and top_p": {"inferenceConfig": {"temperature": 0.25, "topP": 0.5}},
    "a framework's top_p and stop sequences": {"inferenceConfig": {"topP": 0.5, "stopSequences": ["#"]}},
    "one call at a time": {"toolConfig": _TOOLS},
    "a framework's one call at a time": {"toolConfig": _TOOLS},
    "reasoning of another model": {
        "messages": [
            _USER,
            {
                "role": "assistant",
                "content": [{"reasoningContent": {"reasoningText": {"text": "Hm."}}}, {"text": "Emma."}],
            },
            _USER,
        ]
    },
}
_IMPLIED = {
    "an object": {"tool_choice", "strict"},
    "an object by its schema": {"output_config"},
    "a framework's temperature": {"temperature"},
    "a framework's temperature and top_p": {"temperature"},
    "a framework's top_p and stop sequences": {"top_p", "stop_sequences"},
    "a framework's top_k": {"top_k"},
    "a framework's one call at a time": {"parallel_tool_calls"},
}


class ThroughClient(Asker):
    """:class:`BedrockClient` with options."""

    def __init__(self, endpoint: LocalBedrock, model: str, wish: str) -> None:
        super().__init__(endpoint, model, wish)
        self.client = BedrockClient(**_keys(endpoint))
        told = {name: value for name, value in SETTINGS.get(wish, {}).items() if name != "temperature"}
        told |= _OPTIONS.get(wish, {})
        options = ChatOptions(**told, implied=frozenset(_IMPLIED.get(wish, ())))
        self._request = {"modelId": model, "messages": [_USER], "options": options, **_REQUESTS.get(wish, {})}

    def calls(self, form: Form) -> tuple[Callable[[], Any], Callable[[], Awaitable[Any]]]:
        if form == "whole":
            return lambda: self.client.converse(**self._request), self._awhole

        def stream() -> Any:
            with self.client.converse_stream(**self._request) as events:
                assert list(events)
            return events.response

        return stream, self._astream

    async def _awhole(self) -> Any:
        return await self.client.aconverse(**self._request)

    async def _astream(self) -> Any:
        async with await self.client.aconverse_stream(**self._request) as events:
            assert [event async for event in events]
        return events.response

    def close(self) -> None:
        self.client.close()

    async def aclose(self) -> None:
        await self.client.aclose()


class ThroughLangChain(Asker):
    """:class:`ChatBedrock`."""

    def __init__(self, endpoint: LocalBedrock, model: str, wish: str) -> None:
        super().__init__(endpoint, model, wish)
        self.chat = ChatBedrock(model=model, **_keys(endpoint), **SETTINGS.get(wish, {}))
        self._messages: list[BaseMessage] = [HumanMessage(SAID)]
        tools = [StructuredTool.from_function(look), StructuredTool.from_function(hear)]
        self._runnable: Any = self.chat
        if wish in ("a system prompt", "caching"):
            self._messages.insert(0, SystemMessage(_RULES))
        if wish in ("tools", "caching", "a tool's result", "one call at a time"):
            self._runnable = self.chat.bind_tools(tools)
        if wish == "a forced tool":
            self._runnable = self.chat.bind_tools(tools, tool_choice="any")
        if wish.startswith("an object"):
            self._runnable = self.chat.with_structured_output(Book)
        if wish == "a strict tool":
            self._runnable = self.chat.with_structured_output(Book, method="function_calling", strict=True)
        if wish == "a JSON schema":
            self._runnable = self.chat.with_structured_output(Book, method="json_schema")
        if wish == "a cache point":
            self._messages.insert(0, SystemMessage([{"type": "text", "text": _RULES}, _POINT]))
        if wish == "a tool's result":
            call = {"name": "look", "args": {"place": "here"}, "id": "a"}
            self._messages += [
                AIMessage("", tool_calls=[call]),
                ToolMessage("green", tool_call_id="a", status="error"),
            ]
        if wish == "an image":
            block = {"type": "image", "base64": _base64(PNG), "mime_type": "image/png"}
            self._messages = [HumanMessage([{"type": "text", "text": SAID}, block])]
        if wish == "an answer begun":
            self._messages.append(AIMessage("It is"))

    def calls(self, form: Form) -> tuple[Callable[[], Any], Callable[[], Awaitable[Any]]]:
        if form == "whole":
            return lambda: self._runnable.invoke(self._messages), self._awhole
        return lambda: list(self._runnable.stream(self._messages))[-1], self._astream

    async def _awhole(self) -> Any:
        return await self._runnable.ainvoke(self._messages)

    async def _astream(self) -> Any:
        return [piece async for piece in self._runnable.astream(self._messages)][-1]

    def close(self) -> None:
        self.chat.bedrock.close()

    async def aclose(self) -> None:
        await self.chat.bedrock.aclose()


class ThroughLlamaIndex(Asker):
    """:class:`BedrockConverse`."""

    def __init__(self, endpoint: LocalBedrock, model: str, wish: str) -> None:
        super().__init__(endpoint, model, wish)
        self.llm = BedrockConverse(model=model, **_keys(endpoint), **SETTINGS.get(wish, {}))
        self._messages = [ChatMessage(SAID)]
        self._more: dict[str, Any] = {}
        if wish in ("a system prompt", "caching"):
            self._messages.insert(0, ChatMessage(_RULES, role=MessageRole.SYSTEM))
        if wish in ("tools", "caching", "a tool's result", "a forced tool", "one call at a time"):
            self._more = {
                "tools": [FunctionTool.from_defaults(look), FunctionTool.from_defaults(hear)],
                "tool_required": wish == "a forced tool",
            }
        if wish == "a cache point":
            point = CachePoint(cache_control=CacheControl(type="default"))
            blocks = [TextBlock(text=_RULES), point]
            self._messages.insert(0, ChatMessage(role=MessageRole.SYSTEM, blocks=blocks))
        if wish == "a tool's result":
            called = ToolCallBlock(tool_call_id="a", tool_name="look", tool_kwargs={"place": "here"})
            told = {"tool_call_id": "a", "is_error": True}
            self._messages += [
                ChatMessage(role=MessageRole.ASSISTANT, blocks=[called]),
                ChatMessage("green", role=MessageRole.TOOL, additional_kwargs=told),
            ]
        if wish == "an image":
            blocks = [TextBlock(text=SAID), ImageBlock(image=PNG, image_mimetype="image/png")]
            self._messages = [ChatMessage(role=MessageRole.USER, blocks=blocks)]
        if wish == "an answer begun":
            self._messages.append(ChatMessage("It is", role=MessageRole.ASSISTANT))

    def calls(self, form: Form) -> tuple[Callable[[], Any], Callable[[], Awaitable[Any]]]:
        llm = self.llm
        if self.wish.startswith("an object"):
            asked: tuple[Any, ...] = (Book, PromptTemplate(SAID))
            if form == "whole":
                return lambda: llm.structured_predict(*asked), lambda: llm.astructured_predict(*asked)
            stream: Any = llm.stream_structured_predict
            return lambda: list(stream(*asked))[-1], lambda: _last(llm.astream_structured_predict(*asked))
        if self._more:
            said = {"chat_history": self._messages, **self._more}
            ways: Any = llm.chat_with_tools, llm.achat_with_tools
            streams: Any = llm.stream_chat_with_tools, llm.astream_chat_with_tools
        else:
            said = {"messages": self._messages}
            ways = llm.chat, llm.achat
            streams = llm.stream_chat, llm.astream_chat
        if form == "whole":
            return lambda: ways[0](**said), lambda: ways[1](**said)
        return lambda: list(streams[0](**said))[-1], lambda: _last(streams[1](**said))

    def close(self) -> None:
        self.llm.bedrock.close()

    async def aclose(self) -> None:
        await self.llm.bedrock.aclose()


async def _last(answer: Awaitable[Any]) -> Any:
    return [piece async for piece in await answer][-1]


def _base64(data: bytes) -> str:
    from base64 import b64encode

    return b64encode(data).decode()


ASKERS: dict[str, type[Asker]] = {
    "client": ThroughClient,
    "langchain": ThroughLangChain,
    "llamaindex": ThroughLlamaIndex,
}
