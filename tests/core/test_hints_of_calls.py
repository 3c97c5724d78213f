"""What a hint tells of the very call: the profile, the action, the region, the command."""

import re
from typing import Any

import pytest

from bedrock_unified import errors as e
from bedrock_unified.hints import HOST_NOT_FOUND, NO_MODELS_LISTED, explain

MODEL = "anthropic.claude-sonnet-4-5-20250929-v1:0"
ON_DEMAND = f"Invocation of model ID {MODEL} with on-demand throughput isn’t supported. Retry your request"


def explained(
    code: str,
    message: str = "",
    *,
    status: int | None = None,
    operation: str | None = "Converse",
    model_id: str | None = MODEL,
    region: str | None = "us-east-1",
    **more: Any,
) -> tuple[type[e.BedrockError], str]:
    kind, hint = explain(
        code, message, status=status, operation=operation, model_id=model_id, region=region, **more
    )
    return kind, hint or ""


@pytest.mark.parametrize(
    "message",
    [
        "The model returned the following errors: prompt is too long: 200049 tokens > 200000 maximum",
        "input length and `max_tokens` exceed context limit: 198000 + 8192 > 200000",
        "This model's maximum context length is 202752 tokens. However, you requested 65536 output tokens",
        "Your input exceeds the context window of this model.",
        "Input Tokens Exceeded: Number of input tokens exceeds maximum length.",
        "400 Bad Request: Too many input tokens. Max input tokens: 8192, request input token count: 9000",
        "Malformed input request: expected maxLength: 50000, actual: 60000, please reformat your input",
        "Malformed input request: #/texts/0: expected maxLength: 2048, actual: 2049",
    ],
)
def test_overflow_of_the_context_is_recognised(message: str):
    assert explained("ValidationException", message)[0] is e.ContextOverflowError
    assert explained("modelStreamErrorException", message)[0] is e.ContextOverflowError


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("ThrottlingException", "Too many tokens, please wait before trying again."),
        ("ValidationException", "#/stopSequences/0: expected maxLength: 20, actual: 40"),
        ("ValidationException", "The maximum tokens you requested exceeds the model limit of 4096."),
    ],
)
def test_what_resembles_an_overflow_is_none(code: str, message: str):
    assert explained(code, message)[0] is not e.ContextOverflowError


@pytest.mark.parametrize(
    ("operation", "action"),
    [
        ("Converse", "bedrock:InvokeModel"),
        ("ConverseStream", "bedrock:InvokeModelWithResponseStream"),
        ("InvokeModel", "bedrock:InvokeModel"),
        ("InvokeModelWithResponseStream", "bedrock:InvokeModelWithResponseStream"),
        ("CountTokens", "bedrock:CountTokens"),
        ("ApplyGuardrail", "bedrock:ApplyGuardrail"),
        ("ListFoundationModels", "bedrock:ListFoundationModels"),
        ("ListInferenceProfiles", "bedrock:ListInferenceProfiles"),
    ],
)
def test_denied_access_names_the_operations_action(operation: str, action: str):
    kind, hint = explained("AccessDeniedException", "Access denied", operation=operation)
    assert kind is e.PermissionDeniedError
    assert f"allow {action} in the caller's IAM policy" in hint


def test_denied_access_names_both_causes_and_the_console():
    _, hint = explained("AccessDeniedException", "no", region="eu-west-1")
    assert "IAM policy" in hint
    assert "Model access (https://console.aws.amazon.com/bedrock/home?region=eu-west-1#/modelaccess)" in hint
    _, hint = explained("AccessDeniedException", "no", region="us-gov-west-1")
    assert "https://console.amazonaws-us-gov.com/bedrock/home?region=us-gov-west-1" in hint
    _, hint = explained("AccessDeniedException", "no", operation="ListFoundationModels", model_id=None)
    assert "Model access" not in hint


def test_a_guardrail_needs_an_action_of_its_own():
    assert "bedrock:ApplyGuardrail" in explained("AccessDeniedException", "no", uses_guardrail=True)[1]
    assert "bedrock:ApplyGuardrail" not in explained("AccessDeniedException", "no")[1]
    _, hint = explained("AccessDeniedException", "no", operation="ApplyGuardrail", uses_guardrail=True)
    assert hint.count("bedrock:ApplyGuardrail") == 1


def test_denied_access_to_a_profile_names_the_regions_behind_it():
    denied = (
        "User: arn:aws:sts::111122223333:assumed-role/r/s is not authorized to perform: bedrock:InvokeModel "
        f"on resource: arn:aws:bedrock:ap-northeast-3::foundation-model/{MODEL} because no identity-based "
        "policy allows the bedrock:InvokeModel action"
    )
    _, hint = explained("AccessDeniedException", denied, model_id=f"jp.{MODEL}", region="ap-northeast-1")
    assert f"bedrock:InvokeModel on arn:aws:bedrock:ap-northeast-3::foundation-model/{MODEL}" in hint
    assert "every region that it routes to" in hint


@pytest.mark.parametrize(
    ("region", "offered"),
    [
        ("us-east-1", ["us", "global"]),
        ("eu-central-1", ["eu", "global"]),
        ("ap-southeast-1", ["apac", "global"]),
        ("ap-northeast-1", ["jp", "apac", "global"]),
        ("us-gov-west-1", ["us-gov"]),
    ],
)
def test_on_demand_hints_offer_the_regions_profiles_in_order(region: str, offered: list[str]):
    _, hint = explained("ValidationException", ON_DEMAND, region=region)
    assert re.findall(rf"'([a-z-]+)\.{re.escape(MODEL)}'", hint) == offered
    assert "ListInferenceProfiles" in hint


def test_on_demand_hints_make_no_profile_up():
    for region, model_id in ((None, MODEL), ("cn-north-1", MODEL), ("us-east-1", "my-model")):
        _, hint = explained("ValidationException", ON_DEMAND, region=region, model_id=model_id)
        assert "pass the id or ARN of an inference profile" in hint
        assert "us." not in hint


def test_a_profile_of_another_geography_is_pointed_out():
    invalid = "The provided model identifier is invalid."
    _, hint = explained("ValidationException", invalid, model_id=f"us.{MODEL}", region="eu-west-1")
    assert hint.endswith(f"Here the inference profile is 'eu.{MODEL}'.")
    _, hint = explained("ValidationException", invalid, model_id=f"global.{MODEL}", region="eu-west-1")
    assert "Here the inference profile" not in hint
    arn = f"arn:aws:bedrock:us-west-2:111122223333:inference-profile/us.{MODEL}"
    _, hint = explained("ValidationException", invalid, model_id=arn, region="eu-west-1")
    assert "The ARN is of region 'us-west-2'." in hint
    _, hint = explained("ValidationException", invalid, model_id=arn, region="us-west-2")
    assert "The ARN is of" not in hint


def test_an_expired_signature_names_clock_limits_and_alternatives():
    _, hint = explained("InvalidSignatureException", "Signature expired: … (… - 5 min.)", status=403)
    for part in ("clock", "call again", "stream", "faster model", "max_tokens", "API key"):
        assert part in hint


def test_an_unrecognized_client_names_key_and_region():
    _, hint = explained("UnrecognizedClientException", "invalid", region="eu-west-2")
    for part in ("access key", "'eu-west-2'", "endpoint_url"):
        assert part in hint


def test_throttling_and_quota_are_told_apart():
    for message in (
        "Too many requests, please wait before trying again. You have sent too many requests.",
        "Too many tokens, please wait before trying again.",
    ):
        kind, hint = explained("ThrottlingException", message, status=429)
        assert kind is e.ThrottlingError
        assert "Service Quotas" in hint
        assert f"'us.{MODEL}' spreads" in hint
        assert "spreads" not in explained("ThrottlingException", message, model_id=f"us.{MODEL}")[1]
    assert explained("ThrottlingException", "Too many tokens per day, please wait")[0] is e.QuotaExceededError
    assert explained("ServiceQuotaExceededException", "", status=400)[0] is e.QuotaExceededError


def test_a_counting_profile_is_sent_to_its_foundation_model():
    refused = "The provided model doesn't support counting tokens."
    _, hint = explained("ValidationException", refused, operation="CountTokens", model_id=f"us.{MODEL}")
    assert f"'{MODEL}'" in hint


def test_an_empty_list_of_models_names_region_permissions_and_the_variable():
    kind, hint = explained(NO_MODELS_LISTED, operation="ListFoundationModels", model_id=None)
    assert kind is e.NotFoundError
    for part in ("'us-east-1'", "control plane", "bedrock:ListFoundationModels", "BEDROCK_MODELS"):
        assert part in hint


def test_a_host_that_is_not_found_names_the_region():
    kind, hint = explained(HOST_NOT_FOUND, region="us-est-1")
    assert kind is e.ConnectionFailed
    assert "'us-est-1' is the right region" in hint
