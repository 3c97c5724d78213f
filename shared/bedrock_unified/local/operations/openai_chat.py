"""OpenAI chat completions on InvokeModel (gpt-oss): read as a Converse request, answered in their own form.

Answers and streams have the members of the recorded ones. Which members of a body gpt-oss refuses is not
recorded: those of chat completions are taken, others are refused in Titan's words.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from bedrock_unified.wire import json_codec

from ..problems import invalid
from ..shapes import under
from ..standin.families import Family
from ..standin.streaming import text_pieces
from .anthropic_messages import json_text
from .body_rules import malformed, needed
from .converse import Outcome
from .native_bodies import (
    GUARDRAIL_CONFIG,
    converse_parameters,
    guardrail_members,
    invocation_metrics,
    json_object,
    parts_of,
    text_of,
)

_KNOWN = {
    "frequency_penalty", "logit_bias", "logprobs", "max_completion_tokens", "max_tokens", "messages",
    "metadata", "model", "n", "parallel_tool_calls", "presence_penalty", "reasoning_effort",
    "response_format", "seed", "service_tier", "stop", "stream", "stream_options", "temperature",
    "tool_choice", "tools", "top_logprobs", "top_p", "user", GUARDRAIL_CONFIG,
}  # fmt: skip
_FINISH = {"max_tokens": "length", "tool_use": "tool_calls"}
_DATA_URL = "data:image/"


def converse_request(body: bytes) -> dict[str, Any]:
    """The Converse parameters (without a model id) that mean the same as the chat ``body``."""
    given = json_object(body)
    for name in given:
        if name not in _KNOWN:
            raise malformed(f"#: extraneous key [{name}] is not permitted")
    messages: list[dict[str, Any]] = []
    system: list[dict[str, Any]] = []
    for message in parts_of(needed(given, "messages")):
        _read_message(message, messages, system)
    stop = given.get("stop")
    wire: dict[str, Any] = {
        "messages": messages,
        "inferenceConfig": {
            "maxTokens": given.get("max_completion_tokens", given.get("max_tokens")),
            "temperature": given.get("temperature"),
            "topP": given.get("top_p"),
            "stopSequences": [stop] if isinstance(stop, str) else stop,
        },
    }
    if system:
        wire["system"] = system
    if given.get("tools") and given.get("tool_choice") != "none":
        wire["toolConfig"] = _tool_config(given)
    if given.get("reasoning_effort"):
        wire["additionalModelRequestFields"] = {"reasoning_effort": given["reasoning_effort"]}
    wanted = under(given, "response_format")
    if wanted.get("type") == "json_schema":
        schema = {"schema": json_text(under(wanted, "json_schema").get("schema"))}
        wire["outputConfig"] = {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": schema}}}
    return converse_parameters(wire, given)


def calls_one_tool_at_most(body: bytes) -> bool:
    """Whether the body forbids parallel tool calls."""
    return json_object(body).get("parallel_tool_calls") is False


def wants_usage(body: bytes) -> bool:
    """Whether the stream shall tell its usage in a chunk of its own."""
    return bool(under(json_object(body), "stream_options").get("include_usage"))


def _read_message(
    message: Mapping[str, Any], messages: list[dict[str, Any]], system: list[dict[str, Any]]
) -> None:
    role = message.get("role")
    if role in ("system", "developer"):
        system += _content(message.get("content"))
        return
    if role == "tool":
        parts = _content(message.get("content")) or [{"text": "(nothing)"}]
        result = {"toolUseId": message.get("tool_call_id"), "content": parts}
        if messages and any("toolResult" in block for block in messages[-1]["content"]):
            messages[-1]["content"].append({"toolResult": result})
        else:
            messages.append({"role": "user", "content": [{"toolResult": result}]})
        return
    if role not in ("user", "assistant"):
        raise malformed(f"#/messages/role: {role} is not a valid enum value")
    blocks = [*_content(message.get("content")), *map(_tool_use, parts_of(message.get("tool_calls")))]
    if messages and messages[-1]["role"] == role:
        messages[-1]["content"] += blocks
    elif blocks:
        messages.append({"role": role, "content": blocks})


def _content(content: Any) -> list[dict[str, Any]]:
    if isinstance(content, str):
        return [{"text": content}] if content.strip() else []
    blocks: list[dict[str, Any]] = []
    for part in parts_of(content):
        if part.get("type") == "text":
            blocks += _content(part.get("text"))
            continue
        url = str(under(part, "image_url").get("url", ""))
        head, comma, data = url.partition(";base64,")
        if part.get("type") != "image_url" or not comma or not head.startswith(_DATA_URL):
            raise invalid(f"The content part {str(part.get('type'))!r} is not supported.")
        blocks.append({"image": {"format": head.removeprefix(_DATA_URL), "source": {"bytes": data}}})
    return blocks


def _tool_use(call: Mapping[str, Any]) -> dict[str, Any]:
    function = under(call, "function")
    try:
        arguments: Any = json_codec.loads(str(function.get("arguments") or "{}"))
    except ValueError:
        raise invalid("The arguments of a tool call are not JSON.") from None
    return {"toolUse": {"toolUseId": call.get("id"), "name": function.get("name"), "input": arguments}}


def _tool_config(given: Mapping[str, Any]) -> dict[str, Any]:
    tools: list[dict[str, Any]] = []
    for tool in parts_of(given["tools"]):
        function = under(tool, "function")
        schema: dict[str, Any] = under(function, "parameters") or {"type": "object", "properties": {}}
        spec = {"name": function.get("name"), "inputSchema": {"json": schema}}
        spec["strict"] = function.get("strict")
        tools.append({"toolSpec": {**spec, "description": function.get("description") or None}})
    choice = given.get("tool_choice")
    config: dict[str, Any] = {"tools": tools}
    if choice == "required":
        config["toolChoice"] = {"any": {}}
    elif isinstance(choice, dict):
        config["toolChoice"] = {"tool": {"name": under(under(given, "tool_choice"), "function").get("name")}}
    return config


def chat_answer(outcome: Outcome, model: str, created: int) -> dict[str, Any]:
    """The chat completion."""
    reply = outcome.reply
    content = "".join(text for _, text in _spoken(outcome))
    message: dict[str, Any] = {"content": content, "refusal": None, "role": "assistant"}
    calls = [_call(block["toolUse"]) for block in reply.content if "toolUse" in block]
    if calls:
        message["tool_calls"] = calls
    choice = {"finish_reason": _finish(outcome), "index": 0, "logprobs": None, "message": message}
    return {
        **guardrail_members(outcome),
        "choices": [choice],
        **_opening(outcome, model, created, "chat.completion"),
        "usage": _usage(outcome),
    }


def chat_chunks(
    outcome: Outcome, model: str, family: Family, created: int, *, usage: bool
) -> Iterator[dict[str, Any]]:
    """The stream: each delta of reasoning has its tags around itself, calls come whole, metrics last."""
    opening = _opening(outcome, model, created, "chat.completion.chunk")

    def chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        return {"choices": [{"delta": delta, "finish_reason": finish, "index": 0}], **opening}

    yield chunk({"content": "", "role": "assistant"})
    for is_reasoning, text in _spoken(outcome):
        yield from (
            chunk({"content": piece}) for piece in ([text] if is_reasoning else text_pieces(text, family))
        )
    calls = [block["toolUse"] for block in outcome.reply.content if "toolUse" in block]
    for number, use in enumerate(calls):
        yield chunk({"tool_calls": [{**_call(use), "index": number}]})
    last = chunk({}, _finish(outcome))
    beside = {**guardrail_members(outcome), **invocation_metrics(outcome)}
    if usage:
        yield last
        yield {"choices": [], **opening, "usage": _usage(outcome), **beside}
    else:
        yield {**last, **beside}


def _spoken(outcome: Outcome) -> Iterator[tuple[bool, str]]:
    """Reasoning in its tags, and text; ``(is reasoning, what stands in the content)``."""
    for block in outcome.reply.content:
        text = text_of(block)
        if text is not None:
            yield False, text
        elif "reasoningContent" in block:
            inner = under(under(block, "reasoningContent"), "reasoningText").get("text", "")
            yield True, f"<reasoning>{inner}</reasoning>"


def _call(use: Mapping[str, Any]) -> dict[str, Any]:
    function = {"arguments": json_text(use["input"]), "name": use["name"]}
    digest = hashlib.sha256(str(use["toolUseId"]).encode()).hexdigest()[:32]
    return {"function": function, "id": f"chatcmpl-tool-{digest}", "type": "function"}


def _finish(outcome: Outcome) -> str:
    return _FINISH.get(outcome.reply.stop_reason, "stop")


def _opening(outcome: Outcome, model: str, created: int, kind: str) -> dict[str, Any]:
    digest = hashlib.sha256(repr(outcome.reply.content).encode()).hexdigest()
    identity = "-".join((digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:32]))
    return {
        "created": created,
        "id": f"chatcmpl-{identity}",
        "model": model,
        "object": kind,
        "service_tier": "auto",
    }


def _usage(outcome: Outcome) -> dict[str, int]:
    tokens, output = outcome.usage["inputTokens"], outcome.usage["outputTokens"]
    return {"completion_tokens": output, "prompt_tokens": tokens, "total_tokens": tokens + output}
