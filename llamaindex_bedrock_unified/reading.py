"""Converse content to LlamaIndex blocks and messages."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any

from llama_index.core.base.llms.types import (
    AudioBlock,
    CacheControl,
    CachePoint,
    ChatMessage,
    CitableBlock,
    CitationBlock,
    ContentBlock,
    DocumentBlock,
    ImageBlock,
    MessageRole,
    TextBlock,
    ThinkingBlock,
    ToolCallBlock,
    VideoBlock,
)

from bedrock_unified.private import made
from bedrock_unified.wire import json_codec

from .carrier import CONTENT, packed
from .media import mime_type

#: ``type`` of a tool use that Bedrock itself runs; nobody has to answer it.
SERVER_TOOL = "server_tool_use"
#: Where a ThinkingBlock keeps redacted reasoning, as base64 text.
REDACTED = "redacted_content"

_TOOL_MEMBERS = frozenset({"toolUseId", "name", "input", "type"})
_REASONING_MEMBERS = frozenset({"text", "signature"})
# All fields with their defaults, those of a later LlamaIndex too; what of them could change is given anew.
_TEXT = dict(TextBlock(text="").__dict__)
_MESSAGE = dict(ChatMessage(blocks=[]).__dict__)


def read_message(
    content: Sequence[Mapping[str, Any]],
    role: MessageRole = MessageRole.ASSISTANT,
    **additional_kwargs: Any,
) -> ChatMessage:
    """A message of Converse content.

    ``additional_kwargs`` get ``tool_calls`` (the ``toolUse`` members of the calls that the caller has to
    answer) and ``tool_call_id`` (their ids) where there are tool calls, and ``bedrock_content`` where the
    blocks cannot say everything.
    """
    blocks, exact = read_blocks(content)
    kept = {} if exact else {CONTENT: packed(content)}
    return message_of(blocks, {**tool_kwargs(content), **additional_kwargs, **kept}, role)


def message_of(
    blocks: list[ContentBlock], additional_kwargs: dict[str, Any], role: MessageRole = MessageRole.ASSISTANT
) -> ChatMessage:
    """A message of blocks that are validated.

    ChatMessage's constructor looks at each of them once more, which for a stream of n events over a message
    of many blocks is most of what a stream would cost.
    """
    fields = {**_MESSAGE, "role": role, "blocks": blocks, "additional_kwargs": additional_kwargs}
    return made(ChatMessage, fields, {"role", "blocks", "additional_kwargs"})


def text_block(text: str) -> TextBlock:
    """A TextBlock, without the cost of its constructor."""
    return made(TextBlock, {**_TEXT, "text": text}, {"text"})


def tool_kwargs(content: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What a message's ``additional_kwargs`` say of its tool calls; those Bedrock answers itself left out."""
    uses = [block["toolUse"] for block in content if "toolUse" in block]
    if not uses:
        return {}
    calls = [use for use in uses if use.get("type") != SERVER_TOOL]
    return {"tool_calls": calls, "tool_call_id": [call.get("toolUseId") for call in calls]}


def read_blocks(content: Sequence[Mapping[str, Any]]) -> tuple[list[ContentBlock], bool]:
    """The blocks that show this content, and whether they (with ``tool_kwargs``) say all of it.

    Neighbouring text, cited or not, becomes one TextBlock, followed by its citations: a cited sentence comes
    in pieces, between which ``ChatMessage.content`` would put line breaks.
    """
    blocks: list[ContentBlock] = []
    exact = True
    texts: list[str] = []
    citations: list[ContentBlock] = []
    for block in content:
        if len(block) == 1 and "text" in block:
            texts.append(block["text"])
            continue
        if "citationsContent" in block:
            cited = block["citationsContent"]
            texts += [part["text"] for part in cited.get("content") or () if "text" in part]
            citations += [read_citation(citation) for citation in cited.get("citations") or ()]
            exact = False
            continue
        _end_text(blocks, texts, citations)
        shown, all_said = _read_block(block)
        if shown is not None:
            blocks.append(shown)
        exact = exact and all_said
    _end_text(blocks, texts, citations)
    return blocks, exact


def read_citation(citation: Mapping[str, Any]) -> CitationBlock:
    """A CitationBlock of one citation; its numbers (page, character or chunk range) as location info."""
    location: Mapping[str, Any] = next(iter((citation.get("location") or {}).values()), None) or {}
    quoted = "".join(part.get("text", "") for part in citation.get("sourceContent") or ())
    return CitationBlock(
        cited_content=TextBlock(text=quoted),
        source=citation.get("source") or location.get("url") or "",
        title=citation.get("title") or location.get("domain") or "",
        additional_location_info={name: value for name, value in location.items() if isinstance(value, int)},
    )


def read_reasoning(reasoning: Mapping[str, Any]) -> ThinkingBlock:
    """A ThinkingBlock: signed, unsigned, or redacted (then without content)."""
    information: dict[str, Any] = {}
    if (redacted := reasoning.get("redactedContent")) is not None:
        information[REDACTED] = redacted if isinstance(redacted, str) else b64encode(redacted).decode("ascii")
    told = reasoning.get("reasoningText")
    if told is None:
        return ThinkingBlock(additional_information=information)
    if told.get("signature"):
        information["signature"] = told["signature"]
    return ThinkingBlock(content=told.get("text"), additional_information=information)


def read_tool_call(call: Mapping[str, Any]) -> ToolCallBlock:
    """A ToolCallBlock; input that is not an object stands in it as JSON text."""
    given = call.get("input")
    if given is None:
        given = {}
    if not isinstance(given, (dict, str)):
        given = json_codec.dumps(given).decode()
    return ToolCallBlock(
        tool_call_id=call.get("toolUseId"), tool_name=call.get("name") or "", tool_kwargs=given
    )


def _end_text(blocks: list[ContentBlock], texts: list[str], citations: list[ContentBlock]) -> None:
    if text := "".join(texts):
        blocks.append(text_block(text))
    blocks += citations
    texts.clear()
    citations.clear()


def _read_block(block: Mapping[str, Any]) -> tuple[ContentBlock | None, bool]:
    """One block that is not text: what shows it, if anything does, and whether that says all of it."""
    if len(block) != 1:
        return None, False
    kind, held = next(iter(block.items()))
    if kind == "toolUse":
        return read_tool_call(held), _is_plain_call(held)
    if kind == "reasoningContent":
        told = held.get("reasoningText")
        plain = len(held) == 1 and (told is None or told.keys() <= _REASONING_MEMBERS)
        return read_reasoning(held), plain and bool(told is None or told.get("text") or told.get("signature"))
    if kind in ("image", "video", "audio", "document"):
        return _read_media(kind, held)
    if kind == "cachePoint":
        ttl = held.get("ttl")
        control = CacheControl(type="default", **({"ttl": ttl} if ttl else {}))
        return CachePoint(cache_control=control), ttl in (None, "1h") and held.keys() <= {"type", "ttl"}
    if kind == "searchResult":
        return _read_search_result(held)
    if kind == "json":  # of a tool's result
        return TextBlock(text=json_codec.dumps(held).decode()), False
    return None, False


def _is_plain_call(call: Mapping[str, Any]) -> bool:
    return (
        call.keys() <= _TOOL_MEMBERS
        and call.get("type") != SERVER_TOOL
        and isinstance(call.get("input"), (dict, str))
        and bool(call.get("toolUseId"))
        and bool(call.get("name"))
    )


def _read_media(kind: str, media: Mapping[str, Any]) -> tuple[ContentBlock | None, bool]:
    source: Mapping[str, Any] = media.get("source") or {}
    format_ = media.get("format")
    where: dict[str, Any]
    data = source.get("bytes")
    uri = (source.get("s3Location") or {}).get("uri")
    if isinstance(data, (bytes, bytearray)) and data:
        where = {"document": "data", "image": "image", "video": "video", "audio": "audio"}
        where = {where[kind]: b64encode(data)}  # the blocks hold base64 anyway
        plain = len(source) == 1
    elif uri:
        where = {"url": uri}
        plain = source == {"s3Location": {"uri": uri}}
    else:
        return None, False
    if kind == "document":
        title = media.get("name")
        shown = DocumentBlock(
            **where, title=title, document_mimetype=mime_type(kind, format_) if format_ else None
        )
        return shown, False  # names are made unique when they are sent
    if format_ is None:
        return None, False
    plain = plain and media.keys() == {"format", "source"}
    if kind == "image":
        return ImageBlock(**where, image_mimetype=mime_type(kind, format_)), plain
    if kind == "video":
        return VideoBlock(**where, video_mimetype=mime_type(kind, format_)), plain
    return AudioBlock(**where, format=format_), plain


def _read_search_result(result: Mapping[str, Any]) -> tuple[ContentBlock, bool]:
    texts = [TextBlock(text=part.get("text", "")) for part in result.get("content") or ()]
    shown = CitableBlock(
        title=result.get("title", ""),
        source=result.get("source", ""),
        content=texts,  # type: ignore[arg-type]  # a list of one kind of block
    )
    members = {"source", "title", "content", "citations"}
    return shown, result.keys() == members and result["citations"] == {"enabled": True}
