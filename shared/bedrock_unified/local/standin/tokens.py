"""Plausible token counts: about one token for four characters of prose, and never fewer than one a word."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

from ..protocol.frames import json_bytes
from ..shapes import listed, under

_IMAGE_TOKENS = 1600
"""Anthropic's documented ceiling for one image; the true count depends on its size in pixels."""


def count_text(text: str) -> int:
    """Tokens of ``text``: linear, allocation-light, monotonic under concatenation."""
    if not text:
        return 0
    return max(1, text.count(" ") + text.count("\n"), (len(text.encode("utf-8", "replace")) + 3) // 4)


def count_json(value: Any) -> int:
    return count_text(json_bytes(value).decode("utf-8", "replace"))


def count_blocks(blocks: Iterable[Mapping[str, Any]]) -> int:
    return sum(count_block(block) for block in blocks)


def count_reasoning(blocks: Iterable[Mapping[str, Any]]) -> int:
    """Tokens of the reasoning that can be read among an answer's blocks."""
    told = (under(under(block, "reasoningContent"), "reasoningText") for block in blocks)
    return sum(count_text(str(reasoning.get("text") or "")) for reasoning in told)


def count_block(block: Mapping[str, Any]) -> int:
    """Tokens of one content block of any kind; cache points count nothing."""
    kind = next(iter(block), "")
    value = block.get(kind)
    if kind == "text":
        return count_text(str(value))
    if kind == "cachePoint":
        return 0
    if kind in {"image", "video", "audio"}:
        return _IMAGE_TOKENS if kind == "image" else 2 * _IMAGE_TOKENS
    if kind == "toolResult":
        return 6 + count_blocks(cast("dict[str, Any]", value)["content"])
    if kind == "document":
        return 10 + _count_document(cast("dict[str, Any]", value))
    return 4 + count_json(value)


def _count_document(document: Mapping[str, Any]) -> int:
    source = under(document, "source")
    if "text" in source:
        return count_text(source["text"])
    if "content" in source:
        return count_blocks(source["content"])
    return (len(source.get("bytes", b"")) + 3) // 4


def count_request(request: Mapping[str, Any]) -> int:
    """Input tokens of a Converse request: system, turns and tools, with a few tokens of framing each."""
    total = 3 + count_blocks(listed(request, "system"))
    for message in listed(request, "messages"):
        total += 4 + count_blocks(message["content"])
    tools = listed(under(request, "toolConfig"), "tools")
    if tools:
        total += 120 + sum(20 + count_json(tool) for tool in tools)
    return total


def cut_to_tokens(text: str, limit: int) -> str:
    """The longest prefix of ``text`` of at most ``limit`` tokens, cut between words where it can be."""
    if count_text(text) <= limit:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if count_text(text[:middle]) <= limit:
            low = middle
        else:
            high = middle - 1
    space = text.rfind(" ", 0, low)
    return text[: space if space > low * 0.6 else low]
