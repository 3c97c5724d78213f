"""Converse stream events to message chunks that LangChain's own addition joins to the unary blocks.

The sum differs from the unary message in form only: blocks keep their ``index``, the input of a tool's block
is JSON text (``tool_calls`` has it parsed), text alone is a list of one block, and text whose citations came
as deltas is one block with its citations.

Every block carries its ``index``. LangChain adds texts and lists under one index and keeps the first
``type``, so text, reasoning and tool input go out delta by delta. What does not survive addition (blobs,
kinds that are not known) is kept back until its block is whole, as is what LangChain's protocol events (v3)
keep the last delta of alone: citations, and the results of server tools.
"""

from __future__ import annotations

from typing import Any

from langchain_core.messages import AIMessageChunk
from langchain_core.messages.tool import ToolCallChunk, tool_call_chunk
from langchain_core.outputs import ChatGenerationChunk
from langchain_core.utils.json import parse_partial_json

from bedrock_unified.converse.reducer import BlockReducer, parse_tool_input
from bedrock_unified.private import made

from . import citations
from .from_converse import from_block, tool_use_head
from .joining import JoiningChunk
from .standard import PROVIDER

Block = dict[str, Any]

_METADATA = {"model_provider": PROVIDER}


_MESSAGE = AIMessageChunk(content=[], response_metadata=_METADATA)
_GENERATION = ChatGenerationChunk(message=_MESSAGE)
_MESSAGE_FIELDS = vars(_MESSAGE)
_GENERATION_FIELDS = vars(_GENERATION)


def _chunk(block: Block, text: str = "") -> ChatGenerationChunk:
    """A chunk of one block, equal to the one that the constructors make, at a third of their cost.

    A stream is thousands of these, and there is nothing in them to validate. What a copy would share is new.
    """
    fields = _MESSAGE_FIELDS.copy()
    fields["content"] = [block]
    fields["additional_kwargs"] = {}
    fields["response_metadata"] = {"model_provider": PROVIDER}
    fields["tool_calls"] = []
    fields["invalid_tool_calls"] = []
    fields["tool_call_chunks"] = []
    message = made(AIMessageChunk, fields, {"content", "response_metadata"}, {})
    generation = {**_GENERATION_FIELDS, "message": message, "text": text}
    return made(JoiningChunk, generation, {"message", "text"})


def _call_chunk(block: Block, call: ToolCallChunk) -> ChatGenerationChunk:
    """A chunk of a tool call, which langchain-core's validators read."""
    message = AIMessageChunk(content=[block], tool_call_chunks=[call], response_metadata=_METADATA)
    return JoiningChunk(message=message)


class ChunkMaker:
    """Makes the chunks of one stream; ask it for each event in turn."""

    __slots__ = ("_citations", "_inputs", "_kept", "_server_tools", "members")

    def __init__(self) -> None:
        self._kept: dict[int, BlockReducer] = {}
        self._server_tools: set[int] = set()
        #: The input of the tool calls that have not stopped, piece by piece.
        self._inputs: dict[int, list[str]] = {}
        #: Citations of the text blocks that have not stopped.
        self._citations: dict[int, list[Block]] = {}
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
        """What is still to say of blocks that never stopped."""
        return [
            chunk
            for index in sorted({*self._kept, *self._inputs, *self._citations})
            if (chunk := self._stop(index)) is not None
        ]

    def _start(self, index: int, start: dict[str, Any]) -> ChatGenerationChunk | None:
        if len(start) == 1 and (use := start.get("toolUse")) is not None:
            head = {**tool_use_head(use), "index": index}
            if head["type"] == "server_tool_use":
                self._server_tools.add(index)
                return _chunk(head)
            call = tool_call_chunk(name=head["name"], id=head["id"], args=None, index=index)
            return _call_chunk(head, call)
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
                self._citations.setdefault(index, []).append(citation)
                return None
        self._keep(index).delta(delta)
        return None

    def _tool_input(self, index: int, text: str) -> ChatGenerationChunk:
        if index in self._server_tools:
            return _chunk({"type": "server_tool_use", "input": text, "index": index})
        self._inputs.setdefault(index, []).append(text)
        block = {"type": "tool_use", "input": text, "index": index}
        return _call_chunk(block, tool_call_chunk(args=text, index=index))

    def _keep(self, index: int) -> BlockReducer:
        kept = self._kept.get(index)
        if kept is None:
            kept = self._kept[index] = BlockReducer()
            for citation in self._citations.pop(index, ()):
                kept.delta({"citation": citation})
        return kept

    def _stop(self, index: int) -> ChatGenerationChunk | None:
        said = self._inputs.pop(index, None)
        if said is not None and (mark := spoiling("".join(said))):
            return _call_chunk(
                {"type": "tool_use", "input": "", "index": index}, tool_call_chunk(args=mark, index=index)
            )
        cited = self._citations.pop(index, None)
        if cited is not None:
            converted = [citations.from_converse(citation) for citation in cited]
            return _chunk({"type": "text", "citations": converted, "index": index})
        kept = self._kept.pop(index, None)
        if kept is None:
            return None
        block = from_block(kept.block())
        return _chunk({**block, "index": index}, block["text"] if block["type"] == "text" else "")


def spoiling(text: str) -> str:
    """What makes LangChain judge a whole tool input as Bedrock's unary answer would: nothing where it does.

    langchain-core completes open JSON while it adds up chunks, also when nothing more comes: arguments cut
    off at ``max_tokens`` would be run as if the model had meant them. A bracket that closes what is not open
    is the one thing it does not repair; with it, the call is among the ``invalid_tool_calls``. The input of
    the content block stays as the model wrote it.
    """
    if isinstance(parse_tool_input(text), dict) or not isinstance(_repaired(text), dict):
        return ""
    quoted = escaped = False
    opened: list[str] = []
    for character in text:
        if escaped:
            escaped = False
        elif quoted and character == "\\":
            escaped = True
        elif character == '"':
            quoted = not quoted
        elif not quoted and character in "{[":
            opened.append(character)
        elif not quoted and character in "}]":
            opened.pop()
    # Behind an escape the first quotation mark still belongs to the string.
    return '"' * (quoted + escaped) + ("}" if opened and opened[-1] == "[" else "]")


def _repaired(text: str) -> Any:
    try:
        return parse_partial_json(text)
    except ValueError:
        return None


def _is_plain(reasoning: dict[str, Any]) -> bool:
    return len(reasoning) == 1 and ("text" in reasoning or "signature" in reasoning)
