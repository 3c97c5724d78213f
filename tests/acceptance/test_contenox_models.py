"""Contenox's statements about models (CX-01, CX-09, CX-16, CX-17): which work, and what is told of them."""

from __future__ import annotations

import pytest

from bedrock_unified import BedrockClient
from bedrock_unified.local import Fault
from bedrock_unified.models.profile import profile_of

from .conftest import KEYS, Account, MakeApp
from .frameworks import STREAMED, WAYS

SONNET = "anthropic.claude-3-5-sonnet-20241022-v2:0"


def client_of(account: Account, region: str = "us-east-1") -> BedrockClient:
    urls = {"endpoint_url": account.endpoint.url, "control_endpoint_url": account.endpoint.url}
    return BedrockClient(region_name=region, max_retries=0, **urls, **KEYS)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "model",
    [
        "us.anthropic.claude-3-5-sonnet-20241022-v2:0",
        "us.meta.llama3-3-70b-instruct-v1:0",
        "mistral.mistral-large-2407-v1:0",
        "amazon.nova-pro-v1:0",
    ],
)
async def test_cx_01_claude_llama_mistral_and_nova_by_converse(
    app: MakeApp, account: Account, model: str, way: str
) -> None:
    said = await app(model).ask("The ferry leaves at nine. When does the ferry leave?", way)
    assert "nine" in said.text
    operation = "ConverseStream" if way in STREAMED else "Converse"
    assert [(one.operation, one.model_id, one.status) for one in account.served] == [(operation, model, 200)]


def test_cx_09_the_list_is_the_accounts_where_it_may_be_seen(account: Account) -> None:
    with client_of(account) as client:
        models = client.available_models(kind="chat")
    assert models.source == "account" and models.notes == ()
    found = models.find(SONNET)
    assert found is not None and found.id == f"us.{SONNET}"


def test_cx_09_offline_it_is_a_curated_list_and_says_so() -> None:
    nowhere = "http://127.0.0.1:9"
    with BedrockClient(
        region_name="us-east-1", control_endpoint_url=nowhere, max_retries=0, **KEYS
    ) as client:
        models = client.available_models(kind="chat")
    assert models.source == "curated" and len(models) > 40
    assert "not the account's own list" in models.notes[0]
    found = models.find(SONNET)
    assert found is not None and found.id == f"us.{SONNET}"


async def test_cx_09_every_curated_chat_model_can_be_called(app: MakeApp, account: Account) -> None:
    denied = Fault.error("AccessDeniedException", "no", operation="ListFoundationModels", times=None)
    account.has(faults=[denied], require_inference_profiles=True)
    with client_of(account) as client:
        models = client.available_models(kind="chat")
    assert models.source == "curated"
    recorded_both_ways = "anthropic.claude-3-5-haiku-20241022-v1:0", "meta.llama3-2-1b-instruct-v1:0"
    for model in models:
        if model.id not in recorded_both_ways:  # AWS refused them in one region and served them in another
            await app(model.id).ask("Hello?")
            assert account.last.status == 200, model.id


async def test_cx_16_any_id_works_whether_it_is_listed_or_not(app: MakeApp, account: Account) -> None:
    account.has(models=["acme.talker-v9:0"])
    for model in ("acme.talker-v9:0", "us.anthropic.claude-that-comes-next-v1:0"):
        with client_of(account) as client:
            assert client.available_models().find(model) is None
        said = await app(model).ask("The ferry leaves at nine. When does the ferry leave?")
        assert "nine" in said.text and account.last.model_id == model


@pytest.mark.parametrize(
    ("region", "geography"), [("us-east-1", "us"), ("eu-west-1", "eu"), ("ap-south-1", "apac")]
)
def test_cx_17_models_that_need_a_regional_profile_are_marked(
    account: Account, region: str, geography: str
) -> None:
    model_id = "anthropic.claude-3-7-sonnet-20250219-v1:0"
    with client_of(account, region) as client:
        found = client.available_models().find(model_id)
    assert found is not None
    assert (found.on_demand, found.reached_by, found.id) == (False, "profile", f"{geography}.{model_id}")


def test_cx_17_most_current_claude_and_llama_models_are_marked_in_the_curated_list_too(
    account: Account,
) -> None:
    account.has(
        faults=[Fault.error("AccessDeniedException", "no", operation="ListFoundationModels", times=None)]
    )
    with client_of(account) as client:
        models = client.available_models(kind="chat")
    for model in models:
        assert model.on_demand is profile_of(model.model_id).on_demand
        assert model.on_demand or model.id == model.profile == f"us.{model.model_id}"
    by_profile = {model.model_id for model in models if not model.on_demand}
    assert {SONNET, "meta.llama3-3-70b-instruct-v1:0", "meta.llama4-scout-17b-instruct-v1:0"} <= by_profile
