"""ApplyGuardrail."""

from __future__ import annotations

from typing import Any, Literal, cast

from ..guardrails import Grounding, assessment, judge, usage_of
from ..protocol.answers import Call, JsonAnswer
from ..shapes import listed
from ..state import State


def apply_guardrail(call: Call, state: State) -> JsonAnswer:
    """The verdict on the given texts; explicit nulls and unmodelled twins as AWS sends them."""
    params = call.params
    identifier, version = str(params["guardrailIdentifier"]), str(params["guardrailVersion"])
    guardrail = state.guardrails.find(identifier, version)
    source: Literal["input", "output"] = "input" if params["source"] == "INPUT" else "output"
    by_qualifier: dict[str, list[str]] = {"grounding_source": [], "query": []}
    texts: list[str] = []
    for block in listed(params, "content"):
        text = cast("dict[str, Any] | None", block.get("text"))
        if text is None:
            continue
        qualifiers = cast("list[str]", text.get("qualifiers") or [])
        for qualifier in qualifiers:
            by_qualifier.setdefault(qualifier, []).append(text["text"])
        if not set(qualifiers) & {"grounding_source", "query"}:
            texts.append(text["text"])
    sources, queries = by_qualifier["grounding_source"], by_qualifier["query"]
    grounding = Grounding("\n".join(sources), "\n".join(queries)) if sources and queries else None
    joined = "\n".join(texts)
    verdict = judge(guardrail, joined, source, grounding if source == "output" else None)
    total = sum(map(len, texts))
    coverage = {"images": None, "textCharacters": {"guarded": total, "total": total}}
    assessed = assessment(verdict, identifier, version, call.region, state.account.account_id, total, total)
    assessed["invocationMetrics"]["guardrailCoverage"] = coverage
    for policy in (
        "automatedReasoningPolicy",
        "contentPolicy",
        "contextualGroundingPolicy",
        "sensitiveInformationPolicy",
        "topicPolicy",
        "wordPolicy",
    ):
        assessed.setdefault(policy, None)
    if assessed["sensitiveInformationPolicy"] is not None:
        assessed["sensitiveInformationPolicy"]["regexes"] = None
    blocked = guardrail.blocked_input if source == "input" else guardrail.blocked_output
    outputs: list[dict[str, Any]] = []
    if verdict.blocked:
        outputs = [{"text": blocked}]
    elif verdict.masked:
        outputs = [{"text": verdict.text}]
    members = {
        "action": "GUARDRAIL_INTERVENED" if outputs else "NONE",
        "actionReason": verdict.reason,
        "assessments": [assessed],
        "blockedResponse": blocked if verdict.blocked else None,
        "guardrailCoverage": coverage,
        "output": outputs,
        "outputs": outputs,
        "usage": usage_of(verdict, total),
    }
    return JsonAnswer(members)
