"""An answer of text alone, which no validator sees, is what langchain-core's constructors make."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from langchain_core.load import dumps
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import ValidationError

from langchain_bedrock_unified.result import chat_result

TOLD: dict[str, Any] = {
    "usage": {"inputTokens": 7, "outputTokens": 5, "totalTokens": 12, "cacheReadInputTokens": 3},
    "stopReason": "end_turn",
    "metrics": {"latencyMs": 3},
    "ResponseMetadata": {"HTTPStatusCode": 200, "RequestId": "r", "RetryAttempts": 0},
}
MODEL = "us.amazon.nova-lite-v1:0"


def answer(text: str, told: dict[str, Any]) -> ChatResult:
    return chat_result(
        {"output": {"message": {"role": "assistant", "content": [{"text": text}]}}, **told}, MODEL
    )


def constructed(result: ChatResult) -> ChatResult:
    (generation,) = result.generations
    message = generation.message
    assert isinstance(message, AIMessage)
    again = AIMessage(
        content=message.content,
        tool_calls=[],
        invalid_tool_calls=[],
        usage_metadata=message.usage_metadata,
        response_metadata=message.response_metadata,
    )
    return ChatResult(generations=[ChatGeneration(message=again)])


@pytest.mark.parametrize("text", ["Paris.", "", "é\U0001f600\n"])
@pytest.mark.parametrize("told", [TOLD, {"stopReason": "max_tokens"}], ids=["usage", "no usage"])
def test_it_is_what_the_constructors_make(text: str, told: dict[str, Any]) -> None:
    made = answer(text, told)
    expected = constructed(made)
    assert made == expected
    assert repr(made) == repr(expected)
    assert made.model_dump() == expected.model_dump()
    assert made.model_dump_json() == expected.model_dump_json()
    assert dumps(made.generations[0].message) == dumps(expected.generations[0].message)
    assert pickle.loads(pickle.dumps(made)) == expected
    for one, other in (
        (made, expected),
        (made.generations[0], expected.generations[0]),
        (made.generations[0].message, expected.generations[0].message),
    ):
        assert vars(one).keys() == vars(other).keys()
        assert one.model_fields_set == other.model_fields_set
        assert one.model_extra == other.model_extra


def test_two_answers_share_nothing_that_can_change() -> None:
    first, second = (answer("Paris.", TOLD).generations[0].message for _ in range(2))
    assert not [
        name
        for name, held in vars(first).items()
        if isinstance(held, (list, dict)) and held is vars(second)[name]
    ]
    assert first.model_fields_set is not second.model_fields_set


@pytest.mark.parametrize("count", [1.0, 1.5, "7", True])
def test_counts_that_are_no_integers_are_judged_by_langchain(count: Any) -> None:
    blocks = {"output": {"message": {"role": "assistant", "content": [{"text": "a", "new": 1}]}}}
    told = {**TOLD, "usage": {"inputTokens": count, "outputTokens": 2}}

    def outcome(response: dict[str, Any]) -> Any:
        try:
            message = chat_result(response, MODEL).generations[0].message
        except (ValidationError, TypeError) as error:
            return type(error)
        assert isinstance(message, AIMessage)
        return repr(message.usage_metadata)

    text = {"output": {"message": {"role": "assistant", "content": [{"text": "a"}]}}}
    assert outcome({**text, **told}) == outcome({**blocks, **told})
