"""GoModel's ``config.yaml``, where it is looked for, and what stands above it."""

from __future__ import annotations

from pathlib import Path

import pytest

from bedrock_unified.config.gomodel import read
from bedrock_unified.errors import ConfigurationError

from .gomodel_folder import HAIKU, NOVA, of_type_bedrock, providers
from .gomodel_folder import in_an_empty_folder as in_an_empty_folder

FILE = """\
providers:
  bedrock:
    type: bedrock
    base_url: "us-east-1"
    models:
      - anthropic.claude-3-5-haiku-20241022-v1:0
      - id: amazon.nova-lite-v1:0
        metadata: {context_window: 300000}
  eu:
    type: Bedrock
    base_url: ${EU_REGION:-eu-central-1}
  elsewhere:
    type: openai
    api_key: sk-of-somebody
    anything: goes
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "config.yaml").write_text(FILE)
    return tmp_path / "config.yaml"


def test_the_file_and_what_of_it_is_not_bedrocks(file: Path) -> None:
    found = read(file, {})
    assert {name: dict(one.parameters) for name, one in found.providers.items()} == {
        "bedrock": {"region_name": "us-east-1"},
        "eu": {"region_name": "eu-central-1"},
    }
    assert found.providers["bedrock"].models == (HAIKU, NOVA)
    assert found.providers["bedrock"].origin == (str(file), "providers.bedrock", 2)
    assert any("of type 'openai' is not Bedrock" in note for note in found.notes)
    assert "sk-of-somebody" not in repr(found)


def test_variables_in_the_file_are_expanded(file: Path) -> None:
    assert providers(file, EU_REGION="eu-north-1")["eu"] == {"region_name": "eu-north-1"}
    assert providers(file, EU_REGION="")["eu"] == {"region_name": "eu-central-1"}


def test_a_variable_that_is_nowhere_leaves_its_key_unsaid() -> None:
    source = of_type_bedrock(
        "bedrock", base_url="${NOWHERE}", models=["${NOWHERE}", NOVA], api_key="${NOWHERE}"
    )
    found = read(source, {"AWS_REGION": "us-west-2"})
    assert found.providers["bedrock"].parameters == {"region_name": "us-west-2"}
    assert found.providers["bedrock"].models == (NOVA,)


def test_the_environment_stands_above_the_file(file: Path) -> None:
    found = read(file, {"BEDROCK_BASE_URL": "us-west-2", "BEDROCK_EU_MODELS": NOVA})
    assert found.providers["bedrock"].parameters == {"region_name": "us-west-2"}
    assert found.providers["bedrock"].models == (HAIKU, NOVA), "only what the environment says is replaced"
    assert found.providers["bedrock-eu"].models == (NOVA,), "a new instance beside the file's 'eu'"


def test_unsuffixed_variables_belong_to_the_only_provider_of_the_type() -> None:
    assert providers(of_type_bedrock("work"), BEDROCK_BASE_URL="us-west-2") == {
        "work": {"region_name": "us-west-2"}
    }


def test_unsuffixed_variables_belong_to_the_one_that_is_called_bedrock() -> None:
    found = providers(of_type_bedrock("work", "bedrock"), BEDROCK_BASE_URL="us-west-2")
    assert found == {"work": {}, "bedrock": {"region_name": "us-west-2"}}


def test_unsuffixed_variables_of_which_nobody_knows_whose_they_are_are_left_out_and_told() -> None:
    found = read(of_type_bedrock("one", "two"), {"BEDROCK_BASE_URL": "us-west-2"})
    assert {name: dict(one.parameters) for name, one in found.providers.items()} == {"one": {}, "two": {}}
    assert [note for note in found.notes if "BEDROCK_BASE_URL" in note and "one, two" in note]


def test_suffixed_variables_lie_over_the_files_provider_of_that_name() -> None:
    found = providers(of_type_bedrock("bedrock-eu", base_url="eu-west-1"), BEDROCK_EU_BASE_URL="eu-north-1")
    assert found == {"bedrock-eu": {"region_name": "eu-north-1"}}


@pytest.mark.parametrize(
    ("name", "variable"), [("bedrock-eu", "BEDROCK_EU_BASE_URL"), ("bedrock", "BEDROCK_BASE_URL")]
)
def test_variables_of_a_name_that_is_another_types_are_left_out_and_told(name: str, variable: str) -> None:
    source = {
        "providers": {name: {"type": "openai"}, "mine": {"type": "bedrock"}, "other": {"type": "bedrock"}}
    }
    found = read(source, {variable: "eu-north-1"})
    assert list(found.providers) == ["mine", "other"]
    assert [note for note in found.notes if variable in note]


@pytest.mark.parametrize("kind", ["bedrok", "bedrocks", "aws-bedrock", "amazon_bedrock"])
def test_a_misspelt_type_is_refused(kind: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"providers.eu.type: there is no type '{kind}'"):
        read({"providers": {"eu": {"type": kind, "base_url": "eu-west-1"}}}, {})


def test_each_provider_has_its_tries() -> None:
    source = {
        "resilience": {
            "retry": {"max_retries": 7, "initial_backoff": "1s"},
            "circuit_breaker": {"enabled": False},
        },
        "providers": {
            "bedrock": {"type": "bedrock"},
            "eu": {"type": "bedrock", "resilience": {"retry": {"max_retries": 0}}},
        },
    }
    found = read(source, {})
    assert [one.parameters["max_retries"] for one in found.providers.values()] == [7, 0]
    assert len(found.notes) == 2
    env = {"RETRY_MAX_RETRIES": "0", "RETRY_MAX_BACKOFF": "5s"}
    found = read(source, env)
    assert [one.parameters["max_retries"] for one in found.providers.values()] == [0, 0]
    assert [note for note in found.notes if note.startswith("environment, RETRY_MAX_BACKOFF: left out")]
    with pytest.raises(ConfigurationError, match="environment, RETRY_MAX_RETRIES: it must be a whole number"):
        read(source, {"RETRY_MAX_RETRIES": "many"})


def test_what_the_file_says_of_the_gateways_list_is_left_out_and_told() -> None:
    keys = ("enabled_by_default", "unqualified_model_ids_at_models_endpoint")
    found = read({"models": dict.fromkeys(keys, True), "providers": {"bedrock": {"type": "bedrock"}}}, {})
    assert [note.partition(":")[0] for note in found.notes] == [f"arguments, models.{key}" for key in keys]


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        (
            "provider:\n  bedrock: {type: bedrock}\n",
            r"line 1, provider: unknown key 'provider'",
            "'providers'",
        ),
        ("providers:\n  bedrock:\n    type: bedrock\n    baseurl: x\n", r"line 4, .*'baseurl'", "'base_url'"),
        ("providers:\n  bedrock:\n    base_url: us-east-1\n", r"line 2, .*has no type", "type: bedrock"),
        ("providers: [bedrock]\n", r"line 1, providers: it must be a mapping", None),
        ("providers:\n  b: {type: bedrock, models: {a: b}}\n", r"models: it must be a list", None),
        ("providers:\n  b: {type: bedrock, models: [{ide: x}]}\n", r"'ide'", "'id'"),
        ("server:\n  prot: 8080\n", r"line 2, server.prot", "'port'"),
        ("server:\n  port: 99999\n", r"whole number from 1 to 65535", None),
        ("server:\n  body_size_limit: lots\n", r"line 2, .*size of a body", "10M"),
        ("providers:\n  b:\n    type: bedrock\n  b:\n    type: bedrock\n", r"line 4, .*twice", None),
        ("providers:\n\tb: 1\n", r"line 2", None),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_line(
    tmp_path: Path, text: str, message: str, hint: str | None
) -> None:
    (tmp_path / "config.yaml").write_text(text)
    with pytest.raises(ConfigurationError, match=message) as refused:
        read(tmp_path / "config.yaml", {})
    assert str(tmp_path / "config.yaml") in str(refused.value)
    assert hint is None or hint in str(refused.value.hint)


def test_sections_of_the_gateway_are_told_not_refused() -> None:
    found = read({"cache": {"model": {}}, "logging": {"enabled": True}, "storage": {"type": "sqlite"}}, {})
    assert [note.partition(":")[0] for note in found.notes] == [
        "arguments, cache",
        "arguments, logging",
        "arguments, storage",
    ]


def test_a_secret_at_the_wrong_place_is_not_shown(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("providers:\n  b:\n    type: bedrock\n    api_key: [very-secret]\n")
    with pytest.raises(ConfigurationError) as refused:
        read(tmp_path / "config.yaml", {})
    assert "very-secret" not in str(refused.value)


def test_config_slash_config_yaml_stands_above_config_yaml(file: Path, tmp_path: Path) -> None:
    assert read(None, {}).origin.source == "config.yaml"
    assert read(tmp_path, {}).origin.source == str(file)
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.yaml").write_text("providers: {only: {type: bedrock}}\n")
    assert list(read(None, {}).providers) == ["only"]


@pytest.mark.parametrize("where", ["", "config"])
def test_dotenv_lies_beside_the_file_or_the_folder_config(tmp_path: Path, where: str) -> None:
    (tmp_path / where).mkdir(exist_ok=True)
    (tmp_path / where / "config.yaml").write_text("providers: {b: {type: bedrock, base_url: '${R}'}}\n")
    (tmp_path / ".env").write_text("R=eu-west-3\n")
    assert providers(tmp_path / where / "config.yaml") == {"b": {"region_name": "eu-west-3"}}
    assert providers(tmp_path / where / "config.yaml", R="eu-west-1") == {"b": {"region_name": "eu-west-1"}}


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"absent\.yaml"):
        read(tmp_path / "absent.yaml", {})


@pytest.mark.parametrize("name", ["", "a/b"])
def test_a_providers_name_that_no_selector_could_name(name: str) -> None:
    with pytest.raises(ConfigurationError, match="has no slash"):
        read(of_type_bedrock(name), {})
