"""Converse stream events to message chunks that LangChain's own addition joins to exactly the unary blocks.

Every block carries its ``index``. LangChain adds texts and lists under one index and keeps the first
``type``, so text, reasoning, citations and tool input go out delta by delta; what does not survive addition
(blobs, kinds that are not known) is kept back until its block is whole.
"""

from __future__ import annotations

from copy import copy
from typing import Any

from langchain_core.messages import AIMessageChunk
from langchain_core.messages.tool import ToolCallChunk, tool_call_chunk
from langchain_core.outputs import ChatGenerationChunk

from bedrock_unified.converse.reducer import BlockReducer

from . import citations
from .from_converse import from_block, tool_result_head, tool_use_head

Block = dict[str, Any]

PROVIDER = "bedrock_converse"
_METADATA = {"model_provider": PROVIDER}


_MESSAGE = AIMessageChunk(content=[], response_metadata=_METADATA)
_GENERATION = ChatGenerationChunk(message=_MESSAGE)


def _chunk(block: Block, text: str = "") -> ChatGenerationChunk:
    """A chunk of one block, equal to the one that the constructors make, at a third of their cost.

    A stream is thousands of these, and there is nothing in them to validate. What a copy would share is new.
    """
    message = copy(_MESSAGE)
    vars(message).update(
        content=[block],
        additional_kwargs={},
        response_metadata={"model_provider": PROVIDER},
        tool_calls=[],
        invalid_tool_calls=[],
        tool_call_chunks=[],
    )
    generation = copy(_GENERATION)
    vars(generation).update(message=message, text=text)
    return generation


def _call_chunk(block: Block, call: ToolCallChunk) -> ChatGenerationChunk:
    """A chunk of a tool call, which langchain-core's validators read."""
    message = AIMessageChunk(content=[block], tool_call_chunks=[call], response_metadata=_METADATA)
    return ChatGenerationChunk(message=message)


class ChunkMaker:
    """Makes the chunks of one stream; ask it for each event in turn."""

    __slots__ = ("_kept", "_server_tools", "members")

    def __init__(self) -> None:
        self._kept: dict[int, BlockReducer] = {}
        self._server_tools: set[int] = set()
        #: What the stream said beside its content, by the names of the unary response.
        self.members: dict[str, Any] = {}

    def chunk(self, event: dict[str, Any]) -> ChatGenerationChunk | None:
        """The chunk of this event, None for one that shows nothing (yet)."""
        members = event.get("contentBlockDelta")
        if members is not None:
            delta, index = members["delta"], members["contentBlockIndex"]
            text = delta.get("text")
            if text is not None and len(delta) == 1 and not self._kept:  # nearly every event
                return _chunk({"type": "text", "text": text, "index": index}, text)
            return self._delta(index, delta)
        for name, members in event.items():
            if name == "contentBlockStart":
                return self._start(members["contentBlockIndex"], members.get("start") or {})
            if name == "contentBlockStop":
                return self._stop(members["contentBlockIndex"])
            if name in ("messageStop", "metadata"):
                self.members.update(members)
            elif name != "messageStart":
                self.members.setdefault(name, []).append(members)
        return None

    def unfinished(self) -> list[ChatGenerationChunk]:
        """Chunks of the blocks that were kept back and never stopped."""
        return [chunk for index in sorted(self._kept) if (chunk := self._stop(index)) is not None]

    def _start(self, index: int, start: dict[str, Any]) -> ChatGenerationChunk | None:
        if len(start) == 1:
            if (use := start.get("toolUse")) is not None:
                head = {**tool_use_head(use), "index": index}
                if head["type"] == "server_tool_use":
                    self._server_tools.add(index)
                    return _chunk(head)
                call = tool_call_chunk(name=head["name"], id=head["id"], args=None, index=index)
                return _call_chunk(head, call)
            if (result := start.get("toolResult")) is not None:
                return _chunk({**tool_result_head(result), "content": [], "index": index})
        if start:
            self._keep(index).start(start)
        return None

    def _delta(self, index: int, delta: dict[str, Any]) -> ChatGenerationChunk | None:
        if len(delta) == 1 and index not in self._kept:
            if (text := delta.get("text")) is not None:
                return _chunk({"type": "text", "text": text, "index": index}, text)
            if (use := delta.get("toolUse")) is not None:
                return self._tool_input(index, use.get("input", ""))
            if (said := delta.get("reasoningContent")) is not None and _is_plain(said):
                return _chunk({"type": "reasoning_content", "reasoning_content": {**said}, "index": index})
            if (citation := delta.get("citation")) is not None:
                cited = [citations.from_converse(citation)]
                return _chunk({"type": "text", "citations": cited, "index": index})
            if (parts := delta.get("toolResult")) is not None:
                content = [from_block(part) for part in parts]
                return _chunk({"type": "tool_result", "content": content, "index": index})
        self._keep(index).delta(delta)
        return None

    def _tool_input(self, index: int, text: str) -> ChatGenerationChunk:
        if index in self._server_tools:
            return _chunk({"type": "server_tool_use", "input": text, "index": index})
        block = {"type": "tool_use", "input": text, "index": index}
        return _call_chunk(block, tool_call_chunk(args=text, index=index))

    def _keep(self, index: int) -> BlockReducer:
        kept = self._kept.get(index)
        if kept is None:
            kept = self._kept[index] = BlockReducer()
        return kept

    def _stop(self, index: int) -> ChatGenerationChunk | None:
        kept = self._kept.pop(index, None)
        if kept is None:
            return None
        block = from_block(kept.block())
        return _chunk({**block, "index": index}, block["text"] if block["type"] == "text" else "")


def _is_plain(reasoning: dict[str, Any]) -> bool:
    return len(reasoning) == 1 and ("text" in reasoning or "signature" in reasoning)
