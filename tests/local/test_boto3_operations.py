"""boto3 itself, pointed at the endpoint, completes every operation."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from bedrock_unified.local import LocalBedrock

CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
TITAN = "amazon.titan-embed-text-v2:0"


def ask(text: str) -> list[dict[str, Any]]:
    return [{"role": "user", "content": [{"text": text}]}]


def test_converse(runtime: Any, endpoint: LocalBedrock) -> None:
    answer = runtime.converse(modelId=CLAUDE, messages=ask("The key is under the mat. Where is the key?"))
    assert "under the mat" in answer["output"]["message"]["content"][0]["text"]
    assert answer["stopReason"] == "end_turn"
    usage = answer["usage"]
    assert usage["totalTokens"] == usage["inputTokens"] + usage["outputTokens"]
    assert answer["ResponseMetadata"]["RequestId"] == endpoint.requests[-1].request_id


def test_converse_stream_says_what_converse_says(runtime: Any) -> None:
    messages = ask("The key is under the mat. Where is the key?")
    whole = runtime.converse(modelId=CLAUDE, messages=messages)
    events = list(runtime.converse_stream(modelId=CLAUDE, messages=messages)["stream"])
    text = "".join(e["contentBlockDelta"]["delta"]["text"] for e in events if "contentBlockDelta" in e)
    assert text == whole["output"]["message"]["content"][0]["text"]
    assert next(iter(events[0])) == "messageStart"
    assert [next(iter(e)) for e in events[-2:]] == ["messageStop", "metadata"]
    assert events[-1]["metadata"]["usage"]["outputTokens"] == whole["usage"]["outputTokens"]


def test_invoke_model_with_a_messages_body(runtime: Any) -> None:
    body = {
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": 200,
        "messages": [{"role": "user", "content": "It is 7 o'clock. What time is it?"}],
    }
    answer = runtime.invoke_model(modelId=CLAUDE, body=json.dumps(body))
    told = json.loads(answer["body"].read())
    assert "7 o'clock" in told["content"][0]["text"]
    assert told["type"] == "message" and told["stop_reason"] == "end_turn"
    headers = answer["ResponseMetadata"]["HTTPHeaders"]
    assert headers["x-amzn-bedrock-input-token-count"] == str(told["usage"]["input_tokens"])
    assert headers["x-amzn-bedrock-output-token-count"] == str(told["usage"]["output_tokens"])


def test_invoke_model_with_response_stream(runtime: Any) -> None:
    tool = {
        "name": "shelf_lookup",
        "description": "Find the shelf of a book",
        "input_schema": {
            "type": "object",
            "properties": {"title": {"type": "string"}},
            "required": ["title"],
        },
    }
    body = {
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": 200,
        "tools": [tool],
        "messages": [{"role": "user", "content": 'On which shelf is the book "Emma"?'}],
    }
    stream = runtime.invoke_model_with_response_stream(modelId=CLAUDE, body=json.dumps(body))["body"]
    events = [json.loads(event["chunk"]["bytes"]) for event in stream]
    assert events[0]["type"] == "message_start" and events[-1]["type"] == "message_stop"
    assert events[-1]["amazon-bedrock-invocationMetrics"]["outputTokenCount"] > 0
    pieces = [
        e["delta"]["partial_json"] for e in events if e.get("delta", {}).get("type") == "input_json_delta"
    ]
    assert pieces[0] == "" and json.loads("".join(pieces)) == {"title": "Emma"}


def test_a_body_of_another_family_is_refused_by_name(runtime: Any) -> None:
    with pytest.raises(
        runtime.exceptions.ValidationException, match=r"does not know the InvokeModel body of ai21\."
    ):
        runtime.invoke_model(modelId="ai21.jamba-1-5-mini-v1:0", body=json.dumps({"prompt": "hi"}))


@pytest.mark.parametrize("dimensions", [256, 512, 1024])
def test_titan_embeddings(runtime: Any, dimensions: int) -> None:
    body = {
        "inputText": "a red bicycle",
        "dimensions": dimensions,
        "normalize": True,
        "embeddingTypes": ["float", "binary"],
    }
    answer = runtime.invoke_model(modelId=TITAN, body=json.dumps(body))
    told = json.loads(answer["body"].read())
    assert len(told["embedding"]) == dimensions
    assert sum(value * value for value in told["embedding"]) == pytest.approx(1.0)
    assert told["embeddingsByType"]["float"] == told["embedding"]
    assert set(told["embeddingsByType"]["binary"]) <= {0, 1}
    assert told["inputTextTokenCount"] > 0


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"inputText": ""}, "expected minLength: 1, actual: 0"),
        ({"inputText": "x" * 50_001}, "expected maxLength: 50000, actual: 50001"),
        ({"inputText": "word " * 9_000}, "Too many input tokens. Max input tokens: 8192"),
        ({"inputText": "hi", "dimensions": 300}, "#/dimensions: 300 is not a valid enum value"),
        ({"inputText": "hi", "colour": 1}, r"extraneous key \[colour\] is not permitted"),
        ({"dimensions": 256}, r"required key \[inputText\] not found"),
        ({"inputText": 7}, "#/inputText: expected type: String, found: Integer"),
    ],
)
def test_titan_refuses_a_bad_body(runtime: Any, body: dict[str, Any], message: str) -> None:
    with pytest.raises(runtime.exceptions.ValidationException, match=message):
        runtime.invoke_model(modelId=TITAN, body=json.dumps(body))


def test_titan_does_not_stream(runtime: Any) -> None:
    with pytest.raises(runtime.exceptions.ValidationException, match="unsupported for streaming"):
        runtime.invoke_model_with_response_stream(modelId=TITAN, body=json.dumps({"inputText": "hi"}))


def test_count_tokens_counts_what_converse_counts(runtime: Any) -> None:
    bare = "anthropic.claude-sonnet-4-20250514-v1:0"
    messages = ask("How many tokens is this?")
    counted = runtime.count_tokens(modelId=bare, input={"converse": {"messages": messages}})
    assert counted["inputTokens"] == runtime.converse(modelId=bare, messages=messages)["usage"]["inputTokens"]
    body = {
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": 9,
        "messages": [{"role": "user", "content": "How many tokens is this?"}],
    }
    raw = runtime.count_tokens(modelId=bare, input={"invokeModel": {"body": json.dumps(body).encode()}})
    assert raw["inputTokens"] == counted["inputTokens"]


def test_count_tokens_refuses_a_profile_id(runtime: Any) -> None:
    with pytest.raises(runtime.exceptions.ValidationException, match="doesn't support counting tokens"):
        runtime.count_tokens(modelId=CLAUDE, input={"converse": {"messages": ask("hi")}})


def test_apply_guardrail(runtime: Any) -> None:
    def apply(text: str) -> dict[str, Any]:
        return runtime.apply_guardrail(
            guardrailIdentifier="localguardrail",
            guardrailVersion="1",
            source="INPUT",
            content=[{"text": {"text": text}}],
        )

    assert apply("Good morning")["action"] == "NONE"
    masked = apply("Write to ann@example.org")
    assert masked["action"] == "GUARDRAIL_INTERVENED"
    assert masked["outputs"] == [{"text": "Write to {EMAIL}"}]
    blocked = apply("This is a trade secret")
    assert blocked["outputs"] == [{"text": "Sorry, the model cannot answer this question."}]
    assert blocked["assessments"][0]["wordPolicy"]["customWords"][0]["match"] == "trade secret"


def test_list_foundation_models(endpoint: LocalBedrock, connect: Any) -> None:
    control = connect(endpoint, "bedrock")
    everything = control.list_foundation_models()["modelSummaries"]
    embedding = control.list_foundation_models(byOutputModality="EMBEDDING")["modelSummaries"]
    assert "amazon.titan-embed-text-v2:0" in {m["modelId"] for m in embedding}
    assert len(embedding) < len(everything)
    meta = control.list_foundation_models(byProvider="meta")["modelSummaries"]
    assert meta and all(m["providerName"] == "Meta" for m in meta) and len(meta) < len(everything)


def test_list_inference_profiles_page_by_page(endpoint: LocalBedrock, connect: Any) -> None:
    control = connect(endpoint, "bedrock")
    whole = control.list_inference_profiles(maxResults=1000)["inferenceProfileSummaries"]
    pages = list(control.get_paginator("list_inference_profiles").paginate(PaginationConfig={"PageSize": 7}))
    assert len(pages) == -(-len(whole) // 7)
    assert [p for page in pages for p in page["inferenceProfileSummaries"]] == whole
    assert all(p["inferenceProfileId"].split(".")[0] in {"us", "global"} for p in whole)
    assert (
        control.get_inference_profile(inferenceProfileIdentifier=whole[0]["inferenceProfileArn"])[
            "inferenceProfileId"
        ]
        == whole[0]["inferenceProfileId"]
    )
    with pytest.raises(control.exceptions.ResourceNotFoundException):
        control.get_inference_profile(inferenceProfileIdentifier="us.none")


def test_profiles_are_those_of_the_region(endpoint: LocalBedrock, connect: Any) -> None:
    control = connect(endpoint, "bedrock", region_name="eu-central-1")
    profiles = control.list_inference_profiles()["inferenceProfileSummaries"]
    assert {p["inferenceProfileId"].split(".")[0] for p in profiles} == {"eu", "global"}


def test_get_caller_identity(endpoint: LocalBedrock, connect: Any) -> None:
    identity = connect(endpoint, "sts").get_caller_identity()
    assert identity["Account"] == "123456789012" and identity["Arn"].endswith(":user/local")


def test_an_operation_that_is_not_served_says_so(runtime: Any) -> None:
    with pytest.raises(runtime.exceptions.ClientError, match="does not serve ListAsyncInvokes") as error:
        runtime.list_async_invokes()
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


def test_redacted_reasoning_goes_out_as_bytes_and_comes_back(runtime: Any) -> None:
    trigger = "ANTHROPIC_MAGIC_STRING_TRIGGER_REDACTED_THINKING_46C9A13E193C177646C7398A98432ECC"
    thinking = {"thinking": {"type": "enabled", "budget_tokens": 1024}}
    first = runtime.converse(modelId=CLAUDE, messages=ask(trigger), additionalModelRequestFields=thinking)
    message = first["output"]["message"]
    assert isinstance(message["content"][0]["reasoningContent"]["redactedContent"], bytes)
    again = [*ask(trigger), message, *ask("And now?")]
    assert (
        runtime.converse(modelId=CLAUDE, messages=again, additionalModelRequestFields=thinking)["stopReason"]
        == "end_turn"
    )


def test_an_event_stream_is_read_in_pieces_of_any_size(runtime: Any) -> None:
    stream = runtime.converse_stream(modelId=CLAUDE, messages=ask("Describe tea"))["stream"]
    raw = b"".join(stream._raw_stream.stream(7))  # pyright: ignore[reportPrivateUsage]
    assert io.BytesIO(raw).read(4) != b""
    from botocore.eventstream import EventStreamBuffer

    buffer = EventStreamBuffer()
    for start in range(0, len(raw), 5):
        buffer.add_data(raw[start : start + 5])
    kinds = [frame.headers[":event-type"] for frame in buffer]
    assert kinds[0] == "messageStart" and kinds[-1] == "metadata"
