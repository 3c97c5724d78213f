"""Tool calls and their results told as text, for requests that cannot have them as blocks.

``[tool call <id>: <name>(<JSON>)]`` and ``[tool result <id>]`` with the result's text below. What is not text
(images, documents, search results) stays, as a block behind the text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from ..errors import InvalidRequestError
from ..wire import json_codec
from .tools import tool_input

Block = dict[str, Any]
Turn = dict[str, Any]


def with_tools_told(turns: Sequence[Turn]) -> list[Turn]:
    """The turns, their tool calls and results as text. The arguments are not changed."""
    return [
        {**turn, "content": [told for block in turn["content"] for told in _told(block)]} for turn in turns
    ]


def told_result(result: Mapping[str, Any]) -> list[Block]:
    """The blocks that say what a ``toolResult`` says."""
    texts: list[str] = []
    beside: list[Block] = []
    for part in cast("Sequence[Block]", result.get("content") or ()):
        if len(part) == 1 and isinstance(part.get("text"), str):
            texts.append(part["text"])
        elif len(part) == 1 and "json" in part:
            texts.append(_json(part["json"]))
        else:
            beside.append(part)
    failed = ", an error" if result.get("status") == "error" else ""
    head = f"[tool result {result.get('toolUseId')}{failed}]"
    return [{"text": "\n".join([head, *texts])}, *beside]


def _told(block: Block) -> list[Block]:
    if "toolUse" in block:
        use: Mapping[str, Any] = block["toolUse"]
        given = _json(tool_input(use.get("input")))
        return [{"text": f"[tool call {use.get('toolUseId')}: {use.get('name')}({given})]"}]
    return told_result(block["toolResult"]) if "toolResult" in block else [block]


def _json(value: Any) -> str:
    try:
        return json_codec.dumps(value).decode()
    except (TypeError, ValueError) as error:
        raise InvalidRequestError(
            f"the conversation holds a tool's JSON that cannot be written: {error!s:.200}",
            hint="give dicts, lists, strings, finite numbers, booleans and None",
        ) from error
