"""Requests for what a model lacks, what Bedrock answers and what that denies; and some that a model takes."""

from __future__ import annotations

from typing import Any

from .refusals import BOT, CLAUDE, LLAMA, NOVA, PNG, TOOLS, USER, document, image, result, talk, use

HAIKU_3 = "anthropic.claude-3-haiku-20240307-v1:0"
OPUS_4_8 = "us.anthropic.claude-opus-4-8"
SONNET_4_6 = "us.anthropic.claude-sonnet-4-6"
FABLE = "us.anthropic.claude-fable-5"
MISTRAL_7B = "mistral.mistral-7b-instruct-v0:2"
WRITER = "us.writer.palmyra-x4-v1:0"
GROK = "xai.grok-4.3"
R1 = "us.deepseek.r1-v1:0"
NOVA_2 = "us.amazon.nova-2-lite-v1:0"
GPT_OSS = "openai.gpt-oss-120b-1:0"
POINT = {"cachePoint": {"type": "default"}}
SCHEMA = {
    "textFormat": {"type": "json_schema", "structure": {"jsonSchema": {"schema": '{"type": "object"}'}}}
}
STRICT = {"tools": [{"toolSpec": {**TOOLS["tools"][0]["toolSpec"], "strict": True}}]}
VIDEO = {"video": {"format": "mp4", "source": {"bytes": PNG}}}


def thinking(**config: Any) -> dict[str, Any]:
    return {"additionalModelRequestFields": {"thinking": config}}


def forced(choice: dict[str, Any]) -> dict[str, Any]:
    return {"toolConfig": {**TOOLS, "toolChoice": choice}}


def in_result(id: str, *content: dict[str, Any]) -> dict[str, Any]:
    return {"toolResult": {"toolUseId": id, "content": [*content]}}


def thought(**text: Any) -> dict[str, Any]:
    return {
        "role": "assistant",
        "content": [{"reasoningContent": {"reasoningText": {"text": "hm", **text}}}, {"text": "so"}],
    }


# model, request, words of the answer, the capability that they deny (None: of one request alone)
REFUSED: dict[str, tuple[str, dict[str, Any], str, str | None]] = {
    # tools
    "tools": (
        "meta.llama3-2-3b-instruct-v1:0",
        talk(USER, toolConfig=TOOLS),
        "This model doesn't support tool use.",
        "tools",
    ),
    "tools for a model of 2023": (
        MISTRAL_7B, talk(USER, toolConfig=TOOLS), "This model doesn't support tool use.", "tools",
    ),
    "a forced tool": (
        LLAMA,
        talk(USER, **forced({"any": {}})),
        "This model doesn't support the toolConfig.toolChoice.any field. Remove toolConfig.toolChoice.any "
        "and try again.",
        "tool_choices",
    ),
    "a named tool": (
        "mistral.mistral-large-2402-v1:0",
        talk(USER, **forced({"tool": {"name": "look"}})),
        "the toolConfig.toolChoice.tool field. Remove toolConfig.toolChoice.tool and try again.",
        "tool_choices",
    ),
    "a forced tool for one that always reasons": (
        FABLE, talk(USER, **forced({"any": {}})), "Thinking may not be enabled when tool_choice forces", None,
    ),
    "strict tools": (
        NOVA,
        talk(USER, toolConfig=STRICT),
        "This model doesn't support the strict field.",
        "structured_output",
    ),
    "the status of a tool's result": (
        WRITER,
        talk(USER, use("a"), result("a", status="success"), toolConfig=TOOLS),
        "This model doesn't support the status field. Remove status and try again.",
        "tool_result_status",
    ),
    "a document beside a tool's result": (
        CLAUDE,
        talk(
            USER,
            use("a"),
            {"role": "user", "content": [*result("a")["content"], *document()["content"]]},
            toolConfig=TOOLS,
        ),
        "messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: a.",
        None,
    ),
    # system prompts, the last turn
    "a system prompt": (
        MISTRAL_7B,
        talk(USER, system=[{"text": "x"}]),
        "This model doesn't support system messages.",
        "system",
    ),
    "a prefill": (
        OPUS_4_8, talk(USER, BOT), "This model does not support assistant message prefill.", "prefill",
    ),
    "a prefill, for Llama": (LLAMA, talk(USER, BOT), "must end with a user message", "prefill"),
    "a prefill beside tools": (
        HAIKU_3,
        talk(USER, BOT, toolConfig=TOOLS),
        "When using tools, pre-filling the `assistant` response is not supported.",
        None,
    ),
    # prompt caching
    "cache points": (
        HAIKU_3,
        talk(USER, system=[{"text": "x"}, POINT]),
        "You invoked an unsupported model or your request did not allow prompt caching.",
        "cache_places",
    ),
    "cache points for another family": (
        GPT_OSS,
        talk({"role": "user", "content": [{"text": "x"}, POINT]}),
        "did not allow prompt caching",
        "cache_places",
    ),
    "cache points among Nova's tools": (
        NOVA,
        talk(USER, toolConfig={"tools": [*TOOLS["tools"], POINT]}),
        "Malformed input request: #/toolConfig/tools/1: extraneous key [cachePoint] is not permitted",
        "cache_places",
    ),
    "an hour's cache points": (
        NOVA,
        talk(USER, system=[{"text": "x"}, {"cachePoint": {"type": "default", "ttl": "1h"}}]),
        "This model doesn't support the cachePoint.ttl field.",
        "cache_ttls",
    ),
    "five cache points": (
        CLAUDE,
        talk({"role": "user", "content": [{"text": "x"}, POINT] * 5}),
        "A maximum of 4 blocks with cache_control may be provided. Found 5.",
        None,
    ),
    # sampling
    "temperature and top_p": (
        CLAUDE,
        talk(USER, inferenceConfig={"temperature": 0.2, "topP": 0.9}),
        "`temperature` and `top_p` cannot both be specified for this model. Please use only one.",
        "sampling_exclusive",
    ),
    "a temperature": (
        OPUS_4_8,
        talk(USER, inferenceConfig={"temperature": 0.2}),
        "`temperature` is deprecated for this model.",
        "sampling_refused",
    ),
    "a top_p": (
        OPUS_4_8, talk(USER, inferenceConfig={"topP": 0.9}), "`top_p` is deprecated for this model.",
        "sampling_refused",
    ),
    "a top_k": (
        OPUS_4_8,
        talk(USER, additionalModelRequestFields={"top_k": 9}),
        "`top_k` is deprecated for this model.",
        "sampling_refused",
    ),
    "a top_k that it never knew": (
        LLAMA,
        talk(USER, additionalModelRequestFields={"top_k": 9}),
        "Malformed input request: #: extraneous key [top_k] is not permitted",
        "sampling_refused",
    ),
    # structured output
    "a JSON schema": (
        NOVA,
        talk(USER, outputConfig=SCHEMA),
        "This model doesn't support the outputConfig field. Remove outputConfig and try again.",
        "structured_output",
    ),
    "a JSON schema, for a Claude without": (
        OPUS_4_8, talk(USER, outputConfig=SCHEMA),
        "output_config.format: Extra inputs are not permitted", "structured_output",
    ),
    "strict tools, for a Claude without": (
        OPUS_4_8, talk(USER, toolConfig=STRICT),
        "tools.0.custom.strict: Extra inputs are not permitted", "structured_output",
    ),
    # reasoning
    "reasoning, for a Claude without": (
        HAIKU_3, talk(USER, **thinking(type="enabled", budget_tokens=1024)),
        "thinking: Extra inputs are not permitted", "reasoning",
    ),
    "an effort, for a Claude without": (
        HAIKU_3, talk(USER, outputConfig={"effort": "low"}),
        "output_config.effort: Extra inputs are not permitted", "reasoning",
    ),
    "an effort": (
        NOVA, talk(USER, outputConfig={"effort": "low"}),
        "This model doesn't support the outputConfig.effort field.", "reasoning",
    ),
    "a budget, for a model that adapts": (
        OPUS_4_8,
        talk(USER, **thinking(type="enabled", budget_tokens=1024)),
        '"thinking.type.enabled" is not supported for this model.',
        "reasoning",
    ),
    "to adapt, for a model with a budget": (
        CLAUDE, talk(USER, **thinking(type="adaptive")), "adaptive thinking is not supported", "reasoning",
    ),
    "reasoning": (
        NOVA,
        talk(USER, **thinking(type="enabled", budget_tokens=1024)),
        "Malformed input request: #: extraneous key [thinking] is not permitted",
        "reasoning",
    ),
    "a forced tool beside adaptive thinking": (
        SONNET_4_6,
        talk(USER, **forced({"any": {}}), **thinking(type="adaptive")),
        "Thinking may not be enabled when tool_choice forces tool use.",
        None,
    ),
    "a temperature beside adaptive thinking": (
        SONNET_4_6,
        talk(USER, inferenceConfig={"temperature": 0}, **thinking(type="adaptive")),
        "`temperature` may only be set to 1 when thinking is enabled",
        None,
    ),
    "reasoning without a signature": (
        CLAUDE,
        talk(USER, thought(), USER),
        "messages.1.content.0.thinking.signature: Field required",
        "reasoning_in_history",
    ),
    "reasoning of earlier answers": (
        R1, talk(USER, thought(), USER), "This model doesn't support the reasoningContent field.",
        "reasoning_in_history",
    ),
    # media
    "a document in a tool's result": (
        NOVA_2,
        talk(
            USER,
            use("a"),
            {"role": "user", "content": [in_result("a", *document()["content"])]},
            toolConfig=TOOLS,
        ),
        "#/messages/2/content/0: extraneous key [toolResult] is not permitted, please reformat",
        None,
    ),
    "an image": (
        "amazon.nova-micro-v1:0",
        talk(image(PNG)),
        "This model doesn't support the image content block that you provided.",
        "media",
    ),
    "a video": (
        CLAUDE,
        talk({"role": "user", "content": [{"text": "x"}, VIDEO]}),
        "This model doesn't support the video content block that you provided.",
        "media",
    ),
    "a document": (GROK, talk(document()), "This model doesn't support documents.", "media"),
    "a document in S3": (
        CLAUDE,
        talk(document(source={"s3Location": {"uri": "s3://bucket/key"}})),
        "This model doesn't support the s3Uri field. Remove s3Uri and try again.",
        "s3_media",
    ),
    "an image in S3": (
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
        "This model doesn't support the s3Uri field. Remove s3Uri and try again.",
        "s3_media",
    ),
}  # fmt: skip


ALLOWED: dict[str, tuple[str, dict[str, Any]]] = {
    "tools without a choice": (LLAMA, talk(USER, toolConfig=TOOLS)),
    "a tool choice that is left to Llama": (LLAMA, talk(USER, **forced({"auto": {}}))),
    "a forced tool, for Nova": (NOVA, talk(USER, **forced({"any": {}}))),
    "a system prompt, for Claude 2": ("anthropic.claude-v2:1", talk(USER, system=[{"text": "x"}])),
    "a temperature of 1": (OPUS_4_8, talk(USER, inferenceConfig={"temperature": 1})),
    "temperature and top_p, for an older Claude": (
        HAIKU_3, talk(USER, inferenceConfig={"temperature": 0.5, "topP": 0.5}),
    ),
    "four cache points": (CLAUDE, talk({"role": "user", "content": [{"text": "x"}, POINT] * 4})),
    "cache points in Nova's messages": (NOVA, talk({"role": "user", "content": [{"text": "x"}, POINT]})),
    "a JSON schema, for Claude 4.5": (CLAUDE, talk(USER, outputConfig=SCHEMA)),
    "strict tools, for Claude 4.5": (CLAUDE, talk(USER, toolConfig=STRICT)),
    "adaptive thinking": (OPUS_4_8, talk(USER, **thinking(type="adaptive"))),
    "a budget, for a model that also adapts": (
        SONNET_4_6, talk(USER, **thinking(type="enabled", budget_tokens=1024)),
    ),
    "a prefill, for Nova": (NOVA, talk(USER, BOT)),
    "an image beside a tool's result": (
        CLAUDE,
        talk(
            USER,
            use("a"),
            {"role": "user", "content": [*result("a")["content"], *image(PNG)["content"]]},
            toolConfig=TOOLS,
        ),
    ),
    "everything, for a model that nobody has heard of": (
        "qwen.unheard-of-v1:0",
        talk(
            document(), USER | {"role": "assistant"}, image(PNG),
            system=[{"text": "x"}], inferenceConfig={"temperature": 0.1, "topP": 0.1}, **forced({"any": {}}),
        ),
    ),
}  # fmt: skip
