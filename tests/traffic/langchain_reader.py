"""Recorded Converse requests as LangChain users write them: messages, tools and a model's keywords.

A reader takes what LangChain has a form of its own for, and Converse's dict where it has none. It is written
against LangChain's documentation and knows nothing of how the adapter reads messages.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage

from .request_parts import MIME_TYPES, Call, Request, parameters, schema_of

Block = dict[str, Any]


def langchain_call(request: Request) -> Call:
    """The request, in boto3's form, as a call of a chat model. The argument is not changed."""
    call = Call(parameters(request), list(_messages(request)))
    call.as_they_are = sum(_holds_native(message.content) for message in call.messages)
    config = request.get("toolConfig")
    if config is not None:
        call.tools = [_tool(tool) for tool in config["tools"]]
        call.tool_choice = _choice(config.get("toolChoice"))
    if (output := request.get("outputConfig")) is not None:
        call.keywords["response_format"] = {"type": "json_schema", "json_schema": schema_of(output)}
    return call


def _holds_native(content: Any) -> bool:
    """Whether a block is Converse's own, without a type of LangChain's."""
    return not isinstance(content, str) and any("type" not in block for block in content)


def _messages(request: Request) -> Iterator[BaseMessage]:
    if system := request.get("system"):
        yield SystemMessage(_content(system))
    for turn in request["messages"]:
        if turn["role"] == "assistant":
            yield _answer(turn["content"])
        else:
            yield from _user(turn["content"])


def _user(content: list[Block]) -> Iterator[BaseMessage]:
    """A turn's tool results are messages of their own."""
    said: list[Block] = []
    for block in content:
        if "toolResult" not in block:
            said.append(block)
            continue
        if said:
            yield HumanMessage(_content(said))
            said = []
        result = block["toolResult"]
        status = {"status": result["status"]} if "status" in result else {}
        yield ToolMessage(_content(result["content"]), tool_call_id=result["toolUseId"], **status)
    if said:
        yield HumanMessage(_content(said))


def _answer(content: list[Block]) -> AIMessage:
    calls = [block["toolUse"] for block in content if _is_call(block)]
    trailing = content[len(content) - len(calls) :] if calls else []
    if all(_is_call(block) for block in trailing):
        # LangChain's own place for calls; they stand behind what was said.
        said = content[: len(content) - len(calls)]
        told = [{"name": use["name"], "args": use["input"], "id": use["toolUseId"]} for use in calls]
        return AIMessage(_content(said) if said else "", tool_calls=told)
    return AIMessage(_content(content))


def _is_call(block: Block) -> bool:
    return "toolUse" in block and "type" not in block["toolUse"]


def _content(content: list[Block]) -> Any:
    """Text alone as text, everything else as a list of blocks."""
    if len(content) == 1 and set(content[0]) == {"text"}:
        return content[0]["text"]
    written: list[Block] = []
    for block in content:
        if block == {"cachePoint": {"type": "default"}} and written and "type" in written[-1]:
            written[-1]["cache_control"] = {"type": "ephemeral"}
        else:
            written.append(_block(block))
    return written


def _block(block: Block) -> Block:
    match block:
        case {"text": str(text)}:
            return {"type": "text", "text": text}
        case {"toolUse": use} if "type" not in use:
            return {"type": "tool_call", "id": use["toolUseId"], "name": use["name"], "args": use["input"]}
        case {"image": held}:
            return _medium("image", held)
        case {"video": held}:
            return _medium("video", held)
        case {"document": held}:
            return _document(held)
        case {"reasoningContent": held}:
            return _reasoning(held)
        case {"citationsContent": held}:
            return _cited(held)
        case {"guardContent": {"text": held}}:
            return {"type": "guard_content", **held}
        case {"searchResult": held}:
            parts = [{"type": "text", "text": part["text"]} for part in held["content"]]
            return {"type": "search_result", **held, "content": parts}
        case _:
            return block


def _medium(kind: str, held: Block) -> Block:
    source: Block = held["source"]
    written = {"type": kind, "mime_type": MIME_TYPES[kind, held["format"]]}
    if "bytes" in source:
        return {**written, "base64": b64encode(source["bytes"]).decode()}
    return {**written, "url": source["s3Location"]["uri"]}


def _document(held: Block) -> Block:
    more = {name: held[name] for name in ("context", "citations") if name in held}
    source: Block = held["source"]
    if "content" in source:  # Anthropic's block, which LangChain passes on
        described = {"type": "content", "content": source["content"]}
        return {"type": "document", "source": described, "title": held["name"], **more}
    if "text" in source:
        return {"document": held}
    return {**_medium("document", held), "type": "file", "extras": {"name": held["name"], **more}}


def _reasoning(held: Block) -> Block:
    if "redactedContent" in held:
        return {
            "type": "reasoning",
            "extras": {"redacted_content": b64encode(held["redactedContent"]).decode()},
        }
    told = held["reasoningText"]
    signed = {"extras": {"signature": told["signature"]}} if "signature" in told else {}
    return {"type": "reasoning", "reasoning": told["text"], **signed}


def _cited(held: Block) -> Block:
    """Text with LangChain's standard annotations; what those have no member for stands in their extras."""
    annotations = []
    for citation in held["citations"]:
        annotation: Block = {"type": "citation"}
        extras = dict(citation)
        if "title" in extras:
            annotation["title"] = extras.pop("title")
        if "sourceContent" in extras:
            (part,) = extras.pop("sourceContent")
            annotation["cited_text"] = part["text"]
        annotations.append({**annotation, "extras": _snake(extras)} if extras else annotation)
    return {
        "type": "text",
        "text": "".join(part["text"] for part in held["content"]),
        "annotations": annotations,
    }


def _snake(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {
        "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name): _snake(item)
        for name, item in value.items()
    }


def _tool(tool: Block) -> Block:
    """A tool in OpenAI's shape; server tools and cache points have none."""
    spec = tool.get("toolSpec")
    if spec is None:
        return tool
    function = {name: spec[name] for name in ("name", "description", "strict") if name in spec}
    return {"type": "function", "function": {**function, "parameters": spec["inputSchema"]["json"]}}


def _choice(choice: Block | None) -> str | None:
    if choice is None:
        return None
    (kind,) = choice
    return choice["tool"]["name"] if kind == "tool" else kind
