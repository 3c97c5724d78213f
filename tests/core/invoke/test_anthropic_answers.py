"""Messages answers and streams as Converse's, and what of them goes back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bedrock_unified.converse.reducer import StreamReducer
from bedrock_unified.converse.usage import read_usage
from bedrock_unified.invoke.anthropic import body, events, response
from bedrock_unified.wire.failure import InStreamFailure
from bedrock_unified.wire.http import TransportError

Native = dict[str, Any]

CITED = {
    "char_location": {
        "document_index": 0,
        "document_title": "Keys",
        "start_char_index": 3,
        "end_char_index": 9,
    },
    "page_location": {
        "document_index": 1,
        "document_title": None,
        "start_page_number": 1,
        "end_page_number": 2,
    },
    "content_block_location": {
        "document_index": 0,
        "document_title": "K",
        "start_block_index": 0,
        "end_block_index": 1,
        "file_id": "f1",
    },
    "search_result_location": {
        "search_result_index": 2,
        "title": "T",
        "source": "https://a.example",
        "start_block_index": 0,
        "end_block_index": 1,
    },
    "web_search_result_location": {"url": "https://b.example/x", "title": "B", "encrypted_index": "Eo8B"},
    "later_location": {"anything": [1, 2]},
}
CITATIONS = [{"type": kind, "cited_text": "the clock", **more} for kind, more in CITED.items()]
BLOCKS: list[Native] = [
    {"type": "text", "text": "Hello"},
    {"type": "text", "text": "behind the clock", "citations": CITATIONS},
    {"type": "tool_use", "id": "toolu_1", "name": "shelf", "input": {"title": "Emma"}},
    {"type": "tool_use", "id": "toolu_2", "name": "now", "input": {}},
    {"type": "tool_use", "id": "toolu_3", "name": "now", "input": {}, "caller": {"type": "code_execution"}},
    {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"},
    {"type": "redacted_thinking", "data": "EmwKAhgB"},
    {
        "type": "server_tool_use",
        "id": "srvtoolu_1",
        "name": "tool_search_tool_regex",
        "input": {"query": "shelf"},
    },
    {
        "type": "tool_search_tool_result",
        "tool_use_id": "srvtoolu_1",
        "content": {
            "type": "tool_search_tool_search_result",
            "tool_references": [{"type": "tool_reference", "tool_name": "shelf"}],
        },
    },
    {
        "type": "web_search_tool_result",
        "tool_use_id": "srvtoolu_2",
        "content": [{"type": "web_search_result", "url": "u", "title": "t", "encrypted_content": "Ee"}],
    },
    {
        "type": "web_search_tool_result",
        "tool_use_id": "srvtoolu_3",
        "content": {"type": "web_search_tool_result_error", "error_code": "max_uses_exceeded"},
    },
    {"type": "container_upload", "file_id": "file_1"},
]


def message(*content: Native, **more: Any) -> Native:
    usage = {"input_tokens": 3, "output_tokens": 5}
    return {"type": "message", "role": "assistant", "content": list(content), "usage": usage, **more}


def streamed(native: Native) -> list[Native]:
    """The events that Anthropic's API sends for a message."""
    parts: list[Native] = [{"type": "message_start", "message": {**native, "content": []}}]
    for index, block in enumerate(native["content"]):
        started, deltas = dict(block), list[Native]()
        if block["type"] == "text":
            started = {"type": "text", "text": "", **({"citations": []} if "citations" in block else {})}
            cited = [{"type": "citations_delta", "citation": told} for told in block.get("citations", [])]
            deltas = [*cited, *({"type": "text_delta", "text": letter} for letter in block["text"])]
        elif block["type"] in ("tool_use", "server_tool_use"):
            text = json.dumps(block["input"])
            started["input"] = {}
            deltas = [{"type": "input_json_delta", "partial_json": part} for part in ("", text[:3], text[3:])]
        elif block["type"] == "thinking":
            started = {"type": "thinking", "thinking": "", "signature": ""}
            deltas = [
                {"type": "thinking_delta", "thinking": block["thinking"]},
                {"type": "signature_delta", "signature": block["signature"]},
            ]
        parts.append({"type": "content_block_start", "index": index, "content_block": started})
        parts += [{"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas]
        parts.append({"type": "content_block_stop", "index": index})
        parts.append({"type": "ping"})
    stop = {name: native.get(name) for name in ("stop_reason", "stop_sequence", "stop_details")}
    parts.append({"type": "message_delta", "delta": stop, "usage": {"output_tokens": 5}})
    metrics = {"inputTokenCount": 3, "outputTokenCount": 5, "invocationLatency": 17}
    parts.append({"type": "message_stop", "amazon-bedrock-invocationMetrics": metrics})
    return parts


def reduced(parts: list[Native]) -> Native:
    maker, reducer = events(), StreamReducer()
    for part in parts:
        for event in maker.feed(part):
            reducer.feed(event)
    assert maker.end() == []
    return reducer.response()


@pytest.mark.parametrize("native", BLOCKS, ids=lambda block: block["type"])
def test_every_block_goes_back_as_it_came(native: Native) -> None:
    answer = response(message(native, stop_reason="end_turn"), {})["output"]["message"]
    (turn,) = body({"messages": [answer]})["messages"]
    (again,) = turn["content"]
    assert again == native


@pytest.mark.parametrize("native", BLOCKS, ids=lambda block: block["type"])
def test_every_block_is_the_same_streamed(native: Native) -> None:
    told = message(native, stop_reason="end_turn")
    whole = response(told, {"x-amzn-bedrock-invocation-latency": "17"})
    assert reduced(streamed(told)) == whole


def test_all_blocks_together_streamed() -> None:
    told = message(*BLOCKS, stop_reason="tool_use")
    assert reduced(streamed(told)) == response(told, {"X-Amzn-Bedrock-Invocation-Latency": "17"})


def test_a_server_tool_is_converses_tool_use_and_result() -> None:
    blocks = [block for block in BLOCKS if str(block["type"]).startswith(("server", "tool_search"))]
    use, result = response(message(*blocks), {})["output"]["message"]["content"]
    assert use["toolUse"]["type"] == "server_tool_use"
    assert result["toolResult"]["type"] == "tool_search_tool_result"
    assert result["toolResult"]["status"] == "success"
    failed = response(message(BLOCKS[-2]), {})["output"]["message"]["content"][0]["toolResult"]
    assert failed["status"] == "error"


def test_citations_are_converses() -> None:
    content = response(message(BLOCKS[1]), {})["output"]["message"]["content"]
    cited = content[0]["citationsContent"]
    assert cited["content"] == [{"text": "behind the clock"}]
    first, page, chunk, found, web, later = cited["citations"]
    assert first == {
        "title": "Keys",
        "sourceContent": [{"text": "the clock"}],
        "location": {"documentChar": {"documentIndex": 0, "start": 3, "end": 9}},
    }
    assert page["location"] == {"documentPage": {"documentIndex": 1, "start": 1, "end": 2}}
    assert "title" not in page
    assert chunk["location"] == {"documentChunk": {"documentIndex": 0, "start": 0, "end": 1}}
    assert found["location"] == {"searchResultLocation": {"searchResultIndex": 2, "start": 0, "end": 1}}
    assert found["source"] == "https://a.example"
    assert web["location"] == {"web": {"url": "https://b.example/x", "domain": "b.example"}}
    assert later["location"] == {"later_location": {"anything": [1, 2]}}


def test_citations_of_other_models_are_left_out_and_their_text_stays() -> None:
    foreign = [{"location": {"web": {"url": "u"}}}, {"title": "no place"}]
    cited = {"citationsContent": {"citations": foreign, "content": [{"text": "So it is."}]}}
    (turn,) = body({"messages": [{"role": "assistant", "content": [cited]}]})["messages"]
    assert turn["content"] == [{"type": "text", "text": "So it is."}]


@pytest.mark.parametrize(
    ("native", "converse"),
    [
        ("end_turn", "end_turn"),
        ("stop_sequence", "stop_sequence"),
        ("max_tokens", "max_tokens"),
        ("tool_use", "tool_use"),
        ("refusal", "content_filtered"),
        ("model_context_window_exceeded", "model_context_window_exceeded"),
        ("pause_turn", "pause_turn"),
        ("a_new_one", "a_new_one"),
    ],
)
def test_stop_reasons(native: str, converse: str) -> None:
    told = message({"type": "text", "text": "x"}, stop_reason=native)
    assert response(told, {})["stopReason"] == reduced(streamed(told))["stopReason"] == converse


def test_the_stop_sequence_and_the_details_of_a_refusal_are_kept() -> None:
    details = {"type": "refusal", "category": "cyber"}
    told = message(
        {"type": "text", "text": "x"}, stop_reason="refusal", stop_sequence="END", stop_details=details
    )
    expected = {"stop_sequence": "END", "stop_details": details}
    assert response(told, {})["additionalModelResponseFields"] == expected
    assert reduced(streamed(told))["additionalModelResponseFields"] == expected
    assert "additionalModelResponseFields" not in response(message(stop_reason="end_turn"), {})


def test_usage_counts_the_cache_by_its_times_and_the_reasoning() -> None:
    usage = {
        "input_tokens": 3,
        "output_tokens": 50,
        "cache_read_input_tokens": 100,
        "cache_creation_input_tokens": 30,
        "cache_creation": {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 20},
        "output_tokens_details": {"thinking_tokens": 40},
    }
    told = response({**message(), "usage": usage}, {})["usage"]
    assert told["totalTokens"] == 183
    assert told["output_tokens_details"] == {"thinking_tokens": 40}
    assert told["cacheDetails"] == [{"ttl": "5m", "inputTokens": 10}, {"ttl": "1h", "inputTokens": 20}]
    read = read_usage(told)
    assert read is not None
    assert (read.input_tokens, read.output_tokens, read.reasoning_tokens) == (133, 50, 40)
    assert read.cache_write_by_ttl == {"5m": 10, "1h": 20}


def test_headers_tell_what_the_body_does_not() -> None:
    headers = {
        "X-Amzn-Bedrock-Input-Token-Count": "7",
        "X-Amzn-Bedrock-Output-Token-Count": "8",
        "X-Amzn-Bedrock-Invocation-Latency": "9",
        "X-Amzn-Bedrock-PerformanceConfig-Latency": "optimized",
        "X-Amzn-Bedrock-Service-Tier": "flex",
    }
    told = response({**message(), "usage": None}, headers)
    assert told["usage"] == {"inputTokens": 7, "outputTokens": 8, "totalTokens": 15}
    assert told["metrics"] == {"latencyMs": 9}
    assert told["performanceConfig"] == {"latency": "optimized"}
    assert told["serviceTier"] == {"type": "flex"}
    assert "metrics" not in response(message(), {})


def test_tool_input_that_comes_with_its_start_is_kept() -> None:
    block = {"type": "tool_use", "id": "a", "name": "shelf", "input": {"title": "Emma"}}
    parts = [
        {"type": "message_start", "message": message()},
        {"type": "content_block_start", "index": 0, "content_block": block},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "tool_use"}},
        {"type": "message_stop"},
    ]
    assert reduced(parts)["output"]["message"]["content"][0]["toolUse"]["input"] == {"title": "Emma"}


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("overloaded_error", "serviceUnavailableException"),
        ("rate_limit_error", "throttlingException"),
        ("invalid_request_error", "validationException"),
        ("api_error", "internalServerException"),
        ("another_error", "modelStreamErrorException"),
    ],
)
def test_an_error_inside_the_stream_is_converse_streams(kind: str, code: str) -> None:
    with pytest.raises(InStreamFailure) as caught:
        events().feed({"type": "error", "error": {"type": kind, "message": "Overloaded"}})
    assert (caught.value.code, caught.value.message) == (code, "Overloaded")


def test_later_kinds_of_events_are_passed_on() -> None:
    assert events().feed({"type": "a_later_event", "n": 1}) == [{"a_later_event": {"n": 1}}]


def test_a_guardrail_may_tell_its_action_in_any_chunk() -> None:
    """As Nova's streams do (bx196a583c2bb88e); what it did once holds for the answer."""
    acted: Native = {"amazon-bedrock-guardrailAction": "INTERVENED"}
    *parts, last = streamed(message({"type": "text", "text": "Blocked."}, stop_reason="end_turn"))
    delta = next(place for place, part in enumerate(parts) if part["type"] == "content_block_delta")
    parts[delta] = {**parts[delta], **acted}
    trace = {"guardrail": {"actionReason": "No action."}}
    unlike = {"amazon-bedrock-guardrailAction": "NONE", "amazon-bedrock-trace": trace}
    for told in ([*parts, last], [*parts, {**last, **unlike}], [*parts, unlike, last]):
        assert reduced(told)["stopReason"] == "guardrail_intervened"
    assert reduced([*parts, unlike, last])["trace"] == trace
    assert events().feed(acted) == []


def test_a_stream_without_its_stop_was_cut() -> None:
    maker = events()
    for part in streamed(message({"type": "text", "text": "x"}, stop_reason="end_turn"))[:-1]:
        maker.feed(part)
    with pytest.raises(TransportError, match="ended without message_stop"):
        maker.end()


@pytest.mark.parametrize("chunk", [{}, {"type": "content_block_delta"}, {"completion": "x"}], ids=repr)
def test_what_is_no_event_of_messages_is_told(chunk: Native) -> None:
    with pytest.raises((KeyError, TypeError)):
        events().feed(chunk)
