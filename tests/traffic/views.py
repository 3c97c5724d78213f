"""One comparable form for the answers of botocore, of the client and of both adapters."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from .recordings import Exchange, Failure

Block = dict[str, Any]


@dataclass(slots=True)
class Answer:
    """What an exchange says.

    Attributes:
        text: all text, that of cited passages included, in order.
        tool_calls: the calls that the caller must execute: (id, name, input).
        server_tools: calls and results of tools that AWS executed, as Converse blocks.
        reasoning: (text, signature, redacted bytes), one for each block.
        citations: as Bedrock's, in order.
        usage: Bedrock's own meaning: ``input`` leaves out what the cache read and wrote.
        error: (code, message).
    """

    text: str = ""
    tool_calls: list[tuple[str, str, Any]] = field(default_factory=list)
    server_tools: list[Block] = field(default_factory=list)
    reasoning: list[tuple[str | None, str | None, bytes | None]] = field(default_factory=list)
    citations: list[Any] = field(default_factory=list)
    stop_reason: str | None = None
    usage: dict[str, int] = field(default_factory=dict)
    error: tuple[str, str] | None = None

    def differences(self, said: Answer) -> list[str]:
        """Where another answer says something else, named by field."""
        return [
            f"{entry.name}: {getattr(said, entry.name)!r:.400} instead of {getattr(self, entry.name)!r:.400}"
            for entry in fields(self)
            if getattr(self, entry.name) != getattr(said, entry.name)
        ]


def answer_of(response: Mapping[str, Any]) -> Answer:
    """The answer in a Converse response of boto3's shape."""
    answer = Answer(stop_reason=response.get("stopReason"), usage=usage_of(response.get("usage")))
    for block in response["output"]["message"]["content"]:
        add_block(answer, block)
    return answer


def add_block(answer: Answer, block: Block) -> None:
    """Take one Converse content block into the answer.

    Raises:
        ValueError: a kind of block that this comparison would overlook.
    """
    match block:
        case {"text": str(text)}:
            answer.text += text
        case {"toolUse": {"type": "server_tool_use"}} | {"toolResult": _}:
            answer.server_tools.append(without_type(block))
        case {"toolUse": call}:
            answer.tool_calls.append((call["toolUseId"], call["name"], call["input"]))
        case {"reasoningContent": {"redactedContent": bytes(redacted)}}:
            answer.reasoning.append((None, None, redacted))
        case {"reasoningContent": {"reasoningText": thought}}:
            answer.reasoning.append((thought["text"], thought.get("signature"), None))
        case {"citationsContent": cited}:
            answer.text += "".join(part["text"] for part in cited.get("content", ()))
            answer.citations += cited["citations"]
        case _:
            raise ValueError(f"a block of a kind that is not compared: {block!r:.200}")


def without_type(block: Block) -> Block:
    """A server tool's block without ``type``, which the kind of the block already says."""
    return {
        kind: {name: value for name, value in members.items() if name != "type"}
        for kind, members in block.items()
    }


def usage_of(usage: Mapping[str, Any] | None) -> dict[str, int]:
    """Bedrock's counts; the cache's are zero where it says nothing."""
    if not usage:
        return {}
    return {
        "input": usage["inputTokens"],
        "output": usage["outputTokens"],
        "total": usage["totalTokens"],
        "cache_read": usage.get("cacheReadInputTokens", 0),
        "cache_write": usage.get("cacheWriteInputTokens", 0),
    }


def failed(code: str | None, message: str) -> Answer:
    """The answer that is an error."""
    return Answer(error=(str(code), message))


def oracle_answer(exchange: Exchange) -> Answer:
    """What botocore says."""
    error: Failure | None = exchange.oracle.error
    if error is not None:
        return failed(error.code, error.message)
    if exchange.streams:
        return answer_of(joined(exchange.oracle.events))
    return answer_of(exchange.oracle.parsed)


def joined(events: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Converse events as the response they add up to; blobs may be bytes or base64 text."""
    response: dict[str, Any] = {"output": {"message": {"role": None, "content": []}}}
    started: dict[int, Block] = {}
    deltas: dict[int, list[Block]] = {}
    for event in events:
        ((kind, members),) = event.items()
        if kind == "messageStart":
            response["output"]["message"]["role"] = members["role"]
        elif kind == "contentBlockStart":
            started[members["contentBlockIndex"]] = members["start"]
        elif kind == "contentBlockDelta":
            deltas.setdefault(members["contentBlockIndex"], []).append(members["delta"])
        elif kind in ("messageStop", "metadata"):
            response |= members
        elif kind != "contentBlockStop":
            raise ValueError(f"an event of a kind that is not compared: {event!r:.200}")
    content = response["output"]["message"]["content"]
    content += [_joined_block(started.get(index, {}), deltas[index]) for index in sorted(deltas)]
    return response


def _joined_block(start: Block, deltas: list[Block]) -> Block:
    texts = [delta["text"] for delta in deltas if "text" in delta]
    citations = [delta["citation"] for delta in deltas if "citation" in delta]
    thoughts = [delta["reasoningContent"] for delta in deltas if "reasoningContent" in delta]
    if "toolUse" in start:
        text = "".join(delta["toolUse"]["input"] for delta in deltas)
        return {"toolUse": {**start["toolUse"], "input": json.loads(text) if text else {}}}
    if "toolResult" in start:
        content = [part for delta in deltas for part in delta["toolResult"]]
        return {"toolResult": {**start["toolResult"], "content": content}}
    if citations:
        cited: Block = {"citations": citations}
        return {"citationsContent": {**cited, "content": [{"text": "".join(texts)}]} if texts else cited}
    if thoughts:
        return {"reasoningContent": _joined_thought(thoughts)}
    if len(texts) != len(deltas):
        raise ValueError(f"deltas of a kind that is not compared: {deltas!r:.200}")
    return {"text": "".join(texts)}


def _joined_thought(thoughts: list[Block]) -> Block:
    if any("redactedContent" in thought for thought in thoughts):
        (only,) = thoughts
        return only
    thought = {"text": "".join(part.get("text", "") for part in thoughts)}
    signature = "".join(part.get("signature", "") for part in thoughts)
    return {"reasoningText": {**thought, "signature": signature} if signature else thought}
