"""InvokeGuardrailChecks as a guardrail: what is asked for, and what scores of a threshold or more do.

Bedrock's answer has scores and places alone; that they block or mask is decided here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from bedrock_unified.converse.assessment import Finding, GuardrailOutcome, guardrail_outcome
from bedrock_unified.converse.outcome import Side

#: From which score a finding counts where nothing else is said. Severities are 0, 0.2, 0.4 … 1.0.
THRESHOLD = 0.5
BLOCKED = "This content was blocked by a guardrail check."

#: A check → the list of its kinds, and a kind's name in it.
_KINDS = {
    "contentFilter": ("categories", "category"),
    "promptAttack": ("categories", "category"),
    "sensitiveInformation": ("entities", "type"),
}
#: Stands in a text for what was cut out.
_MASK = "{{{}}}"

Thresholds = float | Mapping[str, float]


def checks_member(checks: Mapping[str, Any]) -> dict[str, Any]:
    """The ``checks`` member of a request; a list of kinds stands for AWS's own dict."""
    return {
        name: {_KINDS[name][0]: [{_KINDS[name][1]: kind} for kind in given]}
        if isinstance(given, (list, tuple))
        else given
        for name, given in checks.items()
    }


def kinds_of(checks: Mapping[str, Any]) -> list[str]:
    """The categories and types that are asked for."""
    return [
        str(entry.get("category") or entry.get("type"))
        for given in checks_member(checks).values()
        for entries in given.values()
        for entry in entries
    ]


def checks_problem(checks: Mapping[str, Any], threshold: Thresholds) -> tuple[str, str] | None:
    """What cannot work in them, and the way out."""
    shape = (
        "give checks={'contentFilter': ['VIOLENCE', …], 'promptAttack': [...], 'sensitiveInformation': [...]}"
    )
    if not checks:
        return "checks is empty: nothing would be looked for", shape
    for name, given in checks.items():
        if isinstance(given, (list, tuple)) and name not in _KINDS:
            return f"there is no check {name!r:.80}", f"checks are {', '.join(_KINDS)}"
        if not given or not isinstance(given, (list, tuple, Mapping)):
            return f"checks[{name!r:.80}] is {given!r:.80}", shape
    try:
        kinds = kinds_of(checks)
    except (AttributeError, TypeError):
        return f"checks is {checks!r:.200}, which is not InvokeGuardrailChecks' shape", shape
    if isinstance(threshold, Mapping):
        unasked = [kind for kind in threshold if kind not in kinds]
        if unasked:
            return (
                f"threshold names {unasked[0]!r:.80}, which checks does not look for",
                f"checks looks for {', '.join(kinds)}",
            )
    values = threshold.values() if isinstance(threshold, Mapping) else [threshold]
    for value in values:
        if not 0 < value <= 1:
            return f"threshold is {value!r:.80}", "a score is from 0 to 1, and 0 is that of harmless text"
    return None


def checks_outcome(
    answer: Mapping[str, Any], texts: Sequence[str], *, side: Side, threshold: Thresholds, message: str
) -> GuardrailOutcome | None:
    """The outcome of one message's checks.

    Categories of a threshold or more block the message; personal data is masked where it stands, or blocks,
    too, where not all of its places are told. Offsets count characters (inferred: AWS does not say of what).

    Args:
        texts: the message's texts, as they were sent.
        message: stands for what is blocked.
    """
    told = guardrail_outcome(answer)
    if told is None:
        return None
    cut = bool(answer["results"].get("sensitiveInformation", {}).get("truncated"))
    findings = tuple(_decided(finding, texts, side, threshold, cut) for finding in told.findings)
    outputs: tuple[str, ...] = ()
    acted = {finding.action for finding in findings} - {"NONE"}
    if "BLOCKED" in acted:
        outputs = (message,)
    elif acted:
        outputs = tuple(_masked(text, index, findings) for index, text in enumerate(texts))
    return replace(told, intervened=bool(acted), findings=findings, outputs=outputs)


def _decided(finding: Finding, texts: Sequence[str], side: Side, threshold: Thresholds, cut: bool) -> Finding:
    limit = threshold.get(finding.kind, THRESHOLD) if isinstance(threshold, Mapping) else threshold
    score = finding.confidence if finding.span is not None else finding.score
    detected = isinstance(score, (int, float)) and score >= limit
    action = "NONE"
    if detected:
        span = finding.span
        maskable = (
            span is not None
            and not cut
            and span.message == 0
            and 0 <= span.content < len(texts)
            and 0 <= span.begin < span.end <= len(texts[span.content])
        )
        action = "ANONYMIZED" if maskable else "BLOCKED"
    return replace(finding, action=action, detected=detected, side=side, threshold=limit)


def _masked(text: str, index: int, findings: Sequence[Finding]) -> str:
    """The text with each place's kind in braces; of places that overlap, the first one's."""
    places = sorted(
        (finding.span.begin, finding.span.end, finding.kind)
        for finding in findings
        if finding.action == "ANONYMIZED" and finding.span is not None and finding.span.content == index
    )
    pieces: list[str] = []
    at = 0
    for begin, end, kind in places:
        if begin >= at:
            pieces += [text[at:begin], _MASK.format(kind)]
        at = max(at, end)
    return "".join([*pieces, text[at:]])
