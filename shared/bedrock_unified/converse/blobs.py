"""Base64 text to ``bytes`` where the service model has a blob; nowhere else.

On the way out every ``bytes`` becomes base64 (``wire.json_codec``); on the way in only the members below do,
so that a caller's own text that happens to be base64 stays text. A test compares the list with the installed
service model.
"""

from __future__ import annotations

from base64 import b64decode
from typing import Any

_MEDIA = ("image", "document", "video", "audio")


def decode_response(response: dict[str, Any]) -> dict[str, Any]:
    """A freshly parsed Converse response, its blobs decoded in place."""
    message = response.get("output", {}).get("message")
    if message:
        for block in message.get("content", ()):
            decode_block(block)
    return response


def decode_block(block: dict[str, Any]) -> None:
    """Decode the blobs of one content block in place."""
    if "text" in block or "toolUse" in block:
        return
    _decode_media(block)
    if (reasoning := block.get("reasoningContent")) is not None:
        _decode(reasoning, "redactedContent")
    if (result := block.get("toolResult")) is not None:
        for part in result.get("content", ()):
            _decode_media(part)
    if (guarded := block.get("guardContent")) is not None:
        _decode_media(guarded)


def decode_delta(delta: dict[str, Any]) -> None:
    """Decode the blobs of one ``contentBlockDelta.delta`` in place."""
    if (reasoning := delta.get("reasoningContent")) is not None:
        _decode(reasoning, "redactedContent")
    if (image := delta.get("image")) is not None and isinstance(image.get("source"), dict):
        _decode(image["source"], "bytes")


def _decode_media(block: dict[str, Any]) -> None:
    for kind in _MEDIA:
        media = block.get(kind)
        if media is not None and isinstance(media.get("source"), dict):
            _decode(media["source"], "bytes")


def _decode(holder: dict[str, Any], name: str) -> None:
    value = holder.get(name)
    if isinstance(value, str):
        holder[name] = b64decode(value)
