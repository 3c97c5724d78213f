"""Requests that the service model or Bedrock's documented constraints do not allow."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from bedrock_unified.local import LocalBedrock

from .sending import post

CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
NOVA = "us.amazon.nova-lite-v1:0"
LLAMA = "us.meta.llama3-3-70b-instruct-v1:0"
PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(16)).decode()

USER = {"role": "user", "content": [{"text": "hello"}]}
BOT = {"role": "assistant", "content": [{"text": "hello"}]}
TOOLS = {"tools": [{"toolSpec": {"name": "look", "inputSchema": {"json": {"type": "object"}}}}]}


def use(id: str) -> dict[str, Any]:
    return {"role": "assistant", "content": [{"toolUse": {"toolUseId": id, "name": "look", "input": {}}}]}


def result(*ids: str, **more: Any) -> dict[str, Any]:
    return {
        "role": "user",
        "content": [{"toolResult": {"toolUseId": i, "content": [{"text": "seen"}], **more}} for i in ids],
    }


def talk(*messages: Any, **more: Any) -> dict[str, Any]:
    return {"messages": list(messages), **more}


def document(**members: Any) -> dict[str, Any]:
    block = {"format": "txt", "name": "notes", "source": {"text": "x"}, **members}
    return {"role": "user", "content": [{"text": "read"}, {"document": block}]}


def image(data: str, kind: str = "png") -> dict[str, Any]:
    return {
        "role": "user",
        "content": [{"text": "look"}, {"image": {"format": kind, "source": {"bytes": data}}}],
    }


THINKING = {"additionalModelRequestFields": {"thinking": {"type": "enabled", "budget_tokens": 1024}}}

# model, request, words of the ValidationException
REFUSED: dict[str, tuple[str, dict[str, Any], str]] = {
    # the service model
    "temperature 3": (
        CLAUDE,
        talk(USER, inferenceConfig={"temperature": 3}),
        "Value '3' at 'inferenceConfig.temperature' failed to satisfy constraint: Member must have value "
        "less than or equal to 1",
    ),
    "temperature -1": (CLAUDE, talk(USER, inferenceConfig={"temperature": -1}), "greater than or equal to 0"),
    "no tokens": (
        CLAUDE,
        talk(USER, inferenceConfig={"maxTokens": 0}),
        "Value '0' at 'inferenceConfig.maxTokens'",
    ),
    "tokens as text": (
        CLAUDE,
        talk(USER, inferenceConfig={"maxTokens": "9"}),
        "'inferenceConfig.maxTokens' failed to satisfy constraint: Member must be an integer",
    ),
    "tokens as truth": (CLAUDE, talk(USER, inferenceConfig={"maxTokens": True}), "Member must be an integer"),
    "unknown member": (
        CLAUDE,
        talk(USER, inferenceConfig={"max_tokens": 9}),
        "Value at 'inferenceConfig.max_tokens'",
    ),
    "unknown member at the top": (CLAUDE, talk(USER, temperature=1), "Value at 'temperature'"),
    "unknown role": (
        CLAUDE,
        talk({"role": "bot", "content": [{"text": "x"}]}),
        "Value 'bot' at 'messages.1.member.role' failed to satisfy constraint: Member must satisfy enum "
        "value set: [user, assistant",
    ),
    "no role": (
        CLAUDE,
        talk({"content": [{"text": "x"}]}),
        "'messages.1.member.role' failed to satisfy constraint: Member must not be null",
    ),
    "two kinds in one block": (
        CLAUDE,
        talk({"role": "user", "content": [{"text": "x", "cachePoint": {"type": "default"}}]}),
        "Member must set exactly one of",
    ),
    "messages as an object": (CLAUDE, {"messages": {}}, "Member must be a list"),
    "document of an unknown format": (
        CLAUDE,
        talk(document(format="odt")),
        "Value 'odt' at 'messages.1.member.content.2.member.document.format' failed to satisfy constraint: "
        "Member must satisfy enum value set: [pdf, csv",
    ),
    "document name too long": (
        CLAUDE,
        talk(document(name="n" * 201)),
        "Member must have length less than or equal to 200",
    ),
    "image that is not base64": (CLAUDE, talk(image("!!")), "Member must be base64-encoded"),
    "tool name with a space": (
        CLAUDE,
        talk(USER, toolConfig={"tools": [{"toolSpec": {"name": "a b", "inputSchema": {"json": {}}}}]}),
        "Member must satisfy regular expression pattern: [a-zA-Z0-9_-]+",
    ),
    "no tools in toolConfig": (
        CLAUDE,
        talk(USER, toolConfig={"tools": []}),
        "Member must have length greater than or equal to 1",
    ),
    "guardrail version of letters": (
        CLAUDE,
        talk(USER, guardrailConfig={"guardrailIdentifier": "abc", "guardrailVersion": "one"}),
        "Value 'one' at 'guardrailConfig.guardrailVersion'",
    ),
    "too much metadata": (
        CLAUDE,
        talk(USER, requestMetadata={str(i): "x" for i in range(17)}),
        "Member must have length less than or equal to 16",
    ),
    # the conversation
    "no messages": (CLAUDE, talk(), "must start with a user message"),
    "assistant first": (CLAUDE, talk(BOT, USER), "A conversation must start with a user message."),
    "no content": (
        CLAUDE,
        talk({"role": "user", "content": []}),
        "The content field in the Message object at messages.0 is empty.",
    ),
    "blank text": (
        CLAUDE,
        talk(USER, BOT, {"role": "user", "content": [{"text": "a"}, {"text": " \n"}]}),
        "The text field in the ContentBlock object at messages.2.content.1 is blank.",
    ),
    "two turns of one role": (
        LLAMA,
        talk(USER, USER),
        "A conversation must alternate between user and assistant roles.",
    ),
    "assistant last": (LLAMA, talk(USER, BOT), "A conversation must end with a user message."),
    "prefill beside tools": (
        CLAUDE,
        talk(USER, BOT, toolConfig=TOOLS),
        "pre-filling the `assistant` response is not supported",
    ),
    # tools
    "history with tools, none offered": (
        CLAUDE,
        talk(USER, use("a"), result("a")),
        "The toolConfig field must be defined when using toolUse and toolResult content blocks.",
    ),
    "a result for nothing": (
        CLAUDE,
        talk(result("a"), toolConfig=TOOLS),
        "The number of toolResult blocks at messages.0.content exceeds the number of toolUse blocks of "
        "previous turn.",
    ),
    "a result too many": (
        CLAUDE,
        talk(USER, use("a"), result("a", "b"), toolConfig=TOOLS),
        "The number of toolResult blocks at messages.2.content exceeds",
    ),
    "another id": (
        CLAUDE,
        talk(USER, use("a"), result("b"), toolConfig=TOOLS),
        "Expected toolResult blocks at messages.2.content for the following Ids: a, but found: b",
    ),
    "a call without a result": (
        CLAUDE,
        talk(USER, use("a"), USER, toolConfig=TOOLS),
        "Expected toolResult blocks at messages.2.content for the following Ids: a",
    ),
    "an empty failure": (
        CLAUDE,
        talk(
            USER,
            use("a"),
            {
                "role": "user",
                "content": [{"toolResult": {"toolUseId": "a", "content": [], "status": "error"}}],
            },
            toolConfig=TOOLS,
        ),
        "cannot be empty when status value is error",
    ),
    "a schema that is no object": (
        CLAUDE,
        talk(
            USER,
            toolConfig={"tools": [{"toolSpec": {"name": "a", "inputSchema": {"json": {"type": "string"}}}}]},
        ),
        "toolConfig.tools.0.toolSpec.inputSchema.json.type must be one of the following: object",
    ),
    "two tools of one name": (CLAUDE, talk(USER, toolConfig={"tools": TOOLS["tools"] * 2}), "must be unique"),
    "a choice nobody offered": (
        CLAUDE,
        talk(USER, toolConfig={**TOOLS, "toolChoice": {"tool": {"name": "smell"}}}),
        "toolChoice.tool.name value smell",
    ),
    "tools for a model without": (
        "us.meta.llama3-2-3b-instruct-v1:0",
        talk(USER, toolConfig=TOOLS),
        "This model doesn't support tool use.",
    ),
    # documents, images
    "document without text": (
        CLAUDE,
        talk(
            {
                "role": "user",
                "content": [{"document": {"format": "txt", "name": "a", "source": {"text": "x"}}}],
            }
        ),
        "A text block is required",
    ),
    "document name with a slash": (
        CLAUDE,
        talk(document(name="a/b")),
        "The document file name can only contain alphanumeric characters",
    ),
    "document name with two spaces": (CLAUDE, talk(document(name="a  b")), "more than one consecutive"),
    "two documents of one name": (
        CLAUDE,
        talk({"role": "user", "content": [*document()["content"], document()["content"][1]]}),
        "must be unique: notes",
    ),
    "an image that is text": (
        NOVA,
        talk(image(base64.b64encode(b"not an image").decode())),
        "The detected file MIME type text/plain does not match the expected type image/png.",
    ),
    "an image that is text, for Claude": (
        CLAUDE,
        talk(image(base64.b64encode(b"not an image").decode())),
        "Could not process image",
    ),
    "an image in S3, for Claude": (
        CLAUDE,
        talk(
            {
                "role": "user",
                "content": [
                    {"text": "x"},
                    {"image": {"format": "png", "source": {"s3Location": {"uri": "s3://bucket/key"}}}},
                ],
            }
        ),
        "This model doesn't support the s3Uri field.",
    ),
    # guardrail, reasoning, length
    "half a guardrail": (
        CLAUDE,
        talk(USER, guardrailConfig={"guardrailIdentifier": "abc"}),
        "both guardrailIdentifier and guardrailVersion",
    ),
    "too little thinking": (
        CLAUDE,
        talk(USER, additionalModelRequestFields={"thinking": {"type": "enabled", "budget_tokens": 10}}),
        "greater than or equal to 1024",
    ),
    "thinking beyond the limit": (
        CLAUDE,
        talk(USER, inferenceConfig={"maxTokens": 1000}, **THINKING),
        "`max_tokens` must be greater than `thinking.budget_tokens`",
    ),
    "thinking and a forced tool": (
        CLAUDE,
        talk(USER, toolConfig={**TOOLS, "toolChoice": {"any": {}}}, **THINKING),
        "Thinking may not be enabled when tool_choice forces tool use.",
    ),
    "thinking and a temperature": (
        CLAUDE,
        talk(USER, inferenceConfig={"temperature": 0.5}, **THINKING),
        "`temperature` may only be set to 1 when thinking is enabled",
    ),
    "far too long": (
        CLAUDE,
        talk({"role": "user", "content": [{"text": "word " * 400_000}]}),
        "Input is too long for requested model.",
    ),
    # model ids
    "an id of no provider": ("does-not-exist", talk(USER), "The provided model identifier is invalid."),
    "a geography alone": ("us.nothing-v1:0", talk(USER), "The provided model identifier is invalid."),
    "a mistyped provider": ("antropic.claude-v2", talk(USER), "The provided model identifier is invalid."),
    "an id with a newline": (
        "amazon.nova\n",
        talk(USER),
        "failed to satisfy constraint: Member must satisfy regular expression pattern",
    ),
}


@pytest.mark.parametrize("operation", ["converse", "converse-stream"])
@pytest.mark.parametrize(("model", "request_", "words"), REFUSED.values(), ids=REFUSED)
def test_it_is_refused_in_awss_words(
    shared_endpoint: LocalBedrock, operation: str, model: str, request_: dict[str, Any], words: str
) -> None:
    path = f"/model/{model.replace(':', '%3A').replace(chr(10), '%0A')}/{operation}"
    status, headers, body = post(shared_endpoint, path, request_)
    if status == 200:  # Nova refuses an image in the stream
        assert operation == "converse-stream" and b":exception-type" in body and words.encode() in body
        return
    assert status == 400, body
    assert words in json.loads(body)["message"]
    assert (
        headers["x-amzn-errortype"]
        == "ValidationException:http://internal.amazon.com/coral/com.amazon.bedrock/"
    )
    assert headers["content-type"] == "application/json"
    assert len(headers["x-amzn-requestid"]) == 36


ALLOWED: dict[str, tuple[str, dict[str, Any]]] = {
    "the edges of the ranges": (
        CLAUDE,
        talk(USER, inferenceConfig={"temperature": 1, "topP": 0, "maxTokens": 1}),
    ),
    "a whole number for a fraction": (CLAUDE, talk(USER, inferenceConfig={"temperature": 0})),
    "an explicit null": (CLAUDE, talk(USER, system=None)),
    "two turns of one role, for Claude": (CLAUDE, talk(USER, USER)),
    "results in two turns, for Claude": (
        CLAUDE,
        talk(
            USER,
            {"role": "assistant", "content": [*use("a")["content"], *use("b")["content"]]},
            result("a"),
            result("b"),
            toolConfig=TOOLS,
        ),
    ),
    "results in another order": (
        CLAUDE,
        talk(
            USER,
            {"role": "assistant", "content": [*use("a")["content"], *use("b")["content"]]},
            result("b", "a"),
            toolConfig=TOOLS,
        ),
    ),
    "a prefill, for Claude": (CLAUDE, talk(USER, BOT)),
    "an image": (NOVA, talk(image(PNG))),
    "a document name with brackets": (CLAUDE, talk(document(name="Report (final) [2]"))),
    "a schema with any members": (
        CLAUDE,
        talk(
            USER,
            toolConfig={
                "tools": [
                    {
                        "toolSpec": {
                            "name": "a",
                            "inputSchema": {"json": {"type": "object", "x-mine": {"y": None}}},
                        }
                    }
                ]
            },
        ),
    ),
    "an id nobody has heard of": ("amazon.nova-ultra-v9:0", talk(USER)),
    "a profile's ARN": (
        "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-lite-v1:0",
        talk(USER),
    ),
    "an opaque ARN": (
        "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/ab12cd34ef56",
        talk(USER),
    ),
}


@pytest.mark.parametrize(("model", "request_"), ALLOWED.values(), ids=ALLOWED)
def test_it_is_allowed(shared_endpoint: LocalBedrock, model: str, request_: dict[str, Any]) -> None:
    path = f"/model/{model.replace(':', '%3A').replace('/', '%2F')}/converse"
    status, _, body = post(shared_endpoint, path, request_)
    assert status == 200, body
    assert shared_endpoint.requests[-1].model_id == model


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"7", b'{"messages": "x"}', b"\xff\xfe"])
def test_a_body_that_is_no_request_is_a_400(shared_endpoint: LocalBedrock, body: bytes) -> None:
    assert post(shared_endpoint, "/model/amazon.nova-lite-v1%3A0/converse", body)[0] == 400


def test_more_than_20_megabytes_are_refused(shared_endpoint: LocalBedrock) -> None:
    status, _, body = post(
        shared_endpoint, "/model/amazon.nova-lite-v1%3A0/converse", bytes(20 * 1024 * 1024 + 1)
    )
    assert status == 413 and "20971520" in json.loads(body)["message"]


def test_an_unknown_path_is_no_operation(shared_endpoint: LocalBedrock) -> None:
    status, headers, _ = post(shared_endpoint, "/model/amazon.nova-lite-v1%3A0/talk", talk(USER))
    assert status == 404 and headers["x-amzn-errortype"].startswith("UnknownOperationException:")


def test_several_violations_are_told_at_once(shared_endpoint: LocalBedrock) -> None:
    request = talk(USER, inferenceConfig={"temperature": 2, "topP": 2})
    _, _, body = post(shared_endpoint, "/model/amazon.nova-lite-v1%3A0/converse", request)
    message = json.loads(body)["message"]
    assert message.startswith("2 validation errors detected: Value '2' at 'inferenceConfig.temperature'")
    assert "; Value '2' at 'inferenceConfig.topP'" in message


def test_profile_only_models_are_refused_on_demand_where_it_is_asked_for() -> None:
    with LocalBedrock(require_inference_profiles=True) as endpoint:
        path = "/model/{}anthropic.claude-haiku-4-5-20251001-v1%3A0/converse"
        status, _, body = post(endpoint, path.format(""), talk(USER))
        assert status == 400 and "on-demand throughput isn’t supported" in json.loads(body)["message"]
        assert post(endpoint, path.format("eu."), talk(USER))[0] == 200


def test_models_and_guardrails_of_the_account_are_those_given() -> None:
    from bedrock_unified.local import Guardrail

    with LocalBedrock(
        models=["acme.talker-v1:0"], guardrails=[Guardrail("mine", words=("cabbage",))]
    ) as endpoint:
        path = "/model/acme.talker-v1%3A0/converse"
        assert post(endpoint, path, talk(USER))[0] == 200
        guarded = {"guardrailIdentifier": "mine", "guardrailVersion": "1"}
        said = talk({"role": "user", "content": [{"text": "buy cabbage"}]}, guardrailConfig=guarded)
        assert json.loads(post(endpoint, path, said)[2])["stopReason"] == "guardrail_intervened"
        for other in ({**guarded, "guardrailVersion": "7"}, {**guarded, "guardrailIdentifier": "yours"}):
            status, _, body = post(endpoint, path, talk(USER, guardrailConfig=other))
            assert status == 400
            assert (
                json.loads(body)["message"]
                == "The guardrail identifier or version provided in the request does not exist."
            )
