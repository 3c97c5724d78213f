"""What an answer of Bedrock's becomes in LangChain: content, tool calls, usage, metadata."""

from __future__ import annotations

import json
from base64 import b64encode
from functools import reduce
from operator import add
from typing import Any

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk

from bedrock_unified import LocalBedrock
from langchain_bedrock_unified import ChatBedrock

from .scripted import MODEL, MakeModel, Says, ScriptedBedrock

CITATION = {
    "title": "Guide",
    "sourceContent": [{"text": "one"}, {"text": "two"}],
    "location": {"documentPage": {"documentIndex": 0, "start": 3, "end": 4}},
}
CITATION_IN_LANGCHAIN = {
    "title": "Guide",
    "source_content": [{"text": "one"}, {"text": "two"}],
    "location": {"document_page": {"document_index": 0, "start": 3, "end": 4}},
}


def streamed(model: ChatBedrock, **given: Any) -> AIMessageChunk:
    """The sum of the chunks."""
    return reduce(add, list(model.stream("q", **given)))


def test_text_alone_is_a_string(model: ChatBedrock, bedrock: ScriptedBedrock) -> None:
    bedrock.says([{"text": "Good "}, {"text": "day."}])
    answer = model.invoke("q")
    assert answer.content == "Good day."
    assert answer.content_blocks == [{"type": "text", "text": "Good day."}]


def test_streamed_text_comes_piece_by_piece_under_its_blocks_index(
    model: ChatBedrock, bedrock: ScriptedBedrock
) -> None:
    bedrock.says(Says([{"text": "Good day."}], pieces=5))
    *chunks, last = model.stream("q")
    assert [chunk.content for chunk in chunks] == [
        [{"type": "text", "text": "Good ", "index": 0}],
        [{"type": "text", "text": "day.", "index": 0}],
    ]
    assert (last.content, last.chunk_position) == ([], "last")
    assert reduce(add, [*chunks, last]).text == "Good day."


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        ({"text": "x"}, {"type": "text", "text": "x"}),
        (
            {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "c2ln"}}},
            {"type": "reasoning_content", "reasoning_content": {"text": "hm", "signature": "c2ln"}},
        ),
        (
            {"reasoningContent": {"reasoningText": {"text": "hm"}}},
            {"type": "reasoning_content", "reasoning_content": {"text": "hm"}},
        ),
        (
            {"reasoningContent": {"redactedContent": b"\x00\xff"}},
            {"type": "reasoning_content", "reasoning_content": {"redacted_content": "AP8="}},
        ),
        (
            {"citationsContent": {"content": [{"text": "said"}], "citations": [CITATION]}},
            {"type": "text", "text": "said", "citations": [CITATION_IN_LANGCHAIN]},
        ),
        (
            {
                "toolUse": {
                    "toolUseId": "s1",
                    "name": "nova_grounding",
                    "input": {},
                    "type": "server_tool_use",
                }
            },
            {"type": "server_tool_use", "name": "nova_grounding", "id": "s1", "input": {}},
        ),
        (
            {
                "toolResult": {
                    "toolUseId": "s1",
                    "content": [{"json": {"user_id": 1, "userId": 2}}, {"text": "[HIDDEN]"}],
                    "status": "success",
                    "type": "nova_grounding_result",
                }
            },
            {
                "type": "tool_result",
                "tool_use_id": "s1",
                "is_error": False,
                "status": "success",
                "extras": {"type": "nova_grounding_result"},
                "content": [
                    {"type": "json", "json": {"user_id": 1, "userId": 2}},
                    {"type": "text", "text": "[HIDDEN]"},
                ],
            },
        ),
        (
            {"image": {"format": "png", "source": {"bytes": b"\x89PNG...."}}},
            {
                "type": "image",
                "source": {
                    "media_type": "image/png",
                    "type": "base64",
                    "data": b64encode(b"\x89PNG....").decode(),
                },
            },
        ),
        (
            {"audio": {"format": "mp3", "source": {"s3Location": {"uri": "s3://b/k"}}}},
            {
                "type": "audio",
                "source": {"media_type": "audio/mp3", "type": "s3Location", "data": {"uri": "s3://b/k"}},
            },
        ),
        (
            {"document": {"format": "txt", "name": "n", "source": {"bytes": b"hi"}}},
            {"type": "document", "document": {"format": "txt", "name": "n", "source": {"bytes": "aGk="}}},
        ),
        (
            {"somethingNew": {"of": ["later"], "number": 3}},
            {"type": "somethingNew", "somethingNew": {"of": ["later"], "number": 3}},
        ),
    ],
    ids=lambda value: next(iter(value)) if "type" not in value else None,
)
def test_each_kind_of_block(
    model: ChatBedrock, bedrock: ScriptedBedrock, block: dict[str, Any], expected: dict[str, Any]
) -> None:
    content = [{"text": "a"}, block, {"text": "z"}] if "text" not in block else [block, {"somethingNew": {}}]
    bedrock.says(content)
    answer = model.invoke("q")
    assert expected in answer.content
    assert json.loads(answer.model_dump_json())["content"] == answer.content


def test_tool_calls_and_their_blocks(model: ChatBedrock, bedrock: ScriptedBedrock) -> None:
    given = {"city": "Paris", "snake_key": {"camelKey": [1, 2.5, None]}, "big": 2**70}
    bedrock.says([{"toolUse": {"toolUseId": "t1", "name": "weather", "input": given, "type": "tool_use"}}])
    answer = model.invoke("q")
    assert answer.tool_calls == [{"name": "weather", "args": given, "id": "t1", "type": "tool_call"}]
    assert answer.content == [
        {"type": "tool_use", "name": "weather", "id": "t1", "input": given, "extras": {"type": "tool_use"}}
    ]


def test_parallel_tool_calls_in_a_stream_stay_apart(model: ChatBedrock, bedrock: ScriptedBedrock) -> None:
    uses = [
        {"toolUse": {"toolUseId": f"t{n}", "name": "weather", "input": {"city": city}}}
        for n, city in enumerate(["Paris", "Łódź", "東京"])
    ]
    bedrock.says(Says([{"text": "Looking."}, *uses], stop="tool_use", pieces=3))
    answer = streamed(model)
    assert [(call["id"], call["args"]) for call in answer.tool_calls] == [
        ("t0", {"city": "Paris"}),
        ("t1", {"city": "Łódź"}),
        ("t2", {"city": "東京"}),
    ]
    assert [chunk["index"] for chunk in answer.tool_call_chunks] == [1, 2, 3]
    assert not answer.invalid_tool_calls


def test_a_call_without_arguments(model: ChatBedrock, bedrock: ScriptedBedrock) -> None:
    bedrock.says(*[[{"toolUse": {"toolUseId": "t", "name": "now", "input": {}}}]] * 2)
    for answer in (model.invoke("q"), streamed(model)):
        assert answer.tool_calls[0]["args"] == {}


def test_tool_input_that_is_no_json_object_is_an_invalid_call(
    model: ChatBedrock, bedrock: ScriptedBedrock
) -> None:
    broken = [{"toolUse": {"toolUseId": "t", "name": "now", "input": "[1, 2"}}]
    bedrock.says(broken, broken)
    for answer in (model.invoke("q"), streamed(model)):
        assert not answer.tool_calls
        assert [(call["id"], call["name"], call["args"]) for call in answer.invalid_tool_calls] == [
            ("t", "now", "[1, 2")
        ]


def test_server_tool_calls_are_not_calls_for_us(model: ChatBedrock, bedrock: ScriptedBedrock) -> None:
    use = {"toolUseId": "s", "name": "nova_grounding", "input": {"q": 1}, "type": "server_tool_use"}
    bedrock.says([{"toolUse": use}], [{"toolUse": use}])
    for answer in (model.invoke("q"), streamed(model)):
        assert not answer.tool_calls
        assert not answer.invalid_tool_calls
        assert answer.content[0]["type"] == "server_tool_use"


def test_usage_counts_the_cache_as_input_and_nothing_twice(
    model: ChatBedrock, bedrock: ScriptedBedrock
) -> None:
    usage = {
        "inputTokens": 5,
        "outputTokens": 3,
        "totalTokens": 118,
        "cacheReadInputTokens": 40,
        "cacheWriteInputTokens": 70,
        "cacheDetails": [{"inputTokens": 20, "ttl": "5m"}, {"inputTokens": 50, "ttl": "1h"}],
    }
    bedrock.says(Says(usage=usage), Says(usage=usage))
    for answer in (model.invoke("q"), streamed(model)):
        assert answer.usage_metadata == {
            "input_tokens": 115,
            "output_tokens": 3,
            "total_tokens": 118,
            "input_token_details": {
                "cache_read": 40,
                "cache_creation": 0,
                "ephemeral_5m_input_tokens": 20,
                "ephemeral_1h_input_tokens": 50,
            },
        }
        assert sum(answer.usage_metadata["input_token_details"].values()) <= 115


def test_usage_comes_once_in_a_stream(model: ChatBedrock) -> None:
    told = [chunk.usage_metadata for chunk in model.stream("q") if chunk.usage_metadata]
    assert len(told) == 1
    assert told[0]["total_tokens"] == 18


def test_reasoning_tokens_where_they_were_asked_for(model: ChatBedrock, bedrock: ScriptedBedrock) -> None:
    fields = {"usage": {"output_tokens_details": {"thinking_tokens": 4}}}
    bedrock.says(Says(members={"additionalModelResponseFields": fields}))
    answer = model.invoke("q", additional_model_response_field_paths=["/usage"])
    assert answer.usage_metadata is not None
    assert answer.usage_metadata["output_token_details"] == {"reasoning": 4}
    assert answer.response_metadata["additionalModelResponseFields"] == fields


def test_response_metadata_is_the_same_streamed_or_not(model: ChatBedrock, bedrock: ScriptedBedrock) -> None:
    members = {
        "trace": {"guardrail": {"actionReason": "No action."}},
        "performanceConfig": {"latency": "standard"},
        "serviceTier": {"type": "default"},
    }
    bedrock.says(Says(members=members), Says(members=members))
    for answer in (model.invoke("q"), streamed(model)):
        metadata = answer.response_metadata
        assert metadata.pop("ResponseMetadata")["HTTPStatusCode"] == 200
        assert metadata == {
            "stopReason": "end_turn",
            "finish_reason": "stop",
            "metrics": {"latencyMs": 5},
            "bedrock_usage": {"inputTokens": 11, "outputTokens": 7, "totalTokens": 18},
            "model_provider": "amazon_bedrock",
            "model_name": MODEL,
            **members,
            "guardrail": {
                "intervened": False,
                "blocked": False,
                "anonymised": False,
                "findings": [],
                "action_reason": "No action.",
            },
        }


def test_behind_a_prompt_router_the_model_that_answered_is_named(
    model: ChatBedrock, bedrock: ScriptedBedrock
) -> None:
    invoked = "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0"
    bedrock.says(Says(members={"trace": {"promptRouter": {"invokedModelId": invoked}}}))
    assert model.invoke("q").response_metadata["model_name"] == invoked


def test_a_guardrails_intervention_shows(model: ChatBedrock, bedrock: ScriptedBedrock) -> None:
    trace = {"guardrail": {"actionReason": "Guardrail blocked."}}
    bedrock.says(*[Says([{"text": "No."}], stop="guardrail_intervened", members={"trace": trace})] * 2)
    for answer in (model.invoke("q"), streamed(model)):
        assert answer.response_metadata["stopReason"] == "guardrail_intervened"
        assert answer.response_metadata["finish_reason"] == "content_filter"
        assert answer.response_metadata["trace"] == trace


def test_standard_content_blocks(make_model: Any, bedrock: ScriptedBedrock) -> None:
    content = [
        {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "c2ln"}}},
        {"citationsContent": {"content": [{"text": "said"}], "citations": [CITATION]}},
        {"toolUse": {"toolUseId": "t", "name": "now", "input": {"a": 1}}},
    ]
    bedrock.says(*[content] * 3)
    model = make_model()
    v1 = make_model(output_version="v1")
    for answer in (model.invoke("q"), streamed(model), v1.invoke("q")):
        reasoning, text, call = answer.content_blocks
        assert (reasoning["reasoning"], reasoning["extras"]["signature"]) == ("hm", "c2ln")
        assert (text["text"], text["annotations"][0]["cited_text"]) == ("said", "onetwo")
        assert (call["type"], call["args"]) == ("tool_call", {"a": 1})


def test_an_answer_without_content(model: ChatBedrock, bedrock: ScriptedBedrock) -> None:
    bedrock.says([], [])
    assert isinstance(answer := model.invoke("q"), AIMessage)
    assert answer.content == ""
    assert streamed(model).text == ""


def test_what_a_guardrail_found_is_told_without_the_content(make_model: MakeModel) -> None:
    with LocalBedrock() as local:
        guardrail = {"guardrail_identifier": "localguardrail", "guardrail_version": "1"}
        model = make_model(
            model="us.amazon.nova-lite-v1:0", endpoint_url=local.url, guardrail_trace="enabled", **guardrail
        )
        told = model.invoke("the trade secret").response_metadata["guardrail"]
        assert told["blocked"] and [finding["policy"] for finding in told["findings"]] == ["word"]
        assert "secret" not in str(told)
        whole: Any = None
        for chunk in model.stream("the trade secret"):
            whole = chunk if whole is None else whole + chunk
        assert whole.response_metadata["guardrail"] == told
        untraced = model.invoke("the trade secret", guardrail_trace="disabled").response_metadata["guardrail"]
        assert untraced["intervened"] and not untraced["findings"]
        assert "guardrail" not in model.invoke("q", guardrail_trace="disabled").response_metadata
