"""GoModel's statements about models (GM-01, GM-16 to GM-20, GM-26): which routes, and which list."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bedrock_unified import BedrockClient, NotFoundError
from bedrock_unified.config.gomodel import read
from bedrock_unified.config.named import Provider
from bedrock_unified.local import Fault
from bedrock_unified.models.available import ModelList

from .conftest import KEYS, Account, MakeApp
from .frameworks import STREAMED, WAYS

HAIKU = "anthropic.claude-3-5-haiku-20241022-v1:0"
NOVA = "amazon.nova-lite-v1:0"
MODELS = "ListFoundationModels"
NOTHING: list[dict[str, Any]] = [
    {"operation": MODELS, "body": {"modelSummaries": []}, "times": None},
    {"operation": "ListInferenceProfiles", "body": {"inferenceProfileSummaries": []}, "times": None},
]
#: A model of each family that GoModel names, and others.
FAMILIES = [
    HAIKU,
    NOVA,
    "meta.llama3-8b-instruct-v1:0",
    "mistral.mistral-large-2407-v1:0",
    "cohere.command-r-v1:0",
    "ai21.jamba-1-5-mini-v1:0",
    "deepseek.v3.2",
    "openai.gpt-oss-20b-1:0",
    "qwen.qwen3-32b-v1:0",
]


def provider_of(env: Mapping[str, str], source: Mapping[str, Any] | None = None) -> Provider:
    """GoModel's one provider of this environment and file."""
    (provider,) = read(source, env).providers.values()
    return provider


def listed(account: Account, provider: Provider, **which: Any) -> ModelList:
    """What a client of the provider lists."""
    region = str(provider.parameters["region_name"])
    urls = {"endpoint_url": account.endpoint.url, "control_endpoint_url": account.endpoint.url}
    with BedrockClient(region_name=region, max_retries=0, **urls, **KEYS) as client:
        return client.available_models(models=provider.models, mode=provider.models_mode, **which)


@pytest.fixture(autouse=True)
def nothing_lies_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """GoModel looks for its files in the folder that it is started in."""
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("model", FAMILIES)
async def test_gm_01_every_family_goes_by_converse_and_converse_stream(
    app: MakeApp, account: Account, model: str, way: str
) -> None:
    said = await app(model).ask("The ferry leaves at nine. When does the ferry leave?", way)
    assert "nine" in said.text
    route = "converse-stream" if way in STREAMED else "converse"
    assert [one.path for one in account.served] == [f"/model/{model.replace(':', '%3A')}/{route}"]


def test_gm_16_the_default_list_is_the_control_planes_on_demand_text_models(account: Account) -> None:
    models = listed(account, provider_of({"BEDROCK_BASE_URL": "us-east-1"}), output="TEXT", on_demand=True)
    assert models.source == "account"
    assert account.served[0].operation == MODELS
    assert NOVA in models.ids and "cohere.command-r-v1:0" in models.ids
    assert all("TEXT" in model.output and model.on_demand for model in models)
    assert "amazon.titan-embed-text-v2:0" not in models.ids  # gives embeddings
    assert "amazon.titan-image-generator-v2:0" not in models.ids  # gives images
    assert not any(":200k" in model_id for model_id in models.ids)  # needs provisioned throughput


def test_gm_16_what_only_a_profile_reaches_is_listed_too_where_it_is_not_left_out(account: Account) -> None:
    models = listed(account, provider_of({"BEDROCK_BASE_URL": "eu-west-1"}), kind="chat")
    assert "eu.anthropic.claude-sonnet-4-5-20250929-v1:0" in models.ids
    assert {model.vendor for model in models} >= {"anthropic", "amazon", "mistral", "meta"}


async def test_gm_17_bedrock_models_pins_profile_ids_and_custom_arns(app: MakeApp, account: Account) -> None:
    arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abcdefghijkl"
    account.has(application_profiles={"abcdefghijkl": HAIKU})
    env = {
        "BEDROCK_BASE_URL": "us-east-1",
        "BEDROCK_MODELS": f" us.{NOVA} ,{arn},us.{NOVA}, ",
        "CONFIGURED_PROVIDER_MODELS_MODE": "allowlist",
    }
    models = listed(account, provider_of(env))
    assert models.ids == [f"us.{NOVA}", arn]
    for model_id in models.ids:
        await app(model_id).ask("Hello?")
        assert account.last.model_id == model_id


def test_gm_18_the_file_pins_models_as_the_environment_does(account: Account) -> None:
    entry = {"type": "bedrock", "base_url": "us-east-1", "models": [HAIKU, NOVA]}
    file = {
        "providers": {"bedrock": entry},
        "models": {"configured_provider_models_mode": "allowlist"},
    }
    from_file = provider_of({}, file)
    from_env = provider_of(
        {
            "BEDROCK_BASE_URL": "us-east-1",
            "BEDROCK_MODELS": f"{HAIKU},{NOVA}",
            "CONFIGURED_PROVIDER_MODELS_MODE": "allowlist",
        }
    )
    assert listed(account, from_file).ids == listed(account, from_env).ids == [HAIKU, NOVA]


PINNED = {"BEDROCK_BASE_URL": "us-east-1", "BEDROCK_MODELS": f"{HAIKU},{NOVA}"}


def test_gm_19_by_default_the_list_that_aws_gives_wins(account: Account) -> None:
    models = listed(account, provider_of(PINNED))
    assert models.source == "account" and len(models) > 20


def test_gm_19_where_the_list_is_refused_the_configured_one_is_used(account: Account) -> None:
    account.has(faults=[Fault.error("AccessDeniedException", "no", operation=MODELS, times=None)])
    models = listed(account, provider_of(PINNED))
    assert (models.source, models.ids) == ("configured", [HAIKU, NOVA])
    assert "AccessDeniedException" in models.notes[0]


def test_gm_19_where_the_list_is_empty_the_configured_one_is_used(account: Account) -> None:
    account.has(script=NOTHING)
    models = listed(account, provider_of(PINNED))
    assert (models.source, models.ids) == ("configured", [HAIKU, NOVA])
    assert [model.name for model in models] == ["Claude 3.5 Haiku", "Nova Lite"]


def test_gm_20_an_allowlist_is_the_list_and_nobody_is_asked(account: Account) -> None:
    models = listed(account, provider_of({**PINNED, "CONFIGURED_PROVIDER_MODELS_MODE": "allowlist"}))
    assert models.ids == [HAIKU, NOVA]
    assert account.served == []


def test_gm_20_an_allowlist_without_a_list_is_the_normal_one(account: Account) -> None:
    env = {"BEDROCK_BASE_URL": "us-east-1", "CONFIGURED_PROVIDER_MODELS_MODE": "allowlist"}
    assert listed(account, provider_of(env)).source == "account"


def test_gm_26_a_registry_without_models_says_what_to_do(account: Account) -> None:
    account.has(script=NOTHING)
    with pytest.raises(NotFoundError, match="model registry has no models") as caught:
        listed(account, provider_of({"BEDROCK_BASE_URL": "us-east-1"}))
    hint = caught.value.hint or ""
    assert "BEDROCK_MODELS" in hint and "bedrock:ListFoundationModels" in hint and "'us-east-1'" in hint


def test_gm_26_a_control_plane_that_refuses_says_why_there_are_none(account: Account) -> None:
    account.has(faults=[Fault.error("AccessDeniedException", "not you", operation=MODELS, times=None)])
    with pytest.raises(NotFoundError, match="model registry has no models: not you") as caught:
        listed(account, provider_of({"BEDROCK_BASE_URL": "us-east-1"}), curated=False)
    assert "BEDROCK_MODELS" in (caught.value.hint or "")
