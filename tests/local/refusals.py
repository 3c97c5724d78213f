"""Requests that Bedrock refuses, with words of its answer, and some that it only seems to."""

from __future__ import annotations

import base64
from typing import Any

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
    "too long to be read at all": (
        CLAUDE,
        talk({"role": "user", "content": [{"text": "word " * 1_800_001}]}),
        "too many total text bytes: 9000005 > 9000000",
    ),
    "an effort that there is not": (
        CLAUDE,
        talk(USER, outputConfig={"effort": "huge"}),
        "outputConfig.effort must be one of the following: low, medium, high, xhigh, max.",
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


ALLOWED: dict[str, tuple[str, dict[str, Any]]] = {
    "the edges of the ranges": (
        NOVA,
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
