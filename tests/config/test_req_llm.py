"""ReqLLM's model specs in each of their forms."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pytest

from bedrock_unified.config.named import NamedModel
from bedrock_unified.config.req_llm import read
from bedrock_unified.errors import ConfigurationError

SONNET = "anthropic.claude-sonnet-4-5-20250929-v1:0"
TITAN = "amazon.titan-embed-text-v2:0"
ARN = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abcdefghijkl"
AUTO = {"use_converse": "auto"}


def model(spec: Any, **env: str) -> NamedModel:
    """The one model of a spec."""
    found = read(spec, env)
    assert found.default_model is not None and list(found) == [found.default_model]
    return found[found.default_model]


def parameters(**entries: Any) -> dict[str, Any]:
    made = model({"provider": "amazon_bedrock", "id": SONNET, **entries})
    return {
        name: getattr(one, "get_secret_value", lambda one=one: one)() for name, one in made.parameters.items()
    }


# Forms


@pytest.mark.parametrize(
    "spec",
    [
        f"bedrock:{SONNET}",
        f"amazon_bedrock:{SONNET}",
        f"aws_bedrock:{SONNET}",
        f"{SONNET}@amazon_bedrock",
        f"{SONNET}@bedrock",
        SONNET,
        ["amazon_bedrock", SONNET],
        ("bedrock", SONNET),
        ["amazon_bedrock", {"id": SONNET}],
        ["amazon_bedrock", {"model": SONNET}],
        ["amazon_bedrock", [["id", SONNET]]],
        {"provider": "amazon_bedrock", "id": SONNET},
        {"provider": "bedrock", "model": SONNET},
        {"provider": "amazon_bedrock", "id": SONNET, "model": SONNET},
    ],
    ids=str,
)
def test_every_form_is_the_same_model(spec: Any) -> None:
    made = model(spec)
    assert (made.name, made.model_id, made.kind, made.parameters) == (SONNET, SONNET, "chat", AUTO)


@pytest.mark.parametrize(
    "id_", ["anthropic.claude-v2:1", "amazon.nova-lite-v1:0:24k", ARN, "us.vendor.new-v9:0"]
)
def test_colons_and_slashes_of_ids_are_their_own(id_: str) -> None:
    for spec in (id_, f"bedrock:{id_}", f"{id_}@amazon_bedrock", {"provider": "bedrock", "id": id_}):
        assert model(spec).model_id == id_


def test_several_specs_have_their_names() -> None:
    named = {"fast": "bedrock:amazon.nova-lite-v1:0", "smart": ["bedrock", SONNET, {"temperature": 0.2}]}
    found = read({"models": named}, {})
    assert list(found) == ["fast", "smart"] and found.default_model == "fast"
    assert found["smart"].parameters == {**AUTO, "temperature": 0.2}
    listed = read(["bedrock:amazon.nova-lite-v1:0", {"provider": "bedrock", "id": SONNET}], {})
    assert list(listed) == ["amazon.nova-lite-v1:0", SONNET]
    with pytest.raises(ConfigurationError, match="two models called"):
        read([f"bedrock:{SONNET}", SONNET], {})


def test_files_of_yaml_and_json(tmp_path: Path) -> None:
    (tmp_path / "specs.yaml").write_text(
        f"models:\n  smart:\n    provider: amazon_bedrock\n    id: {SONNET}\n"
    )
    (tmp_path / "spec.json").write_text(json.dumps(["amazon_bedrock", SONNET, {"top_p": 0.5}]))
    assert read(tmp_path / "specs.yaml", {})["smart"].origin.line == 2
    assert read(tmp_path / "spec.json", {})[SONNET].parameters == {**AUTO, "top_p": 0.5}


def test_without_a_spec_each_text_that_is_asked_for_is_one() -> None:
    found = read(None, {})
    assert (len(found), found.default_model) == (0, None)
    assert found[f"bedrock:{SONNET}"].parameters == AUTO
    assert found[f"{TITAN}@amazon_bedrock"].parameters == {}


@pytest.mark.parametrize(
    ("spec", "message", "hint"),
    [
        ("openai:gpt-4o", "'openai' is not allowed", "amazon_bedrock"),
        (f"{SONNET}@anthropic", "'anthropic' is not allowed", "amazon_bedrock"),
        ("bedrock:", "names no model", "bedrock:<model id>"),
        ("bedrock:a b", "blank", None),
        (["openai", "gpt-4o"], "'openai' is not allowed", "amazon_bedrock"),
        ([[]], "names no provider", None),
        ([None], "names no provider", None),
        (["bedrock"], "names no model", None),
        ("@", "names no provider", None),
        ({"models": None}, "names no provider", None),
        (5, "must be a mapping", None),
        ({"provider": "bedrock", "id": TITAN, "temperature": 1}, "an option of chat models", None),
        (["bedrock", SONNET, {}, {}], "too many parts", None),
        (["bedrock", SONNET, {"id": SONNET}], "twice", None),
        ({"id": SONNET}, "names no provider", "provider: amazon_bedrock"),
        ({"provider": "amazon_bedrock"}, "names no model", "id:"),
        ({"provider": "amazon_bedrock", "id": SONNET, "model": TITAN}, "id names another model", None),
        ({"provder": "amazon_bedrock"}, "'provder'", "'provider'"),
        ({"provider": "amazon_bedrock", "id": SONNET, "temprature": 1}, "'temprature'", "'temperature'"),
        (
            {"provider": "bedrock", "id": SONNET, "provider_options": {"regoin": "x"}},
            r"provider_options\.regoin",
            "'region'",
        ),
        (
            {"provider": "bedrock", "id": SONNET, "provider_options": {"region": "a", "region_name": "b"}},
            "provider_options.*both 'region' and 'region_name'",
            None,
        ),
        ({"provider": "bedrock", "id": SONNET, "provider_options": [["region"]]}, "a pair", None),
        ({"provider": "bedrock", "id": SONNET, "capabilities": {"tool": True}}, "'tool'", "'tools'"),
        ({"provider": "bedrock", "id": SONNET, "limits": {"contxt": 1}}, "'contxt'", "'context'"),
        ({"provider": "bedrock", "id": SONNET, "limits": {"context": 0}}, "whole number", None),
        ({"provider": "bedrock", "id": SONNET, "modalities": {"input": ["smell"]}}, "'smell'", None),
        ({"provider": "bedrock", "id": SONNET, "capabilities": {"efforts": ["most"]}}, "'most'", None),
    ],
    ids=str,
)
def test_what_is_no_spec_is_refused(spec: Any, message: str, hint: str | None) -> None:
    with pytest.raises(ConfigurationError, match=message) as refused:
        read(spec, {})
    assert hint is None or hint in str(refused.value.hint)


# Options


def test_provider_options_in_their_spellings() -> None:
    told = parameters(
        provider_options={
            "region": "us-west-2",
            "api_key": "ABSK-secret",
            "use_converse": True,
            "additional_model_request_fields": {"thinking": {"type": "enabled", "budget_tokens": 4096}},
            "anthropic_prompt_cache": True,
            "anthropic_prompt_cache_ttl": "1h",
            "service_tier": "flex",
            "guardrail_identifier": "abc123",
            "guardrail_version": "DRAFT",
        }
    )
    assert told == {
        "region_name": "us-west-2",
        "api_key": "ABSK-secret",
        "use_converse": True,
        "additional_model_request_fields": {"thinking": {"type": "enabled", "budget_tokens": 4096}},
        "prompt_cache": True,
        "prompt_cache_ttl": "1h",
        "service_tier": "flex",
        "guardrail_identifier": "abc123",
        "guardrail_version": "DRAFT",
    }


def test_keys_are_secrets() -> None:
    spec = {
        "provider": "bedrock",
        "id": SONNET,
        "provider_options": [
            ["access_key_id", "AKIA-secret"],
            ["secret_access_key", "very-secret"],
            ["session_token", "token-secret"],
        ],
    }
    found = read(spec, {})
    assert set(found[SONNET].parameters) == {
        "aws_access_key_id",
        "aws_secret_access_key",
        "aws_session_token",
        "use_converse",
    }
    assert "-secret" not in repr(found)
    assert b"-secret" not in pickle.dumps(found)


def test_options_of_a_generation_and_what_wins() -> None:
    told = parameters(
        max_completion_tokens=5,
        stop=["a"],
        top_k=3,
        temperature=0.5,
        receive_timeout=90_000,
        reasoning_effort="low",
        reasoning_token_budget=2048,
        provider_options={"temperature": 0.1, "top_p": 0.9},
    )
    assert told == {
        **AUTO,
        "max_tokens": 5,
        "stop_sequences": ["a"],
        "top_k": 3,
        "temperature": 0.5,
        "top_p": 0.9,
        "timeout": 90.0,
        "reasoning": 2048,
    }


@pytest.mark.parametrize(("said", "held"), [(None, "auto"), (True, True), (False, False), ("auto", "auto")])
def test_the_route_is_reqllms_unless_it_is_said(said: Any, held: Any) -> None:
    assert parameters(provider_options={"use_converse": said})["use_converse"] == held


def test_an_embedding_model_has_options_of_its_own() -> None:
    made = model(
        {"provider": "bedrock", "id": TITAN, "dimensions": 256, "provider_options": {"region": "eu-west-1"}}
    )
    assert (made.kind, made.parameters) == ("embedding", {"dimensions": 256, "region_name": "eu-west-1"})
    with pytest.raises(ConfigurationError, match="use_converse is an option of chat models"):
        read({"provider": "bedrock", "id": TITAN, "use_converse": True}, {})
    told = {"provider": "bedrock", "id": ARN, "capabilities": {"embeddings": True}, "family": "x"}
    assert model(told).kind == "embedding"


# Where calls go


@pytest.mark.parametrize(
    ("base_url", "env", "keywords"),
    [
        ("https://bedrock-runtime.{region}.amazonaws.com", {}, {"region_name": "us-east-1"}),
        (
            "https://bedrock-runtime.{region}.amazonaws.com",
            {"AWS_REGION": "eu-west-1"},
            {"region_name": "eu-west-1"},
        ),
        (
            "https://bedrock-runtime.us-west-2.amazonaws.com",
            {"AWS_REGION": "eu-west-1"},
            {"region_name": "us-west-2"},
        ),
        (
            "http://localhost:8000/p",
            {},
            dict.fromkeys(
                ("endpoint_url", "control_endpoint_url", "agent_endpoint_url"), "http://localhost:8000/p"
            ),
        ),
    ],
)
def test_a_base_url(base_url: str, env: dict[str, str], keywords: dict[str, Any]) -> None:
    spec = {"provider": "bedrock", "id": SONNET, "base_url": base_url}
    assert model(spec, **env).parameters == {**AUTO, **keywords}


def test_the_region_option_stands_above_an_aws_host() -> None:
    told = parameters(base_url="https://bedrock-runtime.us-east-1.amazonaws.com", region="us-west-2")
    assert told == {**AUTO, "region_name": "us-west-2"}


# What is known of the model


def test_an_inference_profile_is_where_it_goes_and_the_id_is_what_it_is() -> None:
    made = model({"provider": "bedrock", "id": SONNET, "inference_profile_arn": ARN})
    assert (made.name, made.model_id) == (SONNET, ARN)
    assert made.parameters == {**AUTO, "model_family": SONNET}


def test_a_wire_id_that_tells_what_it_is_needs_nobody_to() -> None:
    made = model({"provider": "bedrock", "id": "my-sonnet", "provider_model_id": f"us.{SONNET}"})
    assert (made.name, made.model_id, made.parameters) == ("my-sonnet", f"us.{SONNET}", AUTO)


def test_the_family_that_is_said_is_the_one() -> None:
    told = parameters(provider_model_id=ARN, model_family="llama3-1")
    assert told == {**AUTO, "model_family": "llama3-1"}


def test_capabilities_in_the_registrys_words_and_in_ours() -> None:
    told = parameters(
        capabilities={
            "chat": True,
            "tools": {"enabled": True, "streaming": False, "strict": False},
            "streaming": {"text": True},
            "reasoning": {"enabled": False},
            "json": {"schema": True},
            "prefill": False,
        },
        limits={"context": 200000, "output": 64000},
        modalities={"input": ["text", "image", "pdf"], "output": ["text"]},
        cost={"input": 3.0},
    )
    assert told == {
        **AUTO,
        "capabilities": {
            "tools": True,
            "streaming_tools": False,
            "streaming": True,
            "reasoning": "none",
            "structured_output": "native",
            "prefill": False,
            "context_window": 200000,
            "max_output": 64000,
            "media": ["document", "image"],
        },
    }


@pytest.mark.parametrize(
    ("said", "held"),
    [
        ({"tools": False}, {"tools": False}),
        ({"streaming": True}, {"streaming": True}),
        ({"reasoning": False}, {"reasoning": "none"}),
        ({"reasoning": True}, None),
        ({"json": {"schema": False}}, {"structured_output": "tool"}),
    ],
)
def test_capabilities_as_switches(said: dict[str, Any], held: dict[str, Any] | None) -> None:
    assert parameters(capabilities=said).get("capabilities") == held


def test_a_profile_of_an_embedding_model_is_told_its_family() -> None:
    made = model({"provider": "bedrock", "id": TITAN, "inference_profile_arn": ARN})
    assert (made.model_id, made.kind, made.parameters) == (ARN, "embedding", {"family": TITAN})


def test_a_name_that_no_id_can_be_is_a_name() -> None:
    made = model({"provider": "bedrock", "id": "My Sonnet", "provider_model_id": ARN})
    assert (made.name, made.model_id, made.kind, made.parameters) == ("My Sonnet", ARN, None, AUTO)
