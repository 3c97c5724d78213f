"""Our own shape: keywords in any spelling, secrets by reference; what cannot be is refused with its place."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import SecretStr

from bedrock_unified import load
from bedrock_unified.errors import ConfigurationError

from .conftest import Write

NOVA, LITE, TITAN = "amazon.nova-lite-v1:0", "us.amazon.nova-lite-v1:0", "amazon.titan-embed-text-v2:0"


def test_keywords_are_known_in_any_spelling(write: Write) -> None:
    path = write(
        "models.yaml",
        "defaults: {aws_region: us-east-1, stop: END}\n"
        "providers:\n"
        "  p: {profile: work, base_url: 'https://bedrock.example', models: ['bedrock:amazon.nova-lite-v1:0'],"
        " models_mode: allowlist}\n"
        "models:\n"
        "- {name: a, model_id: 'bedrock/amazon.nova-lite-v1:0', maxTokens: 5, provider: p}\n"
        "- {name: v, model: 'amazon.titan-embed-text-v2:0', output_dimension: 256}\n"
        "default_model: a\n",
    )
    found = load(path)
    assert found.defaults == {"region_name": "us-east-1", "stop_sequences": "END"}
    assert found.providers["p"].parameters == {
        "profile_name": "work",
        "endpoint_url": "https://bedrock.example",
    }
    assert (found.providers["p"].models, found.providers["p"].models_mode) == ((NOVA,), "allowlist")
    assert (found["a"].model_id, found["a"].kind, found["a"].provider) == (NOVA, "chat", "p")
    assert found["a"].parameters == {"max_tokens": 5}
    assert (found["v"].kind, found["v"].parameters, found["v"].provider) == (
        "embedding",
        {"dimensions": 256},
        "p",
    )
    assert str(found["v"].origin) == f"{path}, line 6, models[1]"
    assert found.default_model == "a"


def test_secrets_are_secret_and_references_are_resolved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", "v-e-r-y")
    found = load(
        {
            "providers": {"p": {"api_key": "${env:MY_KEY}"}, "q": {"bedrock_api_key": "plain v-e-r-y"}},
            "models": {"m": {"model": NOVA, "provider": "p", "request_metadata": {"team": "${env:MY_KEY}"}}},
        }
    )
    assert found.providers["p"].parameters == {"api_key": SecretStr("v-e-r-y")}
    assert found.providers["q"].parameters == {"api_key": SecretStr("plain v-e-r-y")}
    assert found["m"].parameters["request_metadata"] == {"team": SecretStr("v-e-r-y")}
    assert "v-e-r-y" not in repr(found)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"models": {"a": {"model": NOVA, "bogus": 1}}}, "models.a.bogus: unknown key 'bogus'"),
        ({"models": {"a": {"model": NOVA, "temprature": 1}}}, "did you mean 'temperature'?"),
        ({"models": {"a": {"model": NOVA, "dimensions": 1}}}, "it is a parameter of embedding models"),
        ({"models": {"a": {"model": TITAN, "temperature": 1}}}, "it is a parameter of chat models"),
        ({"models": {"a": {"model": NOVA, "stop": "a", "stopSequences": "b"}}}, "mean the same"),
        ({"models": {"a": {"model": NOVA, "model_id": LITE}}}, "model and model_id mean the same"),
        ({"models": {"a": {"temperature": 1}}}, "models.a: it names no model"),
        ({"models": {"a": {"model": NOVA, "kind": "text"}}}, "must be one of: chat, embedding, rerank"),
        ({"models": {"a": {"model": NOVA, "provider": "p"}}}, "models.a.provider: there is no provider 'p'"),
        ({"models": {"a": "x y"}}, "models.a: the model id 'x y' has a blank"),
        ({"models": [{"model": NOVA}]}, "models[0]: it has no name"),
        ({"models": [{"name": "a", "model": NOVA}, {"name": "a", "model": NOVA}]}, "the name 'a' is taken"),
        ({"models": "a"}, "models: it must be a list"),
        (
            {"models": {"a": NOVA}, "default_model": "b"},
            "default_model: 'b' is not allowed\nHint: must be one of: a",
        ),
        ({"models": {"a": NOVA}, "default_provider": "b"}, "default_provider: 'b' is not allowed"),
        ({"providers": {"p": {"temperature": 1}}}, "providers.p.temperature: it belongs to a model"),
        (
            {"providers": {"p": {"regoin": "x"}}},
            "providers.p.regoin: unknown key 'regoin'\nHint: did you mean 'region",
        ),
        (
            {"providers": {"p": {"models_mode": "all"}}},
            "'all' is not allowed\nHint: must be one of: fallback, allowlist",
        ),
        ({"defaults": {"endpoint_url": "https://u:p@x.example"}}, "holds a user name or password"),
        ({"defaults": {"client": 1}}, "defaults.client: unknown key 'client'"),
        (
            {"models": {"a": {"model": NOVA, "api_key": ["v-e-r-y"]}}},
            "models.a.api_key: api_key is a list",
        ),
        (
            {"defaults": {"region_name": "${env:GONE}"}},
            "defaults.region_name: the secret 'GONE' was not found",
        ),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(value: Any, message: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        load(value)
    assert message in str(refused.value)
    assert str(refused.value).startswith("arguments, ")


def test_keywords_that_cannot_be_written_are_overrides() -> None:
    from bedrock_unified import BedrockClient
    from langchain_bedrock_unified import ChatBedrock

    client = BedrockClient(region_name="us-east-2")
    assert ChatBedrock.from_config({"models": {"a": NOVA}}, client=client).bedrock.region == "us-east-2"
