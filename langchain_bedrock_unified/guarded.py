"""What guardrails read of a message, and the message with a guardrail's text in the place of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage

from bedrock_unified.converse.assessment import GuardrailOutcome
from bedrock_unified.converse.guarding import IMAGE_FORMATS
from bedrock_unified.wire import json_codec

from .errors import InvalidRequestError
from .messages.to_converse import converse_messages

_RESULTS = ("tool_result", "server_tool_result")
_NOTHING = "(masked)"


def guarded_content(message: BaseMessage, *, images: bool = True) -> list[dict[str, Any]]:
    """The text and images of a message, as ApplyGuardrail takes them.

    Raises:
        InvalidRequestError: an image that would pass unguarded; without ``images`` any.
    """
    turns, system = converse_messages([message])
    blocks = [block for turn in turns for block in turn["content"]] or system
    content: list[dict[str, Any]] = []
    for block in blocks:
        parts = block["toolResult"]["content"] if "toolResult" in block else [block]
        for part in parts:
            if "guardContent" in part:
                content.append(part["guardContent"])
            elif "image" in part:
                content.append(_image(part["image"]))
            else:
                content += [{"text": {"text": text}} for text in _texts(part) if text.strip()]
    if not images and any("image" in block for block in content):
        raise InvalidRequestError(
            "guardrail checks read text alone, so an image would pass unguarded",
            hint="judge images by a guardrail: guardrail_identifier and guardrail_version",
        )
    return content


def _texts(part: Mapping[str, Any]) -> list[str]:
    """What a block has to read, the JSON of a tool's result as it is written."""
    if "text" in part:
        return [part["text"]]
    if "json" in part:
        return [json_codec.dumps(part["json"]).decode()]
    held = part.get("citationsContent") or part.get("searchResult") or {}
    return [piece["text"] for piece in held.get("content") or ()]


def _image(image: Mapping[str, Any]) -> dict[str, Any]:
    source = image.get("source") or {}
    if image.get("format") not in IMAGE_FORMATS or "bytes" not in source:
        raise InvalidRequestError(
            f"guardrails cannot read an image of format {image.get('format')!r:.20} with its source in "
            f"{', '.join(source) or 'nothing'}, so it would pass unguarded",
            hint=f"give the bytes of a {' or '.join(IMAGE_FORMATS)}",
        )
    return {"image": {"format": image["format"], "source": {"bytes": source["bytes"]}}}


def told(message: BaseMessage, outcome: GuardrailOutcome, *, replace: bool) -> BaseMessage:
    """A copy of the message with the outcome, and with the guardrail's text where that is to stand for it."""
    metadata = dict(message.response_metadata)
    if "guardrail" in metadata:  # another one's, which may have said more
        metadata["earlier_guardrails"] = [*metadata.get("earlier_guardrails", ()), metadata["guardrail"]]
    metadata["guardrail"] = outcome.summary()
    update: dict[str, Any] = {"response_metadata": metadata}
    if replace and outcome.blocked:
        update["content"] = "\n".join(outcome.outputs)
        if isinstance(message, AIMessage):
            update |= {"tool_calls": [], "invalid_tool_calls": []}
        if isinstance(message, AIMessageChunk):
            update["tool_call_chunks"] = []
    elif replace and outcome.outputs:
        update["content"] = _masked(message, outcome.outputs)
    return message.model_copy(update=update)


def _masked(message: BaseMessage, outputs: Sequence[str]) -> str | list[Any]:
    """The content with the guardrail's texts for its own: one for one, else all in the first one's place."""
    content: str | list[Any] = message.content
    if isinstance(content, str):
        return "\n".join(outputs)
    counts = [_text_count(message, part) for part in content]
    exact = sum(counts) == len(outputs)
    left = list(outputs)
    masked: list[Any] = []
    for part, count in zip(content, counts, strict=True):
        if not count:
            masked.append(part)
            continue
        taken = count if exact else len(left)
        text, left = "\n".join(left[:taken]), left[taken:]
        masked += [_with_text(part, text)] if text or _is_result(part) else []
    return masked


def _with_text(part: Any, text: str) -> Any:
    """A part of a message with another text; a tool's result stays the result of its call."""
    if isinstance(part, dict) and _is_result(part):
        if isinstance(result := part.get("toolResult"), dict):
            return {**part, "toolResult": {**result, "content": [{"text": text or _NOTHING}]}}
        held = "output" if "output" in part else "content"
        return {**part, held: [{"type": "text", "text": text or _NOTHING}]}
    block = part if isinstance(part, dict) and isinstance(part.get("text"), str) else {"type": "text"}
    return {**block, "text": text}


def _is_result(part: Any) -> bool:
    return isinstance(part, dict) and (part.get("type") in _RESULTS or "toolResult" in part)


def _text_count(message: BaseMessage, part: Any) -> int:
    """How many texts a part of the message gave to be judged."""
    return sum("text" in block for block in guarded_content(message.model_copy(update={"content": [part]})))
