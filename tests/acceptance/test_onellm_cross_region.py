"""OneLLM's statements about regions (OL-21, OL-29): the best one by default, and not all have all models."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import boto3
import pytest
from langchain_core.load import dumps

from bedrock_unified import BedrockClient, BedrockError, InvalidRequestError, NotFoundError
from bedrock_unified.local import Fault
from bedrock_unified.models.ids import aliases
from bedrock_unified.models.profile import profile_of
from langchain_bedrock_unified import BedrockEmbeddings, BedrockRerank, ChatBedrock
from llamaindex_bedrock_unified import BedrockConverse, BedrockEmbedding
from llamaindex_bedrock_unified import BedrockRerank as LlamaIndexRerank

from .conftest import KEYS, Account, MakeApp
from .frameworks import WAYS, App

ALIAS = "claude-3-5-sonnet"
SONNET = aliases()[ALIAS]
LISTING = "ListInferenceProfiles"
BY_PROFILE = sorted(name for name in aliases() if not profile_of(name).on_demand)


def called(account: Account) -> list[str | None]:
    """The models that were called, in order."""
    return [one.model_id for one in account.served if one.operation != LISTING]


def in_region(app: MakeApp, account: Account, model: str, region: str = "us-east-1", **more: Any) -> App:
    """A model of a client that may list the account's profiles."""
    return app(model, region_name=region, control_endpoint_url=account.endpoint.url, **more)


@pytest.mark.parametrize("way", WAYS)
async def test_ol_21_a_short_name_goes_by_the_profile_of_the_region_by_default(
    app: MakeApp, account: Account, way: str
) -> None:
    account.has(require_inference_profiles=True)
    model = in_region(app, account, ALIAS)
    said = await model.ask("The ferry leaves at nine. When does the ferry leave?", way)
    await model.ask("Hello?", way)
    assert "nine" in said.text
    assert called(account) == [f"us.{SONNET}"] * 2
    assert [one.operation for one in account.served].count(LISTING) == 1


@pytest.mark.parametrize("way", WAYS)
async def test_ol_21_by_invoke_model_too(app: MakeApp, account: Account, way: str) -> None:
    account.has(require_inference_profiles=True)
    await in_region(app, account, ALIAS, use_converse=False).ask("Hello?", way)
    assert account.last.operation.startswith("InvokeModel")
    assert called(account) == [f"us.{SONNET}"]


@pytest.mark.parametrize("name", BY_PROFILE)
@pytest.mark.parametrize(
    ("region", "geography"), [("us-west-2", "us"), ("eu-central-1", "eu"), ("ap-southeast-1", "apac")]
)
async def test_ol_21_every_short_name_of_a_model_that_needs_one_gets_a_profile(
    app: MakeApp, account: Account, name: str, region: str, geography: str
) -> None:
    # Nobody may ask this account for its profiles: the likeliest of the region is sent.
    account.has(require_inference_profiles=True)
    await app(name, region_name=region).ask("Hello?")
    assert called(account) == [f"{geography}.{aliases()[name]}"]
    assert len(account.served) == 1


async def test_ol_21_a_model_that_is_served_on_demand_is_sent_as_it_is(
    app: MakeApp, account: Account
) -> None:
    await in_region(app, account, "nova-lite").ask("Hello?")
    assert [(one.operation, one.model_id) for one in account.served] == [
        ("Converse", "amazon.nova-lite-v1:0")
    ]


@pytest.mark.parametrize("model", [SONNET, f"global.{SONNET}", f"bedrock/{SONNET}"])
async def test_ol_21_an_id_that_is_written_out_is_sent_as_it_is_written(
    app: MakeApp, account: Account, model: str
) -> None:
    await in_region(app, account, model).ask("Hello?")
    assert [one.model_id for one in account.served] == [model.removeprefix("bedrock/")]


async def test_ol_21_auto_takes_full_ids_too(app: MakeApp, account: Account) -> None:
    await in_region(app, account, SONNET, cross_region="auto").ask("Hello?")
    assert called(account) == [f"us.{SONNET}"]


@pytest.mark.parametrize("way", WAYS)
async def test_ol_21_one_switch_turns_it_off(app: MakeApp, account: Account, way: str) -> None:
    account.has(require_inference_profiles=True)
    with pytest.raises(InvalidRequestError, match="on-demand throughput") as caught:
        await in_region(app, account, ALIAS, cross_region=False).ask("Hello?", way)
    assert [one.model_id for one in account.served] == [SONNET]
    assert caught.value.model_id == SONNET
    assert f"us.{SONNET}" in (caught.value.hint or "")


async def test_ol_21_a_single_call_may_decide_otherwise(app: MakeApp, account: Account) -> None:
    model = in_region(app, account, SONNET)
    for wish in ("auto", False, None):
        await model.ask("Hello?", cross_region=wish)
    assert called(account) == [f"us.{SONNET}", SONNET, SONNET]
    model = in_region(app, account, ALIAS, cross_region=False)
    await model.ask("Hello?")
    await model.ask("Hello?", cross_region="auto")
    assert called(account)[-2:] == [SONNET, f"us.{SONNET}"]


async def test_ol_21_where_aws_refuses_on_demand_the_short_name_goes_by_profile(
    app: MakeApp, account: Account
) -> None:
    account.has(require_inference_profiles=True)
    model = in_region(app, account, "claude-3-5-haiku")
    haiku = aliases()["claude-3-5-haiku"]
    await model.ask("Hello?")
    await model.ask("Hello?")
    assert called(account) == [haiku, f"us.{haiku}", f"us.{haiku}"]


def test_ol_21_langchains_answer_names_the_model_that_was_called(account: Account) -> None:
    urls = {"endpoint_url": account.endpoint.url, "control_endpoint_url": account.endpoint.url}
    model = ChatBedrock(model=ALIAS, region_name="us-east-1", **urls, **KEYS)
    assert model.invoke("Hello?").response_metadata["model_name"] == f"us.{SONNET}"
    *_, last = model.stream("Hello?")
    assert last.response_metadata["model_name"] == f"us.{SONNET}"
    model.bedrock.close()


@pytest.mark.parametrize(
    "make",
    [ChatBedrock, BedrockEmbeddings, BedrockRerank, BedrockConverse, BedrockEmbedding, LlamaIndexRerank],
    ids=lambda made: f"{made.__module__.partition('_')[0]}-{made.__name__}",
)
def test_ol_21_every_model_takes_the_switch(make: Any) -> None:
    given = {"model": "amazon.rerank-v1:0", "region_name": "us-east-1", **KEYS}
    if make not in (BedrockRerank, LlamaIndexRerank):
        given["model"] = "amazon.titan-embed-text-v2:0"
    for wish in (None, "auto", False):
        assert make(**given, cross_region=wish).bedrock.settings.cross_region is wish
    with pytest.raises(BedrockError, match="cross_region"):
        make(**given, cross_region="sometimes")


@pytest.mark.parametrize("code", ["ResourceNotFoundException", "ValidationException"])
@pytest.mark.parametrize("way", WAYS)
async def test_ol_29_a_model_that_the_region_does_not_have_is_an_error_that_names_the_region(
    app: MakeApp, account: Account, code: str, way: str
) -> None:
    message = {
        "ResourceNotFoundException": "Could not resolve the foundation model from the model identifier.",
        "ValidationException": "The provided model identifier is invalid.",
    }[code]
    account.has(faults=[Fault.error(code, message)])
    kind = NotFoundError if code == "ResourceNotFoundException" else InvalidRequestError
    with pytest.raises(kind) as caught:
        await app("us.amazon.nova-premier-v1:0", region_name="eu-west-1").ask("Hello?", way)
    hint = caught.value.hint or ""
    assert "'eu-west-1'" in hint and "region" in hint
    assert "eu.amazon.nova-premier-v1:0" in hint  # the id says another place


def test_ol_29_which_models_a_region_has_can_be_asked(account: Account) -> None:
    def here(region: str) -> set[str]:
        urls = {"endpoint_url": account.endpoint.url, "control_endpoint_url": account.endpoint.url}
        with BedrockClient(region_name=region, **urls, **KEYS) as client:
            return {model.model_id for model in client.available_models()}

    assert "deepseek.r1-v1:0" in here("us-east-1") - here("eu-west-1")


@pytest.mark.parametrize("make", [ChatBedrock, BedrockConverse], ids=["LangChain", "LlamaIndex"])
def test_ol_21_a_boto3_client_is_called_by_profile_too(account: Account, make: Any) -> None:
    account.has(require_inference_profiles=True)
    runtime = boto3.client(
        "bedrock-runtime", region_name="us-east-1", endpoint_url=account.endpoint.url, **KEYS
    )
    for given in ({"model": ALIAS}, {"model": SONNET, "cross_region": "auto"}):
        model = make(client=runtime, **given)
        (model.invoke if make is ChatBedrock else model.complete)("Hello?")
    runtime.close()
    assert [one.model_id for one in account.served] == [f"us.{SONNET}"] * 2


def test_ol_21_a_client_that_is_shared_has_a_switch_of_its_own(account: Account) -> None:
    with BedrockClient(endpoint_url=account.endpoint.url, region_name="us-east-1", **KEYS) as client:
        ChatBedrock(model=ALIAS, client=client).invoke("Hello?")
        assert account.last.model_id == f"us.{SONNET}"
        with pytest.raises(BedrockError, match="cross_region would be ignored"):
            ChatBedrock(model=ALIAS, client=client, cross_region=False)


def test_ol_21_the_switch_is_kept_by_copies_and_files() -> None:
    model = ChatBedrock(model=ALIAS, region_name="us-east-1", cross_region=False)
    assert json.loads(dumps(model))["kwargs"]["cross_region"] is False
    assert pickle.loads(pickle.dumps(model)).cross_region is False
    other = BedrockConverse(model=ALIAS, region_name="us-east-1", cross_region="auto")
    assert BedrockConverse.from_dict(other.to_dict()).cross_region == "auto"
    assert copy.deepcopy(other).bedrock.settings.cross_region == "auto"
