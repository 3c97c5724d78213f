"""The outcome of any answer that a guardrail looked at, and what its caller wants done about it.

Read are the answers of Converse (``trace.guardrail``), the ``metadata`` event of its stream, InvokeModel
(``amazon-bedrock-trace``), ApplyGuardrail and InvokeGuardrailChecks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

from ..errors import ConfigurationError, GuardrailIntervened
from ..wire import json_codec
from .guardrail import INTERVENED, native_outcome
from .outcome import AppliedGuardrail, Coverage, Finding, GuardrailOutcome, Side, Span
from .redaction import redacted

__all__ = [
    "ACTIONS",
    "AppliedGuardrail",
    "Coverage",
    "Finding",
    "GuardrailOutcome",
    "Span",
    "apply_action",
    "guardrail_outcome",
    "intervention",
]

ACTIONS = ("return", "raise", "redact")

_POLICY = "Policy"
#: The order in which policies are told, whatever order the answer has them in; newer ones come last.
_ORDER = (
    "topicPolicy",
    "contentPolicy",
    "wordPolicy",
    "sensitiveInformationPolicy",
    "contextualGroundingPolicy",
    "automatedReasoningPolicy",
)
_WORD_STARTS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
#: What an entry is called that has neither a name nor a type.
_NAMELESS = {"customWords": "custom_word", "regexes": "regex"}
#: Findings of automated reasoning that speak against the text.
_AGAINST = ("invalid", "impossible")
#: The checks of InvokeGuardrailChecks → the policy each of them is part of.
_CHECKS = {
    "contentFilter": "content",
    "promptAttack": "prompt_attack",
    "sensitiveInformation": "sensitive_information",
}
#: An assessment, the side it is of, and the guardrail's id as the trace names it.
_Assessment = tuple[Side | None, str | None, Mapping[str, Any]]


def guardrail_outcome(response: Mapping[str, Any], *, side: Side | None = None) -> GuardrailOutcome | None:
    """The outcome an answer tells of; None where it tells of no guardrail.

    Args:
        response: an answer of Converse, a ``metadata`` event (or what is in it), an answer of InvokeModel
            (its ``body`` as bytes, or read), of ApplyGuardrail, or of InvokeGuardrailChecks. Not changed.
        side: what ApplyGuardrail judged, whose answer does not say.
    """
    if isinstance(response.get("assessments"), Sequence):
        return _applied(response, side)
    if isinstance(response.get("results"), Mapping) and isinstance(response.get("usage"), Mapping):
        return _checked(response)
    if isinstance(response.get("body"), (bytes, bytearray)):
        return _native(_read(bytes(response["body"])))
    if any(name in response for name in ("amazon-bedrock-guardrailAction", "amazon-bedrock-trace")):
        return _native(response)
    if isinstance(response.get("metadata"), Mapping):
        response = response["metadata"]
    trace = _map(_map(response.get("trace")).get("guardrail"))
    stopped = response.get("stopReason") == INTERVENED
    return _traced(trace, _texts(response), stopped=stopped) if trace or stopped else None


def apply_action(response: dict[str, Any], action: str) -> dict[str, Any]:
    """An answer as its caller wants a guardrail's intervention.

    Args:
        response: an answer of Converse or ApplyGuardrail, or a stream's ``metadata`` event. Not changed.
        action: ``return``: the answer as it is. ``raise``: an error if the guardrail intervened. ``redact``:
            nothing that the guardrail objected to is left, see :func:`~.redaction.redacted`.

    Raises:
        GuardrailIntervened: for ``raise``; ``partial`` is the answer. No matched text is in its message.
        ConfigurationError: another action.
    """
    if action not in ACTIONS:
        raise ConfigurationError(f"guardrail action {action!r:.80}", hint=f"one of {', '.join(ACTIONS)}")
    if action == "return":
        return response
    outcome = guardrail_outcome(response)
    if outcome is None:
        return response
    if action == "redact":
        return redacted(response, intervened=outcome.intervened)
    if outcome.intervened:
        raise intervention(outcome, response)
    return response


def intervention(outcome: GuardrailOutcome, response: dict[str, Any]) -> GuardrailIntervened:
    """The error of an intervention, which says what was found and quotes none of it."""
    acted = [finding for finding in outcome.findings if finding.action in ("BLOCKED", "ANONYMIZED")]
    did = "blocked" if outcome.blocked else "masked"
    sides = sorted({finding.side for finding in acted if finding.side})
    what = f"the {' and the '.join(sides)}" if sides else "the content"
    named = dict.fromkeys(f"{finding.policy} {finding.kind}" for finding in acted)
    why = f": {', '.join(named)}" if named else ""
    hint = "guardrail_outcome(error.partial) has the findings; the action 'return' gives the guardrail's text"
    if not acted:
        hint = "ask for the trace (guardrail_trace='enabled') to learn which policy it was"
    return GuardrailIntervened(f"a guardrail {did} {what}{why}", hint=hint, partial=response)


def _applied(response: Mapping[str, Any], side: Side | None) -> GuardrailOutcome:
    assessments: list[_Assessment] = [(side, None, one) for one in _maps(response["assessments"])]
    outputs = tuple(str(block["text"]) for block in _maps(response.get("outputs")) if block.get("text"))
    coverage = [response["guardrailCoverage"]] if _map(response.get("guardrailCoverage")) else None
    return _outcome(
        assessments,
        intervened=response.get("action") == "GUARDRAIL_INTERVENED",
        outputs=outputs,
        reason=response.get("actionReason"),
        usage=response.get("usage"),
        coverage=coverage,
        raw=response,
    )


def _native(body: Mapping[str, Any]) -> GuardrailOutcome | None:
    stop, trace = native_outcome(body)
    if trace is None and "amazon-bedrock-guardrailAction" not in body:
        return None
    return _traced(_map((trace or {}).get("guardrail")), (), stopped=stop is not None)


def _traced(trace: Mapping[str, Any], texts: Iterable[str], *, stopped: bool) -> GuardrailOutcome:
    """The outcome of a trace in Converse's shape."""
    assessments: list[_Assessment] = []
    for name, given in _map(trace.get("inputAssessment")).items():
        assessments.extend(("input", name, one) for one in _one_or_many(given))
    for name, given in _map(trace.get("outputAssessments")).items():
        assessments.extend(("output", name, one) for one in _one_or_many(given))
    return _outcome(
        assessments,
        intervened=stopped,
        outputs=tuple(texts) if stopped else (),
        reason=trace.get("actionReason"),
        raw=trace,
    )


def _outcome(
    assessments: Sequence[_Assessment],
    *,
    intervened: bool,
    outputs: tuple[str, ...],
    reason: Any,
    raw: Mapping[str, Any],
    usage: Any = None,
    coverage: Sequence[Any] | None = None,
) -> GuardrailOutcome:
    findings: list[Finding] = []
    guardrails: list[AppliedGuardrail] = []
    metrics: list[Mapping[str, Any]] = []
    for side, name, assessment in assessments:
        applied = _applied_guardrail(_map(assessment.get("appliedGuardrailDetails")), name)
        guardrails.append(applied)
        metrics.append(_map(assessment.get("invocationMetrics")))
        findings += _findings(assessment, side, applied.id)
    acted = any(finding.action in ("BLOCKED", "ANONYMIZED") for finding in findings)
    covered = coverage or [metric.get("guardrailCoverage") for metric in metrics]
    return GuardrailOutcome(
        intervened=intervened or acted,
        findings=tuple(findings),
        outputs=outputs,
        action_reason=reason,
        usage=_summed([usage] if _map(usage) else [metric.get("usage") for metric in metrics]),
        coverage=_coverage(covered),
        latency_ms=sum(metric.get("guardrailProcessingLatency") or 0 for metric in metrics),
        guardrails=tuple(dict.fromkeys(guardrail for guardrail in guardrails if guardrail.id)),
        raw=raw,
    )


def _findings(assessment: Mapping[str, Any], side: Side | None, guardrail: str | None) -> Iterator[Finding]:
    """The entries of every policy; policies newer than this code are read alike."""
    newer = [member for member in assessment if member.endswith(_POLICY) and member not in _ORDER]
    for member in (*_ORDER, *newer):
        policy = _WORD_STARTS.sub("_", member.removesuffix(_POLICY)).lower()
        for group, entries in sorted(_map(assessment.get(member)).items()):
            for entry in _maps(entries):
                if policy == "automated_reasoning":
                    yield from _reasoned(entry, side, guardrail)
                else:
                    yield _finding(policy, group, entry, side, guardrail)


def _finding(
    policy: str, group: str, entry: Mapping[str, Any], side: Side | None, guardrail: str | None
) -> Finding:
    action = str(entry.get("action") or "NONE")
    told = entry.get("detected")
    return Finding(
        policy=policy,
        kind=str(entry.get("name") or entry.get("type") or _NAMELESS.get(group, group)),
        action=action,
        detected=told if isinstance(told, bool) else action != "NONE",
        side=side,
        name=entry.get("name"),
        type=entry.get("type"),
        match=entry.get("match"),
        regex=entry.get("regex"),
        score=entry.get("score"),
        threshold=entry.get("threshold"),
        confidence=entry.get("confidence"),
        strength=entry.get("filterStrength"),
        guardrail=guardrail,
        details=entry,
    )


def _reasoned(entry: Mapping[str, Any], side: Side | None, guardrail: str | None) -> Iterator[Finding]:
    """A finding of automated reasoning, a union: it judges, and never acts."""
    for kind, value in entry.items():
        judged = _map(value)
        yield Finding(
            policy="automated_reasoning",
            kind=kind,
            detected=kind in _AGAINST,
            side=side,
            type=kind,
            confidence=_map(judged.get("translation")).get("confidence"),
            guardrail=guardrail,
            details=judged,
        )


def _checked(response: Mapping[str, Any]) -> GuardrailOutcome:
    """InvokeGuardrailChecks: scores, and what they mean is the caller's to say."""
    findings: list[Finding] = []
    for check, value in response["results"].items():
        policy = _CHECKS.get(check, _WORD_STARTS.sub("_", check).lower())
        findings.extend(_check_finding(policy, entry) for entry in _maps(_map(value).get("results")))
    usage = {
        f"{check}TextUnits": units
        for check, counted in response["usage"].items()
        if (units := _map(counted).get("textUnits")) is not None
    }
    return GuardrailOutcome(intervened=False, findings=tuple(findings), usage=usage, raw=response)


def _check_finding(policy: str, entry: Mapping[str, Any]) -> Finding:
    kind = str(entry.get("category") or entry.get("type"))
    names = ("messageIndex", "contentIndex", "beginOffset", "endOffset")
    span = Span(*(int(entry[name]) for name in names)) if all(name in entry for name in names) else None
    return Finding(
        policy=policy,
        kind=kind,
        detected=True if span is not None else None,
        type=kind,
        score=entry.get("severityScore"),
        confidence=entry.get("confidenceScore"),
        span=span,
        details=entry,
    )


def _applied_guardrail(details: Mapping[str, Any], name: str | None) -> AppliedGuardrail:
    return AppliedGuardrail(
        id=details.get("guardrailId") or name,
        version=details.get("guardrailVersion"),
        arn=details.get("guardrailArn"),
        origin=tuple(details.get("guardrailOrigin") or ()),
        ownership=details.get("guardrailOwnership"),
    )


def _summed(counts: Iterable[Any]) -> dict[str, int]:
    total: dict[str, int] = {}
    for counted in counts:
        for name, units in _map(counted).items():
            total[name] = total.get(name, 0) + (units or 0)
    return total


def _coverage(given: Iterable[Any]) -> Coverage:
    def total(kind: str, which: str) -> int:
        return sum(_map(_map(one).get(kind)).get(which) or 0 for one in covered)

    covered = list(given)
    text, images = "textCharacters", "images"
    return Coverage(
        total(text, "guarded"), total(text, "total"), total(images, "guarded"), total(images, "total")
    )


def _texts(response: Mapping[str, Any]) -> Iterator[str]:
    message = _map(_map(response.get("output")).get("message"))
    return (block["text"] for block in _maps(message.get("content")) if isinstance(block.get("text"), str))


def _read(body: bytes) -> Mapping[str, Any]:
    try:
        return _map(json_codec.loads(body))
    except ValueError:
        return {}  # not every model answers in JSON; then there is nothing a guardrail could have added


def _map(value: Any) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}


def _maps(values: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(values, Sequence) and not isinstance(values, (str, bytes)):
        yield from (value for value in map(_map, cast("Sequence[Any]", values)) if value)


def _one_or_many(given: Any) -> list[Mapping[str, Any]]:
    return [cast("Mapping[str, Any]", given)] if isinstance(given, Mapping) else list(_maps(given))
