"""Tool calls whose input a stream did not finish: nobody may run them."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain.agents import create_agent
from langchain_core.messages import AIMessageChunk
from langchain_core.utils.json import parse_partial_json

from langchain_bedrock_unified import ChatBedrock
from langchain_bedrock_unified.messages.stream import spoiling

from .scripted import Says, ScriptedBedrock

WHOLE = json.dumps({"path": '/tmp/"old\\', "deep": [{"a": [[1, {"b": "]}"}]]}], "n": 1})


def cut(text: str) -> Says:
    return Says([{"toolUse": {"toolUseId": "a", "name": "remove", "input": text}}], stop="max_tokens")


@pytest.mark.parametrize("size", range(1, len(WHOLE)))
def test_cut_anywhere_the_stream_judges_the_call_as_the_unary_answer_does(
    model: ChatBedrock, bedrock: ScriptedBedrock, size: int
) -> None:
    bedrock.says(cut(WHOLE[:size]), cut(WHOLE[:size]))
    unary = model.invoke("q")
    whole = AIMessageChunk([])
    for chunk in model.stream("q"):
        whole += chunk
    (call,), (same,) = unary.invalid_tool_calls, whole.invalid_tool_calls
    assert not whole.tool_calls
    assert (same["name"], same["id"]) == (call["name"], call["id"])
    assert (same["args"] or "").startswith(call["args"] or "")
    assert whole.content[0]["input"] == WHOLE[:size], "the block shows what the model wrote"
    model.invoke([("user", "q"), whole])
    (sent,) = bedrock.last["messages"][1]["content"]
    assert sent["toolUse"]["input"] == {"malformed_json": WHOLE[:size]}


def test_a_whole_call_is_run_with_its_arguments(model: ChatBedrock, bedrock: ScriptedBedrock) -> None:
    bedrock.says(cut(WHOLE))
    whole = AIMessageChunk([])
    for chunk in model.stream("q"):
        whole += chunk
    assert [call["args"] for call in whole.tool_calls] == [json.loads(WHOLE)]
    assert not whole.invalid_tool_calls


def test_an_agent_that_streams_does_not_run_a_call_that_was_cut_off(
    model: ChatBedrock, bedrock: ScriptedBedrock
) -> None:
    removed: list[str] = []

    def remove(path: str) -> str:
        """Remove a folder."""
        removed.append(path)
        return "ok"

    bedrock.says(cut('{"path": "/tmp/old/backup'), "done")
    list(create_agent(model, [remove]).stream({"messages": [("user", "q")]}, stream_mode="messages"))
    assert not removed


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-99, 99) | st.text('ab"\\{}[]:,\n', max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text('ab"\\', max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.text("ab", max_size=2), json_values, max_size=3), st.data())
def test_no_part_of_an_object_is_taken_for_arguments(value: dict[str, object], data: st.DataObject) -> None:
    text = json.dumps(value)
    assert spoiling(text) == ""
    part = text[: data.draw(st.integers(1, len(text) - 1))]
    marked = part + spoiling(part)
    with suppress(ValueError):  # which is not repaired either
        assert not isinstance(parse_partial_json(marked), dict)
