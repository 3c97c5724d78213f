"""Answers of other providers' models in a history, as Converse blocks."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from langchain_core.messages import AIMessage

from .blocks import Block, Conversion, converse_block

logger = logging.getLogger(__name__)

Part = Mapping[str, Any]

#: Providers whose reasoning signatures Bedrock's Claude verifies as its own.
_SAME_SIGNATURES = ("anthropic", "bedrock")
#: Standard blocks that mean the same whoever wrote them.
_SHARED = ("text", "refusal", "tool_call", "invalid_tool_call", "image", "file", "audio", "video")
#: Blocks without a standard form in langchain-core that have one here.
_KNOWN = ("refusal", "thinking", "redacted_thinking")
_CALLS = ("tool_call", "invalid_tool_call")


def foreign_blocks(message: AIMessage, provider: Any, conversion: Conversion) -> list[Block]:
    """An answer of another provider's model, from LangChain's standard blocks.

    Its private parts (reasoning that Bedrock could not verify, calls of its own server tools) are left out.
    """
    blocks: list[Block] = []
    left_out: set[str] = set()
    for part in _said(message, provider):
        if part["type"] in _SHARED or (provider in _SAME_SIGNATURES and _is_sealed(part)):
            block = converse_block(part, conversion)
            if block is not None:
                blocks.append(block)
        else:
            left_out.add(str(part["type"]))
    if left_out:
        level = logging.INFO if blocks or message.tool_calls else logging.WARNING  # nothing is left of it
        kinds = ", ".join(sorted(left_out))
        logger.log(level, "left out %s blocks of %s, which Bedrock has no form for", kinds, provider)
    return blocks


def _said(message: AIMessage, provider: Any) -> list[Part]:
    """The content blocks, with what a model said or thought that its class keeps beside them."""
    parts: list[Part] = []
    refusals: list[str] = []
    for part in map(_unwrapped, message.content_blocks):
        if part["type"] == "refusal":
            if str(part.get("refusal")) in refusals:
                continue  # OpenAI's class keeps it in two places
            refusals.append(str(part.get("refusal")))
        parts.append(part)
    apart = message.additional_kwargs
    thinking = apart.get("thinking")  # of langchain-aws's ChatBedrock
    if provider in _SAME_SIGNATURES and isinstance(thinking, Mapping) and not any(map(_is_thought, parts)):
        text, signature = thinking.get("text"), thinking.get("signature")
        parts.insert(0, {"type": "thinking", "thinking": text, "signature": signature})
    if refusals or any(part["type"] == "text" and str(part.get("text")).strip() for part in parts):
        return parts
    # Of langchain-openai's ChatOpenAI; the calls of an answer stand behind what it says.
    first = next((place for place, part in enumerate(parts) if part["type"] in _CALLS), len(parts))
    audio = apart.get("audio")
    if refusal := apart.get("refusal"):
        parts.insert(first, {"type": "refusal", "refusal": str(refusal)})
    elif isinstance(audio, Mapping) and audio.get("transcript") and not any(map(_is_audio, parts)):
        parts.insert(first, {"type": "text", "text": str(audio["transcript"])})
    return parts


def _unwrapped(part: Part) -> Part:
    value = part.get("value") if part["type"] == "non_standard" else None
    return value if isinstance(value, Mapping) and value.get("type") in _KNOWN else part


def _is_thought(part: Part) -> bool:
    return part["type"] in ("reasoning", "thinking")


def _is_audio(part: Part) -> bool:
    return part["type"] == "audio"


def _is_sealed(part: Part) -> bool:
    """Whether this is reasoning of Claude's, signed or redacted, which is verified when it goes back."""
    if part["type"] == "thinking":
        return isinstance(part.get("thinking"), str) and isinstance(part.get("signature"), str)
    if part["type"] == "redacted_thinking":
        return isinstance(part.get("data"), str)
    return part["type"] == "reasoning" and "signature" in (part.get("extras") or {})
