"""InvokeGuardrailChecks: scores for the checks a request names, by rules simple enough to state here.

A category of the content filter, or of prompt attacks, scores 0.8 where one of its phrases below stands in
the messages, else 0.0. Personal data is found by the patterns of the local guardrails
(:mod:`bedrock_unified.local.guardrails`), with a confidence of 1.0; kinds without a pattern are never found.
AWS's model does something better. No exchange of this operation is recorded: its form is the service
model's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..guardrails import TEXT_UNIT, phrases_in
from ..problems import invalid
from ..protocol.answers import Call, JsonAnswer
from ..shapes import listed, under
from ..state import State

_SEVERE = 0.8
_MOST_ENTITIES = 1000
"""So many findings of personal data are told, as at AWS (the user guide); more make it ``truncated``."""

PHRASES: Mapping[str, tuple[str, ...]] = {
    "VIOLENCE": ("kill", "stab", "build a bomb"),
    "HATE": ("vermin", "subhuman"),
    "SEXUAL": ("pornography", "nude"),
    "MISCONDUCT": ("launder money", "counterfeit", "pick a lock"),
    "INSULTS": ("idiot", "moron", "stupid"),
    "JAILBREAK": ("you have no rules", "pretend to be evil", "developer mode"),
    "PROMPT_INJECTION": ("ignore all previous instructions", "ignore the instructions above"),
    "PROMPT_LEAKAGE": ("reveal your system prompt", "print your instructions"),
}


def invoke_guardrail_checks(call: Call, state: State) -> JsonAnswer:
    """The scores, in the order the request asks for them, and the text units of each check.

    The words that refuse a request without a check are ours.
    """
    texts = [
        (at, place, str(block.get("text", "")))
        for at, message in enumerate(listed(call.params, "messages"))
        for place, block in enumerate(listed(message, "content"))
    ]
    checks = under(call.params, "checks")
    if not checks:
        raise invalid("At least one check must be provided.")
    results: dict[str, Any] = {}
    whole = "\n".join(text for _, _, text in texts)
    for check in ("contentFilter", "promptAttack"):
        if check in checks:
            asked = [entry["category"] for entry in listed(checks[check], "categories")]
            results[check] = {
                "results": [{"category": name, "severityScore": _severity(name, whole)} for name in asked]
            }
    if "sensitiveInformation" in checks:
        asked = [entry["type"] for entry in listed(checks["sensitiveInformation"], "entities")]
        patterns = state.guardrails.personal_data
        found = [entity for kind in asked for entity in _entities(kind, patterns.get(kind, ()), texts)]
        results["sensitiveInformation"] = {
            "results": found[:_MOST_ENTITIES],
            "truncated": len(found) > _MOST_ENTITIES,
        }
    units = -(-sum(len(text) for _, _, text in texts) // TEXT_UNIT)
    return JsonAnswer({"results": results, "usage": {check: {"textUnits": units} for check in results}})


def _severity(category: str, text: str) -> float:
    return _SEVERE if phrases_in(PHRASES[category], text) else 0.0


def _entities(
    kind: str, patterns: tuple[str, ...], texts: list[tuple[int, int, str]]
) -> Iterator[dict[str, Any]]:
    for at, place, text in texts:
        for pattern in patterns:
            for match in re.finditer(pattern, text):
                yield {
                    "type": kind,
                    "confidenceScore": 1.0,
                    "beginOffset": match.start(),
                    "endOffset": match.end(),
                    "messageIndex": at,
                    "contentIndex": place,
                }
