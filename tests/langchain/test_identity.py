"""Who a model is to caches and traces, and what a client that was handed in decides."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import boto3
import pytest
from langchain_core.caches import InMemoryCache
from langchain_core.load import dumps, loads

from bedrock_unified import BedrockClient, ConfigurationError
from langchain_bedrock_unified import BedrockEmbeddings, ChatBedrock

from .scripted import KEYS, MODEL, MakeModel, ScriptedBedrock

pytestmark = pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning")


def assigned(model: ChatBedrock) -> ChatBedrock:
    model.temperature = 0.9
    return model


def changed_in_place(model: ChatBedrock) -> ChatBedrock:
    assert model.additional_model_request_fields is not None
    model.additional_model_request_fields["top_k"] = 7
    return model


def changed_copy(model: ChatBedrock) -> ChatBedrock:
    copied = copy.copy(model)
    copied.temperature = 0.9
    return copied


@pytest.mark.parametrize(
    "change",
    [
        assigned,
        changed_in_place,
        changed_copy,
        lambda model: model.model_copy(update={"temperature": 0.9}),
        lambda model: model.model_copy(update={"temperature": 0.9}, deep=True),
    ],
)
def test_a_cached_answer_is_never_that_of_other_parameters(
    make_model: MakeModel, bedrock: ScriptedBedrock, change: Any
) -> None:
    cache = InMemoryCache()
    model = make_model(cache=cache, temperature=0.1, additional_model_request_fields={"top_k": 5})
    model.invoke("q")
    model.invoke("q")
    assert len(bedrock.sent) == 1
    other = change(model)
    other.cache = cache
    other.invoke("q")
    assert len(bedrock.sent) == 2, "the answer came from the cache"
    other.bedrock.close()


def test_traces_show_the_parameters_of_now(make_model: MakeModel) -> None:
    model = make_model(temperature=0.1)
    model.invoke("q")
    assert model._serialized["kwargs"]["temperature"] == 0.1
    model.temperature = 0.9
    assert model._serialized["kwargs"]["temperature"] == 0.9
    assert model.model_copy(update={"temperature": 0.5})._serialized["kwargs"]["temperature"] == 0.5


def boto(region: str) -> Any:
    return boto3.client("bedrock-runtime", region_name=region, **KEYS)


def ours(region: str) -> Any:
    return BedrockClient(region_name=region)


@pytest.mark.parametrize("make", [boto, ours, lambda region: BedrockClient(client=boto(region))])
def test_models_on_clients_of_two_regions_share_no_cached_answer(make: Any) -> None:
    first, second, again = (
        ChatBedrock(model=MODEL, client=make(region)) for region in ("eu-west-1", "eu-west-3", "eu-west-1")
    )
    assert first._get_llm_string() != second._get_llm_string()
    assert first._get_llm_string() == again._get_llm_string()
    assert first._identifying_params["region_name"] == "eu-west-1"


def test_models_on_clients_of_two_endpoints_share_no_cached_answer() -> None:
    first, second = (
        ChatBedrock(model=MODEL, client=BedrockClient(endpoint_url=url))
        for url in ("https://one.example", "https://two.example")
    )
    assert first._get_llm_string() != second._get_llm_string()


def restored(model: ChatBedrock) -> ChatBedrock:
    return loads(dumps(model), allowed_objects=[ChatBedrock], valid_namespaces=["langchain_bedrock_unified"])


def test_a_model_on_a_client_is_written_down_with_where_it_goes(
    bedrock: ScriptedBedrock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in KEYS.items():
        monkeypatch.setenv(name.upper(), value)
    with BedrockClient(endpoint_url=bedrock.url, region_name="eu-west-3", max_retries=0) as client:
        copied = restored(ChatBedrock(model=MODEL, client=client))
    assert (copied.region_name, copied.max_retries) == ("eu-west-3", 0)
    with copied.bedrock:
        assert copied.invoke("q").text == "Good day."


@pytest.mark.parametrize("make", [boto, lambda region: BedrockClient(region_name=region, **KEYS)])
def test_a_model_on_a_client_with_credentials_is_not_restored_as_somebody_else(make: Any) -> None:
    copied = restored(ChatBedrock(model=MODEL, client=make("eu-west-3")))
    with pytest.raises(ConfigurationError, match="without its explicit credentials"):
        copied.invoke("q")


@pytest.mark.parametrize("kind", [ChatBedrock, BedrockEmbeddings])
@pytest.mark.parametrize("make", [boto, ours])
@pytest.mark.parametrize(
    "given",
    [
        {"timeout": 1},
        {"max_retries": 0},
        {"api_key": "other-tenant"},
        {"region": "us-west-2"},
        {"endpoint_url": "https://elsewhere.example"},
        {"max_concurrency": 2, "profile_name": "p"},
    ],
)
def test_a_connection_parameter_that_a_client_would_make_meaningless_is_refused(
    kind: Any, make: Any, given: dict[str, Any]
) -> None:
    which = {"model": MODEL} if kind is ChatBedrock else {}
    names = [{"region": "region_name"}.get(name, name) for name in given]
    with pytest.raises(ConfigurationError) as caught:
        kind(**which, client=make("eu-west-1"), **given)
    assert all(name in str(caught.value) for name in names)
    assert "other-tenant" not in str(caught.value)
    model = kind(**which, client=make("eu-west-1"))
    for name, value in zip(names, given.values(), strict=True):
        before = getattr(model, name)
        with pytest.raises(ConfigurationError, match=name):
            setattr(model, name, value)
        with pytest.raises(ConfigurationError, match=name):
            model.model_copy(update={name: value})
        assert getattr(model, name) == before


def test_what_a_client_says_itself_may_be_said_again() -> None:
    assert ChatBedrock(model=MODEL, client=boto("eu-west-1"), region_name="eu-west-1").region_name
    assert ChatBedrock(model=MODEL, client=ours("eu-west-1"), region="eu-west-1", timeout=None).region_name
    assert ChatBedrock(model=MODEL, client=boto("eu-west-1"), control_endpoint_url="https://c.example").client


@pytest.mark.parametrize("client", ["foo", 5, BedrockClient, object()])
def test_a_client_that_is_none_is_refused_at_construction(client: Any) -> None:
    with pytest.raises(ConfigurationError, match="not a client of bedrock-runtime"):
        ChatBedrock(model=MODEL, client=client)
    with pytest.raises(ConfigurationError, match="not a client of bedrock-runtime"):
        ChatBedrock(model=MODEL).client = client


class House(ChatBedrock):
    """A subclass with a field and a property that bear names of ours and of langchain-aws."""

    provider: str = "mine"
    said: Any = None

    @property
    def stop(self) -> Any:
        return self.said

    @stop.setter
    def stop(self, value: Any) -> None:
        self.said = value


def test_what_a_subclass_adds_is_its_own() -> None:
    assert House(model=MODEL).model_copy(update={"provider": "corp"}).provider == "corp"
    model = House(model=MODEL)
    model.stop = ["z"]
    assert (model.said, model.stop_sequences) == (["z"], None)


def test_the_model_of_a_model_can_be_set() -> None:
    model = ChatBedrock(model=MODEL)
    model.model = "us.amazon.nova-pro-v1:0"  # type: ignore[misc]
    assert model.model_id == model.model == "us.amazon.nova-pro-v1:0"


def test_a_bound_key_that_was_not_written_down_is_missed_by_its_name() -> None:
    back = pickle.loads(pickle.dumps(ChatBedrock(model=MODEL, region_name="us-east-1").bind(api_key="k-1")))
    with pytest.raises(ConfigurationError, match="api_key is empty") as caught:
        back.invoke("q")
    assert "give it again: a secret that was bound" in str(caught.value.hint)
