"""What a guardrail found and did, read from every kind of answer; and what is done about it."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from itertools import count
from typing import Any

import pytest
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StringShape, StructureShape
from hypothesis import given
from hypothesis import strategies as st

from bedrock_unified.converse.assessment import (
    AppliedGuardrail,
    Coverage,
    Finding,
    GuardrailOutcome,
    apply_action,
    guardrail_outcome,
)
from bedrock_unified.errors import ConfigurationError, GuardrailIntervened

SECRET = "ann@example.org"
APPLIED = {
    "guardrailId": "abc",
    "guardrailVersion": "3",
    "guardrailArn": "arn:aws:bedrock:us-east-1:123456789012:guardrail/abc",
    "guardrailOrigin": ["REQUEST"],
    "guardrailOwnership": "SELF",
}


def metrics(latency: int, guarded: int, total: int, **usage: int) -> dict[str, Any]:
    return {
        "guardrailProcessingLatency": latency,
        "usage": usage,
        "guardrailCoverage": {"textCharacters": {"guarded": guarded, "total": total}},
    }


MASKED: dict[str, Any] = {
    "output": {"message": {"role": "assistant", "content": [{"text": "Write to {EMAIL}."}]}},
    "stopReason": "guardrail_intervened",
    "usage": {"inputTokens": 5, "outputTokens": 4, "totalTokens": 9},
    "trace": {
        "guardrail": {
            "modelOutput": [f"Write to {SECRET}."],
            "inputAssessment": {"abc": {"invocationMetrics": metrics(10, 20, 30, wordPolicyUnits=1)}},
            "outputAssessments": {
                "abc": [
                    {
                        "sensitiveInformationPolicy": {
                            "piiEntities": [
                                {"match": SECRET, "type": "EMAIL", "action": "ANONYMIZED", "detected": True}
                            ],
                            "regexes": [
                                {"match": "X-99", "regex": r"X-\d+", "action": "NONE", "detected": True}
                            ],
                        },
                        "invocationMetrics": metrics(7, 5, 5, wordPolicyUnits=2),
                        "appliedGuardrailDetails": APPLIED,
                    }
                ]
            },
            "actionReason": "No action.\nGuardrail masked.",
        }
    },
}
BLOCKED: dict[str, Any] = {
    "output": {"message": {"role": "assistant", "content": [{"text": "No."}]}},
    "stopReason": "guardrail_intervened",
    "trace": {
        "guardrail": {
            "inputAssessment": {
                "abc": {
                    "topicPolicy": {
                        "topics": [{"name": "Money", "type": "DENY", "action": "BLOCKED", "detected": True}]
                    },
                    "wordPolicy": {
                        "customWords": [{"match": "psst", "action": "BLOCKED", "detected": True}],
                        "managedWordLists": [],
                    },
                }
            },
            "actionReason": "Guardrail blocked.",
        }
    },
}


def outcome_of(response: dict[str, Any], **options: Any) -> GuardrailOutcome:
    outcome = guardrail_outcome(response, **options)
    assert outcome is not None
    return outcome


# The service model


def filled(shape: Shape, numbers: Iterator[int]) -> Any:
    """A value of the shape with every member there, each leaf another one where its type allows it."""
    if isinstance(shape, StructureShape):
        # A union has them all, too: more than AWS ever sends.
        return {name: filled(member, numbers) for name, member in shape.members.items()}
    if isinstance(shape, ListShape):
        return [filled(shape.member, numbers)]
    if isinstance(shape, MapShape):
        return {f"key{next(numbers)}": filled(shape.value, numbers)}
    if isinstance(shape, StringShape):
        return shape.enum[0] if shape.enum else f"text{next(numbers)}"
    if shape.type_name == "boolean":
        return True
    return next(numbers) if shape.type_name in ("integer", "long") else next(numbers) / 1024


def leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for item in value.values():
            yield from leaves(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from leaves(item)
    else:
        yield value


def told(value: Any, *, details: bool) -> Iterator[Any]:
    """Every value that can be reached over the attributes of an outcome, ``raw`` left out."""
    if is_dataclass(value):
        for attribute in fields(value):
            if attribute.name == "raw" or (attribute.name == "details" and not details):
                continue
            yield from told(getattr(value, attribute.name), details=details)
    elif isinstance(value, dict):
        for item in value.values():
            yield from told(item, details=details)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from told(item, details=details)
    else:
        yield value


def test_every_member_of_the_service_models_assessment_is_told(runtime: ServiceModel) -> None:
    assessment = filled(runtime.shape_for("GuardrailAssessment"), count(1000))
    reasoning = assessment.pop("automatedReasoningPolicy")
    outcome = outcome_of({"assessments": [assessment], "action": "NONE", "outputs": []})
    assert set(leaves(assessment)) <= set(told(outcome, details=False))
    policies = {name for name in runtime.shape_for("GuardrailAssessment").members if name.endswith("Policy")}
    assert len({finding.policy for finding in outcome.findings}) == len(policies) - 1

    reasoned = outcome_of({"assessments": [{"automatedReasoningPolicy": reasoning}], "action": "NONE"})
    kinds = runtime.shape_for("GuardrailAutomatedReasoningFinding").members
    assert [finding.kind for finding in reasoned.findings] == list(kinds)
    assert {finding.policy for finding in reasoned.findings} == {"automated_reasoning"}
    assert set(leaves(reasoning)) <= set(told(reasoned, details=True))
    assert [finding.kind for finding in reasoned.detected] == ["invalid", "impossible"]
    assert reasoned.findings[0].confidence == reasoning["findings"][0]["valid"]["translation"]["confidence"]


def test_every_member_of_converses_trace_is_read(runtime: ServiceModel) -> None:
    shape = runtime.shape_for("GuardrailTraceAssessment")
    trace = filled(shape, count(1000))
    outcome = outcome_of({"trace": {"guardrail": trace}, "stopReason": "end_turn"})
    sides = {finding.side for finding in outcome.findings}
    assert sides == {"input", "output"}
    assert outcome.action_reason == trace["actionReason"]
    assert set(shape.members) == {"modelOutput", "inputAssessment", "outputAssessments", "actionReason"}


def test_every_member_of_apply_guardrails_answer_is_read(runtime: ServiceModel) -> None:
    shape = runtime.operation_model("ApplyGuardrail").output_shape
    answer = filled(shape, count(1000))
    outcome = outcome_of(answer, side="output")
    assert outcome.outputs == (answer["outputs"][0]["text"],)
    assert outcome.usage == answer["usage"]
    text, images = answer["guardrailCoverage"]["textCharacters"], answer["guardrailCoverage"]["images"]
    assert outcome.coverage == Coverage(text["guarded"], text["total"], images["guarded"], images["total"])
    assert outcome.action_reason == answer["actionReason"]
    assert {finding.side for finding in outcome.findings} == {"output"}
    assert outcome.raw is answer


def test_every_member_of_the_checks_answer_is_read(runtime: ServiceModel) -> None:
    answer = filled(runtime.operation_model("InvokeGuardrailChecks").output_shape, count(1000))
    outcome = outcome_of(answer)
    results = answer["results"]
    truncated = results["sensitiveInformation"].pop("truncated")
    assert truncated is True  # told in ``raw``
    assert set(leaves(answer)) <= set(told(outcome, details=False))
    assert {finding.policy for finding in outcome.findings} == {
        "content",
        "prompt_attack",
        "sensitive_information",
    }


@given(data=st.data())
def test_whatever_the_service_model_allows_can_be_read(data: st.DataObject, runtime: ServiceModel) -> None:
    from ..shapes import values

    trace = data.draw(values(runtime.shape_for("GuardrailTraceAssessment"), 1))
    response = {"trace": {"guardrail": trace}, "stopReason": "guardrail_intervened", "output": {}}
    before = copy.deepcopy(response)
    outcome = outcome_of(response)
    assert pickle.loads(pickle.dumps(outcome)) == outcome
    json.dumps(outcome.summary())
    apply_action(response, "redact")
    assert response == before, "the caller's answer was changed"


# Outcomes


def test_a_masked_answer() -> None:
    outcome = outcome_of(MASKED)
    assert outcome.intervened and outcome.anonymised and not outcome.blocked
    assert outcome.outputs == ("Write to {EMAIL}.",)
    assert outcome.usage == {"wordPolicyUnits": 3}
    assert outcome.coverage == Coverage(text_guarded=25, text_total=35)
    assert outcome.latency_ms == 17
    email, pattern = outcome.findings
    assert (email.policy, email.kind, email.action, email.side) == (
        "sensitive_information",
        "EMAIL",
        "ANONYMIZED",
        "output",
    )
    assert (email.match, email.guardrail, email.detected) == (SECRET, "abc", True)
    assert (pattern.kind, pattern.regex, pattern.action, pattern.detected) == (
        "regex",
        r"X-\d+",
        "NONE",
        True,
    )
    assert outcome.guardrails == (
        AppliedGuardrail("abc"),  # the input's assessment says no more
        AppliedGuardrail("abc", "3", str(APPLIED["guardrailArn"]), ("REQUEST",), "SELF"),
    )


def test_a_blocked_question() -> None:
    outcome = outcome_of(BLOCKED)
    assert outcome.blocked and not outcome.anonymised
    assert [(f.policy, f.kind, f.side) for f in outcome.findings] == [
        ("topic", "Money", "input"),
        ("word", "custom_word", "input"),
    ]
    assert outcome.outputs == ("No.",)


def test_an_intervention_of_which_nothing_is_told_counts_as_a_block() -> None:
    outcome = outcome_of({"stopReason": "guardrail_intervened", "output": BLOCKED["output"]})
    assert outcome.intervened and outcome.blocked and not outcome.findings


@pytest.mark.parametrize(
    "response",
    [
        {"stopReason": "end_turn", "output": BLOCKED["output"]},
        {"stopReason": "end_turn", "trace": {"promptRouter": {"invokedModelId": "m"}}},
        {"metadata": {"usage": {}}},
        {"body": b'{"content": []}'},
        {"body": b"not JSON"},
        {"body": b"[1]"},
        {},
    ],
)
def test_an_answer_without_a_guardrail_has_no_outcome(response: dict[str, Any]) -> None:
    assert guardrail_outcome(response) is None
    for action in ("return", "raise", "redact"):
        assert apply_action(response, action) is response


def test_a_guardrail_that_found_nothing() -> None:
    outcome = outcome_of({"stopReason": "end_turn", "trace": {"guardrail": {"actionReason": "No action."}}})
    assert not outcome.intervened and not outcome.blocked and not outcome.anonymised and not outcome.outputs


def test_the_metadata_event_tells_of_the_intervention_by_its_findings() -> None:
    event = {"metadata": {"trace": MASKED["trace"], "usage": {}}}
    for told_of in (event, event["metadata"]):
        outcome = outcome_of(told_of)
        assert outcome.intervened and outcome.anonymised
        assert outcome.findings == outcome_of(MASKED).findings


@pytest.mark.parametrize("as_bytes", [True, False])
def test_a_native_answer(as_bytes: bool) -> None:
    trace = BLOCKED["trace"]["guardrail"]
    body = {
        "content": [{"type": "text", "text": "No."}],
        "stop_reason": "end_turn",
        "amazon-bedrock-guardrailAction": "INTERVENED",
        "amazon-bedrock-trace": {"guardrail": {"input": trace["inputAssessment"]}},
    }
    outcome = outcome_of({"body": json.dumps(body).encode()} if as_bytes else body)
    assert outcome.blocked
    assert outcome.findings == outcome_of(BLOCKED).findings


def test_a_native_answer_without_a_trace() -> None:
    assert outcome_of({"amazon-bedrock-guardrailAction": "INTERVENED"}).blocked
    assert not outcome_of({"amazon-bedrock-guardrailAction": "NONE"}).intervened


def test_a_policy_newer_than_this_code_is_read_like_the_others() -> None:
    entry = {"name": "n", "action": "BLOCKED", "score": 0.5}
    outcome = outcome_of({"assessments": [{"brandSafetyPolicy": {"rules": [entry]}}], "action": "NONE"})
    [finding] = outcome.findings
    assert (finding.policy, finding.kind, finding.score, finding.detected) == ("brand_safety", "n", 0.5, True)
    assert outcome.blocked


def test_no_repr_and_no_summary_shows_what_matched() -> None:
    for response in (MASKED, BLOCKED):
        outcome = outcome_of(response)
        shown = repr(outcome) + repr(outcome.findings) + json.dumps(outcome.summary()) + str(outcome)
        assert SECRET not in shown and "psst" not in shown and "X-99" not in shown
    assert repr(outcome_of(BLOCKED).findings[0]) == (
        "Finding(policy='topic', kind='Money', action='BLOCKED', side='input')"
    )


def test_an_outcome_is_a_value() -> None:
    outcome = outcome_of(MASKED)
    assert pickle.loads(pickle.dumps(outcome)) == outcome
    assert hash(outcome) == hash(outcome_of(copy.deepcopy(MASKED)))
    with pytest.raises(AttributeError):
        outcome.intervened = False  # type: ignore[misc]
    assert Finding("word", "custom_word") == Finding("word", "custom_word")


# Actions


def test_return_is_the_answer_itself() -> None:
    assert apply_action(MASKED, "return") is MASKED


@pytest.mark.parametrize(
    ("response", "message"),
    [
        (BLOCKED, "a guardrail blocked the input: topic Money, word custom_word"),
        (MASKED, "a guardrail masked the output: sensitive_information EMAIL"),
    ],
    ids=["blocked", "masked"],
)
def test_raise_says_what_was_found_and_quotes_none_of_it(response: dict[str, Any], message: str) -> None:
    with pytest.raises(GuardrailIntervened) as caught:
        apply_action(response, "raise")
    assert caught.value.message == message
    assert caught.value.partial is response
    assert SECRET not in str(caught.value) and "psst" not in str(caught.value)
    assert "guardrail_outcome(error.partial)" in str(caught.value.hint)
    assert pickle.loads(pickle.dumps(caught.value)).partial == response


def test_raise_without_a_trace_says_how_to_get_one() -> None:
    with pytest.raises(GuardrailIntervened, match="blocked the content") as caught:
        apply_action({"stopReason": "guardrail_intervened"}, "raise")
    assert "guardrail_trace='enabled'" in str(caught.value.hint)


def test_raise_leaves_other_answers_alone() -> None:
    passed = {**MASKED, "stopReason": "end_turn", "trace": {"guardrail": {"actionReason": "No action."}}}
    assert apply_action(passed, "raise") is passed


def test_another_action_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="guardrail action 'shout'") as caught:
        apply_action(MASKED, "shout")
    assert caught.value.hint == "one of return, raise, redact"


def test_redact_leaves_nothing_of_what_was_objected_to() -> None:
    reasoning = {"reasoningContent": {"reasoningText": {"text": f"It is {SECRET}.", "signature": "s"}}}
    call = {"toolUse": {"toolUseId": SECRET, "name": "mail", "input": {"to": [SECRET], "cc": 1}}}
    cited = {"citationsContent": {"content": [{"text": f"See {SECRET}"}], "citations": []}}
    leaky = copy.deepcopy(MASKED)  # as an asynchronous stream may be
    leaky["output"]["message"]["content"] = [
        reasoning,
        {"text": f"Write to {SECRET} about X-99."},
        cited,
        call,
    ]
    before = copy.deepcopy(leaky)
    safe = apply_action(leaky, "redact")
    assert leaky == before
    assert safe["output"]["message"]["content"] == [
        {"text": "Write to {EMAIL} about X-99."},  # that pattern only detects
        {"citationsContent": {"content": [{"text": "See {EMAIL}"}], "citations": []}},
        {"toolUse": {"toolUseId": SECRET, "name": "mail", "input": {"to": ["{EMAIL}"], "cc": 1}}},
    ]
    trace = safe["trace"]["guardrail"]
    assert "modelOutput" not in trace
    policy = trace["outputAssessments"]["abc"][0]["sensitiveInformationPolicy"]
    assert policy["piiEntities"] == [
        {"match": "{EMAIL}", "type": "EMAIL", "action": "ANONYMIZED", "detected": True}
    ]
    assert policy["regexes"][0]["match"] == "{regex}"
    assert policy["regexes"][0]["regex"] == r"X-\d+"
    assert SECRET not in json.dumps(trace)
    assert {f.kind for f in outcome_of(safe).findings} == {"EMAIL", "regex"}, "it can still be read"


def test_redact_replaces_the_longest_value_first() -> None:
    response = copy.deepcopy(BLOCKED)
    words = response["trace"]["guardrail"]["inputAssessment"]["abc"]["wordPolicy"]
    words["managedWordLists"] = [{"match": "psst psst", "type": "PROFANITY", "action": "BLOCKED"}]
    response["output"]["message"]["content"] = [{"text": "psst psst, I said psst (a+b)"}]
    safe = apply_action(response, "redact")
    assert safe["output"]["message"]["content"] == [{"text": "{PROFANITY}, I said {custom_word} (a+b)"}]


def test_redact_takes_out_what_automated_reasoning_quotes() -> None:
    found = {
        "invalid": {
            "translation": {
                "claims": [{"logic": "age < 3", "naturalLanguage": "He is two."}],
                "untranslatedClaims": [{"text": "He is two."}],
                "confidence": 0.9,
            },
            "contradictingRules": [{"identifier": "R1", "policyVersionArn": "arn"}],
        }
    }
    answer = {"assessments": [{"automatedReasoningPolicy": {"findings": [found]}}], "action": "NONE"}
    [safe] = apply_action(answer, "redact")["assessments"]
    told_of = safe["automatedReasoningPolicy"]["findings"][0]["invalid"]
    assert "two" not in json.dumps(safe) and "age <" not in json.dumps(safe)
    assert told_of["contradictingRules"] == found["invalid"]["contradictingRules"]
    assert told_of["translation"]["confidence"] == 0.9


def test_redact_of_the_metadata_event() -> None:
    event = {"metadata": {"trace": MASKED["trace"], "usage": {"inputTokens": 1}}}
    safe = apply_action(event, "redact")
    assert SECRET not in json.dumps(safe) and safe["metadata"]["usage"] == {"inputTokens": 1}


def test_redact_without_a_trace_knows_no_values() -> None:
    content = [{"reasoningContent": {"reasoningText": {"text": "hm"}}}, {"text": "No."}]
    response = {
        "stopReason": "guardrail_intervened",
        "output": {"message": {"role": "assistant", "content": content}},
    }
    assert apply_action(response, "redact")["output"]["message"]["content"] == [{"text": "No."}]


def test_redact_leaves_the_words_of_an_answer_that_passed() -> None:
    passed = copy.deepcopy(MASKED)
    passed["stopReason"] = "end_turn"
    finding = passed["trace"]["guardrail"]["outputAssessments"]["abc"][0]["sensitiveInformationPolicy"]
    finding["piiEntities"][0]["action"] = "NONE"
    passed["output"]["message"]["content"] = [{"text": f"Write to {SECRET}."}]
    safe = apply_action(passed, "redact")
    assert safe["output"] == passed["output"]
    assert SECRET not in json.dumps(safe["trace"])
