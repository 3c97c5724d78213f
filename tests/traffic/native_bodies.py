"""Recorded InvokeModel bodies read independently of the code under test: what they ask, and what they say.

Rules by which a recorded body and one that is built again count as equal:

- content that is one string is a list of one text block (Messages allows both; also in tool results and
  ``system``);
- the order of members says nothing.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode
from typing import Any

from bedrock_unified.converse.events import ChunkEvents

from .recordings import Exchange

Body = dict[str, Any]
_HEADER = re.compile(r"<\|start_header_id\|>(\w+)<\|end_header_id\|>\n\n(.*?)(?:<\|eot_id\|>|$)", re.DOTALL)


def family_of(exchange: Exchange) -> str | None:
    """The family of an answered InvokeModel exchange by the form of its body, None if it has no family.

    Prompts of Claude's former text completions and of Cohere's former Command are no conversations.
    """
    request = exchange.request
    if exchange.status != 200 or not exchange.operation.startswith("InvokeModel"):
        return None
    model = str(exchange.model_id)
    if "anthropic." in model and "messages" in request:
        return "anthropic"
    if model.startswith("openai."):
        return "openai"
    if model.startswith("meta."):
        return "meta"
    return "cohere" if model.startswith("cohere.command-r") else None


def chunks(exchange: Exchange) -> list[Body]:
    """The native chunks of a recorded stream."""
    return [json.loads(event["chunk"]["bytes"]) for event in ChunkEvents().feed(exchange.body)]


# What an answer says: the same few facts, read from the native body and from Converse's response


def facts_of_converse(response: Body) -> Body:
    """Text, reasoning, calls, stop reason and tokens of a Converse response."""
    said: Body = {"text": "", "reasoning": [], "calls": [], "stop": response["stopReason"]}
    for block in response["output"]["message"]["content"]:
        if "text" in block:
            said["text"] += block["text"]
        elif "toolUse" in block:
            use = block["toolUse"]
            said["calls"].append((use["toolUseId"], use["name"], use["input"]))
        else:
            told = block["reasoningContent"]["reasoningText"]
            said["reasoning"].append((told["text"], told.get("signature")))
    usage = response["usage"]
    said["tokens"] = (usage["inputTokens"], usage["outputTokens"])
    said["cached"] = (usage.get("cacheReadInputTokens"), usage.get("cacheWriteInputTokens"))
    said["total"] = usage["totalTokens"]
    said["latency"] = response.get("metrics", {}).get("latencyMs")
    return said


def facts_of_native(family: str, body: Body, headers: dict[str, str]) -> Body:
    """The same of a native body, and of the headers beside it."""
    told = {name.lower().removeprefix("x-amzn-bedrock-"): value for name, value in headers.items()}
    said: Body = {"text": "", "reasoning": [], "calls": [], "cached": (None, None)}
    if family == "anthropic":
        _claude(body, said)
    elif family == "openai":
        _openai(body, said)
    elif family == "meta":
        said["text"] = body["generation"]
        said["stop"] = {"stop": "end_turn", "length": "max_tokens"}[body["stop_reason"]]
        said["tokens"] = (body["prompt_token_count"], body["generation_token_count"])
    else:
        said["text"] = body["text"]
        words = {"COMPLETE": "end_turn", "MAX_TOKENS": "max_tokens", "STOP_SEQUENCE": "stop_sequence"}
        said["stop"] = words[body["finish_reason"]]
        said["tokens"] = (int(told["input-token-count"]), int(told["output-token-count"]))
    if body.get("amazon-bedrock-guardrailAction") == "INTERVENED":
        said["stop"] = "guardrail_intervened"
    said["total"] = sum(said["tokens"]) + sum(number or 0 for number in said["cached"])
    said["latency"] = int(told["invocation-latency"]) if "invocation-latency" in told else None
    return said


def _claude(body: Body, said: Body) -> None:
    for block in body["content"]:
        if block["type"] == "text":
            said["text"] += block["text"]
        elif block["type"] == "tool_use":
            said["calls"].append((block["id"], block["name"], block["input"]))
        else:
            said["reasoning"].append((block["thinking"], block["signature"]))
    said["stop"] = body["stop_reason"]
    usage = body["usage"]
    said["tokens"] = (usage["input_tokens"], usage["output_tokens"])
    said["cached"] = (usage.get("cache_read_input_tokens"), usage.get("cache_creation_input_tokens"))


def _openai(body: Body, said: Body) -> None:
    (choice,) = body["choices"]
    content = choice["message"]["content"]
    found = re.findall(r"<reasoning>(.*?)</reasoning>", content, re.DOTALL)
    said["reasoning"] = [("".join(found), None)] if found else []
    said["text"] = re.sub(r"<reasoning>.*?</reasoning>", "", content, flags=re.DOTALL)
    for call in choice["message"].get("tool_calls", []):
        function = call["function"]
        said["calls"].append((call["id"], function["name"], json.loads(function["arguments"])))
    words = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use"}
    said["stop"] = words[choice["finish_reason"]]
    said["tokens"] = (body["usage"]["prompt_tokens"], body["usage"]["completion_tokens"])


# What a stream says: its chunks put together as the family's own clients do


def assembled(family: str, parts: list[Body]) -> tuple[Body, dict[str, str]]:
    """The body that the same call would have answered without streaming, and its headers."""
    last = next((part for part in parts if "amazon-bedrock-invocationMetrics" in part), None)
    if last is None:  # what a guardrail has blocked has none
        return _claude_message(parts), {}
    told = last["amazon-bedrock-invocationMetrics"]
    headers = {
        "x-amzn-bedrock-input-token-count": str(told["inputTokenCount"]),
        "x-amzn-bedrock-output-token-count": str(told["outputTokenCount"]),
        "x-amzn-bedrock-invocation-latency": str(told["invocationLatency"]),
    }
    if family == "anthropic":
        return _claude_message(parts), headers
    if family == "openai":
        return _openai_completion(parts, told), headers
    if family == "meta":
        return {
            "generation": "".join(part["generation"] for part in parts),
            "stop_reason": parts[-1]["stop_reason"],
            "prompt_token_count": told["inputTokenCount"],
            "generation_token_count": told["outputTokenCount"],
        }, headers
    text = "".join(part["text"] for part in parts if part["event_type"] == "text-generation")
    return {"text": text, "finish_reason": parts[-1]["finish_reason"]}, headers


def _claude_message(parts: list[Body]) -> Body:
    message: Body = {}
    inputs: dict[int, str] = {}
    for part in parts:
        if part["type"] == "message_start":
            message = {**part["message"], "content": []}
        elif part["type"] == "content_block_start":
            message["content"].append(dict(part["content_block"]))
        elif part["type"] == "content_block_delta":
            block, delta = message["content"][part["index"]], dict(part["delta"])
            if delta.pop("type") == "input_json_delta":
                inputs[part["index"]] = inputs.get(part["index"], "") + delta["partial_json"]
            else:
                for name, piece in delta.items():
                    block[name] += piece
        elif part["type"] == "message_delta":
            message["stop_reason"] = part["delta"]["stop_reason"]
            message["usage"] = {**message["usage"], **part.get("usage", {})}
        elif part["type"] == "message_stop":
            message.update({name: value for name, value in part.items() if name != "type"})
    for index, text in inputs.items():
        message["content"][index]["input"] = json.loads(text or "{}")
    return message


def _openai_completion(parts: list[Body], told: Body) -> Body:
    content, calls, finish = "", [], None
    for part in parts:
        for choice in part["choices"]:
            content += choice["delta"].get("content", "")
            calls += choice["delta"].get("tool_calls", [])
            finish = choice["finish_reason"] or finish
    usage = {"prompt_tokens": told["inputTokenCount"], "completion_tokens": told["outputTokenCount"]}
    message = {"content": content, "tool_calls": calls}
    return {"choices": [{"message": message, "finish_reason": finish}], "usage": usage}


# What a request asks, as a Converse request


def as_converse(family: str, exchange: Exchange) -> Body | None:
    """The Converse request that asks the same; None where a prompt is no conversation."""
    given = dict(exchange.request)
    request: Body = {"modelId": exchange.model_id, "inferenceConfig": {}}
    for theirs, ours in (
        ("max_tokens", "maxTokens"),
        ("max_gen_len", "maxTokens"),
        ("temperature", "temperature"),
        ("top_p", "topP"),
        ("p", "topP"),
        ("stop_sequences", "stopSequences"),
    ):
        if theirs in given:
            request["inferenceConfig"][ours] = given.pop(theirs)
    if family == "anthropic":
        _from_messages(given, request)
    elif family == "openai":
        _from_chat(given, request)
    elif family == "meta":
        turns = _HEADER.findall(given.pop("prompt"))
        if not turns:
            return None
        request["messages"] = [_turn(role, text) for role, text in turns if text]
    else:
        request["messages"] = [_turn("user", given.pop("message"))]
    if given:
        request["additionalModelRequestFields"] = given
    return request


def canonical(family: str, body: Body) -> Body:
    """A body by the rules above."""
    if family != "anthropic":
        return body
    said = json.loads(json.dumps(body))
    if isinstance(said.get("system"), str):
        said["system"] = [{"type": "text", "text": said["system"]}]
    for message in said["messages"]:
        message["content"] = _listed(message["content"])
        for block in message["content"]:
            if block["type"] == "tool_result":
                block["content"] = _listed(block["content"])
    return said


def _listed(content: Any) -> Any:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _turn(role: str, text: str) -> Body:
    return {"role": role, "content": [{"text": text}]}


def _from_messages(given: Body, request: Body) -> None:
    given.pop("anthropic_version")
    if "system" in given:
        request["system"] = [_converse_block(block) for block in _listed(given.pop("system"))]
    request["messages"] = [
        {"role": message["role"], "content": _with_points(_listed(message["content"]))}
        for message in given.pop("messages")
    ]
    if "tools" in given:
        specs = [
            {
                "name": tool["name"],
                "description": tool["description"],
                "inputSchema": {"json": tool["input_schema"]},
            }
            for tool in given.pop("tools")
        ]
        config: Body = {"tools": [{"toolSpec": spec} for spec in specs]}
        request["toolConfig"] = config
    if "tool_choice" in given:
        choice = given.pop("tool_choice")
        kind = choice.pop("type") if (choice := dict(choice)) else ""
        request["toolConfig"]["toolChoice"] = {kind: choice}


def _with_points(blocks: list[Body]) -> list[Body]:
    content: list[Body] = []
    for block in blocks:
        content.append(_converse_block(block))
        if "cache_control" in block:
            content.append({"cachePoint": {"type": "default"}})
    return content


def _converse_block(block: Body) -> Body:
    match block["type"]:
        case "text":
            return {"text": block["text"]}
        case "thinking":
            told = {"text": block["thinking"], "signature": block["signature"]}
            return {"reasoningContent": {"reasoningText": told}}
        case "tool_use":
            return {"toolUse": {"toolUseId": block["id"], "name": block["name"], "input": block["input"]}}
        case "tool_result":
            parts = [_converse_block(part) for part in _listed(block["content"])]
            return {"toolResult": {"toolUseId": block["tool_use_id"], "content": parts}}
        case "image" | "document" as kind:
            media_type = block["source"]["media_type"].rpartition("/")[2]
            source = {"bytes": b64decode(block["source"]["data"])}
            return {kind: {"format": media_type, "source": source}}
        case other:
            raise AssertionError(f"a recorded block of the type {other}")


def _from_chat(given: Body, request: Body) -> None:
    given.pop("model")
    messages: list[Body] = []
    for message in given.pop("messages"):
        if message["role"] == "system":
            request["system"] = [{"text": message["content"]}]
        elif message["role"] == "tool":
            result = {"toolUseId": message["tool_call_id"], "content": [{"text": message["content"]}]}
            messages.append({"role": "user", "content": [{"toolResult": result}]})
        else:
            turn = _turn(message["role"], message["content"])
            for call in message.get("tool_calls", []):
                function = call["function"]
                arguments = json.loads(function["arguments"])
                use = {"toolUseId": call["id"], "name": function["name"], "input": arguments}
                turn["content"].append({"toolUse": use})
            messages.append(turn)
    request["messages"] = messages
    if "tools" in given:
        functions = [tool["function"] for tool in given.pop("tools")]
        specs = [
            {
                "name": function["name"],
                "description": function["description"],
                "inputSchema": {"json": function["parameters"]},
            }
            for function in functions
        ]
        config: Body = {"tools": [{"toolSpec": spec} for spec in specs]}
        request["toolConfig"] = config
    if "tool_choice" in given:
        name = given.pop("tool_choice")["function"]["name"]
        request["toolConfig"]["toolChoice"] = {"tool": {"name": name}}
