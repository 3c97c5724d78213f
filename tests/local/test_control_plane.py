"""The control plane: lists of models and profiles with all their filters, by region, asked by boto3."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from bedrock_unified.local import Fault, LocalBedrock, Script
from bedrock_unified.local.listed import listed_models
from bedrock_unified.models.ids import parse_model_id
from bedrock_unified.models.profile import profile_of

from .conftest import MakeClient

HAIKU = "anthropic.claude-haiku-4-5-20251001-v1:0"
NOVA = "amazon.nova-lite-v1:0"


def models(control: Any, **filters: Any) -> dict[str, dict[str, Any]]:
    return {one["modelId"]: one for one in control.list_foundation_models(**filters)["modelSummaries"]}


def profiles(control: Any, **filters: Any) -> dict[str, dict[str, Any]]:
    listed = control.list_inference_profiles(**filters)["inferenceProfileSummaries"]
    return {one["inferenceProfileId"]: one for one in listed}


@pytest.mark.parametrize(
    ("name", "value", "member", "has"),
    [
        ("byProvider", "Mistral AI", "providerName", "mistral.mistral-7b-instruct-v0:2"),
        ("byOutputModality", "EMBEDDING", "outputModalities", "cohere.embed-english-v3"),
        ("byOutputModality", "IMAGE", "outputModalities", "amazon.titan-image-generator-v2:0"),
        ("byInferenceType", "ON_DEMAND", "inferenceTypesSupported", NOVA),
        ("byInferenceType", "PROVISIONED", "inferenceTypesSupported", "amazon.titan-embed-text-v1:2:8k"),
        (
            "byCustomizationType",
            "FINE_TUNING",
            "customizationsSupported",
            "anthropic.claude-3-haiku-20240307-v1:0:200k",
        ),
        ("byCustomizationType", "DISTILLATION", "customizationsSupported", None),
    ],
)
def test_a_filter_leaves_what_it_names(
    endpoint: LocalBedrock, connect: MakeClient, name: str, value: str, member: str, has: str | None
) -> None:
    control = connect(endpoint, "bedrock")
    found, every = models(control, **{name: value}), models(control)
    assert found == {key: one for key, one in every.items() if value in one[member]}
    assert 0 < len(found) < len(every)
    assert has is None or has in found


def test_filters_are_joined(endpoint: LocalBedrock, connect: MakeClient) -> None:
    control = connect(endpoint, "bedrock")
    found = models(control, byProvider="amazon", byInferenceType="PROVISIONED", byOutputModality="IMAGE")
    assert list(found) == ["amazon.titan-image-generator-v2:0"]


def test_a_filters_value_that_there_is_not_is_refused(endpoint: LocalBedrock, connect: MakeClient) -> None:
    with pytest.raises(ClientError, match="enum value set"):
        connect(endpoint, "bedrock").list_foundation_models(byOutputModality="SMELL")


def test_a_model_that_is_reached_by_profile_alone_says_so(
    endpoint: LocalBedrock, connect: MakeClient
) -> None:
    listed = models(connect(endpoint, "bedrock"))
    assert listed[HAIKU]["inferenceTypesSupported"] == ["INFERENCE_PROFILE"]
    assert listed["anthropic.claude-3-sonnet-20240229-v1:0"]["modelLifecycle"] == {"status": "LEGACY"}


@pytest.mark.parametrize(
    ("region", "geographies"),
    [
        ("us-east-1", {"us", "global"}),
        ("eu-central-1", {"eu", "global"}),
        ("ap-northeast-1", {"jp", "apac", "global"}),
        ("ap-southeast-2", {"au", "apac", "global"}),
        ("ap-south-1", {"in", "apac", "global"}),
        ("ca-central-1", {"ca", "us", "global"}),
        ("us-gov-west-1", {"us-gov"}),
        ("sa-east-1", {"global"}),
        ("cn-north-1", set[str]()),
    ],
)
def test_each_region_has_the_profiles_of_its_geography(
    endpoint: LocalBedrock, connect: MakeClient, region: str, geographies: set[str]
) -> None:
    control = connect(endpoint, "bedrock", region_name=region)
    found = profiles(control)
    assert {parse_model_id(one).geo for one in found} == geographies
    for profile in found.values():
        assert f":{region}:" in profile["inferenceProfileArn"]
        assert any(f":{region}::foundation-model/" in one["modelArn"] for one in profile["models"])
    listed = models(control)
    by_profile = {
        one for one, about in listed.items() if about["inferenceTypesSupported"] == ["INFERENCE_PROFILE"]
    }
    assert by_profile <= {parse_model_id(one).base_id for one in found}


def test_models_are_those_of_the_region(endpoint: LocalBedrock, connect: MakeClient) -> None:
    here = models(connect(endpoint, "bedrock"))
    there = models(connect(endpoint, "bedrock", region_name="eu-west-1"))
    assert "ai21.jamba-1-5-mini-v1:0" in here and "ai21.jamba-1-5-mini-v1:0" not in there
    assert "deepseek.r1-v1:0" in here and "deepseek.r1-v1:0" not in there


# --- profiles of the account's own


@pytest.fixture
def with_profiles() -> Any:
    own = {"abc123": f"global.{HAIKU}", "def456": NOVA}
    with LocalBedrock(application_profiles=own) as running:
        yield running


def test_profiles_are_listed_by_their_type(with_profiles: LocalBedrock, connect: MakeClient) -> None:
    control = connect(with_profiles, "bedrock")
    own = profiles(control, typeEquals="APPLICATION")
    aws = profiles(control, typeEquals="SYSTEM_DEFINED")
    assert set(own) == {"abc123", "def456"} and {one["type"] for one in own.values()} == {"APPLICATION"}
    assert aws and {one["type"] for one in aws.values()} == {"SYSTEM_DEFINED"}
    assert profiles(control) == aws | own


def test_pages_hold_as_much_as_was_asked_for(with_profiles: LocalBedrock, connect: MakeClient) -> None:
    control = connect(with_profiles, "bedrock")
    first = control.list_inference_profiles(typeEquals="APPLICATION", maxResults=1)
    second = control.list_inference_profiles(
        typeEquals="APPLICATION", maxResults=1, nextToken=first["nextToken"]
    )
    pages = (first, second)
    ids = [one["inferenceProfileId"] for page in pages for one in page["inferenceProfileSummaries"]]
    assert ids == ["abc123", "def456"] and "nextToken" not in second
    with pytest.raises(ClientError, match="pagination token"):
        control.list_inference_profiles(nextToken="nonsense")


def test_one_profile_tells_the_models_behind_it(with_profiles: LocalBedrock, connect: MakeClient) -> None:
    control = connect(with_profiles, "bedrock", region_name="eu-west-1")
    for wanted in ("abc123", "arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/abc123"):
        found = control.get_inference_profile(inferenceProfileIdentifier=wanted)
        assert [one["modelArn"] for one in found["models"]] == [
            f"arn:aws:bedrock:::foundation-model/{HAIKU}",
            f"arn:aws:bedrock:eu-west-1::foundation-model/{HAIKU}",
        ]
    assert control.get_inference_profile(inferenceProfileIdentifier=f"eu.{HAIKU}")["type"] == "SYSTEM_DEFINED"
    with pytest.raises(ClientError, match="was not found"):
        control.get_inference_profile(inferenceProfileIdentifier=f"us.{HAIKU}")


def test_a_script_may_have_profiles_too(tmp_path: Path, connect: MakeClient) -> None:
    script = tmp_path / "script.json"
    script.write_text(json.dumps({"application_profiles": {"abc123": NOVA}}), encoding="utf-8")
    with LocalBedrock(script=script, application_profiles={"def456": HAIKU}) as running:
        control = connect(running, "bedrock")
        assert set(profiles(control, typeEquals="APPLICATION")) == {"abc123", "def456"}
        runtime = connect(running)
        arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123"
        asked = [{"role": "user", "content": [{"text": "Hello?"}]}]
        assert runtime.converse(modelId=arn, messages=asked)["stopReason"] == "end_turn"


def test_a_script_with_a_profile_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="abc123"):
        Script.of({"application_profiles": {"abc123": 7}})


# --- what is refused


@pytest.mark.parametrize("operation", ["ListFoundationModels", "ListInferenceProfiles"])
def test_each_list_can_be_denied_by_itself(
    endpoint: LocalBedrock, connect: MakeClient, operation: str
) -> None:
    endpoint.inject(Fault.error("AccessDeniedException", "no", operation=operation, times=None))
    control = connect(endpoint, "bedrock")
    calls = {
        "ListFoundationModels": control.list_foundation_models,
        "ListInferenceProfiles": control.list_inference_profiles,
    }
    for name, call in calls.items():
        if name == operation:
            with pytest.raises(control.exceptions.AccessDeniedException):
                call()
        else:
            call()


@pytest.mark.parametrize("model_id", [HAIKU, "anthropic.claude-sonnet-5", "anthropic.claude-opus-4-6-v1"])
def test_a_model_that_needs_a_profile_is_refused_in_awss_words(connect: MakeClient, model_id: str) -> None:
    asked = [{"role": "user", "content": [{"text": "Hello?"}]}]
    with LocalBedrock(require_inference_profiles=True) as strict:
        runtime = connect(strict)
        with pytest.raises(runtime.exceptions.ValidationException) as caught:
            runtime.converse(modelId=model_id, messages=asked)
        assert caught.value.response["Error"]["Message"] == (
            f"Invocation of model ID {model_id} with on-demand throughput isn’t supported. Retry your "
            "request with the ID or ARN of an inference profile that contains this model."
        )
        assert runtime.converse(modelId=f"us.{model_id}", messages=asked)["stopReason"] == "end_turn"


#: Refused on demand in one recorded exchange and taken in another: the account's list says the one.
BOTH_WAYS = {"anthropic.claude-3-5-haiku-20241022-v1:0", "meta.llama3-2-1b-instruct-v1:0"}


def test_the_list_and_what_is_known_of_models_agree() -> None:
    for model in listed_models():
        if model.inference != ("PROVISIONED",) and model.id not in BOTH_WAYS:
            assert profile_of(model.id).on_demand is not model.profile_only, model.id
        assert not model.profile_only or model.profiles, model.id
