"""From the blocks of a reply to the events of ConverseStream, cut as each family cuts them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, cast

from ..protocol.answers import Event
from ..protocol.frames import json_bytes
from ..shapes import listed, under
from .families import Family

_CLAUDE_PIECE = 9
"""Characters of tool input in one delta of Claude's; at least three pieces follow the empty first one."""


def block_events(blocks: list[dict[str, Any]], family: Family) -> Iterator[Event]:
    """``contentBlockStart``, ``…Delta``, ``…Stop`` for each block, in order, indexes from 0."""
    index = 0
    if family.empty_block_first:
        yield _delta(0, {"text": ""})
        yield _stop(0)
        index = 1
    for block in blocks:
        kind = next(iter(block))
        value: Any = block[kind]
        if kind == "text":
            yield from (_delta(index, {"text": piece}) for piece in text_pieces(str(value), family))
        elif kind == "toolUse":
            yield from _tool_use(index, cast("dict[str, Any]", value), family)
        elif kind == "toolResult":
            result = cast("dict[str, Any]", value)
            yield Event(
                "contentBlockStart",
                {
                    "contentBlockIndex": index,
                    "start": {"toolResult": {key: item for key, item in result.items() if key != "content"}},
                },
            )
            yield _delta(index, {"toolResult": result["content"]})
        elif kind == "reasoningContent":
            yield from (
                _delta(index, {"reasoningContent": d})
                for d in _reasoning(cast("dict[str, Any]", value), family)
            )
        elif kind == "citationsContent":
            yield from _citations(index, cast("dict[str, Any]", value), family)
        else:
            # A block kind from a script that this table does not know: one delta of the same shape.
            yield _delta(index, {kind: value})
        yield _stop(index)
        index += 1


def text_pieces(text: str, family: Family) -> list[str]:
    """``text`` cut into the deltas of a stream; joined they give ``text`` again."""
    if family.text_piece == 0 or not text:
        pieces = [text]
    else:
        separate = re.findall(r"\s*\S+|\s+$", text)
        size = family.text_piece
        pieces = ["".join(separate[i : i + size]) for i in range(0, len(separate), size)]
    if family.empty_first and pieces != [""]:
        pieces.insert(0, "")
    if family.empty_last and pieces != [""]:
        pieces.append("")
    return pieces


def _tool_use(index: int, use: dict[str, Any], family: Family) -> Iterator[Event]:
    start = {key: value for key, value in use.items() if key != "input"}
    yield Event("contentBlockStart", {"contentBlockIndex": index, "start": {"toolUse": start}})
    given = use.get("input", {})
    text = given if isinstance(given, str) else json_bytes(given).decode("utf-8", "surrogatepass")
    whole = family.tool_fragments == "whole" or use.get("type") == "server_tool_use"
    for piece in [text] if whole else _input_pieces(text, family):
        yield _delta(index, {"toolUse": {"input": piece}})


def _input_pieces(text: str, family: Family) -> list[str]:
    size = max(1, min(_CLAUDE_PIECE, len(text) // 4)) if len(text) > 2 else len(text)
    pieces = [text[i : i + size] for i in range(0, len(text), size)]
    return ["", *pieces] if family.tool_fragments == "claude" else pieces


def _reasoning(value: dict[str, Any], family: Family) -> Iterator[dict[str, Any]]:
    if "redactedContent" in value:
        yield {"redactedContent": value["redactedContent"]}
        return
    inner = under(value, "reasoningText")
    text = str(inner["text"])
    words = re.findall(r"\s*\S+|\s+$", text) or [text]
    size = max(1, family.text_piece * 2)
    pieces = (
        [text]
        if family.text_piece == 0
        else ["".join(words[i : i + size]) for i in range(0, len(words), size)]
    )
    for piece in pieces:
        yield {"text": piece}
    if "signature" in inner:
        yield {"signature": inner["signature"]}


def _citations(index: int, value: dict[str, Any], family: Family) -> Iterator[Event]:
    for citation in listed(value, "citations"):
        yield _delta(index, {"citation": citation})
    for part in listed(value, "content"):
        yield from (_delta(index, {"text": piece}) for piece in text_pieces(str(part["text"]), family))


def _delta(index: int, delta: Mapping[str, Any]) -> Event:
    return Event("contentBlockDelta", {"contentBlockIndex": index, "delta": delta})


def _stop(index: int) -> Event:
    return Event("contentBlockStop", {"contentBlockIndex": index})
