"""Converse responses, and the ends of streams, as what langchain-core takes from a chat model."""

from __future__ import annotations

from typing import Any

from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

from bedrock_unified.private import made

from .messages.from_converse import message_content
from .messages.stream import ChunkMaker
from .metadata import response_metadata, usage_metadata

_MESSAGE = AIMessage(
    content="", tool_calls=[], invalid_tool_calls=[], usage_metadata=None, response_metadata={}
)
_GENERATION = ChatGeneration(message=_MESSAGE)
_RESULT = ChatResult(generations=[_GENERATION])
_GIVEN = _MESSAGE.model_fields_set


def chat_result(response: dict[str, Any], model_id: str) -> ChatResult:
    """The result of a unary response.

    Args:
        response: Converse's, with ``ResponseMetadata``.
        model_id: the model as it was sent.
    """
    content, calls, invalid = message_content(response["output"]["message"]["content"])
    usage = usage_metadata(response)
    metadata = response_metadata(response, response.get("ResponseMetadata"), model_id)
    if isinstance(content, str) and _is_whole(usage):
        return _text_result(content, usage, metadata)
    message = AIMessage(
        content=content,
        tool_calls=calls,
        invalid_tool_calls=invalid,
        usage_metadata=usage,
        response_metadata=metadata,
    )
    return ChatResult(generations=[ChatGeneration(message=message)])


def last_chunk(maker: ChunkMaker, http: dict[str, Any], model_id: str) -> ChatGenerationChunk:
    """The chunk that ends a stream: usage, stop reason and everything else that is said once."""
    return ChatGenerationChunk(
        message=AIMessageChunk(
            content=[],
            usage_metadata=usage_metadata(maker.members),
            response_metadata=response_metadata(maker.members, http, model_id),
            chunk_position="last",
        )
    )


def _is_whole(usage: UsageMetadata | None) -> bool:
    """Whether a validator would leave the counts as they are."""
    if usage is None:
        return True
    counts = (usage["input_tokens"], usage["output_tokens"], *usage.get("input_token_details", {}).values())
    return all(type(count) is int for count in counts)


def _text_result(text: str, usage: UsageMetadata | None, metadata: dict[str, Any]) -> ChatResult:
    """The result that the constructors make, at a third of their cost: validators would change nothing."""
    message = made(
        AIMessage,
        {
            **vars(_MESSAGE),
            "content": text,
            "additional_kwargs": {},
            "response_metadata": metadata,
            "tool_calls": [],
            "invalid_tool_calls": [],
            "usage_metadata": usage,
        },
        set(_GIVEN),
        {},
    )
    generation = made(
        ChatGeneration, {**vars(_GENERATION), "text": text, "message": message}, {"message", "text"}
    )
    return made(ChatResult, {**vars(_RESULT), "generations": [generation]}, {"generations"})
