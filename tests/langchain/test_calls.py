"""What a model's parameters and a single call's own put into the request."""

from __future__ import annotations

import asyncio
import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.caches import InMemoryCache
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import BaseMessage
from langchain_core.runnables import ConfigurableField
from pydantic import SecretStr

from bedrock_unified import BedrockClient, ConfigurationError, LocalBedrock
from langchain_bedrock_unified import ChatBedrock, ChatBedrockConverse
from langchain_bedrock_unified.errors import InvalidRequestError

from .scripted import KEYS, MODEL, MakeModel, ScriptedBedrock

Make = Callable[..., ChatBedrock]

# Claude Sonnet 4.5 refuses temperature next to top_p.
OLDER = "anthropic.claude-3-haiku-20240307-v1:0"
EVERYTHING: dict[str, Any] = {
    "max_tokens": 9,
    "temperature": 0.5,
    "top_p": 0.9,
    "stop_sequences": ["X"],
    "guardrail_identifier": "abc123",
    "guardrail_version": "1",
    "guardrail_trace": "enabled",
    "guardrail_stream_processing_mode": "async",
    "additional_model_request_fields": {"top_k": 5, "someKey": {"a_b": 1}},
    "additional_model_response_field_paths": ["/usage"],
    "request_metadata": {"team_name": "a"},
    "performance_config": {"latency": "optimized"},
    "service_tier": "flex",
    "output_config": {"effort": "low"},
}
WIRE: dict[str, Any] = {
    "inferenceConfig": {"maxTokens": 9, "temperature": 0.5, "topP": 0.9, "stopSequences": ["X"]},
    "guardrailConfig": {"guardrailIdentifier": "abc123", "guardrailVersion": "1", "trace": "enabled"},
    "additionalModelRequestFields": {"top_k": 5, "someKey": {"a_b": 1}},
    "additionalModelResponseFieldPaths": ["/usage"],
    "requestMetadata": {"team_name": "a"},
    "performanceConfig": {"latency": "optimized"},
    "serviceTier": {"type": "flex"},
    "outputConfig": {"effort": "low"},
}


def parameters(body: dict[str, Any]) -> dict[str, Any]:
    """The request without its messages."""
    return {name: member for name, member in body.items() if name != "messages"}


def test_a_models_parameters(make_model: Make, bedrock: ScriptedBedrock) -> None:
    model = make_model(model=OLDER, **EVERYTHING)
    model.invoke("q")
    assert parameters(bedrock.last) == WIRE
    list(model.stream("q"))
    assert parameters(bedrock.last) == {
        **WIRE,
        "guardrailConfig": {**WIRE["guardrailConfig"], "streamProcessingMode": "async"},
    }


def test_a_calls_parameters(make_model: Make, bedrock: ScriptedBedrock) -> None:
    model = make_model(model=OLDER)
    model.invoke("q", **EVERYTHING)
    assert parameters(bedrock.last) == WIRE
    model.invoke("q")
    assert parameters(bedrock.last) == {}


def test_a_call_overrides_the_model_and_none_switches_off(make_model: Make, bedrock: ScriptedBedrock) -> None:
    model = make_model(**EVERYTHING)
    model.invoke(
        "q", temperature=0.1, top_p=None, service_tier=None, guardrail_config=None, guardrail_identifier=None,
        guardrail_version=None, guardrail_trace=None, guardrail_stream_processing_mode=None,
    )  # fmt: skip
    assert bedrock.last["inferenceConfig"] == {"maxTokens": 9, "temperature": 0.1, "stopSequences": ["X"]}
    assert "serviceTier" not in bedrock.last
    assert "guardrailConfig" not in bedrock.last


def test_converses_members_by_their_own_names(make_model: Make, bedrock: ScriptedBedrock) -> None:
    model = make_model(temperature=0.2, service_tier="flex")
    raw = {name: value for name, value in WIRE.items() if name != "inferenceConfig"}
    model.invoke("q", **{**raw, "inferenceConfig": {"maxTokens": 3}, "promptVariables": {"a": {"text": "b"}}})
    assert parameters(bedrock.last) == {
        **raw,
        "inferenceConfig": {"temperature": 0.2, "maxTokens": 3},
        "promptVariables": {"a": {"text": "b"}},
    }
    model.invoke("q", serviceTier=None)
    assert "serviceTier" not in bedrock.last


def test_stop_of_a_call_is_for_that_call_alone(make_model: Make, bedrock: ScriptedBedrock) -> None:
    model = make_model(stop=["A"])
    model.invoke("q", stop=["B"])
    assert bedrock.last["inferenceConfig"] == {"stopSequences": ["B"]}
    list(model.stream("q"))
    assert bedrock.last["inferenceConfig"] == {"stopSequences": ["A"]}


@pytest.mark.parametrize("name", ["model", "model_id", "model_name", "modelId"])
def test_another_model_for_one_call(model: ChatBedrock, bedrock: ScriptedBedrock, name: str) -> None:
    answer = model.invoke("q", **{name: "amazon.nova-lite-v1:0"})
    assert bedrock.sent[-1].model == "amazon.nova-lite-v1:0"
    assert answer.response_metadata["model_name"] == "amazon.nova-lite-v1:0"
    model.invoke("q")
    assert bedrock.sent[-1].model == MODEL


@pytest.mark.parametrize("name", ["model", "model_id", "model_name", "modelId"])
def test_spellings_of_the_model_at_construction(name: str) -> None:
    assert ChatBedrockConverse(**{name: MODEL, "region": "eu-west-1"}).model_id == MODEL


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"temprature": 0.5}, "did you mean 'temperature'"),
        ({"maxtokens": 5}, "did you mean 'max_tokens'|did you mean 'maxTokens'"),
        ({"frobnicate": 1}, "additional_model_request_fields"),
        ({"client": "secret"}, "belongs to the connection"),
        ({"max_tokens": 5, "maxTokens": 6}, "both 'max_tokens' and 'maxTokens'"),
        ({"temperature": 3}, "temperature is 3"),
        ({"max_tokens": 0}, "maxTokens is 0"),
        ({"model": "a b"}, "a b"),
    ],
)
@pytest.mark.parametrize("call", ["invoke", "stream"])
def test_a_call_with_what_does_not_exist_is_refused_before_anything_is_sent(
    model: ChatBedrock, bedrock: ScriptedBedrock, given: dict[str, Any], says: str, call: str
) -> None:
    with pytest.raises(InvalidRequestError, match=says) as caught:
        list(getattr(model, call)("q", **given))
    assert "secret" not in str(caught.value)
    assert not bedrock.sent


def test_half_a_guardrail_in_a_call(model: ChatBedrock, bedrock: ScriptedBedrock) -> None:
    with pytest.raises(ConfigurationError, match="guardrail_version"):
        model.invoke("q", guardrail_identifier="abc123")
    assert not bedrock.sent


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"temprature": 0.5}, "did you mean 'temperature'"),
        ({"model_settings": {}}, "no parameter 'model_settings'"),
        ({"model": "amazon.nova-lite-v1:0", "model_id": "x"}, "both 'model' and 'model_id'"),
        ({"model": ""}, "empty"),
        ({"model": "openai/gpt"}, "slash"),
        ({"model": "amazon.nova\n"}, "blank or control"),
        ({"temperature": 3}, "temperature"),
        ({"aws_access_key_id": "AKIA"}, "aws_secret_access_key"),
        ({"guardrail_identifier": "abc123"}, "guardrail_version"),
    ],
)
def test_construction_with_what_cannot_work_is_refused(given: dict[str, Any], says: str) -> None:
    named = {"model", "model_id"} & set(given)
    with pytest.raises(ConfigurationError, match=says):
        ChatBedrock(**given) if named else ChatBedrock(model=MODEL, **given)


@pytest.mark.parametrize("given", [{}, {"model": None}, {"model_id": None, "temperature": 1.0}])
def test_a_model_without_an_id_says_what_to_say(given: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="was told no model") as caught:
        ChatBedrock(region_name="us-east-1", **given)
    assert "model='" in str(caught.value.hint)


def test_names_that_langchain_owns_keep_langchains_meaning(
    make_model: Make, bedrock: ScriptedBedrock
) -> None:
    model = make_model(
        cache=InMemoryCache(), tags=["a"], metadata={"b": 1}, name="mine", profile={"max_input_tokens": 5}
    )
    assert model.invoke("q").text == model.invoke("q").text
    assert len(bedrock.sent) == 1
    assert model.profile == {"max_input_tokens": 5}


def test_parameters_that_are_configured_per_run(model: ChatBedrock, bedrock: ScriptedBedrock) -> None:
    configurable = model.configurable_fields(
        temperature=ConfigurableField(id="temperature"), model_id=ConfigurableField(id="model")
    )
    run = {"configurable": {"temperature": 0.7, "model": "amazon.nova-lite-v1:0"}}
    assert len(list(configurable.stream("q", config=run))) > 2, "it did not stream"
    assert bedrock.sent[-1].model == "amazon.nova-lite-v1:0"
    assert bedrock.last["inferenceConfig"] == {"temperature": 0.7}


def test_streaming_of_invoke_is_switched_by_the_model(make_model: Make, bedrock: ScriptedBedrock) -> None:
    assert make_model(streaming=True).invoke("q").text == "Good day."
    list(make_model(streaming=False).stream("q"))
    list(make_model(disable_streaming=True).stream("q"))
    make_model().invoke("q", stream=True)
    assert [sent.operation for sent in bedrock.sent] == [
        "converse-stream",
        "converse",
        "converse",
        "converse-stream",
    ]


def test_a_bedrock_client_can_be_handed_in(bedrock: ScriptedBedrock) -> None:
    with BedrockClient(endpoint_url=bedrock.url, region_name="us-east-1", **KEYS) as client:
        assert ChatBedrock(model=MODEL, client=client).invoke("q").text == "Good day."


def test_another_region_after_the_first_call_is_heeded(make_model: Make, bedrock: ScriptedBedrock) -> None:
    model = make_model()
    model.invoke("q")
    assert model.model_copy(update={"region_name": "eu-west-1"}).bedrock.region == "eu-west-1"
    model.region_name = "eu-central-1"
    assert model.bedrock.region == "eu-central-1"
    assert model.invoke("q").text == "Good day."


def test_one_stop_sequence_is_not_taken_letter_by_letter(make_model: Make, bedrock: ScriptedBedrock) -> None:
    model = make_model(stop=["A"])
    for ask in (
        lambda: model.bind(stop="END").invoke("q"),
        lambda: model.invoke("q", stop="END"),
        lambda: model.invoke("q", stop_sequences="END"),
        lambda: list(model.stream("q", stop="END")),
    ):
        ask()
        assert bedrock.last["inferenceConfig"] == {"stopSequences": ["END"]}
    assert model._get_ls_params(stop="END")["ls_stop"] == ["END"]  # type: ignore[arg-type]


def test_no_stop_sequences_in_a_call_switch_the_models_off(
    make_model: Make, bedrock: ScriptedBedrock
) -> None:
    make_model(stop=["A"]).invoke("q", stop=[])
    assert "inferenceConfig" not in bedrock.last


def test_a_guardrails_version_may_be_a_number_in_a_call_too(
    model: ChatBedrock, bedrock: ScriptedBedrock
) -> None:
    model.invoke("q", guardrail_identifier="abc123", guardrail_version=1)
    assert bedrock.last["guardrailConfig"]["guardrailVersion"] == "1"


@pytest.mark.parametrize("name", ["top_k", "topK"])
def test_sp_31_top_k_goes_to_the_familys_own_field(
    make_model: Make, bedrock: ScriptedBedrock, name: str
) -> None:
    make_model(**{name: 3}).invoke("q")
    assert bedrock.last["additionalModelRequestFields"] == {"top_k": 3}
    make_model(model="us.amazon.nova-lite-v1:0").invoke("q", **{name: 3})
    assert bedrock.last["additionalModelRequestFields"] == {"inferenceConfig": {"topK": 3}}


def test_options_of_a_call_and_of_the_model(make_model: Make, bedrock: ScriptedBedrock) -> None:
    model = make_model(reasoning=2048, prompt_cache="auto", system="Be brief. " * 2000)
    model.invoke("q")
    assert bedrock.last["additionalModelRequestFields"]["thinking"] == {
        "type": "enabled",
        "budget_tokens": 2048,
    }
    assert bedrock.last["system"][-1] == {"cachePoint": {"type": "default"}}
    model.invoke("q", reasoning=None, prompt_cache="off")
    assert "additionalModelRequestFields" not in bedrock.last
    assert "cachePoint" not in bedrock.last["system"][-1]


# The connection of a call


def test_rq_07_another_region_or_key_for_one_call(make_model: MakeModel, bedrock: ScriptedBedrock) -> None:
    with LocalBedrock() as local:
        model = make_model(endpoint_url=local.url)
        model.invoke("q")
        model.invoke("q", region="eu-west-1")
        model.invoke("q", api_key=SecretStr(local.API_KEY))
        list(model.stream("q", api_key=local.API_KEY))
        model.invoke("q")
        assert [request.auth for request in local.requests] == ["sigv4", "sigv4", "bearer", "bearer", "sigv4"]
        assert {request.status for request in local.requests} == {200}
        model.invoke("q", base_url=bedrock.url, model="amazon.nova-lite-v1:0")
        assert len(local.requests) == 5 and len(bedrock.sent) == 1
        with pytest.raises(ConfigurationError, match="both 'region' and 'region_name'"):
            model.invoke("q", region="eu-west-1", region_name="eu-west-2")
        with pytest.raises(ConfigurationError, match="aws_secret_access_key"):
            model.invoke("q", aws_access_key_id="AKIAIOSFODNN7EXAMPLE")
        with pytest.raises(ConfigurationError, match="timeout"):
            model.invoke("q", timeout=-1)
        for client in model._elsewhere.values():
            client.close()


async def test_rq_07_asynchronously_and_from_many_calls_at_once(bedrock: ScriptedBedrock) -> None:
    async with LocalBedrock() as local:
        model = ChatBedrock(model=MODEL, region_name="us-east-1", endpoint_url=bedrock.url, api_key="unused")
        calls = [
            model.ainvoke("q", endpoint_url=local.url, api_key=local.API_KEY, region=region)
            for region in ("us-east-1", "eu-west-1", "us-east-1") * 5
        ]
        await asyncio.gather(*calls)
        assert len(local.requests) == 15 and not bedrock.sent
        assert len(model._elsewhere) == 2
        for client in model._elsewhere.values():
            await client.aclose()


def test_rq_07_the_key_of_a_call_is_neither_traced_nor_kept_in_writing(
    make_model: MakeModel, bedrock: ScriptedBedrock
) -> None:
    secret = "bedrock-api-key-of-this-call"
    shown: list[str] = []

    class Watching(BaseCallbackHandler):
        def on_chat_model_start(self, *given: Any, **more: Any) -> None:
            shown.append(repr((given, more)))

    model = make_model()
    model.invoke("q", api_key=secret, config={"callbacks": [Watching()]})
    shown.append(model._get_llm_string(api_key=secret))
    assert model._get_llm_string(api_key=secret) != model._get_llm_string(api_key="another")
    shown += [repr(model), repr(pickle.dumps(model)), str(model.model_dump())]
    assert shown[0] and secret not in "".join(shown)
    assert copy.deepcopy(model)._elsewhere == model.model_copy()._elsewhere == {}
    assert pickle.loads(pickle.dumps(model))._elsewhere == {}
    for client in model._elsewhere.values():
        client.close()


# The profile


def test_the_profile_tells_agents_what_the_model_can() -> None:
    claude = ChatBedrock(model=MODEL, region_name="us-east-1").profile
    assert claude is not None and claude["structured_output"] and claude["pdf_inputs"]
    llama = ChatBedrock(model="us.meta.llama3-3-70b-instruct-v1:0", region_name="us-east-1").profile
    assert llama is not None and llama["tool_calling"]
    assert not llama["tool_choice"] and not llama["tool_call_streaming"] and not llama["structured_output"]
    arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc"
    named = ChatBedrock(model=arn, model_family="claude-3-7", region_name="us-east-1").profile
    assert named is not None and named["reasoning_output"]
    assert ChatBedrock(model="acme.new-1", region_name="us-east-1").profile == {}
    told: Any = {"max_input_tokens": 5}
    assert ChatBedrock(model=MODEL, region_name="us-east-1", profile=told).profile == told


# Whether a call is streamed


@pytest.mark.parametrize("name", ["streaming", "stream"])
@pytest.mark.parametrize("own", [None, True, False])
async def test_a_call_says_itself_whether_it_is_streamed(
    make_model: MakeModel, bedrock: ScriptedBedrock, name: str, own: bool | None
) -> None:
    model = make_model(streaming=own)
    if own is not False or name == "streaming":
        for asked in (model, model.bind(max_tokens=9)):
            await asked.ainvoke("q", **{name: True})
            assert bedrock.sent[-1].operation == "converse-stream"
    for asked in (model, model.bind(max_tokens=9)):
        asked.invoke("q", **{name: False})
        assert bedrock.sent[-1].operation == "converse"
    assert len(list(model.stream("q", streaming=False))) == 1
    assert bedrock.sent[-1].operation == "converse"
    await model.bedrock.aclose()


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"output_version": "v1"}, "'output_version' belongs to the model"),
        ({"disable_streaming": True}, "'disable_streaming' belongs to the model"),
        ({"rate_limiter": None}, "'rate_limiter' belongs to the model"),
        ({"client": None}, "'client' belongs to the connection"),
    ],
)
def test_what_only_a_model_can_be_given_says_so(
    model: ChatBedrock, bedrock: ScriptedBedrock, given: dict[str, Any], says: str
) -> None:
    with pytest.raises(InvalidRequestError, match=says) as caught:
        model.invoke("q", **given)
    assert "configurable_fields" in (caught.value.hint or "") and not bedrock.sent


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"system": 3}, "system is 3"),
        ({"inferenceConfig": 3}, "inferenceConfig is 3"),
        ({"capabilities": "tools"}, "capabilities is 'tools'"),
        ({"model_family": ["anthropic"]}, "model_family is"),
        ({"additional_model_request_fields": "top_k=5"}, "additional_model_request_fields is"),
        ({"fetch_media": "no"}, "fetch_media is 'no'"),
    ],
)
def test_a_keyword_of_another_kind_is_refused_before_anything_is_sent(
    model: ChatBedrock, bedrock: ScriptedBedrock, given: dict[str, Any], says: str
) -> None:
    with pytest.raises(InvalidRequestError, match=says) as caught:
        model.invoke("q", **given)
    assert caught.value.hint and not bedrock.sent


class Masking(ChatBedrock):
    """One that hides a number from the model, as it was written for a package without native async."""

    def _generate(self, messages: Any, *args: Any, **kwargs: Any) -> Any:
        return super()._generate(masked(messages), *args, **kwargs)

    def _stream(self, messages: Any, *args: Any, **kwargs: Any) -> Any:
        yield from super()._stream(masked(messages), *args, **kwargs)


class AsyncMasking(Masking):
    """One that does it natively, too."""

    async def _agenerate(self, messages: Any, *args: Any, **kwargs: Any) -> Any:
        return await ChatBedrock._agenerate(self, masked(messages), *args, **kwargs)


def masked(messages: list[BaseMessage]) -> list[BaseMessage]:
    return [message.model_copy(update={"content": "[card]"}) for message in messages]


class MaskingMixin:
    """The same for whatever stands behind it."""

    async def _agenerate(self, messages: Any, *args: Any, **kwargs: Any) -> Any:
        return await super()._agenerate(masked(messages), *args, **kwargs)  # type: ignore[misc]

    async def _astream(self, messages: Any, *args: Any, **kwargs: Any) -> Any:
        async for chunk in super()._astream(masked(messages), *args, **kwargs):  # type: ignore[misc]
            yield chunk


class Mixed(MaskingMixin, ChatBedrock):
    """One whose asynchronous half is a mixin's."""


class OfMixed(Mixed):
    """One that adds the synchronous half, and keeps the other."""

    def _generate(self, messages: Any, *args: Any, **kwargs: Any) -> Any:
        return super()._generate(masked(messages), *args, **kwargs)

    def _stream(self, messages: Any, *args: Any, **kwargs: Any) -> Any:
        yield from super()._stream(masked(messages), *args, **kwargs)


def test_an_asynchronous_half_that_is_the_users_is_kept() -> None:
    assert OfMixed._agenerate is Mixed._agenerate is MaskingMixin._agenerate
    assert OfMixed._astream is MaskingMixin._astream
    assert AsyncMasking._agenerate is not Masking._agenerate


@pytest.mark.parametrize("kind", [Masking, AsyncMasking, OfMixed])
async def test_what_a_subclass_does_to_calls_holds_for_asynchronous_ones(
    kind: type[ChatBedrock], bedrock: ScriptedBedrock
) -> None:
    model = kind(model=MODEL, region_name="us-east-1", endpoint_url=bedrock.url, **KEYS)
    model.invoke("4111")
    await model.ainvoke("4111")
    list(model.stream("4111"))
    assert "".join([chunk.text async for chunk in model.astream("4111")]) == "Good day."
    assert [sent.body["messages"][0]["content"] for sent in bedrock.sent] == [[{"text": "[card]"}]] * 4
    await model.bedrock.aclose()
