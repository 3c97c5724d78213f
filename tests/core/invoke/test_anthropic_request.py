"""Converse requests as Anthropic Messages bodies."""

from __future__ import annotations

import copy
import json
from base64 import b64encode
from typing import Any

import pytest

from bedrock_unified.errors import InvalidRequestError
from bedrock_unified.invoke.anthropic import VERSION, body

PNG = b"\x89PNG\r\n\x1a\n"
SPEC = {"toolSpec": {"name": "shelf", "description": "Finds", "inputSchema": {"json": {"type": "object"}}}}
TOOL = {"name": "shelf", "description": "Finds", "input_schema": {"type": "object"}}
POINT = {"cachePoint": {"type": "default"}}
EPHEMERAL = {"type": "ephemeral"}


def request(*content: Any, **more: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": list(content)}], **more}


def content_of(*blocks: Any) -> list[dict[str, Any]]:
    (message,) = body(request(*blocks))["messages"]
    return message["content"]


def test_a_plain_question() -> None:
    assert body(request({"text": "Hi"})) == {
        "anthropic_version": VERSION,
        "max_tokens": 1024,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}],
    }


def test_inference_parameters_and_system_prompts() -> None:
    inference = {"maxTokens": 9, "temperature": 0.0, "topP": 0.5, "stopSequences": ["END"]}
    made = body(request({"text": "Hi"}, system=[{"text": "Be brief."}], inferenceConfig=inference))
    assert made["system"] == [{"type": "text", "text": "Be brief."}]
    assert (made["max_tokens"], made["temperature"], made["top_p"]) == (9, 0.0, 0.5)
    assert made["stop_sequences"] == ["END"]


def test_native_claude_gets_1024_tokens_and_4096_for_structured_output() -> None:
    """ACCEPTANCE 2.B, section 8 row 20."""
    text_format = {"type": "json_schema", "structure": {"jsonSchema": {"schema": '{"type":"object"}'}}}
    asked = request({"text": "Hi"})
    assert body(asked)["max_tokens"] == 1024
    assert body({**asked, "outputConfig": {"textFormat": text_format}})["max_tokens"] == 4096
    forced = {"tools": [SPEC], "toolChoice": {"tool": {"name": "shelf"}}}
    assert body({**asked, "toolConfig": forced})["max_tokens"] == 4096
    assert body({**asked, "toolConfig": {"tools": [SPEC], "toolChoice": {"any": {}}}})["max_tokens"] == 4096
    assert body({**asked, "toolConfig": {"tools": [SPEC], "toolChoice": {"auto": {}}}})["max_tokens"] == 1024
    assert body({**asked, "toolConfig": forced, "inferenceConfig": {"maxTokens": 7}})["max_tokens"] == 7


def test_a_thinking_budget_raises_the_default_above_itself_and_nothing_else() -> None:
    thinking = {"thinking": {"type": "enabled", "budget_tokens": 4096}}
    asked = request({"text": "Hi"}, additionalModelRequestFields=thinking)
    assert body(asked)["max_tokens"] == 5120
    assert body({**asked, "inferenceConfig": {"maxTokens": 4200}})["max_tokens"] == 4200


def test_thinking_without_a_budget_leaves_room_for_the_answer() -> None:
    """Claude's own choice takes its tokens from max_tokens, too."""
    thinking: dict[str, Any] = {"thinking": {"type": "adaptive"}}
    for effort, expected in ((None, 5120), ("low", 2048), ("max", 17408), ("unheard of", 5120)):
        fields = thinking if effort is None else {**thinking, "output_config": {"effort": effort}}
        asked = request({"text": "Hi"}, additionalModelRequestFields=fields)
        assert body(asked)["max_tokens"] == expected
        assert body({**asked, "inferenceConfig": {"maxTokens": 7}})["max_tokens"] == 7
    assert body(request({"text": "Hi"}, outputConfig={"effort": "max"}))["max_tokens"] == 1024


def test_reasoning_config_is_claudes_thinking() -> None:
    thinking = {"type": "enabled", "budget_tokens": 2048}
    asked = request({"text": "Hi"}, additionalModelRequestFields={"reasoning_config": thinking, "top_k": 5})
    made = body(asked)
    assert made["thinking"] == thinking and made["top_k"] == 5 and made["max_tokens"] == 3072
    assert "reasoning_config" not in made
    both = {"reasoning_config": thinking, "thinking": thinking}
    assert body({**asked, "additionalModelRequestFields": both})["thinking"] == thinking
    contradiction = {**both, "thinking": {"type": "disabled"}}
    with pytest.raises(InvalidRequestError, match="mean the same"):
        body({**asked, "additionalModelRequestFields": contradiction})
    assert asked["additionalModelRequestFields"] == {"reasoning_config": thinking, "top_k": 5}


def test_rq_20_additional_fields_are_merged_into_the_body_and_win() -> None:
    fields = {
        "thinking": {"type": "enabled", "budget_tokens": 4096},
        "top_k": 5,
        "anthropic_beta": ["interleaved-thinking-2025-05-14"],
        "max_tokens": 9000,
    }
    made = body(
        request({"text": "Hi"}, inferenceConfig={"maxTokens": 1}, additionalModelRequestFields=fields)
    )
    assert {name: made[name] for name in fields} == fields


def test_additional_tools_and_output_config_join_ours() -> None:
    computer = {"type": "computer_20250124", "name": "computer"}
    own = {"name": "shelf", "input_schema": {"type": "object", "title": "mine"}}
    fields = {"tools": [computer, own], "output_config": {"effort": "low"}}
    text_format = {"type": "json_schema", "structure": {"jsonSchema": {"schema": '{"type":"object"}'}}}
    other = {"toolSpec": {"name": "other", "inputSchema": {"json": {"type": "object"}}}}
    made = body(
        request(
            {"text": "Hi"},
            toolConfig={"tools": [SPEC, other]},
            outputConfig={"textFormat": text_format, "effort": "high"},
            additionalModelRequestFields=fields,
        )
    )
    assert [tool["name"] for tool in made["tools"]] == ["other", "computer", "shelf"]
    assert made["tools"][2] == own
    assert made["output_config"] == {
        "effort": "low",
        "format": {"type": "json_schema", "schema": {"type": "object"}},
    }


@pytest.mark.parametrize(
    ("choice", "field", "expected"),
    [
        (None, None, None),
        ({"auto": {}}, None, {"type": "auto"}),
        ({"any": {}}, None, {"type": "any"}),
        ({"none": {}}, None, {"type": "none"}),
        ({"tool": {"name": "shelf"}}, None, {"type": "tool", "name": "shelf"}),
        (
            {"any": {}},
            {"disable_parallel_tool_use": True},
            {"type": "any", "disable_parallel_tool_use": True},
        ),
        (
            {"tool": {"name": "shelf"}},
            {"type": "tool", "disable_parallel_tool_use": True},
            {"type": "tool", "name": "shelf", "disable_parallel_tool_use": True},
        ),
        (None, {"disable_parallel_tool_use": True}, {"type": "auto", "disable_parallel_tool_use": True}),
        ({"tool": {"name": "shelf"}}, {"type": "auto"}, {"type": "auto"}),
    ],
)
def test_tool_choices(choice: Any, field: Any, expected: Any) -> None:
    config = {"tools": [SPEC], **({} if choice is None else {"toolChoice": choice})}
    fields = {} if field is None else {"additionalModelRequestFields": {"tool_choice": field}}
    made = body(request({"text": "Hi"}, toolConfig=config, **fields))
    assert made["tools"] == [TOOL]
    assert made.get("tool_choice") == expected


def test_a_tool_without_description_and_a_strict_one() -> None:
    spec = {"name": "bare", "description": " ", "inputSchema": {"json": None}, "strict": True}
    made = body(request({"text": "Hi"}, toolConfig={"tools": [{"toolSpec": spec}]}))
    schema = {"type": "object", "properties": {}}
    assert made["tools"] == [{"name": "bare", "input_schema": schema, "strict": True}]


def test_media_and_documents() -> None:
    pdf = {"format": "pdf", "name": "Report", "source": {"bytes": b"%PDF-1.4"}, "context": "From 2024"}
    md = {"format": "md", "name": "Notes", "source": {"bytes": "# Größe".encode()}}
    parts = {"name": "Parts", "source": {"content": [{"text": "One."}, {"text": " "}, {"text": "Two."}]}}
    cited = {
        "format": "txt",
        "name": "Told",
        "source": {"text": "So it is."},
        "citations": {"enabled": True},
    }
    made = content_of(
        {"image": {"format": "png", "source": {"bytes": PNG}}},
        *({"document": d} for d in (pdf, md, parts, cited)),
    )
    image = {"type": "base64", "media_type": "image/png", "data": b64encode(PNG).decode()}
    assert made[0] == {"type": "image", "source": image}
    assert made[1] == {
        "type": "document",
        "source": {
            "type": "base64",
            "media_type": "application/pdf",
            "data": b64encode(b"%PDF-1.4").decode(),
        },
        "title": "Report",
        "context": "From 2024",
    }
    assert made[2]["source"] == {"type": "text", "media_type": "text/plain", "data": "# Größe"}
    texts = [{"type": "text", "text": "One."}, {"type": "text", "text": "Two."}]
    assert made[3]["source"] == {"type": "content", "content": texts}
    assert made[4]["citations"] == {"enabled": True}


def test_tool_calls_and_results() -> None:
    said = {"toolUse": {"toolUseId": "a", "name": "shelf", "input": {"title": "Emma"}}}
    searched = {"source": "u", "title": "t", "content": [{"text": "c"}], "citations": {"enabled": True}}
    result = {
        "toolUseId": "a",
        "status": "error",
        "content": [
            {"text": "Row 3"},
            {"json": {"ok": False}},
            {"image": {"format": "png", "source": {"bytes": PNG}}},
            {"document": {"name": "d", "source": {"text": "x"}}},
            {"searchResult": searched},
            {"text": " "},
        ],
    }
    turns = [
        {"role": "user", "content": [{"text": "Where?"}]},
        {"role": "assistant", "content": [said]},
        {"role": "user", "content": [{"toolResult": result}]},
    ]
    made = body({"messages": turns, "toolConfig": {"tools": [SPEC]}})["messages"]
    assert made[1]["content"] == [
        {"type": "tool_use", "id": "a", "name": "shelf", "input": {"title": "Emma"}}
    ]
    (told,) = made[2]["content"]
    assert (told["tool_use_id"], told["is_error"]) == ("a", True)
    kinds = [part["type"] for part in told["content"]]
    assert kinds == ["text", "text", "image", "document", "search_result"]
    assert told["content"][1]["text"] == '{"ok":false}'


def test_rq_tool_ids_that_claude_refuses_become_others_in_calls_and_results_alike() -> None:
    turns = [
        {"role": "user", "content": [{"text": "Where?"}]},
        {
            "role": "assistant",
            "content": [{"toolUse": {"toolUseId": "functions.shelf:0", "name": "shelf", "input": {}}}],
        },
        {"role": "user", "content": [{"toolResult": {"toolUseId": "functions.shelf:0", "content": []}}]},
    ]
    made = body({"messages": turns})["messages"]
    (call,), (result,) = made[1]["content"], made[2]["content"]
    assert call["id"] == result["tool_use_id"]
    assert call["id"].replace("_", "").isalnum() and len(call["id"]) <= 64


def test_a_history_with_tools_and_none_offered_gets_stubs() -> None:
    """ACCEPTANCE 2.B: stub tools are generated from the history."""
    turns = [
        {"role": "user", "content": [{"text": "Where?"}]},
        {"role": "assistant", "content": [{"toolUse": {"toolUseId": "a", "name": "shelf", "input": {}}}]},
        {"role": "user", "content": [{"toolResult": {"toolUseId": "a", "content": [{"text": "3"}]}}]},
    ]
    (stub,) = body({"messages": turns})["tools"]
    assert stub == {"name": "shelf", "input_schema": {"type": "object", "properties": {}}}


def test_reasoning_goes_back_as_it_came() -> None:
    made = content_of(
        {"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "sig"}}},
        {"reasoningContent": {"redactedContent": b"EmwKAhgB"}},
        {"reasoningContent": {"reasoningText": {"text": "Unsigned."}}},
    )
    assert made == [
        {"type": "thinking", "thinking": "Hm.", "signature": "sig"},
        {"type": "redacted_thinking", "data": "EmwKAhgB"},
        {"type": "thinking", "thinking": "Unsigned."},
    ]


def test_a_system_turn_in_mid_conversation_keeps_its_place() -> None:
    """Recorded: bxd5c91afa830e2c."""
    turns = [{"role": role, "content": [{"text": role}]} for role in ("user", "assistant", "user", "system")]
    made = body({"messages": turns})["messages"]
    assert [message["role"] for message in made] == ["user", "assistant", "user", "system"]


def test_rq_22_cache_points_become_cache_control_with_the_ttl_that_was_asked_for() -> None:
    hour = {"cachePoint": {"type": "default", "ttl": "1h"}}
    turns = [{"role": "user", "content": [{"text": "Story"}, POINT, {"text": "Question"}]}]
    asked = {
        "messages": turns,
        "system": [{"text": "Be brief."}, POINT],
        "toolConfig": {"tools": [SPEC, hour]},
    }
    made = body(asked)
    assert made["tools"][0]["cache_control"] == {"type": "ephemeral", "ttl": "1h"}
    assert made["system"][0]["cache_control"] == EPHEMERAL
    assert made["messages"][0]["content"][0]["cache_control"] == EPHEMERAL
    assert "cache_control" not in made["messages"][0]["content"][1]


def test_a_cache_point_reaches_back_over_turns_and_thinking() -> None:
    thought = {"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "s"}}}
    turns = [
        {"role": "user", "content": [{"text": "One"}]},
        {"role": "assistant", "content": [thought]},
        {"role": "user", "content": [POINT, {"text": "Two"}]},
    ]
    made = body({"messages": turns})["messages"]
    assert made[0]["content"][0]["cache_control"] == EPHEMERAL
    assert "cache_control" not in made[1]["content"][0]
    with pytest.raises(InvalidRequestError, match="a cache point before all content"):
        body({"messages": [{"role": "user", "content": [POINT, {"text": "Two"}]}]})


def test_a_cache_point_behind_a_tool_result_is_the_results_own() -> None:
    result = {"toolResult": {"toolUseId": "a", "content": [{"text": "3"}]}}
    (told,) = content_of(result, POINT)
    assert told["type"] == "tool_result" and told["cache_control"] == EPHEMERAL


def test_marked_content_stands_between_tags_where_a_guardrail_looks_on() -> None:
    marked = {"guardContent": {"text": {"text": "Is it so?", "qualifiers": ["query"]}}}
    config = {"guardrailIdentifier": "g", "guardrailVersion": "1", "streamProcessingMode": "async"}
    made = body(request({"text": "Told."}, marked, guardrailConfig=config))
    told = made["amazon-bedrock-guardrailConfig"]
    assert told["streamProcessingMode"] == "ASYNCHRONOUS"
    tag = f"amazon-bedrock-guardrails-query_{told['tagSuffix']}"
    assert made["messages"][0]["content"][1]["text"] == f"<{tag}>Is it so?</{tag}>"
    again = body(request({"text": "Told again."}, marked, guardrailConfig=config))
    assert again["amazon-bedrock-guardrailConfig"]["tagSuffix"] != told["tagSuffix"]
    assert body(request(marked))["messages"][0]["content"] == [{"type": "text", "text": "Is it so?"}]


BYTES = {"bytes": b"x"}
S3 = {"s3Location": {"uri": "s3://b/k"}}


@pytest.mark.parametrize(
    ("block", "what"),
    [
        ({"video": {"format": "mp4", "source": BYTES}}, "'video'"),
        ({"audio": {"format": "mp3", "source": BYTES}}, "'audio'"),
        ({"image": {"format": "png", "source": S3}}, "an image from s3Location"),
        ({"document": {"name": "d", "format": "pdf", "source": S3}}, "a document from s3Location"),
        ({"document": {"name": "d", "format": "docx", "source": BYTES}}, "the format 'docx'"),
        (
            {"guardContent": {"image": {"format": "png", "source": BYTES}}},
            "an image in guardContent",
        ),
        ({"toolAddition": {"tool": {"name": "shelf"}}}, "'toolAddition'"),
        (
            {"toolResult": {"toolUseId": "a", "content": [{"video": {"format": "mp4", "source": BYTES}}]}},
            "video in a tool result",
        ),
        ({"txt": "typing error"}, "'txt'"),
    ],
)
def test_what_has_no_form_in_messages_is_an_error_with_the_way_out(block: Any, what: str) -> None:
    with pytest.raises(InvalidRequestError, match=f"{what}.* has no form") as caught:
        content_of({"text": "Look:"}, block)
    assert "use_converse" in str(caught.value.hint)


@pytest.mark.parametrize(
    "member",
    [
        {"promptVariables": {"a": {"text": "b"}}},
        {"additionalModelResponseFieldPaths": ["/stop_sequence"]},
        {"toolConfig": {"tools": [{"systemTool": {"name": "nova_grounding"}}]}},
        {"system": [{"image": {}}]},
    ],
)
def test_members_without_a_form_are_errors_too(member: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequestError, match="has no form"):
        body(request({"text": "Hi"}, **member))


def test_a_blob_that_is_text_is_base64_as_on_converses_wire() -> None:
    source = {"bytes": "VGhlIGtleQ=="}
    (native,) = content_of({"document": {"name": "d", "format": "txt", "source": source}})
    assert native["source"] == {"type": "text", "media_type": "text/plain", "data": "The key"}
    with pytest.raises(InvalidRequestError, match="is not UTF-8 text"):
        content_of({"document": {"name": "d", "format": "txt", "source": {"bytes": "no base64!"}}})


def test_text_documents_must_be_text_and_redacted_reasoning_claudes() -> None:
    with pytest.raises(InvalidRequestError, match="is not UTF-8 text"):
        content_of({"document": {"format": "txt", "name": "d", "source": {"bytes": b"\xff\xfe"}}})
    with pytest.raises(InvalidRequestError, match="not Claude's own"):
        content_of({"reasoningContent": {"redactedContent": b"\xff\xfe"}})


def test_nothing_given_is_changed_and_the_body_is_json() -> None:
    asked = request(
        {"text": "Hi"},
        POINT,
        {"document": {"format": "pdf", "name": "d", "source": BYTES, "citations": {"enabled": True}}},
        POINT,
        system=[{"text": "s"}, POINT],
        toolConfig={"tools": [SPEC, POINT]},
        additionalModelRequestFields={"tool_choice": {"disable_parallel_tool_use": True}},
    )
    before = copy.deepcopy(asked)
    json.dumps(body(asked))
    assert asked == before
