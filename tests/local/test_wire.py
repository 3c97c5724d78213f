"""Heads, frames and order on the wire, family by family (``wire/FACTS.md``)."""

from __future__ import annotations

import json
import re
import uuid
from typing import Any

import pytest
from botocore.eventstream import EventStreamBuffer
from hypothesis import given
from hypothesis import strategies as st

from bedrock_unified.local import LocalBedrock
from bedrock_unified.local.operations import OPERATIONS
from bedrock_unified.local.protocol.answers import Event
from bedrock_unified.local.protocol.frames import event_frame, json_bytes, paddings
from bedrock_unified.local.protocol.service_models import operation_model
from bedrock_unified.local.standin.families import family_of
from bedrock_unified.local.standin.streaming import block_events

from .sending import post, send, signed_headers

ALPHABET = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
TOOL = {
    "toolSpec": {
        "name": "tide_table",
        "description": "Tides at a harbour",
        "inputSchema": {
            "json": {
                "type": "object",
                "properties": {"harbour": {"type": "string"}, "place": {"type": "string"}},
                "required": ["harbour"],
            }
        },
    }
}


def events(
    endpoint: LocalBedrock, model: str, text: str, **more: Any
) -> list[tuple[dict[str, str], dict[str, Any]]]:
    request = {"messages": [{"role": "user", "content": [{"text": text}]}], **more}
    status, headers, body = post(endpoint, f"/model/{model.replace(':', '%3A')}/converse-stream", request)
    assert status == 200 and headers["content-type"] == "application/vnd.amazon.eventstream"
    buffer = EventStreamBuffer()
    buffer.add_data(body)
    return [(frame.headers, json.loads(frame.payload)) for frame in buffer]


def deltas(found: list[tuple[dict[str, str], dict[str, Any]]], index: int) -> list[Any]:
    return [p["delta"] for _, p in found if p.get("contentBlockIndex") == index and "delta" in p]


def test_a_unary_head(shared_endpoint: LocalBedrock) -> None:
    request = {"messages": [{"role": "user", "content": [{"text": "hi"}]}]}
    _, headers, body = post(shared_endpoint, "/model/amazon.nova-lite-v1%3A0/converse", request)
    assert headers["content-type"] == "application/json" and headers["content-length"] == str(len(body))
    assert uuid.UUID(headers["x-amzn-requestid"]).version == 4
    assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT", headers["date"])
    assert not any(name.startswith("x-amzn-bedrock") for name in headers)
    assert json_bytes(json.loads(body)) == body  # compact, keys sorted


def test_every_frame_has_three_headers_and_padding(shared_endpoint: LocalBedrock) -> None:
    found = events(shared_endpoint, "amazon.nova-lite-v1:0", "Describe a harbour")
    lengths: set[int] = set()
    for headers, payload in found:
        assert list(headers) == [":event-type", ":content-type", ":message-type"]
        assert headers[":content-type"] == "application/json" and headers[":message-type"] == "event"
        assert ALPHABET.startswith(payload["p"]) and 2 <= len(payload["p"]) <= 61
        lengths.add(len(payload["p"]))
    assert len(lengths) > 5
    assert [h[":event-type"] for h, _ in (found[0], found[-2], found[-1])] == [
        "messageStart",
        "messageStop",
        "metadata",
    ]


def test_text_blocks_have_no_start(shared_endpoint: LocalBedrock) -> None:
    kinds = [h[":event-type"] for h, _ in events(shared_endpoint, "amazon.nova-lite-v1:0", "hello")]
    assert "contentBlockStart" not in kinds and kinds[1] == "contentBlockDelta"


@pytest.mark.parametrize(
    ("model", "opens", "closes"),
    [
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", False, False),
        ("us.amazon.nova-2-lite-v1:0", False, True),
        ("ai21.jamba-1-5-mini-v1:0", True, False),
        ("us.meta.llama3-3-70b-instruct-v1:0", False, True),
        ("mistral.mistral-7b-instruct-v0:2", False, True),
    ],
)
def test_empty_text_deltas_open_or_close_a_block(
    shared_endpoint: LocalBedrock, model: str, opens: bool, closes: bool
) -> None:
    texts = [delta["text"] for delta in deltas(events(shared_endpoint, model, "Describe a harbour"), 0)]
    assert (texts[0] == "") == opens and (texts[-1] == "") == closes
    assert all(texts[1:-1])


@pytest.mark.parametrize(
    ("model", "shape"),
    [
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude"),
        ("us.amazon.nova-lite-v1:0", "whole"),
        ("cohere.command-r-v1:0", "pieces"),
    ],
)
def test_tool_input_is_cut_as_the_family_cuts_it(
    shared_endpoint: LocalBedrock, model: str, shape: str
) -> None:
    found = events(
        shared_endpoint, model, "What are the tides at the harbour of Whitby?", toolConfig={"tools": [TOOL]}
    )
    [start] = [p for _, p in found if "start" in p]
    assert set(start["start"]["toolUse"]) - {"type"} == {"name", "toolUseId"}
    assert ("type" in start["start"]["toolUse"]) == (shape == "claude")
    pieces = [d["toolUse"]["input"] for d in deltas(found, start["contentBlockIndex"])]
    assert json.loads("".join(pieces))["harbour"] == "Whitby"
    assert {
        "claude": pieces[0] == "" and len(pieces) >= 4,
        "whole": len(pieces) == 1,
        "pieces": len(pieces) >= 4 and all(pieces),
    }[shape]


def test_reasoning_ends_with_its_signature(shared_endpoint: LocalBedrock) -> None:
    fields = {"thinking": {"type": "enabled", "budget_tokens": 1024}}
    found = events(
        shared_endpoint,
        "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "Why?",
        additionalModelRequestFields=fields,
    )
    *texts, last = [delta["reasoningContent"] for delta in deltas(found, 0)]
    assert all(set(text) == {"text"} for text in texts) and set(last) == {"signature"}


def test_gpt_oss_opens_with_an_empty_block(shared_endpoint: LocalBedrock) -> None:
    found = events(shared_endpoint, "openai.gpt-oss-20b-1:0", "Why?")
    assert deltas(found, 0) == [{"text": ""}]
    assert "reasoningContent" in deltas(found, 1)[0] and "text" in deltas(found, 2)[0]


def test_novas_own_tools_run_in_place(shared_endpoint: LocalBedrock) -> None:
    tools = {"tools": [{"systemTool": {"name": "nova_code_interpreter"}}]}
    found = events(shared_endpoint, "us.amazon.nova-2-lite-v1:0", "What is 17 * 23?", toolConfig=tools)
    starts = [p["start"] for _, p in found if "start" in p]
    assert starts[0]["toolUse"]["type"] == "server_tool_use"
    assert starts[1]["toolResult"]["type"] == "nova_code_interpreter_result"
    [ran] = deltas(found, 1)
    assert ran["toolResult"] == [{"json": {"exitCode": 0, "isError": False, "stdErr": "", "stdOut": "391"}}]


@pytest.mark.parametrize("sent", ["us.amazon.nova-lite-v1:0", "us.amazon.nova-lite-v1%3A0"])
def test_a_model_id_may_be_sent_raw_or_encoded(shared_endpoint: LocalBedrock, sent: str) -> None:
    body = json.dumps({"messages": [{"role": "user", "content": [{"text": "hi"}]}]}).encode()
    path = f"/model/{sent}/converse"
    assert send(shared_endpoint, path, body, signed_headers(shared_endpoint.url + path, body))[0] == 200
    assert shared_endpoint.requests[-1].model_id == "us.amazon.nova-lite-v1:0"


def test_requested_extras_come_back(shared_endpoint: LocalBedrock) -> None:
    request = {
        "messages": [{"role": "user", "content": [{"text": "Describe a harbour"}]}],
        "inferenceConfig": {"stopSequences": ["stand-in"]},
        "additionalModelResponseFieldPaths": ["/stop_sequence", "/nothing"],
        "performanceConfig": {"latency": "optimized"},
        "serviceTier": {"type": "flex"},
    }
    _, _, body = post(
        shared_endpoint, "/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse", request
    )
    told = json.loads(body)
    assert told["additionalModelResponseFields"] == {"stop_sequence": "stand-in"}
    assert told["performanceConfig"] == {"latency": "optimized"} and told["serviceTier"] == {"type": "flex"}


@given(seed=st.binary(min_size=4, max_size=16))
def test_padding_is_always_in_range(seed: bytes) -> None:
    found = paddings(seed)
    for _ in range(200):
        padding = next(found)
        assert 2 <= len(padding) <= 61 and ALPHABET.startswith(padding)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(
    input=st.dictionaries(st.text(), JSON, max_size=4),
    family=st.sampled_from(
        ["anthropic.claude-sonnet-4-5", "amazon.nova-lite", "cohere.command-r", "vendor.unknown"]
    ),
)
def test_any_tool_input_survives_the_stream(input: dict[str, Any], family: str) -> None:
    block = {"toolUse": {"name": "f", "toolUseId": "t", "input": input}}
    found: list[Event] = list(block_events([block], family_of(family)))
    text = "".join(event.payload["delta"]["toolUse"]["input"] for event in found if "delta" in event.payload)
    assert json.loads(text) == input
    for event in found:
        buffer = EventStreamBuffer()
        buffer.add_data(event_frame(event.kind, event.payload, "ab"))
        assert json.loads(next(buffer).payload)["p"] == "ab"


def test_every_pattern_of_the_served_operations_can_be_read() -> None:
    patterns: set[str] = set()
    seen: set[str] = set()

    def walk(shape: Any) -> None:
        if shape is None or shape.name in seen:
            return
        seen.add(shape.name)
        patterns.update([shape.metadata["pattern"]] if "pattern" in shape.metadata else [])
        inner = list(getattr(shape, "members", {}).values())
        inner += [shape.member] if shape.type_name == "list" else []
        inner += [shape.key, shape.value] if shape.type_name == "map" else []
        for one in inner:
            walk(one)

    for service, operation in OPERATIONS:
        walk(operation_model(service, operation).input_shape)
    assert len(patterns) > 10
    for pattern in patterns:
        re.compile(pattern)
