"""``ChatBedrock`` of the LangChain adapter, read by LangChain's own message shapes."""

from __future__ import annotations

import json
from base64 import b64decode
from functools import reduce
from operator import add
from typing import Any

from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    HumanMessage,
    ToolMessage,
    messages_from_dict,
    messages_to_dict,
)

from bedrock_unified.errors import BedrockError
from langchain_bedrock_unified import ChatBedrock

from .recordings import Exchange
from .speakers import CONNECTION, QUESTION, KeepsWhatModelsTake, Reply
from .views import Answer, Block, failed

Messages = list[BaseMessage]


class LangChainSpeaker(KeepsWhatModelsTake):
    """Invokes, or streams and adds up the chunks; each model id has its own model."""

    name = "ChatBedrock"

    def __init__(self, url: str) -> None:
        self._url = url
        self._models: dict[str | None, ChatBedrock] = {}

    def model(self, exchange: Exchange) -> ChatBedrock:
        """The chat model of the exchange's model."""
        model = self._models.get(exchange.model_id)
        if model is None:
            model = self._made(model=exchange.model_id, endpoint_url=self._url, **CONNECTION)
            self._models[exchange.model_id] = model
        return model

    def _made(self, **parameters: Any) -> ChatBedrock:
        return ChatBedrock(**parameters)

    def ask(self, exchange: Exchange) -> Reply:
        return self._call(exchange, [HumanMessage(QUESTION)])

    async def aask(self, exchange: Exchange) -> Reply:
        return await self._acall(exchange, [HumanMessage(QUESTION)])

    def send_back(self, exchange: Exchange, reply: Reply) -> None:
        self._call(exchange, _history(reply.message))

    async def asend_back(self, exchange: Exchange, reply: Reply) -> None:
        await self._acall(exchange, _history(reply.message))

    def stored(self, reply: Reply) -> Reply:
        """The reply after a trip through a message history, which keeps JSON."""
        (message,) = messages_from_dict(json.loads(json.dumps(messages_to_dict([reply.message]))))
        return Reply(reply.answer, message)

    def close(self) -> None:
        for model in self._models.values():
            model.bedrock.close()

    async def aclose(self) -> None:
        for model in self._models.values():
            await model.bedrock.aclose()

    def _streamed(self, chunks: list[AIMessageChunk]) -> Reply:
        """The sum of the chunks, which must say what they said one by one."""
        reply = self._reply(reduce(add, chunks))
        said, text = "".join(chunk.text for chunk in chunks), reply.answer.text
        assert said == text, f"the chunks say {said!r:.200}, their sum {text!r:.200}"
        return reply

    def _reply(self, message: AIMessage) -> Reply:
        assert not message.invalid_tool_calls, message.invalid_tool_calls
        answer = Answer(
            text=message.text,
            tool_calls=[(str(call["id"]), call["name"], call["args"]) for call in message.tool_calls],
            stop_reason=message.response_metadata.get("stopReason"),
            usage=_usage(message.usage_metadata),
        )
        self._read(answer, message)
        return Reply(answer, message)

    def _read(self, answer: Answer, message: AIMessage) -> None:
        """Take what only the message's blocks tell into the answer."""
        for block in message.content:
            if not isinstance(block, dict):
                continue
            if block["type"] in ("server_tool_use", "tool_result"):
                answer.server_tools.append(server_tool(block))
            elif block["type"] == "reasoning_content":
                told = block["reasoning_content"]
                redacted = told.get("redacted_content")
                answer.reasoning.append(
                    (told.get("text"), told.get("signature"), redacted and b64decode(redacted))
                )
            answer.citations += [as_bedrock(citation) for citation in block.get("citations", ())]

    def _call(self, exchange: Exchange, messages: Messages) -> Reply:
        model = self.model(exchange)
        try:
            if not exchange.streams:
                return self._reply(model.invoke(messages))
            chunks = list(model.stream(messages))
        except BedrockError as error:
            return Reply(failed(error.code, error.message))
        return self._streamed(chunks)

    async def _acall(self, exchange: Exchange, messages: Messages) -> Reply:
        model = self.model(exchange)
        try:
            if not exchange.streams:
                return self._reply(await model.ainvoke(messages))
            chunks = [chunk async for chunk in model.astream(messages)]
        except BedrockError as error:
            return Reply(failed(error.code, error.message))
        return self._streamed(chunks)


def _history(answer: AIMessage) -> Messages:
    results = [ToolMessage("done", tool_call_id=call["id"]) for call in answer.tool_calls]
    return [HumanMessage(QUESTION), answer, *(results or [HumanMessage(QUESTION)])]


def server_tool(block: Block) -> Block:
    """A ``server_tool_use`` or ``tool_result`` block as Bedrock's; in a stream the input is JSON text."""
    if block["type"] == "server_tool_use":
        given = block["input"]
        return {
            "toolUse": {
                "toolUseId": block["id"],
                "name": block["name"],
                "input": json.loads(given) if isinstance(given, str) else given,
            }
        }
    content = [{kind: part[kind] for kind in ("text", "json") if kind in part} for part in block["content"]]
    return {"toolResult": {"toolUseId": block["tool_use_id"], "content": content, "status": block["status"]}}


def as_bedrock(citation: Any) -> Any:
    """A citation's members under Bedrock's names again: LangChain's are the same in snake case."""
    if isinstance(citation, list):
        return [as_bedrock(item) for item in citation]
    if not isinstance(citation, dict):
        return citation
    return {_camel(name): as_bedrock(value) for name, value in citation.items() if name != "index"}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def _usage(told: Any) -> dict[str, int]:
    if told is None:
        return {}
    details = told["input_token_details"]
    read = details["cache_read"]
    write = details["cache_creation"] + sum(
        tokens for name, tokens in details.items() if name.startswith("ephemeral_")
    )
    return {
        "input": told["input_tokens"] - read - write,
        "output": told["output_tokens"],
        "total": told["total_tokens"],
        "cache_read": read,
        "cache_write": write,
    }
