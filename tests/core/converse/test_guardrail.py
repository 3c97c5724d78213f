"""Which guardrail guards a request: identifiers, versions, traces; on InvokeModel, too."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from botocore.model import ServiceModel

from bedrock_unified.converse.assessment import guardrail_outcome
from bedrock_unified.converse.guardrail import (
    INTERVENED,
    STREAM_MODES,
    TRACES,
    guardrail_config,
    invoke_body,
    invoke_members,
    native_outcome,
    tagged,
)
from bedrock_unified.errors import ConfigurationError, InvalidRequestError
from bedrock_unified.parameters import ConverseParameters

ARN = "arn:aws:bedrock:us-east-1:123456789012:guardrail/abc123"
PAIR = {"guardrailIdentifier": "abc123", "guardrailVersion": "1"}


def config_of(*, streaming: bool = False, **parameters: Any) -> dict[str, Any]:
    return ConverseParameters(**parameters).converse_members({}, streaming=streaming)["guardrailConfig"]


# Converse


@pytest.mark.parametrize("name", ["bedrock_guardrail_identifier", "guardrail_identifier"])
@pytest.mark.parametrize(
    "identifier", ["abc123", ARN, "arn:aws-us-gov:bedrock:us-gov-west-1:123456789012:guardrail/x1"]
)
def test_sp_24_an_id_or_an_arn_is_the_identifier(name: str, identifier: str) -> None:
    config = config_of(**{name: identifier, "guardrail_version": "1"})
    assert config["guardrailIdentifier"] == identifier


@pytest.mark.parametrize(
    "identifier",
    ["ABC", "abc 1", "abc/1", "arn:aws:bedrock:us-east-1:1:guardrail/abc", f"{ARN}/x", "a" * 2049],
)
def test_rq_an_identifier_of_another_form_is_refused(identifier: str) -> None:
    with pytest.raises(ConfigurationError, match="guardrail_identifier"):
        config_of(guardrail_identifier=identifier, guardrail_version="1")


@pytest.mark.parametrize(
    ("version", "sent"), [("1", "1"), (1, "1"), ("DRAFT", "DRAFT"), ("99999999", "99999999")]
)
def test_sp_25_a_version_is_a_number_or_draft(version: Any, sent: str) -> None:
    config = config_of(bedrock_guardrail_identifier="abc123", bedrock_guardrail_version=version)
    assert config["guardrailVersion"] == sent


@pytest.mark.parametrize("version", ["v1", "0", 0, "01", "draft", "100000000", "1 "])
def test_sp_25_another_version_is_refused(version: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"guardrail_version|without"):
        config_of(guardrail_identifier="abc123", guardrail_version=version)


@pytest.mark.parametrize("streaming", [False, True])
def test_sp_26_a_trace_that_is_left_out_is_disabled(streaming: bool) -> None:
    config = config_of(guardrail_identifier="abc123", guardrail_version="1", streaming=streaming)
    assert config == {**PAIR, "trace": "disabled"}
    assert config_of(guardrail_config=dict(PAIR), streaming=streaming) == {**PAIR, "trace": "disabled"}


@pytest.mark.parametrize("name", ["bedrock_trace", "trace", "guardrail_trace"])
@pytest.mark.parametrize("trace", TRACES)
def test_sp_26_a_trace_is_sent_as_it_is_given(name: str, trace: str) -> None:
    config = config_of(guardrail_identifier="abc123", guardrail_version="1", **{name: trace})
    assert config == {**PAIR, "trace": trace}


@pytest.mark.parametrize("trace", ["on", "ENABLED", "true"])
def test_sp_26_another_trace_is_refused(trace: str) -> None:
    with pytest.raises(ConfigurationError, match=f"guardrail trace '{trace}'"):
        config_of(guardrail_identifier="abc123", guardrail_version="1", guardrail_trace=trace)


def test_sp_39_the_example_gives_exactly_its_guardrail() -> None:
    config = config_of(
        bedrock_guardrail_identifier="abc123", bedrock_guardrail_version="1", bedrock_trace="enabled"
    )
    assert config == {**PAIR, "trace": "enabled"}


@pytest.mark.parametrize(
    "half", [{"guardrail_identifier": "abc123"}, {"guardrail_version": "1"}, {"guardrail_trace": "enabled"}]
)
def test_rq_half_a_guardrail_is_refused(half: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="a guardrail without"):
        config_of(**half)


def test_the_given_config_is_not_changed() -> None:
    given = {**PAIR, "streamProcessingMode": "async"}
    before = dict(given)
    assert guardrail_config(None, None, config=given) == {**PAIR, "trace": "disabled"}
    assert given == before


# InvokeModel


@pytest.mark.parametrize("operation", ["InvokeModel", "InvokeModelWithResponseStream"])
@pytest.mark.parametrize("trace", [None, *TRACES])
def test_rq_on_invoke_model_the_trace_is_upper_case(
    runtime: ServiceModel, operation: str, trace: str | None
) -> None:
    config = {**PAIR, **({"trace": trace} if trace else {}), "streamProcessingMode": "async"}
    members = invoke_members(config)
    shape = runtime.operation_model(operation).input_shape
    assert set(members) <= set(shape.members)
    assert members.pop("trace", None) == (trace and trace.upper())
    assert members == PAIR
    assert trace is None or trace.upper() in shape.members["trace"].enum


@pytest.mark.parametrize(
    "config", [{}, {"guardrailIdentifier": "abc"}, {**PAIR, "trace": "x"}, {**PAIR, "guardrailVersion": "v1"}]
)
def test_a_guardrail_that_would_not_guard_is_refused_on_invoke_model(config: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequestError, match="guardrail"):
        invoke_members(config)


def test_the_stream_mode_travels_in_the_body() -> None:
    """As the user guide has it; not in recorded traffic."""
    words = [invoke_body({**PAIR, "streamProcessingMode": mode}) for mode in STREAM_MODES]
    assert words == [
        {"amazon-bedrock-guardrailConfig": {"streamProcessingMode": word}}
        for word in ("SYNCHRONOUS", "ASYNCHRONOUS")
    ]
    assert invoke_body(PAIR) == {}
    assert invoke_body(PAIR, tag_suffix="x1") == {"amazon-bedrock-guardrailConfig": {"tagSuffix": "x1"}}


def test_marked_text_stands_between_tags() -> None:
    """As the user guide has it; not in recorded traffic."""
    assert tagged("Hi", "x1") == (
        "<amazon-bedrock-guardrails-guardContent_x1>Hi</amazon-bedrock-guardrails-guardContent_x1>"
    )
    both = tagged("Hi", "x1", ["query", "guard_content"])
    assert both.startswith(
        "<amazon-bedrock-guardrails-query_x1><amazon-bedrock-guardrails-guardContent_x1>Hi<"
    )
    assert both.endswith("</amazon-bedrock-guardrails-query_x1>")
    for suffix, qualifiers in (("", []), ("a-b", []), ("a" * 21, []), ("x1", ["colour"])):
        with pytest.raises(InvalidRequestError):
            tagged("Hi", suffix, qualifiers)


ASSESSED = {"wordPolicy": {"customWords": [{"match": "hush", "action": "BLOCKED"}]}}


def test_rq_a_native_intervention_is_converses_stop_reason_and_trace() -> None:
    body = {
        "stop_reason": "end_turn",
        "amazon-bedrock-guardrailAction": "INTERVENED",
        "amazon-bedrock-trace": {
            "guardrail": {
                "actionReason": "Guardrail blocked.",
                "modelOutput": ["x"],
                "input": {"abc": {}},
                "outputs": [{"abc": ASSESSED}, {"abc": {}, "other": {}}],
            },
            "somethingNew": 1,
        },
    }
    before = copy.deepcopy(body)
    stop, trace = native_outcome(body)
    assert stop == INTERVENED == "guardrail_intervened"
    assert trace == {
        "guardrail": {
            "actionReason": "Guardrail blocked.",
            "modelOutput": ["x"],
            "inputAssessment": {"abc": {}},
            "outputAssessments": {"abc": [ASSESSED, {}], "other": [{}]},
        },
        "somethingNew": 1,
    }
    assert body == before
    outcome = guardrail_outcome({"stopReason": stop, "trace": trace})
    assert outcome is not None and outcome.findings == getattr(guardrail_outcome(body), "findings", None)


def test_a_native_answer_that_passed_keeps_its_own_stop_reason() -> None:
    assert native_outcome({"stop_reason": "end_turn"}) == (None, None)
    assert native_outcome({"amazon-bedrock-guardrailAction": "NONE"}) == (None, None)
    assert native_outcome({"amazon-bedrock-guardrailAction": "INTERVENED"}) == (INTERVENED, None)
