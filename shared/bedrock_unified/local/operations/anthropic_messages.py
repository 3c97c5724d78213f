"""Anthropic Messages bodies of InvokeModel, read as a Converse request."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from typing import Any, cast

from ..problems import Problem, invalid
from ..shapes import as_object, under
from .native_bodies import GUARDRAIL_CONFIG, converse_parameters, json_object, parts_of

_KNOWN = {
    "anthropic_version", "anthropic_beta", "max_tokens", "messages", "metadata", "stop_sequences", "system",
    "temperature", "thinking", "tool_choice", "tools", "top_k", "top_p", "output_config", GUARDRAIL_CONFIG,
}  # fmt: skip
_TAGS = (
    "'document', 'image', 'redacted_thinking', 'search_result', 'text', 'thinking', 'tool_result', 'tool_use'"
)
# Messages takes any title, Converse's shapes a name of these letters.
_NOT_OF_A_NAME = re.compile(r"[^a-zA-Z0-9_\s()\[\]-]|\s(?=\s)")


def converse_request(body: bytes) -> dict[str, Any]:
    """The Converse parameters (without a model id) that mean the same as the Messages ``body``.

    They are checked by Converse's own shapes; raises ``Problem`` (ValidationException).
    """
    given = _given(body)
    reader = _Reader()
    wire: dict[str, Any] = {
        "messages": [
            {
                "role": message.get("role"),
                "content": reader.blocks(message.get("content"), f"messages.{i}.content"),
            }
            for i, message in enumerate(map(as_object, given["messages"]))
        ],
        "inferenceConfig": {
            ours: given.get(theirs)
            for theirs, ours in (
                ("max_tokens", "maxTokens"),
                ("temperature", "temperature"),
                ("top_p", "topP"),
                ("stop_sequences", "stopSequences"),
            )
        },
    }
    if given.get("system"):
        wire["system"] = reader.blocks(given["system"], "system")
    if given.get("tools") and not (_calls_nothing(given) and not _has_tool_blocks(wire)):
        wire["toolConfig"] = _tool_config(given)
    if own := {name: given[name] for name in ("thinking", "top_k") if given.get(name) is not None}:
        wire["additionalModelRequestFields"] = own
    if output := _output_config(under(given, "output_config")):
        wire["outputConfig"] = output
    return converse_parameters(wire, given)


def calls_one_tool_at_most(body: bytes) -> bool:
    """Whether the body forbids parallel tool calls."""
    return under(json_object(body), "tool_choice").get("disable_parallel_tool_use") is True


def _given(body: bytes) -> dict[str, Any]:
    given = json_object(body)
    for name in given:
        if name not in _KNOWN:
            raise invalid(f"{name}: Extra inputs are not permitted")
    for name in ("anthropic_version", "max_tokens", "messages"):
        if given.get(name) is None:
            raise invalid(f"{name}: Field required")
    if not isinstance(given["messages"], list):
        raise invalid("messages: Input should be a valid list")
    return given


def _calls_nothing(given: Mapping[str, Any]) -> bool:
    return under(given, "tool_choice").get("type") == "none"


def _has_tool_blocks(wire: Mapping[str, Any]) -> bool:
    blocks = (block for message in wire["messages"] for block in message["content"])
    return any("toolUse" in block or "toolResult" in block for block in blocks)


def _output_config(given: Mapping[str, Any]) -> dict[str, Any]:
    output: dict[str, Any] = {}
    if given.get("effort") is not None:
        output["effort"] = given["effort"]
    wanted = under(given, "format")
    if wanted:
        if wanted.get("type") != "json_schema" or not isinstance(wanted.get("schema"), dict):
            raise invalid("output_config.format.schema: Field required")
        schema = {"schema": json_text(wanted["schema"])}
        output["textFormat"] = {"type": "json_schema", "structure": {"jsonSchema": schema}}
    return output


def json_text(value: Any) -> str:
    """A JSON value as text."""
    from ..protocol.frames import json_bytes

    return json_bytes(value, sort_keys=False).decode("utf-8", "surrogatepass")


def _tool_config(given: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(given["tools"], list):
        raise invalid("tools: Input should be a valid list")
    tools: list[dict[str, Any]] = []
    for tool in map(as_object, cast("list[Any]", given["tools"])):
        schema = tool.get("input_schema", {"type": "object"})
        spec = {"name": tool.get("name"), "inputSchema": {"json": schema}, "strict": tool.get("strict")}
        tools.append({"toolSpec": {**spec, "description": tool.get("description") or None}})
        tools += _cache_point(tool)
    choice = under(given, "tool_choice")
    config: dict[str, Any] = {"tools": tools}
    if choice.get("type") == "tool":
        config["toolChoice"] = {"tool": {"name": choice.get("name")}}
    elif choice.get("type") == "any":
        config["toolChoice"] = {"any": {}}
    return config


def _cache_point(block: Mapping[str, Any]) -> list[dict[str, Any]]:
    if "cache_control" not in block:
        return []
    ttl = under(block, "cache_control").get("ttl")
    return [{"cachePoint": {"type": "default", **({} if ttl is None else {"ttl": ttl})}}]


class _Reader:
    """Reads the blocks of one request; Converse wants each document's name once."""

    def __init__(self) -> None:
        self._names: set[str] = set()

    def blocks(self, content: Any, where: str) -> list[dict[str, Any]]:
        if isinstance(content, str):
            return [{"text": content}]
        if not isinstance(content, list):
            raise invalid(f"{where}: Input should be a valid list")
        blocks: list[dict[str, Any]] = []
        for i, block in enumerate(map(as_object, cast("list[Any]", content))):
            blocks.append(self._block(block, f"{where}.{i}"))
            blocks += _cache_point(block)
        return blocks

    def _block(self, block: Mapping[str, Any], where: str) -> dict[str, Any]:
        kind = block.get("type")
        if kind == "text":
            return {"text": block.get("text")}
        if kind == "tool_use":
            use = {"toolUseId": block.get("id"), "name": block.get("name"), "input": block.get("input")}
            return {"toolUse": use}
        if kind == "tool_result":
            content = self.blocks(block.get("content") or [], f"{where}.content")
            status = "error" if block.get("is_error") else "success"
            return {
                "toolResult": {"toolUseId": block.get("tool_use_id"), "content": content, "status": status}
            }
        if kind == "redacted_thinking":
            # Recorded: Converse's blob holds the letters of Messages' text.
            return {
                "reasoningContent": {"redactedContent": b64encode(str(block.get("data")).encode()).decode()}
            }
        if kind == "thinking":
            inner = {"text": block.get("thinking"), "signature": block.get("signature")}
            return {"reasoningContent": {"reasoningText": inner}}
        if kind == "search_result":
            return {"searchResult": _search_result(block)}
        source = under(block, "source")
        if kind == "image" and source.get("type") == "base64":
            subtype = str(source.get("media_type")).rpartition("/")[2]
            return {"image": {"format": subtype, "source": {"bytes": source.get("data")}}}
        if kind == "document" and source.get("type") in {"base64", "text", "content"}:
            return {"document": self._document(block, source, where)}
        raise _unexpected(kind, where)

    def _document(self, block: Mapping[str, Any], source: Mapping[str, Any], where: str) -> dict[str, Any]:
        kind = source["type"]
        inner: dict[str, Any] = {"name": self._name(block.get("title")), "context": block.get("context")}
        inner["citations"] = block.get("citations")
        if kind == "base64":
            if source.get("media_type") != "application/pdf":
                raise invalid(f"{where}.source.base64.media_type: Input should be 'application/pdf'")
            return {**inner, "format": "pdf", "source": {"bytes": source.get("data")}}
        if kind == "text":
            return {**inner, "format": "txt", "source": {"text": source.get("data")}}
        parts = [{"text": part.get("text")} for part in parts_of(source.get("content"))]
        return {**inner, "source": {"content": parts}}

    def _name(self, title: Any) -> str:
        cleaned = _NOT_OF_A_NAME.sub(" ", str(title or "document"))
        name = base = " ".join(cleaned.split())[:180] or "document"
        number = 1
        while name in self._names:
            number += 1
            name = f"{base} ({number})"
        self._names.add(name)
        return name


def _search_result(block: Mapping[str, Any]) -> dict[str, Any]:
    parts = [{"text": part.get("text")} for part in parts_of(block.get("content"))]
    result = {"source": block.get("source"), "title": block.get("title"), "content": parts}
    return {**result, "citations": block.get("citations") or {"enabled": False}}


def _unexpected(kind: Any, where: str) -> Problem:
    return invalid(
        f"{where}: Input tag '{kind}' found using 'type' does not match any of the expected tags: {_TAGS}"
    )
