"""Models written down: pickles, copies, LangChain's dumps and loads, traces. Secrets never go along."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
from langchain_core.load import dumps, loads
from langchain_core.runnables import ConfigurableField

from bedrock_unified import ConfigurationError
from langchain_bedrock_unified import BedrockEmbeddings, ChatBedrock

from .scripted import KEYS, MODEL, MakeModel, ScriptedBedrock

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


def test_traces_know_the_model_and_its_parameters(make_model: MakeModel) -> None:
    model = make_model(temperature=0.2, max_tokens=7, stop=["x"])
    assert model._get_ls_params() == {
        "ls_provider": "amazon_bedrock",
        "ls_model_type": "chat",
        "ls_model_name": MODEL,
        "ls_temperature": 0.2,
        "ls_max_tokens": 7,
        "ls_stop": ["x"],
    }
    called = model._get_ls_params(stop=["y"], model="amazon.nova-lite-v1:0", temperature=0.9)
    assert (called["ls_model_name"], called["ls_temperature"], called["ls_stop"]) == (
        "amazon.nova-lite-v1:0",
        0.9,
        ["y"],
    )
    assert model.asdict() == {
        "_type": "amazon_bedrock_converse_chat",
        "model_id": MODEL,
        "region_name": "us-east-1",
        "endpoint_url": model.endpoint_url,
        "temperature": 0.2,
        "max_tokens": 7,
        "stop_sequences": ["x"],
    }
