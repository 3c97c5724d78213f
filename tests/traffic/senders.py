"""Recorded requests, read into a framework's messages, through its adapter."""

from __future__ import annotations

from typing import Any

from bedrock_unified import BedrockClient
from langchain_bedrock_unified import ChatBedrock
from llamaindex_bedrock_unified import BedrockConverse

from .langchain_reader import langchain_call
from .llamaindex_reader import llamaindex_call
from .recordings import Exchange
from .request_parts import Call, Request
from .reversal_rules import LANGCHAIN, LLAMAINDEX
from .speakers import recorded_request


class LangChainSender:
    """Invokes or streams; tools are bound, as LangChain's users do it.

    Args:
        more: further keywords of each model.
    """

    framework = LANGCHAIN

    def __init__(self, client: BedrockClient, **more: Any) -> None:
        self._client = client
        self._more = more

    def send(self, exchange: Exchange, request: Request | None = None) -> Call:
        """Make the recorded call (or this request in its place), and drop its answer."""
        runnable, call = self._bound(exchange, request)
        if exchange.streams:
            for _ in runnable.stream(call.messages, **call.keywords):
                pass
        else:
            runnable.invoke(call.messages, **call.keywords)
        return call

    async def asend(self, exchange: Exchange) -> Call:
        """The same, asynchronously."""
        runnable, call = self._bound(exchange)
        if exchange.streams:
            async for _ in runnable.astream(call.messages, **call.keywords):
                pass
        else:
            await runnable.ainvoke(call.messages, **call.keywords)
        return call

    def _bound(self, exchange: Exchange, request: Request | None = None) -> tuple[Any, Call]:
        call = langchain_call(request or recorded_request(exchange))
        model = ChatBedrock(model=exchange.model_id, client=self._client, **self._more, **call.parameters)
        if call.tools is None:
            return model, call
        chosen = {} if call.tool_choice is None else {"tool_choice": call.tool_choice}
        return model.bind_tools(call.tools, **chosen), call


class LlamaIndexSender:
    """Chats, unary or streamed; with tools by LlamaIndex's own calls for them.

    Args:
        more: further keywords of each model.
    """

    framework = LLAMAINDEX

    def __init__(self, client: BedrockClient, **more: Any) -> None:
        self._client = client
        self._more = more

    def send(self, exchange: Exchange, request: Request | None = None) -> Call:
        """Make the recorded call (or this request in its place), and drop its answer."""
        model, call, given = self._made(exchange, request)
        if exchange.streams:
            stream = model.stream_chat if call.tools is None else model.stream_chat_with_tools
            for _ in stream(**given):
                pass
        else:
            (model.chat if call.tools is None else model.chat_with_tools)(**given)
        return call

    async def asend(self, exchange: Exchange) -> Call:
        """The same, asynchronously."""
        model, call, given = self._made(exchange)
        if exchange.streams:
            stream = model.astream_chat if call.tools is None else model.astream_chat_with_tools
            async for _ in await stream(**given):
                pass
        else:
            await (model.achat if call.tools is None else model.achat_with_tools)(**given)
        return call

    def _made(
        self, exchange: Exchange, request: Request | None = None
    ) -> tuple[BedrockConverse, Call, dict[str, Any]]:
        call = llamaindex_call(request or recorded_request(exchange))
        model = BedrockConverse(
            model=str(exchange.model_id), client=self._client, **self._more, **call.parameters
        )
        if call.tools is None:
            return model, call, {"messages": call.messages, **call.keywords}
        given = {
            "tools": call.tools,
            "chat_history": call.messages,
            "tool_choice": call.tool_choice,
            "allow_parallel_tool_calls": True,
        }
        return model, call, {**given, **call.keywords}
