"""What a guardrail found and did, as values.

Matched text may be a secret or personal data: it is in the values, and in no ``repr``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Side = Literal["input", "output"]

# AWS's words in ``actionReason``, a line for each side.
_BLOCKED_REASON, _MASKED_REASON = "Guardrail blocked.", "Guardrail masked."


@dataclass(frozen=True, slots=True)
class Span:
    """Where in the messages something stands: characters ``begin`` to ``end`` of one block of one message."""

    message: int
    content: int
    begin: int
    end: int


@dataclass(frozen=True, slots=True, repr=False)
class Finding:
    """One thing that a policy looked for.

    Attributes:
        policy: ``topic``, ``content``, ``word``, ``sensitive_information``, ``contextual_grounding``,
            ``automated_reasoning``, ``prompt_attack`` (a check), or a newer one by AWS's name.
        kind: what was looked for: a topic's or pattern's name, a filter's or entity's type, ``custom_word``.
        action: ``BLOCKED``, ``ANONYMIZED`` or ``NONE``.
        detected: whether it was there; None where AWS gives a score and leaves the decision to the caller.
        side: ``input`` or ``output``; None where the answer does not tell.
        name: the name that the guardrail's owner gave to a topic or pattern.
        type: AWS's name of the filter or entity.
        match: the text that matched. Not in ``repr``.
        regex: the pattern that matched.
        score: of grounding and relevance, or severity; 0 to 1.
        threshold: what ``score`` was held against.
        confidence: ``NONE`` to ``HIGH``, or a number from 0 to 1.
        strength: the filter's setting, ``NONE`` to ``HIGH``.
        span: where it stands, from InvokeGuardrailChecks.
        guardrail: the guardrail's id; None for checks without one.
        details: the whole entry as AWS sent it.
    """

    policy: str
    kind: str
    action: str = "NONE"
    detected: bool | None = None
    side: Side | None = None
    name: str | None = None
    type: str | None = None
    match: str | None = None
    regex: str | None = None
    score: float | None = None
    threshold: float | None = None
    confidence: str | float | None = None
    strength: str | None = None
    span: Span | None = None
    guardrail: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict[str, Any], hash=False)

    def __repr__(self) -> str:
        where = f", side={self.side!r}" if self.side else ""
        return f"Finding(policy={self.policy!r}, kind={self.kind!r}, action={self.action!r}{where})"

    def summary(self) -> dict[str, Any]:
        """The finding as plain values, without what matched."""
        names = ("policy", "kind", "action", "detected", "side", "score", "threshold", "confidence")
        return {name: value for name in names if (value := getattr(self, name)) is not None}


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of the content the guardrail read: characters of text and images, of how many."""

    text_guarded: int = 0
    text_total: int = 0
    images_guarded: int = 0
    images_total: int = 0


@dataclass(frozen=True, slots=True)
class AppliedGuardrail:
    """A guardrail that looked at the content; one that an account or organization enforces is among them."""

    id: str | None = None
    version: str | None = None
    arn: str | None = None
    origin: tuple[str, ...] = ()
    ownership: str | None = None


@dataclass(frozen=True, slots=True)
class GuardrailOutcome:
    """What guardrails did to one answer.

    Attributes:
        intervened: whether anything was blocked or masked.
        findings: everything that was looked for and told, found or not (see :attr:`Finding.detected`).
        outputs: the texts the guardrail put in the place of the original ones; for Converse the answer's.
            Empty where it did not intervene. Not in ``repr``.
        action_reason: AWS's own words, a line for each side.
        usage: policy units by AWS's names (``topicPolicyUnits``, …), summed over both sides.
        coverage: how much was read.
        latency_ms: what the guardrail added, in milliseconds.
        guardrails: which guardrails looked, where AWS tells.
        raw: the trace, or the whole answer of ApplyGuardrail or InvokeGuardrailChecks. Not in ``repr``.
    """

    intervened: bool
    findings: tuple[Finding, ...] = ()
    outputs: tuple[str, ...] = field(default=(), repr=False)
    action_reason: str | None = None
    usage: Mapping[str, int] = field(default_factory=dict[str, int], hash=False)
    coverage: Coverage = Coverage()
    latency_ms: int = 0
    guardrails: tuple[AppliedGuardrail, ...] = ()
    raw: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False, hash=False)

    @property
    def blocked(self) -> bool:
        """Whether content was blocked. An intervention that is not told to be a mask is taken for a block."""
        if any(finding.action == "BLOCKED" for finding in self.findings):
            return True
        reasons = (self.action_reason or "").splitlines()
        return _BLOCKED_REASON in reasons or (self.intervened and not self.anonymised)

    @property
    def anonymised(self) -> bool:
        """Whether something was masked."""
        reasons = (self.action_reason or "").splitlines()
        return _MASKED_REASON in reasons or any(f.action == "ANONYMIZED" for f in self.findings)

    @property
    def detected(self) -> tuple[Finding, ...]:
        """The findings of what was there, whether or not anything was done about it."""
        return tuple(finding for finding in self.findings if finding.detected)

    def summary(self) -> dict[str, Any]:
        """The outcome as plain values, without any of the content: for logs and message metadata."""
        members: dict[str, Any] = {
            "intervened": self.intervened,
            "blocked": self.blocked,
            "anonymised": self.anonymised,
            "findings": [finding.summary() for finding in self.findings],
        }
        if self.action_reason is not None:
            members["action_reason"] = self.action_reason
        return members
