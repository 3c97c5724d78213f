"""Recorded Converse requests as LlamaIndex users write them: chat messages, tools and a model's keywords.

A reader takes what LlamaIndex has a block of its own for; a message with anything else is made by the
adapter's ``converse_message``, which its documentation offers for that. How many those are is counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llama_index.core.base.llms.types import (
    CacheControl,
    CachePoint,
    ChatMessage,
    CitableBlock,
    DocumentBlock,
    ImageBlock,
    MessageRole,
    TextBlock,
    ThinkingBlock,
    ToolCallBlock,
    VideoBlock,
)
from llama_index.core.tools import BaseTool, ToolMetadata, ToolOutput

from llamaindex_bedrock_unified import converse_message

from .request_parts import MIME_TYPES, Call, Request, parameters

Block = dict[str, Any]


def llamaindex_call(request: Request) -> Call:
    """The request, in boto3's form, as a call of an LLM. The argument is not changed."""
    call = Call(parameters(request), [])
    call.messages = list(_messages(request, call))
    config = request.get("toolConfig")
    if config is not None:
        call.tools = [_tool(tool) for tool in config["tools"]]
        call.tool_choice = _choice(config.get("toolChoice"))
    if "outputConfig" in request:
        call.keywords["outputConfig"] = request["outputConfig"]
    return call


def _messages(request: Request, call: Call) -> Iterator[ChatMessage]:
    if system := request.get("system"):
        yield _message(system, MessageRole.SYSTEM, call)
    for turn in request["messages"]:
        if turn["role"] == "assistant":
            yield _message(turn["content"], MessageRole.ASSISTANT, call)
        else:
            yield from _user(turn["content"], call)


def _user(content: list[Block], call: Call) -> Iterator[ChatMessage]:
    """A turn's tool results are messages of their own."""
    said: list[Block] = []
    for block in content:
        if "toolResult" not in block:
            said.append(block)
            continue
        if said:
            yield _message(said, MessageRole.USER, call)
            said = []
        result = block["toolResult"]
        more = {"tool_call_id": result["toolUseId"]}
        more |= {name: result[name] for name in ("status",) if name in result}
        yield _message(result["content"], MessageRole.TOOL, call, **more)
    if said:
        yield _message(said, MessageRole.USER, call)


def _message(content: list[Block], role: MessageRole, call: Call, **more: Any) -> ChatMessage:
    blocks = [_block(block) for block in content]
    if None in blocks:
        call.as_they_are += 1
        return converse_message(content, role, **more)
    return ChatMessage(role=role, blocks=blocks, additional_kwargs=more)


def _block(block: Block) -> Any:
    """LlamaIndex's block; None where it has none that says the same."""
    match block:
        case {"text": str(text)}:
            return TextBlock(text=text)
        case {"cachePoint": {"type": "default"}}:
            return CachePoint(cache_control=CacheControl(type="ephemeral"))
        case {"toolUse": use} if "type" not in use:
            return ToolCallBlock(
                tool_call_id=use["toolUseId"], tool_name=use["name"], tool_kwargs=use["input"]
            )
        case {"reasoningContent": {"reasoningText": {"text": text, "signature": signature}}}:
            return ThinkingBlock(content=text, additional_information={"signature": signature})
        case {"image": held}:
            mime_type = MIME_TYPES["image", held["format"]]
            return ImageBlock(**_place(held, "image"), image_mimetype=mime_type)
        case {"video": held}:
            return VideoBlock(**_place(held, "video"), video_mimetype=MIME_TYPES["video", held["format"]])
        case {"document": held}:
            return _document(held)
        case {"searchResult": {"citations": {"enabled": True}, **held}}:
            texts = [TextBlock(text=part["text"]) for part in held["content"]]
            return CitableBlock(title=held["title"], source=held["source"], content=texts)
        case _:
            return None


def _document(held: Block) -> Any:
    if not held["source"].keys() & {"bytes", "s3Location"}:
        return None
    mime_type = MIME_TYPES["document", held["format"]]
    document = DocumentBlock(**_place(held, "data"), title=held["name"], document_mimetype=mime_type)
    if held.keys() == {"format", "name", "source"}:
        return document
    if held.get("citations") == {"enabled": True} and "context" in held:
        return CitableBlock(title=held["name"], source=held["context"], content=[document])
    return None


def _place(held: Block, name: str) -> dict[str, Any]:
    source: Block = held["source"]
    return {name: source["bytes"]} if "bytes" in source else {"url": source["s3Location"]["uri"]}


class _Metadata(ToolMetadata):
    """A tool whose schema is known and not made from a function, such as one of an MCP server."""

    schema: dict[str, Any]

    def get_parameters_dict(self) -> dict[str, Any]:
        return self.schema


class RecordedTool(BaseTool):
    """A tool that is only offered."""

    def __init__(self, spec: Block) -> None:
        self._metadata = _Metadata(spec.get("description", ""), spec["name"])
        self._metadata.schema = spec["inputSchema"]["json"]

    @property
    def metadata(self) -> ToolMetadata:
        return self._metadata

    def __call__(self, input: Any) -> ToolOutput:
        raise NotImplementedError


def _tool(tool: Block) -> BaseTool | Block:
    """LlamaIndex's tools have no place for ``strict``, server tools and cache points."""
    spec = tool.get("toolSpec")
    return tool if spec is None or "strict" in spec else RecordedTool(spec)


def _choice(choice: Block | None) -> str | None:
    if choice is None:
        return None
    (kind,) = choice
    return choice["tool"]["name"] if kind == "tool" else kind
