"""An answer without what a guardrail objected to.

A trace quotes what matched, and ``modelOutput`` in it is what the model said before it was blocked or masked:
whoever logs or stores such an answer stores the very text that the guardrail was to keep back.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, cast

#: What stands for text that has no better name.
REDACTED = "[redacted]"
_ACTED = ("BLOCKED", "ANONYMIZED")
#: Members of automated reasoning that repeat the judged text, or what it says.
_QUOTES = ("text", "naturalLanguage", "logic")
#: Members of content blocks that are names, not content.
_NOT_CONTENT = ("toolUseId", "name", "type", "status", "format", "signature")


def redacted(response: dict[str, Any], *, intervened: bool) -> dict[str, Any]:
    """The answer, redacted; the argument is not changed.

    In the trace (or ApplyGuardrail's assessments) every matched value becomes its kind in braces
    (``{EMAIL}``, as Bedrock masks it; ``{custom_word}``), also where the guardrail only detected it;
    ``modelOutput`` and what automated reasoning quotes are taken out. The rest of it (policies, kinds,
    scores, actions, counts) stays.

    In an answer that was intervened in, values that a policy blocked or masked are replaced in the same way
    in text, citations and tool input, wherever an asynchronous stream let them through; and reasoning is left
    out, for nothing tells that guardrails read it. Bedrock's own blocked message and masks stay. Without a
    trace the values are not known, and only reasoning is taken out.

    Args:
        response: an answer of Converse or ApplyGuardrail, or a stream's ``metadata`` event.
        intervened: whether the guardrail did anything.
    """
    if isinstance(response.get("metadata"), dict):
        return {**response, "metadata": redacted(response["metadata"], intervened=intervened)}
    result = dict(response)
    values: dict[str, str] = {}
    if isinstance(response.get("assessments"), list):
        result["assessments"] = _hidden(response["assessments"], "", values)
    trace: Any = response.get("trace")
    told: Any = cast("Mapping[str, Any]", trace).get("guardrail") if isinstance(trace, Mapping) else None
    if isinstance(told, Mapping):
        given = cast("Mapping[str, Any]", told)
        kept = {name: value for name, value in given.items() if name != "modelOutput"}
        result["trace"] = {**trace, "guardrail": _hidden(kept, "", values)}
    output: Any = response.get("output")
    if intervened and isinstance(output, Mapping) and "message" in output:
        message = cast("dict[str, Any]", output["message"])
        content = [block for block in message["content"] if "reasoningContent" not in block]
        replaced = _Replacing(values).value(content)
        result["output"] = {**output, "message": {**message, "content": replaced}}
    return result


def _hidden(value: Any, within: str, values: dict[str, str]) -> Any:
    """A part of a trace without quotations; what matched and was acted on is noted in ``values``."""
    if isinstance(value, list):
        return [_hidden(item, within, values) for item in cast("list[Any]", value)]
    if not isinstance(value, Mapping):
        return value
    entry = cast("Mapping[str, Any]", value)
    hidden: dict[str, Any] = {}
    for name, item in entry.items():
        if name == "match" and isinstance(item, str) and item:
            hidden[name] = _mask(entry, within)
            if entry.get("action") in _ACTED:
                values.setdefault(item, hidden[name])
        elif within == "automatedReasoningPolicy" and name in _QUOTES and isinstance(item, str):
            hidden[name] = REDACTED
        elif within == "automatedReasoningPolicy":
            hidden[name] = _hidden(item, within, values)
        else:
            hidden[name] = _hidden(item, name, values)
    return hidden


def _mask(entry: Mapping[str, Any], group: str) -> str:
    kind = entry.get("name") or entry.get("type") or {"customWords": "custom_word"}.get(group, "regex")
    return f"{{{kind}}}"


class _Replacing:
    """Replaces values in content, the longest first."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values
        longest = sorted(values, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest))) if values else None

    def value(self, value: Any) -> Any:
        if self._pattern is None:
            return value
        if isinstance(value, str):
            return self._pattern.sub(lambda found: self._values[found.group()], value)
        if isinstance(value, list):
            return [self.value(item) for item in cast("list[Any]", value)]
        if isinstance(value, Mapping):
            members = cast("Mapping[str, Any]", value)
            return {n: item if n in _NOT_CONTENT else self.value(item) for n, item in members.items()}
        return value
