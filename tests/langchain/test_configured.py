"""Models that are chosen by each run: shared connections, identities that never mix, tools that stay."""

from __future__ import annotations

import pickle
import typing
from typing import Any

import pytest
from langchain_core.load import dumps
from langchain_core.runnables import ConfigurableField, Runnable
from pydantic import BaseModel

from bedrock_unified import BedrockClient, ConfigurationError, LocalBedrock
from langchain_bedrock_unified import (
    BedrockEmbeddings,
    BedrockGuardrail,
    BedrockRerank,
    ChatBedrock,
)
from langchain_bedrock_unified.bound import BoundModel
from langchain_bedrock_unified.configured import ConfiguredPerRun, ModelAlternatives

from .scripted import KEYS, MODEL, MakeModel, Says, ScriptedBedrock

NOVA = "us.amazon.nova-pro-v1:0"
TEMPERATURE = ConfigurableField(id="temperature")
TIDE = {"title": "tide", "description": "The tide.", "type": "object", "properties": {}}
both_colours = pytest.mark.parametrize("colour", ["sync", "async"])
ROLE = "arn:aws:iam::123456789012:role/reader"


class Departure(BaseModel):
    """When a ship leaves."""

    hour: int


async def asked(colour: str, runnable: Any, **chosen: Any) -> Any:
    config = {"configurable": chosen}
    return runnable.invoke("q", config) if colour == "sync" else await runnable.ainvoke("q", config)


def chosen_by(configured: Any, **chosen: Any) -> Any:
    made, _ = configured.prepare({"configurable": chosen})
    return made


def everywhere(model: Any) -> Any:
    """All of the connection is for a run to choose."""
    names = ("region_name", "endpoint_url", "profile_name", "api_key", "role_arn", "timeout")
    keys = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
    return model.configurable_fields(**{name: ConfigurableField(id=name) for name in (*names, *keys)})


# Connections


def test_runs_that_choose_the_same_place_share_its_connection(make_model: MakeModel) -> None:
    model = make_model()
    configured = everywhere(model)
    first = chosen_by(configured, region_name="eu-west-1").bedrock
    assert chosen_by(configured, region_name="eu-west-1").bedrock is first is not model.bedrock
    assert chosen_by(configured, region_name="eu-west-2").bedrock is not first
    assert chosen_by(configured, region_name="eu-west-1", timeout=7).bedrock is not first
    assert chosen_by(configured, region_name="us-east-1").bedrock is model.bedrock
    assert first.settings.region_name == "eu-west-1"
    assert first.settings.aws_access_key_id == KEYS["aws_access_key_id"]


async def test_runs_in_two_regions_with_two_keys_open_no_connection_of_their_own() -> None:
    async with LocalBedrock() as local:
        model = ChatBedrock(model=MODEL, region_name="us-east-1", endpoint_url=local.url, **KEYS)
        configured = everywhere(model)
        for _ in range(3):
            await asked("async", configured, region_name="eu-west-1")
            await asked("async", configured, api_key=local.API_KEY)
            await asked("async", configured)
        assert [request.auth for request in local.requests] == ["sigv4", "bearer", "sigv4"] * 3
        assert len(model._elsewhere) == 2
        for client in (model.bedrock, *model._elsewhere.values()):
            await client.aclose()  # what stays open would be told of as a leak


def test_a_call_that_goes_elsewhere_in_each_run_shares_its_connection(make_model: MakeModel) -> None:
    model = make_model()
    configured = model.configurable_fields(temperature=TEMPERATURE)
    for at in range(3):
        configured.invoke("q", {"configurable": {"temperature": at / 10}}, region_name="eu-west-1")
    [client] = model._elsewhere.values()
    client.close()


def test_a_call_and_a_run_that_say_the_same_are_not_taken_for_each_other(make_model: MakeModel) -> None:
    model = make_model(aws_session_token="token-of-the-model")
    configured = everywhere(model)
    configured.invoke("q", {"configurable": {"region_name": "eu-west-1"}})
    model.invoke("q", region_name="eu-west-1")
    assert len(model._elsewhere) == 2
    for client in model._elsewhere.values():
        client.close()


def test_no_more_than_a_few_connections_are_kept(make_model: MakeModel) -> None:
    model = make_model()
    configured = everywhere(model)
    for seconds in range(1, 40):
        assert chosen_by(configured, timeout=seconds).bedrock.settings.timeout == seconds
    assert len(model._elsewhere) <= 16


def test_a_client_that_a_run_hands_in_is_its_own(make_model: MakeModel) -> None:
    configured = make_model(
        endpoint_url=None, region_name=None, max_retries=3, **dict.fromkeys(KEYS)
    ).configurable_fields(client=ConfigurableField(id="client"))
    with BedrockClient(region_name="eu-west-1") as client:
        run = chosen_by(configured, client=client)
        assert run.client is client and run.bedrock.settings.region_name == "eu-west-1"
        assert not configured.default._elsewhere  # type: ignore[attr-defined]


# Who signs


def identity(model: Any) -> dict[str, Any]:
    settings = model.bedrock.settings
    names = (*KEYS, "aws_session_token", "api_key", "profile_name", "role_arn")
    return {name: value for name in names if (value := getattr(settings, name)) is not None}


@pytest.mark.parametrize(
    ("own", "chosen", "signs"),
    [
        ({**KEYS, "aws_session_token": "t"}, {"api_key": "k"}, {"api_key": "k"}),
        ({**KEYS, "aws_session_token": "t"}, KEYS, KEYS),
        ({"api_key": "k"}, {"profile_name": "p"}, {"profile_name": "p"}),
        ({"api_key": "k"}, KEYS, KEYS),
        ({**KEYS, "role_arn": ROLE}, {"api_key": "k"}, {"api_key": "k"}),
        (KEYS, {"role_arn": ROLE}, {**KEYS, "role_arn": ROLE}),
        ({"api_key": "k"}, {"api_key": None}, {"api_key": "k"}),
    ],
)
def test_an_identity_that_a_run_chooses_takes_the_place_of_the_models_own(
    make_model: MakeModel, own: dict[str, Any], chosen: dict[str, Any], signs: dict[str, Any]
) -> None:
    model = make_model(**{**dict.fromkeys(KEYS), **own})
    assert identity(chosen_by(everywhere(model), **chosen)) == signs
    assert identity(model) == own


def test_half_an_identity_is_refused(make_model: MakeModel) -> None:
    with pytest.raises(ConfigurationError, match="aws_secret_access_key is missing"):
        chosen_by(everywhere(make_model()), aws_access_key_id="AKIAIOSFODNN7EXAMPLE")


def test_a_model_that_lost_its_credentials_signs_with_those_of_the_run(
    make_model: MakeModel, bedrock: ScriptedBedrock
) -> None:
    lost = everywhere(pickle.loads(pickle.dumps(make_model())))
    with pytest.raises(ConfigurationError, match="without its explicit credentials"):
        lost.invoke("q", {"configurable": {"region_name": "eu-west-1"}})
    assert lost.invoke("q", {"configurable": dict(KEYS)}).text == "Good day."
    assert len(bedrock.sent) == 1
    for client in lost.default._elsewhere.values():
        client.close()


# What is bound stays, whatever is chosen


@both_colours
async def test_a_schema_is_asked_of_whatever_a_run_chooses(
    make_model: MakeModel, bedrock: ScriptedBedrock, colour: str
) -> None:
    model = make_model()
    configured: Any = model.configurable_fields(
        temperature=TEMPERATURE, model_id=ConfigurableField(id="model")
    )
    asking = configured.with_structured_output(Departure)
    bedrock.says('{"hour": 9}')
    assert await asked(colour, asking, temperature=0.3) == Departure(hour=9)
    assert bedrock.last["inferenceConfig"] == {"temperature": 0.3} and "outputConfig" in bedrock.last
    call = {"toolUse": {"toolUseId": "t", "name": "Departure", "input": {"hour": 8}}}
    bedrock.says(Says([call], stop="tool_use"))
    raw = configured.bind(max_tokens=9).with_structured_output(Departure, include_raw=True)
    answer = await asked(colour, raw, model=NOVA)
    assert answer["parsed"] == Departure(hour=8) and bedrock.sent[-1].model == NOVA
    assert bedrock.last["inferenceConfig"] == {"maxTokens": 9}, "what was bound before was lost"
    await model.bedrock.aclose()


@both_colours
async def test_tools_and_schemas_are_given_to_every_alternative(
    make_model: MakeModel, bedrock: ScriptedBedrock, colour: str
) -> None:
    model, nova = make_model(), make_model(model=NOVA)
    which = ConfigurableField(id="which")
    either: Any = model.configurable_alternatives(which, default_key="claude", nova=nova, late=lambda: nova)
    bound = either.bind_tools([TIDE], tool_choice="any")
    for name, expected in (("claude", MODEL), ("nova", NOVA), ("late", NOVA)):
        await asked(colour, bound, which=name)
        assert bedrock.sent[-1].model == expected
        assert bedrock.last["toolConfig"]["toolChoice"] == {"any": {}}
    call = {"toolUse": {"toolUseId": "t", "name": "Departure", "input": {"hour": 8}}}
    bedrock.says(Says([call], stop="tool_use"), '{"hour": 9}')
    asking = either.with_structured_output(Departure)
    assert await asked(colour, asking, which="nova") == Departure(hour=8)
    assert await asked(colour, asking) == Departure(hour=9)
    warm = model.configurable_fields(temperature=TEMPERATURE).configurable_alternatives(which, nova=nova)
    await asked(colour, warm.bind_tools([TIDE]), temperature=0.4)  # type: ignore[attr-defined]
    assert bedrock.last["inferenceConfig"] == {"temperature": 0.4} and "toolConfig" in bedrock.last
    assert '"RunnableConfigurableAlternatives"' in dumps(warm)
    for one in (model, nova):
        await one.bedrock.aclose()


@both_colours
async def test_a_configuration_stays_under_tools_and_schemas(
    make_model: MakeModel, bedrock: ScriptedBedrock, colour: str
) -> None:
    model = make_model()
    warm = model.configurable_fields(temperature=TEMPERATURE).with_config(configurable={"temperature": 0.3})
    await asked(colour, warm.bind_tools([TIDE]))  # type: ignore[attr-defined]
    assert bedrock.last["inferenceConfig"] == {"temperature": 0.3}
    heard: list[Any] = []
    tagged = model.with_config(tags=["harbour"]).bind(max_tokens=9)
    assert isinstance(tagged, BoundModel) and tagged.kwargs == {"max_tokens": 9}
    assert tagged.bind_tools([TIDE]).config["tags"] == ["harbour"]  # type: ignore[attr-defined]
    bedrock.says('{"hour": 9}')
    asking = tagged.with_structured_output(Departure).with_listeners(on_end=heard.append)
    assert await asked(colour, asking) == Departure(hour=9)
    assert "harbour" in heard[0].tags and bedrock.last["inferenceConfig"] == {"maxTokens": 9}
    await model.bedrock.aclose()


@both_colours
@pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning")
async def test_protocol_events_of_a_model_that_a_run_chooses(
    make_model: MakeModel, bedrock: ScriptedBedrock, colour: str
) -> None:
    model = make_model()
    configured = model.configurable_fields(temperature=TEMPERATURE)
    config: Any = {"configurable": {"temperature": 0.3}}
    for one in (configured, configured.bind(max_tokens=9)):
        if colour == "sync":
            answer = one.stream_events("q", config, version="v3").output  # type: ignore[call-overload]
        else:
            answer = await (await one.astream_events("q", config, version="v3")).output  # type: ignore[misc,call-overload]
        assert answer.text == "Good day."
        assert bedrock.last["inferenceConfig"]["temperature"] == 0.3
    assert bedrock.last["inferenceConfig"]["maxTokens"] == 9
    await model.bedrock.aclose()


@both_colours
async def test_fallbacks_get_tools_and_schemas_too(
    make_model: MakeModel, bedrock: ScriptedBedrock, colour: str
) -> None:
    model, nova = make_model(), make_model(model=NOVA)
    either: Any = model.with_fallbacks([nova])
    await asked(colour, either.bind_tools([TIDE]))
    assert bedrock.last["toolConfig"]["tools"]
    bedrock.says('{"hour": 9}')
    assert await asked(colour, either.with_structured_output(Departure)) == Departure(hour=9)
    for one in (model, nova):
        await one.bedrock.aclose()


CLASSES = [
    *(ChatBedrock, BedrockEmbeddings, BedrockRerank, BedrockGuardrail),
    *(BoundModel, ConfiguredPerRun, ModelAlternatives),
]


@pytest.mark.parametrize("cls", CLASSES)
def test_the_types_of_all_methods_can_be_read(cls: type[Any]) -> None:
    """LangChain's fallbacks decide by them what they hand on."""
    for name in dir(cls):
        method = getattr(cls, name)
        if not name.startswith("_") and "bedrock_unified" in (getattr(method, "__module__", None) or ""):
            typing.get_type_hints(method)
    if cls is ChatBedrock:
        for name in ("bind_tools", "with_structured_output"):
            returned = typing.get_type_hints(getattr(cls, name))["return"]
            assert issubclass(typing.get_origin(returned) or returned, Runnable)


@both_colours
async def test_what_was_configured_stays_whatever_is_configured_on_top(
    make_model: MakeModel, bedrock: ScriptedBedrock, colour: str
) -> None:
    fields = {"model_id": ConfigurableField(id="model"), "temperature": TEMPERATURE}
    chosen = make_model().configurable_fields(**fields).with_config(configurable={"model": NOVA})
    await asked(colour, chosen.with_config(tags=["a"]), temperature=0.5)
    assert bedrock.sent[-1].model == NOVA
    assert bedrock.last["inferenceConfig"] == {"temperature": 0.5}
    either = make_model().configurable_alternatives(
        ConfigurableField(id="which"), nova=make_model(model=NOVA)
    )
    await asked(colour, either.with_config(configurable={"which": "nova"}).with_config(tags=["a"]))
    assert bedrock.sent[-1].model == NOVA
