"""What is refused before a Converse request is sent, and that nothing else is."""

from __future__ import annotations

import copy
from enum import Enum
from typing import Any
from uuid import UUID

import pytest
from botocore.model import ServiceModel
from hypothesis import given, settings
from hypothesis import strategies as st

from bedrock_unified.converse.checks import FORMATS, MEMBERS, check_converse
from bedrock_unified.errors import InvalidRequestError

from .shapes import documents, params

ASK: dict[str, Any] = {"modelId": "m", "messages": [{"role": "user", "content": [{"text": "Hello?"}]}]}


class Tier(Enum):
    """A plain enumeration, which the codec writes by its value."""

    PRIORITY = "priority"
    NUMBER = 1


def refusal(**changes: Any) -> InvalidRequestError:
    with pytest.raises(InvalidRequestError) as caught:
        check_converse({**ASK, **changes}, operation="Converse")
    assert caught.value.operation == "Converse"
    return caught.value


def user(*blocks: Any) -> list[dict[str, Any]]:
    return [{"role": "user", "content": list(blocks)}]


def test_the_known_members_are_the_service_models(runtime: ServiceModel) -> None:
    for operation in ("Converse", "ConverseStream"):
        assert runtime.operation_model(operation).input_shape.members.keys() == MEMBERS


@pytest.mark.parametrize("kind", sorted(FORMATS))
def test_the_formats_are_the_service_models(kind: str, runtime: ServiceModel) -> None:
    media = runtime.shape_for("ContentBlock").members[kind]
    assert set(media.members["format"].enum) == FORMATS[kind]


def test_every_content_block_with_a_format_is_checked(runtime: ServiceModel) -> None:
    with_format = {
        name
        for name, block in runtime.shape_for("ContentBlock").members.items()
        if block.type_name == "structure" and "format" in block.members
    }
    assert with_format == set(FORMATS)


@settings(max_examples=150)
@given(data=st.data())
def test_what_botocore_accepts_is_not_refused(data: st.DataObject, runtime: ServiceModel) -> None:
    shape = runtime.operation_model("Converse").input_shape
    request = data.draw(params(shape))
    request["messages"] = [*(request.get("messages") or []), *ASK["messages"]]
    for tool in request.get("toolConfig", {}).get("tools", []):
        if "toolSpec" in tool:  # the service model leaves the schema open, Bedrock does not
            tool["toolSpec"]["inputSchema"] = {"json": {"type": "object", "properties": {}}}
    if guardrail := request.get("guardrailConfig"):  # it also leaves half a guardrail to Bedrock
        guardrail.update(guardrailIdentifier="abc", guardrailVersion="1")
    before = copy.deepcopy(request)
    check_converse(request, operation="Converse")
    assert request == before


NAMES = [
    *("role", "content", "text", "image", "document", "toolResult", "format", "toolSpec", "json", "tools"),
    *("inputSchema", "type", "temperature", "maxTokens", "guardrailVersion", "guardrailIdentifier"),
]
anything = st.recursive(
    documents | st.binary(max_size=4) | st.builds(object),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(NAMES),
            inner,
            max_size=3,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=250)
@given(st.dictionaries(st.sampled_from(sorted(MEMBERS)), anything, max_size=6))
def test_no_input_makes_it_fail_otherwise_than_by_a_refusal(request: dict[str, Any]) -> None:
    try:
        check_converse(request, operation="Converse")
    except InvalidRequestError as error:
        assert error.message


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("message", "messages"), ("inferenceconfig", "inferenceConfig"), ("model_id", "modelId"), ("zzz", None)],
)
def test_an_unknown_member_is_refused_by_its_name(name: str, nearest: str | None) -> None:
    error = refusal(**{name: 1})
    assert f"{name!r}" in error.message
    assert (f"{nearest!r}" if nearest else "additionalModelRequestFields") in str(error.hint)


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("temperature", "inferenceConfig={'temperature'"),
        ("max_tokens", "inferenceConfig={'maxTokens'"),
        ("topP", "inferenceConfig={'topP'"),
        ("stop", "inferenceConfig={'stopSequences'"),
        ("tools", "toolConfig={'tools'"),
        ("tool_choice", "toolConfig={'tools'"),
    ],
)
def test_a_member_of_another_api_is_told_its_place(name: str, place: str) -> None:
    error = refusal(**{name: 1})
    assert place in str(error.hint)


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"inferenceConfig": {"stopSequences": 7}}, "inferenceConfig.stopSequences must be a list"),
        ({"inferenceConfig": {"stopSequences": "END"}}, "inferenceConfig.stopSequences must be a list"),
        ({"inferenceConfig": {"stopSequences": ["END", 7]}}, "inferenceConfig.stopSequences holds 7"),
        ({"serviceTier": "priority"}, "serviceTier must be a dict"),
        ({"serviceTier": {"type": 7}}, "serviceTier.type is 7"),
        ({"performanceConfig": "optimized"}, "performanceConfig must be a dict"),
        ({"performanceConfig": {"latency": True}}, "performanceConfig.latency is True"),
        ({"requestMetadata": ["a"]}, "requestMetadata must be a dict"),
        ({"requestMetadata": {"tenant": 1}}, "requestMetadata.tenant is 1"),
        ({"requestMetadata": {"tenant": None}}, "requestMetadata.tenant is None"),
        ({"serviceTier": {"type": Tier.NUMBER}}, "serviceTier.type is"),
        ({"additionalModelResponseFieldPaths": "/stop_sequence"}, "Paths must be a list"),
        ({"additionalModelResponseFieldPaths": [1]}, "additionalModelResponseFieldPaths holds 1"),
        ({"promptVariables": "a"}, "promptVariables must be a dict"),
        ({"outputConfig": "json"}, "outputConfig must be a dict"),
    ],
)
def test_what_is_no_member_of_its_type_is_refused(changes: dict[str, Any], found: str) -> None:
    assert found in refusal(**changes).message


@pytest.mark.parametrize(
    "changes",
    [
        {"requestMetadata": {"trace": UUID(int=1), "blob": b"x"}},
        {"serviceTier": {"type": Tier.PRIORITY}},
        {"performanceConfig": {"latency": None}},
        {"inferenceConfig": {"stopSequences": (Tier.PRIORITY, "END")}},
    ],
)
def test_what_is_written_as_text_is_text(changes: dict[str, Any]) -> None:
    check_converse({**ASK, **changes}, operation="Converse")


@pytest.mark.parametrize("messages", [[], None, ()], ids=repr)
def test_no_messages_are_refused(messages: Any) -> None:
    assert "messages is empty" in refusal(messages=messages).message


def test_a_prompt_resource_brings_its_own_messages() -> None:
    arn = "arn:aws:bedrock:us-east-1:123456789012:prompt/ABCDEFGHIJ"
    check_converse({"modelId": arn}, operation="Converse")
    check_converse({"modelId": "m", "promptVariables": {"a": {"text": "b"}}}, operation="Converse")


@pytest.mark.parametrize("messages", ["Hello?", {"role": "user"}, 3], ids=repr)
def test_messages_that_are_not_a_list_are_refused(messages: Any) -> None:
    assert "messages must be a list" in refusal(messages=messages).message


@pytest.mark.parametrize("message", ["Hello?", {"content": []}, None, ["user", "Hello?"]], ids=repr)
def test_a_message_needs_a_role_and_content(message: Any) -> None:
    assert "'role'" in refusal(messages=[message]).message


@pytest.mark.parametrize("content", ["Hello?", None, 7, {"text": "Hello?"}], ids=repr)
def test_content_that_is_not_a_list_of_blocks_is_refused_with_the_way_out(content: Any) -> None:
    error = refusal(messages=[{"role": "user", "content": content}])
    assert "must be a list of blocks" in error.message
    assert "[{'text': …}]" in str(error.hint)


@pytest.mark.parametrize("block", ["Hello?", None, 3, ["text"]], ids=repr)
def test_a_block_that_is_not_a_dict_is_refused(block: Any) -> None:
    assert f"{block!r}" in refusal(messages=user(block)).message


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("temperature", 3),
        ("temperature", -0.01),
        ("temperature", "0.5"),
        ("temperature", True),
        ("temperature", float("nan")),
        ("topP", 1.5),
        ("maxTokens", 0),
        ("maxTokens", -1),
        ("maxTokens", 1.5),
        ("maxTokens", "100"),
    ],
)
def test_an_inference_parameter_out_of_range_is_named_with_its_value_and_its_range(
    name: str, value: Any
) -> None:
    error = refusal(inferenceConfig={name: value})
    assert f"inferenceConfig.{name} is {value!r}" in error.message
    assert "from 0 to 1" in str(error.hint) or "at least 1" in str(error.hint)


@pytest.mark.parametrize(("name", "value"), [("temperature", 0), ("temperature", 1.0), ("maxTokens", 1)])
def test_the_ends_of_the_ranges_are_allowed(name: str, value: Any) -> None:
    check_converse({**ASK, "inferenceConfig": {name: value, "topP": None}}, operation="Converse")


@pytest.mark.parametrize("where", ["message", "tool result"])
@pytest.mark.parametrize(
    ("kind", "given_format"),
    [
        ("document", "odt"),
        ("document", "PDF"),
        ("document", None),
        ("image", "tiff"),
        ("video", 7),
        ("audio", []),
    ],
)
def test_an_unknown_media_format_is_refused_with_the_known_ones(
    kind: str, given_format: Any, where: str
) -> None:
    block: dict[str, Any] = {kind: {"format": given_format, "name": "n", "source": {"bytes": b"x"}}}
    if where == "tool result":
        block = {"toolResult": {"toolUseId": "t", "content": [{"text": "see"}, block]}}
    error = refusal(messages=user({"text": "Look"}, block))
    assert f"{given_format!r} is not a {kind} format" in error.message
    assert ", ".join(sorted(FORMATS[kind])) in str(error.hint)


def test_a_document_may_leave_its_format_to_its_source() -> None:
    document = {"name": "n", "source": {"text": "plain"}}
    check_converse({**ASK, "messages": user({"document": document})}, operation="Converse")


@pytest.mark.parametrize(
    ("schema", "shown"),
    [
        ({"type": "string"}, "'string'"),
        ({"type": ["object", "null"]}, "['object', 'null']"),
        ([], "[]"),
        (None, "None"),
        ("object", "'object'"),
    ],
    ids=repr,
)
def test_a_tool_schema_that_is_not_an_object_is_refused_by_the_tools_name(schema: Any, shown: str) -> None:
    tool = {"toolSpec": {"name": "weather", "inputSchema": {"json": schema}}}
    error = refusal(toolConfig={"tools": [tool]})
    assert "tool 'weather'" in error.message
    assert shown in error.message
    assert "'type': 'object'" in str(error.hint)


def test_a_tool_without_a_schema_is_refused() -> None:
    assert "tool 'w'" in refusal(toolConfig={"tools": [{"toolSpec": {"name": "w"}}]}).message


def test_tools_that_are_not_specifications_are_bedrocks_to_judge() -> None:
    tools = [{"cachePoint": {"type": "default"}}, {"systemTool": {"name": "nova_grounding"}}]
    check_converse({**ASK, "toolConfig": {"tools": tools}}, operation="Converse")


@pytest.mark.parametrize(
    ("config", "missing"),
    [
        ({"guardrailIdentifier": "abc"}, "guardrailVersion"),
        ({"guardrailIdentifier": "abc", "guardrailVersion": ""}, "guardrailVersion"),
        ({"guardrailVersion": "1"}, "guardrailIdentifier"),
    ],
)
def test_half_a_guardrail_guards_nothing_and_is_refused(config: dict[str, Any], missing: str) -> None:
    assert f"without {missing}" in refusal(guardrailConfig=config).message


@pytest.mark.parametrize("name", ["inferenceConfig", "toolConfig", "guardrailConfig"])
@pytest.mark.parametrize("value", [[], "x", 1], ids=repr)
def test_a_structure_that_is_something_else_is_refused_by_its_name(name: str, value: Any) -> None:
    assert f"{name} must be a dict" in refusal(**{name: value}).message


@pytest.mark.parametrize(("name", "nearest"), [("tool", "tools"), ("tool_choice", "toolChoice"), ("k", None)])
def test_an_unknown_member_of_toolconfig_is_refused_by_its_name(name: str, nearest: str | None) -> None:
    error = refusal(toolConfig={name: []})
    assert repr(name) in error.message
    assert (f"did you mean {nearest!r}?" if nearest else "tools, toolChoice") in str(error.hint)


def test_the_known_members_of_toolconfig_are_the_service_models(runtime: ServiceModel) -> None:
    for name in runtime.shape_for("ToolConfiguration").members:
        check_converse({**ASK, "toolConfig": {name: []}}, operation="Converse")
