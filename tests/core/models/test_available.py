"""What can be invoked, from the control plane's lists: real ones, and made ones for the rules."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import bedrock_unified
from bedrock_unified.errors import ConfigurationError
from bedrock_unified.models.available import (
    KINDS,
    AvailableModel,
    Filters,
    ModelList,
    checked_mode,
    kind_of,
    pinned,
    vendor_slug,
)
from bedrock_unified.models.data import table
from bedrock_unified.models.ids import aliases
from bedrock_unified.models.merging import configured, curated, merged, profiles_of
from bedrock_unified.models.profile import profile_of

from ...traffic.conftest import recorded_or_skipped
from ...traffic.recordings import folder

SONNET = "anthropic.claude-sonnet-4-5-20250929-v1:0"
NOVA = "amazon.nova-lite-v1:0"
REGION = "us-east-1"


def summary(model_id: str, *types: str, **members: Any) -> dict[str, Any]:
    """A model of ListFoundationModels."""
    return {
        "modelArn": f"arn:aws:bedrock:{REGION}::foundation-model/{model_id}",
        "modelId": model_id,
        "modelName": model_id.upper(),
        "providerName": "Acme",
        "inputModalities": ["TEXT"],
        "outputModalities": ["TEXT"],
        "inferenceTypesSupported": list(types),
        "modelLifecycle": {"status": "ACTIVE"},
        **members,
    }


def system(profile_id: str, **members: Any) -> dict[str, Any]:
    """A system-defined profile of ListInferenceProfiles."""
    return {
        "inferenceProfileId": profile_id,
        "inferenceProfileArn": f"arn:aws:bedrock:{REGION}:123456789012:inference-profile/{profile_id}",
        "inferenceProfileName": f"Name of {profile_id}",
        "models": [
            {"modelArn": f"arn:aws:bedrock:{REGION}::foundation-model/{profile_id.partition('.')[2]}"}
        ],
        "status": "ACTIVE",
        "type": "SYSTEM_DEFINED",
        **members,
    }


def application(name: str, *behind: str, **members: Any) -> dict[str, Any]:
    """A profile of the account's own."""
    return {
        "inferenceProfileId": name,
        "inferenceProfileArn": f"arn:aws:bedrock:{REGION}:123456789012:application-inference-profile/{name}",
        "inferenceProfileName": f"team {name}",
        "models": [{"modelArn": f"arn:aws:bedrock:{REGION}::foundation-model/{one}"} for one in behind],
        "status": "ACTIVE",
        "type": "APPLICATION",
        **members,
    }


def only(
    models: list[dict[str, Any]],
    profiles: list[dict[str, Any]] | None = None,
    own: tuple[dict[str, Any], ...] = (),
    region: str = REGION,
) -> AvailableModel:
    """The one entry of what is merged."""
    (entry,) = merged(models, profiles, own, region)
    return entry


# --- what is sent


def test_what_is_served_on_demand_is_sent_by_its_own_id_and_tells_its_profile() -> None:
    entry = only([summary(NOVA, "ON_DEMAND", "INFERENCE_PROFILE")], [system(f"us.{NOVA}")])
    assert (entry.id, entry.on_demand, entry.profile) == (NOVA, True, f"us.{NOVA}")


def test_what_is_served_by_profile_alone_is_sent_by_a_geographic_one_before_global() -> None:
    profiles = [system(f"global.{SONNET}"), system(f"us.{SONNET}")]
    entry = only([summary(SONNET, "INFERENCE_PROFILE")], profiles)
    assert (entry.id, entry.reached_by, entry.model_id) == (f"us.{SONNET}", "profile", SONNET)
    assert entry.profiles == (f"us.{SONNET}", f"global.{SONNET}")


def test_global_is_sent_where_there_is_nothing_else() -> None:
    assert only([summary(SONNET, "INFERENCE_PROFILE")], [system(f"global.{SONNET}")]).id == f"global.{SONNET}"


def test_of_several_geographies_the_closest_to_the_region_comes_first() -> None:
    listed = [f"global.{SONNET}", f"apac.{SONNET}", f"jp.{SONNET}", f"us.{NOVA}"]
    assert profiles_of(SONNET, listed, "ap-northeast-1") == (
        f"jp.{SONNET}",
        f"apac.{SONNET}",
        f"global.{SONNET}",
    )


@pytest.mark.parametrize("types", [("PROVISIONED",), ()])
def test_what_needs_provisioned_throughput_cannot_be_invoked_by_an_id(types: tuple[str, ...]) -> None:
    assert merged([summary("acme.talker-v1:0:8k", *types)], [], (), REGION) == ()


def test_a_profile_of_the_same_beginning_is_not_the_models_own() -> None:
    assert merged(
        [summary("acme.talker", "INFERENCE_PROFILE")], [system("us.acme.talker-large")], (), REGION
    )[0].id == ("us.acme.talker-large")


def test_without_the_list_of_profiles_the_likeliest_one_stands_for_it() -> None:
    assert only([summary(SONNET, "INFERENCE_PROFILE")], None, region="eu-west-1").id == f"eu.{SONNET}"


def test_a_profile_of_a_model_that_the_region_does_not_list_is_an_entry() -> None:
    entry = only([], [system(f"us.{SONNET}"), system(f"global.{SONNET}")])
    assert (entry.id, entry.model_id, entry.name) == (f"us.{SONNET}", SONNET, "Claude Sonnet 4.5")
    unknown = only([], [system("us.acme.talker-v1:0")])
    assert (unknown.name, unknown.vendor, unknown.kind) == ("Name of us.acme.talker-v1:0", "acme", "chat")


def test_an_application_profile_is_sent_by_its_arn_and_tells_the_models_behind_it() -> None:
    listed = [summary(NOVA, "ON_DEMAND", inputModalities=["TEXT", "IMAGE"])]
    model, entry = merged(listed, [], [application("abc123", NOVA, NOVA)], REGION)
    assert entry.id.endswith("application-inference-profile/abc123")
    assert (entry.reached_by, entry.name, entry.models) == ("application_profile", "team abc123", (NOVA,))
    assert (entry.vendor, entry.kind, entry.input) == (model.vendor, model.kind, ("TEXT", "IMAGE"))


def test_an_application_profile_of_another_regions_model_is_told_by_what_is_known() -> None:
    entry = only([], [], (application("abc123", SONNET),))
    assert (entry.vendor, entry.kind, entry.model_id, entry.streaming) == ("anthropic", "chat", SONNET, True)


def test_a_profile_that_is_not_active_is_left_out() -> None:
    assert (
        merged([], [system(f"us.{SONNET}", status="CREATING")], [application("a", status="X")], REGION) == ()
    )


# --- what a model is


@pytest.mark.parametrize(
    ("model_id", "output", "kind"),
    [
        (NOVA, ["TEXT"], "chat"),
        ("amazon.titan-embed-text-v2:0", ["EMBEDDING"], "embedding"),
        ("cohere.embed-v4:0", [], "embedding"),
        ("cohere.rerank-v3-5:0", ["TEXT"], "rerank"),
        ("amazon.nova-canvas-v1:0", ["IMAGE"], "image"),
        ("luma.ray-v2:0", ["VIDEO"], "video"),
        ("amazon.nova-sonic-v1:0", ["SPEECH", "TEXT"], "speech"),
        ("twelvelabs.pegasus-1-2-v1:0", ["TEXT"], "other"),
        ("acme.nobody-knows", [], "chat"),
        ("acme.smells", ["SMELL"], "other"),
    ],
)
def test_the_kind_of_a_model(model_id: str, output: list[str], kind: str) -> None:
    assert kind_of(model_id, output) == kind
    assert kind in KINDS


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Anthropic", "anthropic"),
        ("Amazon", "amazon"),
        ("Mistral AI", "mistral"),
        ("AI21 Labs", "ai21"),
        ("Stability AI", "stability"),
        ("Moonshot AI", "moonshotai"),
        ("moonshot", "moonshotai"),
        ("TwelveLabs", "twelvelabs"),
        ("Z.AI", "zai"),
        ("Brand New Labs", "brandnew"),
    ],
)
def test_a_vendors_slug_is_what_its_ids_begin_with(name: str, slug: str) -> None:
    assert vendor_slug(name) == slug == vendor_slug(slug)


def test_the_vendor_is_the_ids_and_else_what_the_list_calls_it() -> None:
    assert only([summary(NOVA, "ON_DEMAND", providerName="Somebody Else")], []).vendor == "amazon"
    assert only([summary("mymodel", "ON_DEMAND", providerName="Acme AI")], []).vendor == "acme"


def test_a_model_that_aws_retires_says_so() -> None:
    assert only([summary(NOVA, "ON_DEMAND", modelLifecycle={"status": "LEGACY"})], []).legacy


def test_an_entry_is_json() -> None:
    told = json.loads(json.dumps(only([summary(NOVA, "ON_DEMAND")], []).as_dict()))
    assert told["id"] == NOVA and told["on_demand"] is True and told["legacy"] is False


# --- real lists


def test_the_recorded_lists_of_aws_merge_into_what_can_be_invoked() -> None:
    recorded = [one for one in recorded_or_skipped() if one.operation == "ListFoundationModels"]
    assert len(recorded) == 12
    for exchange in recorded:
        summaries = exchange.oracle.parsed["modelSummaries"]
        models = ModelList(merged(summaries, [], (), "us-west-2"), "us-west-2", "account")
        on_demand = {one["modelId"] for one in summaries if "ON_DEMAND" in one["inferenceTypesSupported"]}
        assert set(models.ids) == on_demand
        by_profile = {
            one["modelId"] for one in summaries if "INFERENCE_PROFILE" in one["inferenceTypesSupported"]
        }
        listed = [system(f"us.{model_id}") for model_id in by_profile]
        models = ModelList(merged(summaries, listed, (), "us-west-2"), "us-west-2", "account")
        assert set(models.ids) == on_demand | {f"us.{one}" for one in by_profile - on_demand}
        assert all(model.vendor and model.vendor == vendor_slug(model.vendor) for model in models)
        assert {model.kind for model in models} <= {"chat", "embedding", "rerank", "image", "video", "other"}


# --- lists that nobody was asked for


def test_the_curated_list_has_one_entry_a_model_and_what_it_says_was_recorded_or_written() -> None:
    rows = table("available")["models"]
    assert len({row["id"] for row in rows}) == len(rows) > 50
    for row in rows:
        assert re.fullmatch(
            r"(?:bx[0-9a-f]+|seeds/ACCEPTANCE\.md \d\.\d|[;:]| |streams|modalities inferred)+", row["source"]
        )
        assert kind_of(row["id"], row["output"]) in ("chat", "embedding", "rerank", "other")


def test_what_the_curated_list_cites_is_there() -> None:
    exchanges = {one.id: one for one in recorded_or_skipped()}
    place = folder()
    if place is None or not (place.parent / "seeds").is_dir():
        pytest.skip("the documents beside the recorded traffic are not here: they belong in ../shared")
    seeds = (place.parent / "seeds" / "ACCEPTANCE.md").read_text(encoding="utf-8")
    for row in table("available")["models"]:
        cited = re.findall(r"bx[0-9a-f]+", row["source"])
        for one in cited:
            exchange = exchanges[one]
            if exchange.operation == "ListFoundationModels":
                listed = {model["modelId"]: model for model in exchange.oracle.parsed["modelSummaries"]}
                about = listed[row["id"]]
                assert (about["modelName"], about["inputModalities"]) == (row["name"], row["input"])
            else:
                assert exchange.model_id is not None and exchange.model_id.endswith(row["id"])
        if not cited:
            name = row["id"].partition(".")[2]
            assert name in seeds or name.replace("anthropic.", "") in seeds, row["id"]


def test_a_curated_model_is_reached_as_its_capabilities_say() -> None:
    for model in curated("eu-west-1"):
        assert model.on_demand is profile_of(model.model_id).on_demand
        assert model.id == (model.model_id if model.on_demand else f"eu.{model.model_id}")


def test_a_region_without_documented_profiles_has_the_on_demand_models_alone() -> None:
    assert all(model.on_demand for model in curated("cn-north-1"))


def test_a_configured_list_keeps_what_was_configured() -> None:
    arn = "arn:aws:bedrock:us-east-1:123456789012:imported-model/abcdefghijkl"
    specs = ("claude-3-haiku", f"eu.{SONNET}", arn, NOVA)
    alias, profile, imported, nova = configured(specs, REGION, {})
    assert [one.id for one in (alias, profile, imported, nova)] == list(specs)
    assert {one.source for one in (alias, profile, imported, nova)} == {"configured"}
    assert (alias.model_id, alias.vendor, alias.name) == (
        aliases()["claude-3-haiku"],
        "anthropic",
        "Claude 3 Haiku",
    )
    assert (profile.reached_by, profile.profile, profile.kind) == ("profile", f"eu.{SONNET}", "chat")
    assert (imported.reached_by, imported.vendor, imported.kind) == ("arn", None, "other")
    assert nova.on_demand


def test_a_configured_model_is_told_by_what_aws_said_of_it() -> None:
    known = {NOVA: only([summary(NOVA, "ON_DEMAND", modelName="What AWS calls it")], [])}
    (entry,) = configured((f"us.{NOVA}",), REGION, known)
    assert (entry.name, entry.source, entry.id) == ("What AWS calls it", "configured", f"us.{NOVA}")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (f" {NOVA} ,us.{NOVA}, {NOVA},,", (NOVA, f"us.{NOVA}")),
        ([NOVA, f" {NOVA}"], (NOVA,)),
        ("", ()),
        ((), ()),
    ],
)
def test_a_configured_list_is_trimmed_and_each_of_it_once(given: Any, kept: tuple[str, ...]) -> None:
    assert pinned(given) == kept


@pytest.mark.parametrize("given", [b"x", {"a": 1}, 7, ["no model id"], [None], "a b"])
def test_what_is_no_list_of_model_ids_is_refused(given: Any) -> None:
    with pytest.raises(ConfigurationError, match="models"):
        pinned(given)


# --- choosing


def test_a_mode_is_read_as_gomodel_reads_it() -> None:
    assert checked_mode(" AllowList ") == "allowlist"
    with pytest.raises(ConfigurationError) as caught:
        checked_mode("whitelist")
    assert caught.value.hint == "must be one of: fallback, allowlist, merge"


def test_filters_choose_by_kind_vendor_output_and_the_way() -> None:
    models = [
        *merged(
            [
                summary(NOVA, "ON_DEMAND"),
                summary("amazon.titan-embed-text-v1", "ON_DEMAND", outputModalities=["EMBEDDING"]),
            ],
            [],
            (),
            REGION,
        ),
        *merged(
            [summary("mistral.pixtral", "INFERENCE_PROFILE")], [system("us.mistral.pixtral")], (), REGION
        ),
    ]

    def chosen(**filters: Any) -> list[str]:
        return [model.id for model in models if Filters(**filters).checked().fits(model)]

    assert chosen(kind="chat") == [NOVA, "us.mistral.pixtral"]
    assert chosen(vendor="Mistral AI") == ["us.mistral.pixtral"]
    assert chosen(output="text", on_demand=True) == [NOVA]
    assert chosen(output="EMBEDDING") == ["amazon.titan-embed-text-v1"]
    assert chosen(on_demand=False) == ["us.mistral.pixtral"]
    assert chosen(legacy=True) == []


@pytest.mark.parametrize("wrong", [{"kind": "chats"}, {"kind": 1}, {"vendor": ["a"]}, {"on_demand": "yes"}])
def test_a_filter_that_there_is_not_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        Filters(**wrong).checked()


def test_a_list_finds_a_model_by_any_of_its_names() -> None:
    models = ModelList(
        merged(
            [summary(SONNET, "INFERENCE_PROFILE")],
            [system(f"us.{SONNET}"), system(f"global.{SONNET}")],
            (),
            REGION,
        ),
        REGION,
        "account",
        ["a note"],
    )
    for spec in (f"us.{SONNET}", SONNET, f"global.{SONNET}", f"bedrock:{SONNET}"):
        found = models.find(spec)
        assert found is not None and found.id == f"us.{SONNET}"
    assert models.find(NOVA) is None
    assert (len(models), models[0].id, models[:1], models.notes) == (
        1,
        f"us.{SONNET}",
        (models[0],),
        ("a note",),
    )


def test_the_data_is_part_of_the_package() -> None:
    assert (Path(bedrock_unified.__file__).parent / "models" / "available.json").is_file()
