"""A Messages answer as a Converse response.

Claude's own tools and later kinds of blocks are kept so that they can go back unchanged:

- ``server_tool_use`` is ``toolUse`` with that ``type``; ``…_tool_result`` is ``toolResult`` with that
  ``type`` and its content as one JSON document;
- a block of an unknown ``type`` is a block whose one member has that name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from ..common import Told, response_of, usage_of, with_details, words_for
from .citations import converse_citation

#: Where Claude and Converse have different words; the others stay as they are.
_STOP_REASONS = {"refusal": "content_filtered"}
_TOOL_USE = frozenset({"type", "id", "name", "input"})
_TTLS = (("ephemeral_5m_input_tokens", "5m"), ("ephemeral_1h_input_tokens", "1h"))


def response(body: Mapping[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
    """The Converse response of a Messages answer.

    Raises:
        KeyError, TypeError, AttributeError: it is no Messages answer.
    """
    content = [converse_block(block) for block in body["content"]]
    told = Told.in_headers(headers)
    usage = usage_of_message(body.get("usage") or {}, told)
    return response_of(content, stop_reason(body.get("stop_reason")), usage, body, told, stop_fields(body))


def stop_reason(native: Any) -> str:
    """Converse's word for Claude's."""
    return words_for(_STOP_REASONS, native)


def stop_fields(delta: Mapping[str, Any]) -> dict[str, Any]:
    """What Claude says about its stop beside the reason: ``stop_sequence``, ``stop_details``."""
    told = {name: delta.get(name) for name in ("stop_sequence", "stop_details")}
    return {name: value for name, value in told.items() if value is not None}


def usage_of_message(native: Mapping[str, Any], told: Told) -> dict[str, Any]:
    """Converse's usage from Claude's, or from Bedrock's own counts where Claude's are absent."""
    read, write = native.get("cache_read_input_tokens"), native.get("cache_creation_input_tokens")
    tokens, output = native.get("input_tokens"), native.get("output_tokens")
    usage = usage_of(
        (told.input or 0) if tokens is None else tokens,
        (told.output or 0) if output is None else output,
        told.cache_read if read is None else read,
        told.cache_write if write is None else write,
    )
    created = cast("Mapping[str, Any]", native.get("cache_creation") or {})
    details = [{"ttl": ttl, "inputTokens": created[name]} for name, ttl in _TTLS if created.get(name)]
    if details:
        usage["cacheDetails"] = details
    return with_details(usage, native)


def converse_block(block: Mapping[str, Any]) -> dict[str, Any]:
    """A content block of Claude's as Converse has it."""
    kind = str(block["type"])
    if kind == "text":
        citations = block.get("citations")
        if not citations:
            return {"text": block["text"]}
        cited = [converse_citation(citation) for citation in citations]
        return {"citationsContent": {"citations": cited, "content": [{"text": block["text"]}]}}
    if kind in ("tool_use", "server_tool_use"):
        return {"toolUse": {**tool_use_start(block), "input": block["input"]}}
    if kind == "thinking":
        told: dict[str, Any] = {"text": block["thinking"]}
        if block.get("signature"):
            told["signature"] = block["signature"]
        return {"reasoningContent": {"reasoningText": told}}
    if kind == "redacted_thinking":
        return {"reasoningContent": {"redactedContent": block["data"].encode()}}
    if kind.endswith("_tool_result"):
        return {"toolResult": {**tool_result_start(block), "content": [{"json": block["content"]}]}}
    return {kind: rest_of(block)}


def tool_use_start(block: Mapping[str, Any]) -> dict[str, Any]:
    """``toolUse`` without its input."""
    use: dict[str, Any] = {"toolUseId": block["id"], "name": block["name"]}
    if block["type"] == "server_tool_use":
        use["type"] = "server_tool_use"
    more = {name: value for name, value in block.items() if name not in _TOOL_USE and value is not None}
    return {**use, **more}


def tool_result_start(block: Mapping[str, Any]) -> dict[str, Any]:
    """``toolResult`` without its content."""
    content: Any = block["content"]
    kind = cast("Mapping[str, Any]", content).get("type") if isinstance(content, Mapping) else ""
    status = "error" if str(kind).endswith("_error") else "success"
    return {"toolUseId": block["tool_use_id"], "type": block["type"], "status": status}


def rest_of(typed: Mapping[str, Any]) -> dict[str, Any]:
    """A typed object without its type."""
    return {name: value for name, value in typed.items() if name != "type"}
