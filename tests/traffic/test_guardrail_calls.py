"""The recorded ApplyGuardrail exchange as a step of a LangChain chain, the one adapter that has it."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.messages import HumanMessage

from bedrock_unified.errors import GuardrailIntervened
from langchain_bedrock_unified import BedrockGuardrail

from .kinds import guardrail_calls
from .operations import members
from .recordings import Exchange
from .replay import ReplayServer
from .speakers import CONNECTION
from .tally import TALLY

BLOCKED = "Sorry, the model cannot answer this question."


@pytest.fixture(scope="module")
def exchange(recorded: tuple[Exchange, ...]) -> Exchange:
    """The one that there is."""
    (only,) = guardrail_calls(recorded)
    return only


def _step(exchange: Exchange, server: ReplayServer, **how: Any) -> tuple[BedrockGuardrail, str]:
    """The recorded guardrail as a step, and the text that it judged."""
    asked = members(exchange)
    (block,) = asked["content"]
    server.play(exchange)
    step = BedrockGuardrail(
        guardrail_identifier=asked["guardrailIdentifier"],
        guardrail_version=asked["guardrailVersion"],
        output_scope=asked["outputScope"],
        endpoint_url=server.url,
        **CONNECTION,
        **how,
    )
    return step, block["text"]["text"]


async def test_the_recorded_call_is_made_again_and_its_text_stands_for_what_it_blocked(
    exchange: Exchange, server: ReplayServer
) -> None:
    step, text = _step(exchange, server)
    try:
        for given in (text, HumanMessage(text)):
            for answer in (step.invoke(given), await step.ainvoke(given)):
                assert (answer if isinstance(given, str) else answer.text) == BLOCKED
                assert server.last.target == exchange.path
                assert server.last.json == exchange.request
    finally:
        await step.bedrock.aclose()
    TALLY.check("guardrail calls", "BedrockGuardrail", [exchange.id], [])


def test_it_raises_where_that_is_asked_for_and_quotes_nothing(
    exchange: Exchange, server: ReplayServer
) -> None:
    step, text = _step(exchange, server, action="raise")
    with step.bedrock, pytest.raises(GuardrailIntervened, match="InvestmentObjectives") as caught:
        step.invoke(text)
    assert "abc@pqrt.com" not in str(caught.value)
    assert caught.value.request_id == exchange.oracle.parsed["ResponseMetadata"].get("RequestId")
