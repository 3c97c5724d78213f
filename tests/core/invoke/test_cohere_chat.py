"""RQ-26: Command R by InvokeModel, with documents and citations."""

from __future__ import annotations

from typing import Any

import pytest

from bedrock_unified.converse.reducer import StreamReducer
from bedrock_unified.errors import InvalidRequestError
from bedrock_unified.invoke.cohere_chat import body, events, response
from bedrock_unified.wire.http import TransportError

Native = dict[str, Any]
SCHEMA = {
    "type": "object",
    "properties": {
        "title": {"type": "string", "description": "Of the book"},
        "year": {"type": "integer", "minimum": 1800},
        "kind": {"enum": ["novel", "play"]},
    },
    "required": ["title"],
}
SPEC = {"toolSpec": {"name": "shelf", "description": "Finds", "inputSchema": {"json": SCHEMA}}}
CALL = {"toolUse": {"toolUseId": "a", "name": "shelf", "input": {"title": "Emma"}}}
RESULT = {"toolResult": {"toolUseId": "a", "content": [{"json": {"row": 3}}, {"text": "left"}]}}


def user(*content: Any) -> Native:
    return {"role": "user", "content": list(content)}


def assistant(*content: Any) -> Native:
    return {"role": "assistant", "content": list(content)}


def test_a_conversation() -> None:
    made = body(
        {
            "modelId": "cohere.command-r-v1:0",
            "system": [{"text": "Be brief."}],
            "messages": [user({"text": "Hi"}), assistant({"text": "Hello."}), user({"text": "Where?"})],
            "inferenceConfig": {"maxTokens": 5, "temperature": 0.3, "topP": 0.9, "stopSequences": ["|"]},
            "additionalModelRequestFields": {"k": 5},
        }
    )
    assert made == {
        "message": "Where?",
        "chat_history": [{"role": "USER", "message": "Hi"}, {"role": "CHATBOT", "message": "Hello."}],
        "preamble": "Be brief.",
        "max_tokens": 5,
        "temperature": 0.3,
        "p": 0.9,
        "stop_sequences": ["|"],
        "k": 5,
    }


def test_rq_26_documents_and_search_results_are_documents_and_the_callers_own_win() -> None:
    told = {"name": "Keys", "format": "txt", "source": {"bytes": b"It hangs."}}
    content = {"name": "Tea", "source": {"content": [{"text": "Green"}, {"text": "tea"}]}}
    found = {"source": "https://a", "title": "T", "content": [{"text": "c"}], "citations": {"enabled": True}}
    asked = {
        "messages": [
            user({"document": told}, {"document": content}, {"searchResult": found}, {"text": "Where?"})
        ]
    }
    made = body(asked)
    assert made["documents"] == [
        {"title": "Keys", "snippet": "It hangs."},
        {"title": "Tea", "snippet": "Green\ntea"},
        {"title": "T", "snippet": "c", "url": "https://a"},
    ]
    own = [{"title": "Mine", "snippet": "x"}]
    fields = {"additionalModelRequestFields": {"documents": own}}
    assert body({**asked, **fields})["documents"] == own


def test_tools_their_calls_and_results() -> None:
    made = body(
        {
            "messages": [user({"text": "Where is Emma?"}), assistant(CALL), user(RESULT)],
            "toolConfig": {"tools": [SPEC], "toolChoice": {"auto": {}}},
        }
    )
    assert made["message"] == "Where is Emma?" and "chat_history" not in made
    assert made["tools"] == [
        {
            "name": "shelf",
            "description": "Finds",
            "parameter_definitions": {
                "title": {"description": "Of the book", "type": "str", "required": True},
                "year": {
                    "description": '(JSON schema: {"minimum":1800})',
                    "type": "int",
                    "required": False,
                },
                "kind": {
                    "description": '(JSON schema: {"enum":["novel","play"]})',
                    "type": "str",
                    "required": False,
                },
            },
        }
    ]
    call = {"name": "shelf", "parameters": {"title": "Emma"}}
    assert made["tool_results"] == [{"call": call, "outputs": [{"row": 3}, {"text": "left"}]}]


PDF = {"name": "d", "format": "pdf", "source": {"bytes": b"%PDF"}}


@pytest.mark.parametrize(
    "request_",
    [
        {"messages": [user({"text": "a"}), assistant(CALL), user(RESULT), user({"text": "b"})]},
        {"messages": [user({"text": "a"}), assistant({"text": "b"})]},
        {"messages": [user({"text": " "})]},
        {"messages": [user({"text": "a"}, {"image": {}})]},
        {"messages": [user({"text": "a"}, {"document": PDF})]},
        {"messages": [user({"text": "a"})], "toolConfig": {"tools": [SPEC], "toolChoice": {"any": {}}}},
        {"messages": [user({"text": "a"})], "toolConfig": {"tools": [{"systemTool": {"name": "x"}}]}},
        {"messages": [user({"text": "a"})], "outputConfig": {"effort": "low"}},
        {"messages": [user({"text": "a"}), user(RESULT)]},
        {"messages": [user({"text": "a"})], "modelId": "cohere.command-text-v14"},
    ],
    ids=lambda request: repr(request)[:60],
)
def test_what_has_no_form_is_an_error_with_the_way_out(request_: Native) -> None:
    with pytest.raises(InvalidRequestError, match="has no form in the InvokeModel body of Cohere chat"):
        body(request_)


TEXT = "It hangs behind the clock, on a nail."
CITATIONS = [
    {"start": 9, "end": 25, "text": "behind the clock", "document_ids": ["doc_1"]},
    {"start": 20, "end": 25, "text": "clock", "document_ids": ["doc_0", "shelf:0"]},
    {"start": 32, "end": 36, "text": "nail", "document_ids": ["doc_1"]},
]
DOCUMENTS = [{"id": "doc_1", "title": "Keys", "snippet": "The key hangs."}]
ANSWER = {
    "text": TEXT,
    "generation_id": "g1",
    "citations": CITATIONS,
    "documents": DOCUMENTS,
    "finish_reason": "COMPLETE",
}
HEADERS = {"X-Amzn-Bedrock-Input-Token-Count": "7", "X-Amzn-Bedrock-Output-Token-Count": "9"}


def test_rq_26_citations_surface_where_claudes_do() -> None:
    answer = response(ANSWER, HEADERS)
    first, cited, between, nail, dot = answer["output"]["message"]["content"]
    assert (first, between, dot) == ({"text": "It hangs "}, {"text": ", on a "}, {"text": "."})
    assert cited["citationsContent"]["content"] == [{"text": "behind the clock"}]
    keys, unknown, tool = cited["citationsContent"]["citations"]
    assert keys == {
        "source": "doc_1",
        "title": "Keys",
        "sourceContent": [{"text": "The key hangs."}],
        "location": {"documentChunk": {"documentIndex": 1}},
    }
    assert unknown == {"source": "doc_0", "location": {"documentChunk": {"documentIndex": 0}}}
    assert tool == {"source": "shelf:0"}
    assert nail["citationsContent"]["content"] == [{"text": "nail"}]
    assert answer["usage"] == {"inputTokens": 7, "outputTokens": 9, "totalTokens": 16}
    assert answer["additionalModelResponseFields"] == {"citations": CITATIONS, "documents": DOCUMENTS}
    turns = [user({"text": "Where?"}), answer["output"]["message"], user({"text": "Why?"})]
    assert "".join(body({"messages": turns})["chat_history"][1]["message"].split("\n")) == TEXT


def stream(*chunks: Native) -> Native:
    maker, reducer = events(), StreamReducer()
    for chunk in chunks:
        for event in maker.feed(chunk):
            reducer.feed(event)
    assert maker.end() == []
    return reducer.response()


def test_a_streams_citations_belong_to_its_text() -> None:
    answer = stream(
        {"event_type": "stream-start", "is_finished": False},
        {"event_type": "text-generation", "text": TEXT[:9]},
        {"event_type": "text-generation", "text": TEXT[9:]},
        {"event_type": "citation-generation", "citations": CITATIONS},
        {
            "event_type": "stream-end",
            "response": ANSWER,
            "finish_reason": "COMPLETE",
            "amazon-bedrock-invocationMetrics": {"inputTokenCount": 7, "outputTokenCount": 9},
        },
    )
    (block,) = answer["output"]["message"]["content"]
    assert block["citationsContent"]["content"] == [{"text": TEXT}]
    citations = block["citationsContent"]["citations"]
    assert len(citations) == 4
    whole = response(ANSWER, HEADERS)["output"]["message"]["content"]
    assert citations == [
        each for part in whole for each in part.get("citationsContent", {"citations": []})["citations"]
    ]
    assert answer["stopReason"] == "end_turn"
    assert answer["usage"]["totalTokens"] == 16
    assert answer["additionalModelResponseFields"]["citations"] == CITATIONS


CALLS = [{"name": "shelf", "parameters": {"title": "Emma"}}, {"name": "now", "parameters": {}}]


def test_rq_26_tool_calls_get_ids_and_stream() -> None:
    whole = response({"text": "I look.", "tool_calls": CALLS, "finish_reason": "COMPLETE"}, {})
    end = {"event_type": "stream-end", "finish_reason": "COMPLETE"}
    streamed = stream(
        {"event_type": "text-generation", "text": "I look."},
        {"event_type": "tool-calls-generation", "tool_calls": CALLS},
        {**end, "response": {"tool_calls": CALLS}},
    )
    at_the_end = stream({**end, "response": {"tool_calls": CALLS}})
    for answer in (whole, streamed, at_the_end):
        uses = [b["toolUse"] for b in answer["output"]["message"]["content"] if "toolUse" in b]
        assert [(use["name"], use["input"]) for use in uses] == [("shelf", {"title": "Emma"}), ("now", {})]
        assert len({use["toolUseId"] for use in uses}) == 2
        assert answer["stopReason"] == "tool_use"


def test_the_same_calls_in_another_answer_have_other_ids_and_streamed_the_same() -> None:
    def ids(answer: Native) -> list[str]:
        content = answer["output"]["message"]["content"]
        return [block["toolUse"]["toolUseId"] for block in content if "toolUse" in block]

    def whole(**more: Any) -> list[str]:
        return ids(response({"text": "", "tool_calls": CALLS, "finish_reason": "COMPLETE", **more}, {}))

    end = {"event_type": "stream-end", "finish_reason": "COMPLETE"}
    calls = {"event_type": "tool-calls-generation", "tool_calls": CALLS}
    streamed = ids(stream(calls, {**end, "response": {"generation_id": "g1"}}))
    assert streamed == whole(generation_id="g1")
    others = [whole(generation_id="g2"), whole(), whole(), ids(stream(calls, end)), ids(stream(calls, end))]
    assert len({name for answer in (streamed, *others) for name in answer}) == 12


def test_a_guardrail_may_tell_its_action_in_any_chunk() -> None:
    acted = {"amazon-bedrock-guardrailAction": "INTERVENED"}
    text = {"event_type": "text-generation", "text": "Blocked."}
    end = {"event_type": "stream-end", "finish_reason": "COMPLETE"}
    assert stream({**text, **acted}, end)["stopReason"] == "guardrail_intervened"
    assert stream(text, acted, end)["stopReason"] == "guardrail_intervened"


@pytest.mark.parametrize(
    ("native", "expected"),
    [
        ("MAX_TOKENS", "max_tokens"),
        ("STOP_SEQUENCE", "stop_sequence"),
        ("ERROR_TOXIC", "content_filtered"),
        ("ERROR_LIMIT", "model_context_window_exceeded"),
        ("A_NEW_ONE", "A_NEW_ONE"),
        (None, "end_turn"),
    ],
)
def test_stop_reasons(native: str | None, expected: str) -> None:
    assert response({"text": "x", "finish_reason": native}, {})["stopReason"] == expected


def test_a_stream_without_its_end_was_cut() -> None:
    maker = events()
    maker.feed({"event_type": "text-generation", "text": "x"})
    with pytest.raises(TransportError, match="ended without stream-end"):
        maker.end()
    with pytest.raises(KeyError):
        maker.feed({"text": "x"})
