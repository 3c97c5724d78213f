"""A chat completion as a Converse response."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, cast
from uuid import uuid4

from ...converse.reducer import parse_tool_input
from ..common import Told, response_of, usage_of, with_details, words_for
from .reasoning import split

_STOP_REASONS = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "function_call": "tool_use",
    "content_filter": "content_filtered",
}
#: Where the models of this form put reasoning; gpt-oss on Bedrock has it in the content instead.
_REASONING = ("reasoning", "reasoning_content")


def response(body: Mapping[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
    """The Converse response of a chat completion; of several choices, the first.

    Raises:
        KeyError, IndexError, TypeError, AttributeError: it is no chat completion.
    """
    choice = body["choices"][0]
    message = choice["message"]
    content: list[dict[str, Any]] = []
    if reasoning := reasoning_of(message):
        content.append(_reasoned(reasoning))
    for is_reasoning, text in split(message.get("content") or ""):
        content.append(_reasoned(text) if is_reasoning else {"text": text})
    if refusal := message.get("refusal"):
        content.append({"text": refusal})
    seed = str(body.get("id", ""))
    calls = [_tool_use(call, seed, number) for number, call in enumerate(message.get("tool_calls") or ())]
    reason = stop_reason(choice.get("finish_reason"), called=bool(calls), refused=bool(refusal))
    told = Told.in_headers(headers)
    usage = usage_of_chat(body.get("usage"), told)
    return response_of([*content, *calls], reason, usage, body, told, {})


def reasoning_of(message: Mapping[str, Any]) -> str | None:
    """The reasoning that a message or a delta holds beside its content."""
    return next((message[name] for name in _REASONING if message.get(name)), None)


def stop_reason(native: Any, *, called: bool, refused: bool) -> str:
    """Converse's word for ``finish_reason``; an unknown one stays as it is.

    Args:
        called: tools were called. A named tool choice ends with ``stop`` in servers of this form (inferred).
        refused: the answer is a refusal.
    """
    if refused and native in (None, "stop"):
        return "content_filtered"
    if called and native in (None, "stop"):
        return "tool_use"
    return words_for(_STOP_REASONS, native)


def usage_of_chat(native: Mapping[str, Any] | None, told: Told) -> dict[str, Any]:
    """Converse's usage; ``prompt_tokens`` count cached ones, Converse's ``inputTokens`` do not."""
    if not native or native.get("prompt_tokens") is None:
        return told.usage()
    cached = cast("Mapping[str, Any]", native.get("prompt_tokens_details") or {}).get("cached_tokens")
    usage = usage_of(native["prompt_tokens"] - (cached or 0), native.get("completion_tokens") or 0, cached)
    return with_details(usage, native)


def _reasoned(text: str) -> dict[str, Any]:
    return {"reasoningContent": {"reasoningText": {"text": text}}}


def call_id(given: Any, seed: str, number: int) -> str:
    """The id of a call; one is made where the server gives none.

    Args:
        given: the server's.
        seed: the answer's id, empty where it has none: then the id is a random one, for the same call in a
            later answer must not have the same id.
        number: the call's place in the answer.
    """
    return str(given) if given else f"call_{sha256(f'{seed or uuid4()} {number}'.encode()).hexdigest()[:24]}"


def _tool_use(call: Mapping[str, Any], seed: str, number: int) -> dict[str, Any]:
    function = call["function"]
    given: Any = function.get("arguments")
    arguments = parse_tool_input(given or "") if given is None or isinstance(given, str) else given
    return {
        "toolUse": {
            "toolUseId": call_id(call.get("id"), seed, number),
            "name": function["name"],
            "input": arguments,
        }
    }
