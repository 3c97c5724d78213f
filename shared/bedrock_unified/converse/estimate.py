"""How long a part of a request is, about, without a tokenizer: bytes of UTF-8, four of them a token."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

#: Bytes of UTF-8 a token, about. Recorded: 4.1 (bxfb1c31a5cb39d3), 4.5 (bxf3f999bf37d3bb).
BYTES_PER_TOKEN = 4
#: Tokens of an image, a video, a PDF and of what lies in S3. Inferred.
_MEDIA_TOKENS = 1500
_TEXT_DOCUMENTS = frozenset({"csv", "html", "txt", "md"})
_MEDIA = frozenset({"image", "video", "audio"})


def text_bytes(value: Any) -> int:
    """Bytes of the text in a value."""
    if isinstance(value, str):
        return len(value) if value.isascii() else len(value.encode("utf-8", "surrogatepass"))
    if isinstance(value, Mapping):
        members = cast("Mapping[str, Any]", value)
        return sum(text_bytes(name) + text_bytes(held) for name, held in members.items())
    if isinstance(value, (list, tuple)):
        return sum(text_bytes(held) for held in cast("Sequence[Any]", value))
    return len(value) if isinstance(value, (bytes, bytearray)) else BYTES_PER_TOKEN


def block_bytes(block: Mapping[str, Any]) -> int:
    """Bytes of text in a content block; media as many as their tokens would have."""
    if not _MEDIA.isdisjoint(block):
        return _MEDIA_TOKENS * BYTES_PER_TOKEN
    if "document" in block:
        document = block["document"]
        source: Mapping[str, Any] = document.get("source") or {}
        is_text = "text" in source or "content" in source or document.get("format") in _TEXT_DOCUMENTS
        readable = is_text and "s3Location" not in source
        return text_bytes(source) if readable else _MEDIA_TOKENS * BYTES_PER_TOKEN
    if "toolResult" in block:
        return sum(map(block_bytes, block["toolResult"].get("content") or ()))
    return text_bytes(block)
