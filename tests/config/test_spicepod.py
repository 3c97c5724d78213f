"""Spicepods: each parameter works, is refused with its line, or is left out with a note."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import SecretStr

from bedrock_unified import load
from bedrock_unified.config.spice.openai_style import OVERRIDES
from bedrock_unified.errors import ConfigurationError

from .conftest import Write

NOVA = "amazon.nova-lite-v1:0"
GPT = "openai.gpt-oss-20b-1:0"
COMMAND = "cohere.command-r-v1:0"
CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}


def parameters(model: str = NOVA, **params: Any) -> dict[str, Any]:
    return dict(
        load({"models": [{"from": f"bedrock:{model}", "name": "m", "params": params}]})["m"].parameters
    )


def refusal(model: str = NOVA, **params: Any) -> str:
    with pytest.raises(ConfigurationError) as refused:
        parameters(model, **params)
    return str(refused.value)


@pytest.mark.parametrize(
    ("params", "keywords"),
    [
        ({"aws_region": " eu-west-1 "}, {"region_name": "eu-west-1"}),
        ({"aws_profile": "work"}, {"profile_name": "work"}),
        ({"aws_iam_role_source": " Metadata"}, {"aws_iam_role_source": "metadata"}),
        ({"bedrock_guardrail_version": 1}, {"guardrail_version": "1"}),
        ({"bedrock_trace": "ENABLED_FULL"}, {"guardrail_trace": "enabled_full"}),
        ({"maxTokens": "100"}, {"max_tokens": 100}),
        ({"temperature": "0.5", "topP": 1}, {"temperature": 0.5, "top_p": 1.0}),
        ({"topK": "40"}, {"top_k": 40}),
        ({"stopSequences": '["a", "b"]'}, {"stop_sequences": ["a", "b"]}),
        ({"stopSequences": "\n"}, {"stop_sequences": ["\n"]}),
        ({"system_prompt": " Hello ${name} "}, {"system": " Hello ${name} "}),
        (
            {"max_concurrency": "3", "requests_per_minute_limit": 60},
            {"max_concurrency": 3, "requests_per_minute": 60},
        ),
        ({"bedrock_max_completion_tokens": 5}, {"max_tokens": 5}),
        ({"bedrock_temperature": 0, "bedrock_top_p": "0.5"}, {"temperature": 0, "top_p": 0.5}),
        ({"bedrock_stop": "END"}, {"stop_sequences": ["END"]}),
        ({"bedrock_stop": '["a"]'}, {"stop_sequences": ["a"]}),
        ({"bedrock_reasoning_effort": "HIGH"}, {"reasoning": "high"}),
        ({"bedrock_metadata": '{"a": [1]}'}, {"request_metadata": {"a": "[1]"}}),
        ({"bedrock_parallel_tool_calls": "false"}, {"parallel_tool_calls": False}),
        (
            {"prompt_cache": "auto", "timeout": 5, "region": "us-west-2"},
            {"prompt_cache": "auto", "timeout": 5, "region_name": "us-west-2"},
        ),
        ({"aws_region": None, "temperature": None}, {}),
    ],
)
def test_parameters_of_a_chat(params: dict[str, Any], keywords: dict[str, Any]) -> None:
    assert parameters(**params) == keywords


def test_a_json_schema_goes_into_the_output_config() -> None:
    asked = {"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMA, "strict": True}}
    found = parameters(CLAUDE, bedrock_response_format=asked)["output_config"]["textFormat"]
    assert found["structure"]["jsonSchema"]["name"] == "x"
    assert "holds no answer to a JSON schema" in refusal(NOVA, bedrock_response_format=asked)
    assert "but with a schema" in refusal(CLAUDE, bedrock_response_format={"type": "json_object"})


@pytest.mark.parametrize(
    ("model", "name", "value"),
    [
        (GPT, "seed", 7),
        (GPT, "frequency_penalty", 0.5),
        (GPT, "logit_bias", {"50256": -100}),
        (GPT, "logprobs", True),
        (GPT, "top_logprobs", 3),
        (GPT, "user", "u-1"),
        (COMMAND, "seed", 7),
        (COMMAND, "presence_penalty", 0.5),
        ("ai21.jamba-1-5-mini-v1:0", "frequency_penalty", 0.5),
    ],
)
def test_fields_that_only_some_families_have(model: str, name: str, value: Any) -> None:
    assert parameters(model, **{f"bedrock_{name}": value}) == {
        "additional_model_request_fields": {name: value}
    }
    other = {"bedrock_seed": 1, "additional_model_request_fields": {"own": 2}}
    assert parameters(GPT, **other) == {"additional_model_request_fields": {"seed": 1, "own": 2}}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("seed", 7), ("frequency_penalty", 0.5), ("presence_penalty", -1), ("logit_bias", {"1": 2})),
        *(("logprobs", True), ("top_logprobs", 2), ("user", "u"), ("n", 2), ("store", True)),
        *(("tool_choice", "required"), ("prompt_cache_key", "k"), ("prompt_cache_retention", "24h")),
    ],
)
def test_what_a_model_has_no_place_for_is_an_error_that_names_both(name: str, value: Any) -> None:
    message = refusal(**{f"bedrock_{name}": value})
    assert message.startswith(f"arguments, models[0].params.bedrock_{name}: ")
    assert name in message.partition(": ")[2] and NOVA in message and "Hint: " in message


def test_all_overrides_of_spice_are_known_and_openais_prefix_is_noted_once() -> None:
    assert len(OVERRIDES) == 22
    params = {"openai_temperature": 0.5, "openai_max_completion_tokens": 5, "openai_n": 1}
    configuration = load({"models": [{"from": f"bedrock:{NOVA}", "name": "m", "params": params}]})
    assert configuration["m"].parameters == {"temperature": 0.5, "max_tokens": 5}
    deprecated = [note for note in configuration.notes if "deprecated" in note]
    assert deprecated == [
        "model 'm': openai_temperature, openai_max_completion_tokens, openai_n: the prefix openai_ is "
        "deprecated; write bedrock_"
    ]


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"temprature": 1}, "params.temprature: unknown key 'temprature'\nHint: did you mean 'temperature'?"),
        ({"bedrock_guardrail_identifer": "x"}, "did you mean 'bedrock_guardrail_identifier'?"),
        ({"bedrock_top_k": 1}, "unknown key 'bedrock_top_k'"),
        ({"temperature": "hot"}, "params.temperature: it must be a number"),
        ({"maxTokens": 0}, "it must be a whole number of at least 1"),
        ({"aws_region": "us east"}, "'us east' is not a region\nHint: a region looks like us-east-1"),
        ({"aws_region": ""}, "params.aws_region: it is empty"),
        ({"aws_iam_role_source": "role"}, "must be one of: auto, metadata, env. Found role"),
        (
            {"bedrock_trace": "on"},
            "'on' is not allowed\nHint: must be one of: disabled, enabled, enabled_full",
        ),
        (
            {"maxTokens": 1, "bedrock_max_completion_tokens": 1},
            "'maxTokens' and 'bedrock_max_completion_tokens' mean the same",
        ),
        ({"parameterized_prompt": "enabled"}, "prompts with parameters are not filled in here"),
        ({"dimensions": 256}, "it is a parameter of embedding models; this one is for chat"),
        (
            {"aws_access_key_id": "${AWS_ACCESS_KEY_ID}"},
            "a reference names no store\nHint: write ${secrets:NAME}",
        ),
        ({"aws_access_key_id": "${vault:K}"}, "there is no secret store 'vault', which ${vault:K} asks"),
        ({"client": "x"}, "unknown key 'client'"),
        (
            {"endpoint_url": "https://user:p-w-d@x.example"},
            "'https://***@x.example' holds a user name or password",
        ),
    ],
)
def test_parameters_that_cannot_be(params: dict[str, Any], message: str) -> None:
    assert message in refusal(**params)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("models:\n- nova\n", r"line 2, models[0]: it must be a mapping"),
        ("models: nova\n", "line 1, models: it must be a list"),
        (
            "models:\n- from: bedrok:x\n  name: a\n",
            "line 2, models[0].from: 'bedrok' is no provider\nHint: did you mean 'bedrock:'?",
        ),
        (
            f"models:\n- from: {NOVA}\n  name: a\n",
            f"it is a model's id without its provider\nHint: write from: bedrock:{NOVA}",
        ),
        ("models:\n- from: 'bedrock:'\n  name: a\n", "no model id stands behind 'bedrock:'"),
        ("models:\n- from: 'bedrock:x y'\n  name: a\n", "blank or control character"),
        (f"models:\n- from: bedrock:{NOVA}\n", "models[0]: it has no name"),
        ("models:\n- name: a\n", "models[0]: it says no 'from'"),
        ("models:\n- ref: models/nova\n", "entries of other files ('ref') are not read"),
        (
            f"models:\n- from: bedrock:{NOVA}\n  name: a\n  parms: {{}}\n",
            "line 4, models[0].parms: unknown key 'parms'\nHint: did you mean 'params'?",
        ),
        (
            f"models:\n- {{from: 'bedrock:{NOVA}', name: a}}\n"
            "embeddings:\n- {from: 'bedrock:x.y', name: a}\n",
            "line 4, embeddings[0]: the name 'a' is taken by",
        ),
        ("kind: Dataset\nmodels: []\n", "line 1, kind: 'Dataset' is not allowed"),
        ("modles: []\n", "line 1, modles: unknown key 'modles'\nHint: did you mean 'models'?"),
        ("version: v1\n", "it names no models"),
        ("- a\n", "it must be a mapping"),
        ("secrets:\n- from: vault\nmodels: []\n", "line 2, secrets[0].from: 'vault' is not allowed"),
        ("secrets:\n- name: env\nmodels: []\n", "secrets[0]: it says no 'from'"),
        ("secrets:\n- from: kubernetes\nmodels: []\n", "the store kubernetes needs the name of a secret"),
        ("secrets:\n- from: env:x\nmodels: []\n", "the store env takes no selector"),
        ("secrets:\n- {from: env, name: secrets}\nmodels: []\n", "means all stores"),
        ("secrets:\n- {from: env, params: {path: x}}\nmodels: []\n", "did you mean 'file_path'?"),
        (
            "secrets:\n- {from: env}\n- {from: keyring, name: env}\nmodels: []\n",
            "two stores are called 'env'",
        ),
    ],
)
def test_a_spicepod_that_cannot_be_read_says_where(write: Write, text: str, message: str) -> None:
    path = write("spicepod.yaml", text)
    with pytest.raises(ConfigurationError) as refused:
        load(path)
    assert message in str(refused.value)
    assert str(refused.value).startswith(str(path))


def test_what_is_not_about_bedrock_is_left_out_with_a_note() -> None:
    configuration = load(
        {
            "version": "v1",
            "kind": "Spicepod",
            "name": "app",
            "datasets": [{"from": "s3://x", "name": "y"}],
            "models": [
                {"from": "openai:gpt-4o", "name": "gpt", "params": {"openai_api_key": "k"}},
                {"from": "file:/models/x.onnx", "name": "local"},
                {
                    "from": f"Bedrock:{NOVA}",
                    "name": "nova",
                    "description": "text",
                    "params": {"tools": "auto"},
                },
            ],
            "rerankers": [{"from": "bedrock:cohere.rerank-v3-5:0", "name": "rerank"}],
        }
    )
    assert [(model.name, model.kind) for model in configuration.values()] == [
        ("nova", "chat"),
        ("rerank", "rerank"),
    ]
    assert list(configuration.notes) == [
        "arguments, datasets: left out, it is for Spice's own runtime",
        "arguments, models[0].from: left out, 'openai' is another provider",
        "arguments, models[1].from: left out, 'file' is another provider",
        "arguments, models[2].description: left out, it is for Spice's own runtime",
        "arguments, models[2].params.tools: left out, they are the tools of Spice's runtime; give tools of "
        "your own to the model or its agent",
    ]


def test_explicit_keys_are_stronger_than_a_role_source() -> None:
    found = parameters(aws_access_key_id="A", aws_secret_access_key="s", aws_iam_role_source="metadata")
    assert found == {"aws_access_key_id": SecretStr("A"), "aws_secret_access_key": SecretStr("s")}


def test_what_came_from_a_reference_is_a_secret_and_its_value_in_no_message(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("VALUE", "v-e-r-y")
    found = parameters(system_prompt="Say ${env:VALUE}.", endpoint_url="https://${env:VALUE}.example")
    assert "v-e-r-y" not in repr(found)
    assert found["system"].get_secret_value() == "Say v-e-r-y."
    for name in (
        "temperature",
        "maxTokens",
        "bedrock_trace",
        "aws_region",
        "bedrock_seed",
        "aws_iam_role_source",
    ):
        message = refusal(**{name: "${env:VALUE} x"})
        assert "v-e-r-y" not in message and f"params.{name}" in message
    assert "unknown key 'temprature'" in refusal(temprature="${env:VALUE}")


def test_a_key_without_a_blank_behind_its_colon_is_not_shown(write: Write) -> None:
    path = write(
        "spicepod.yaml",
        f"models:\n- {{from: 'bedrock:{NOVA}', name: a, params: {{aws_secret_access_key:wJalrXUtnFEMI}}}}",
    )
    with pytest.raises(ConfigurationError, match="a blank belongs behind the colon") as refused:
        load(path)
    assert "wJalr" not in str(refused.value)


@pytest.mark.parametrize(
    ("params", "keywords"),
    [
        ({"dimensions": "256", "normalize": "true"}, {"dimensions": 256, "normalize": True}),
        ({"max_concurrent_invocations": "40"}, {"concurrency": 40}),
        ({"requests_per_min_limit": 1500}, {"requests_per_minute": 1500}),
        ({"truncate": "END"}, {"truncate": "end"}),
        (
            {"truncate_mode": "START", "embedding_purpose": "GENERIC_INDEX"},
            {"truncate": "start", "input_type": "GENERIC_INDEX"},
        ),
        (
            {"aws_profile": "p", "aws_iam_role_source": "env"},
            {"profile_name": "p", "aws_iam_role_source": "env"},
        ),
    ],
)
def test_parameters_of_an_embedding(params: dict[str, Any], keywords: dict[str, Any]) -> None:
    entry = {"from": "bedrock:amazon.titan-embed-text-v2:0", "name": "e", "params": params}
    model = load({"embeddings": [entry]})["e"]
    assert (model.kind, model.parameters) == ("embedding", keywords)
    with pytest.raises(
        ConfigurationError, match="it is a parameter of chat models; this one is for embedding"
    ):
        load({"embeddings": [{**entry, "params": {"temperature": 1}}]})
