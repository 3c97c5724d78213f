"""OpenAI's input blocks, of its Chat Completions and of its Responses, as LangChain's standard ones.

LangChain makes standard blocks of some of them before a call, but not where tokens are counted or a guardrail
judges messages.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Block = dict[str, Any]

#: Types of blocks that are read here; ``file`` is one of them where it holds a ``file``.
KINDS = ("input_text", "output_text", "input_image", "input_file", "input_audio")


def is_file(part: Mapping[str, Any]) -> bool:
    """Whether a block of type ``file`` is OpenAI's."""
    return isinstance(part.get("file"), Mapping)


def standard(part: Mapping[str, Any]) -> Block:
    """One of OpenAI's blocks in the standard form; one without data or URL is refused by who reads that."""
    kind = part["type"]
    if kind in ("input_text", "output_text"):
        return {"type": "text", "text": part.get("text") or ""}
    if kind == "input_image":
        given = part.get("image_url")
        url = given.get("url") if isinstance(given, Mapping) else given
        return {"type": "image", **({"id": part.get("file_id")} if url is None else {"url": url})}
    if kind == "input_audio":
        held = part.get("input_audio") or {}
        return {"type": "audio", "base64": held.get("data"), "mime_type": f"audio/{held.get('format')}"}
    return _file(part if kind == "input_file" else part["file"])


def _file(held: Mapping[str, Any]) -> Block:
    block: Block = {"type": "file"}
    if held.get("filename") is not None:
        block["filename"] = held["filename"]
    data, url = held.get("file_data"), held.get("file_url")
    if isinstance(data, str) and not data.startswith("data:"):
        return {**block, "base64": data}
    if data is None and url is None:
        return {**block, "id": held.get("file_id")}
    return {**block, "url": url if data is None else data}
