"""A local guardrail: blocked words, denied topics by their words, personal data by patterns, grounding by
words.

It is not Amazon Bedrock Guardrails. It has the same answers in form (``wire/FACTS.md``, "Guardrails") for
rules simple enough to state in a line each.

The documented one (:meth:`Guardrail.documented`) blocks the phrases "blocked phrase" and "trade secret",
masks e-mail addresses and telephone numbers, blocks US social security numbers and payment card numbers, and
checks grounding and relevance against 0.5 where a request marks a grounding source and a query.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from .problems import Problem, invalid
from .standin.words import content_stems

MISSING = "The guardrail identifier or version provided in the request does not exist."
TEXT_UNIT = 1000
"""Characters of one text unit, as AWS bills them."""


@dataclass(frozen=True)
class PersonalData:
    """One kind of personal data: its AWS name, the pattern it is found by, what is done and on which side."""

    kind: str
    pattern: str
    action: Literal["BLOCK", "ANONYMIZE"] = "ANONYMIZE"
    where: Literal["both", "input", "output"] = "both"

    def applies(self, source: str) -> bool:
        return self.where in {"both", source}


_DOCUMENTED_DATA = (
    PersonalData("EMAIL", r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+"),
    PersonalData("US_SOCIAL_SECURITY_NUMBER", r"\b\d{3}-\d{2}-\d{4}\b", "BLOCK"),
    PersonalData("CREDIT_DEBIT_CARD_NUMBER", r"\b(?:\d{4}[ -]?){3}\d{4}\b", "BLOCK"),
    PersonalData("PHONE", r"(?<![\w-])(?:\+\d{1,3}[ -]?)?\(?\d{3}\)?[ -]\d{3}[ -]\d{4}(?![\w-])"),
)


@dataclass(frozen=True)
class Guardrail:
    """One guardrail of the account."""

    id: str
    versions: tuple[str, ...] = ("DRAFT", "1")
    words: tuple[str, ...] = ()
    topics: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """Name of a denied topic → words or phrases any of which shows it."""
    personal_data: tuple[PersonalData, ...] = ()
    grounding: float | None = None
    """Threshold of contextual grounding and relevance, where the request marks source and query."""
    blocked_input: str = "Sorry, the model cannot answer this question."
    blocked_output: str = "Sorry, the model cannot answer this question."

    @classmethod
    def documented(cls) -> Guardrail:
        """The guardrail every endpoint has unless it is given others."""
        return cls(
            "localguardrail",
            words=("blocked phrase", "trade secret"),
            personal_data=_DOCUMENTED_DATA,
            grounding=0.5,
        )


@dataclass
class Verdict:
    """What a guardrail found in a text."""

    policies: dict[str, Any] = field(default_factory=dict[str, Any])
    blocked: bool = False
    masked: bool = False
    text: str = ""
    """The text, personal data masked."""

    @property
    def reason(self) -> str:
        if self.blocked:
            return "Guardrail blocked."
        return "Guardrail masked." if self.masked else "No action."


@dataclass(frozen=True)
class Grounding:
    """What an output is held against."""

    source: str
    query: str


def judge(
    guardrail: Guardrail, text: str, source: Literal["input", "output"], grounding: Grounding | None = None
) -> Verdict:
    """Apply every policy of ``guardrail`` to ``text``."""
    verdict = Verdict(text=text)
    words = [_found("BLOCKED", match=match) for match in phrases_in(guardrail.words, text)]
    if words:
        verdict.policies["wordPolicy"] = {"customWords": words}
    topics = [
        _found("BLOCKED", name=name, type="DENY")
        for name, shown in guardrail.topics.items()
        if phrases_in(shown, text)
    ]
    if topics:
        verdict.policies["topicPolicy"] = {"topics": topics}
    verdict.blocked = bool(words or topics)
    entities = _personal_data(guardrail, verdict, source)
    if entities:
        verdict.policies["sensitiveInformationPolicy"] = {"piiEntities": entities}
    if grounding is not None and guardrail.grounding is not None:
        filters = _grounding_filters(guardrail.grounding, text, grounding)
        verdict.policies["contextualGroundingPolicy"] = {"filters": filters}
        verdict.blocked = verdict.blocked or any(entry["detected"] for entry in filters)
    return verdict


def _found(action: str, **members: str) -> dict[str, Any]:
    return {"action": action, "detected": True, **members}


def phrases_in(phrases: Iterable[str], text: str) -> list[str]:
    """Those of the words and phrases that stand in ``text``, as they are written there."""
    found: list[str] = []
    for phrase in phrases:
        match = re.search(rf"(?<!\w){re.escape(phrase)}(?!\w)", text, re.IGNORECASE)
        if match:
            found.append(match.group())
    return found


def _personal_data(guardrail: Guardrail, verdict: Verdict, source: str) -> list[dict[str, Any]]:
    entities: list[dict[str, Any]] = []
    for rule in guardrail.personal_data:
        if not rule.applies(source):
            continue
        for match in re.finditer(rule.pattern, verdict.text):
            action = "BLOCKED" if rule.action == "BLOCK" else "ANONYMIZED"
            entities.append(_found(action, match=match.group(), type=rule.kind))
            verdict.blocked = verdict.blocked or rule.action == "BLOCK"
            verdict.masked = verdict.masked or rule.action == "ANONYMIZE"
        if rule.action == "ANONYMIZE":
            verdict.text = re.sub(rule.pattern, "{" + rule.kind + "}", verdict.text)
    return entities


def _grounding_filters(threshold: float, text: str, grounding: Grounding) -> list[dict[str, Any]]:
    answer = set(content_stems(text))
    source, query = set(content_stems(grounding.source)), set(content_stems(grounding.query))
    scores = {
        "GROUNDING": len(answer & source) / len(answer) if answer else 1.0,
        "RELEVANCE": 1.0 if answer & (query | source) or not query else 0.0,
    }
    return [
        {
            "action": "BLOCKED" if score < threshold else "NONE",
            "detected": score < threshold,
            "score": round(score, 2),
            "threshold": threshold,
            "type": kind,
        }
        for kind, score in scores.items()
    ]


class Guardrails:
    """The guardrails of the account; with ``accept_any`` every id means the first one."""

    def __init__(self, guardrails: Iterable[Guardrail], *, accept_any: bool = False) -> None:
        self._known = {guardrail.id: guardrail for guardrail in guardrails}
        self._accept_any = accept_any

    @property
    def personal_data(self) -> dict[str, tuple[str, ...]]:
        """Kinds of personal data → patterns: the documented ones, and those of the account's guardrails."""
        rules = [*_DOCUMENTED_DATA, *(rule for known in self._known.values() for rule in known.personal_data)]
        patterns: dict[str, tuple[str, ...]] = {}
        for rule in dict.fromkeys(rules):
            if rule.pattern not in patterns.get(rule.kind, ()):
                patterns[rule.kind] = (*patterns.get(rule.kind, ()), rule.pattern)
        return patterns

    def find(self, identifier: str | None, version: str | None) -> Guardrail:
        """The guardrail a request names; raises AWS's ValidationException where there is none."""
        if not identifier or not version:
            raise invalid("The guardrail identifier and the guardrail version must both be provided.")
        guardrail = self._known.get(identifier.rsplit("/", 1)[-1])
        if guardrail is None and self._accept_any:
            return next(iter(self._known.values()))
        if guardrail is None or version not in guardrail.versions:
            raise _missing()
        return guardrail


def _missing() -> Problem:
    return invalid(MISSING)


def assessment(
    verdict: Verdict, identifier: str, version: str, region: str, account_id: str, guarded: int, total: int
) -> dict[str, Any]:
    """One ``GuardrailAssessment`` as Converse's trace has it. Every ``detected`` is in it, AWS's counters
    too.
    """
    name = identifier.rsplit("/", 1)[-1]
    return {
        "appliedGuardrailDetails": {
            "guardrailArn": f"arn:aws:bedrock:{region}:{account_id}:guardrail/{name}",
            "guardrailId": name,
            "guardrailOrigin": ["REQUEST"],
            "guardrailOwnership": "SELF",
            "guardrailVersion": version,
        },
        "invocationMetrics": {
            "guardrailCoverage": {"textCharacters": {"guarded": guarded, "total": total}},
            "guardrailProcessingLatency": 1,
            "usage": usage_of(verdict, guarded),
        },
        **verdict.policies,
    }


def usage_of(verdict: Verdict, guarded: int) -> dict[str, int]:
    """AWS's counters of policy units: one unit for each thousand characters and each policy that looked."""
    units = -(-guarded // TEXT_UNIT)
    present = verdict.policies
    return {
        "automatedReasoningPolicies": 0,
        "automatedReasoningPolicyUnits": 0,
        "contentPolicyImageUnits": 0,
        "contentPolicyUnits": 0,
        "contextualGroundingPolicyUnits": units if "contextualGroundingPolicy" in present else 0,
        "sensitiveInformationPolicyFreeUnits": 0,
        "sensitiveInformationPolicyUnits": units if "sensitiveInformationPolicy" in present else 0,
        "topicPolicyUnits": units if "topicPolicy" in present else 0,
        "wordPolicyUnits": units if "wordPolicy" in present else 0,
    }
