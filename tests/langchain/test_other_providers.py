"""Conversations that another provider's model began, as Bedrock's models are shown them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage

from bedrock_unified import LocalBedrock
from langchain_bedrock_unified import ChatBedrock

from .endpoint import connection as connection
from .endpoint import endpoint as endpoint
from .endpoint import local as local

CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
SEALED = "Eu8ECkgIBxAB"


@pytest.mark.parametrize("version", ["v0", "v1"])
@pytest.mark.parametrize(
    ("use_converse", "sent"),
    [
        (True, {"reasoningContent": {"redactedContent": SEALED.encode()}}),  # as recorded: the text's bytes
        (False, {"type": "redacted_thinking", "data": SEALED}),
    ],
)
@pytest.mark.parametrize("provider", [None, "anthropic"])
def test_claudes_redacted_reasoning_comes_from_anthropic_as_from_bedrock(
    endpoint: LocalBedrock,
    connection: dict[str, Any],
    version: str,
    use_converse: bool,
    sent: dict[str, Any],
    provider: str | None,
) -> None:
    said = AIMessage([{"type": "redacted_thinking", "data": SEALED}, {"type": "text", "text": "a"}])
    if provider is not None:
        said.response_metadata["model_provider"] = provider
    if version == "v1":
        said = AIMessage(content_blocks=said.content_blocks, response_metadata=dict(said.response_metadata))
        said.response_metadata["output_version"] = version
    ChatBedrock(model=CLAUDE, use_converse=use_converse, **connection).invoke(
        [HumanMessage("q"), said, HumanMessage("next")]
    )
    body = endpoint.requests[-1].body
    native = body if use_converse else json.loads(body["body"])
    assert native["messages"][1]["content"][0] == sent


OPENAI: Any = {"response_metadata": {"model_provider": "openai"}}


@pytest.mark.parametrize(
    ("said", "sent"),
    [
        (AIMessage([{"type": "refusal", "refusal": "I cannot"}], **OPENAI), "I cannot"),
        (AIMessage("", additional_kwargs={"refusal": "I cannot"}, **OPENAI), "I cannot"),
        (AIMessage("", additional_kwargs={"audio": {"id": "a", "transcript": "Hello"}}, **OPENAI), "Hello"),
        (AIMessage("Hello", additional_kwargs={"refusal": None}, **OPENAI), "Hello"),
        (
            AIMessage([{"type": "refusal", "refusal": "No"}], additional_kwargs={"refusal": "No"}, **OPENAI),
            "No",
        ),
    ],
)
def test_what_openais_models_refused_or_spoke_is_text(
    endpoint: LocalBedrock, connection: dict[str, Any], said: AIMessage, sent: str
) -> None:
    ChatBedrock(model=CLAUDE, **connection).invoke([HumanMessage("q"), said, HumanMessage("next")])
    assert endpoint.requests[-1].body["messages"][1] == {"role": "assistant", "content": [{"text": sent}]}


@pytest.mark.parametrize("named", [{"model_name": CLAUDE}, {"model_id": CLAUDE}])
@pytest.mark.parametrize(
    "said",
    [
        {"content": "a", "additional_kwargs": {"thinking": {"text": "hm", "signature": "c2ln"}}},
        {
            "content": [
                {"type": "thinking", "thinking": "hm", "signature": "c2ln"},
                {"type": "text", "text": "a"},
            ]
        },
    ],
)
def test_the_thinking_of_langchain_awss_chat_bedrock_is_kept(
    endpoint: LocalBedrock, connection: dict[str, Any], said: dict[str, Any], named: dict[str, str]
) -> None:
    answer = AIMessage(**said, response_metadata={"model_provider": "bedrock", **named})
    ChatBedrock(model=CLAUDE, **connection).invoke([HumanMessage("q"), answer, HumanMessage("next")])
    thought = {"reasoningText": {"text": "hm", "signature": "c2ln"}}
    content = endpoint.requests[-1].body["messages"][1]["content"]
    assert content == [{"reasoningContent": thought}, {"text": "a"}]


def test_a_turn_of_which_nothing_is_left_is_told(
    endpoint: LocalBedrock, connection: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    said = AIMessage([{"type": "reasoning", "id": "rs_1", "summary": []}], **OPENAI)
    ChatBedrock(model=CLAUDE, **connection).invoke([HumanMessage("q"), said, HumanMessage("next")])
    assert "left out" in caplog.text


@pytest.mark.parametrize(
    "part",
    [
        {"type": None},
        {"type": "thinking", "thinking": "hm"},
        {"type": "thinking", "thinking": 5, "signature": "c2ln"},
        {"type": "thinking", "thinking": "hm", "signature": 5},
        {"type": "redacted_thinking", "data": None},
    ],
)
@pytest.mark.parametrize("version", ["v0", "v1"])
@pytest.mark.parametrize("provider", ["openai", "anthropic"])
def test_odd_parts_are_left_out(
    endpoint: LocalBedrock, connection: dict[str, Any], part: dict[str, Any], version: str, provider: str
) -> None:
    about = {"model_provider": provider, "output_version": version}
    if version == "v1":
        said = AIMessage([part, {"type": "text", "text": "a"}], response_metadata=about)
    else:
        said = AIMessage("a", additional_kwargs={"thinking": part}, response_metadata=about)
    ChatBedrock(model=CLAUDE, **connection).invoke([HumanMessage("q"), said, HumanMessage("next")])
    assert endpoint.requests[-1].body["messages"][1]["content"] == [{"text": "a"}]


@pytest.mark.parametrize("apart", [{"audio": {"transcript": "Hello"}}, {"refusal": "Hello"}])
def test_what_is_kept_apart_stands_before_the_calls(
    endpoint: LocalBedrock, connection: dict[str, Any], apart: dict[str, Any]
) -> None:
    call: Any = {"name": "tide", "args": {}, "id": "t"}
    said = AIMessage("", tool_calls=[call], additional_kwargs=apart, **OPENAI)
    ChatBedrock(model=CLAUDE, **connection).invoke(
        [HumanMessage("q"), said, ToolMessage("low", tool_call_id="t")]
    )
    content = endpoint.requests[-1].body["messages"][1]["content"]
    assert [next(iter(block)) for block in content] == ["text", "toolUse"]
