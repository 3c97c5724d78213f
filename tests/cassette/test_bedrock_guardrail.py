"""LangChain's ``BedrockGuardrail`` from cassettes."""

from __future__ import annotations

import pytest
from langchain_core.messages import HumanMessage

from langchain_bedrock_unified import BedrockGuardrail

from .recording import Recording

cassette = pytest.mark.cassette
#: What the documented guardrail blocks.
QUESTION = HumanMessage("Tell me the trade secret of the recipe.")


def guard(recording: Recording) -> BedrockGuardrail:
    return recording.make(
        BedrockGuardrail, guardrail_identifier=recording.guardrail, guardrail_version="DRAFT"
    )


def blocked(recording: Recording) -> str:
    """What the recorded guardrail said instead."""
    whole = recording.answer.whole
    assert whole["action"] == "GUARDRAIL_INTERVENED"
    return whole["outputs"][0]["text"]


@cassette("BedrockGuardrail.invoke", needs_guardrail=True)
def test_invoke(recording: Recording) -> None:
    assert guard(recording).invoke(QUESTION).text == blocked(recording)


@cassette("BedrockGuardrail.ainvoke", needs_guardrail=True)
async def test_ainvoke(recording: Recording) -> None:
    assert (await guard(recording).ainvoke(QUESTION)).text == blocked(recording)
