"""LangChain content blocks to Converse blocks: what each type of block becomes.

Accepted: LangChain's standard blocks (v0, v1), the blocks of our answers (:mod:`.from_converse`), Anthropic's
and OpenAI's, and Converse's own dicts, with a ``type`` or without. Nothing given is changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from bedrock_unified.converse.tools import tool_input, tool_use_id
from bedrock_unified.errors import BedrockError

from ..errors import InvalidRequestError
from . import citations, media, openai
from .documents import DocumentNames

Block = dict[str, Any]


@dataclass(slots=True)
class Conversion:
    """What a block's conversion needs to know of its message and request."""

    names: DocumentNames = field(default_factory=DocumentNames)
    #: Whether this is an answer of Bedrock's: its ``extras`` and citations go back as they came.
    ours: bool = False
    #: Whether the message says so itself; else foreign citations may be among its blocks.
    certain: bool = False
    #: Tool calls of an assistant message by id, in order; they win over the blocks, for users edit them.
    calls: dict[Any, list[Mapping[str, Any]]] = field(default_factory=dict[Any, list[Mapping[str, Any]]])


def converse_blocks(content: Any, conversion: Conversion) -> list[Block]:
    """The blocks of a message's content.

    Raises:
        InvalidRequestError: a block that Bedrock has no form for; the message names its type and the way out.
    """
    if isinstance(content, str):
        return [{"text": content}] if content else []
    blocks: list[Block] = []
    for part in content:
        if isinstance(part, str):
            blocks.append({"text": part})
            continue
        block = converse_block(part, conversion)
        if block is not None:
            blocks.append(block)
        if (control := part.get("cache_control")) is not None:
            blocks.append(cache_point(control))
    return blocks


def converse_block(part: Mapping[str, Any], conversion: Conversion) -> Block | None:
    """One block; None for one that says nothing."""
    kind = part.get("type")
    try:
        return _converted(kind, part, conversion)
    except BedrockError:
        raise
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        # Content is anybody's: rather than have each converter check each member of each form.
        raise InvalidRequestError(
            f"a content block of type {kind!r:.80} with {', '.join(map(str, part)):.200} cannot be read: "
            f"{type(error).__name__}: {error!s:.120}",
            hint="give the members that the type has, each in its form, or the block in Converse's own shape",
        ) from error


def _converted(kind: Any, part: Mapping[str, Any], conversion: Conversion) -> Block | None:
    if kind is None:
        return _native({name: value for name, value in part.items() if name != "index"}, conversion)
    convert = _CONVERTERS.get(kind) if isinstance(kind, str) else None
    if convert is not None:
        return convert(part, conversion)
    if kind in openai.KINDS:
        return converse_block(openai.standard(part), conversion)
    if kind in part:
        return _native({kind: part[kind]}, conversion)
    raise InvalidRequestError(
        f"a content block of type {kind!r} has no form in Bedrock's Converse API",
        hint="give the block in Converse's own shape, such as {'image': {…}}, or leave it out",
    )


def tool_use(call_id: Any, name: Any, given: Any, **members: Any) -> Block:
    """A ``toolUse`` block. Input that is no JSON object is shown to the model as what it wrote."""
    use = {"toolUseId": tool_use_id(call_id), "name": name, "input": tool_input(given), **members}
    return {"toolUse": use}


def _native(block: Block, conversion: Conversion) -> Block:
    """A block in Converse's own shape, as it is; base64 text where Bedrock wants bytes is decoded."""
    if len(block) != 1:
        return block
    kind = next(iter(block))
    value = block[kind]
    if not isinstance(value, Mapping):
        return block
    if kind in ("image", "document", "video", "audio"):
        return media.native_media(kind, value, conversion.names)
    if kind == "guardContent":
        return _guarded(value)
    if kind == "toolResult" and isinstance(value.get("content"), list):
        value = {**value, "content": [_native(part, conversion) for part in value["content"]]}
    if kind in ("toolUse", "toolResult"):
        return {kind: {**value, "toolUseId": tool_use_id(value.get("toolUseId"))}}
    if kind == "reasoningContent" and isinstance(value.get("redactedContent"), str):
        redacted = media.decoded(value["redactedContent"], "reasoning")
        return {"reasoningContent": {**value, "redactedContent": redacted}}
    return block


def _text(part: Mapping[str, Any], conversion: Conversion) -> Block:
    text = part.get("text") or ""
    cited = part.get("citations") if "citations" in part else part.get("annotations")
    extras = _extras(part, conversion)
    if not isinstance(cited, list) or not conversion.ours:
        return {"text": text, **extras}
    if not cited and "annotations" in part:
        return {"text": text, **extras}
    converted = [citations.to_converse(one) for one in cited]
    if not conversion.certain and not all(map(citations.is_converse, converted)):
        return {"text": text, **extras}  # another provider's, which Bedrock would refuse
    content: Block = {"content": [{"text": text}]} if text else {}
    content["citations"] = converted
    return {"citationsContent": {**content, **extras}}


def _tool_use(part: Mapping[str, Any], conversion: Conversion, *, server: bool = False) -> Block:
    call_id, name = part.get("id"), part.get("name")
    given = part.get("input", part.get("args"))
    calls = conversion.calls.get(call_id) if isinstance(call_id, str) and not server else None
    if calls:
        call = calls.pop(0)
        name, given = call["name"], call["args"]
    members = _extras(part, conversion)
    if server:
        members["type"] = "server_tool_use"
    return tool_use(call_id, name, given, **members)


def _tool_result(part: Mapping[str, Any], conversion: Conversion) -> Block:
    result: Block = {"toolUseId": tool_use_id(part.get("tool_use_id", part.get("tool_call_id")))}
    content = part.get("content", part.get("output"))
    result["content"] = converse_blocks(content if content is not None else [], conversion)
    status = part.get("status") or ("error" if part.get("is_error") else None)
    if status:
        result["status"] = status
    return {"toolResult": {**result, **_extras(part, conversion)}}


def _reasoning_content(part: Mapping[str, Any], conversion: Conversion) -> Block | None:
    held = part.get("reasoning_content") or part.get("reasoningContent") or {}
    return _reasoned(held.get("text"), held.get("signature"), held.get("redacted_content"), part, conversion)


def _reasoning(part: Mapping[str, Any], conversion: Conversion) -> Block | None:
    """LangChain's standard block: signature and redacted bytes stand in its extras."""
    more = dict(part.get("extras") or {})
    redacted, signature = more.pop("redacted_content", None), more.pop("signature", None)
    return _reasoned(part.get("reasoning"), signature, redacted, {"extras": more}, conversion)


def _thinking(part: Mapping[str, Any], conversion: Conversion) -> Block | None:
    return _reasoned(part.get("thinking"), part.get("signature"), None, {}, conversion)


def _redacted_thinking(part: Mapping[str, Any], conversion: Conversion) -> Block:
    """Anthropic's; Converse holds the bytes of its text, which is not decoded (recorded)."""
    return {"reasoningContent": {"redactedContent": part["data"].encode()}}


def _reasoned(
    text: Any, signature: Any, redacted: Any, part: Mapping[str, Any], conversion: Conversion
) -> Block | None:
    extras = _extras(part, conversion)
    unknown = extras.pop("reasoningText", {})
    if redacted is not None:
        return {"reasoningContent": {"redactedContent": media.decoded(redacted, "reasoning"), **extras}}
    if text is None and signature is None and not unknown:
        return {"reasoningContent": extras} if extras else None
    said: Block = {"text": text or ""}
    if signature is not None:
        said["signature"] = signature
    return {"reasoningContent": {"reasoningText": {**said, **unknown}, **extras}}


def _search_result(part: Mapping[str, Any], conversion: Conversion) -> Block:
    result: Block = {name: part[name] for name in ("source", "title") if name in part}
    content = part.get("content") or []
    parts = [{"text": content}] if isinstance(content, str) else content
    result["content"] = [{"text": item if isinstance(item, str) else item["text"]} for item in parts]
    if isinstance(part.get("citations"), Mapping):
        result["citations"] = part["citations"]
    return {"searchResult": {**result, **_extras(part, conversion)}}


def _guard_content(part: Mapping[str, Any], conversion: Conversion) -> Block:
    held = part.get("guard_content", part.get("guardContent"))
    if held is None or isinstance(held.get("text"), str):
        holder = part if held is None else held
        text: Block = {"text": holder.get("text")}
        if holder.get("qualifiers"):
            text["qualifiers"] = holder["qualifiers"]
        held = {"text": text}
    return _guarded(held)


def _guarded(held: Mapping[str, Any]) -> Block:
    image = held.get("image")
    source = image.get("source") if isinstance(image, Mapping) else None
    if isinstance(image, Mapping) and isinstance(source, Mapping) and isinstance(source.get("bytes"), str):
        decoded = {**source, "bytes": media.decoded(source["bytes"], "guard_content")}
        return {"guardContent": {**held, "image": {**image, "source": decoded}}}
    return {"guardContent": dict(held)}


def _refusal(part: Mapping[str, Any], conversion: Conversion) -> Block | None:
    """A standard refusal, as the text that the model wrote; many come without any."""
    return {"text": str(part["refusal"])} if part.get("refusal") else None


def _non_standard(part: Mapping[str, Any], conversion: Conversion) -> Block | None:
    value = part.get("value")
    if not isinstance(value, Mapping):
        raise InvalidRequestError("a 'non_standard' content block has no 'value'")
    return converse_block(value, conversion)


def _media(kind: str, part: Mapping[str, Any], conversion: Conversion) -> Block:
    return media.media(kind, part, conversion.names)


def cache_point(control: Any) -> Block:
    """Anthropic's ``cache_control`` of a block: a cache point behind it."""
    ttl = control.get("ttl") if isinstance(control, Mapping) else None
    return {"cachePoint": {"type": "default", "ttl": ttl} if ttl else {"type": "default"}}


def _extras(part: Mapping[str, Any], conversion: Conversion) -> Block:
    extras = part.get("extras")
    return dict(extras) if conversion.ours and isinstance(extras, Mapping) else {}


_Convert = Callable[[Mapping[str, Any], Conversion], Block | None]
_CONVERTERS: dict[str, _Convert] = {
    "text": _text,
    "tool_use": _tool_use,
    "tool_call": _tool_use,
    "tool_call_chunk": _tool_use,
    "invalid_tool_call": _tool_use,
    "server_tool_use": partial(_tool_use, server=True),
    "server_tool_call": partial(_tool_use, server=True),
    "tool_result": _tool_result,
    "server_tool_result": _tool_result,
    "reasoning_content": _reasoning_content,
    "reasoning": _reasoning,
    "thinking": _thinking,
    "redacted_thinking": _redacted_thinking,
    "image": partial(_media, "image"),
    "image_url": lambda part, conversion: media.image_url(part, conversion.names),
    "document": partial(_media, "document"),
    "file": lambda part, conversion: _media(
        "file", openai.standard(part) if openai.is_file(part) else part, conversion
    ),
    "text-plain": lambda part, conversion: media.plain_text(part, conversion.names),
    "video": partial(_media, "video"),
    "audio": partial(_media, "audio"),
    "refusal": _refusal,
    "search_result": _search_result,
    "guard_content": _guard_content,
    "non_standard": _non_standard,
}
