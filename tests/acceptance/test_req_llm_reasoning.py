"""ReqLLM's statements about reasoning (RQ-20, RQ-23), and its source's efforts and budgets (2.B)."""

from __future__ import annotations

from typing import Any

import pytest

from bedrock_unified.errors import BedrockError

from .conftest import Account, MakeApp
from .frameworks import WAYS, Said, Turn

CLAUDE_3_7 = "us.anthropic.claude-3-7-sonnet-20250219-v1:0"
SONNET_4_5 = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
ADAPTIVE = "global.anthropic.claude-opus-4-8"
THINKING = {"type": "enabled", "budget_tokens": 4096}
FIELDS = {"thinking": THINKING}
ASKED = "The ferry leaves at nine. When does the ferry leave?"


def multiply(a: int, b: int) -> int:
    """Multiply two whole numbers."""
    return a * b


def _multi_turn(said: Said) -> list[Turn | Said]:
    results = [Turn("tool", "42", tool_call_id=call_id) for call_id, _, _ in said.calls]
    return [Turn("user", "Multiply 6 by 7."), said, *results]


@pytest.mark.parametrize("way", WAYS)
async def test_rq_20_fields_appear_verbatim_in_converse(app: MakeApp, account: Account, way: str) -> None:
    model = app(CLAUDE_3_7, additional_model_request_fields=FIELDS, max_tokens=5000)
    said = await model.ask(ASKED, way)
    assert account.body["additionalModelRequestFields"] == FIELDS
    assert said.reasoning
    await app(CLAUDE_3_7, max_tokens=5000).ask(ASKED, way, additional_model_request_fields=FIELDS)
    assert account.body["additionalModelRequestFields"] == FIELDS
    assert FIELDS == {"thinking": {"type": "enabled", "budget_tokens": 4096}}, "the caller's own is unchanged"


@pytest.mark.parametrize("way", WAYS)
async def test_rq_20_fields_are_merged_into_the_body_of_invoke_model(
    app: MakeApp, account: Account, way: str
) -> None:
    fields = {**FIELDS, "anthropic_beta": ["interleaved-thinking-2025-05-14"]}
    model = app(CLAUDE_3_7, additional_model_request_fields=fields, max_tokens=5000, use_converse=False)
    said = await model.ask(ASKED, way)
    assert {name: account.body[name] for name in fields} == fields
    assert account.body["max_tokens"] == 5000
    assert said.reasoning


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("use_converse", [True, False])
async def test_rq_23_reasoning_comes_apart_from_the_text_and_goes_back_signed(
    app: MakeApp, account: Account, way: str, use_converse: bool
) -> None:
    model = app(SONNET_4_5, reasoning_effort="low", max_tokens=5000, use_converse=use_converse)
    said = await model.ask("Multiply 6 by 7.", way, tools=[multiply])
    (thought,) = said.reasoning
    assert thought and thought not in said.text
    assert [(name, given) for _, name, given in said.calls] == [("multiply", {"a": 6, "b": 7})]
    again = await model.ask(_multi_turn(said), way, tools=[multiply])
    assert "42" in again.text
    first, *_ = account.body["messages"][1]["content"]
    if use_converse:
        told = first["reasoningContent"]["reasoningText"]
        assert told["text"] == thought and told["signature"]
    else:
        assert (first["type"], first["thinking"]) == ("thinking", thought) and first["signature"]


@pytest.mark.parametrize(
    ("effort", "budget"), [("low", 1024), ("medium", 2048), ("high", 4096), ("xhigh", 8192)]
)
async def test_rq_23_an_effort_is_a_budget_where_claude_takes_budgets(
    app: MakeApp, account: Account, effort: str, budget: int
) -> None:
    for way in WAYS:
        await app(CLAUDE_3_7, reasoning_effort=effort).ask(ASKED, way)
        thinking = account.body["additionalModelRequestFields"]["thinking"]
        assert thinking == {"type": "enabled", "budget_tokens": budget}
        assert account.body["inferenceConfig"]["maxTokens"] > budget, "the answer needs room beside it"


async def test_rq_23_minimal_effort_is_the_least_budget_that_claude_takes(
    app: MakeApp, account: Account
) -> None:
    await app(CLAUDE_3_7, reasoning_effort="minimal").ask(ASKED)
    assert account.body["additionalModelRequestFields"]["thinking"]["budget_tokens"] == 1024


async def test_rq_23_a_budget_is_sent_as_it_is(app: MakeApp, account: Account) -> None:
    for way in WAYS:
        await app(CLAUDE_3_7, reasoning_token_budget=3000, max_tokens=9000).ask(ASKED, way)
        assert account.body["additionalModelRequestFields"] == {
            "thinking": {"type": "enabled", "budget_tokens": 3000}
        }
        assert account.body["inferenceConfig"] == {"maxTokens": 9000}


@pytest.mark.parametrize(
    ("effort", "sent"), [("minimal", "low"), ("medium", "medium"), ("xhigh", "xhigh"), ("max", "max")]
)
async def test_rq_23_a_model_that_adapts_gets_the_effort(
    app: MakeApp, account: Account, effort: str, sent: str
) -> None:
    for way in WAYS:
        await app(ADAPTIVE, reasoning_effort=effort).ask(ASKED, way)
        assert account.body["additionalModelRequestFields"] == {
            "thinking": {"type": "adaptive", "display": "summarized"},
            "output_config": {"effort": sent},
        }


@pytest.mark.parametrize("way", WAYS)
async def test_rq_23_what_contradicts_reasoning_is_told_not_dropped(
    app: MakeApp, account: Account, way: str
) -> None:
    contradictions: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
        ("temperature", {"temperature": 0.5}, {}),
        ("top_k", {"top_k": 5}, {}),
        ("tool", {}, {"tools": [multiply], "choice": "multiply"}),
    ]
    for word, parameters, call in contradictions:
        with pytest.raises(BedrockError, match=word):
            await app(CLAUDE_3_7, reasoning_effort="low", **parameters).ask("Multiply 6 by 7.", way, **call)
    assert account.served == []


@pytest.mark.parametrize("way", WAYS)
async def test_rq_23_a_model_that_does_not_reason_says_so(app: MakeApp, account: Account, way: str) -> None:
    with pytest.raises(BedrockError, match="does not reason"):
        await app("anthropic.claude-3-haiku-20240307-v1:0", reasoning_effort="low").ask(ASKED, way)
    assert account.served == []
