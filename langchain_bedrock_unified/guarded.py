"""What guardrails read of a message, and the message with a guardrail's text in the place of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage

from bedrock_unified.converse.assessment import GuardrailOutcome
from bedrock_unified.converse.guarding import IMAGE_FORMATS

from .errors import InvalidRequestError
from .messages.to_converse import converse_messages


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
            if "text" in part and part["text"].strip():
                content.append({"text": {"text": part["text"]}})
            elif "citationsContent" in part:
                content += [{"text": {"text": p["text"]}} for p in part["citationsContent"]["content"]]
            elif "guardContent" in part:
                content.append(part["guardContent"])
            elif "image" in part:
                content.append(_image(part["image"]))
    if not images and any("image" in block for block in content):
        raise InvalidRequestError(
            "guardrail checks read text alone, so an image would pass unguarded",
            hint="judge images by a guardrail: guardrail_identifier and guardrail_version",
        )
    return content


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
    texts = [index for index, part in enumerate(content) if _has_text(message, part)]
    plain = all(isinstance(content[i], str) or isinstance(content[i].get("text"), str) for i in texts)
    if plain and len(texts) == len(outputs):
        replaced = dict(zip(texts, outputs, strict=True))
    else:
        replaced = {**dict.fromkeys(texts), texts[0]: "\n".join(outputs)}
    masked: list[Any] = []
    for index, part in enumerate(content):
        text = replaced.get(index)
        if index not in replaced:
            masked.append(part)
        elif text is not None:
            block = part if plain and isinstance(part, dict) else {"type": "text"}
            masked.append({**block, "text": text})
    return masked


def _has_text(message: BaseMessage, part: Any) -> bool:
    """Whether a part of the message gave text to be judged."""
    return any("text" in block for block in guarded_content(message.model_copy(update={"content": [part]})))
