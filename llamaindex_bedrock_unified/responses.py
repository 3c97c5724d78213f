"""Converse responses and stream events to ChatResponses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    CompletionResponse,
    ContentBlock,
    ThinkingBlock,
    ToolCallBlock,
)

from bedrock_unified.converse.reducer import parse_tool_input
from bedrock_unified.converse.stopping import finish_reason
from bedrock_unified.converse.usage import read_usage
from bedrock_unified.private import made

from .carrier import packed
from .reading import (
    SERVER_TOOL,
    message_of,
    read_citation,
    read_message,
    read_reasoning,
    read_tool_call,
    text_block,
)

Event = dict[str, Any]


def chat_response(response: Mapping[str, Any], *, delta: str | None = None) -> ChatResponse:
    """The ChatResponse of a Converse response, unary or reduced from a stream.

    ``raw`` is the response with ``usage`` in Bedrock's and in OpenAI's spelling (input including what the
    prompt cache read and wrote), and blobs as base64 text, for LlamaIndex writes its events as JSON;
    ``additional_kwargs`` hold the token counts and ``finish_reason`` in OpenAI's words.
    """
    counts, usage = _tokens(response)
    message = response["output"]["message"]
    raw = dict(response)
    if not all("text" in block or "toolUse" in block for block in message["content"]):
        raw["output"] = {**response["output"], "message": {**message, "content": packed(message["content"])}}
    if usage:
        raw["usage"] = usage
    return _response_of(read_message(message["content"]), delta, raw, {**counts, **_ended(response)})


def _response_of(
    message: ChatMessage, delta: str | None, raw: dict[str, Any], additional_kwargs: dict[str, Any]
) -> ChatResponse:
    fields = {"message": message, "delta": delta, "raw": raw, "additional_kwargs": additional_kwargs}
    return made(ChatResponse, {**_RESPONSE, **fields}, set(fields))


def _ended(response: Mapping[str, Any]) -> dict[str, str]:
    reason = finish_reason(response.get("stopReason"))
    return {"finish_reason": reason} if reason else {}


def completion_response(response: ChatResponse) -> CompletionResponse:
    """The CompletionResponse that says the same."""
    message = response.message
    return CompletionResponse(
        text=message.content or "",
        delta=response.delta,
        raw=response.raw,
        additional_kwargs={**message.additional_kwargs, **response.additional_kwargs},
    )


def _tokens(response: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    told = response.get("usage")
    usage = read_usage(told, response.get("additionalModelResponseFields"))
    if told is None or usage is None:
        return {}, {}
    counts = {
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": told.get("totalTokens", usage.total_tokens),
    }
    details: dict[str, Any] = {"cached_tokens": usage.cache_read or 0}
    openai = {**counts, "input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens}
    cache = {
        "cache_read_input_tokens": usage.cache_read or 0,
        "cache_creation_input_tokens": usage.cache_write or 0,
    }
    raw = {**told, **openai, **cache, "prompt_tokens_details": details}
    if usage.reasoning_tokens is not None:
        raw["completion_tokens_details"] = {"reasoning_tokens": usage.reasoning_tokens}
    return {**counts, **cache}, raw


# All fields with their defaults, those of a later LlamaIndex too.
_TOOL_CALL = dict(ToolCallBlock(tool_name="").__dict__)
_RESPONSE = dict(ChatResponse(message=ChatMessage(blocks=[])).__dict__)


class ChunkReader:
    """Stream events to partial ChatResponses: the message so far, and what the event added to it.

    The cost of an event does not grow with the number of events; a tool's input stays the text that came
    until its block ends. The deltas add up to the message's ``content``, which has a line break between two
    blocks of text: it comes with the first text of the second.
    """

    __slots__ = ("_calls", "_citations", "_done", "_index", "_kind", "_said", "_text", "_tool", "_tool_call")

    def __init__(self) -> None:
        self._done: list[ContentBlock] = []
        self._calls: list[dict[str, Any]] | None = None
        self._index = -1
        self._kind = ""
        #: Text, or the JSON of a tool's input, or reasoning, of the block that is still open.
        self._text = ""
        #: Whether a block of text has ended.
        self._said = False
        self._citations: list[ContentBlock] = []
        self._tool: dict[str, Any] = {}
        #: The fields of its ToolCallBlock, without the input.
        self._tool_call = _TOOL_CALL

    def feed(self, event: Event) -> ChatResponse | None:
        """The response so far, None for events that show nothing new."""
        if (told := event.get("contentBlockDelta")) is not None:
            delta = told["delta"]
            text = delta.get("text")
            if text is None:
                return self._on_delta(told, delta, event)
            if not text:
                return None
            if self._kind != "text":
                self._open("text", told)
            new = f"\n{text}" if self._said and not self._text else text
            self._text += text
            return self._chunk([*self._done, text_block(self._text), *self._citations], event, new)
        if (told := event.get("contentBlockStart")) is not None:
            return self._on_start(told, event)
        if (told := event.get("contentBlockStop")) is not None and self._kind != "text":
            self._close()
        return None

    def _on_delta(self, told: Event, delta: Event, event: Event) -> ChatResponse | None:
        if (tool := delta.get("toolUse")) is not None:
            if self._kind != "tool" or self._index != told.get("contentBlockIndex"):
                return None  # a tool without its start has no name; the last response will show it
            if not (piece := tool.get("input")):
                return None
            self._text += piece
            return self._so_far(event)
        if (reasoning := delta.get("reasoningContent")) is not None:
            return self._on_reasoning(told, reasoning, event)
        if (citation := delta.get("citation")) is not None:
            if self._kind != "text":
                self._open("text", told)
            self._citations.append(read_citation(citation))
            return self._so_far(event)
        if self._index != told.get("contentBlockIndex"):
            self._open("", told)
        return None

    def _on_reasoning(self, told: Event, reasoning: Event, event: Event) -> ChatResponse | None:
        if self._kind != "thinking" or self._index != told.get("contentBlockIndex"):
            self._open("thinking", told)
        if "redactedContent" in reasoning:
            self._done.append(read_reasoning(reasoning))
            self._kind = ""
            (event,) = packed([event])
            return self._so_far(event)
        if signature := reasoning.get("signature"):
            self._tool["signature"] = self._tool.get("signature", "") + signature
            return self._so_far(event)
        if not (text := reasoning.get("text")):
            return None
        self._text += text
        return self._so_far(event, {"thinking_delta": text})

    def _on_start(self, told: Event, event: Event) -> ChatResponse | None:
        start = told.get("start") or {}
        tool = start.get("toolUse")
        self._open("tool" if tool else "", told)
        if tool is None:
            return None
        self._tool = dict(tool)
        self._tool_call = {
            **_TOOL_CALL,
            "tool_call_id": tool.get("toolUseId"),
            "tool_name": tool.get("name") or "",
        }
        if self._calls is None:
            self._calls = []
        return self._so_far(event)

    def _open(self, kind: str, told: Event) -> None:
        self._close()
        self._kind = kind
        self._index = told.get("contentBlockIndex", 0)

    def _close(self) -> None:
        if self._kind == "tool":
            call = {**self._tool, "input": parse_tool_input(self._text)}
            self._done.append(read_tool_call(call))
            if call.get("type") != SERVER_TOOL and self._calls is not None:
                self._calls = [*self._calls, call]  # chunks that were handed out keep theirs
        else:
            self._said = self._said or (self._kind == "text" and bool(self._text))
            self._done += self._shown()
        self._kind = self._text = ""
        self._index = -1
        self._citations = []
        self._tool = {}

    def _shown(self) -> list[ContentBlock]:
        """The blocks of what is still open."""
        if self._kind == "text":
            shown: list[ContentBlock] = []
            if self._text:
                shown.append(text_block(self._text))
            return shown + self._citations if self._citations else shown
        if self._kind == "thinking":
            return [ThinkingBlock(content=self._text, additional_information=dict(self._tool))]
        if self._kind == "tool":
            fields = {**self._tool_call, "tool_kwargs": self._text}
            return [made(ToolCallBlock, fields, {"tool_call_id", "tool_name", "tool_kwargs"})]
        return []

    def _so_far(self, event: Event, more: dict[str, Any] | None = None) -> ChatResponse:
        return self._chunk([*self._done, *self._shown()], event, "", more)

    def _chunk(
        self, blocks: list[ContentBlock], event: Event, delta: str, more: dict[str, Any] | None = None
    ) -> ChatResponse:
        calls = {} if self._calls is None else self._called(self._calls)
        return _response_of(message_of(blocks, calls), delta, event, {} if more is None else more)

    def _called(self, calls: list[dict[str, Any]]) -> dict[str, Any]:
        """The tool calls so far, as ``reading.tool_kwargs`` gives them of whole content."""
        if self._kind == "tool" and self._tool.get("type") != SERVER_TOOL:
            calls = [*calls, {**self._tool, "input": self._text}]
        return {"tool_calls": calls, "tool_call_id": [call.get("toolUseId") for call in calls]}
