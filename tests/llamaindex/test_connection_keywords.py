"""The keywords of the connection in LlamaIndex's classes: they stay, through every kind of copy."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import pytest
from botocore.config import Config

from bedrock_unified import BedrockClient, ConfigurationError
from bedrock_unified.local import LocalBedrock
from llamaindex_bedrock_unified import BedrockConverse, BedrockEmbedding, BedrockRerank

from .conftest import KEYS, MODEL

GIVEN: dict[str, Any] = {
    "region_name": "eu-west-1",
    "aws_iam_role_source": "env",
    "role_arn": "arn:aws:iam::123456789012:role/reader",
    "role_session_name": "walk",
    "role_external_id": "external-1",
    "role_duration": 900,
    "sts_endpoint_url": "https://sts.example.test",
    "requests_per_minute": 77,
    "cross_region": "auto",
}
CLASSES = [BedrockConverse, BedrockEmbedding, BedrockRerank]


def made(kind: type[Any], **given: Any) -> Any:
    return kind(**({"model": MODEL} if kind is BedrockConverse else {}), **given)


@pytest.mark.parametrize("kind", CLASSES)
def test_they_stay_through_every_kind_of_copy(kind: type[Any]) -> None:
    model = made(kind, **GIVEN)
    for other in (
        pickle.loads(pickle.dumps(model)),
        copy.deepcopy(model),
        copy.copy(model),
        model.model_copy(),
        kind.from_dict(json.loads(json.dumps(model.to_dict()))),
        kind.from_json(model.to_json()),
        kind.model_validate(model.model_dump()),
    ):
        assert {name: getattr(other, name) for name in GIVEN} == GIVEN
        assert {name: getattr(other.bedrock.settings, name) for name in GIVEN} == GIVEN


@pytest.mark.parametrize("kind", CLASSES)
def test_those_of_a_shared_client_are_written_down(kind: type[Any]) -> None:
    written = made(kind, client=BedrockClient(**GIVEN)).to_dict()
    assert {name: written[name] for name in GIVEN} == GIVEN
    assert {name: getattr(kind.from_dict(written).bedrock.settings, name) for name in GIVEN} == GIVEN


@pytest.mark.parametrize("kind", CLASSES)
@pytest.mark.parametrize(
    "given", [{"role_arn": GIVEN["role_arn"]}, {"requests_per_minute": 5}, {"aws_iam_role_source": "env"}]
)
def test_what_a_client_of_boto3_cannot_heed_is_refused(kind: type[Any], given: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=next(iter(given))):
        made(kind, botocore_config=Config(), region_name="us-east-1", **given)


@pytest.mark.parametrize("kind", CLASSES)
def test_a_model_with_keys_and_a_role_is_written_without_the_keys(kind: type[Any]) -> None:
    model = made(kind, **{**GIVEN, "aws_iam_role_source": "auto"}, **KEYS)
    written = f"{model!r}{model.to_json()}{pickle.dumps(model)!r}"
    assert not [secret for secret in KEYS.values() if secret in written]
    assert GIVEN["role_arn"] in model.to_json()


@pytest.mark.parametrize("kind", [BedrockConverse, BedrockEmbedding])
def test_a_model_of_a_configuration_is_one_like_others(kind: type[Any]) -> None:
    region = {"aws_region": "eu-west-1"}
    pod = {
        "version": "v1",
        "kind": "Spicepod",
        "name": "harbour",
        "models": [{"name": "chat", "from": "bedrock:us.amazon.nova-lite-v1:0", "params": region}],
        "embeddings": [{"name": "words", "from": "bedrock:amazon.titan-embed-text-v2:0", "params": region}],
    }
    model = kind.from_config(pod, **KEYS)
    assert type(model) is kind and model.region_name == "eu-west-1"
    for other in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model), kind.from_dict(model.to_dict())):
        assert other.to_dict() == model.to_dict()
    assert not [secret for secret in KEYS.values() if secret in f"{model!r}{model.to_json()}"]


def test_a_call_may_be_sent_by_an_inference_profile() -> None:
    with LocalBedrock() as local:
        llm = BedrockConverse(
            model="us.amazon.nova-lite-v1:0", region_name="us-east-1", endpoint_url=local.url, **KEYS
        )
        llm.complete("Hello?", model="anthropic.claude-sonnet-4-5-20250929-v1:0", cross_region="auto")
        assert local.requests[-1].model_id == MODEL
        llm.complete("Hello?")
        assert local.requests[-1].model_id == "us.amazon.nova-lite-v1:0"
        llm.bedrock.close()
