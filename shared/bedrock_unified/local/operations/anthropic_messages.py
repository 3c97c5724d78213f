"""Anthropic Messages bodies of InvokeModel: read as a Converse request, answered in Anthropic's own form."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any, cast

from bedrock_unified.wire import json_codec

from ..problems import invalid
from ..protocol.frames import json_bytes
from ..protocol.parameters import read_parameters
from ..protocol.service_models import RUNTIME, operation_model
from ..shapes import as_object, under
from ..standin.families import Family
from ..standin.streaming import block_events
from .converse import Outcome

_CACHE_POINT = {"cachePoint": {"type": "default"}}
_STOP_REASONS = {"guardrail_intervened": "end_turn"}
_KNOWN = {
    "anthropic_version", "anthropic_beta", "max_tokens", "messages", "metadata", "stop_sequences", "system",
    "temperature", "thinking", "tool_choice", "tools", "top_k", "top_p", "output_config",
}  # fmt: skip


def is_messages_body(body: bytes) -> bool:
    """Whether ``body`` is a Messages body for Bedrock."""
    try:
        value: Any = json_codec.loads(body)
    except ValueError:
        return False
    return isinstance(value, dict) and "anthropic_version" in value


def converse_request(body: bytes) -> dict[str, Any]:
    """The Converse parameters (without a model id) that mean the same as the Messages ``body``.

    They are checked by Converse's own shapes; raises ``Problem`` (ValidationException).
    """
    given = _given(body)
    wire: dict[str, Any] = {
        "messages": [
            {"role": message.get("role"), "content": _blocks(message.get("content"), f"messages.{i}.content")}
            for i, message in enumerate(map(as_object, given["messages"]))
        ],
        "inferenceConfig": {
            ours: given.get(theirs)
            for theirs, ours in (
                ("max_tokens", "maxTokens"),
                ("temperature", "temperature"),
                ("top_p", "topP"),
                ("stop_sequences", "stopSequences"),
            )
        },
    }
    if given.get("system"):
        wire["system"] = _blocks(given["system"], "system")
    if given.get("tools"):
        wire["toolConfig"] = _tool_config(given)
    if given.get("thinking"):
        wire["additionalModelRequestFields"] = {"thinking": given["thinking"]}
    return read_parameters(operation_model(RUNTIME, "Converse"), {"modelId": "any"}, "", {}, json_bytes(wire))


def _given(body: bytes) -> dict[str, Any]:
    try:
        value: Any = json_codec.loads(body)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise invalid("Malformed input request, please reformat your input and try again.")
    given = cast("dict[str, Any]", value)
    for name in given:
        if name not in _KNOWN:
            raise invalid(f"{name}: Extra inputs are not permitted")
    for name in ("anthropic_version", "max_tokens", "messages"):
        if given.get(name) is None:
            raise invalid(f"{name}: Field required")
    if not isinstance(given["messages"], list):
        raise invalid("messages: Input should be a valid list")
    return given


def _tool_config(given: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(given["tools"], list):
        raise invalid("tools: Input should be a valid list")
    tools: list[dict[str, Any]] = []
    for tool in map(as_object, cast("list[Any]", given["tools"])):
        schema = tool.get("input_schema", {"type": "object"})
        spec = {"name": tool.get("name"), "inputSchema": {"json": schema}}
        tools.append({"toolSpec": {**spec, "description": tool.get("description") or None}})
        if "cache_control" in tool:
            tools.append(_CACHE_POINT)
    choice = under(given, "tool_choice")
    config: dict[str, Any] = {"tools": tools}
    if choice.get("type") == "tool":
        config["toolChoice"] = {"tool": {"name": choice.get("name")}}
    elif choice.get("type") == "any":
        config["toolChoice"] = {"any": {}}
    return config


def _blocks(content: Any, where: str) -> list[dict[str, Any]]:
    if isinstance(content, str):
        return [{"text": content}]
    if not isinstance(content, list):
        raise invalid(f"{where}: Input should be a valid list")
    blocks: list[dict[str, Any]] = []
    for i, block in enumerate(map(as_object, cast("list[Any]", content))):
        blocks.append(_block(block, f"{where}.{i}"))
        if "cache_control" in block:
            blocks.append(_CACHE_POINT)
    return blocks


def _block(block: Mapping[str, Any], where: str) -> dict[str, Any]:
    kind = block.get("type")
    if kind == "text":
        return {"text": block.get("text")}
    if kind == "tool_use":
        use = {"toolUseId": block.get("id"), "name": block.get("name"), "input": block.get("input")}
        return {"toolUse": use}
    if kind == "tool_result":
        content = _blocks(block.get("content") or [], f"{where}.content")
        status = "error" if block.get("is_error") else "success"
        return {"toolResult": {"toolUseId": block.get("tool_use_id"), "content": content, "status": status}}
    if kind == "redacted_thinking":
        return {"reasoningContent": {"redactedContent": block.get("data")}}
    if kind == "thinking":
        inner = {"text": block.get("thinking"), "signature": block.get("signature")}
        return {"reasoningContent": {"reasoningText": inner}}
    source = under(block, "source")
    if kind in {"image", "document"} and source.get("type") in {"base64", "text"}:
        return {str(kind): _attachment(block, source)}
    tags = "'document', 'image', 'redacted_thinking', 'text', 'thinking', 'tool_result', 'tool_use'"
    raise invalid(
        f"{where}: Input tag '{kind}' found using 'type' does not match any of the expected tags: {tags}"
    )


def _attachment(block: Mapping[str, Any], source: Mapping[str, Any]) -> dict[str, Any]:
    subtype = str(source.get("media_type", "text/plain")).rsplit("/", 1)[-1]
    content = {"text" if source["type"] == "text" else "bytes": source.get("data")}
    inner: dict[str, Any] = {"format": {"plain": "txt"}.get(subtype, subtype), "source": content}
    if block["type"] == "document":
        inner["name"] = str(block.get("title") or "document")
        inner["citations"] = block.get("citations")
    return inner


def guardrail_members(outcome: Outcome) -> dict[str, Any]:
    """What a guardrail adds to a raw body: whether it acted, and its trace in InvokeModel's own shape."""
    if not outcome.guarded:
        return {}
    acted = outcome.reply.stop_reason == "guardrail_intervened"
    members: dict[str, Any] = {"amazon-bedrock-guardrailAction": "INTERVENED" if acted else "NONE"}
    if outcome.trace is not None:
        told = under(outcome.trace, "guardrail")
        trace: dict[str, Any] = {"actionReason": told["actionReason"], "input": told["inputAssessment"]}
        if told["modelOutput"]:
            trace["modelOutput"] = told["modelOutput"]
        if "outputAssessments" in told:
            trace["outputs"] = [{name: found[0]} for name, found in told["outputAssessments"].items()]
        members["amazon-bedrock-trace"] = {"guardrail": trace}
    return members


def messages_answer(outcome: Outcome, model: str) -> dict[str, Any]:
    """The Messages response."""
    reply = outcome.reply
    return {
        **guardrail_members(outcome),
        **_opening(outcome, model),
        "content": [_native(block) for block in reply.content],
        "stop_reason": _STOP_REASONS.get(reply.stop_reason, reply.stop_reason),
        "stop_sequence": reply.stop_sequence,
        "usage": {**_input_usage(outcome), "output_tokens": outcome.usage["outputTokens"]},
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
    return usage


def _native(block: Mapping[str, Any]) -> dict[str, Any]:
    if "toolUse" in block:
        use = block["toolUse"]
        identity = str(use["toolUseId"]).replace("tooluse_", "toolu_bdrk_01")
        return {"type": "tool_use", "id": identity, "name": use["name"], "input": use["input"]}
    if "reasoningContent" in block:
        value = under(block, "reasoningContent")
        if "redactedContent" in value:
            from ..protocol.frames import json_bytes

            return {
                "type": "redacted_thinking",
                "data": json_bytes(value["redactedContent"]).decode().strip('"'),
            }
        inner = value["reasoningText"]
        return {"type": "thinking", "thinking": inner["text"], "signature": inner.get("signature", "")}
    if "citationsContent" in block:
        return {
            "type": "text",
            "text": "".join(part["text"] for part in block["citationsContent"]["content"]),
        }
    return {"type": "text", "text": block.get("text", "")}


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
    yield {"type": "message_delta", "delta": delta, "usage": {"output_tokens": outcome.usage["outputTokens"]}}
    metrics = {
        "inputTokenCount": outcome.usage["inputTokens"],
        "outputTokenCount": outcome.usage["outputTokens"],
        "invocationLatency": outcome.latency_ms,
        "firstByteLatency": outcome.latency_ms,
    }
    if "cacheReadInputTokens" in outcome.usage:
        metrics["cacheReadInputTokenCount"] = outcome.usage["cacheReadInputTokens"]
        metrics["cacheWriteInputTokenCount"] = outcome.usage.get("cacheWriteInputTokens", 0)
    yield {
        "type": "message_stop",
        **guardrail_members(outcome),
        "amazon-bedrock-invocationMetrics": metrics,
    }


def _started(block: Mapping[str, Any]) -> dict[str, Any]:
    native = _native(block)
    if native["type"] == "tool_use":
        return {**native, "input": {}}
    if native["type"] == "thinking":
        return {"type": "thinking", "thinking": "", "signature": ""}
    return native if native["type"] == "redacted_thinking" else {"type": "text", "text": ""}


def _deltas(block: dict[str, Any], family: Family) -> Iterator[dict[str, Any]]:
    for event in block_events([block], family):
        delta = event.payload.get("delta")
        if delta is None:
            continue
        if "text" in delta:
            yield {"type": "text_delta", "text": delta["text"]}
        elif "toolUse" in delta:
            yield {"type": "input_json_delta", "partial_json": delta["toolUse"]["input"]}
        elif "text" in delta.get("reasoningContent", {}):
            yield {"type": "thinking_delta", "thinking": delta["reasoningContent"]["text"]}
        elif "signature" in delta.get("reasoningContent", {}):
            yield {"type": "signature_delta", "signature": delta["reasoningContent"]["signature"]}
