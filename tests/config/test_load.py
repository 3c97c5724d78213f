"""``load()``: whose configuration something is, and where one is looked for."""

from __future__ import annotations

import copy
import json
import pickle
from pathlib import Path
from typing import Any

import pytest

import bedrock_unified
from bedrock_unified import load
from bedrock_unified.config.named import UnknownModelError, WithheldSecret
from bedrock_unified.errors import ConfigurationError

from .conftest import Write

SPICEPOD = "models:\n- {from: 'bedrock:amazon.nova-lite-v1:0', name: nova}\n"
GOMODEL = "providers:\n  bedrock: {type: bedrock, base_url: us-east-1, models: [amazon.nova-lite-v1:0]}\n"
CONTENOX = "backends:\n- {name: b, type: bedrock, url: us-east-1}\n"
OURS = "models:\n  fast: amazon.nova-lite-v1:0\n"
OWN = '{"bedrock-unified": 1, "settings": {"default-model": "amazon.nova-micro-v1:0"}, "backends": {}}'


@pytest.mark.parametrize(
    ("name", "text", "system"),
    [
        ("spicepod.yaml", SPICEPOD, "spice"),
        ("spicepod.yml", "models: []\n", "spice"),
        ("app.yaml", SPICEPOD, "spice"),
        ("app.yaml", "kind: Spicepod\nmodels: []\n", "spice"),
        (
            "app.json",
            '{"embeddings": [{"from": "bedrock:amazon.titan-embed-text-v2:0", "name": "e"}]}',
            "spice",
        ),
        ("config.yaml", GOMODEL, "gomodel"),
        ("gateway.yml", GOMODEL, "gomodel"),
        ("config.yaml", "server:\n  port: '8080'\n", "gomodel"),
        ("bedrock.json", '{"profile": "p", "region": "us-east-1"}', "onellm"),
        ("other.json", '{"region": "us-east-1"}', "onellm"),
        ("contenox.yaml", CONTENOX, "contenox"),
        ("spec.json", '{"provider": "amazon_bedrock", "id": "amazon.nova-lite-v1:0"}', "req_llm"),
        ("ours.yaml", OURS, "bedrock-unified"),
        ("ours.json", '{"defaults": {"temperature": 0.5}}', "bedrock-unified"),
        ("bedrock-unified.json", OWN, "bedrock-unified"),
    ],
)
def test_whose_a_file_is(write: Write, name: str, text: str, system: str) -> None:
    path = write(name, text)
    for source in (path, str(path), Path(name), name):
        configuration = load(source)
        assert configuration.system == system
        assert configuration.origin.source == str(source)


@pytest.mark.parametrize(
    ("value", "system"),
    [
        ({"models": [{"from": "bedrock:amazon.nova-lite-v1:0", "name": "nova"}]}, "spice"),
        ({"providers": {"bedrock": {"type": "bedrock", "base_url": "us-east-1"}}}, "gomodel"),
        ({"profile": "p"}, "onellm"),
        ({"backends": []}, "contenox"),
        ({"provider": "amazon_bedrock", "model": "amazon.nova-lite-v1:0"}, "req_llm"),
        ({"providers": {"p": {"region_name": "us-east-1"}}}, "bedrock-unified"),
        ({"models": {"a": "amazon.nova-lite-v1:0"}}, "bedrock-unified"),
        (["amazon_bedrock", "amazon.nova-lite-v1:0", {"temperature": 0.1}], "req_llm"),
    ],
)
def test_whose_a_python_value_is(value: Any, system: str) -> None:
    before = copy.deepcopy(value)
    assert load(value).system == system
    assert value == before


@pytest.mark.parametrize(
    "spec",
    [
        "bedrock:amazon.nova-lite-v1:0",
        "amazon_bedrock:amazon.nova-lite-v1:0",
        "amazon.nova-lite-v1:0@amazon_bedrock",
    ],
)
def test_a_spec_of_reqllms_is_a_configuration_of_one_model(spec: str) -> None:
    configuration = load(spec)
    assert (configuration.system, len(configuration)) == ("req_llm", 1)
    assert configuration["amazon.nova-lite-v1:0"].parameters == {"use_converse": "auto"}


@pytest.mark.parametrize(
    "spec",
    [
        "us.amazon.nova-lite-v1:0",
        "claude-3-haiku",
        "arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/abcdefg12345",
    ],
)
def test_an_id_alone_is_nobodys_and_is_called_by_converse(spec: str) -> None:
    configuration = load(spec)
    assert (configuration.system, list(configuration)) == ("bedrock-unified", [spec])
    assert (configuration[spec].model_id, configuration[spec].parameters) == (spec, {})


def test_bedrock_and_a_slash_is_onellms_spelling(write: Write) -> None:
    write("bedrock.json", '{"region": "eu-west-1"}')
    for system in (None, "onellm"):
        configuration = load("bedrock/claude-3-5-sonnet", system=system)
        assert (configuration.system, list(configuration)) == ("onellm", ["bedrock/claude-3-5-sonnet"])
        model = configuration["bedrock/claude-3-5-sonnet"]
        assert (model.model_id, model.parameters) == ("claude-3-5-sonnet", {"max_tokens": 1000})
        assert configuration.keywords(model) == {"region_name": "eu-west-1", "max_tokens": 1000}
    with pytest.raises(UnknownModelError, match="did you mean 'bedrock/claude-3-5-sonnet'"):
        load("bedrock/claude-3-5-sonet")
    write("bedrock/spicepod.yaml", SPICEPOD)
    assert load("bedrock/spicepod.yaml").system == load("bedrock/").system == "spice"


@pytest.mark.parametrize(
    "text",
    [
        "- amazon_bedrock:amazon.nova-lite-v1:0\n",
        "- [amazon_bedrock, amazon.nova-lite-v1:0]\n",
        "models:\n  a: {provider: amazon_bedrock, id: amazon.nova-lite-v1:0, region: eu-west-1}\n",
        "models:\n- {provider: bedrock, id: amazon.nova-lite-v1:0}\n",
    ],
)
def test_a_file_of_reqllms_specs_is_known_by_them(write: Write, text: str) -> None:
    configuration = load(write("models.yaml", text))
    assert configuration.system == "req_llm"
    assert [model.model_id for model in configuration.values()] == ["amazon.nova-lite-v1:0"]


def test_the_system_can_be_said(write: Write) -> None:
    path = write("models.yaml", "models: []\n")
    assert load(path).system == "bedrock-unified"
    for name in ("spice", "Spice.AI", "spicepod"):
        assert load(path, system=name).system == "spice"
    with pytest.raises(
        ConfigurationError, match="system: 'litellm' is not allowed\nHint: must be one of: spice, gomodel"
    ):
        load(path, system="litellm")
    with pytest.raises(ConfigurationError, match="no spicepod lies in this folder"):
        load(system="spice")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("nope", "'nope' is neither a file nor a model"),
        ("absent.yaml", "absent.yaml: it does not exist"),
        ("./absent", "absent: it does not exist"),
        ("", "it is empty text"),
        ("a\0b", "neither a file nor a model"),
        ("x" * 5000, "neither a file nor a model"),
        ("~nobody-of-this-name/x", "."),
        (5, "a configuration cannot be a int"),
        (b"x", "a configuration cannot be a bytes"),
        ({}, "nothing tells whose configuration it is"),
        ({"a": 1}, "nothing tells whose configuration it is"),
        ({1: 2}, "nothing tells whose configuration it is"),
        ({"models": {1: 2}}, "a key is a number; it must be text"),
        ({"bedrock-unified": 1}, "the content of the command's own file"),
    ],
)
def test_what_is_no_configuration(source: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        load(source)


@pytest.mark.parametrize(
    "text", ['{"aws_secret_access_key": "v-e-r-y"}', "models:\n- v-e-r-y", " [v-e-r-y/x.yaml]"]
)
def test_the_text_of_a_configuration_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(ConfigurationError, match="is the text of a configuration, not its path") as refused:
        load(text)
    assert "v-e-r-y" not in str(refused.value)


def test_a_folder_is_looked_into(write: Write, own_folder: Path) -> None:
    with pytest.raises(
        ConfigurationError, match=r"no configuration lies in this folder\nHint: looked for spicepod\.yaml"
    ):
        load(own_folder)
    write(".env", "BEDROCK_BASE_URL=eu-west-1\n")
    assert load(own_folder).system == "gomodel"
    write("bedrock.json", "{}")
    assert load(own_folder).system == "onellm"
    write("config.yaml", "some: other program's\n")
    assert load(own_folder).system == "onellm"
    write("config.yaml", "not: [yaml\n")
    assert load(own_folder).system == "onellm"
    write("config.yaml", GOMODEL)
    assert load(own_folder).system == "gomodel"
    write("spicepod.yml", SPICEPOD)
    assert load(own_folder).system == "spice"


def test_without_a_source_the_commands_file_comes_first_then_the_folder_then_the_environment(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configuration = load()
    assert (configuration.system, configuration.origin.source) == ("bedrock-unified", "environment")
    assert configuration["amazon.nova-lite-v1:0"].model_id == "amazon.nova-lite-v1:0"
    monkeypatch.setenv("BEDROCK_EU_BASE_URL", "eu-west-1")
    assert list(load().providers) == ["bedrock-eu"]
    monkeypatch.setenv("ONELLM_PROVIDERS__BEDROCK__REGION", "eu-west-2")
    assert load().system == "onellm"
    path = write("spicepod.yaml", SPICEPOD)
    assert load().origin.source == path.name
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "bedrock-unified.json").write_text(OWN)
    configuration = load()
    assert (configuration.system, configuration.default_model) == (
        "bedrock-unified",
        "amazon.nova-micro-v1:0",
    )


def test_the_environment_can_be_another(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEDROCK_EU_BASE_URL", "eu-west-1")
    env = {"BEDROCK_US_BASE_URL": "us-east-1", "BEDROCK_UNIFIED_HOME": "absent"}
    assert list(load(env=env).providers) == ["bedrock-us"]


def configuration_with_secrets() -> Any:
    return load(
        {
            "defaults": {"region_name": "us-east-1"},
            "providers": {"p": {"api_key": "v-e-r-y-1"}},
            "models": {
                "m": {
                    "model": "amazon.nova-lite-v1:0",
                    "access_key_id": "AKIAV-E-R-Y",
                    "secret_access_key": "v-e-r-y-2",
                }
            },
        }
    )


def test_a_configuration_shows_and_pickles_no_secret() -> None:
    configuration = configuration_with_secrets()
    for text in (repr(configuration), str(configuration.providers), str(configuration["m"].parameters)):
        assert "v-e-r-y" not in text.lower()
    written = pickle.dumps(configuration)
    assert b"v-e-r-y" not in written.lower()
    back = pickle.loads(written)
    assert back.keywords(back["m"])["region_name"] == "us-east-1"
    assert back["m"].parameters["aws_secret_access_key"] == WithheldSecret()
    with pytest.raises(
        ConfigurationError, match="was a secret, which was not written down with the configuration"
    ):
        bedrock_unified.BedrockClient.from_config(back, "m")
    again = pickle.loads(pickle.dumps(back))
    assert again["m"].parameters["aws_secret_access_key"] == WithheldSecret()


def test_a_copy_of_a_configuration_keeps_its_secrets() -> None:
    for copied in (copy.copy(configuration_with_secrets()), copy.deepcopy(configuration_with_secrets())):
        assert copied["m"].parameters["aws_secret_access_key"].get_secret_value() == "v-e-r-y-2"


def test_each_system_can_be_pickled(write: Write) -> None:
    for name, text in (
        ("spicepod.yaml", SPICEPOD),
        ("config.yaml", GOMODEL),
        ("c.yaml", CONTENOX),
        ("o.yaml", OURS),
        ("bedrock.json", json.dumps({"region": "us-east-1"})),
        ("bedrock-unified.json", OWN),
    ):
        configuration = load(write(name, text))
        back = pickle.loads(pickle.dumps(configuration))
        assert type(back) is type(configuration)
        assert dict(back.models) == dict(configuration.models)
        assert back.notes == configuration.notes


@pytest.mark.parametrize("system", [None, "spice", "gomodel", "onellm", "req_llm", "contenox"])
@pytest.mark.parametrize("name", ["x" * 300 + ".yaml", "x" * 300 + "/.env"])
def test_what_cannot_be_looked_at_is_refused_by_its_name(
    tmp_path: Path, system: str | None, name: str
) -> None:
    for source in (tmp_path / name, str(tmp_path / name)):
        with pytest.raises(ConfigurationError, match=r"x: it |x(\.yaml|/\.env): it "):
            load(source, system=system)


@pytest.mark.parametrize("beside", [{"models": {"a": "nova-lite"}}, {"providers": {"eu": {}}}])
@pytest.mark.parametrize("name", ["region_name", "region", "temperature"])
def test_a_keyword_beside_the_models_is_told_its_place(beside: dict[str, Any], name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{name!r} is a model's keyword.*\n.*'defaults'"):
        load({name: "us-east-1", **beside})
