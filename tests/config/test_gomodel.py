"""GoModel's environment: where its calls go, and whose families of variables are whose."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from pydantic import SecretStr

from bedrock_unified.config.gomodel import read
from bedrock_unified.errors import ConfigurationError

from .gomodel_folder import HAIKU, NOVA, PROFILE_ARN, providers
from .gomodel_folder import in_an_empty_folder as in_an_empty_folder


@pytest.mark.parametrize(
    ("base_url", "keywords"),
    [
        ("us-east-1", {"region_name": "us-east-1"}),
        ("  eu-west-1 ", {"region_name": "eu-west-1"}),
        ("https://bedrock-runtime.us-west-2.amazonaws.com", {"region_name": "us-west-2"}),
        ("https://bedrock-runtime.us-west-2.amazonaws.com/", {"region_name": "us-west-2"}),
        ("https://bedrock.us-west-2.amazonaws.com", {"region_name": "us-west-2"}),
        (
            "https://bedrock-runtime-fips.us-east-1.amazonaws.com",
            {
                "region_name": "us-east-1",
                "endpoint_url": "https://bedrock-runtime-fips.us-east-1.amazonaws.com",
            },
        ),
        (
            "https://vpce-1a2b.bedrock-runtime.eu-west-1.vpce.amazonaws.com",
            {
                "region_name": "eu-west-1",
                "endpoint_url": "https://vpce-1a2b.bedrock-runtime.eu-west-1.vpce.amazonaws.com",
            },
        ),
    ],
)
def test_a_region_and_an_endpoint_of_aws_name_the_region(base_url: str, keywords: dict[str, Any]) -> None:
    assert providers(BEDROCK_BASE_URL=base_url, AWS_REGION="ap-south-1") == {"bedrock": keywords}


@pytest.mark.parametrize(
    ("url", "control"),
    [
        ("https://bedrock.internal.example.com", "https://bedrock.internal.example.com"),
        (
            "https://my-bedrock-runtime.internal.example.com/p",
            "https://my-bedrock-runtime.internal.example.com/p",
        ),
        ("https://bedrock-runtime.eu-west-1.example.com", "https://bedrock.eu-west-1.example.com"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("https://bedrock-runtime.us-east-1.amazonaws.com.evil.example", None),
    ],
)
def test_a_host_of_ones_own_takes_its_region_from_aws_region(url: str, control: str | None) -> None:
    found = providers(BEDROCK_BASE_URL=url, AWS_REGION="ap-south-1", AWS_DEFAULT_REGION="us-west-1")[
        "bedrock"
    ]
    assert (found["endpoint_url"], found["region_name"]) == (url, "ap-south-1")
    assert found["control_endpoint_url"] == (control or url.replace("bedrock-runtime", "bedrock"))


@pytest.mark.parametrize(
    "base_url",
    [
        "Virginia",
        "us east 1",
        "https://",
        "ftp://bedrock.example.com",
        "https://user:pass@example.com",
        "a/b",
    ],
)
def test_what_is_neither_region_nor_endpoint_is_refused_without_its_password(base_url: str) -> None:
    with pytest.raises(ConfigurationError, match="environment, BEDROCK_BASE_URL") as refused:
        read(None, {"BEDROCK_BASE_URL": base_url})
    assert "pass@" not in str(refused.value)


def test_the_endpoint_of_mantle_is_refused_with_the_way_out() -> None:
    with pytest.raises(ConfigurationError, match="Mantle") as refused:
        read(None, {"BEDROCK_BASE_URL": "https://bedrock-mantle.us-east-1.api.aws"})
    assert "region" in str(refused.value.hint)


def test_aws_region_stands_above_aws_default_region_and_nothing_leaves_it_to_the_call() -> None:
    both = {"AWS_REGION": "eu-north-1", "AWS_DEFAULT_REGION": "us-west-1"}
    assert providers(**both) == {"bedrock": {"region_name": "eu-north-1"}}
    assert providers(AWS_DEFAULT_REGION="us-west-1") == {"bedrock": {"region_name": "us-west-1"}}
    assert providers() == {"bedrock": {}}


@pytest.mark.parametrize(
    ("variable", "name"),
    [
        ("BEDROCK_BASE_URL", "bedrock"),
        ("BEDROCK_US_BASE_URL", "bedrock-us"),
        ("BEDROCK_US_EAST_1_BASE_URL", "bedrock-us-east-1"),
        ("BEDROCK_2_BASE_URL", "bedrock-2"),
        ("BEDROCK_BASE_URL_BASE_URL", "bedrock-base-url"),
        ("BEDROCK_API_KEY_BASE_URL", "bedrock-api-key"),
    ],
)
def test_the_field_is_matched_from_the_right_and_the_rest_is_the_name(variable: str, name: str) -> None:
    assert providers(**{variable: "eu-west-1"}) == {name: {"region_name": "eu-west-1"}}


@pytest.mark.parametrize(
    "variable",
    [
        "BEDROCK__BASE_URL",
        "BEDROCK_US__EAST_BASE_URL",
        "BEDROCK_US-EAST_BASE_URL",
        "BEDROCK__US_BASE_URL",
        "BEDROCKBASE_URL",
        "XBEDROCK_BASE_URL",
        "BEDROCK_BASE_URLS",
        "bedrock_base_url",
    ],
)
def test_what_is_no_suffix_is_nobodys(variable: str) -> None:
    assert providers(**{variable: "eu-west-1"}) == {"bedrock": {}}


@pytest.mark.parametrize("value", ["", "   ", "${NOWHERE}", "x${NOWHERE}"])
def test_an_empty_value_and_one_that_is_nowhere_say_nothing(value: str) -> None:
    assert providers(BEDROCK_BASE_URL=value, BEDROCK_EU_MODELS=value) == {"bedrock": {}}


def test_models_are_trimmed_and_each_is_there_once() -> None:
    read_ = read(None, {"BEDROCK_MODELS": f" {HAIKU} , {NOVA},,{HAIKU}, bedrock:{NOVA},{PROFILE_ARN}"})
    assert read_.providers["bedrock"].models == (HAIKU, NOVA, PROFILE_ARN)
    assert list(read_) == [HAIKU, NOVA, PROFILE_ARN]


def test_a_model_that_none_can_be_is_refused_where_it_stands() -> None:
    with pytest.raises(ConfigurationError, match=r"environment, BEDROCK_EU_MODELS: .*percent-encoded"):
        read(None, {"BEDROCK_EU_MODELS": "amazon.nova-lite-v1%3A0"})


def test_mantle_is_another_provider_of_gomodels() -> None:
    env = {
        "BEDROCK_MANTLE_BASE_URL": "us-east-1",
        "BEDROCK_MANTLE_EU_API_KEY": "a secret",
        "BEDROCK_EU_MODELS": NOVA,
    }
    found = read(None, env)
    assert list(found.providers) == ["bedrock-eu"]
    assert len([note for note in found.notes if "bedrock-mantle" in note]) == 2
    assert "a secret" not in "".join(found.notes)


def test_variables_that_bedrock_does_not_look_at_are_told() -> None:
    env = {
        "BEDROCK_PROXY_URL": "http://u:p@proxy",
        "BEDROCK_EU_API_KEY_2": "k",
        "BEDROCK_BASE_URL": "us-east-1",
    }
    notes = read(None, env).notes
    assert [note.partition(":")[0] for note in notes] == [
        "environment, BEDROCK_EU_API_KEY_2",
        "environment, BEDROCK_PROXY_URL",
    ]
    assert "u:p" not in "".join(notes)


def test_a_key_of_one_instance_is_its_own_and_never_shown() -> None:
    env = {
        "BEDROCK_EU_API_KEY": "ABSK-very-secret",
        "BEDROCK_EU_BASE_URL": "eu-west-1",
        "BEDROCK_BASE_URL": "us-east-1",
    }
    found = read(None, env)
    assert isinstance(found.providers["bedrock-eu"].parameters["api_key"], SecretStr)
    assert "api_key" not in found.providers["bedrock"].parameters
    assert "very-secret" not in repr(found)
    assert b"very-secret" not in pickle.dumps(found)


def test_a_region_that_only_a_host_of_ones_own_names_is_told() -> None:
    url = "https://bedrock-runtime.eu-west-1.internal.example.com"
    assert any(
        "the region eu-west-1 is the host's" in note for note in read(None, {"BEDROCK_BASE_URL": url}).notes
    )
    assert read(None, {"BEDROCK_BASE_URL": url, "AWS_REGION": "us-west-2"}).notes == ()
    assert read(None, {"BEDROCK_BASE_URL": "http://127.0.0.1:8080"}).notes == ()
