"""Whatever is sent, the endpoint answers: well or with a 4xx, never by breaking."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bedrock_unified.local.operations import OPERATIONS
from bedrock_unified.local.problems import Problem
from bedrock_unified.local.protocol.answers import Call, JsonAnswer, StreamAnswer
from bedrock_unified.local.protocol.authentication import Account
from bedrock_unified.local.protocol.frames import json_bytes
from bedrock_unified.local.protocol.parameters import read_parameters
from bedrock_unified.local.protocol.service_models import operation_model
from bedrock_unified.local.state import State

CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1%3A0"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=10,
)
KEYWORDS = [
    "type", "properties", "required", "items", "enum", "const", "default", "$ref", "anyOf", "allOf", "oneOf",
    "format", "pattern", "minimum", "maximum", "exclusiveMinimum", "minItems", "maxItems", "minLength",
    "maxLength", "description", "city", "name", "count", "query",
]  # fmt: skip
TYPES = st.sampled_from(["object", "array", "string", "integer", "number", "boolean", "null"])
SCHEMA = st.recursive(
    JSON | TYPES,
    lambda inner: st.dictionaries(st.sampled_from(KEYWORDS), inner | st.lists(inner, max_size=3), max_size=5),
    max_leaves=15,
)
TEXT = st.sampled_from(
    [
        "",
        "What is 3 - 8?",
        'Find Ann\'s 4 ("old") cats in Rome: red, blue and [1, 2]',
        "f(1, x=2)",
        "Use it 3 times",
    ]
) | st.text(max_size=60)


def serve(operation: str, body: Any, labels: dict[str, str] | None = None) -> Any:
    """What the operation answers to ``body``, or the Problem it raises; anything else escapes."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    state = State(Account("k", "s", "t", "st", "a"))
    model = operation_model("bedrock-runtime", operation)
    try:
        params = read_parameters(model, labels or {"modelId": CLAUDE}, "", {}, raw)
        call = Call("bedrock-runtime", operation, params, {}, "us-east-1", "r")
        answer = OPERATIONS["bedrock-runtime", operation](call, state)
    except Problem as problem:
        return problem
    assert isinstance(answer, JsonAnswer | StreamAnswer)
    if isinstance(answer, JsonAnswer):
        json_bytes(answer.members)
    return answer


@settings(max_examples=400, deadline=None)
@given(schema=st.dictionaries(st.sampled_from(KEYWORDS), SCHEMA, max_size=6), text=TEXT, forced=st.booleans())
def test_any_tool_schema(schema: dict[str, Any], text: str, forced: bool) -> None:
    tool = {
        "toolSpec": {
            "name": "f",
            "description": "Find cats",
            "inputSchema": {"json": {**schema, "type": "object"}},
        }
    }
    choice = {"toolChoice": {"tool": {"name": "f"}}} if forced else {}
    request = {
        "messages": [{"role": "user", "content": [{"text": text}]}],
        "toolConfig": {"tools": [tool], **choice},
    }
    serve("Converse", request)


@settings(max_examples=200, deadline=None)
@given(schema=SCHEMA | JSON, text=TEXT)
def test_any_output_schema(schema: Any, text: str) -> None:
    structure = {"jsonSchema": {"schema": json.dumps(schema)}}
    request = {
        "messages": [{"role": "user", "content": [{"text": text}]}],
        "outputConfig": {"textFormat": {"type": "json_schema", "structure": structure}},
    }
    serve("ConverseStream", request)


@settings(max_examples=200, deadline=None)
@given(fields=JSON, input=JSON, result=JSON, text=TEXT)
def test_any_documents_in_a_talk(fields: Any, input: Any, result: Any, text: str) -> None:
    request = {
        "messages": [
            {"role": "user", "content": [{"text": text}]},
            {"role": "assistant", "content": [{"toolUse": {"toolUseId": "t", "name": "f", "input": input}}]},
            {"role": "user", "content": [{"toolResult": {"toolUseId": "t", "content": [{"json": result}]}}]},
        ],
        "toolConfig": {"tools": [{"toolSpec": {"name": "f", "inputSchema": {"json": {"type": "object"}}}}]},
        "additionalModelRequestFields": fields,
    }
    serve("Converse", request)


@settings(max_examples=300, deadline=None)
@given(body=JSON)
def test_any_json_as_a_converse_request(body: Any) -> None:
    answer = serve("Converse", body)
    assert isinstance(answer, Problem) and answer.status == 400


BLOCK_TYPES = ["text", "tool_use", "tool_result", "image", "document", "thinking", "redacted_thinking", "x"]
BLOCK_MEMBERS = [
    "text", "id", "name", "input", "tool_use_id", "content", "source", "thinking", "data", "cache_control",
]  # fmt: skip
BODY_MEMBERS = ["system", "tools", "tool_choice", "thinking", "temperature", "stop_sequences", "max_tokens"]
BLOCK = st.fixed_dictionaries(
    {"type": st.sampled_from(BLOCK_TYPES)}, optional=dict.fromkeys(BLOCK_MEMBERS, JSON)
)
MESSAGE = st.fixed_dictionaries(
    {},
    optional={
        "role": st.sampled_from(["user", "assistant"]) | JSON,
        "content": st.lists(BLOCK, max_size=3) | JSON,
    },
)


@settings(max_examples=400, deadline=None)
@given(
    messages=st.lists(MESSAGE, max_size=3) | JSON,
    more=st.dictionaries(st.sampled_from(BODY_MEMBERS), JSON, max_size=4),
    operation=st.sampled_from(["InvokeModel", "InvokeModelWithResponseStream"]),
)
def test_any_messages_body(messages: Any, more: dict[str, Any], operation: str) -> None:
    body = {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 10, "messages": messages, **more}
    serve(operation, body)


@settings(max_examples=200, deadline=None)
@given(
    data=st.binary(max_size=200),
    kind=st.sampled_from(["pdf", "csv", "doc", "docx", "xls", "xlsx", "html", "txt", "md"]),
)
def test_any_bytes_as_a_document(data: bytes, kind: str) -> None:
    import base64

    prefix = {"pdf": b"%PDF-1.4\nstream\n", "docx": b"PK\x03\x04", "xlsx": b"PK\x03\x04"}.get(kind, b"x")
    source = {"bytes": base64.b64encode(prefix + data + b" Tj\nendstream").decode()}
    document = {"document": {"name": "d", "format": kind, "source": source, "citations": {"enabled": True}}}
    answer = serve(
        "Converse", {"messages": [{"role": "user", "content": [{"text": "What is it?"}, document]}]}
    )
    assert isinstance(answer, JsonAnswer)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 5000,
        "9" * 5000,
        "a" * 50_000,
        "1+" * 3000 + "1",
        "[" * 3000 + "]" * 3000,
        "A. " * 3000,
        "'" * 3000,
        ": " * 4000,
        "\n#" * 4000,
        "x@" * 4000,
    ],
)
def test_no_text_takes_long(text: str) -> None:
    import time

    tool = {
        "toolSpec": {
            "name": "calculate",
            "description": "Calculate an expression",
            "inputSchema": {
                "json": {
                    "type": "object",
                    "properties": {
                        "expression": {"type": "string"},
                        "email": {"type": "string"},
                        "ids": {"type": "array"},
                        "n": {"type": "number"},
                    },
                }
            },
        }
    }
    request = {
        "messages": [{"role": "user", "content": [{"text": text}]}],
        "toolConfig": {"tools": [tool], "toolChoice": {"any": {}}},
    }
    started = time.perf_counter()
    serve("Converse", request)
    assert time.perf_counter() - started < 10


def test_a_fault_of_its_own_is_told_and_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from bedrock_unified.local import LocalBedrock

    from .sending import post

    def broken(call: Call, state: State) -> JsonAnswer:
        raise RuntimeError("a bug")

    monkeypatch.setitem(OPERATIONS, ("bedrock-runtime", "Converse"), broken)
    with LocalBedrock() as endpoint:
        request = {"messages": [{"role": "user", "content": [{"text": "hi"}]}]}
        status, headers, body = post(endpoint, f"/model/{CLAUDE}/converse", request)
    assert status == 500 and headers["x-amzn-errortype"].startswith("InternalServerException:")
    assert json.loads(body)["message"] == "The local endpoint failed: RuntimeError"
    assert "failed to answer Converse" in caplog.text
