"""Llama's prompts on InvokeModel: read as a Converse request, answered as a continuation.

A prompt in the layout of Llama 2, 3 or 4 is the conversation that it holds; one without marks is a user's
text, as recorded requests have it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ..standin.families import Family
from ..standin.streaming import text_pieces
from ..standin.tokens import count_text
from .body_rules import malformed, needed
from .converse import Outcome
from .native_bodies import (
    GUARDRAIL_CONFIG,
    checked_body,
    converse_parameters,
    guardrail_members,
    invocation_metrics,
    text_of,
)

_MEMBERS: dict[str, type[Any]] = {"prompt": str, "max_gen_len": int, GUARDRAIL_CONFIG: dict}
_NUMBERS = frozenset({"temperature", "top_p"})
_DEFAULT_LENGTH = 512
_LONGEST = 2048
_TURN = re.compile(
    r"<\|(?:start_header_id|header_start)\|>(\w+)<\|(?:end_header_id|header_end)\|>\n\n"
    r"(.*?)(?:<\|(?:eot_id|eot)\|>|$)",
    re.DOTALL,
)
_TURN_OF_LLAMA_2 = re.compile(r"\[INST\] (.*?) ?\[/INST\](.*?)(?:</s>|$)", re.DOTALL)
_SYSTEM_OF_LLAMA_2 = re.compile(r"<<SYS>>\n(.*?)\n<</SYS>>\n\n", re.DOTALL)


def converse_request(body: bytes) -> dict[str, Any]:
    """The Converse parameters (without a model id) that mean the same as Llama's ``body``."""
    given = checked_body(body, _MEMBERS, _NUMBERS)
    prompt = str(needed(given, "prompt"))
    if not prompt.strip():
        raise malformed("#/prompt: expected minLength: 1, actual: 0")
    length = given.get("max_gen_len", _DEFAULT_LENGTH)
    if not 1 <= length <= _LONGEST:
        bound = f"less or equal to {_LONGEST}" if length > _LONGEST else "greater or equal to 1"
        raise malformed(f"#/max_gen_len: {length} is not {bound}")
    system, messages = _conversation(prompt)
    inference = {"maxTokens": length, "temperature": given.get("temperature"), "topP": given.get("top_p")}
    wire: dict[str, Any] = {"messages": messages, "inferenceConfig": inference}
    if system:
        wire["system"] = [{"text": system}]
    return converse_parameters(wire, given)


def _conversation(prompt: str) -> tuple[str, list[dict[str, Any]]]:
    turns = [(role, text) for role, text in _TURN.findall(prompt) if text.strip()]
    if "[INST]" in prompt:
        told = _SYSTEM_OF_LLAMA_2.search(prompt)
        turns = [("system", told.group(1))] if told else []
        for asked, answered in _TURN_OF_LLAMA_2.findall(_SYSTEM_OF_LLAMA_2.sub("", prompt)):
            turns += [("user", asked), ("assistant", answered.strip())]
    system = "\n".join(text for role, text in turns if role == "system")
    messages: list[dict[str, Any]] = []
    for role, text in turns:
        if role not in ("user", "assistant") or not text.strip():
            continue
        if messages and messages[-1]["role"] == role:
            messages[-1]["content"].append({"text": text})
        else:
            messages.append({"role": role, "content": [{"text": text}]})
    if messages and messages[-1]["role"] == "assistant":
        messages.pop()  # an answer to be continued: the stand-in begins it anew
    return system, messages or [{"role": "user", "content": [{"text": prompt}]}]


def llama_answer(outcome: Outcome) -> dict[str, Any]:
    """The answer."""
    return {
        **guardrail_members(outcome),
        "generation": _text(outcome),
        "prompt_token_count": outcome.usage["inputTokens"],
        "generation_token_count": outcome.usage["outputTokens"],
        "stop_reason": _stop_reason(outcome),
    }


def llama_chunks(outcome: Outcome, family: Family) -> Iterator[dict[str, Any]]:
    """The stream: only its first chunk counts the prompt, only its last one has a stop reason."""
    counted: int | None = outcome.usage["inputTokens"]
    total = outcome.usage["outputTokens"]
    done = 0
    for piece in text_pieces(_text(outcome), family):
        if not piece:
            continue
        done = min(done + max(1, count_text(piece)), total)
        yield _chunk(piece, counted, done)
        counted = None
    beside = {**guardrail_members(outcome), **invocation_metrics(outcome)}
    yield {**_chunk("", counted, total), "stop_reason": _stop_reason(outcome), **beside}


def _chunk(piece: str, counted: int | None, done: int) -> dict[str, Any]:
    told = {"generation": piece, "prompt_token_count": counted}
    return {**told, "generation_token_count": done, "stop_reason": None}


def _text(outcome: Outcome) -> str:
    return "".join(text_of(block) or "" for block in outcome.reply.content)


def _stop_reason(outcome: Outcome) -> str:
    return "length" if outcome.reply.stop_reason == "max_tokens" else "stop"
