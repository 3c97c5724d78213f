"""What is made of answers without validation is what LlamaIndex's constructors make."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from llama_index.core.base.llms.types import ChatMessage, ChatResponse, LLMMetadata, MessageRole
from pydantic import BaseModel

from llamaindex_bedrock_unified import BedrockConverse
from llamaindex_bedrock_unified.responses import chat_response

FIXED = (str, int, type(None))
CALL = {"toolUse": {"toolUseId": "t", "name": "f", "input": {"a": 1}}}


def answer(*content: dict[str, Any]) -> ChatResponse:
    return chat_response(
        {
            "output": {"message": {"role": "assistant", "content": list(content)}},
            "usage": {"inputTokens": 7, "outputTokens": 5, "totalTokens": 12},
            "stopReason": "end_turn",
        }
    )


def constructed(response: ChatResponse) -> ChatResponse:
    message = response.message
    again = ChatMessage(
        role=MessageRole.ASSISTANT,
        blocks=[
            type(block)(**{name: getattr(block, name) for name in block.model_fields_set})
            for block in message.blocks
        ],
        additional_kwargs=message.additional_kwargs,
    )
    return ChatResponse(
        message=again, delta=response.delta, raw=response.raw, additional_kwargs=response.additional_kwargs
    )


@pytest.mark.parametrize(
    "content",
    [
        [{"text": "Paris."}],
        [{"text": "é\U0001f600\n"}],
        [],
        [{"text": ""}],
        [CALL],
        [{"text": "a"}, CALL, {"text": "b"}],
    ],
    ids=["text", "characters", "nothing", "empty", "call", "both"],
)
def test_an_answer(content: list[dict[str, Any]]) -> None:
    made = answer(*content)
    expected = constructed(made)
    assert made == expected
    assert repr(made) == repr(expected)
    assert made.model_dump() == expected.model_dump()
    assert made.model_dump_json() == expected.model_dump_json()
    assert pickle.loads(pickle.dumps(made)) == expected
    assert made.model_copy(deep=True) == expected
    pairs = [(made, expected), (made.message, expected.message)]
    for one, other in [*pairs, *zip(made.message.blocks, expected.message.blocks, strict=True)]:
        assert vars(one).keys() == vars(other).keys()
        assert one.model_fields_set == other.model_fields_set


def test_two_answers_share_nothing_that_can_change() -> None:
    first, second = (answer({"text": "Paris."}) for _ in range(2))
    pairs: list[tuple[BaseModel, BaseModel]] = [
        (first, second),
        (first.message, second.message),
        (first.message.blocks[0], second.message.blocks[0]),
    ]
    for one, other in pairs:
        held = vars(one).items()
        shared = [name for name, value in held if value is vars(other)[name] and not isinstance(value, FIXED)]
        assert not shared, f"two of {type(one).__name__} share {shared}"
        assert one.model_fields_set is not other.model_fields_set


def test_the_metadata_and_what_events_tell_of_it() -> None:
    model = BedrockConverse(model="us.amazon.nova-lite-v1:0", region_name="us-east-1", max_tokens=512)
    made = model.metadata
    expected = LLMMetadata(
        context_window=made.context_window,
        num_output=512,
        is_chat_model=True,
        is_function_calling_model=True,
        model_name="us.amazon.nova-lite-v1:0",
    )
    assert made == expected
    assert made.model_fields_set == expected.model_fields_set
    assert model.to_payload() == {"class_name": "Bedrock_Converse_LLM", **expected.model_dump()}
