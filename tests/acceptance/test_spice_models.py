"""Spice.ai's statements about models (SP-01 to SP-12, SP-38): which ids work, and what they are taken for."""

from __future__ import annotations

import warnings

import pytest

from bedrock_unified.chat.conversation import CapabilityWarning
from bedrock_unified.models.ids import parse_model_id
from bedrock_unified.models.profile import profile_of

from .conftest import Account, MakeApp
from .frameworks import STREAMED, WAYS

NOVA = "us.amazon.nova-lite-v1:0"


async def _is_accepted(app: MakeApp, account: Account, model: str, family: str) -> None:
    """The id goes over the wire as it is, and is known to be of the family."""
    said = await app(model).ask("The ferry leaves at nine. When does the ferry leave?")
    assert "nine" in said.text
    assert [(one.operation, one.model_id) for one in account.served] == [("Converse", model)]
    assert parse_model_id(model).family == family
    assert profile_of(model).vendor == family


@pytest.mark.parametrize("way", WAYS)
async def test_sp_01_models_on_bedrock_are_usable(app: MakeApp, account: Account, way: str) -> None:
    await app("amazon.nova-lite-v1:0").ask("Hello?", way)
    operation = "ConverseStream" if way in STREAMED else "Converse"
    assert [(one.operation, one.model_id, one.status) for one in account.served] == [
        (operation, "amazon.nova-lite-v1:0", 200)
    ]


async def test_sp_02_the_prefix_before_the_first_colon_is_not_the_id(app: MakeApp, account: Account) -> None:
    await app(f"bedrock:{NOVA}").ask("Hello?")
    assert account.last.model_id == NOVA
    assert account.last.path == "/model/us.amazon.nova-lite-v1%3A0/converse"


@pytest.mark.parametrize("size", ["micro", "lite", "pro", "premier"])
async def test_sp_03_amazon_nova(app: MakeApp, account: Account, size: str) -> None:
    await _is_accepted(app, account, f"amazon.nova-{size}-v1:0", "amazon")


@pytest.mark.parametrize(
    "model", ["anthropic.claude-3-5-haiku-20241022-v1:0", "anthropic.claude-sonnet-4-20250514-v1:0"]
)
async def test_sp_04_anthropic_claude(app: MakeApp, account: Account, model: str) -> None:
    await _is_accepted(app, account, model, "anthropic")


@pytest.mark.parametrize("model", ["meta.llama3-1-70b-instruct-v1:0", "meta.llama3-2-90b-instruct-v1:0"])
async def test_sp_05_meta_llama(app: MakeApp, account: Account, model: str) -> None:
    await _is_accepted(app, account, model, "meta")


@pytest.mark.parametrize("model", ["mistral.mixtral-8x7b-instruct-v0:1", "mistral.mistral-large-2407-v1:0"])
async def test_sp_06_mistral(app: MakeApp, account: Account, model: str) -> None:
    await _is_accepted(app, account, model, "mistral")


@pytest.mark.parametrize("model", ["cohere.command-r-v1:0", "cohere.command-r-plus-v1:0"])
async def test_sp_07_cohere_command(app: MakeApp, account: Account, model: str) -> None:
    await _is_accepted(app, account, model, "cohere")


@pytest.mark.parametrize("model", ["ai21.jamba-1-5-mini-v1:0", "ai21.jamba-1-5-large-v1:0"])
async def test_sp_08_ai21_jamba(app: MakeApp, account: Account, model: str) -> None:
    await _is_accepted(app, account, model, "ai21")


@pytest.mark.parametrize("model", ["deepseek.r1-v1:0", "deepseek.v3.2"])
async def test_sp_09_deepseek(app: MakeApp, account: Account, model: str) -> None:
    await _is_accepted(app, account, model, "deepseek")
    parsed = parse_model_id(model)
    assert (parsed.geo, parsed.base_id) == (None, model)


@pytest.mark.parametrize(
    ("model", "base"),
    [
        ("us.amazon.nova-lite-v1:0", "amazon.nova-lite-v1:0"),
        ("us.meta.llama3-1-70b-instruct-v1:0", "meta.llama3-1-70b-instruct-v1:0"),
    ],
)
async def test_sp_10_cross_region_profiles(app: MakeApp, account: Account, model: str, base: str) -> None:
    await app(model).ask("Hello?")
    assert account.last.model_id == model
    assert parse_model_id(model).base_id == base
    assert parse_model_id(model).family == parse_model_id(base).family
    assert profile_of(model) == profile_of(base)


@pytest.mark.parametrize("way", WAYS)
async def test_sp_11_an_id_that_nobody_has_heard_of_is_sent_unchanged(
    app: MakeApp, account: Account, way: str
) -> None:
    account.has(models=["vendor.new-model-v9:0"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        await app("vendor.new-model-v9:0").ask("Hello?", way, temperature=0.5)
    assert account.last.model_id == "vendor.new-model-v9:0"
    assert account.body["inferenceConfig"] == {"temperature": 0.5}


@pytest.mark.parametrize("way", WAYS)
async def test_sp_12_the_warning_of_an_unknown_capability_names_the_issue_tracker(
    app: MakeApp, account: Account, way: str
) -> None:
    refusal = (
        "You invoked an unsupported model or your request did not allow prompt caching. See the "
        "documentation for more information."
    )
    account.has(
        models=["vendor.new-model-v9:0"],
        script=[{"error": {"code": "AccessDeniedException", "message": refusal}}],
    )
    model = app("vendor.new-model-v9:0", prompt_cache="auto")
    with pytest.warns(CapabilityWarning, match="issue tracker") as warned:
        await model.ask("Hello?", way)
    assert "vendor.new-model-v9:0 refused" in str(warned[0].message)
    first, second = account.served
    assert {"cachePoint": {"type": "default"}} in first.body["messages"][0]["content"]
    assert second.body["messages"][0]["content"] == [{"text": "Hello?"}]


@pytest.mark.parametrize("model", ["us.meta.llama3-1-70b-instruct-v1:0", "us.anthropic.claude-opus-4-6-v1"])
async def test_sp_38_profile_ids_also_without_a_version_after_a_colon(
    app: MakeApp, account: Account, model: str
) -> None:
    account.has(require_inference_profiles=True)
    said = await app(f"bedrock:{model}").ask("The ferry leaves at nine. When does the ferry leave?")
    assert "nine" in said.text
    assert account.last.model_id == model
