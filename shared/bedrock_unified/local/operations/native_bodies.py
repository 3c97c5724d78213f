"""What the conversations of InvokeModel share: Converse's parameters, a guardrail's tags and its word."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, cast

from bedrock_unified.wire import json_codec

from ..problems import invalid
from ..protocol.frames import json_bytes
from ..protocol.parameters import read_parameters
from ..protocol.service_models import RUNTIME, operation_model
from ..shapes import as_object, listed, under
from .body_rules import checked_members, malformed
from .converse import Outcome

GUARDRAIL_CONFIG = "amazon-bedrock-guardrailConfig"
_QUALIFIERS = {"guardContent": "guard_content", "groundingSource": "grounding_source", "query": "query"}


def json_object(body: bytes) -> dict[str, Any]:
    """The members of a body; raises AWS's ValidationException where it has none."""
    try:
        value: Any = json_codec.loads(body)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise invalid("Malformed input request, please reformat your input and try again.")
    return cast("dict[str, Any]", value)


def checked_body(body: bytes, members: Mapping[str, type[Any]], numbers: frozenset[str]) -> dict[str, Any]:
    """The members of a body that may have these alone, ``numbers`` with or without a fraction."""
    given = json_object(body)
    for name in numbers & set(given):
        if isinstance(given[name], bool) or not isinstance(given[name], int | float):
            raise malformed(f"#/{name}: expected type: Number, found: {type(given[name]).__name__}")
    checked_members({name: value for name, value in given.items() if name not in numbers}, members)
    return given


def converse_parameters(wire: dict[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Converse's JSON as the parameters of a call, checked by Converse's own shapes.

    ``given`` is the native body: what its guardrail's tags mark in a text becomes ``guardContent``.
    """
    suffix = under(given, GUARDRAIL_CONFIG).get("tagSuffix")
    if suffix is not None:
        if not isinstance(suffix, str) or not re.fullmatch(r"[A-Za-z0-9]{1,20}", suffix):
            raise malformed(
                f"#/{GUARDRAIL_CONFIG}/tagSuffix: {suffix!r:.60} is not 1 to 20 letters and digits"
            )
        for message in listed(wire, "messages"):
            message["content"] = _with_marks(listed(message, "content"), suffix)
        if "system" in wire:
            wire["system"] = _with_marks(listed(wire, "system"), suffix)
    return read_parameters(operation_model(RUNTIME, "Converse"), {"modelId": "any"}, "", {}, json_bytes(wire))


def _with_marks(blocks: list[dict[str, Any]], suffix: str) -> list[dict[str, Any]]:
    tag = re.compile(
        rf"<amazon-bedrock-guardrails-({'|'.join(_QUALIFIERS)})_{suffix}>(.*?)"
        rf"</amazon-bedrock-guardrails-\1_{suffix}>",
        re.DOTALL,
    )
    marked: list[dict[str, Any]] = []
    for block in blocks:
        text = block.get("text")
        if not isinstance(text, str):
            marked.append(block)
            continue
        at = 0
        for found in tag.finditer(text):
            marked += [{"text": text[at : found.start()]}] if text[at : found.start()].strip() else []
            qualifiers, inner = [_QUALIFIERS[found.group(1)]], found.group(2)
            while nested := tag.fullmatch(inner):
                qualifiers.append(_QUALIFIERS[nested.group(1)])
                inner = nested.group(2)
            only_marked = qualifiers == ["guard_content"]
            guarded = {"text": inner, **({} if only_marked else {"qualifiers": qualifiers})}
            marked.append({"guardContent": {"text": guarded}})
            at = found.end()
        marked += [{"text": text[at:]}] if text[at:].strip() or not at else []
    return marked


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


def is_blocked(outcome: Outcome) -> bool:
    """Whether no model was asked: AWS then tells neither latency nor tokens beside the body (recorded)."""
    return outcome.guarded and not outcome.usage["totalTokens"]


def invocation_metrics(outcome: Outcome) -> dict[str, Any]:
    """Bedrock's own member of a stream's last chunk; none where the guardrail let nothing through."""
    if is_blocked(outcome):
        return {}
    metrics = {
        "inputTokenCount": outcome.usage["inputTokens"],
        "outputTokenCount": outcome.usage["outputTokens"],
        "invocationLatency": outcome.latency_ms,
        "firstByteLatency": outcome.latency_ms,
    }
    if outcome.usage.get("cacheReadInputTokens") or outcome.usage.get("cacheWriteInputTokens"):
        metrics["cacheReadInputTokenCount"] = outcome.usage.get("cacheReadInputTokens", 0)
        metrics["cacheWriteInputTokenCount"] = outcome.usage.get("cacheWriteInputTokens", 0)
    return {"amazon-bedrock-invocationMetrics": metrics}


def text_of(block: Mapping[str, Any]) -> str | None:
    """The text of a reply's block, cited or not; None where it is no text."""
    if "citationsContent" in block:
        return "".join(str(part["text"]) for part in listed(under(block, "citationsContent"), "content"))
    return str(block["text"]) if "text" in block else None


def parts_of(content: Any) -> list[dict[str, Any]]:
    """The objects of a list."""
    return [as_object(part) for part in cast("list[Any]", content)] if isinstance(content, list) else []
