"""The events of a Messages stream as Converse's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...wire.failure import InStreamFailure
from ..common import Event, Told, cut, json_text, last_events, take_beside
from .answers import (
    rest_of,
    stop_fields,
    stop_reason,
    tool_result_start,
    tool_use_start,
    usage_of_message,
)
from .citations import converse_citation

#: Claude's errors inside a stream as ConverseStream's exceptions, which have classes and hints.
_FAILURES = {
    "api_error": "internalServerException",
    "invalid_request_error": "validationException",
    "overloaded_error": "serviceUnavailableException",
    "rate_limit_error": "throttlingException",
}


def events() -> MessagesEvents:
    """A maker of events for one stream."""
    return MessagesEvents()


class MessagesEvents:
    """Claude numbers its blocks as Converse does; text, reasoning and citations have no start there."""

    __slots__ = ("_beside", "_finished", "_given", "_stop", "_usage")

    def __init__(self) -> None:
        self._usage: dict[str, Any] = {}
        self._stop: dict[str, Any] = {}
        self._given: dict[int, Any] = {}  # input of tools that came with their start
        self._beside: dict[str, Any] = {}
        self._finished = False

    def feed(self, chunk: Mapping[str, Any]) -> list[Event]:
        """The Converse events of one Messages event."""
        if take_beside(self._beside, chunk):
            return []
        kind = chunk["type"]
        if kind == "content_block_delta":
            index, delta = chunk["index"], chunk["delta"]
            if delta["type"] == "text_delta":
                return [{"contentBlockDelta": {"delta": {"text": delta["text"]}, "contentBlockIndex": index}}]
            if self._given and delta["type"] == "input_json_delta" and delta["partial_json"]:
                self._given.pop(index, None)
            return [{"contentBlockDelta": {"delta": _delta(delta), "contentBlockIndex": index}}]
        if kind == "content_block_start":
            return self._start(chunk["index"], chunk["content_block"])
        if kind == "content_block_stop":
            return self._block_stop(chunk["index"])
        if kind == "message_start":
            message = chunk["message"]
            self._usage.update(message.get("usage") or {})
            return [{"messageStart": {"role": message.get("role", "assistant")}}]
        if kind == "message_delta":
            self._usage.update(_known(chunk.get("usage") or {}))
            self._stop.update(_known(chunk["delta"]))
            return []
        if kind == "message_stop":
            return self._message_stop()
        if kind == "error":
            raise _failure(chunk.get("error") or {})
        return [] if kind == "ping" else [{str(kind): rest_of(chunk)}]

    def end(self) -> list[Event]:
        """Nothing: ``message_stop`` was the end.

        Raises:
            TransportError: it did not come.
        """
        if not self._finished:
            raise cut("message_stop")
        return []

    def _message_stop(self) -> list[Event]:
        self._finished = True
        told = Told.in_chunk(self._beside)
        reason = stop_reason(self._stop.get("stop_reason"))
        usage = usage_of_message(self._usage, told)
        return last_events(reason, usage, self._beside, told, stop_fields(self._stop))

    def _start(self, index: int, block: Mapping[str, Any]) -> list[Event]:
        kind = str(block["type"])
        if kind in ("tool_use", "server_tool_use"):
            if block.get("input"):
                self._given[index] = block["input"]
            return [_started(index, {"toolUse": tool_use_start(block)})]
        if kind == "text":
            cited = [{"citation": converse_citation(citation)} for citation in block.get("citations") or ()]
            return _deltas(index, [*cited, *([{"text": block["text"]}] if block["text"] else [])])
        if kind == "thinking":
            told = (("text", block.get("thinking")), ("signature", block.get("signature")))
            return _deltas(index, [{"reasoningContent": {name: value}} for name, value in told if value])
        if kind == "redacted_thinking":
            return _deltas(index, [{"reasoningContent": {"redactedContent": block["data"].encode()}}])
        if kind.endswith("_tool_result"):
            start = _started(index, {"toolResult": tool_result_start(block)})
            return [start, *_deltas(index, [{"toolResult": [{"json": block["content"]}]}])]
        return [_started(index, {kind: rest_of(block)})]

    def _block_stop(self, index: int) -> list[Event]:
        stop: Event = {"contentBlockStop": {"contentBlockIndex": index}}
        if index in self._given:
            given = json_text(self._given.pop(index))
            return [*_deltas(index, [{"toolUse": {"input": given}}]), stop]
        return [stop]


def _delta(delta: Mapping[str, Any]) -> dict[str, Any]:
    kind = delta["type"]
    if kind == "input_json_delta":
        return {"toolUse": {"input": delta["partial_json"]}}
    if kind == "thinking_delta":
        return {"reasoningContent": {"text": delta["thinking"]}}
    if kind == "signature_delta":
        return {"reasoningContent": {"signature": delta["signature"]}}
    if kind == "citations_delta":
        return {"citation": converse_citation(delta["citation"])}
    return {str(kind): rest_of(delta)}


def _started(index: int, start: dict[str, Any]) -> Event:
    return {"contentBlockStart": {"start": start, "contentBlockIndex": index}}


def _deltas(index: int, deltas: list[dict[str, Any]]) -> list[Event]:
    return [{"contentBlockDelta": {"delta": delta, "contentBlockIndex": index}} for delta in deltas]


def _known(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def _failure(error: Mapping[str, Any]) -> InStreamFailure:
    code = _FAILURES.get(str(error.get("type")), "modelStreamErrorException")
    return InStreamFailure(code, str(error.get("message") or error.get("type") or "an error of the model's"))
