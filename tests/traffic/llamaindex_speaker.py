"""``BedrockConverse`` of the LlamaIndex adapter, read by LlamaIndex's own message shapes."""

from __future__ import annotations

from base64 import b64decode
from typing import Any

from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    CitationBlock,
    MessageRole,
    TextBlock,
    ThinkingBlock,
)

from bedrock_unified.errors import BedrockError
from llamaindex_bedrock_unified import BedrockConverse

from .recordings import Exchange
from .speakers import CONNECTION, QUESTION, KeepsWhatModelsTake, Reply
from .views import Answer, Block, failed, without_type

Messages = list[ChatMessage]


class LlamaIndexSpeaker(KeepsWhatModelsTake):
    """Chats, unary or streamed; each model id has its own LLM."""

    name = "BedrockConverse"

    def __init__(self, url: str) -> None:
        self._url = url
        self._models: dict[str | None, BedrockConverse] = {}

    def model(self, exchange: Exchange) -> BedrockConverse:
        """The LLM of the exchange's model."""
        model = self._models.get(exchange.model_id)
        if model is None:
            model = self._made(model=exchange.model_id, endpoint_url=self._url, **CONNECTION)
            self._models[exchange.model_id] = model
        return model

    def _made(self, **parameters: Any) -> BedrockConverse:
        return BedrockConverse(**parameters)

    def ask(self, exchange: Exchange) -> Reply:
        return self._call(exchange, [_question()])

    async def aask(self, exchange: Exchange) -> Reply:
        return await self._acall(exchange, [_question()])

    def send_back(self, exchange: Exchange, reply: Reply) -> None:
        self._call(exchange, self._history(exchange, reply))

    async def asend_back(self, exchange: Exchange, reply: Reply) -> None:
        await self._acall(exchange, self._history(exchange, reply))

    def stored(self, reply: Reply) -> Reply:
        """The reply after a trip through a chat store, which keeps JSON."""
        kept = reply.message.message.model_dump_json()
        response = reply.message.model_copy(update={"message": ChatMessage.model_validate_json(kept)})
        return Reply(reply.answer, response)

    def close(self) -> None:
        for model in self._models.values():
            model.bedrock.close()

    async def aclose(self) -> None:
        for model in self._models.values():
            await model.bedrock.aclose()

    def _history(self, exchange: Exchange, reply: Reply) -> Messages:
        response: ChatResponse = reply.message
        calls = self.model(exchange).get_tool_calls_from_response(response, error_on_no_tool_call=False)
        results = [
            ChatMessage(
                role=MessageRole.TOOL, content="done", additional_kwargs={"tool_call_id": call.tool_id}
            )
            for call in calls
        ]
        return [_question(), response.message, *(results or [_question()])]

    def _call(self, exchange: Exchange, messages: Messages) -> Reply:
        model = self.model(exchange)
        try:
            if not exchange.streams:
                return _reply(model, [model.chat(messages)])
            return _reply(model, list(model.stream_chat(messages)))
        except BedrockError as error:
            return Reply(failed(error.code, error.message))

    async def _acall(self, exchange: Exchange, messages: Messages) -> Reply:
        model = self.model(exchange)
        try:
            if not exchange.streams:
                return _reply(model, [await model.achat(messages)])
            return _reply(model, [item async for item in await model.astream_chat(messages)])
        except BedrockError as error:
            return Reply(failed(error.code, error.message))


def _question() -> ChatMessage:
    return ChatMessage(role=MessageRole.USER, content=QUESTION)


def _reply(model: BedrockConverse, responses: list[ChatResponse]) -> Reply:
    """The last response, which must agree with the deltas that led to it."""
    last = responses[-1]
    text = "".join(block.text for block in last.message.blocks if isinstance(block, TextBlock))
    if len(responses) > 1:
        deltas = "".join(response.delta or "" for response in responses)
        assert deltas == text, f"the deltas say {deltas!r:.200}, the last response {text!r:.200}"
    thoughts = [block for block in last.message.blocks if isinstance(block, ThinkingBlock)]
    calls = model.get_tool_calls_from_response(last, error_on_no_tool_call=False)
    carried: list[Block] = last.message.additional_kwargs.get("bedrock_content", [])
    raw: dict[str, Any] = last.raw if isinstance(last.raw, dict) else {}
    return Reply(
        Answer(
            text=text,
            tool_calls=[(call.tool_id, call.tool_name, call.tool_kwargs) for call in calls],
            server_tools=[without_type(block) for block in carried if _is_server_tool(block)],
            reasoning=[_reasoning(thought) for thought in thoughts],
            citations=_citations(last.message, carried),
            stop_reason=raw.get("stopReason"),
            usage=_usage(last.additional_kwargs),
        ),
        last,
    )


def _is_server_tool(block: Block) -> bool:
    return "toolResult" in block or block.get("toolUse", {}).get("type") == "server_tool_use"


def _reasoning(block: ThinkingBlock) -> tuple[str | None, str | None, bytes | None]:
    told = block.additional_information
    redacted = told.get("redacted_content")
    return block.content, told.get("signature"), redacted and b64decode(redacted)


def _citations(message: ChatMessage, carried: list[Block]) -> list[Any]:
    """Bedrock's citations, as the message carries them; its CitationBlocks must show the same ones."""
    citations = [
        citation
        for block in carried
        if "citationsContent" in block
        for citation in block["citationsContent"]["citations"]
    ]
    shown = [block for block in message.blocks if isinstance(block, CitationBlock)]
    assert [_as_shown(citation) for citation in citations] == [
        (block.title, block.source, block.cited_content.text, block.additional_location_info)
        for block in shown
        if isinstance(block.cited_content, TextBlock)
    ]
    return citations


def _as_shown(citation: dict[str, Any]) -> tuple[str, str, str, dict[str, int]]:
    """Title, source, quoted text and position of a citation; a web page has an address and a domain."""
    (place,) = citation["location"].values()
    return (
        citation.get("title") or place.get("domain", ""),
        citation.get("source") or place.get("url", ""),
        "".join(part["text"] for part in citation.get("sourceContent", ())),
        {name: value for name, value in place.items() if name not in ("domain", "url")},
    )


def _usage(counts: dict[str, Any]) -> dict[str, int]:
    if not counts:
        return {}
    read, write = counts["cache_read_input_tokens"], counts["cache_creation_input_tokens"]
    return {
        "input": counts["prompt_tokens"] - read - write,
        "output": counts["completion_tokens"],
        "total": counts["total_tokens"],
        "cache_read": read,
        "cache_write": write,
    }
