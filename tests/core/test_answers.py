"""Answers read as botocore reads them: blobs, times, absent members; and streams likewise."""

from __future__ import annotations

import base64
import copy
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.eventstream import EventStream
from botocore.model import ServiceModel, Shape
from botocore.parsers import EventStreamJSONParser, create_parser
from hypothesis import given, settings
from hypothesis import strategies as st

from bedrock_unified import readers
from bedrock_unified.converse.blobs import decode_response
from bedrock_unified.converse.events import ChunkEvents, ConverseEvents
from bedrock_unified.listing import _TIMES, with_times, without_nulls
from bedrock_unified.wire.eventstream import encode_frame
from bedrock_unified.wire.http import Response
from bedrock_unified.wire.json_codec import dumps

from .shapes import params, values


def answer(members: Any, status: int = 200) -> Response:
    return Response(
        status,
        {"content-type": "application/json"},
        members if isinstance(members, bytes) else dumps(members),
    )


def by_botocore(model: ServiceModel, operation: str, body: bytes) -> dict[str, Any]:
    parser = create_parser("rest-json")
    shape = model.operation_model(operation).output_shape
    found = parser.parse({"headers": {}, "status_code": 200, "body": body}, shape)
    del found["ResponseMetadata"]
    return found


@settings(max_examples=150)
@given(data=st.data())
def test_a_converse_answer_reads_as_botocore_reads_it(data: st.DataObject, runtime: ServiceModel) -> None:
    members = data.draw(params(runtime.operation_model("Converse").output_shape))
    members["output"] = members.get("output") or {"message": {"role": "assistant", "content": []}}
    body = dumps(members)
    assert readers.read_converse(answer(body)) == members
    assert by_botocore(runtime, "Converse", body) == members


def blob_paths(
    shape: Shape, path: tuple[str, ...] = (), seen: frozenset[str] = frozenset()
) -> list[tuple[str, ...]]:
    """Where a shape has blobs; lists are walked through as ``[]``."""
    if shape.name in seen:
        return []
    seen |= {shape.name}
    if shape.type_name == "blob":
        return [path]
    if shape.type_name == "structure":
        return [
            found
            for name, member in shape.members.items()
            for found in blob_paths(member, (*path, name), seen)
        ]
    if shape.type_name == "list":
        return blob_paths(shape.member, (*path, "[]"), seen)
    return []


def at_path(path: tuple[str, ...], value: Any) -> Any:
    for name in reversed(path):
        value = [value] if name == "[]" else {name: value}
    return value


def test_every_blob_of_the_service_model_is_decoded(runtime: ServiceModel) -> None:
    paths = blob_paths(runtime.operation_model("Converse").output_shape)
    assert len(paths) >= 9
    for path in paths:
        coded = base64.b64encode(b"\x00raw\xff").decode()
        assert decode_response(at_path(path, coded)) == at_path(path, b"\x00raw\xff"), path


def test_every_blob_of_a_stream_is_decoded(runtime: ServiceModel) -> None:
    stream = runtime.operation_model("ConverseStream").output_shape.members["stream"]
    paths = blob_paths(stream)
    assert len(paths) >= 2
    for path in paths:
        members = at_path(path[1:], base64.b64encode(b"\x00raw").decode())
        (event,) = ConverseEvents().feed(framed(path[0], {"contentBlockIndex": 0, **members}))
        assert event == {path[0]: {"contentBlockIndex": 0, **at_path(path[1:], b"\x00raw")}}


def test_text_that_looks_like_base64_stays_text() -> None:
    text = base64.b64encode(b"secret").decode()
    content = [
        {"text": text},
        {"toolUse": {"toolUseId": "t", "name": "n", "input": {"bytes": text, "source": {"bytes": text}}}},
        {
            "toolResult": {
                "toolUseId": "t",
                "content": [{"text": text}, {"json": {"image": {"source": text}}}],
            }
        },
        {"reasoningContent": {"reasoningText": {"text": text, "signature": text}}},
        {"aLaterKind": {"source": {"bytes": text}}},
    ]
    response = {"output": {"message": {"role": "assistant", "content": content}}}
    assert decode_response(copy.deepcopy(response)) == response


def framed(name: str, members: Any) -> bytes:
    headers = [(":event-type", name), (":content-type", "application/json"), (":message-type", "event")]
    return encode_frame(headers, dumps({**members, "p": "abcdefghij"}))


class Wire:
    """What botocore's event stream wants of an HTTP response."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def stream(self) -> Any:
        yield self._data


@settings(max_examples=100)
@given(data=st.data())
def test_stream_events_read_as_botocore_reads_them(data: st.DataObject, runtime: ServiceModel) -> None:
    stream = runtime.operation_model("ConverseStream").output_shape.members["stream"]
    kinds = {name: member for name, member in stream.members.items() if not name.endswith("Exception")}
    events = []
    for _ in range(data.draw(st.integers(1, 5))):
        name = data.draw(st.sampled_from(sorted(kinds)))
        members = data.draw(values(kinds[name], 2))
        if name == "contentBlockDelta":  # the model lets it be absent; Bedrock always sends it
            members.setdefault("delta", {"text": "x"})
        events.append({name: members})
    wire = b"".join(framed(name, members) for event in events for name, members in event.items())
    assert ConverseEvents().feed(wire) == events
    theirs = EventStream(Wire(wire), stream, EventStreamJSONParser(), "ConverseStream")
    assert list(theirs) == events


@given(st.binary(max_size=300), st.text(max_size=60))
def test_a_chunk_of_an_invocation_is_decoded(raw: bytes, padding: str) -> None:
    headers = [(":event-type", "chunk"), (":content-type", "application/json"), (":message-type", "event")]
    payload = json.dumps({"bytes": base64.b64encode(raw).decode(), "p": padding}).encode()
    assert ChunkEvents().feed(encode_frame(headers, payload)) == [{"chunk": {"bytes": raw}}]


@pytest.mark.parametrize(
    ("operation", "read"),
    [
        ("ListFoundationModels", readers.read_models),
        ("ListInferenceProfiles", readers.read_inference_profiles),
        ("GetInferenceProfile", readers.read_inference_profile),
    ],
)
def test_times_of_the_control_plane_are_datetimes_as_in_botocore(
    operation: str, read: Any, control: ServiceModel
) -> None:
    shape = control.operation_model(operation).output_shape
    assert time_members(shape) <= _TIMES
    filled = sample(shape)
    body = json.dumps(filled).encode()
    ours = read(answer(body))
    assert ours == by_botocore(control, operation, body)
    assert "datetime" in repr(ours)


def test_no_other_member_is_taken_for_a_time(control: ServiceModel) -> None:
    listings = ("ListFoundationModels", "ListInferenceProfiles", "GetInferenceProfile")
    modelled = {
        name for listing in listings for name in time_members(control.operation_model(listing).output_shape)
    }
    assert modelled == _TIMES


def time_members(shape: Shape) -> set[str]:
    if shape.type_name == "structure":
        inner = [time_members(member) for member in shape.members.values()]
        own = {name for name, member in shape.members.items() if member.type_name == "timestamp"}
        return own.union(*inner)
    return time_members(shape.member) if shape.type_name == "list" else set()


def sample(shape: Shape) -> Any:
    """An answer as AWS writes it, with every member."""
    kind = shape.type_name
    if kind == "structure":
        return {name: sample(member) for name, member in shape.members.items()}
    if kind == "list":
        return [sample(shape.member)]
    return {"timestamp": "2026-03-04T05:06:07.123456Z", "boolean": True, "integer": 3}.get(
        kind, "2026-01-01T00:00:00Z"
    )


@given(st.datetimes(timezones=st.just(UTC)))
def test_any_time_is_read_exactly(moment: datetime) -> None:
    text = moment.isoformat().replace("+00:00", "Z")
    assert with_times({"a": [{"createdAt": text}]}) == {"a": [{"createdAt": moment}]}


def test_null_members_are_dropped_at_any_depth_and_nothing_else() -> None:
    told = {"a": None, "b": [{"c": None, "d": 0}, []], "e": {"f": {}}, "g": False, "h": ""}
    kept = {"b": [{"d": 0}, []], "e": {"f": {}}, "g": False, "h": ""}
    assert without_nulls(told) == kept


def test_an_invocation_keeps_its_body_as_bytes_and_tells_what_its_headers_say() -> None:
    headers = {"content-type": "text/x", "x-amzn-bedrock-performanceconfig-latency": "optimized"}
    found = readers.read_invoke(Response(200, headers, b"\x00anything"))
    assert found == {
        "body": b"\x00anything",
        "contentType": "text/x",
        "performanceConfigLatency": "optimized",
    }


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"null", b'"text"', b"{}"], ids=repr)
@pytest.mark.parametrize(
    "read",
    [readers.read_converse, readers.read_models, readers.read_inference_profiles],
    ids=lambda r: r.__name__,
)
def test_a_body_that_is_not_the_operations_answer_is_told_as_such(read: Any, body: bytes) -> None:
    with pytest.raises((ValueError, TypeError)):
        read(answer(body))
