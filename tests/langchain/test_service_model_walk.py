"""Every member of Converse in the installed service model, through LangChain's messages and back.

The tests walk the model: one that is new and lost on the way fails here.
"""

from __future__ import annotations

import copy
import json
from functools import reduce
from operator import add
from typing import Any

import pytest
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    ChatMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
    messages_from_dict,
    messages_to_dict,
)

from langchain_bedrock_unified import ChatBedrock
from langchain_bedrock_unified.messages.from_converse import json_safe, message_content
from langchain_bedrock_unified.messages.stream import ChunkMaker
from langchain_bedrock_unified.messages.to_converse import converse_messages
from langchain_bedrock_unified.metadata import USAGE, response_metadata
from langchain_bedrock_unified.request import converse_request

from ..core.converse.instances import instances, kinds, of_kind

Block = dict[str, Any]

CONTENT = ("Converse", "out", "output", "message", "content", "[]")
STREAM = ("ConverseStream", "out", "stream")
OURS = {"model_provider": "amazon_bedrock"}


@pytest.fixture(scope="module")
def model() -> ChatBedrock:
    return ChatBedrock(model="vendor.model-v1:0", api_key="a", region_name="us-east-1")


def stored(message: BaseMessage) -> BaseMessage:
    """The message after a trip through JSON, as message histories make it."""
    return messages_from_dict(json.loads(json.dumps(messages_to_dict([message]))))[0]


def sent(message: BaseMessage) -> list[Block]:
    """What a request carries of an answer, from memory and from a store alike."""
    there = given(message)
    assert given(stored(message)) == there
    return there


def given(message: BaseMessage) -> list[Block]:
    """What a request carries of a message."""
    before = copy.deepcopy(message)
    there, _ = converse_messages([message])
    assert message == before, "the message was changed"
    return [block for turn in there for block in turn["content"]]


def said(block: Block, version: str) -> AIMessage:
    """The message of an answer of this block, in LangChain's content of a version."""
    content, calls, invalid = message_content([copy.deepcopy(block)])
    message = AIMessage(content, tool_calls=calls, invalid_tool_calls=invalid, response_metadata=OURS)
    if version == "v1":
        blocks = message.content_blocks
        message = AIMessage(content_blocks=blocks, response_metadata={**OURS, "output_version": "v1"})
    return message


@pytest.mark.parametrize("version", ["v0", "v1"])
@pytest.mark.parametrize("kind", kinds(*CONTENT))
def test_every_block_of_an_answer_goes_back_as_it_came(kind: str, version: str) -> None:
    lost = [block for block in of_kind(kind, *CONTENT) if sent(said(block, version)) != [block]]
    assert lost == []


@pytest.mark.parametrize("kind", kinds(*CONTENT))
def test_every_block_can_be_given_in_converses_own_shape(kind: str) -> None:
    for block in of_kind(kind, *CONTENT):
        assert given(HumanMessage([block])) == [block]
        assert given(AIMessage([block])) == [block]
        assert given(HumanMessage([{"type": kind, **block}])) == [block]
        assert given(HumanMessage([json_safe(block)])) == [block]


@pytest.mark.parametrize(
    "kind", kinds("Converse", "in", "messages", "[]", "content", "[]", "toolResult", "content", "[]")
)
def test_every_part_of_a_tools_result_can_be_given(kind: str) -> None:
    path = ("Converse", "in", "messages", "[]", "content", "[]", "toolResult", "content", "[]")
    for part in of_kind(kind, *path):
        result = {"toolUseId": "1", "content": [part]}
        assert given(ToolMessage([part], tool_call_id="1")) == [{"toolResult": result}]
        assert given(ToolMessage([json_safe(part)], tool_call_id="1")) == [{"toolResult": result}]


@pytest.mark.parametrize("kind", kinds("Converse", "in", "system", "[]"))
def test_every_system_block_can_be_given(kind: str) -> None:
    for block in of_kind(kind, "Converse", "in", "system", "[]"):
        assert converse_messages([SystemMessage([block])])[1] == [block]


@pytest.mark.parametrize("kind", ["toolAddition", "toolRemoval"])
@pytest.mark.parametrize("make", [SystemMessage, lambda content: ChatMessage(content, role="system")])
def test_tools_come_and_go_in_mid_conversation(kind: str, make: Any) -> None:
    for block in of_kind(kind, *CONTENT):
        turns, system = converse_messages(
            [HumanMessage("q"), AIMessage("a"), make([block]), HumanMessage("q")]
        )
        assert [turn["role"] for turn in turns] == ["user", "assistant", "system", "user"]
        assert turns[2]["content"] == [block]
        assert system == []


@pytest.mark.parametrize("member", sorted({*kinds("Converse", "in")} - {"messages", "modelId", "system"}))
def test_every_member_of_a_request_can_be_given_by_its_name(model: ChatBedrock, member: str) -> None:
    for instance in instances("Converse", "in"):
        if member not in instance:
            continue
        request = converse_request(
            model, [HumanMessage("q")], None, {member: instance[member]}, streaming=False
        )
        assert request[member] == instance[member]


@pytest.mark.parametrize("kind", kinds("Converse", "in", "toolConfig", "tools", "[]"))
def test_every_tool_can_be_bound(model: ChatBedrock, kind: str) -> None:
    for tool in of_kind(kind, "Converse", "in", "toolConfig", "tools", "[]"):
        call = model.bind_tools([tool]).kwargs
        request = converse_request(model, [HumanMessage("q")], None, call, streaming=False)
        assert request["toolConfig"]["tools"] == [tool]


@pytest.mark.parametrize("choice", instances("Converse", "in", "toolConfig", "toolChoice"))
def test_every_choice_can_be_given(model: ChatBedrock, choice: dict[str, Any]) -> None:
    tool = {"toolSpec": {"name": "tool_1", "inputSchema": {"json": {"type": "object"}}}}
    call = model.bind_tools([tool], tool_choice=choice).kwargs
    request = converse_request(model, [HumanMessage("q")], None, call, streaming=False)
    assert request["toolConfig"]["toolChoice"] == choice


@pytest.mark.parametrize("member", sorted({*kinds("Converse", "out")} - {"output"}))
def test_every_other_member_of_an_answer_is_in_the_metadata(member: str) -> None:
    for answer in of_kind(member, "Converse", "out"):
        told = response_metadata(answer, None, "vendor.model-v1:0")
        assert told[USAGE if member == "usage" else member] == answer[member]


@pytest.mark.parametrize("event", ["messageStop", "metadata"])
def test_every_other_member_of_a_stream_is_in_the_metadata(event: str) -> None:
    for members in instances(*STREAM, event):
        maker = ChunkMaker()
        maker.chunk({event: members})
        told = response_metadata(maker.members, None, "vendor.model-v1:0")
        assert {"usage": told.get(USAGE), **told}.items() >= members.items()


@pytest.mark.parametrize("kind", kinds(*STREAM, "contentBlockStart", "start"))
def test_every_start_of_a_streamed_block_goes_back(kind: str) -> None:
    for start in of_kind(kind, *STREAM, "contentBlockStart", "start"):
        (block,) = streamed({"contentBlockStart": {"contentBlockIndex": 0, "start": start}})
        assert block[kind].items() >= start[kind].items()


@pytest.mark.parametrize("kind", kinds(*STREAM, "contentBlockDelta", "delta"))
def test_every_delta_of_a_streamed_block_goes_back(kind: str) -> None:
    for delta in of_kind(kind, *STREAM, "contentBlockDelta", "delta"):
        starts: list[Block] = []
        if kind == "toolUse":
            delta = {"toolUse": {"input": '{"some": "JSON"}'}}
            starts = [{"toolUse": {"toolUseId": "1", "name": "n"}}]
        if kind == "toolResult":
            starts = [{"toolResult": {"toolUseId": "1"}}]
        if kind == "image":
            starts = [{"image": {"format": "png"}}]
        events = [{"contentBlockStart": {"contentBlockIndex": 0, "start": start}} for start in starts]
        (block,) = streamed(*events, {"contentBlockDelta": {"contentBlockIndex": 0, "delta": delta}})
        if kind == "text":
            assert block == delta
        elif kind == "toolUse":
            assert block["toolUse"]["input"] == {"some": "JSON"}
        elif kind == "toolResult":
            assert block["toolResult"]["content"] == delta["toolResult"]
        elif kind == "citation":
            assert block["citationsContent"]["citations"] == [delta["citation"]]
        elif kind == "image":
            assert block["image"] == {"format": "png", **delta["image"]}
        else:
            told = block["reasoningContent"].get("reasoningText", block["reasoningContent"])
            assert told.items() >= delta["reasoningContent"].items()


def streamed(*events: dict[str, Any]) -> list[Block]:
    """The blocks that go back after a stream of these events and their block's end."""
    maker = ChunkMaker()
    chunks = [maker.chunk(event) for event in (*events, {"contentBlockStop": {"contentBlockIndex": 0}})]
    chunks += maker.unfinished()
    end = AIMessageChunk(content=[], chunk_position="last", response_metadata=OURS)
    return sent(reduce(add, [*(chunk.message for chunk in chunks if chunk is not None), end]))
