"""The chunks of a chat completion's stream as Converse events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from ...wire.failure import InStreamFailure
from ..common import METRICS, BlockWriter, Event, Told, cut, json_text, last_events, take_beside
from .answers import call_id, reasoning_of, stop_reason, usage_of_chat
from .reasoning import Splitter


def events() -> ChatEvents:
    """A maker of events for one stream."""
    return ChatEvents()


class ChatEvents:
    """Blocks are numbered in the order in which they come: gpt-oss may call a tool before it says why.

    ``messageStop`` waits for Bedrock's metrics, which stand in the last chunk and not always in the one with
    the finish reason (both recorded). A call begins with the first piece of its number; servers of this form
    may repeat its id and name in later pieces, or give it none.
    """

    __slots__ = (
        "_beside", "_called", "_calls", "_finish", "_finished", "_refused", "_split", "_usage", "_writer",
    )  # fmt: skip

    def __init__(self) -> None:
        self._writer = BlockWriter()
        self._split = Splitter()
        self._finish: Any = None
        self._calls: dict[Any, tuple[Any, int]] = {}  # by number: the id as it was given, the place
        self._called = 0
        self._refused = False
        self._finished = False
        self._usage: Mapping[str, Any] | None = None
        self._beside: dict[str, Any] = {}

    def feed(self, chunk: Mapping[str, Any]) -> list[Event]:
        """The Converse events of one chunk."""
        if (error := chunk.get("error")) is not None:
            told: Any = (
                cast("Mapping[str, Any]", error).get("message") if isinstance(error, Mapping) else error
            )
            raise InStreamFailure("modelStreamErrorException", str(told))
        events = self._writer.begin()
        for choice in () if take_beside(self._beside, chunk) else chunk["choices"]:
            if choice.get("index", 0) != 0:
                continue
            self._delta(choice.get("delta") or {}, str(chunk.get("id", "")), events)
            self._finish = choice.get("finish_reason") or self._finish
        self._usage = chunk.get("usage") or self._usage
        if self._finish and METRICS in self._beside and not self._finished:
            events += self._stop()
        return events

    def end(self) -> list[Event]:
        """The last events, where no chunk with metrics has brought them.

        Raises:
            TransportError: the stream had no ``finish_reason``.
        """
        if self._finished:
            return []
        if not self._finish:
            raise cut("finish_reason")
        return self._stop()

    def _stop(self) -> list[Event]:
        self._finished = True
        events: list[Event] = []
        for is_reasoning, text in self._split.end():
            self._run(is_reasoning, text, events)
        self._writer.close(events)
        told = Told.in_chunk(self._beside)
        reason = stop_reason(self._finish, called=bool(self._called), refused=self._refused)
        return [*events, *last_events(reason, usage_of_chat(self._usage, told), self._beside, told, {})]

    def _delta(self, delta: Mapping[str, Any], seed: str, events: list[Event]) -> None:
        if reasoning := reasoning_of(delta):
            self._run(True, reasoning, events)
        if content := delta.get("content"):
            for is_reasoning, text in self._split.feed(content):
                self._run(is_reasoning, text, events)
        if refusal := delta.get("refusal"):
            self._refused = True
            self._run(False, refusal, events)
        for call in delta.get("tool_calls") or ():
            self._tool_call(call, seed, events)

    def _run(self, is_reasoning: bool, text: str, events: list[Event]) -> None:
        if is_reasoning:
            self._writer.delta("reasoning", {"reasoningContent": {"text": text}}, events)
        else:
            self._writer.delta("text", {"text": text}, events)

    def _tool_call(self, call: Mapping[str, Any], seed: str, events: list[Event]) -> None:
        function: Mapping[str, Any] = call.get("function") or {}
        number, given = call.get("index", 0), call.get("id")
        known, place = self._calls.get(number, (None, -1))
        if place < 0 or (given and given != known):
            # A new id under a number that was there is a new call, too: some servers number none.
            place, self._called = self._called, self._called + 1
            self._calls[number] = (given, place)
            use = {"toolUseId": call_id(given, seed, place), "name": function["name"]}
            self._writer.open(("tool", place), events, {"toolUse": use})
        arguments: Any = function.get("arguments")
        if arguments:
            piece = arguments if isinstance(arguments, str) else json_text(arguments)
            self._writer.delta(("tool", place), {"toolUse": {"input": piece}}, events)
