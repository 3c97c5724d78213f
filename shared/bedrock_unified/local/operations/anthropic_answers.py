"""Answers to Anthropic Messages bodies, in Anthropic's own form, whole and as the events of a stream."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Iterator, Mapping
from typing import Any

from ..shapes import listed, under
from ..standin.families import Family
from ..standin.streaming import block_events
from ..standin.tokens import count_reasoning
from .converse import Outcome
from .native_bodies import guardrail_members, invocation_metrics, text_of

_STOP_REASONS = {"guardrail_intervened": "end_turn"}
# Converse's location: Claude's kind, and Claude's names for its index, start and end.
_CITED = {
    "documentChar": ("char_location", "document_index", "start_char_index", "end_char_index"),
    "documentPage": ("page_location", "document_index", "start_page_number", "end_page_number"),
    "documentChunk": ("content_block_location", "document_index", "start_block_index", "end_block_index"),
    "searchResultLocation": (
        "search_result_location", "search_result_index", "start_block_index", "end_block_index",
    ),
}  # fmt: skip


def messages_answer(outcome: Outcome, model: str) -> dict[str, Any]:
    """The Messages response."""
    reply = outcome.reply
    return {
        **guardrail_members(outcome),
        **_opening(outcome, model),
        "content": [_native(block) for block in reply.content],
        "stop_reason": _STOP_REASONS.get(reply.stop_reason, reply.stop_reason),
        "stop_sequence": reply.stop_sequence,
        "usage": {**_input_usage(outcome), **_output_usage(outcome)},
    }


def _opening(outcome: Outcome, model: str) -> dict[str, Any]:
    digest = hashlib.sha256(repr(outcome.reply.content).encode()).hexdigest()[:22]
    name = model.removeprefix("anthropic.").split("-v", 1)[0]
    return {"id": f"msg_bdrk_01{digest}", "type": "message", "role": "assistant", "model": name}


def _input_usage(outcome: Outcome) -> dict[str, Any]:
    usage: dict[str, Any] = {"input_tokens": outcome.usage["inputTokens"]}
    if "cacheReadInputTokens" in outcome.usage:
        usage["cache_creation_input_tokens"] = outcome.usage.get("cacheWriteInputTokens", 0)
        usage["cache_read_input_tokens"] = outcome.usage["cacheReadInputTokens"]
    if details := listed(outcome.usage, "cacheDetails"):
        written = {detail["ttl"]: detail["inputTokens"] for detail in details}
        usage["cache_creation"] = {
            f"ephemeral_{ttl}_input_tokens": written.get(ttl, 0) for ttl in ("5m", "1h")
        }
    return usage


def _output_usage(outcome: Outcome) -> dict[str, Any]:
    """Recorded for Opus 4.8, with no reasoning to count; that others count theirs so, too, is inferred."""
    output = outcome.usage["outputTokens"]
    usage: dict[str, Any] = {"output_tokens": output}
    if any("reasoningContent" in block for block in outcome.reply.content):
        thought = min(count_reasoning(outcome.reply.content), output)
        usage["output_tokens_details"] = {"thinking_tokens": thought}
    return usage


def _native(block: Mapping[str, Any]) -> dict[str, Any]:
    if "toolUse" in block:
        use = block["toolUse"]
        identity = str(use["toolUseId"]).replace("tooluse_", "toolu_bdrk_01")
        return {"type": "tool_use", "id": identity, "name": use["name"], "input": use["input"]}
    if "reasoningContent" in block:
        value = under(block, "reasoningContent")
        if "redactedContent" in value:
            return {"type": "redacted_thinking", "data": _sealed(value["redactedContent"])}
        inner = value["reasoningText"]
        return {"type": "thinking", "thinking": inner["text"], "signature": inner.get("signature", "")}
    native: dict[str, Any] = {"type": "text", "text": text_of(block) or ""}
    if citations := [_citation(told) for told in listed(under(block, "citationsContent"), "citations")]:
        native["citations"] = citations
    return native


def _sealed(data: bytes) -> str:
    try:
        return data.decode("ascii")
    except UnicodeDecodeError:
        return b64encode(data).decode()


def _citation(citation: Mapping[str, Any]) -> dict[str, Any]:
    name, place = next(iter(under(citation, "location").items()))
    kind, index, start, end = _CITED[name]
    numbers = {start: place["start"], end: place["end"]}
    cited = "".join(str(part["text"]) for part in listed(citation, "sourceContent"))
    told: dict[str, Any] = {"type": kind, "cited_text": cited}
    if kind == "search_result_location":
        found = {"search_result_index": place["searchResultIndex"], "source": citation.get("source")}
        return {**told, **found, "title": citation.get("title"), **numbers}
    return {**told, index: place["documentIndex"], "document_title": citation.get("title"), **numbers}


def messages_events(outcome: Outcome, model: str, family: Family) -> Iterator[dict[str, Any]]:
    """The Messages stream events, ending in ``message_stop`` with Bedrock's invocation metrics."""
    usage = {**_input_usage(outcome), "output_tokens": 1}
    message: dict[str, Any] = {
        **_opening(outcome, model), "content": [], "stop_reason": None, "stop_sequence": None, "usage": usage,
    }  # fmt: skip
    yield {"type": "message_start", "message": message}
    for index, block in enumerate(outcome.reply.content):
        yield {"type": "content_block_start", "index": index, "content_block": _started(block)}
        if "redactedContent" not in block.get("reasoningContent", {}):
            for delta in _deltas(block, family):
                yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    reply = outcome.reply
    reason = _STOP_REASONS.get(reply.stop_reason, reply.stop_reason)
    delta = {"stop_reason": reason, "stop_sequence": reply.stop_sequence}
    yield {"type": "message_delta", "delta": delta, "usage": _output_usage(outcome)}
    yield {"type": "message_stop", **guardrail_members(outcome), **invocation_metrics(outcome)}


def _started(block: Mapping[str, Any]) -> dict[str, Any]:
    native = _native(block)
    if native["type"] == "tool_use":
        return {**native, "input": {}}
    if native["type"] == "thinking":
        return {"type": "thinking", "thinking": "", "signature": ""}
    if native["type"] == "redacted_thinking":
        return native
    return {"type": "text", "text": "", **({"citations": []} if "citations" in native else {})}


def _deltas(block: dict[str, Any], family: Family) -> Iterator[dict[str, Any]]:
    for event in block_events([block], family):
        delta = event.payload.get("delta")
        if delta is None:
            continue
        if "text" in delta:
            yield {"type": "text_delta", "text": delta["text"]}
        elif "toolUse" in delta:
            yield {"type": "input_json_delta", "partial_json": delta["toolUse"]["input"]}
        elif "citation" in delta:
            yield {"type": "citations_delta", "citation": _citation(delta["citation"])}
        elif "text" in delta.get("reasoningContent", {}):
            yield {"type": "thinking_delta", "thinking": delta["reasoningContent"]["text"]}
        elif "signature" in delta.get("reasoningContent", {}):
            yield {"type": "signature_delta", "signature": delta["reasoningContent"]["signature"]}
