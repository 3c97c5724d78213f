"""The troubleshooting tables of GoModel, Contenox and OneLLM, as hints of typed errors.

GM-24 to GM-26, CX-18, CX-20, CX-21, OL-27 to OL-29. Each error comes from an endpoint, in AWS's words,
through both frameworks; each hint has the value for the very call: the profile of its region, the IAM action
of its operation, the console's page.
"""

from __future__ import annotations

from typing import Any

import pytest

from bedrock_unified.errors import (
    BedrockError,
    InvalidRequestError,
    ModelAccessError,
    NotFoundError,
    PermissionDeniedError,
    ThrottlingError,
)
from bedrock_unified.local import Fault

from ..core.server import Received, Server, reply
from .conftest import Account, MakeApp
from .frameworks import STREAMED, WAYS

SONNET = "anthropic.claude-3-5-sonnet-20241022-v2:0"
ON_DEMAND = (
    "Invocation of model ID {} with on-demand throughput isn’t supported. Retry your request with the ID or "
    "ARN of an inference profile that contains this model."
)
#: A region, and the profile of the model that its clients may find.
PROFILES = [
    ("us-east-1", f"us.{SONNET}"),
    ("eu-central-1", f"eu.{SONNET}"),
    ("ap-southeast-1", f"apac.{SONNET}"),
]
ways = pytest.mark.parametrize("way", WAYS)


async def refused(app: Any, way: str, kind: type[BedrockError]) -> BedrockError:
    """The error of one question."""
    with pytest.raises(kind) as caught:
        await app.ask("Hello?", way)
    assert caught.value.request_id, "AWS answered"
    return caught.value


@ways
async def test_gm_24_a_denial_names_permission_and_model_access(
    app: MakeApp, account: Account, way: str
) -> None:
    denied = "User: arn:aws:iam::123456789012:user/ann is not authorized to perform this action"
    account.has(faults=[Fault.error("AccessDeniedException", denied, status=403)])
    error = await refused(app(SONNET), way, PermissionDeniedError)
    action = "bedrock:InvokeModelWithResponseStream" if way in STREAMED else "bedrock:InvokeModel"
    assert error.status == 403
    assert f"allow {action} in the caller's IAM policy" in str(error.hint)
    assert "the model may not be enabled for the account" in str(error.hint)
    assert "https://console.aws.amazon.com/bedrock/home?region=us-east-1#/modelaccess" in str(error.hint)


@ways
@pytest.mark.parametrize(("region", "profile"), PROFILES)
async def test_gm_25_on_demand_throughput_names_the_profile_of_the_region(
    app: MakeApp, account: Account, region: str, profile: str, way: str
) -> None:
    account.has(require_inference_profiles=True)
    error = await refused(app(SONNET, region_name=region), way, InvalidRequestError)
    assert f"use the inference profile '{profile}'" in str(error.hint)


def no_models(request: Received) -> bytes:
    """A control plane that lists nothing."""
    kind = "modelSummaries" if "foundation-models" in request.target else "inferenceProfileSummaries"
    return reply({kind: []})


@pytest.mark.parametrize("colour", ["sync", "async"])
async def test_gm_26_an_account_without_models_is_told_what_to_look_at(colour: str) -> None:
    with Server(no_models) as server, pytest.raises(NotFoundError) as caught:
        async with server.client(control_endpoint_url=server.url) as client:
            if colour == "sync":
                client.available_models()
            else:
                await client.aavailable_models()
    told = str(caught.value)
    for named in (
        "model registry has no models",
        "'us-east-1'",
        "bedrock:ListFoundationModels",
        "bedrock:ListInferenceProfiles",
        "BEDROCK_MODELS",
    ):
        assert named in told


@ways
@pytest.mark.parametrize(("region", "profile"), PROFILES)
async def test_cx_18_the_prefix_of_the_regions_group_is_in_the_hint(
    app: MakeApp, account: Account, region: str, profile: str, way: str
) -> None:
    account.has(faults=[Fault.error("ValidationException", ON_DEMAND.format(SONNET), status=400)])
    error = await refused(app(SONNET, region_name=region), way, InvalidRequestError)
    assert profile in str(error.hint) and region in str(error.hint)


@ways
async def test_cx_20_a_model_that_is_not_enabled_is_to_be_enabled_in_the_console(
    app: MakeApp, account: Account, way: str
) -> None:
    told = "You don't have access to the model with the specified model ID."
    account.has(faults=[Fault.error("AccessDeniedException", told)])
    error = await refused(app(SONNET, region_name="eu-west-1"), way, ModelAccessError)
    assert "under Model access" in str(error.hint)
    assert "region=eu-west-1#/modelaccess" in str(error.hint)


@ways
async def test_cx_21_the_bare_id_is_named_with_what_to_put_in_its_place(
    app: MakeApp, account: Account, way: str
) -> None:
    account.has(require_inference_profiles=True)
    error = await refused(app(SONNET), way, InvalidRequestError)
    assert f"in place of '{SONNET}'" in str(error.hint)
    assert "on-demand throughput" in error.message


@ways
async def test_ol_27_a_model_the_account_may_not_use_is_a_denied_access(
    app: MakeApp, account: Account, way: str
) -> None:
    opus = "anthropic.claude-3-opus-20240229-v1:0"
    told = f"The requested model {opus} is not supported for inference in your account."
    account.has(faults=[Fault.error("AccessDeniedException", told)])
    error = await refused(app(opus), way, ModelAccessError)
    assert isinstance(error, PermissionDeniedError)
    assert str(error.hint).startswith(
        f"Model access denied: request access to '{opus}' in region 'us-east-1'"
    )


@ways
async def test_ol_28_too_many_requests_are_an_error_after_the_retries(
    app: MakeApp, account: Account, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bedrock_unified.wire.retry.random.uniform", lambda low, high: 0)
    account.has(faults=[Fault.throttle(times=None)])
    error = await refused(app(SONNET, max_retries=2), way, ThrottlingError)
    assert len(account.served) == 3
    assert "Too many requests" in error.message and error.status == 429 and error.is_retryable
    assert "request an increase in the Service Quotas console" in str(error.hint)
    assert f"us.{SONNET}" in str(error.hint), "which spreads calls over regions"


@ways
@pytest.mark.parametrize(
    ("code", "message", "kind"),
    [
        ("ResourceNotFoundException", "Could not resolve the foundation model.", NotFoundError),
        ("ValidationException", "The provided model identifier is invalid.", InvalidRequestError),
    ],
)
async def test_ol_29_a_model_that_a_region_lacks_is_told_with_the_region(
    app: MakeApp, account: Account, code: str, message: str, kind: type[BedrockError], way: str
) -> None:
    account.has(faults=[Fault.error(code, message)])
    error = await refused(app(SONNET, region_name="eu-north-1"), way, kind)
    assert "region 'eu-north-1'" in str(error.hint)
    assert "region" in str(error.hint) and f"'{SONNET}'" in str(error.hint)
