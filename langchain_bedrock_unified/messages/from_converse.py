"""Converse blocks to LangChain's, for answers.

What comes out is safe to write as JSON, always: blobs are base64 text.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any

from langchain_core.messages import InvalidToolCall, ToolCall
from langchain_core.messages.tool import invalid_tool_call, tool_call

from bedrock_unified.wire import json_codec

from . import citations

Block = dict[str, Any]
Content = str | list[str | dict[Any, Any]]


def message_content(content: list[Block]) -> tuple[Content, list[ToolCall], list[InvalidToolCall]]:
    """The content of an answer, the tool calls in it, and the calls whose input is not an object.

    Content that is only text is one string, as with other integrations; everything else is a list of blocks.
    """
    if all(len(block) == 1 and "text" in block for block in content):
        return "".join([block["text"] for block in content]), [], []
    blocks: list[str | dict[Any, Any]] = []
    calls: list[ToolCall] = []
    invalid: list[InvalidToolCall] = []
    for part in content:
        block = from_block(part)
        blocks.append(block)
        if block["type"] == "tool_use":
            given = block["input"]
            if isinstance(given, dict):
                calls.append(tool_call(name=block["name"], args=given, id=block["id"]))
            else:
                invalid.append(_not_an_object(block, given))
    return blocks, calls, invalid


def from_block(block: Block) -> Block:
    """One block of an answer, in LangChain's form."""
    if "text" in block:
        return _text(block)
    if len(block) == 1:
        kind = next(iter(block))
        convert = _CONVERTERS.get(kind)
        value = block[kind]
        if convert is not None and isinstance(value, Mapping):
            return convert(value)
        return {"type": kind, kind: json_safe(value)}
    return {"type": "non_standard", "value": json_safe(block)}


def tool_use_head(use: Mapping[str, Any]) -> Block:
    """A ``tool_use`` or ``server_tool_use`` block without its input."""
    server = use.get("type") == "server_tool_use"
    head: Block = {
        "type": "server_tool_use" if server else "tool_use",
        "name": use.get("name"),
        "id": use.get("toolUseId"),
    }
    known = ("name", "toolUseId", "input", "type") if server else ("name", "toolUseId", "input")
    return _with_extras(head, use, known)


def tool_result_head(result: Mapping[str, Any]) -> Block:
    """A ``tool_result`` block without its content."""
    head: Block = {
        "type": "tool_result",
        "tool_use_id": result.get("toolUseId"),
        "is_error": result.get("status") == "error",
    }
    if "status" in result:
        head["status"] = result["status"]
    return _with_extras(head, result, ("toolUseId", "status", "content"))


def json_safe(value: Any) -> Any:
    """The value with base64 text for bytes."""
    if isinstance(value, (bytes, bytearray)):
        return b64encode(value).decode("ascii")
    if isinstance(value, dict):
        return {key: json_safe(item) for key, item in value.items()}
    if isinstance(value, list):
        return [json_safe(item) for item in value]
    return value


def _text(block: Block) -> Block:
    converted: Block = {"type": "text", "text": block["text"]}
    return converted if len(block) == 1 else _with_extras(converted, block, ("text",))


def _tool_use(use: Mapping[str, Any]) -> Block:
    return {**tool_use_head(use), "input": use.get("input", {})}


def _tool_result(result: Mapping[str, Any]) -> Block:
    content = [from_block(part) for part in result.get("content") or ()]
    return {**tool_result_head(result), "content": content}


def _reasoning(reasoning: Mapping[str, Any]) -> Block:
    held: Block = {}
    extras: Block = {}
    text = reasoning.get("reasoningText")
    if isinstance(text, Mapping):
        held.update({name: text[name] for name in ("text", "signature") if name in text})
        if unknown := {name: text[name] for name in text if name not in held}:
            extras["reasoningText"] = json_safe(unknown)
    if "redactedContent" in reasoning:
        held["redacted_content"] = json_safe(reasoning["redactedContent"])
    for name, value in reasoning.items():
        if name not in ("reasoningText", "redactedContent"):
            extras[name] = json_safe(value)
    block: Block = {"type": "reasoning_content", "reasoning_content": held}
    return {**block, "extras": extras} if extras else block


def _citations_content(cited: Mapping[str, Any]) -> Block:
    parts, told = cited.get("content") or [], cited.get("citations")
    # Only what has both is a text with its citations, and comes back as such.
    if any(set(part) != {"text"} for part in parts) or not isinstance(told, list):
        return {"type": "citationsContent", "citationsContent": json_safe(dict(cited))}
    block: Block = {
        "type": "text",
        "text": "".join([part["text"] for part in parts]),
        "citations": [citations.from_converse(citation) for citation in told],
    }
    return _with_extras(block, cited, ("content", "citations"))


def _media(kind: str) -> Callable[[Mapping[str, Any]], Block]:
    def convert(media: Mapping[str, Any]) -> Block:
        source = media.get("source") or {}
        held: Block = {}
        if "format" in media:
            held["media_type"] = f"{kind}/{media['format']}"
        if set(source) == {"bytes"}:
            held |= {"type": "base64", "data": json_safe(source["bytes"])}
        elif set(source) == {"s3Location"}:
            held |= {"type": "s3Location", "data": source["s3Location"]}
        elif source or "source" not in media:
            return {"type": kind, kind: json_safe(dict(media))}
        return _with_extras({"type": kind, "source": held}, media, ("format", "source"))

    return convert


def _search_result(result: Mapping[str, Any]) -> Block:
    parts = result.get("content") or []
    if any(set(part) != {"text"} for part in parts):
        return {"type": "searchResult", "searchResult": json_safe(dict(result))}
    block: Block = {"type": "search_result"}
    block.update({name: result[name] for name in ("source", "title", "citations") if name in result})
    block["content"] = [{"type": "text", "text": part["text"]} for part in parts]
    return _with_extras(block, result, ("source", "title", "citations", "content"))


def _guard_content(content: Mapping[str, Any]) -> Block:
    return {"type": "guard_content", "guard_content": json_safe(dict(content))}


def _with_extras(block: Block, members: Mapping[str, Any], known: tuple[str, ...]) -> Block:
    """The block with what else Bedrock sent, under Bedrock's names."""
    extras = {name: json_safe(value) for name, value in members.items() if name not in known}
    if extras:
        block["extras"] = extras
    return block


def _not_an_object(block: Block, given: Any) -> InvalidToolCall:
    text = given if isinstance(given, str) else json_codec.dumps(given).decode()
    return invalid_tool_call(
        name=block["name"], args=text, id=block["id"], error="the input is not a JSON object"
    )


_CONVERTERS: dict[str, Callable[[Mapping[str, Any]], Block]] = {
    "toolUse": _tool_use,
    "toolResult": _tool_result,
    "reasoningContent": _reasoning,
    "citationsContent": _citations_content,
    "image": _media("image"),
    "video": _media("video"),
    "audio": _media("audio"),
    "searchResult": _search_result,
    "guardContent": _guard_content,
}
