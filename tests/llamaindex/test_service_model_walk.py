"""Every member of Converse in the installed service model, through LlamaIndex's messages and back.

The tests walk the model: one that is new and lost on the way fails here.
"""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from llama_index.core.base.llms.types import ChatMessage, MessageRole

from bedrock_unified.converse.reducer import StreamReducer
from llamaindex_bedrock_unified import BedrockConverse, converse_message
from llamaindex_bedrock_unified.carrier import packed
from llamaindex_bedrock_unified.messages import write_messages
from llamaindex_bedrock_unified.request import build_request, read_options
from llamaindex_bedrock_unified.responses import ChunkReader, chat_response

from ..core.converse.instances import instances, kinds, of_kind

Block = dict[str, Any]

CONTENT = ("Converse", "out", "output", "message", "content", "[]")
STREAM = ("ConverseStream", "out", "stream")


@pytest.fixture(scope="module")
def model() -> BedrockConverse:
    return BedrockConverse(model="vendor.model-v1:0", api_key="a", region_name="us-east-1")


def given(message: ChatMessage) -> list[Block]:
    """What a request carries of a message."""
    before = copy.deepcopy(message)
    turns, system = write_messages([message])
    assert message == before, "the message was changed"
    return [block for turn in turns for block in turn["content"]] + system


def sent(message: ChatMessage) -> list[Block]:
    """What a request carries of a message, from memory and from a store alike."""
    there = given(message)
    stored = ChatMessage.model_validate(json.loads(message.model_dump_json()))
    assert given(stored) == there
    return there


def request(model: BedrockConverse, **given: Any) -> dict[str, Any]:
    message = ChatMessage(role="user", content="q")
    return build_request(
        model, model.model, [message], given, additional=read_options({}, BedrockConverse), streaming=False
    )


@pytest.mark.parametrize("kind", kinds(*CONTENT))
def test_every_block_of_an_answer_goes_back_as_it_came(kind: str) -> None:
    lost: list[Block] = []
    for block in of_kind(kind, *CONTENT):
        answer = {"output": {"message": {"role": "assistant", "content": [copy.deepcopy(block)]}}}
        if sent(chat_response(answer).message) != [block]:
            lost.append(block)
    assert lost == []


@pytest.mark.parametrize(
    ("kind", "role"),
    [
        (kind, role)
        for kind in kinds(*CONTENT)
        for role in ("user", "assistant")
        if (kind, role) != ("reasoningContent", "user")  # a user quotes a model's reasoning as text
    ],
)
def test_every_block_can_be_given_in_converses_own_shape(kind: str, role: str) -> None:
    for block in of_kind(kind, *CONTENT):
        assert sent(converse_message([block], role)) == [block]
        assert sent(converse_message(packed([block]), role)) == [block]


PARTS = ("Converse", "in", "messages", "[]", "content", "[]", "toolResult", "content", "[]")


@pytest.mark.parametrize("kind", kinds(*PARTS))
def test_every_part_of_a_tools_result_can_be_given(kind: str) -> None:
    for part in of_kind(kind, *PARTS):
        message = converse_message([part], "tool", tool_call_id="1")
        assert sent(message) == [{"toolResult": {"toolUseId": "1", "content": [part]}}]


@pytest.mark.parametrize("kind", kinds("Converse", "in", "system", "[]"))
def test_every_system_block_can_be_given(kind: str) -> None:
    for block in of_kind(kind, "Converse", "in", "system", "[]"):
        assert write_messages([converse_message([block], "system")])[1] == [block]


@pytest.mark.parametrize("kind", ["toolAddition", "toolRemoval"])
def test_tools_come_and_go_in_mid_conversation(kind: str) -> None:
    for block in of_kind(kind, *CONTENT):
        user, answer = ChatMessage(role="user", content="q"), ChatMessage(role="assistant", content="a")
        change = converse_message([block], MessageRole.SYSTEM)
        turns, system = write_messages([user, answer, change, user])
        assert [turn["role"] for turn in turns] == ["user", "assistant", "system", "user"]
        assert turns[2]["content"] == [block]
        assert system == []


@pytest.mark.parametrize("member", sorted({*kinds("Converse", "in")} - {"messages", "modelId"}))
def test_every_member_of_a_request_can_be_given_by_its_name(model: BedrockConverse, member: str) -> None:
    for instance in of_kind(member, "Converse", "in"):
        made = request(model, **{member: instance[member]})[member]
        assert made == instance[member] or made.items() >= instance[member].items()


@pytest.mark.parametrize("kind", kinds("Converse", "in", "toolConfig", "tools", "[]"))
def test_every_tool_can_be_offered(model: BedrockConverse, kind: str) -> None:
    for tool in of_kind(kind, "Converse", "in", "toolConfig", "tools", "[]"):
        assert request(model, tools=[tool])["toolConfig"]["tools"] == [tool]


@pytest.mark.parametrize("choice", instances("Converse", "in", "toolConfig", "toolChoice"))
def test_every_choice_can_be_given(model: BedrockConverse, choice: dict[str, Any]) -> None:
    tool = {"toolSpec": {"name": "tool_1", "inputSchema": {"json": {"type": "object"}}}}
    made = request(model, tools=[tool], tool_choice=choice)
    assert made["toolConfig"]["toolChoice"] == choice


@pytest.mark.parametrize("member", sorted({*kinds("Converse", "out")} - {"output"}))
def test_every_other_member_of_an_answer_is_in_raw(member: str) -> None:
    whole = {"output": {"message": {"role": "assistant", "content": [{"text": "a"}]}}}
    for answer in of_kind(member, "Converse", "out"):
        raw = chat_response({**answer, **whole}).raw
        assert isinstance(raw, dict)
        assert raw[member] == answer[member] or raw[member].items() >= answer[member].items()


@pytest.mark.parametrize("kind", kinds(*STREAM, "contentBlockDelta", "delta"))
def test_every_delta_of_a_streamed_block_goes_back(kind: str) -> None:
    starts = {
        "toolUse": {"toolUse": {"toolUseId": "1", "name": "n"}},
        "toolResult": {"toolResult": {"toolUseId": "1"}},
        "image": {"image": {"format": "png"}},
    }
    for delta in of_kind(kind, *STREAM, "contentBlockDelta", "delta"):
        if kind == "toolUse":
            delta = {"toolUse": {"input": '{"some": "JSON"}'}}
        events: list[dict[str, Any]] = [{"contentBlockDelta": {"contentBlockIndex": 0, "delta": delta}}]
        if kind in starts:
            events.insert(0, {"contentBlockStart": {"contentBlockIndex": 0, "start": starts[kind]}})
        events.append({"contentBlockStop": {"contentBlockIndex": 0}})
        reader, reducer = ChunkReader(), StreamReducer()
        for event in events:
            reader.feed(event)  # partial messages may show less, and never fail
            reducer.feed(event)
        content = reducer.content()
        assert sent(chat_response(reducer.response()).message) == content


@pytest.mark.parametrize("kind", kinds(*STREAM, "contentBlockStart", "start"))
def test_every_start_of_a_streamed_block_goes_back(kind: str) -> None:
    for start in of_kind(kind, *STREAM, "contentBlockStart", "start"):
        reader, reducer = ChunkReader(), StreamReducer()
        event = {"contentBlockStart": {"contentBlockIndex": 0, "start": start}}
        reader.feed(event)
        reducer.feed(event)
        assert sent(chat_response(reducer.response()).message) == reducer.content()
