"""Chunks that LangChain adds up in linear time.

langchain-core keeps the chunks of a stream and adds them up at its end, delta by delta: a sixth of the CPU
that an event costs, and a copy of the whole text for each. Here the texts that follow each other in a block
are one before it adds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

from langchain_core.messages import AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk

from bedrock_unified.private import made

from .standard import PROVIDER

#: What messages of text deltas have beside their content and id, and what adding it up does not change.
_BESIDE = {
    **vars(AIMessageChunk(content=[], response_metadata={"model_provider": PROVIDER})),
    "content": None,
    "id": None,
}
_DELTA = {"type", "text", "index"}


class JoiningChunk(ChatGenerationChunk, defer_build=True):
    """LangChain's chunk, whose sum with a list of others is LangChain's, sooner."""

    @classmethod
    def lc_id(cls) -> list[str]:
        """What LangChain writes it down as: its own."""
        return ChatGenerationChunk.lc_id()

    def __eq__(self, other: object) -> bool:
        """Whether it is the same chunk, be it LangChain's."""
        if type(other) in (JoiningChunk, ChatGenerationChunk):
            return vars(self) == vars(other)
        return NotImplemented

    def __repr_name__(self) -> str:
        return ChatGenerationChunk.__name__

    def __add__(self, other: ChatGenerationChunk | list[ChatGenerationChunk]) -> ChatGenerationChunk:
        """LangChain's own sum."""
        if isinstance(other, list) and all(isinstance(chunk, ChatGenerationChunk) for chunk in other):
            first, *others = _joined([self, *other])
            return ChatGenerationChunk.__add__(first, others)
        return super().__add__(other)


def _joined(chunks: Iterable[ChatGenerationChunk]) -> Iterator[ChatGenerationChunk]:
    """The chunks; of those that follow each other in a block of text, and say nothing else, one."""
    for place, run in groupby(chunks, _place):
        if place is None:
            yield from run
        else:
            first, *others = run
            yield _with_texts(first, others) if others else first


def _place(chunk: ChatGenerationChunk) -> tuple[Any, Any] | None:
    """The message and the block that a chunk adds its text to; None where it is more than a delta."""
    message: Any = chunk.message
    fields = vars(message)
    content = fields["content"]
    if (
        type(message) is AIMessageChunk
        and type(content) is list
        and len(content) == 1
        and type(block := content[0]) is dict
        and block.keys() == _DELTA
        and block["type"] == "text"
        and type(block["text"]) is str
        and type(block["index"]) is int  # LangChain adds up no other
        and {**fields, "content": None, "id": None} == _BESIDE
        and not message.model_extra
        and not chunk.generation_info
    ):
        return fields["id"], block["index"]
    return None


def _with_texts(first: Any, others: Iterable[Any]) -> ChatGenerationChunk:
    fields = vars(first.message)
    (block,) = fields["content"]
    text = "".join([block["text"], *(chunk.message.content[0]["text"] for chunk in others)])
    message = made(AIMessageChunk, {**fields, "content": [{**block, "text": text}]}, set(_BESIDE), {})
    return made(ChatGenerationChunk, {**vars(first), "message": message, "text": text}, {"message", "text"})
