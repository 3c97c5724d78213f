"""Structured output: how it is asked for, and what is read out of an answer."""

from __future__ import annotations

import copy
import json
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from bedrock_unified.converse.json_text import find_object, find_partial_object
from bedrock_unified.converse.reducer import StreamReducer
from bedrock_unified.converse.structured import Answer, Reading, may_force_tools, text_format, with_schema
from bedrock_unified.errors import InvalidRequestError, StructuredOutputError
from bedrock_unified.models.profile import Profile

CITY = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "people": {"type": "integer", "minimum": 1}},
}
#: It has no form that Bedrock holds a model to.
OPEN = {
    "type": "object",
    "properties": {"sizes": {"type": "object", "additionalProperties": {"type": "integer"}}},
}
REQUEST: dict[str, Any] = {
    "modelId": "m",
    "messages": [{"role": "user", "content": [{"text": "Paris?"}]}],
    "system": [{"text": "Be brief."}],
    "outputConfig": {"effort": "low"},
}
NATIVE, STRICT, TOOL, TEXT = (
    Profile(structured_output=best) for best in ("native", "strict", "tool", "text")
)
PARIS = {"name": "Paris", "people": 2_000_000}


def asked(profile: Profile, schema: dict[str, Any] = CITY, **how: Any) -> tuple[dict[str, Any], Reading]:
    """The request for a city; the given one must stay as it was."""
    before = copy.deepcopy((REQUEST, schema))
    request, reading = with_schema(
        REQUEST, schema, name="City", description="A city.", profile=profile, **how
    )
    assert (REQUEST, schema) == before
    service = botocore.session.get_session().get_service_model("bedrock-runtime")
    shape = service.operation_model("Converse").input_shape
    report = ParamValidator().validate(request, shape)
    assert not report.has_errors(), report.generate_report()
    return request, reading


def says(*content: dict[str, Any], stop: str = "end_turn") -> dict[str, Any]:
    """A Converse response."""
    return {"output": {"message": {"role": "assistant", "content": [*content]}}, "stopReason": stop}


def calls(name: str, given: Any, **more: Any) -> dict[str, Any]:
    """A tool call's block."""
    return {"toolUse": {"toolUseId": "t", "name": name, "input": given, **more}}


def test_ol_31_native_output_is_held_to_the_schema_next_to_the_requests_own_effort() -> None:
    request, reading = asked(NATIVE)
    assert request["outputConfig"]["effort"] == "low"
    described = request["outputConfig"]["textFormat"]["structure"]["jsonSchema"]
    assert (described["name"], described["description"]) == ("City", "A city.")
    schema = json.loads(described["schema"])
    assert schema["additionalProperties"] is False
    assert schema["properties"]["people"] == {"type": "integer", "description": "minimum: 1"}
    assert "toolConfig" not in request
    assert reading.value(says({"text": json.dumps(PARIS)})) == PARIS


@pytest.mark.parametrize(("profile", "strict"), [(STRICT, True), (TOOL, None)])
def test_ol_31_a_tool_must_be_called_and_is_strict_where_the_model_knows_that(
    profile: Profile, strict: bool | None
) -> None:
    request, reading = asked(profile)
    assert request["toolConfig"]["toolChoice"] == {"any": {}}
    spec = request["toolConfig"]["tools"][0]["toolSpec"]
    assert spec.get("strict") is strict
    assert spec["inputSchema"]["json"].get("additionalProperties") is (False if strict else None)
    assert request["outputConfig"] == {"effort": "low"}
    assert reading.value(says({"text": "So."}, calls("City", PARIS), stop="tool_use")) == PARIS


def test_ol_31_json_text_is_asked_for_in_words() -> None:
    request, reading = asked(TEXT)
    assert request["system"][0] == {"text": "Be brief."}
    assert '"people"' in request["system"][1]["text"]
    assert "toolConfig" not in request
    assert reading.value(says({"text": f"Here:\n```json\n{json.dumps(PARIS)}\n```"})) == PARIS


@pytest.mark.parametrize(
    ("profile", "how", "schema", "way", "strict"),
    [
        (NATIVE, {}, CITY, "json_schema", None),
        (NATIVE, {}, OPEN, "function_calling", None),
        (STRICT, {}, OPEN, "function_calling", None),
        (NATIVE, {"strict": False}, CITY, "function_calling", False),
        (NATIVE, {"strict": True}, CITY, "json_schema", None),
        (NATIVE, {"method": "function_calling"}, CITY, "function_calling", True),
        (NATIVE, {"method": "function_calling", "strict": False}, CITY, "function_calling", False),
        (NATIVE, {"method": "json_text"}, CITY, "json_text", None),
        (TOOL, {"method": "function_calling"}, CITY, "function_calling", None),
        (TOOL, {"strict": True}, CITY, "function_calling", True),
        (TEXT, {"method": "json_schema"}, CITY, "json_schema", None),
        (TEXT, {"method": "function_calling"}, CITY, "function_calling", None),
        (Profile(tools=False), {}, CITY, "json_text", None),
        (Profile(tools=False, structured_output="native"), {}, OPEN, "json_text", None),
    ],
)
def test_the_way_is_the_callers_or_the_models_best_that_the_schema_allows(
    profile: Profile, how: dict[str, Any], schema: dict[str, Any], way: str, strict: bool | None
) -> None:
    request, reading = asked(profile, schema, **how)
    assert reading.way == way
    if way == "function_calling":
        assert request["toolConfig"]["tools"][0]["toolSpec"].get("strict") is strict
    assert ("tool_choice" in reading.implied) is (way == "function_calling")
    assert ("strict" in reading.implied) is (strict is True and "strict" not in how)


@pytest.mark.parametrize("how", [{"method": "json_schema"}, {"strict": True}])
def test_what_was_asked_for_and_the_schema_does_not_allow_is_refused(how: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequestError, match="keys of any name at sizes"):
        asked(NATIVE, OPEN, **how)


def test_a_schema_of_too_many_optional_properties_is_a_plain_tool_unless_asked_for() -> None:
    many = {"type": "object", "properties": {f"p{number}": {"type": "string"} for number in range(30)}}
    assert asked(NATIVE, many)[1].way == "function_calling"
    assert asked(NATIVE, many, method="json_schema")[1].way == "json_schema"


@pytest.mark.parametrize(
    ("choices", "how", "choice", "told"),
    [
        ({"auto", "any", "tool"}, {}, {"any": {}}, False),
        ({"auto", "tool"}, {}, {"tool": {"name": "City"}}, False),
        ({"auto"}, {}, {"auto": {}}, True),
        ((), {}, None, True),
        ({"auto", "any", "tool"}, {"may_force": False}, {"auto": {}}, True),
    ],
)
def test_where_a_call_cannot_be_demanded_the_model_is_asked_to(
    choices: Any, how: dict[str, Any], choice: Any, told: bool
) -> None:
    request, _ = asked(Profile(structured_output="tool", tool_choices=frozenset(choices)), **how)
    assert request["toolConfig"].get("toolChoice") == choice
    assert ("calling the tool City" in str(request["system"])) is told


def test_a_tool_stands_beside_those_of_the_request() -> None:
    other = {"toolSpec": {"name": "search", "inputSchema": {"json": {"type": "object"}}}}
    request, _ = with_schema({"toolConfig": {"tools": [other]}}, CITY, name="City", profile=TOOL)
    assert [tool["toolSpec"]["name"] for tool in request["toolConfig"]["tools"]] == ["search", "City"]
    assert request["toolConfig"]["toolChoice"] == {"tool": {"name": "City"}}


@pytest.mark.parametrize(
    ("request_", "profile", "says_"),
    [
        ({"outputConfig": {"textFormat": {}}}, NATIVE, "text format already"),
        ({"toolConfig": {"tools": [], "toolChoice": {"auto": {}}}}, TOOL, "a tool choice already"),
        ({"toolConfig": {"tools": [{"toolSpec": {"name": "City"}}]}}, TOOL, "named 'City' already"),
    ],
)
def test_a_request_that_asks_otherwise_already_is_refused(
    request_: dict[str, Any], profile: Profile, says_: str
) -> None:
    with pytest.raises(InvalidRequestError, match=says_):
        with_schema(request_, CITY, name="City", profile=profile)


def test_a_method_that_there_is_not_is_refused() -> None:
    with pytest.raises(InvalidRequestError, match="json_mood"):
        asked(NATIVE, method="json_mood")


def test_a_name_becomes_one_that_bedrock_takes() -> None:
    for name, taken in (("Box[int]", "Box_int"), ("Straße", "Stra_e"), ("", "answer"), ("日本", "answer")):
        request, reading = with_schema({}, CITY, name=name, profile=TOOL)
        assert request["toolConfig"]["tools"][0]["toolSpec"]["name"] == reading.name == taken


@pytest.mark.parametrize("profile", [NATIVE, STRICT, TOOL, TEXT])
def test_a_schema_that_is_no_object_is_asked_for_as_a_property(profile: Profile) -> None:
    schema = {
        "type": "array",
        "items": {"$ref": "#/$defs/City"},
        "$defs": {"City": {**CITY, "required": ["name"]}},
    }
    _, reading = asked(profile, schema)
    assert reading.wrapped
    held = json.dumps({"value": [PARIS]})
    answer = calls("City", json.loads(held)) if reading.way == "function_calling" else {"text": held}
    assert reading.value(says(answer)) == [PARIS]
    assert reading.so_far(Answer(held, [("City", held[:20])])) is not None
    assert reading.so_far(Answer("", [("City", "{")])) is None
    empty = calls("City", {}) if reading.way == "function_calling" else {"text": "{}"}
    with pytest.raises(StructuredOutputError, match="no member 'value'"):
        reading.value(says(empty))


def test_a_recursive_class_is_a_plain_tool_with_an_object_at_its_root() -> None:
    node = {"type": "object", "properties": {"next": {"$ref": "#/$defs/Node"}}}
    request, reading = asked(NATIVE, {"$ref": "#/$defs/Node", "$defs": {"Node": node}})
    schema = request["toolConfig"]["tools"][0]["toolSpec"]["inputSchema"]["json"]
    assert (schema["type"], reading.wrapped) == ("object", False)
    assert schema["$defs"] == {"Node": node}


@pytest.mark.parametrize(
    ("profile", "fields", "reasoning", "may"),
    [
        (Profile(vendor="anthropic"), None, None, True),
        (Profile(vendor="anthropic"), {"thinking": {"type": "enabled", "budget_tokens": 1024}}, None, False),
        (Profile(vendor="anthropic"), {"thinking": {"type": "disabled"}}, None, True),
        (Profile(vendor="anthropic"), None, "high", False),
        (Profile(vendor="anthropic"), None, 2048, False),
        (Profile(vendor="anthropic"), None, "none", True),
        (Profile(vendor="anthropic"), None, {"type": "disabled"}, True),
        (Profile(vendor="anthropic"), None, "off", True),
        (Profile(vendor="anthropic"), None, False, True),
        (Profile(vendor="anthropic"), None, {"effort": "none"}, True),
        (Profile(vendor="anthropic"), None, "auto", True),
        (Profile(vendor="anthropic"), None, True, False),
        (Profile(vendor="amazon"), None, "high", True),
    ],
)
def test_claude_cannot_be_made_to_call_a_tool_while_it_thinks(
    profile: Profile, fields: Any, reasoning: Any, may: bool
) -> None:
    assert may_force_tools(profile, fields, reasoning) is may


WRITTEN, CALLED = Reading("json_schema", "City"), Reading("function_calling", "City")


@pytest.mark.parametrize(
    ("reading", "response", "what", "hint"),
    [
        (WRITTEN, says({"text": "Sorry, no."}, stop="guardrail_intervened"), "guardrail", "trace"),
        (CALLED, says({"text": "…"}, stop="content_filtered"), "content filter", "rephrase"),
        (WRITTEN, says({"text": json.dumps(PARIS)}, stop="refusal"), "refused", "rephrase"),
        (
            WRITTEN,
            says({"text": '{"name": "Pa'}, stop="max_tokens"),
            r"unfinished.*\(max_tokens",
            "max_tokens",
        ),
        (CALLED, says(calls("City", {}), stop="max_tokens"), "unfinished", "max_tokens"),
        (
            CALLED,
            says(calls("City", PARIS), stop="model_context_window_exceeded"),
            "unfinished",
            "max_tokens",
        ),
        (CALLED, says(stop="malformed_tool_use"), "tool call that Bedrock could not read", "json_schema"),
        (WRITTEN, says(stop="malformed_model_output"), "what Bedrock could not read", "try again"),
        (
            WRITTEN,
            says({"text": "It is Paris."}),
            "no whole JSON object; it begins 'It is Paris.'",
            "json_schema",
        ),
        (WRITTEN, says({"text": '{"a": 1'}, stop="stop_sequence"), "at a stop sequence", "try again"),
        (WRITTEN, says(calls("search", {}), stop="tool_use"), "called 'search' instead", "answer the call"),
        (
            CALLED,
            says({"text": "It is Paris."}),
            "no tool call of that name; the model wrote 'It is",
            "must be called",
        ),
        (
            CALLED,
            says(calls("search", {}), stop="tool_use"),
            "no tool call.*it calls search",
            "must be called",
        ),
        (CALLED, says(calls("City", '{"name": '), stop="tool_use"), "no JSON object", "try again"),
        (CALLED, says(calls("City", [1]), stop="tool_use"), "no JSON object", "try again"),
        (CALLED, says(calls("City", {}, type="server_tool_use")), "no tool call", "must be called"),
        (CALLED, {}, "no tool call", "must be called"),
    ],
)
def test_an_answer_without_the_object_says_why_and_keeps_the_whole_response(
    reading: Reading, response: dict[str, Any], what: str, hint: str
) -> None:
    with pytest.raises(StructuredOutputError, match=what) as caught:
        reading.value(response)
    assert hint in (caught.value.hint or "")
    assert caught.value.partial == response
    assert "City" in caught.value.message


def test_a_long_answer_is_not_repeated_in_the_message() -> None:
    with pytest.raises(StructuredOutputError) as caught:
        WRITTEN.value(says({"text": "secret " * 1000}))
    assert len(str(caught.value)) < 600


def test_an_object_that_was_finished_before_the_limit_is_one() -> None:
    assert WRITTEN.value(says({"text": json.dumps(PARIS)}, stop="max_tokens")) == PARIS
    before = says(calls("City", PARIS), calls("other", {}), stop="max_tokens")
    assert CALLED.value(before) == PARIS


def test_text_next_to_citations_and_reasoning_is_read() -> None:
    cited = {"citationsContent": {"content": [{"text": '{"name": "Pa'}], "citations": []}}
    thought = {"reasoningContent": {"reasoningText": {"text": "{no}"}}}
    assert WRITTEN.value(says(thought, cited, {"text": 'ris"}'})) == {"name": "Paris"}


@pytest.mark.parametrize(
    "text",
    [
        '{"a": {"b": 1}}',
        ' \n{"a": {"b": 1}}\n',
        '```json\n{"a": {"b": 1}}\n```',
        '```\n{"a": {"b": 1}}```',
        'Here you are: {"a": {"b": 1}} I hope it helps {smile}.',
        '<thinking>{"a": 2}</thinking>{"a": {"b": 1}}',
        '<think>\n{\n</think>\n\n{"a": {"b": 1}}',
        'For {x} in set: {"a": {"b": 1}}',
    ],
)
def test_the_object_is_found_in_a_text(text: str) -> None:
    assert find_object(text) == {"a": {"b": 1}}


@pytest.mark.parametrize("text", ["", "no", "[1]", '{"a": ', "{" * 5000, '{"a": NaN}', "<think>{}"])
def test_no_object_is_made_up(text: str) -> None:
    assert find_object(text) is None


def test_numbers_of_any_size_stay_exact() -> None:
    assert find_object('{"n": 123456789012345678901234567890}') == {"n": 123456789012345678901234567890}


def test_a_partial_object_grows_with_its_text() -> None:
    text = f"Here: {json.dumps({'name': 'Paris', 'parts': ['a', 'b']})} Done."
    seen = [found for end in range(len(text) + 1) if (found := find_partial_object(text[:end])) is not None]
    assert seen[0] == {}
    assert {"name": "Par"} in seen
    assert seen[-1] == {"name": "Paris", "parts": ["a", "b"]}
    assert [len(str(one)) for one in seen] == sorted(len(str(one)) for one in seen)


@pytest.mark.parametrize("reading", [WRITTEN, CALLED])
def test_a_stream_shows_the_value_so_far(reading: Reading) -> None:
    kind = "toolUse" if reading is CALLED else "text"
    reducer = StreamReducer()
    assert reading.so_far(Answer.of(reducer.response())) is None
    if kind == "toolUse":
        start = {"toolUse": {"toolUseId": "t", "name": "City"}}
        reducer.take("contentBlockStart", {"contentBlockIndex": 0, "start": start})
    shown = []
    for piece in ('{"na', 'me": "Pa', 'ris", ', '"people": 5}'):
        delta = {"toolUse": {"input": piece}} if kind == "toolUse" else {"text": piece}
        reducer.take("contentBlockDelta", {"contentBlockIndex": 0, "delta": delta})
        shown.append(reading.so_far(Answer.of(reducer.response())))
    assert shown == [{}, {"name": "Pa"}, {"name": "Paris"}, {"name": "Paris", "people": 5}]
    reducer.take("messageStop", {"stopReason": "end_turn"})
    assert reading.value(reducer.response()) == {"name": "Paris", "people": 5}


def test_a_text_format_needs_no_name() -> None:
    assert text_format(CITY)["structure"]["jsonSchema"].keys() == {"schema"}


@pytest.mark.parametrize("profile", [NATIVE, STRICT, TOOL, TEXT])
@pytest.mark.parametrize("may_force", [False, True])
@pytest.mark.parametrize("used", [False, True])
@pytest.mark.parametrize("prefill", [False, True])
def test_an_object_is_no_answer_that_goes_on(
    profile: Profile, may_force: bool, used: bool, prefill: bool
) -> None:
    """But text may: a conversation that ends with "{" is one that is continued."""
    turns: list[dict[str, Any]] = [*REQUEST["messages"], {"role": "assistant", "content": [{"text": "{"}]}]
    if used:
        turns[1:1] = [
            {"role": "assistant", "content": [calls("find", {})]},
            {"role": "user", "content": [{"toolResult": {"toolUseId": "t", "content": [{"text": "."}]}}]},
        ]
    request = {**REQUEST, "messages": turns}
    profile = profile._replace(prefill=prefill)
    ready, _ = with_schema(request, CITY, name="City", profile=profile, may_force=may_force)
    goes_on = profile.structured_output == "text" and prefill and not used
    assert ready["messages"][: len(turns)] == turns
    assert ready["messages"][len(turns) :] == (
        [] if goes_on else [{"role": "user", "content": [{"text": "."}]}]
    )
