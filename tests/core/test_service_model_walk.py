"""Every member of Converse in the installed service model, through the core: as sent, as read, as streamed.

The tests walk the model: one that is new and not handled fails here.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.model import ServiceModel

from bedrock_unified import readers
from bedrock_unified.converse.checks import check_converse
from bedrock_unified.converse.events import ConverseEvents
from bedrock_unified.converse.normal import normalised
from bedrock_unified.models.profile import Profile
from bedrock_unified.wire.eventstream import encode_frame
from bedrock_unified.wire.http import Response
from bedrock_unified.wire.json_codec import dumps
from bedrock_unified.wire.operations import CONVERSE, CONVERSE_STREAM, encode

from .converse.instances import instances, kinds, of_kind, shape
from .shapes import findings

STREAM = ("ConverseStream", "out", "stream")
CONTENT = ("Converse", "in", "messages", "[]", "content", "[]")
EVENTS = (
    "messageStart",
    "contentBlockStart",
    "contentBlockDelta",
    "contentBlockStop",
    "messageStop",
    "metadata",
)
REST = {"modelId": "vendor.model-v1:0", "messages": [{"role": "user", "content": [{"text": "q"}]}]}
OPERATIONS = {"Converse": CONVERSE, "ConverseStream": CONVERSE_STREAM}


def as_json(value: Any) -> Any:
    """What a value is on the wire."""
    return json.loads(json.dumps(value, default=lambda data: b64encode(data).decode()))


# Requests


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_member_of_a_request_is_accepted_and_sent_as_it_is(name: str, runtime: ServiceModel) -> None:
    for instance in instances(name, "in"):
        request = {**REST, **instance}
        assert findings(request, runtime.operation_model(name).input_shape) == "", "the instance is wrong"
        if "guardrailConfig" not in instance:  # its strings have patterns that these instances do not follow
            check_converse(request, operation=name)
        body = as_json({member: value for member, value in request.items() if member != "modelId"})
        assert json.loads(encode(OPERATIONS[name], request).body) == body


@pytest.mark.parametrize("kind", kinds(*CONTENT))
@pytest.mark.parametrize("role", ["user", "assistant"])
def test_every_content_block_passes_the_normaliser(kind: str, role: str) -> None:
    """As it is; a document may get company, and a result of no call becomes text."""
    for block in of_kind(kind, *CONTENT):
        turns = [
            {"role": role, "content": [{"text": "q"}, block]},
            {"role": "user", "content": [{"text": "q"}]},
        ]
        if role == "assistant":
            turns.insert(0, {"role": "user", "content": [{"text": "q"}]})
        request = {"modelId": "vendor.model-v1:0", "messages": turns}
        settled = normalised(request, Profile()).request["messages"]
        arrived = [one for turn in settled if turn["role"] == role for one in turn["content"]]
        if kind == "toolResult" and role == "user":
            assert any("tooluse_1" in one.get("text", "") for one in arrived)
        else:
            assert block in arrived


@pytest.mark.parametrize("kind", kinds("Converse", "in", "system", "[]"))
def test_every_system_block_passes_the_normaliser(kind: str) -> None:
    for block in of_kind(kind, "Converse", "in", "system", "[]"):
        assert normalised({**REST, "system": [block]}, Profile()).request["system"] == [block]


@pytest.mark.parametrize("member", kinds("Converse", "in", "toolConfig"))
def test_every_tool_and_choice_passes_the_normaliser(member: str) -> None:
    for config in of_kind(member, "Converse", "in", "toolConfig"):
        assert normalised({**REST, "toolConfig": config}, Profile()).request["toolConfig"] == config


# Answers


@pytest.mark.parametrize("member", kinds("Converse", "out"))
def test_every_member_of_an_answer_is_read(member: str) -> None:
    whole = {"output": {"message": {"role": "assistant", "content": [{"text": "a"}]}}}
    for instance in of_kind(member, "Converse", "out"):
        answer = {**whole, **instance}
        assert readers.read_converse(Response(200, {}, dumps(answer))) == answer


# Streams


def framed(name: str, members: Any) -> bytes:
    headers = ((":event-type", name), (":content-type", "application/json"), (":message-type", "event"))
    return encode_frame(headers, dumps({**members, "p": "abc"}))


def reduced(*events: dict[str, Any]) -> dict[str, Any]:
    """The response that events add up to, behind the wire."""
    parser = ConverseEvents()
    stop = {"messageStop": {"stopReason": "end_turn"}}
    for event in (*events, stop):
        ((name, members),) = event.items()
        assert parser.feed(framed(name, members)) == [event]
    parser.end()
    return parser.reducer.response()


def leaves(value: Any) -> Iterator[Any]:
    """What a value holds, but for structures that hold nothing."""
    if isinstance(value, dict):
        for item in value.values():
            yield from leaves(item)
    elif isinstance(value, list):
        for item in value:
            yield from leaves(item)
    else:
        yield value


def test_the_events_are_the_service_models() -> None:
    exceptions = {name for name in kinds(*STREAM) if name.endswith("Exception")}
    assert set(kinds(*STREAM)) - exceptions == set(EVENTS)


@pytest.mark.parametrize("kind", kinds(*STREAM, "contentBlockStart", "start"))
def test_every_start_of_a_block_is_in_the_response(kind: str) -> None:
    for start in of_kind(kind, *STREAM, "contentBlockStart", "start"):
        event = {"contentBlockStart": {"contentBlockIndex": 0, "start": start}}
        (block,) = reduced(event)["output"]["message"]["content"]
        assert block[kind].items() >= start[kind].items()


@pytest.mark.parametrize("kind", kinds(*STREAM, "contentBlockDelta", "delta"))
def test_every_delta_of_a_block_is_in_the_response(kind: str) -> None:
    for delta in of_kind(kind, *STREAM, "contentBlockDelta", "delta"):
        if kind == "toolUse":
            delta = {"toolUse": {"input": '{"some": "JSON"}'}}
        event = {"contentBlockDelta": {"contentBlockIndex": 0, "delta": delta}}
        (block,) = reduced(event)["output"]["message"]["content"]
        if kind == "toolUse":
            assert block["toolUse"]["input"] == {"some": "JSON"}
            continue
        kept = list(leaves(block))
        assert all(leaf in kept for leaf in leaves(delta)), delta


@pytest.mark.parametrize("name", ["messageStart", "messageStop", "metadata"])
def test_every_other_member_of_a_stream_is_in_the_response(name: str) -> None:
    for members in instances(*STREAM, name):
        response = reduced({name: members})
        if name == "messageStart":
            assert response["output"]["message"]["role"] == members["role"]
        elif name == "metadata":
            assert response.items() >= members.items()
    if name == "messageStop":
        for members in instances(*STREAM, name):
            parser = ConverseEvents()
            parser.feed(framed(name, members))
            assert parser.reducer.response().items() >= members.items()


STREAMED: list[tuple[str, list[dict[str, Any]], dict[str, Any]]] = [
    ("text", [{"text": "a"}, {"text": "b"}], {"text": "ab"}),
    (
        "image",
        [{"image": {"source": {"bytes": b"ab"}}}, {"image": {"source": {"bytes": b"c"}}}],
        {"image": {"format": "png", "source": {"bytes": b"abc"}}},
    ),
    (
        "image",
        [{"image": {"error": {"message": "filtered"}}}],
        {"image": {"format": "png", "error": {"message": "filtered"}}},
    ),
    (
        "image",
        [{"image": {"source": {"s3Location": {"uri": "s3://bucket/a.png"}}}}],
        {"image": {"format": "png", "source": {"s3Location": {"uri": "s3://bucket/a.png"}}}},
    ),
    (
        "toolResult",
        [{"toolResult": [{"text": "a"}]}, {"toolResult": [{"json": {"b": 1}}]}],
        {
            "toolResult": {
                "toolUseId": "t",
                "type": "x",
                "status": "success",
                "content": [{"text": "a"}, {"json": {"b": 1}}],
            }
        },
    ),
    (
        "toolUse",
        [{"toolUse": {"input": '{"a":'}}, {"toolUse": {"input": "1}"}}],
        {"toolUse": {"toolUseId": "t", "name": "n", "type": "server_tool_use", "input": {"a": 1}}},
    ),
    (
        "reasoningContent",
        [
            {"reasoningContent": {"text": "H"}},
            {"reasoningContent": {"text": "m"}},
            {"reasoningContent": {"signature": "s"}},
        ],
        {"reasoningContent": {"reasoningText": {"text": "Hm", "signature": "s"}}},
    ),
    (
        "citation",
        [{"citation": {"title": "t", "sourceContent": [{"text": "q"}]}}, {"text": "a"}],
        {
            "citationsContent": {
                "citations": [{"title": "t", "sourceContent": [{"text": "q"}]}],
                "content": [{"text": "a"}],
            }
        },
    ),
]


@pytest.mark.parametrize(("kind", "deltas", "block"), STREAMED)
def test_a_streamed_block_is_the_unary_one(
    kind: str, deltas: list[dict[str, Any]], block: dict[str, Any]
) -> None:
    starts = kinds(*STREAM, "contentBlockStart", "start")
    events: list[dict[str, Any]] = []
    if kind in starts:
        head = {
            name: value
            for name, value in block[kind].items()
            if name in shape(*STREAM, "contentBlockStart", "start", kind).members
        }
        events.append({"contentBlockStart": {"contentBlockIndex": 3, "start": {kind: head}}})
    events += [{"contentBlockDelta": {"contentBlockIndex": 3, "delta": delta}} for delta in deltas]
    events.append({"contentBlockStop": {"contentBlockIndex": 3}})
    assert reduced(*events)["output"]["message"]["content"] == [block]


def test_every_kind_of_delta_is_among_the_streamed_blocks() -> None:
    assert {kind for kind, _, _ in STREAMED} == set(kinds(*STREAM, "contentBlockDelta", "delta"))
