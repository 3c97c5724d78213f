"""Models written down: pickles, copies, LangChain's dumps and loads, traces. Secrets never go along."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any, TypedDict

import pytest
from langchain_core.load import dumps, loads
from langchain_core.messages import AIMessage
from langchain_core.runnables import ConfigurableField
from pydantic import BaseModel

from bedrock_unified import ConfigurationError
from langchain_bedrock_unified import BedrockEmbeddings, BedrockGuardrail, BedrockRerank, ChatBedrock

from .scripted import KEYS, MODEL, MakeModel, Says, ScriptedBedrock

SECRET = KEYS["aws_secret_access_key"]

pytestmark = pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning")


def restored(text: str, **given: Any) -> ChatBedrock:
    """The model that the text describes."""
    return loads(text, allowed_objects=[ChatBedrock], valid_namespaces=["langchain_bedrock_unified"], **given)


def test_dumps_has_no_secrets_and_the_copy_never_signs_as_somebody_else(
    make_model: MakeModel, bedrock: ScriptedBedrock, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = dumps(make_model(temperature=0.3, stop=["x"]))
    assert SECRET not in text
    assert KEYS["aws_access_key_id"] not in text
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIASOMEBODYELSE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "somebody-else")
    bare = restored(text)
    assert (bare.temperature, bare.stop_sequences, bare.model_id) == (0.3, ["x"], MODEL)
    for copied in (bare, restored(dumps(bare)), pickle.loads(pickle.dumps(bare))):
        with pytest.raises(ConfigurationError, match="without its explicit credentials"):
            copied.invoke("q")
    assert not bedrock.sent
    secrets = {"AWS_ACCESS_KEY_ID": KEYS["aws_access_key_id"], "AWS_SECRET_ACCESS_KEY": SECRET}
    with restored(text, secrets_map=secrets).bedrock as client:
        assert client.settings.aws_secret_access_key == SECRET


def test_a_restored_model_that_is_configured_per_run_still_knows_that_it_lost_its_credentials(
    model: ChatBedrock, bedrock: ScriptedBedrock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIASOMEBODYELSE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "somebody-else")
    for lost in (pickle.loads(pickle.dumps(model)), restored(dumps(model))):
        configurable = lost.configurable_fields(temperature=ConfigurableField(id="temperature"))
        with pytest.raises(ConfigurationError, match="without its explicit credentials"):
            configurable.invoke("q", config={"configurable": {"temperature": 0.5}})
    assert not bedrock.sent


def test_a_model_on_the_environments_credentials_works_when_it_is_restored(
    bedrock: ScriptedBedrock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in KEYS.items():
        monkeypatch.setenv(name.upper(), value)
    model = ChatBedrock(model=MODEL, region_name="us-east-1", endpoint_url=bedrock.url)
    for copied in (restored(dumps(model)), pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        assert copied.invoke("q").text == "Good day."
        copied.bedrock.close()


def test_pickles_have_no_secrets_and_deep_copies_keep_them(
    model: ChatBedrock, bedrock: ScriptedBedrock
) -> None:
    model.invoke("q")
    pickled = pickle.dumps(model)
    assert SECRET.encode() not in pickled
    lost = pickle.loads(pickled)
    with pytest.raises(ConfigurationError, match="without its explicit credentials"):
        lost.invoke("q")
    lost.aws_access_key_id, lost.aws_secret_access_key = KEYS["aws_access_key_id"], SECRET
    deep = copy.deepcopy(model)
    assert deep.invoke("q").text == "Good day."
    assert deep.bedrock is not model.bedrock
    deep.bedrock.close()


def test_nothing_that_shows_a_model_shows_its_secrets(model: ChatBedrock) -> None:
    embeddings = BedrockEmbeddings(api_key="bedrock-api-key-secret", region_name="us-east-1")
    shown = [
        repr(model),
        str(model),
        str(model.asdict()),
        str(model._identifying_params),
        model.model_dump_json(),
    ]
    shown += [
        repr(model.bedrock),
        repr(embeddings),
        embeddings.model_dump_json(),
        str(embeddings.model_dump()),
    ]
    for text in shown:
        assert SECRET not in text
        assert "bedrock-api-key-secret" not in text


def test_a_model_as_a_dict_has_what_was_set(make_model: MakeModel) -> None:
    model = make_model(temperature=0.2, max_tokens=7, stop=["x"])
    assert model.asdict() == {
        "_type": "amazon_bedrock_converse_chat",
        "model_id": MODEL,
        "region_name": "us-east-1",
        "endpoint_url": model.endpoint_url,
        "temperature": 0.2,
        "max_tokens": 7,
        "stop_sequences": ["x"],
    }


def double(number: int) -> int:
    """Double a number."""
    return 2 * number


class Tide(TypedDict):
    """A tide."""

    hour: int


class Departure(BaseModel):
    """When a ship leaves."""

    hour: int


PER_RUN = ConfigurableField(id="temperature")
BOUND: dict[str, Callable[[ChatBedrock], Any]] = {
    "tools": lambda model: model.bind_tools([double], tool_choice="any"),
    "keywords": lambda model: model.bind(max_tokens=9).with_config(tags=["a"]),
    "a class": lambda model: model.with_structured_output(Departure),
    "a dict": lambda model: model.with_structured_output(Tide),
    "raw": lambda model: model.with_structured_output(Departure, include_raw=True),
    "by tool": lambda model: model.with_structured_output(Departure, method="function_calling"),
    "per run": lambda model: model.configurable_fields(temperature=PER_RUN).bind_tools([double]),
    "fallbacks": lambda model: model.with_fallbacks([model]),
    "retries": lambda model: model.with_retry(),
}  # fmt: skip
GUARDED: dict[str, Any] = {
    "guardrail_identifier": "abc123",
    "guardrail_version": 1,
    "guardrail_trace": "enabled",
    "guard_content": "last_user",
    "guardrail_action": "raise",
    "reasoning": "low",
    "prompt_cache": "auto",
    "system": ["Be kind.", {"cachePoint": {"type": "default"}}],
}


def alike(answer: Any) -> Any:
    """What two answers have in common that were given to the same question."""
    if isinstance(answer, dict) and "raw" in answer:
        return {**answer, "raw": answer["raw"].content}
    return answer.content if isinstance(answer, AIMessage) else answer


@pytest.mark.parametrize("kind", BOUND)
def test_what_is_built_on_a_model_can_be_pickled_without_its_secrets(
    bedrock: ScriptedBedrock, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    for name, value in KEYS.items():
        monkeypatch.setenv(name.upper(), value)
    call = {"toolUse": {"toolUseId": "t", "name": "Departure", "input": {"hour": 9}}}
    said = [call] if kind == "by tool" else [{"text": '{"hour": 9}'}]
    model = ChatBedrock(model=MODEL, region_name="us-east-1", endpoint_url=bedrock.url)
    bedrock.says(Says(said), Says(said))
    expected = BOUND[kind](model).invoke("q")
    copied = pickle.loads(pickle.dumps(BOUND[kind](model)))
    gotten = copied.invoke("q")
    assert alike(gotten) == alike(expected)
    assert bedrock.sent[0].body == bedrock.sent[1].body
    with_keys = pickle.dumps(BOUND[kind](ChatBedrock(model=MODEL, endpoint_url=bedrock.url, **KEYS)))
    assert SECRET.encode() not in with_keys
    model.bedrock.close()


def test_guardrails_reasoning_and_caching_survive_every_way_of_writing_down(
    bedrock: ScriptedBedrock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in KEYS.items():
        monkeypatch.setenv(name.upper(), value)
    model = ChatBedrock(model=MODEL, region_name="us-east-1", endpoint_url=bedrock.url, **GUARDED)
    copies = [
        pickle.loads(pickle.dumps(model)),
        restored(dumps(model)),
        copy.deepcopy(model),
        copy.copy(model),
    ]
    model.invoke("q")
    for copied in copies:
        assert copied.asdict() == model.asdict()
        copied.invoke("q")
        assert bedrock.sent[-1].body == bedrock.sent[0].body
        copied.bedrock.close()
    assert set(GUARDED) - {"guardrail_version"} <= model.asdict().keys()


ROLE: dict[str, Any] = {
    "role_arn": "arn:aws:iam::123456789012:role/reader",
    "role_session_name": "harbour",
    "role_external_id": "ext-1",
    "role_duration": 900,
    "aws_iam_role_source": "env",
    "sts_endpoint_url": "http://127.0.0.1:9",
    "cross_region": "auto",
}
MODELS: dict[str, Callable[..., Any]] = {
    "chat": lambda **given: ChatBedrock(model=MODEL, **given),
    "embeddings": BedrockEmbeddings,
    "rerank": BedrockRerank,
    "guardrail": lambda **given: BedrockGuardrail(
        guardrail_identifier="abc", guardrail_version=1, **given
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", MODELS)
def test_the_role_that_a_model_assumes_stays_with_its_copies(kind: str) -> None:
    model = MODELS[kind](region_name="us-east-1", **ROLE)
    copies = [pickle.loads(pickle.dumps(model)), copy.deepcopy(model), copy.copy(model), model.model_copy()]
    if kind == "chat":
        copies.append(restored(dumps(model)))
        assert model.asdict()["cross_region"] == "auto"
    for copied in copies:
        assert {name: getattr(copied, name) for name in ROLE} == ROLE
        settings = copied.bedrock.settings
        assert (settings.role_arn, settings.cross_region) == (ROLE["role_arn"], "auto")


def test_a_role_on_keys_that_were_lost_is_not_assumed_by_somebody_else(
    bedrock: ScriptedBedrock, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = ChatBedrock(
        model=MODEL, region_name="us-east-1", endpoint_url=bedrock.url, role_arn=ROLE["role_arn"], **KEYS
    )
    for name in KEYS:
        monkeypatch.setenv(name.upper(), "somebody-else")
    for lost in (pickle.loads(pickle.dumps(model)), restored(dumps(model))):
        with pytest.raises(ConfigurationError, match="without its explicit credentials"):
            lost.invoke("q")
    assert not bedrock.sent
