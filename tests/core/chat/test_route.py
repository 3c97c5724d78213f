"""Converse or InvokeModel: which way a request goes, and what each way leaves of it."""

from __future__ import annotations

import asyncio
import gc
import json
from base64 import b64encode
from typing import Any

import pytest

from bedrock_unified import BedrockClient, LocalBedrock
from bedrock_unified.chat.options import ChatOptions
from bedrock_unified.chat.route import as_routed, invoke_members, native_family
from bedrock_unified.errors import InvalidRequestError
from bedrock_unified.invoke.families import FAMILIES
from bedrock_unified.models.profile import UNKNOWN, profile_of

from ..server import Received, Server, event, reply

pytestmark = pytest.mark.usefixtures("no_aws")
colours = pytest.mark.parametrize("colour", ["sync", "async"])

CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
GPT = "openai.gpt-oss-120b-1:0"
LLAMA = "us.meta.llama3-3-70b-instruct-v1:0"
PROFILE_ARN = f"arn:aws:bedrock:us-east-1:123456789012:inference-profile/{CLAUDE}"
CUSTOM_ARN = "arn:aws:bedrock:us-east-1:123456789012:custom-model-deployment/abc123def456"
HELLO = [{"role": "user", "content": [{"text": "Hello?"}]}]
CALL = {"toolUse": {"toolUseId": "a", "name": "shelf", "input": {"title": "Emma"}}}
RESULT = {"toolResult": {"toolUseId": "a", "content": [{"text": "shelf 12"}]}}
CALLED = [*HELLO, {"role": "assistant", "content": [CALL]}, {"role": "user", "content": [RESULT]}]
SPEC = {"toolSpec": {"name": "shelf", "inputSchema": {"json": {"type": "object", "properties": {}}}}}


def goes_natively(model: str, *, family: str | None = None, **request: Any) -> bool:
    """Whether ``auto`` sends it by InvokeModel."""
    options = ChatOptions(use_converse="auto", model_family=family)
    asked = {"modelId": model, "messages": HELLO, **request}
    return native_family(asked, profile_of(model, family=family), options) is not None


@pytest.mark.parametrize(
    ("model", "family", "request_", "natively"),
    [
        (CLAUDE, None, {}, True),
        (GPT, None, {}, True),
        (LLAMA, None, {}, True),
        (CLAUDE, None, {"toolConfig": {"tools": [SPEC]}}, False),
        ("cohere.command-r-v1:0", None, {}, False),
        ("vendor.unheard-of-v1:0", None, {}, False),
        (PROFILE_ARN, None, {}, False),
        (PROFILE_ARN, "claude-sonnet-4-5", {}, True),
        (CUSTOM_ARN, None, {}, False),
        (CUSTOM_ARN, "gpt-oss", {}, True),
        (LLAMA, None, {"inferenceConfig": {"stopSequences": ["END"]}}, False),
        (CLAUDE, None, {"additionalModelResponseFieldPaths": ["/stop_sequence"]}, False),
        (CLAUDE, None, {"messages": [{"role": "user", "content": [{"video": {"format": "mp4"}}]}]}, False),
    ],
)
def test_rq_19_auto_is_native_where_the_family_has_a_body_that_can_say_it(
    model: str, family: str | None, request_: dict[str, Any], natively: bool
) -> None:
    """ACCEPTANCE 2.B, "Routing", "Ids"; what a body has no form for is no error: nobody asked for it."""
    assert goes_natively(model, family=family, **request_) is natively


def test_what_llamas_prompt_has_no_place_for_is_not_taken_to_be_there() -> None:
    llama, claude = profile_of(LLAMA), profile_of(CLAUDE)
    routed = as_routed(llama, False)
    assert (routed.tools, routed.structured_output) == (False, "text")
    for profile, wish in ((llama, None), (llama, True), (llama, "auto"), (claude, False), (UNKNOWN, False)):
        assert as_routed(profile, wish) is profile


@pytest.mark.parametrize(
    "request_",
    [
        {"messages": [{"role": "user", "content": [{"toolResult": {"content": []}}]}]},
        {"messages": HELLO, "system": [7]},
        {"messages": HELLO, "serviceTier": "flex"},
        {"messages": HELLO, "performanceConfig": {}, "requestMetadata": ...},
        {"messages": HELLO, "outputConfig": {"textFormat": {"structure": {"jsonSchema": {"schema": "{"}}}}},
    ],
    ids=repr,
)
def test_a_request_of_no_known_shape_is_an_error_of_ours(request_: dict[str, Any]) -> None:
    """On Converse the service says so; nobody else does on the way to InvokeModel."""
    with pytest.raises(InvalidRequestError, match="not of Converse's shapes") as caught:
        invoke_members({"modelId": CLAUDE, **request_}, FAMILIES["anthropic"], streaming=False)
    assert "use_converse=True" in str(caught.value.hint)


def test_a_guardrails_stream_mode_is_said_in_streams_alone() -> None:
    config = {"guardrailIdentifier": "g1", "guardrailVersion": "1", "streamProcessingMode": "async"}
    request = {"modelId": CLAUDE, "messages": HELLO, "guardrailConfig": config}
    streamed = invoke_members(request, FAMILIES["anthropic"], streaming=True)
    whole = invoke_members(request, FAMILIES["anthropic"], streaming=False)
    assert streamed["body"].pop("amazon-bedrock-guardrailConfig") == {"streamProcessingMode": "ASYNCHRONOUS"}
    assert whole == streamed
    assert config["streamProcessingMode"] == "async"


# Over a socket

GPT_CHUNKS: list[dict[str, Any]] = [
    {"choices": [{"delta": {"role": "assistant", "content": "Good "}, "index": 0}]},
    {"choices": [{"delta": {"content": "day."}, "finish_reason": "stop", "index": 0}]},
]
CALL_CHUNK = {
    "index": 0,
    "delta": {"tool_calls": [{"index": 0, "id": "a", "function": {"name": "shelf", "arguments": "{}"}}]},
    "finish_reason": "tool_calls",
}


def streaming(*chunks: dict[str, Any], **headers: Any) -> Any:
    frames = [event("chunk", {"bytes": b64encode(json.dumps(chunk).encode()).decode()}) for chunk in chunks]

    def answer(request: Received) -> bytes:
        if not request.target.endswith("/invoke-with-response-stream"):
            return reply({"message": f"wrong route: {request.target}"}, 404)
        return reply(b"".join(frames), Content_Type="application/vnd.amazon.eventstream", **headers)

    return answer


def response_of(server: Server, colour: str, **request: Any) -> dict[str, Any]:
    asked: dict[str, Any] = {"messages": HELLO, "options": ChatOptions(use_converse=False), **request}
    client = server.client(max_retries=0)
    if colour == "sync":
        with client, client.converse_stream(**asked) as stream:
            assert list(stream)
            assert stream.read() == []
            return stream.response

    async def run() -> dict[str, Any]:
        async with client, await client.aconverse_stream(**asked) as stream:
            assert [event async for event in stream]
            assert await stream.read() == []
            return stream.response

    return asyncio.run(run())


@colours
def test_a_native_stream_without_metrics_ends_where_its_bytes_do(colour: str, server: Server) -> None:
    """What a guardrail has blocked has none: the last events come after the last byte."""
    server.answer = streaming(*GPT_CHUNKS)
    response = response_of(server, colour, modelId=GPT)
    assert response["output"]["message"]["content"] == [{"text": "Good day."}]
    assert response["stopReason"] == "end_turn"


@colours
def test_a_native_stream_tells_its_service_as_a_whole_answer_does(colour: str, server: Server) -> None:
    told = {"X_Amzn_Bedrock_Service_Tier": "flex", "X_Amzn_Bedrock_PerformanceConfig_Latency": "optimized"}
    server.answer = streaming(*GPT_CHUNKS, **told)
    response = response_of(server, colour, modelId=GPT)
    assert response["serviceTier"] == {"type": "flex"}
    assert response["performanceConfig"] == {"latency": "optimized"}


@colours
def test_gpt_oss_streams_its_calls_natively(colour: str, server: Server) -> None:
    """Recorded: bxcd6778618775eb. It is ConverseStream that knows no tools of gpt-oss."""
    server.answer = streaming({"choices": [CALL_CHUNK]})
    response = response_of(server, colour, modelId=GPT, toolConfig={"tools": [SPEC]})
    (block,) = response["output"]["message"]["content"]
    assert block["toolUse"]["name"] == "shelf" and response["stopReason"] == "tool_use"


def test_a_history_of_tools_is_told_to_llama_in_words(server: Server) -> None:
    server.answer = lambda _: reply({"generation": "12", "stop_reason": "stop"})
    options = ChatOptions(use_converse=False)
    with server.client(max_retries=0) as client:
        client.converse(modelId=LLAMA, messages=CALLED, options=options)
        with pytest.raises(InvalidRequestError, match="toolConfig has no form") as caught:
            client.converse(modelId=LLAMA, messages=HELLO, toolConfig={"tools": [SPEC]}, options=options)
    assert "use_converse" in str(caught.value.hint)
    (request,) = server.requests
    assert "shelf 12" in request.json()["prompt"]


@pytest.mark.parametrize("use_converse", [True, False])
def test_a_stream_outlives_its_client(use_converse: bool) -> None:
    """Whoever reads it may hold nothing else: ``await BedrockConverse(…).astream_chat(…)``."""

    async def run(url: str) -> dict[str, Any]:
        client = BedrockClient(endpoint_url=url, api_key=LocalBedrock.API_KEY, max_retries=0, timeout=5)
        options = ChatOptions(use_converse=use_converse)
        stream = await client.aconverse_stream(modelId=CLAUDE, messages=HELLO, options=options)
        del client
        gc.collect()
        async with asyncio.timeout(5):
            assert [event async for event in stream]
        return stream.response

    with LocalBedrock(event_delay=0.01) as endpoint:
        assert asyncio.run(run(endpoint.url))["stopReason"] == "end_turn"
