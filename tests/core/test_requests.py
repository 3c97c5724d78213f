"""What the builders of requests build, judged by botocore's validator; what they are given is not changed."""

from __future__ import annotations

import copy
from itertools import pairwise
from typing import Any

import pytest
from botocore.model import ServiceModel
from hypothesis import given, settings
from hypothesis import strategies as st

from bedrock_unified.converse.guardrail import STREAM_MODES, TRACES, guardrail_config
from bedrock_unified.converse.tools import is_none, stub_tools, tool_choice, tool_spec
from bedrock_unified.converse.turns import is_blank, merged_turns
from bedrock_unified.errors import ConfigurationError, InvalidRequestError
from bedrock_unified.parameters import ConverseParameters

from .shapes import OPERATIONS, documents, findings, guardrail_ids, guardrail_versions, values, words

# Guardrails


@settings(max_examples=150)
@given(
    guardrail_ids,
    guardrail_versions,
    st.none() | st.sampled_from(TRACES),
    st.none() | st.sampled_from(STREAM_MODES),
    st.booleans(),
    st.booleans(),
)
def test_a_guardrail_is_valid_for_its_operation(
    runtime: ServiceModel,
    identifier: str,
    version: str,
    trace: str | None,
    mode: str | None,
    streaming: bool,
    as_config: bool,
) -> None:
    single = {"guardrailIdentifier": identifier, "guardrailVersion": version}
    config = {**single, "trace": "disabled", "streamProcessingMode": "sync"} if as_config else None
    before = copy.deepcopy(config)
    names = (None, None) if as_config else (identifier, version)
    built = guardrail_config(
        *names, trace=trace, stream_processing_mode=mode, config=config, streaming=streaming
    )
    shape = runtime.operation_model(OPERATIONS[streaming]).input_shape.members["guardrailConfig"]
    assert findings(built, shape) == ""
    assert built is not None
    assert set(built) <= set(shape.members)
    assert built.items() >= single.items()
    assert config == before


def test_the_traces_and_modes_are_the_service_models(runtime: ServiceModel) -> None:
    shape = runtime.operation_model("ConverseStream").input_shape.members["guardrailConfig"]
    assert set(shape.members["trace"].enum) == set(TRACES)
    assert set(shape.members["streamProcessingMode"].enum) == set(STREAM_MODES)


def test_no_guardrail_is_none() -> None:
    assert guardrail_config(None, None) is None
    assert guardrail_config(None, None, config={}) is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"identifier": "abc", "version": None}, "without guardrail_version"),
        ({"identifier": None, "version": "1"}, "without guardrail_identifier"),
        ({"identifier": None, "version": None, "trace": "enabled"}, "without guardrail_identifier"),
        ({"identifier": "abc", "version": None, "config": {"trace": "enabled"}}, "without guardrail_version"),
        ({"identifier": "ABC", "version": "1"}, "guardrail_identifier 'ABC'"),
        ({"identifier": "abc\n", "version": "1"}, "guardrail_identifier 'abc\\\\n'"),
        ({"identifier": "abc", "version": "0"}, "guardrail_version '0'"),
        ({"identifier": "abc", "version": "draft"}, "guardrail_version 'draft'"),
        ({"identifier": "abc", "version": 1}, "guardrail_version 1"),
        ({"identifier": "abc", "version": "1", "trace": "on"}, "guardrail trace 'on'"),
        ({"identifier": "abc", "version": "1", "stream_processing_mode": "x"}, "streamProcessingMode 'x'"),
    ],
)
def test_a_guardrail_that_would_not_guard_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        guardrail_config(**arguments)


@pytest.mark.parametrize("streaming", [True, False])
def test_a_models_guardrail_is_checked_when_it_is_made(streaming: bool) -> None:
    with pytest.raises(ConfigurationError, match="without guardrail_version"):
        ConverseParameters(guardrail_identifier="abc")
    model = ConverseParameters()
    with pytest.raises(ConfigurationError, match="without guardrail_version"):
        model.converse_members({"guardrail_identifier": "abc"}, streaming=streaming)


# Turns


@settings(max_examples=60)
@given(data=st.data())
def test_merged_turns_are_valid_and_lose_nothing_but_blank_text(
    data: st.DataObject, runtime: ServiceModel
) -> None:
    message = runtime.shape_for("Message")
    turns = data.draw(st.lists(values(message, 3), max_size=6))
    before = copy.deepcopy(turns)
    merged = merged_turns(turns)
    for turn in merged:
        assert findings(turn, message) == ""
        assert turn["content"]
    assert turns == before, "the caller's turns were changed"
    kept = [(turn["role"], block) for turn in turns for block in turn["content"] if not is_blank(block)]
    assert [(turn["role"], block) for turn in merged for block in turn["content"]] == kept
    roles = [turn["role"] for turn in merged]
    assert all(one != other for one, other in pairwise(roles))
    assert merged_turns(merged) == merged


def test_the_lists_of_merged_turns_are_new_and_their_blocks_are_shared() -> None:
    block = {"text": "a"}
    turns = [{"role": "user", "content": [block]}, {"role": "user", "content": [{"text": "b"}]}]
    (merged,) = merged_turns(turns)
    assert merged["content"] is not turns[0]["content"]
    assert merged["content"][0] is block


@pytest.mark.parametrize(
    ("block", "blank"),
    [
        ({"text": ""}, True),
        ({"text": " \n\t"}, True),
        ({"text": "a"}, False),
        ({"text": "", "laterMember": 1}, False),
        ({"toolUse": {"toolUseId": "t", "name": "n", "input": {}}}, False),
        ({"cachePoint": {"type": "default"}}, False),
    ],
)
def test_only_blank_text_is_blank(block: dict[str, Any], blank: bool) -> None:
    assert is_blank(block) is blank


# Tools

schemas = st.dictionaries(words, documents, max_size=3).map(lambda extra: {**extra, "type": "object"})


@given(words, st.none() | st.text(max_size=5), st.none() | st.just({}) | schemas, st.none() | st.booleans())
def test_a_tool_is_valid_and_its_schema_is_taken_as_it_is(
    runtime: ServiceModel, name: str, description: str | None, schema: Any, strict: bool | None
) -> None:
    before = copy.deepcopy(schema)
    spec = tool_spec(name, description, schema, strict=strict)
    assert findings(spec, runtime.shape_for("Tool")) == ""
    assert schema == before
    told = spec["toolSpec"]
    assert told["inputSchema"]["json"] == (schema or {"type": "object", "properties": {}})
    assert ("description" in told) == bool(description and description.strip())
    assert told.get("strict") is strict


def test_tools_without_a_schema_do_not_share_one() -> None:
    one, other = (tool_spec("a", None, None)["toolSpec"]["inputSchema"]["json"] for _ in range(2))
    one["properties"]["x"] = {}
    assert other == {"type": "object", "properties": {}}


CHOICES: list[tuple[Any, dict[str, Any] | None]] = [
    (None, None),
    ("auto", {"auto": {}}),
    ("any", {"any": {}}),
    ("required", {"any": {}}),
    (True, {"any": {}}),
    ("weather", {"tool": {"name": "weather"}}),
    ({"auto": {}}, {"auto": {}}),
    ({"any": {}}, {"any": {}}),
    ({"tool": {"name": "weather"}}, {"tool": {"name": "weather"}}),
    ({"type": "function", "function": {"name": "weather"}}, {"tool": {"name": "weather"}}),
    ({"type": "tool", "name": "weather"}, {"tool": {"name": "weather"}}),
    ({"type": "auto"}, {"auto": {}}),
    ({"type": "any"}, {"any": {}}),
    ({"type": "required"}, {"any": {}}),
    ({"name": "weather"}, {"tool": {"name": "weather"}}),
]


@pytest.mark.parametrize(("choice", "chosen"), CHOICES, ids=repr)
def test_a_choice_in_any_spelling_becomes_converses(choice: Any, chosen: Any, runtime: ServiceModel) -> None:
    before = copy.deepcopy(choice)
    found = tool_choice(choice, {"weather", "clock"})
    assert found == chosen
    assert choice == before
    if found is not None:
        assert findings(found, runtime.shape_for("ToolChoice")) == ""
        next(iter(found.values()))["spoiled"] = True
        assert tool_choice(choice, {"weather"}) == chosen, "the answer is shared between calls"


@pytest.mark.parametrize(
    "choice",
    ["wether", {"tool": {"name": "wether"}}, {"type": "function", "function": {"name": "wether"}}],
    ids=repr,
)
def test_a_choice_of_a_tool_that_is_not_there_names_those_that_are(choice: Any) -> None:
    with pytest.raises(InvalidRequestError, match="'wether'") as caught:
        tool_choice(choice, {"weather", "clock"})
    assert "clock, weather" in str(caught.value.hint)


@pytest.mark.parametrize(
    "choice", [7, [], {}, {"type": []}, {"type": "later"}, {"tool": "weather"}, b"auto"], ids=repr
)
def test_a_choice_of_no_known_shape_is_refused(choice: Any) -> None:
    with pytest.raises(InvalidRequestError, match="tool_choice"):
        tool_choice(choice, {"weather"})


@pytest.mark.parametrize("choice", [False, "none", {"type": "none"}, {"none": {}}], ids=repr)
def test_no_tool_may_be_said_in_several_ways(choice: Any) -> None:
    assert is_none(choice)


@pytest.mark.parametrize("choice", [choice for choice, _ in CHOICES], ids=repr)
def test_no_other_choice_means_no_tool(choice: Any) -> None:
    assert not is_none(choice)


def test_a_history_declares_the_tools_it_speaks_of(runtime: ServiceModel) -> None:
    use = {"toolUse": {"toolUseId": "1", "name": "weather", "input": {}}}
    result = {"toolResult": {"toolUseId": "1", "content": [{"text": "sunny"}]}}
    turns = [{"role": "assistant", "content": [use, use]}, {"role": "user", "content": [result]}]
    before = copy.deepcopy(turns)
    tools = stub_tools(turns)
    assert [tool["toolSpec"]["name"] for tool in tools] == ["weather"]
    assert findings({"tools": tools}, runtime.shape_for("ToolConfiguration")) == ""
    assert turns == before
    assert [tool["toolSpec"]["name"] for tool in stub_tools([turns[1]])] == ["tool"]
    assert stub_tools([{"role": "user", "content": [{"text": "a"}]}]) == []
    nameless = {"role": "assistant", "content": [{"toolUse": {"toolUseId": "1", "input": {}}}]}
    assert [tool["toolSpec"]["name"] for tool in stub_tools([nameless])] == ["tool"]  # AWS says what lacks
