"""Which inference profile is suggested where."""

import botocore.session
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_unified.models.geographies import profile_candidates, split_name, suggested_profile
from bedrock_unified.models.ids import parse_model_id

MODEL = "anthropic.claude-sonnet-4-5-20250929-v1:0"


@pytest.mark.parametrize(
    ("region", "geography"),
    [
        ("us-east-1", "us"),
        ("us-west-2", "us"),
        ("us-gov-west-1", "us-gov"),
        ("eu-central-1", "eu"),
        ("ca-central-1", "ca"),
        ("ap-northeast-1", "jp"),
        ("ap-northeast-3", "jp"),
        ("ap-northeast-2", "apac"),
        ("ap-southeast-2", "au"),
        ("ap-southeast-4", "au"),
        ("ap-southeast-1", "apac"),
        ("ap-south-1", "in"),
        ("ap-south-2", "in"),
        ("ap-east-1", "apac"),
        ("sa-east-1", "global"),
        ("me-central-1", "global"),
        ("af-south-1", "global"),
        ("il-central-1", "global"),
        ("mx-central-1", "global"),
    ],
)
def test_the_regions_own_geography_is_suggested_first(region: str, geography: str):
    assert suggested_profile(MODEL, region) == f"{geography}.{MODEL}"
    assert parse_model_id(MODEL).suggested_for(region) == f"{geography}.{MODEL}"


@pytest.mark.parametrize(
    "region", ["cn-north-1", "us-iso-east-1", "us-isob-east-1", "eu-isoe-west-1", "", None]
)
def test_nothing_is_suggested_where_no_profile_is_known(region):
    assert suggested_profile(MODEL, region) is None
    assert profile_candidates(MODEL, region) == ()


def test_wider_geographies_follow_and_global_comes_last():
    def geographies(region: str) -> list[str]:
        return [profile.removesuffix(f".{MODEL}") for profile in profile_candidates(MODEL, region)]

    assert geographies("ap-northeast-1") == ["jp", "apac", "global"]
    assert geographies("ap-south-1") == ["in", "apac", "global"]
    assert geographies("ca-west-1") == ["ca", "us", "global"]
    assert geographies("us-gov-east-1") == ["us-gov"]


def test_the_accounts_list_decides():
    listed = [f"global.{MODEL}", f"apac.{MODEL}", "jp.amazon.nova-2-lite-v1:0"]
    assert suggested_profile(MODEL, "ap-northeast-1", listed) == f"apac.{MODEL}"
    assert suggested_profile(MODEL, "ap-northeast-1", [f"global.{MODEL}"]) == f"global.{MODEL}"
    # Geographies that the table does not foresee, yet before global.
    assert suggested_profile(MODEL, "sa-east-1", [f"global.{MODEL}", f"amer.{MODEL}"]) == f"amer.{MODEL}"
    assert suggested_profile(MODEL, "moon-1", [f"moon.{MODEL}"]) == f"moon.{MODEL}"
    assert suggested_profile(MODEL, None, [f"global.{MODEL}", f"eu.{MODEL}"]) == f"eu.{MODEL}"


def test_a_list_without_the_model_changes_nothing():
    assert suggested_profile(MODEL, "eu-west-1", [MODEL, "eu.amazon.nova-lite-v1:0"]) == f"eu.{MODEL}"


def test_a_profile_of_elsewhere_is_exchanged_for_one_of_here():
    assert parse_model_id(f"us.{MODEL}").suggested_for("eu-west-1") == f"eu.{MODEL}"


@pytest.mark.parametrize(
    "spec",
    [
        "my-model",
        "us.does-not-exist-v1:0",
        "arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abcdefghijkl",
        "arn:aws:bedrock:us-east-1:123456789012:custom-model/amazon.nova-lite-v1:0/abcdefghijkl",
    ],
)
def test_no_profile_is_made_up_for_what_is_no_vendors_model(spec: str):
    assert parse_model_id(spec).suggested_for("us-east-1") is None


def test_every_region_botocore_knows_gets_an_id_that_reads_back():
    partitions = botocore.session.Session().get_component("data_loader").load_data("partitions")["partitions"]
    for region in (name for partition in partitions for name in partition["regions"]):
        for profile in profile_candidates(MODEL, region):
            geo, vendor, base_id = split_name(profile)
            assert (f"{geo}.{base_id}", vendor, base_id) == (profile, "anthropic", MODEL)


@given(st.text())
def test_splitting_loses_nothing(name: str):
    geo, vendor, base_id = split_name(name)
    assert (f"{geo}.{base_id}" if geo else base_id) == name
    assert vendor is None or base_id.startswith(f"{vendor}.")
