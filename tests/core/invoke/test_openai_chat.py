"""Chat completions: Converse requests as bodies, answers and streams as Converse's."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_unified.converse.reducer import StreamReducer
from bedrock_unified.converse.usage import read_usage
from bedrock_unified.errors import InvalidRequestError
from bedrock_unified.invoke.openai import body, events, response
from bedrock_unified.invoke.openai.reasoning import Splitter, split, tagged
from bedrock_unified.wire.failure import InStreamFailure
from bedrock_unified.wire.http import TransportError

Native = dict[str, Any]
SCHEMA = {"type": "object", "properties": {"title": {"type": "string"}}}
SPEC = {"toolSpec": {"name": "shelf", "description": "Finds", "inputSchema": {"json": SCHEMA}}}
METRICS = {"inputTokenCount": 9, "outputTokenCount": 4, "invocationLatency": 17, "firstByteLatency": 3}


def turn(role: str, *content: Any) -> Native:
    return {"role": role, "content": list(content)}


def completion(message: Native, finish: str | None = "stop", **more: Any) -> Native:
    usage = {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13}
    return {"choices": [{"index": 0, "message": message, "finish_reason": finish}], "usage": usage, **more}


def chunk(delta: Native, finish: str | None = None, **more: Any) -> Native:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **more}


def reduced(*chunks: Native) -> Native:
    maker, reducer = events(), StreamReducer()
    for part in chunks:
        for event in maker.feed(part):
            reducer.feed(event)
    for event in maker.end():
        reducer.feed(event)
    assert maker.end() == []
    return reducer.response()


def test_a_whole_request() -> None:
    request = {
        "modelId": "openai.gpt-oss-120b-1:0",
        "system": [{"text": "Be brief."}, {"text": "Be kind."}],
        "messages": [
            turn("user", {"text": "Where is"}, {"text": "Emma?"}),
            turn(
                "assistant",
                {"reasoningContent": {"reasoningText": {"text": "I look."}}},
                {"text": "Let me see."},
                {"toolUse": {"toolUseId": "a", "name": "shelf", "input": {"title": "Emma"}}},
                {"toolUse": {"toolUseId": "b", "name": "shelf", "input": {}}},
            ),
            turn(
                "user",
                {"text": "Well?"},
                {"toolResult": {"toolUseId": "a", "content": [{"text": "Row"}, {"json": {"n": 3}}]}},
                {"toolResult": {"toolUseId": "b", "content": [{"text": "none"}], "status": "error"}},
            ),
        ],
        "inferenceConfig": {"maxTokens": 5, "temperature": 0.0, "topP": 0.5, "stopSequences": ["END"]},
        "toolConfig": {"tools": [SPEC], "toolChoice": {"any": {}}},
        "outputConfig": {"effort": "low"},
        "additionalModelRequestFields": {"seed": 42},
    }
    functions = [{"name": "shelf", "arguments": '{"title":"Emma"}'}, {"name": "shelf", "arguments": "{}"}]
    calls = [{"id": i, "type": "function", "function": f} for i, f in zip("ab", functions, strict=True)]
    assert body(request) == {
        "messages": [
            {"role": "system", "content": "Be brief.\nBe kind."},
            {"role": "user", "content": "Where is\nEmma?"},
            {
                "role": "assistant",
                "content": "<reasoning>I look.</reasoning>Let me see.",
                "tool_calls": calls,
            },
            {"role": "tool", "tool_call_id": "a", "content": 'Row\n{"n":3}'},
            {"role": "tool", "tool_call_id": "b", "content": "none"},
            {"role": "user", "content": "Well?"},
        ],
        "model": "openai.gpt-oss-120b-1:0",
        "max_tokens": 5,
        "temperature": 0.0,
        "top_p": 0.5,
        "stop": ["END"],
        "tools": [
            {"type": "function", "function": {"name": "shelf", "description": "Finds", "parameters": SCHEMA}}
        ],
        "tool_choice": "required",
        "reasoning_effort": "low",
        "seed": 42,
    }


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ({"auto": {}}, "auto"),
        ({"any": {}}, "required"),
        ({"none": {}}, "none"),
        ({"tool": {"name": "shelf"}}, {"type": "function", "function": {"name": "shelf"}}),
    ],
)
def test_tool_choices(choice: Any, expected: Any) -> None:
    config = {"tools": [SPEC], "toolChoice": choice}
    made = body({"messages": [turn("user", {"text": "Hi"})], "toolConfig": config})
    assert made["tool_choice"] == expected


def test_a_schema_and_an_image() -> None:
    described = {"schema": '{"type":"object"}', "name": "book", "description": "A book"}
    text_format = {"type": "json_schema", "structure": {"jsonSchema": described}}
    image = {"image": {"format": "png", "source": {"bytes": b"\x89PNG"}}}
    made = body(
        {
            "messages": [turn("user", {"text": "Look:"}, image)],
            "outputConfig": {"textFormat": text_format},
        }
    )
    schema = {"name": "book", "description": "A book", "schema": {"type": "object"}, "strict": True}
    assert made["response_format"] == {"type": "json_schema", "json_schema": schema}
    assert made["messages"][0]["content"] == [
        {"type": "text", "text": "Look:"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw=="}},
    ]


def test_only_ids_of_openai_are_named_in_the_body() -> None:
    arn = "arn:aws:bedrock:us-east-1:123456789012:imported-model/abc"
    assert "model" not in body({"modelId": arn, "messages": [turn("user", {"text": "Hi"})]})


@pytest.mark.parametrize(
    "block",
    [
        {"document": {"name": "d", "source": {"text": "x"}}},
        {"video": {"format": "mp4", "source": {"bytes": b"x"}}},
        {"cachePoint": {"type": "default"}},
        {"image": {"format": "png", "source": {"s3Location": {"uri": "s3://b/k"}}}},
        {"toolResult": {"toolUseId": "a", "content": [{"image": {}}]}},
        {"searchResult": {"source": "s", "title": "t", "content": []}},
    ],
    ids=lambda block: next(iter(block)),
)
def test_what_has_no_form_is_an_error_with_the_way_out(block: Native) -> None:
    with pytest.raises(InvalidRequestError, match="has no form") as caught:
        body({"messages": [turn("user", {"text": "Hi"}, block)]})
    assert "use_converse" in str(caught.value.hint)


def test_redacted_reasoning_of_another_model_is_left_out() -> None:
    sealed = {"reasoningContent": {"redactedContent": b"x"}}
    made = body({"messages": [turn("assistant", sealed, {"text": "So."})]})
    assert made["messages"] == [{"role": "assistant", "content": "So."}]


# Answers


def test_an_answer_goes_back_as_it_came() -> None:
    content = "<reasoning>Hm.</reasoning>It is on shelf 3."
    message = {"role": "assistant", "content": content, "refusal": None}
    answer = response(completion(message), {})["output"]["message"]
    assert answer["content"] == [
        {"reasoningContent": {"reasoningText": {"text": "Hm."}}},
        {"text": "It is on shelf 3."},
    ]
    assert body({"messages": [answer]})["messages"] == [{"role": "assistant", "content": content}]


@pytest.mark.parametrize("name", ["reasoning", "reasoning_content"])
def test_reasoning_beside_the_content(name: str) -> None:
    whole = response(completion({"content": "So.", name: "Hm."}), {})
    kinds = [next(iter(block)) for block in whole["output"]["message"]["content"]]
    assert kinds == ["reasoningContent", "text"]
    stream = reduced(chunk({name: "H"}), chunk({name: "m."}), chunk({"content": "So."}, "stop"))
    assert stream["output"] == whole["output"]


@pytest.mark.parametrize(
    ("finish", "calls", "expected"),
    [
        ("stop", False, "end_turn"),
        ("length", False, "max_tokens"),
        ("tool_calls", True, "tool_use"),
        ("stop", True, "tool_use"),
        ("length", True, "max_tokens"),
        ("content_filter", False, "content_filtered"),
        ("a_new_one", False, "a_new_one"),
    ],
)
def test_rq_28_stop_reasons_and_calls(finish: str, calls: bool, expected: str) -> None:
    call = {"id": "a", "type": "function", "function": {"name": "shelf", "arguments": '{"n": 1}'}}
    told = {"tool_calls": [call]} if calls else {}
    whole = response(completion({"content": None, **told}, finish), {})
    stream = reduced(chunk({"role": "assistant", **told}), chunk({}, finish))
    assert whole["stopReason"] == stream["stopReason"] == expected
    used = [{"toolUse": {"toolUseId": "a", "name": "shelf", "input": {"n": 1}}}] if calls else []
    assert whole["output"]["message"]["content"] == stream["output"]["message"]["content"] == used


def test_a_refusal_is_text_and_content_filtered() -> None:
    whole = response(completion({"content": None, "refusal": "I will not."}), {})
    stream = reduced(chunk({"refusal": "I will "}), chunk({"refusal": "not."}, "stop"))
    for answer in (whole, stream):
        assert answer["output"]["message"]["content"] == [{"text": "I will not."}]
        assert answer["stopReason"] == "content_filtered"


def test_cached_tokens_are_not_converses_input_tokens_and_reasoning_is_counted() -> None:
    usage = {
        "prompt_tokens": 100,
        "completion_tokens": 50,
        "prompt_tokens_details": {"cached_tokens": 80},
        "completion_tokens_details": {"reasoning_tokens": 30},
    }
    told = response({**completion({"content": "x"}), "usage": usage}, {})["usage"]
    assert (told["inputTokens"], told["cacheReadInputTokens"], told["totalTokens"]) == (20, 80, 150)
    for details in ("prompt_tokens_details", "completion_tokens_details"):
        assert told[details] == usage[details]
    read = read_usage(told)
    assert read is not None and (read.input_tokens, read.reasoning_tokens) == (100, 30)


def test_calls_in_parallel_come_in_pieces() -> None:
    def piece(index: int, **function: str) -> Native:
        named = {"id": f"call_{index}"} if "name" in function else {}
        return chunk({"tool_calls": [{"index": index, **named, "function": function}]})

    answer = reduced(
        chunk({"content": "Both."}),
        piece(0, name="shelf", arguments=""),
        piece(0, arguments='{"a"'),
        piece(0, arguments=": 1}"),
        piece(1, name="now", arguments="{}"),
        chunk({}, "tool_calls"),
        {"choices": [], "usage": None, "amazon-bedrock-invocationMetrics": METRICS},
    )
    assert answer["output"]["message"]["content"] == [
        {"text": "Both."},
        {"toolUse": {"toolUseId": "call_0", "name": "shelf", "input": {"a": 1}}},
        {"toolUse": {"toolUseId": "call_1", "name": "now", "input": {}}},
    ]
    assert answer["usage"] == {"inputTokens": 9, "outputTokens": 4, "totalTokens": 13}
    assert answer["metrics"] == {"latencyMs": 17}


def call_piece(index: int, **more: Any) -> Native:
    return chunk({"tool_calls": [{"index": index, **more}]}, id="chatcmpl-1")


def uses_of(answer: Native) -> list[tuple[str, str, Any]]:
    uses = [block["toolUse"] for block in answer["output"]["message"]["content"] if "toolUse" in block]
    return [(use["toolUseId"], use["name"], use["input"]) for use in uses]


def test_an_id_in_every_piece_is_one_call_and_another_id_another_call() -> None:
    answer = reduced(
        call_piece(0, id="a", function={"name": "shelf", "arguments": '{"n"'}),
        call_piece(0, id="a", function={"name": "shelf", "arguments": ": 1}"}),
        call_piece(0, id="b", function={"name": "now", "arguments": '{"z": '}),
        call_piece(0, function={"arguments": "2}"}),
        chunk({}, "tool_calls"),
    )
    assert uses_of(answer) == [("a", "shelf", {"n": 1}), ("b", "now", {"z": 2})]


def test_calls_without_ids_get_some_that_no_other_answer_has() -> None:
    def streamed(identity: str) -> Native:
        return reduced(
            {**call_piece(0, function={"name": "shelf", "arguments": "{}"}), "id": identity},
            {**call_piece(1, id=None, function={"name": "shelf", "arguments": {"n": 1}}), "id": identity},
            chunk({}, "tool_calls"),
        )

    def whole(**more: Any) -> Native:
        calls = [
            {"type": "function", "function": {"name": "shelf", "arguments": "{}"}},
            {"type": "function", "id": "", "function": {"name": "shelf", "arguments": {"n": 1}}},
        ]
        return response(completion({"content": None, "tool_calls": calls}, **more), {})

    first, second = uses_of(streamed("chatcmpl-1")), uses_of(streamed("chatcmpl-2"))
    assert first == uses_of(whole(id="chatcmpl-1")) != second
    assert [use[1:] for use in first] == [("shelf", {}), ("shelf", {"n": 1})]
    assert len({use[0] for use in (*first, *second)}) == 4
    assert uses_of(whole())[0][0] != uses_of(whole())[0][0]


def test_a_guardrail_may_tell_its_action_in_any_chunk() -> None:
    acted = {"amazon-bedrock-guardrailAction": "INTERVENED"}
    answer = reduced(chunk({"content": "Bl"}, **acted), acted, chunk({"content": "ocked."}, "stop"))
    assert answer["stopReason"] == "guardrail_intervened"
    assert answer["output"]["message"]["content"] == [{"text": "Blocked."}]


def test_the_end_is_told_once_with_the_metrics_or_at_the_end_of_the_chunks() -> None:
    maker = events()
    assert "messageStop" not in {next(iter(e)) for e in maker.feed(chunk({"content": "x"}, "stop"))}
    last = maker.feed({"choices": [], "amazon-bedrock-invocationMetrics": METRICS})
    assert [next(iter(event)) for event in last] == ["contentBlockStop", "messageStop", "metadata"]
    assert maker.feed({"choices": []}) == [] and maker.end() == []


def test_a_stream_without_a_finish_reason_was_cut_and_an_error_in_it_is_raised() -> None:
    maker = events()
    maker.feed(chunk({"content": "x"}))
    with pytest.raises(TransportError, match="ended without finish_reason"):
        maker.end()
    with pytest.raises(InStreamFailure, match="too much"):
        events().feed({"error": {"message": "too much"}})
    with pytest.raises(KeyError):
        events().feed({"generation": "x"})


# Reasoning in tags

words = st.text(st.sampled_from("ab <>/\n"), max_size=8)


@given(st.lists(words.filter(bool), max_size=3), words, st.data())
def test_tags_are_read_wherever_the_pieces_are_cut(reasoning: list[str], text: str, data: Any) -> None:
    content = "".join(tagged(told) for told in reasoning) + text
    cuts = sorted(data.draw(st.lists(st.integers(0, len(content)), max_size=6)))
    splitter = Splitter()
    runs: list[tuple[bool, str]] = []
    for start, end in zip([0, *cuts], [*cuts, len(content)], strict=True):
        runs += splitter.feed(content[start:end])
    runs += splitter.end()
    assert "".join(told for is_reasoning, told in runs if is_reasoning) == "".join(reasoning)
    assert "".join(told for is_reasoning, told in runs if not is_reasoning) == text
    assert split(content) == [
        run for run in ((True, "".join(reasoning)), (False, text)) if run[1]
    ]  # neighbours of one kind are joined


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        (["The tag <reasoning> is", " one"], [(False, "The tag <reasoning> is one")]),
        (["So", "<reasoning>why</reasoning>", "."], [(False, "So"), (True, "why"), (False, ".")]),
        (["<reasoning>cut off"], [(True, "cut off")]),
        (["<reason"], [(False, "<reason")]),
        (["<reasoning>a</reaso"], [(True, "a</reaso")]),
        (["<reasoning></reasoning>", "b"], [(False, "b")]),
    ],
)
def test_tags_elsewhere_are_the_answers_own_words(pieces: list[str], expected: Any) -> None:
    answer = reduced(*(chunk({"content": piece}) for piece in pieces), chunk({}, "stop"))
    told = [
        (True, block["reasoningContent"]["reasoningText"]["text"])
        if "reasoningContent" in block
        else (False, block["text"])
        for block in answer["output"]["message"]["content"]
    ]
    assert told == expected
