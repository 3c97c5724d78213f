"""boto3 sends native bodies and gets native answers: Messages, chat completions, Llama's, Cohere's."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from bedrock_unified.local import LocalBedrock
from bedrock_unified.local.guardrails import Guardrail

CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
GPT = "openai.gpt-oss-120b-1:0"
LLAMA = "us.meta.llama3-2-3b-instruct-v1:0"
COMMAND = "cohere.command-r-v1:0"
ASKED = "The key is under the mat. Where is the key?"
SCHEMA = {"type": "object", "properties": {"title": {"type": "string"}}, "required": ["title"]}
Body = dict[str, Any]


def header(role: str, text: str) -> str:
    return f"<|start_header_id|>{role}<|end_header_id|>\n\n{text}<|eot_id|>"


def prompt(*turns: tuple[str, str]) -> str:
    told = "".join(header(role, text) for role, text in turns)
    return f"<|begin_of_text|>{told}<|start_header_id|>assistant<|end_header_id|>\n\n"


def messages(*turns: Body, **more: Any) -> Body:
    return {
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": 300,
        "messages": list(turns),
        **more,
    }


def user(content: Any) -> Body:
    return {"role": "user", "content": content}


#: A plain question to each family, and where its answer holds the text.
QUESTIONS = {
    CLAUDE: (messages(user(ASKED)), lambda told: told["content"][-1]["text"]),
    GPT: ({"messages": [user(ASKED)]}, lambda told: told["choices"][0]["message"]["content"]),
    LLAMA: ({"prompt": prompt(("user", ASKED))}, lambda told: told["generation"]),
    COMMAND: ({"message": ASKED}, lambda told: told["text"]),
}


def invoke(runtime: Any, model: str, body: Body, **more: Any) -> tuple[Body, dict[str, str]]:
    answer = runtime.invoke_model(modelId=model, body=json.dumps(body), **more)
    return json.loads(answer["body"].read()), answer["ResponseMetadata"]["HTTPHeaders"]


def stream(runtime: Any, model: str, body: Body, **more: Any) -> list[Body]:
    answer = runtime.invoke_model_with_response_stream(modelId=model, body=json.dumps(body), **more)
    return [json.loads(event["chunk"]["bytes"]) for event in answer["body"]]


@pytest.mark.parametrize("model", QUESTIONS)
def test_a_question_is_answered_with_awss_headers(runtime: Any, model: str) -> None:
    body, text = QUESTIONS[model]
    told, headers = invoke(runtime, model, body)
    assert "under the mat" in text(told)
    assert int(headers["x-amzn-bedrock-input-token-count"]) > 0
    assert int(headers["x-amzn-bedrock-output-token-count"]) > 0
    assert int(headers["x-amzn-bedrock-invocation-latency"]) > 0


@pytest.mark.parametrize("model", QUESTIONS)
def test_a_stream_ends_with_bedrocks_metrics(runtime: Any, model: str) -> None:
    body, _ = QUESTIONS[model]
    chunks = stream(runtime, model, body)
    metrics = chunks[-1]["amazon-bedrock-invocationMetrics"]
    assert set(metrics) >= {"inputTokenCount", "outputTokenCount", "invocationLatency", "firstByteLatency"}
    assert not any("amazon-bedrock-invocationMetrics" in chunk for chunk in chunks[:-1])


# gpt-oss


def test_gpt_oss_reasons_in_tags_before_its_answer(runtime: Any) -> None:
    told, headers = invoke(runtime, GPT, {"messages": [user(ASKED)], "max_tokens": 200, "seed": 42})
    assert list(told) == ["choices", "created", "id", "model", "object", "service_tier", "usage"]
    (choice,) = told["choices"]
    assert re.match(r"<reasoning>.+</reasoning>.*under the mat", choice["message"]["content"], re.DOTALL)
    assert choice["finish_reason"] == "stop" and choice["message"]["refusal"] is None
    assert told["usage"]["prompt_tokens"] == int(headers["x-amzn-bedrock-input-token-count"])
    assert told["object"] == "chat.completion" and told["id"].startswith("chatcmpl-")


def test_a_stream_of_gpt_oss_has_tags_around_each_piece_of_reasoning(runtime: Any) -> None:
    body = {"messages": [user(ASKED)], "stream": True, "stream_options": {"include_usage": True}}
    chunks = stream(runtime, GPT, body)
    assert chunks[0]["choices"][0]["delta"] == {"content": "", "role": "assistant"}
    pieces = [choice["delta"].get("content", "") for chunk in chunks for choice in chunk["choices"]]
    assert any(piece.startswith("<reasoning>") and piece.endswith("</reasoning>") for piece in pieces)
    assert "under the mat" in "".join(pieces)
    assert chunks[-2]["choices"] == [{"delta": {}, "finish_reason": "stop", "index": 0}]
    assert chunks[-1]["choices"] == [] and chunks[-1]["usage"]["completion_tokens"] > 0


def test_gpt_oss_calls_a_tool_and_answers_from_its_result(runtime: Any) -> None:
    function = {"name": "shelf_of", "description": "Find the shelf of a book", "parameters": SCHEMA}
    tools = [{"type": "function", "function": function}]
    asked = user('On which shelf is the book "Emma"?')
    told, _ = invoke(runtime, GPT, {"messages": [asked], "tools": tools})
    (choice,) = told["choices"]
    (call,) = choice["message"]["tool_calls"]
    assert choice["finish_reason"] == "tool_calls"
    assert json.loads(call["function"]["arguments"]) == {"title": "Emma"}
    chunks = stream(runtime, GPT, {"messages": [asked], "tools": tools})
    calls = [
        call
        for chunk in chunks
        for choice in chunk["choices"]
        for call in choice["delta"].get("tool_calls", [])
    ]
    assert calls == [{**call, "index": 0}]
    result = {"role": "tool", "tool_call_id": call["id"], "content": "Emma is on shelf 12."}
    said = {"role": "assistant", "content": "", "tool_calls": [call]}
    told, _ = invoke(runtime, GPT, {"messages": [asked, said, result], "tools": tools})
    assert "shelf 12" in told["choices"][0]["message"]["content"]


def test_gpt_oss_takes_every_tool_choice(runtime: Any) -> None:
    function = {"name": "shelf_of", "description": "Find the shelf of a book", "parameters": SCHEMA}
    body: Body = {"messages": [user("Good morning!")], "tools": [{"type": "function", "function": function}]}
    named = {"type": "function", "function": {"name": "shelf_of"}}
    for choice, called in (("auto", False), ("none", False), ("required", True), (named, True)):
        told, _ = invoke(runtime, GPT, {**body, "tool_choice": choice})
        assert bool(told["choices"][0]["message"].get("tool_calls")) is called, choice


def test_gpt_oss_obeys_a_schema(runtime: Any) -> None:
    wanted = {"type": "json_schema", "json_schema": {"name": "book", "schema": SCHEMA, "strict": True}}
    body = {"messages": [user('Read "Emma".')], "response_format": wanted}
    told, _ = invoke(runtime, GPT, body)
    content = told["choices"][0]["message"]["content"]
    assert json.loads(re.sub("<reasoning>.*</reasoning>", "", content, flags=re.DOTALL)) == {"title": "Emma"}
    deltas = [choice["delta"] for chunk in stream(runtime, GPT, body) for choice in chunk["choices"]]
    assert json.loads(
        "".join(d["content"] for d in deltas if not d.get("content", "<reasoning>").startswith("<reasoning>"))
    ) == {"title": "Emma"}


# Llama


def test_llamas_answer_has_its_four_members(runtime: Any) -> None:
    told, headers = invoke(runtime, LLAMA, {"prompt": prompt(("user", ASKED)), "max_gen_len": 60})
    assert set(told) == {"generation", "prompt_token_count", "generation_token_count", "stop_reason"}
    assert told["stop_reason"] == "stop"
    assert told["prompt_token_count"] == int(headers["x-amzn-bedrock-input-token-count"])


def test_llamas_stream_counts_the_prompt_first_and_stops_last(runtime: Any) -> None:
    body = {"prompt": prompt(("user", ASKED))}
    whole, _ = invoke(runtime, LLAMA, body)
    chunks = stream(runtime, LLAMA, body)
    assert "".join(chunk["generation"] for chunk in chunks) == whole["generation"]
    assert chunks[0]["prompt_token_count"] == whole["prompt_token_count"]
    assert all(chunk["prompt_token_count"] is None for chunk in chunks[1:])
    counts = [chunk["generation_token_count"] for chunk in chunks]
    assert counts == sorted(counts) and counts[-1] == whole["generation_token_count"]
    assert [chunk["stop_reason"] for chunk in chunks] == [None] * (len(chunks) - 1) + ["stop"]


@pytest.mark.parametrize(
    "text",
    [
        prompt(("system", "The key is under the mat."), ("user", "Where is the key?")),
        prompt(("user", "The key is under the mat."), ("assistant", "I see."), ("user", "Where is the key?")),
        f"<|begin_of_text|><|header_start|>user<|header_end|>\n\n{ASKED}<|eot|>"
        "<|header_start|>assistant<|header_end|>\n\n",
        "<s>[INST] <<SYS>>\nThe key is under the mat.\n<</SYS>>\n\nWhere is the key? [/INST]",
        ASKED,
    ],
    ids=["system", "history", "llama 4", "llama 2", "no layout"],
)
def test_llama_reads_the_layouts(runtime: Any, text: str) -> None:
    told, _ = invoke(runtime, LLAMA, {"prompt": text})
    assert "under the mat" in told["generation"]


def test_llama_stops_at_its_length(runtime: Any) -> None:
    told, _ = invoke(runtime, LLAMA, {"prompt": prompt(("user", ASKED)), "max_gen_len": 2})
    assert told["stop_reason"] == "length" and told["generation_token_count"] <= 2


# Cohere


def test_command_r_answers_from_its_documents_and_cites_them(runtime: Any) -> None:
    documents = [
        {"title": "Tea", "snippet": "Green tea is brewed at 80 degrees."},
        {"title": "Keys", "snippet": "The spare key hangs behind the clock."},
    ]
    body = {"message": "Where does the spare key hang?", "documents": documents}
    told, _ = invoke(runtime, COMMAND, body)
    assert told["finish_reason"] == "COMPLETE"
    (citation,) = told["citations"]
    assert citation["document_ids"] == ["doc_1"]
    assert told["text"][citation["start"] : citation["end"]] == citation["text"]
    chunks = stream(runtime, COMMAND, body)
    kinds = [chunk["event_type"] for chunk in chunks]
    assert kinds[0] == "text-generation" and kinds[-2:] == ["citation-generation", "stream-end"]
    assert chunks[-1]["response"]["text"] == told["text"] and chunks[-1]["is_finished"] is True


def test_command_r_calls_a_tool_and_answers_from_its_result(runtime: Any) -> None:
    definitions = {"title": {"type": "str", "description": "Title of the book", "required": True}}
    tool = {
        "name": "shelf_of",
        "description": "Find the shelf of a book",
        "parameter_definitions": definitions,
    }
    body = {"message": 'On which shelf is the book "Emma"?', "tools": [tool]}
    told, _ = invoke(runtime, COMMAND, body)
    assert told["tool_calls"] == [{"name": "shelf_of", "parameters": {"title": "Emma"}}]
    result = {"call": told["tool_calls"][0], "outputs": [{"shelf": "Emma is on shelf 12."}]}
    told, _ = invoke(runtime, COMMAND, {**body, "tool_results": [result]})
    assert "shelf 12" in told["text"]


# Claude


def test_claude_cites_its_documents_in_its_own_words(runtime: Any) -> None:
    source = {"type": "text", "media_type": "text/plain", "data": "The spare key hangs behind the clock."}
    document = {
        "type": "document",
        "source": source,
        "title": "Keys: a guide",
        "citations": {"enabled": True},
    }
    body = messages(user([document, {"type": "text", "text": "Where does the spare key hang?"}]))
    told, _ = invoke(runtime, CLAUDE, body)
    cited = [block for block in told["content"] if block.get("citations")]
    (citation,) = cited[0]["citations"]
    assert citation["type"] == "char_location" and citation["document_index"] == 0
    assert citation["cited_text"].startswith("The spare key hangs")
    deltas = [chunk["delta"] for chunk in stream(runtime, CLAUDE, body) if "delta" in chunk]
    assert [delta["citation"] for delta in deltas if delta.get("type") == "citations_delta"] == [citation]


def test_claude_obeys_a_schema_and_one_call_at_a_time(runtime: Any) -> None:
    output = {"format": {"type": "json_schema", "schema": SCHEMA}}
    told, _ = invoke(runtime, CLAUDE, messages(user('Read "Emma".'), output_config=output))
    assert set(json.loads(told["content"][-1]["text"])) == {"title"}
    tool = {"name": "shelf_of", "description": "Find the shelf of a book", "input_schema": SCHEMA}
    choice = {"type": "any", "disable_parallel_tool_use": True}
    asked = user('On which shelf are the books "Emma" and "Persuasion"?')
    told, _ = invoke(runtime, CLAUDE, messages(asked, tools=[tool], tool_choice=choice))
    assert [block["type"] for block in told["content"]].count("tool_use") == 1


@pytest.mark.parametrize(
    ("model", "more", "message"),
    [
        ("us.anthropic.claude-opus-4-8", {"top_k": 5}, "`top_k` is deprecated"),
        (
            "anthropic.claude-3-haiku-20240307-v1:0",
            {"tools": [{"name": "now", "input_schema": {"type": "object"}, "strict": True}]},
            "strict",
        ),
    ],
)
def test_claude_refuses_natively_what_it_refuses_on_converse(
    runtime: Any, model: str, more: Body, message: str
) -> None:
    with pytest.raises(runtime.exceptions.ValidationException, match=message):
        invoke(runtime, model, messages(user(ASKED), **more))


def test_claude_counts_its_reasoning_where_it_reasons(runtime: Any) -> None:
    thinking = {"type": "enabled", "budget_tokens": 1024}
    body = messages(user(ASKED), thinking=thinking) | {"max_tokens": 2000}
    told, _ = invoke(runtime, CLAUDE, body)
    details = told["usage"]["output_tokens_details"]
    assert 0 < details["thinking_tokens"] <= told["usage"]["output_tokens"]
    (delta,) = [chunk for chunk in stream(runtime, CLAUDE, body) if chunk["type"] == "message_delta"]
    assert delta["usage"]["output_tokens_details"] == details
    plain, _ = invoke(runtime, CLAUDE, messages(user(ASKED)))
    assert "output_tokens_details" not in plain["usage"]


def test_the_service_that_was_asked_for_is_told_in_headers(runtime: Any) -> None:
    body, _ = QUESTIONS[CLAUDE]
    wished = {"serviceTier": "flex", "performanceConfigLatency": "standard"}
    _, headers = invoke(runtime, CLAUDE, body, **wished)
    answer = runtime.invoke_model_with_response_stream(modelId=CLAUDE, body=json.dumps(body), **wished)
    list(answer["body"])
    for told in (headers, answer["ResponseMetadata"]["HTTPHeaders"]):
        assert told["x-amzn-bedrock-service-tier"] == "flex"
        assert told["x-amzn-bedrock-performanceconfig-latency"] == "standard"


def test_claudes_cache_is_counted_by_its_time_to_live(runtime: Any) -> None:
    block = {
        "type": "text",
        "text": "A long story. " * 900,
        "cache_control": {"type": "ephemeral", "ttl": "1h"},
    }
    body = messages(user([block, {"type": "text", "text": "What is it about?"}]))
    first, _ = invoke(runtime, CLAUDE, body)
    again, _ = invoke(runtime, CLAUDE, body)
    written = first["usage"]["cache_creation_input_tokens"]
    assert first["usage"]["cache_creation"] == {
        "ephemeral_5m_input_tokens": 0,
        "ephemeral_1h_input_tokens": written,
    }
    assert again["usage"]["cache_read_input_tokens"] == written > 0


# Refusals and guardrails


@pytest.mark.parametrize(
    ("model", "body", "message"),
    [
        (GPT, {"messages": [], "colour": 1}, r"extraneous key \[colour\] is not permitted"),
        (GPT, {}, r"required key \[messages\] not found"),
        (GPT, {"messages": [{"role": "robot", "content": "hi"}]}, "robot is not a valid enum value"),
        (LLAMA, {"prompt": "hi", "tools": []}, r"extraneous key \[tools\] is not permitted"),
        (LLAMA, {"max_gen_len": 5}, r"required key \[prompt\] not found"),
        (LLAMA, {"prompt": " "}, "expected minLength: 1, actual: 0"),
        (LLAMA, {"prompt": "hi", "max_gen_len": 5000}, "5000 is not less or equal to 2048"),
        (LLAMA, {"prompt": "hi", "temperature": "hot"}, "#/temperature: expected type: Number"),
        (COMMAND, {"message": ""}, "expected minLength: 1, actual: 0"),
        (COMMAND, {"message": "hi", "prompt": "hi"}, r"extraneous key \[prompt\] is not permitted"),
        (CLAUDE, {"messages": []}, "anthropic_version: Field required"),
    ],
)
def test_a_body_that_is_not_the_familys_is_refused(
    runtime: Any, model: str, body: Body, message: str
) -> None:
    with pytest.raises(runtime.exceptions.ValidationException, match=message):
        invoke(runtime, model, body)
    with pytest.raises(runtime.exceptions.ValidationException, match=message):
        stream(runtime, model, body)


def test_llama_by_its_bare_id_is_refused_where_profiles_are_required(connect: Any) -> None:
    with LocalBedrock(require_inference_profiles=True) as endpoint:
        runtime = connect(endpoint)
        with pytest.raises(
            runtime.exceptions.ValidationException, match="on-demand throughput isn’t supported"
        ):
            invoke(runtime, LLAMA.removeprefix("us."), {"prompt": "hi"})


@pytest.mark.parametrize("model", QUESTIONS)
def test_a_guardrail_blocks_a_native_body(connect: Any, model: str) -> None:
    body, text = QUESTIONS[model]
    guardrail = Guardrail("guard1", words=("mat",), blocked_input="Not this.")
    named = {"guardrailIdentifier": "guard1", "guardrailVersion": "DRAFT", "trace": "ENABLED"}
    with LocalBedrock(guardrails=[guardrail]) as endpoint:
        runtime = connect(endpoint)
        told, headers = invoke(runtime, model, body, **named)
        assert text(told) == "Not this."
        assert told["amazon-bedrock-guardrailAction"] == "INTERVENED"
        assert "guard1" in told["amazon-bedrock-trace"]["guardrail"]["input"]
        assert "x-amzn-bedrock-input-token-count" not in headers
        last = stream(runtime, model, body, **named)[-1]
        assert last["amazon-bedrock-guardrailAction"] == "INTERVENED"


def test_a_guardrail_judges_what_tags_mark_alone(connect: Any) -> None:
    guardrail = Guardrail("guard1", words=("spies",), blocked_input="Not this.")
    named = {"guardrailIdentifier": "guard1", "guardrailVersion": "DRAFT"}
    tag = "amazon-bedrock-guardrails-guardContent_xy1"
    with LocalBedrock(guardrails=[guardrail]) as endpoint:
        runtime = connect(endpoint)
        for marked, blocked in (("Where is the key?", False), ("Where are the spies?", True)):
            text = f"Two spies left. The key is under the mat. <{tag}>{marked}</{tag}>"
            body = messages(user(text), **{"amazon-bedrock-guardrailConfig": {"tagSuffix": "xy1"}})
            told, _ = invoke(runtime, CLAUDE, body, **named)
            assert (told["amazon-bedrock-guardrailAction"] == "INTERVENED") is blocked
            told, _ = invoke(runtime, CLAUDE, {**body, "messages": [user(ASKED)], "system": text}, **named)
            assert (told["amazon-bedrock-guardrailAction"] == "INTERVENED") is blocked
