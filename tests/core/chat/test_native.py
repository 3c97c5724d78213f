"""Requests that go by InvokeModel in the family's own body, and come back as Converse's."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import pytest

from bedrock_unified.chat.options import ChatOptions
from bedrock_unified.errors import InvalidRequestError, StreamInterrupted

from ..server import Received, Server, as_bedrock, event, reply
from .asking import CLAUDE, TOOLS, ask, colours, listen, texts

pytestmark = pytest.mark.usefixtures("no_aws")


@colours
def test_rq_19_use_converse_false_sends_the_familys_own_body(colour: str, server: Server) -> None:
    def answer(request: Received) -> bytes:
        if "/invoke" not in request.target:
            return reply({"message": "wrong route"}, 500)
        return reply(
            {
                "role": "assistant",
                "content": [{"type": "text", "text": "Bonjour."}],
                "stop_reason": "end_turn",
                "usage": {"input_tokens": 5, "output_tokens": 2},
            }
        )

    server.answer = answer
    found = ask(server, colour, ChatOptions(use_converse=False), modelId=CLAUDE, serviceTier={"type": "flex"})
    assert found["output"]["message"]["content"] == [{"text": "Bonjour."}]
    assert found["stopReason"] == "end_turn"
    assert found["usage"]["totalTokens"] == 7
    assert found["ResponseMetadata"]["HTTPStatusCode"] == 200
    (request,) = server.requests
    assert request.json()["anthropic_version"] == "bedrock-2023-05-31"
    assert request.headers["x-amzn-bedrock-service-tier"] == "flex"


CHUNKS: list[dict[str, Any]] = [
    {
        "type": "message_start",
        "message": {"role": "assistant", "content": [], "usage": {"input_tokens": 5, "output_tokens": 1}},
    },
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "ping"},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Bon"}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "jour."}},
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}},
    {"type": "message_stop"},
]


def native_stream(chunks: list[dict[str, Any]]) -> bytes:
    frames = [event("chunk", {"bytes": b64encode(json.dumps(chunk).encode()).decode()}) for chunk in chunks]
    return reply(b"".join(frames), Content_Type="application/vnd.amazon.eventstream")


@colours
def test_a_native_stream_speaks_converse(colour: str, server: Server) -> None:
    server.answer = lambda request: native_stream(CHUNKS)
    events, stream = listen(server, colour, ChatOptions(use_converse=False), modelId=CLAUDE)
    assert texts(events) == "Bonjour."
    assert stream.response["stopReason"] == "end_turn"
    assert stream.response["usage"]["outputTokens"] == 2
    assert server.requests[0].target.endswith("/invoke-with-response-stream")


@colours
def test_a_native_stream_that_is_cut_keeps_what_came(colour: str, server: Server) -> None:
    server.answer = lambda request: native_stream(CHUNKS[:5])
    with pytest.raises(StreamInterrupted) as caught:
        listen(server, colour, ChatOptions(use_converse=False), modelId=CLAUDE)
    assert caught.value.partial is not None
    assert caught.value.partial["output"]["message"]["content"] == [{"text": "Bonjour."}]


@colours
def test_a_native_chunk_that_is_no_event_ends_the_stream_with_what_came(colour: str, server: Server) -> None:
    server.answer = lambda request: native_stream([*CHUNKS[:4], {"type": "content_block_delta"}])
    with pytest.raises(StreamInterrupted):
        listen(server, colour, ChatOptions(use_converse=False), modelId=CLAUDE)


def test_an_unknown_familys_body_cannot_be_written(server: Server) -> None:
    with pytest.raises(InvalidRequestError, match="not known") as caught:
        ask(server, "sync", ChatOptions(use_converse=False), modelId="vendor.unheard-of-v1:0")
    assert "model_family" in str(caught.value.hint)
    assert not server.requests


def test_rq_27_auto_is_native_without_tools_and_converse_with_them(server: Server) -> None:
    def answer(request: Received) -> bytes:
        if request.target.endswith("/invoke"):
            return reply({"content": [{"type": "text", "text": "a"}], "stop_reason": "end_turn", "usage": {}})
        return as_bedrock(request)

    server.answer = answer
    ask(server, "sync", ChatOptions(use_converse="auto"), modelId=CLAUDE)
    ask(server, "sync", ChatOptions(use_converse="auto"), modelId=CLAUDE, toolConfig=TOOLS)
    ask(server, "sync", ChatOptions(use_converse="auto"), modelId="vendor.unheard-of-v1:0")
    assert [request.target.rpartition("/")[2] for request in server.requests] == [
        "invoke",
        "converse",
        "converse",
    ]
