"""What an LLM's streams are: cumulative, complete at the end, and of a cost that grows with their length."""

from __future__ import annotations

import json
import time
from itertools import pairwise
from typing import Any

import pytest
from llama_index.core.base.llms.types import TextBlock, ThinkingBlock, ToolCallBlock

from .base import REDACTED, Conformance, Make, Serve, calls, pieces, says, thought
from .llm_calls import QUESTION, ask

STREAMS = ["stream_chat", "astream_chat"]
GIVEN = {"city": "Oslo", "days": [1, 2], "unit": 'the "kelvin"'}


class LLMStreams(Conformance):
    """Streams."""

    @pytest.mark.parametrize("way", STREAMS)
    async def test_a_message_grows_by_its_deltas(self, serve: Serve, make: Make, way: str) -> None:
        said = "The ferry leaves Vell at nine."
        serve(says(said, pieces=[pieces(said)]))
        items = await ask(make(), way)
        texts = [item.message.content or "" for item in items]
        assert len(set(texts)) > 5
        assert all(after.startswith(before) for before, after in pairwise(texts))
        assert "".join(item.delta or "" for item in items) == texts[-1] == said

    @pytest.mark.parametrize("way", ["stream_complete", "astream_complete"])
    async def test_a_completion_grows_by_its_deltas(self, serve: Serve, make: Make, way: str) -> None:
        said = "The ferry leaves Vell at nine."
        serve(says(said, pieces=[pieces(said)]))
        items = await ask(make(), way)
        assert "".join(item.delta or "" for item in items) == items[-1].text == said

    @pytest.mark.parametrize("way", STREAMS)
    async def test_the_last_item_is_what_chat_returns(self, serve: Serve, make: Make, way: str) -> None:
        given = says(thought("Hm."), "I look.", calls("weather", GIVEN), times=None)
        serve(given)
        llm = make()
        last = (await ask(llm, way))[-1].message
        whole = llm.chat(QUESTION).message
        assert last.blocks == whole.blocks
        assert last.role == whole.role
        (call,) = [block for block in last.blocks if isinstance(block, ToolCallBlock)]
        assert call.tool_kwargs == GIVEN

    @pytest.mark.parametrize("way", STREAMS)
    async def test_blocks_keep_their_order(self, serve: Serve, make: Make, way: str) -> None:
        serve(says("First.", thought("one", "UzE="), calls("weather", {}), thought("two", "UzI="), "Last."))
        blocks = (await ask(make(), way))[-1].message.blocks
        kinds = [type(block) for block in blocks]
        assert kinds == [TextBlock, ThinkingBlock, ToolCallBlock, ThinkingBlock, TextBlock]
        assert [block.content for block in blocks if isinstance(block, ThinkingBlock)] == ["one", "two"]

    @pytest.mark.parametrize("way", STREAMS)
    async def test_tool_calls_are_legal_at_every_chunk(self, serve: Serve, make: Make, way: str) -> None:
        written = json.dumps(GIVEN)
        serve(
            says(
                "I look.",
                calls("weather", GIVEN),
                calls("weather", {}, "tooluse_2"),
                pieces=[None, pieces(written, 1), [""]],
            )
        )
        llm = make()
        seen = [
            llm.get_tool_calls_from_response(item, error_on_no_tool_call=False)
            for item in await ask(llm, way)
        ]
        assert all(isinstance(call.tool_kwargs, dict) for found in seen for call in found)
        assert [(call.tool_id, call.tool_name, call.tool_kwargs) for call in seen[-1]] == [
            ("tooluse_1", "weather", GIVEN),
            ("tooluse_2", "weather", {}),
        ]

    @pytest.mark.parametrize("way", STREAMS)
    async def test_thinking_is_told_as_it_comes(self, serve: Serve, make: Make, way: str) -> None:
        serve(says(thought("Let me look at the tables."), "At nine."))
        items = await ask(make(), way)
        told = "".join(item.additional_kwargs.get("thinking_delta") or "" for item in items)
        assert told == "Let me look at the tables."
        assert "".join(item.delta or "" for item in items) == "At nine."

    @pytest.mark.parametrize("way", STREAMS)
    async def test_what_is_redacted_stays(self, serve: Serve, make: Make, way: str) -> None:
        endpoint = serve(says(REDACTED, "Yes."), says("Good."))
        llm = make()
        message = (await ask(llm, way))[-1].message
        llm.chat([*QUESTION, message, QUESTION[1]])
        assert endpoint.requests[-1].body["messages"][1]["content"] == [REDACTED, {"text": "Yes."}]

    @pytest.mark.parametrize("kind", ["text", "tool"])
    def test_the_cost_grows_with_the_length(self, serve: Serve, make: Make, kind: str) -> None:
        """Ten times the deltas cost about ten times as much; were all read again at each, a hundred."""
        few, many = 400, 4000
        counts = [few, few, few, many, many]  # the first warms up
        serve(*(_long(kind, count) for count in counts))
        llm = make()
        costs = [_cost(llm) for _ in counts]
        assert min(costs[3:]) < 22 * min(costs[1:3])


def _long(kind: str, count: int) -> dict[str, Any]:
    if kind == "text":
        return says("word " * count, pieces=[["word "] * count])
    written = '{"a": ["' + "ab, " * count + '"]}'
    return says(calls("weather", json.loads(written)), pieces=[[written[:8], *["ab, "] * count, '"]}']])


def _cost(llm: Any) -> float:
    begun = time.process_time()
    for item in llm.stream_chat(QUESTION):
        llm.get_tool_calls_from_response(item, error_on_no_tool_call=False)
    return time.process_time() - begun
