"""Blocks of our answers as LangChain's standard content blocks: what ``content_blocks`` and v1 output show.

Each member of an answer that a standard block has a place for stands there, what Bedrock says beyond it under
``extras``; kinds of block without a standard one are ``non_standard``. :mod:`.blocks` reads both forms.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.messages import content as types
from langchain_core.messages.block_translators import register_translator

from bedrock_unified.converse.reducer import parse_tool_input

Block = dict[str, Any]

#: ``response_metadata["model_provider"]`` of our answers, by which LangChain finds this translator. It is the
#: provider that tracers are told: LangChain's agents believe the tokens of an answer where the two agree.
PROVIDER = "amazon_bedrock"

_MEDIA = ("image", "video", "audio")


def standard_blocks(message: AIMessage) -> list[types.ContentBlock]:
    """The standard content blocks of an answer of ours, or of a chunk of one. The message is not changed."""
    growing = isinstance(message, AIMessageChunk) and message.chunk_position != "last"
    reader = _Reader(message, growing=growing)
    content = [message.content] if isinstance(message.content, str) else message.content
    blocks = [
        reader.block({"type": "text", "text": part} if isinstance(part, str) else part)
        for part in content
        if part
    ]
    return [*blocks, *reader.calls_left()]


class _Reader:
    """What the blocks of one message say beside themselves: its tool calls, as they were parsed or edited."""

    def __init__(self, message: AIMessage, *, growing: bool) -> None:
        self._growing = growing
        self._calls = [*message.tool_calls, *message.invalid_tool_calls]
        self._pieces: list[Any] = (
            list(message.tool_call_chunks) if isinstance(message, AIMessageChunk) else []
        )

    def block(self, part: Mapping[str, Any]) -> Any:
        kind = part.get("type")
        made: Block | None = None
        if kind == "text":
            made = _text(part)
        elif kind == "reasoning_content":
            made = _reasoning(part)
        elif kind == "tool_use":
            made = self._piece(part) if self._growing else self._call(part)
        elif kind == "server_tool_use":
            made = _server_piece(part) if self._growing else _server_call(part)
        elif kind == "tool_result":
            made = _server_result(part)
        elif kind in _MEDIA:
            made = _media(part)
        if made is None:
            return _indexed({"type": "non_standard", "value": _without_index(part)}, part)
        return _indexed(made, part)

    def calls_left(self) -> Iterator[Any]:
        """Calls that no block shows: of a message that somebody else made."""
        for call in () if self._growing else self._calls:
            yield dict(call)

    def _piece(self, part: Mapping[str, Any]) -> Block:
        made = {"name": part.get("name"), "id": part.get("id"), "args": part.get("input")}
        for place, piece in enumerate(self._pieces):
            if piece.get("index") == part.get("index"):
                del self._pieces[place]
                made = {name: piece.get(name) for name in made}
                break
        return _with_extras({"type": "tool_call_chunk", **made}, part)

    def _call(self, part: Mapping[str, Any]) -> Block:
        for place, call in enumerate(self._calls):
            if call.get("id") == part.get("id"):
                del self._calls[place]
                return _with_extras(dict(call), part)
        given = part.get("input")
        given = parse_tool_input(given) if isinstance(given, str) else given
        if isinstance(given, Mapping):
            made = {"type": "tool_call", "name": part.get("name"), "args": dict(given), "id": part.get("id")}
        else:
            about = {
                "name": part.get("name"),
                "id": part.get("id"),
                "error": "the input is not a JSON object",
            }
            made = {"type": "invalid_tool_call", "args": part.get("input"), **about}
        return _with_extras(made, part)


def _text(part: Mapping[str, Any]) -> Block:
    made: Block = {"type": "text", "text": part.get("text") or ""}
    if "citations" in part:
        made["annotations"] = [_annotation(citation) for citation in part["citations"] or ()]
    return _with_extras(made, part)


def _annotation(citation: Mapping[str, Any]) -> Block:
    rest = dict(citation)
    made: Block = {"type": "citation"}
    if "title" in rest:
        made["title"] = rest.pop("title")
    quoted = rest.get("source_content")
    if isinstance(quoted, list) and len(quoted) == 1 and quoted[0].keys() == {"text"}:
        made["cited_text"] = quoted[0]["text"]
        del rest["source_content"]
    elif isinstance(quoted, list):
        made["cited_text"] = "".join(piece.get("text", "") for piece in quoted)
    location = rest.get("location")
    web = location.get("web") if isinstance(location, Mapping) else None
    if isinstance(web, Mapping) and "url" in web:
        made["url"] = web["url"]
    return {**made, "extras": rest} if rest else made


def _reasoning(part: Mapping[str, Any]) -> Block:
    held = part.get("reasoning_content") or {}
    made: Block = {"type": "reasoning"}
    if "text" in held:
        made["reasoning"] = held["text"]
    extras = {name: value for name, value in held.items() if name != "text"}
    return _with_extras(made, part, extras)


def _server_piece(part: Mapping[str, Any]) -> Block:
    made: Block = {"type": "server_tool_call_chunk"}
    made.update({name: part[name] for name in ("name", "id") if name in part})
    if isinstance(part.get("input"), str):
        made["args"] = part["input"]
    return _with_extras(made, part)


def _server_call(part: Mapping[str, Any]) -> Block | None:
    given = part.get("input", {})
    given = parse_tool_input(given) if isinstance(given, str) else given
    if not isinstance(given, Mapping):
        return None
    about = {"name": part.get("name"), "id": part.get("id")}
    return _with_extras({"type": "server_tool_call", **about, "args": dict(given)}, part)


def _server_result(part: Mapping[str, Any]) -> Block:
    made: Block = {"type": "server_tool_result"}
    if "tool_use_id" in part:
        made["tool_call_id"] = part["tool_use_id"]
    if "status" in part:
        made["status"] = part["status"]
    made["output"] = part.get("content") or []
    return _with_extras(made, part)


def _media(part: Mapping[str, Any]) -> Block | None:
    source = part.get("source")
    if not isinstance(source, Mapping) or source.get("type") != "base64" or "extras" in part:
        return None
    made: Block = {"type": part["type"], "base64": source.get("data")}
    if "media_type" in source:
        made["mime_type"] = source["media_type"]
    return made


def _with_extras(made: Block, part: Mapping[str, Any], more: Mapping[str, Any] | None = None) -> Block:
    extras = {**(more or {}), **(part.get("extras") or {})}
    return {**made, "extras": extras} if extras else made


def _without_index(part: Mapping[str, Any]) -> Block:
    return {name: value for name, value in part.items() if name != "index"}


def _indexed(made: Block, part: Mapping[str, Any]) -> Block:
    return {**made, "index": part["index"]} if "index" in part else made


register_translator(PROVIDER, standard_blocks, standard_blocks)
