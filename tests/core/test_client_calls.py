"""Every operation in both colours: what goes out, what comes back, and what is said of a wrong answer."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from bedrock_unified.errors import BedrockError, InvalidRequestError

from .server import ASK, MODEL, REQUEST_ID, Received, Server, event, reply

pytestmark = pytest.mark.usefixtures("no_aws")

colours = pytest.mark.parametrize("colour", ["sync", "async"])


def call(server: Server, colour: str, method: str, *args: Any, **members: Any) -> Any:
    client = server.client(control_endpoint_url=server.url, max_retries=0)
    if colour == "sync":
        with client:
            return getattr(client, method)(*args, **members)

    async def run() -> Any:
        async with client:
            return await getattr(client, f"a{method}")(*args, **members)

    return asyncio.run(run())


def events(server: Server, colour: str, method: str, **members: Any) -> tuple[list[Any], Any]:
    client = server.client(max_retries=0)
    if colour == "sync":
        with client, getattr(client, method)(**members) as stream:
            return list(stream), stream

    async def run() -> Any:
        async with client, await getattr(client, f"a{method}")(**members) as stream:
            return [item async for item in stream], stream

    return asyncio.run(run())


@colours
def test_converse(colour: str, server: Server) -> None:
    answer = call(server, colour, "converse", **ASK, system=[{"text": "Be brief."}])
    assert answer["output"]["message"] == {"role": "assistant", "content": [{"text": "Good day."}]}
    assert answer["usage"]["totalTokens"] == 7
    about = answer["ResponseMetadata"]
    assert (about["RequestId"], about["HTTPStatusCode"], about["RetryAttempts"]) == (REQUEST_ID, 200, 0)
    assert about["HTTPHeaders"]["content-type"] == "application/json"
    (request,) = server.requests
    assert request.target == "/model/us.amazon.nova-lite-v1%3A0/converse"
    assert request.json() == {"messages": ASK["messages"], "system": [{"text": "Be brief."}]}


@colours
@pytest.mark.parametrize(
    "spec", ["bedrock:m.x-v1:0", "bedrock/m.x-v1:0", "amazon_bedrock:m.x-v1:0", "m.x-v1:0"]
)
def test_a_model_is_named_in_every_frameworks_way(spec: str, colour: str, server: Server) -> None:
    asked = {**ASK, "modelId": spec}
    call(server, colour, "converse", **asked)
    assert server.requests[0].target == "/model/m.x-v1%3A0/converse"
    assert asked["modelId"] == spec


@colours
def test_blobs_are_bytes_both_ways(colour: str, server: Server) -> None:
    image = {"image": {"format": "png", "source": {"bytes": b"\x89PNG"}}}
    content = [{"text": "aGVsbG8="}, {"image": {"format": "png", "source": {"bytes": "iVBORw=="}}}]
    message = {"role": "assistant", "content": content}
    server.answer = lambda _: reply({"output": {"message": message}, "stopReason": "end_turn"})
    answer = call(server, colour, "converse", modelId=MODEL, messages=[{"role": "user", "content": [image]}])
    assert answer["output"]["message"]["content"] == [{"text": "aGVsbG8="}, image]
    assert server.requests[0].json()["messages"][0]["content"][0]["image"]["source"] == {"bytes": "iVBORw=="}


@colours
def test_converse_stream(colour: str, server: Server) -> None:
    seen, stream = events(server, colour, "converse_stream", **ASK)
    assert [next(iter(item)) for item in seen] == [
        "messageStart",
        "contentBlockDelta",
        "contentBlockDelta",
        "contentBlockStop",
        "messageStop",
        "metadata",
    ]
    assert stream.response["output"]["message"]["content"] == [{"text": "Good day."}]
    assert stream.response["stopReason"] == "end_turn"
    assert stream.response["ResponseMetadata"]["RequestId"] == REQUEST_ID
    assert server.requests[0].target.endswith("/converse-stream")


@colours
def test_invoke(colour: str, server: Server) -> None:
    answer = call(
        server,
        colour,
        "invoke",
        modelId=MODEL,
        body={"inputText": "a"},
        accept="application/json",
        guardrailIdentifier="abc",
        guardrailVersion="1",
    )
    assert json.loads(answer["body"])["embedding"] == [0.5, 0.25]
    assert answer["contentType"] == "application/json"
    headers = server.requests[0].headers
    assert headers["x-amzn-bedrock-guardrailidentifier"] == "abc"
    assert headers["x-amzn-bedrock-guardrailversion"] == "1"
    assert headers["accept"] == "application/json"
    signed = headers["authorization"].partition("SignedHeaders=")[2].partition(",")[0].split(";")
    assert {"x-amzn-bedrock-guardrailidentifier", "x-amzn-bedrock-guardrailversion"} <= set(signed)


@colours
def test_invoke_stream(colour: str, server: Server) -> None:
    frames = event("chunk", {"bytes": "eyJhIjoxfQ=="}) + event("chunk", {"bytes": "e30="})
    server.answer = lambda _: reply(frames, Content_Type="application/vnd.amazon.eventstream")
    seen, _ = events(server, colour, "invoke_stream", modelId=MODEL, body=b"{}")
    assert seen == [{"chunk": {"bytes": b'{"a":1}'}}, {"chunk": {"bytes": b"{}"}}]
    assert server.requests[0].target.endswith("/invoke-with-response-stream")


@colours
def test_count_tokens(colour: str, server: Server) -> None:
    answer = call(server, colour, "count_tokens", modelId=MODEL, input={"invokeModel": {"body": b"{}"}})
    assert answer["inputTokens"] == 11
    assert server.requests[0].json() == {"input": {"invokeModel": {"body": "e30="}}}


@colours
def test_apply_guardrail(colour: str, server: Server) -> None:
    arn = "arn:aws:bedrock:us-east-1:123456789012:guardrail/abc"
    members = {"source": "INPUT", "content": [{"text": {"text": "a"}}]}
    answer = call(
        server, colour, "apply_guardrail", guardrailIdentifier=arn, guardrailVersion="DRAFT", **members
    )
    del answer["ResponseMetadata"]
    assert answer == {"action": "NONE", "outputs": [], "assessments": []}, "AWS's nulls are absent members"
    assert server.requests[0].json() == members
    assert "guardrail%2Fabc/version/DRAFT/apply" in server.requests[0].target


@colours
def test_list_models(colour: str, server: Server) -> None:
    model = {"modelId": "m", "modelLifecycle": {"status": "LEGACY", "legacyTime": "2026-01-02T00:00:00Z"}}
    server.answer = lambda _: reply({"modelSummaries": [model]})
    (found,) = call(server, colour, "list_models", byProvider="Amazon & Co")
    assert found["modelLifecycle"]["legacyTime"] == datetime(2026, 1, 2, tzinfo=UTC)
    assert server.requests[0].target == "/foundation-models?byProvider=Amazon%20%26%20Co"
    assert server.requests[0].body == b""


@colours
def test_list_inference_profiles_reads_all_pages(colour: str, server: Server) -> None:
    def page(request: Received) -> bytes:
        number = len(server.requests)
        more = {"nextToken": f"page {number + 1}"} if number < 3 else {}
        return reply({"inferenceProfileSummaries": [{"inferenceProfileId": f"p{number}"}], **more})

    server.answer = page
    found = call(server, colour, "list_inference_profiles", typeEquals="APPLICATION")
    assert [profile["inferenceProfileId"] for profile in found] == ["p1", "p2", "p3"]
    assert [request.target for request in server.requests] == [
        "/inference-profiles?type=APPLICATION",
        "/inference-profiles?type=APPLICATION&nextToken=page%202",
        "/inference-profiles?type=APPLICATION&nextToken=page%203",
    ]


@colours
def test_pages_that_go_in_a_circle_are_an_error(colour: str, server: Server) -> None:
    tokens = iter(["a", "b", "a", "b"])
    server.answer = lambda _: reply({"inferenceProfileSummaries": [], "nextToken": next(tokens)})
    with pytest.raises(BedrockError, match="in a circle"):
        call(server, colour, "list_inference_profiles")
    assert len(server.requests) == 3


@colours
def test_an_answer_that_is_nested_beyond_reading_is_told_so(colour: str, server: Server) -> None:
    body = b'{"inputTokens":1,"x":' + b'{"a":' * 980 + b"1" + b"}" * 981
    server.answer = lambda _: reply(body)
    with pytest.raises(BedrockError, match="not CountTokens's"):
        call(server, colour, "count_tokens", modelId=MODEL, input={"converse": {}})


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_a_body_of_bytes_in_any_form_is_sent_as_it_is(kind: Any, server: Server) -> None:
    call(server, "sync", "invoke", modelId=MODEL, body=kind(b'{"a":1}'))
    assert server.requests[0].body == b'{"a":1}'


# Wrong answers


@colours
@pytest.mark.parametrize(
    "body", [b"<html>a proxy's page</html>", b"", b"[]", b"null", b'{"outputs": 1}'], ids=repr
)
@pytest.mark.parametrize(
    ("method", "members"),
    [("converse", ASK), ("list_models", {}), ("list_inference_profiles", {})],
    ids=["converse", "list_models", "list_inference_profiles"],
)
def test_a_success_that_is_not_the_operations_answer(
    method: str, members: dict[str, Any], body: bytes, colour: str, server: Server
) -> None:
    server.answer = lambda _: reply(body)
    with pytest.raises(BedrockError, match="the answer is not") as caught:
        call(server, colour, method, **members)
    assert caught.value.status == 200
    assert "endpoint_url" in str(caught.value.hint)


@colours
def test_an_error_from_aws_is_told_whole(colour: str, server: Server) -> None:
    server.answer = lambda _: reply(
        {"message": "The provided model identifier is invalid."},
        400,
        x_amzn_ErrorType="ValidationException:http://internal.amazon.com/coral/com.amazon.bedrock/",
    )
    with pytest.raises(InvalidRequestError) as caught:
        call(server, colour, "converse", **ASK)
    error = caught.value
    assert (error.code, error.status, error.request_id) == ("ValidationException", 400, REQUEST_ID)
    assert (error.operation, error.model_id, error.region) == ("Converse", MODEL, "us-east-1")
    assert error.response["Error"]["Message"] == "The provided model identifier is invalid."
    assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 400
