"""Contenox's backends and defaults as a document."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pytest

from bedrock_unified.config.contenox import read
from bedrock_unified.config.named import UnknownModelError
from bedrock_unified.errors import ConfigurationError

SONNET = "anthropic.claude-3-5-sonnet-20241022-v2:0"
URL = "https://bedrock-runtime.us-east-1.amazonaws.com"


def backend(**entries: Any) -> dict[str, Any]:
    return {"backends": [{"name": "bedrock", "type": "bedrock", "url": URL, **entries}]}


def parameters(source: dict[str, Any], **env: str) -> dict[str, Any]:
    found = read(source, env).providers["bedrock"].parameters
    return {name: getattr(one, "get_secret_value", lambda one=one: one)() for name, one in found.items()}


@pytest.mark.parametrize(
    ("url", "keywords"),
    [
        (URL, {"region_name": "us-east-1"}),
        (f"{URL}/", {"region_name": "us-east-1"}),
        ("  eu-west-1 ", {"region_name": "eu-west-1"}),
        ("https://bedrock.eu-west-1.amazonaws.com", {"region_name": "eu-west-1"}),
        ("bedrock-runtime.eu-west-1.amazonaws.com", {"region_name": "eu-west-1"}),
        (
            "https://bedrock-runtime.cn-north-1.amazonaws.com.cn",
            {"region_name": "cn-north-1"},
        ),
        (
            "https://bedrock-runtime.eu-west-1.corp.example",
            {
                "region_name": "eu-west-1",
                "endpoint_url": "https://bedrock-runtime.eu-west-1.corp.example",
                "control_endpoint_url": "https://bedrock.eu-west-1.corp.example",
                "agent_endpoint_url": "https://bedrock-runtime.eu-west-1.corp.example",
            },
        ),
        (
            "https://bedrock.eu-west-1.corp.example",
            dict.fromkeys(
                ("endpoint_url", "control_endpoint_url", "agent_endpoint_url"),
                "https://bedrock.eu-west-1.corp.example",
            ),
        ),
        (
            "https://bedrock-runtime.staging.corp.example",
            {
                "endpoint_url": "https://bedrock-runtime.staging.corp.example",
                "control_endpoint_url": "https://bedrock.staging.corp.example",
                "agent_endpoint_url": "https://bedrock-runtime.staging.corp.example",
            },
        ),
    ],
)
def test_the_region_is_in_the_url(url: str, keywords: dict[str, Any]) -> None:
    assert parameters(backend(url=url)) == keywords


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("", r"--url is required for bedrock backends \(it carries the region\) e\.g\.: --url"),
        (None, r"--url is required"),
        (f"{URL}//model", "looks malformed"),
        ("https:////bedrock-runtime.us-east-1.amazonaws.com", "looks malformed"),
        ("us-east-1/", "no scheme"),
        ("us east 1", "not a region"),
        ("US-EAST-1", "not a region"),
        ("example.com", "no scheme"),
        ("https://user:very-secret@example.com", "user name or password"),
        ("https://example.com?key=very-secret", "query"),
    ],
)
def test_a_url_that_is_none(url: str | None, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message) as refused:
        read(backend(url=url), {})
    assert "backends[0]" in str(refused.value)
    assert "very-secret" not in str(refused.value)


@pytest.mark.parametrize(
    "blob",
    [
        {"AccessKeyID": "AKIABLOB", "SecretAccessKey": "blob-secret", "SessionToken": ""},
        {"access_key_id": "AKIABLOB", "secret_access_key": "blob-secret"},
        {"accessKeyId": "AKIABLOB", "secretAccessKey": "blob-secret", "sessionToken": ""},
    ],
)
@pytest.mark.parametrize("spelling", ["api-key-env", "api_key_env"])
def test_a_variable_holds_the_keys(blob: dict[str, str], spelling: str) -> None:
    source = backend(**{spelling: "AWS_BEDROCK_CREDS"})
    assert parameters(source, AWS_BEDROCK_CREDS=json.dumps(blob)) == {
        "region_name": "us-east-1",
        "aws_access_key_id": "AKIABLOB",
        "aws_secret_access_key": "blob-secret",
    }
    found = read(source, {"AWS_BEDROCK_CREDS": json.dumps(blob)})
    assert "blob-secret" not in repr(found)
    assert b"blob-secret" not in pickle.dumps(found)


def test_the_urls_region_stands_above_one_among_the_keys() -> None:
    blob = {"AccessKeyID": "A", "SecretAccessKey": "s", "Region": "eu-west-1"}
    assert parameters(backend(**{"api-key": json.dumps(blob)}))["region_name"] == "us-east-1"


def test_a_variable_that_is_not_set_is_named_and_bad_json_is_not_shown() -> None:
    source = backend(**{"api-key-env": "AWS_BEDROCK_CREDS"})
    with pytest.raises(
        ConfigurationError, match=r"backends\[0\]\.api-key-env: .*variable AWS_BEDROCK_CREDS is not set"
    ):
        read(source, {"AWS_BEDROCK_CREDS": " "})
    for text in ('{"AccessKeyID": "very-secret"', '{"AccessKeyID": "very-secret"}', '{"key": "very-secret"}'):
        with pytest.raises(ConfigurationError, match="environment, AWS_BEDROCK_CREDS") as refused:
            read(source, {"AWS_BEDROCK_CREDS": text})
        assert "very-secret" not in str(refused.value)


def test_defaults_of_chats_are_not_those_of_embeddings() -> None:
    config = {"default-model": SONNET, "default-max-tokens": "4096", "default-think": "medium"}
    found = read({**backend(), "config": config}, {})
    assert found.default_model == SONNET
    assert found[SONNET].parameters == {"max_tokens": 4096, "reasoning": "medium"}
    assert found["us.vendor.new-v9:0"].parameters == {"max_tokens": 4096, "reasoning": "medium"}
    assert found["amazon.titan-embed-text-v2:0"].parameters == {}
    assert found["cohere.rerank-v3-5:0"].parameters == {}


@pytest.mark.parametrize(
    ("level", "reasoning"),
    [
        ("auto", None),
        ("off", "none"),
        ("false", "none"),
        ("none", "none"),
        (False, "none"),
        (True, "high"),
        ("ON", "high"),
        ("xhigh", "xhigh"),
        ("minimal", "minimal"),
    ],
)
def test_levels_of_thinking(level: Any, reasoning: str | None) -> None:
    found = read({**backend(), "config": {"default_think": level}}, {})
    assert found[SONNET].parameters.get("reasoning") == reasoning


def test_yaml_and_json_files_and_both_forms_of_backends(tmp_path: Path) -> None:
    path = tmp_path / "contenox.yaml"
    path.write_text(
        "backends:\n  eu: {type: bedrock, url: eu-west-1}\n  us: {type: bedrock, url: us-east-1}\n"
        "config:\n  default-provider: us\n  default-think: off\n"
    )
    found = read(path, {})
    assert (list(found.providers), found.default_provider) == (["eu", "us"], "us")
    assert found.keywords(found[SONNET])["region_name"] == "us-east-1"
    assert found.keywords(found[f"eu/{SONNET}"])["region_name"] == "eu-west-1"
    assert found[SONNET].parameters["reasoning"] == "none"
    assert found.providers["us"].origin.line == 3
    as_json = tmp_path / "contenox.json"
    as_json.write_text(json.dumps(backend(), indent=2))
    assert read(as_json, {}).providers["bedrock"].origin.line == 3


def test_a_type_names_its_first_backend() -> None:
    source = {
        "backends": {
            "one": {"type": "bedrock", "url": "eu-west-1"},
            "two": {"type": "bedrock", "url": "us-east-1"},
        }
    }
    assert read({**source, "config": {"default-provider": "bedrock"}}, {})[SONNET].provider == "one"
    with pytest.raises(UnknownModelError, match="several providers"):
        read(source, {})[SONNET]


def test_backends_and_settings_that_are_not_bedrocks_are_told() -> None:
    source = {
        "backends": {
            "local": {"type": "ollama", "url": "http://localhost:11434"},
            "b": {"type": "bedrock", "url": "eu-west-1"},
        },
        "config": {"default-provider": "ollama", "default-model": "qwen3:8b", "default-chain": "c.json"},
    }
    found = read(source, {})
    assert (list(found.providers), found.default_model, dict(found.models)) == (["b"], None, {})
    assert len(found.notes) == 3


@pytest.mark.parametrize(
    ("source", "message", "hint"),
    [
        ({"backend": []}, "unknown key 'backend'", "'backends'"),
        ({"backends": [{"type": "bedrock", "url": "us-east-1"}]}, "has no name", "name: bedrock"),
        ({"backends": [{"name": "b", "url": "us-east-1"}]}, "has no type", "type: bedrock"),
        (backend(uri="x"), r"backends\[0\]\.uri: unknown key", "'url'"),
        (backend(**{"api-key-env": "A", "api-key": "{}"}), "api-key is there, too", "one"),
        (backend(**{"api-key-env": "A", "api_key_env": "A"}), "twice", None),
        (
            {"backends": [*backend()["backends"], *backend()["backends"]]},
            "two backends called 'bedrock'",
            None,
        ),
        ({**backend(), "config": {"default-modle": "x"}}, r"config\.default-modle", "'default-model'"),
        ({**backend(), "config": {"default-provider": "bedrok"}}, "no backend called 'bedrok'", "bedrock"),
        ({**backend(), "config": {"default-think": "deep"}}, "'deep' is no level", "auto, off"),
        ({**backend(), "config": {"default-max-tokens": "many"}}, "whole number", None),
        ({**backend(), "config": {"default-model": "a b"}}, "blank", None),
    ],
)
def test_what_cannot_be_is_refused(source: dict[str, Any], message: str, hint: str | None) -> None:
    with pytest.raises(ConfigurationError, match=message) as refused:
        read(source, {"A": "{}"})
    assert hint is None or hint in str(refused.value.hint)


def test_there_is_no_file_to_be_found() -> None:
    with pytest.raises(ConfigurationError, match="database"):
        read(None, {})


@pytest.mark.parametrize("key", ['{"AccessKeyID": "very-secret"}', "AKIAIOSFODNN7EXAMPLE", "ABSKverysecret"])
def test_a_key_where_a_variables_name_belongs_is_not_shown(key: str) -> None:
    with pytest.raises(ConfigurationError, match="the environment variable, which is named here") as refused:
        read(backend(**{"api-key-env": key}), {})
    assert key not in str(refused.value)


def test_the_default_type_needs_a_backend() -> None:
    with pytest.raises(ConfigurationError, match="no backend called 'bedrock'") as refused:
        read({"config": {"default-provider": "bedrock", "default-model": SONNET}}, {})
    assert "there are: none" in str(refused.value.hint)


def test_a_backends_name_has_no_slash() -> None:
    with pytest.raises(ConfigurationError, match="has no slash"):
        read({"backends": {"a/b": {"type": "bedrock", "url": "eu-west-1"}}}, {})
