"""What LangChain's messages become in a Converse request, in every form that users write them."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest
from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    ChatMessage,
    FunctionMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)

from langchain_bedrock_unified import ChatBedrock
from langchain_bedrock_unified.errors import InvalidRequestError

from .scripted import Conversation, ScriptedBedrock

PNG = b"\x89PNG\r\n\x1a\n...."
PDF = b"%PDF-1.7 ...."
PNG64, PDF64 = b64encode(PNG).decode(), b64encode(PDF).decode()
IMAGE = {"image": {"format": "png", "source": {"bytes": PNG64}}}
CACHE_POINT = {"cachePoint": {"type": "default"}}


def test_roles_and_system(conversation: Conversation) -> None:
    body = conversation.sends(
        SystemMessage("Be brief."),
        HumanMessage("Hi", name="Ann"),
        AIMessage("Hello."),
        ChatMessage("And you?", role="user"),
        SystemMessage([{"type": "text", "text": "Be kind."}, CACHE_POINT]),
    )
    assert body["system"] == [{"text": "Be brief."}, {"text": "Be kind."}, CACHE_POINT]
    assert body["messages"] == [
        {"role": "user", "content": [{"text": "Hi"}]},
        {"role": "assistant", "content": [{"text": "Hello."}]},
        {"role": "user", "content": [{"text": "And you?"}]},
    ]


def test_a_system_message_keeps_its_place_where_it_is_told_to(conversation: Conversation) -> None:
    body = conversation.sends(
        SystemMessage("Be brief."),
        HumanMessage("Review it."),
        AIMessage("Fine."),
        HumanMessage("Again."),
        SystemMessage("From now on, name types.", additional_kwargs={"in_place": True}),
    )
    assert body["system"] == [{"text": "Be brief."}]
    assert [turn["role"] for turn in body["messages"]] == ["user", "assistant", "user", "system"]
    assert body["messages"][-1]["content"] == [{"text": "From now on, name types."}]


def test_the_models_own_system_prompt_comes_first_and_a_calls_replaces_it(
    make_model: Any, bedrock: ScriptedBedrock
) -> None:
    model = make_model(system=["One.", {"text": "Two."}, CACHE_POINT])
    model.invoke([SystemMessage("Three."), HumanMessage("q")])
    assert bedrock.last["system"] == [{"text": "One."}, {"text": "Two."}, CACHE_POINT, {"text": "Three."}]
    model.invoke("q", system="Other.")
    assert bedrock.last["system"] == [{"text": "Other."}]
    model.invoke("q", system=None)
    assert "system" not in bedrock.last


def test_a_system_message_that_adds_a_tool_stays_where_it_stands(conversation: Conversation) -> None:
    addition = {"toolAddition": {"tool": {"name": "weather"}}}
    body = conversation.sends(HumanMessage("a"), AIMessage("b"), SystemMessage([addition]), HumanMessage("c"))
    assert body["messages"][2] == {"role": "system", "content": [addition]}
    assert "system" not in body


def test_blank_text_is_left_out_and_neighbours_of_one_role_become_one_turn(
    conversation: Conversation,
) -> None:
    body = conversation.sends(HumanMessage("a"), AIMessage(" \n"), HumanMessage(["b", "", {"text": "c"}]))
    assert body["messages"] == [{"role": "user", "content": [{"text": "a"}, {"text": "b"}, {"text": "c"}]}]


def test_results_of_parallel_calls_stand_in_one_turn(conversation: Conversation) -> None:
    calls = [{"name": "w", "args": {"n": n}, "id": f"t{n}"} for n in (1, 2)]
    body = conversation.sends(
        HumanMessage("q"),
        AIMessage("", tool_calls=calls),
        ToolMessage("one", tool_call_id="t1"),
        ToolMessage("failed", tool_call_id="t2", status="error"),
        HumanMessage("and now?"),
    )
    assert body["messages"][1:] == [
        {
            "role": "assistant",
            "content": [
                {"toolUse": {"toolUseId": "t1", "name": "w", "input": {"n": 1}}},
                {"toolUse": {"toolUseId": "t2", "name": "w", "input": {"n": 2}}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"toolResult": {"toolUseId": "t1", "content": [{"text": "one"}]}},
                {"toolResult": {"toolUseId": "t2", "content": [{"text": "failed"}], "status": "error"}},
                {"text": "and now?"},
            ],
        },
    ]


def test_tool_results_of_every_kind(conversation: Conversation) -> None:
    data = {"user_id": 1, "nested": [{"someKey": None}]}
    body = conversation.sends(
        HumanMessage("q"),
        AIMessage("", tool_calls=[{"name": "w", "args": {}, "id": "t"}]),
        ToolMessage(
            [
                "text",
                {"type": "json", "json": data},
                {"type": "image", "base64": PNG64, "mime_type": "image/png"},
                {"document": {"format": "txt", "name": "n", "source": {"bytes": b"hi"}}},
                {
                    "type": "search_result",
                    "source": "s",
                    "title": "t",
                    "content": [{"type": "text", "text": "x"}],
                },
                CACHE_POINT,
            ],
            tool_call_id="t",
        ),
    )
    result, behind = body["messages"][2]["content"]
    assert result["toolResult"]["content"] == [
        {"text": "text"},
        {"json": data},
        IMAGE,
        {"document": {"format": "txt", "name": "n", "source": {"bytes": "aGk="}}},
        {"searchResult": {"source": "s", "title": "t", "content": [{"text": "x"}]}},
    ]
    assert behind == CACHE_POINT


@pytest.mark.parametrize("content", ["", " ", [], [{"type": "text", "text": ""}]])
def test_an_empty_tool_result_says_so(conversation: Conversation, content: Any) -> None:
    body = conversation.sends(
        HumanMessage("q"),
        AIMessage("", tool_calls=[{"name": "w", "args": {}, "id": "t"}]),
        ToolMessage(content, tool_call_id="t"),
    )
    assert body["messages"][2]["content"] == [
        {"toolResult": {"toolUseId": "t", "content": [{"text": "(no output)"}]}}
    ]


def test_edited_tool_calls_win_over_the_blocks_they_came_with(conversation: Conversation) -> None:
    answer = AIMessage(
        [
            {"type": "text", "text": "ok"},
            {"type": "tool_use", "id": "t", "name": "w", "input": {"city": "Rome"}},
        ],
        tool_calls=[{"name": "w2", "args": {"city": "Paris"}, "id": "t"}],
    )
    body = conversation.sends(HumanMessage("q"), answer, ToolMessage("x", tool_call_id="t"))
    assert body["messages"][1]["content"][1] == {
        "toolUse": {"toolUseId": "t", "name": "w2", "input": {"city": "Paris"}}
    }


def test_a_call_that_was_no_json_is_shown_to_the_model_as_it_wrote_it(conversation: Conversation) -> None:
    answer = AIMessage("", invalid_tool_calls=[{"name": "w", "args": '{"city": ', "id": "t", "error": None}])
    body = conversation.sends(HumanMessage("q"), answer, ToolMessage("bad JSON", tool_call_id="t"))
    assert body["messages"][1]["content"] == [
        {"toolUse": {"toolUseId": "t", "name": "w", "input": {"malformed_json": '{"city": '}}}
    ]


def test_a_history_whose_tools_are_not_offered_any_more_declares_them(conversation: Conversation) -> None:
    history = [
        HumanMessage("q"),
        AIMessage("", tool_calls=[{"name": "w", "args": {}, "id": "t"}]),
        ToolMessage("x", tool_call_id="t"),
    ]
    config = conversation.sends(*history)["toolConfig"]
    assert [tool["toolSpec"]["name"] for tool in config["tools"]] == ["w"]
    assert "toolChoice" not in config


def test_a_history_of_tools_is_told_where_none_may_be_called(conversation: Conversation) -> None:
    history = [
        HumanMessage("q"),
        AIMessage("", tool_calls=[{"name": "w", "args": {"a": 1}, "id": "t"}]),
        ToolMessage("x", tool_call_id="t"),
    ]
    tools = [{"name": "v", "input_schema": {"type": "object"}}]
    sent = conversation.sends(*history, tools=tools, tool_choice="none")
    assert "toolConfig" not in sent
    told = [block["text"] for turn in sent["messages"] for block in turn["content"]]
    assert told == ["q", '[tool call t: w({"a":1})]', "[tool result t]\nx"]


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        ({"type": "guard_content", "text": "x"}, {"text": {"text": "x"}}),
        (
            {"type": "guard_content", "text": "x", "qualifiers": ["query"]},
            {"text": {"text": "x", "qualifiers": ["query"]}},
        ),
        ({"type": "guard_content", "guard_content": {"type": "text", "text": "x"}}, {"text": {"text": "x"}}),
        (
            {"guardContent": {"text": {"text": "x", "qualifiers": ["guard_content"]}}},
            {"text": {"text": "x", "qualifiers": ["guard_content"]}},
        ),
        (
            {"guardContent": {"image": {"format": "png", "source": {"bytes": PNG}}}},
            {"image": {"format": "png", "source": {"bytes": PNG64}}},
        ),
    ],
)
def test_guarded_content(conversation: Conversation, block: dict[str, Any], expected: dict[str, Any]) -> None:
    assert conversation.user(block) == [{"guardContent": expected}]


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        (CACHE_POINT, CACHE_POINT),
        (
            {"type": "cachePoint", "cachePoint": {"type": "default", "ttl": "1h"}},
            {"cachePoint": {"type": "default", "ttl": "1h"}},
        ),
    ],
)
def test_cache_points(conversation: Conversation, block: dict[str, Any], expected: dict[str, Any]) -> None:
    assert conversation.user("x", block) == [{"text": "x"}, expected]


def test_anthropics_cache_control_is_a_cache_point_behind_the_block(conversation: Conversation) -> None:
    blocks = conversation.user(
        {"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}},
        {"type": "text", "text": "b", "cache_control": {"type": "ephemeral", "ttl": "1h"}},
    )
    assert blocks == [
        {"text": "a"},
        CACHE_POINT,
        {"text": "b"},
        {"cachePoint": {"type": "default", "ttl": "1h"}},
    ]


def test_anthropics_tool_results_and_search_results(conversation: Conversation) -> None:
    blocks = conversation.user(
        {"type": "tool_result", "tool_use_id": "t", "content": "no", "is_error": True},
        {
            "type": "search_result",
            "source": "https://x",
            "title": "X",
            "content": [{"type": "text", "text": "x"}],
            "citations": {"enabled": True},
        },
    )
    assert blocks == [
        {"text": "[tool result t, an error]\nno"},  # nobody called: Bedrock would refuse it
        {
            "searchResult": {
                "source": "https://x",
                "title": "X",
                "content": [{"text": "x"}],
                "citations": {"enabled": True},
            }
        },
    ]


def test_an_answer_that_langchain_aws_stored_goes_back(conversation: Conversation) -> None:
    answer = AIMessage(
        [
            {"type": "reasoning_content", "reasoning_content": {"text": "hm", "signature": "c2ln"}},
            {"type": "reasoning_content", "reasoning_content": {"redacted_content": b"\x00\xff"}},
            {"type": "text", "text": "ok"},
            {"type": "tool_use", "id": "t", "name": "w", "input": '{"a": 1}', "index": 3},
        ],
        response_metadata={"model_provider": "bedrock_converse"},
    )
    body = conversation.sends(HumanMessage("q"), answer, ToolMessage("x", tool_call_id="t"))
    assert body["messages"][1]["content"] == [
        {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "c2ln"}}},
        {"reasoningContent": {"redactedContent": "AP8="}},
        {"text": "ok"},
        {"toolUse": {"toolUseId": "t", "name": "w", "input": {"a": 1}}},
    ]


def test_another_providers_answer_leaves_its_private_parts_behind(conversation: Conversation) -> None:
    openai = AIMessage(
        [
            {"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}], "id": "rs_1"},
            {"type": "text", "text": "ok", "annotations": [], "extras": {"logprobs": 1}},
        ],
        tool_calls=[{"name": "w", "args": {}, "id": "call_1"}],
        response_metadata={"model_provider": "openai"},
    )
    claude = AIMessage(
        [
            {"type": "thinking", "thinking": "hm", "signature": "c2ln"},
            {"type": "redacted_thinking", "data": "Eu8ECkgIBxAB"},
            {"type": "text", "text": "yes", "citations": [{"type": "char_location", "cited_text": "y"}]},
        ],
        response_metadata={"model_provider": "anthropic"},
    )
    body = conversation.sends(
        HumanMessage("q"), openai, ToolMessage("x", tool_call_id="call_1"), claude, HumanMessage("next")
    )
    assert body["messages"][1]["content"] == [
        {"text": "ok"},
        {"toolUse": {"toolUseId": "call_1", "name": "w", "input": {}}},
    ]
    assert body["messages"][3]["content"] == [
        {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "c2ln"}}},
        {"reasoningContent": {"redactedContent": "RXU4RUNrZ0lCeEFC"}},  # the bytes of the text, as recorded
        {"text": "yes"},
    ]


@pytest.mark.parametrize(
    ("message", "names"),
    [
        (HumanMessage([{"type": "image", "url": "https://x/y.png"}]), "https://x/y.png"),
        (HumanMessage([{"type": "image", "file_id": "f1"}]), "uploaded file"),
        (HumanMessage([{"type": "image", "base64": "!", "mime_type": "image/png"}]), "not base64"),
        (HumanMessage([{"type": "video", "base64": "aGk="}]), "mime_type"),
        (
            HumanMessage([{"type": "file", "base64": "aGk=", "mime_type": "application/zip"}]),
            "application/zip",
        ),
        (HumanMessage([{"type": "image", "base64": "aGk=", "mime_type": "image/tiff"}]), "tiff"),
        (HumanMessage([{"type": "hologram", "data": 1}]), "hologram"),
        (HumanMessage([{"type": "search_result", "content": [{"type": "text"}]}]), "'search_result' with"),
        (HumanMessage([{"type": "input_audio", "input_audio": "UklG"}]), "'input_audio' with"),
        (HumanMessage([{"type": "guard_content", "guard_content": ["x"]}]), "'guard_content' with"),
        (HumanMessage([{"type": "tool_result", "content": 3}]), "'tool_result' with"),
        (AIMessage([{"type": "text", "text": "x", "citations": ["a"]}]), "'text' with"),
        (AIMessage([{"type": "reasoning_content", "reasoning_content": "hm"}]), "'reasoning_content' with"),
        (ChatMessage("x", role="narrator"), "narrator"),
        (FunctionMessage("x", name="f"), "FunctionMessage"),
        (HumanMessage(""), "say nothing: .''"),
        (HumanMessage([{"type": "text", "text": None}]), "say nothing: .*None"),
    ],
)
def test_what_bedrock_has_no_form_for_is_refused_before_anything_is_sent(
    model: ChatBedrock, bedrock: ScriptedBedrock, message: BaseMessage, names: str
) -> None:
    with pytest.raises(InvalidRequestError, match=names) as caught:
        model.invoke([message])
    assert caught.value.hint
    assert not bedrock.sent


def test_citations_that_are_not_bedrocks_are_not_sent(model: ChatBedrock, bedrock: ScriptedBedrock) -> None:
    foreign = {"type": "char_location", "cited_text": "c", "document_index": 0, "start_char_index": 0}
    converse = {"title": "T", "source_content": [{"text": "c"}], "location": {"web": {"url": "https://a.b"}}}
    for citation, kind in ((foreign, "text"), (converse, "citationsContent")):
        said = AIMessage([{"type": "text", "text": "t", "citations": [citation]}])
        model.invoke([HumanMessage("q"), said, HumanMessage("and?")])
        assert list(bedrock.last["messages"][1]["content"][0]) == [kind]


def test_instructions_alone_are_asked_with_the_least_that_a_user_can_say(
    model: ChatBedrock, bedrock: ScriptedBedrock
) -> None:
    model.invoke([SystemMessage("Summarise:"), SystemMessage("It closes at nine.")])
    assert bedrock.last["messages"] == [{"role": "user", "content": [{"text": "."}]}]
    assert [block["text"] for block in bedrock.last["system"]] == [
        "Summarise:",
        "It closes at nine.",
    ]
    for nothing, told in (
        ([], "messages is empty"),
        ([SystemMessage("Be brief."), HumanMessage(" ")], "say nothing: .*' '"),
    ):
        with pytest.raises(InvalidRequestError, match=told):
            model.invoke(nothing)
