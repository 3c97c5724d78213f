"""GoModel's ``.env``: it says what the environment does not."""

from __future__ import annotations

import os

import pytest

from bedrock_unified.config.gomodel import read
from bedrock_unified.errors import ConfigurationError

from .gomodel_folder import NOVA, dotenv, providers
from .gomodel_folder import in_an_empty_folder as in_an_empty_folder


def test_dotenv_says_what_the_environment_does_not() -> None:
    dotenv(
        "# one\nexport BEDROCK_BASE_URL='us-west-2'\n"
        f'BEDROCK_MODELS={NOVA}\nBEDROCK_EU_BASE_URL="eu-west-1"\n'
    )
    found = read(None, {"BEDROCK_BASE_URL": "us-east-1"})
    assert {name: dict(one.parameters) for name, one in found.providers.items()} == {
        "bedrock": {"region_name": "us-east-1"},
        "bedrock-eu": {"region_name": "eu-west-1"},
    }
    assert found.providers["bedrock"].models == (NOVA,)
    assert found.providers["bedrock-eu"].origin.source == ".env"


def test_keys_in_dotenv_become_those_of_the_providers() -> None:
    dotenv("AWS_ACCESS_KEY_ID=AKIADOTENV\nAWS_SECRET_ACCESS_KEY=dot-secret\nAWS_SESSION_TOKEN=dot-token\n")
    found = providers()["bedrock"]
    assert {name: one.get_secret_value() for name, one in found.items()} == {
        "aws_access_key_id": "AKIADOTENV",
        "aws_secret_access_key": "dot-secret",
        "aws_session_token": "dot-token",
    }


@pytest.mark.parametrize(
    "env",
    [
        {"AWS_ACCESS_KEY_ID": "AKIAPROCESS", "AWS_SECRET_ACCESS_KEY": "s"},
        {"AWS_SECRET_ACCESS_KEY": "half a pair, which the call tells of"},
        {"AWS_BEARER_TOKEN_BEDROCK": "b"},
    ],
)
def test_keys_in_dotenv_never_meet_those_of_the_environment(env: dict[str, str]) -> None:
    dotenv("AWS_ACCESS_KEY_ID=AKIADOTENV\nAWS_SECRET_ACCESS_KEY=dot-secret\nAWS_SESSION_TOKEN=dot-token\n")
    assert providers(**env) == {"bedrock": {}}


def test_half_a_pair_in_dotenv_is_an_error_that_names_it() -> None:
    dotenv("AWS_ACCESS_KEY_ID=AKIADOTENV\n")
    with pytest.raises(
        ConfigurationError, match=r"\.env, AWS_ACCESS_KEY_ID: AWS_SECRET_ACCESS_KEY is missing"
    ):
        providers()


def test_profile_bearer_and_region_in_dotenv() -> None:
    dotenv("AWS_PROFILE=work\nAWS_REGION=eu-west-1\nAWS_DEFAULT_REGION=us-west-1\n")
    assert providers() == {"bedrock": {"profile_name": "work", "region_name": "eu-west-1"}}
    assert providers(AWS_PROFILE="mine", AWS_REGION="us-east-2") == {"bedrock": {"region_name": "us-east-2"}}
    dotenv("AWS_PROFILE=work\nAWS_BEARER_TOKEN_BEDROCK=bearer-secret\n")
    assert providers()["bedrock"]["api_key"].get_secret_value() == "bearer-secret"


def test_what_only_the_environment_can_say_is_told() -> None:
    dotenv("AWS_ROLE_ARN=arn:aws:iam::123456789012:role/x\nAWS_CONFIG_FILE=/somewhere\n")
    assert [note.partition(":")[0] for note in read(None, {"AWS_CONFIG_FILE": "/else"}).notes] == [
        ".env, AWS_ROLE_ARN"
    ]


def test_a_line_that_is_none_is_refused_and_not_shown() -> None:
    dotenv("BEDROCK_BASE_URL=us-east-1\nthis is 'a secret\n")
    with pytest.raises(ConfigurationError, match=r"\.env, line 2: this line is no variable") as refused:
        read(None, {})
    assert "secret" not in str(refused.value)


def test_an_empty_dotenv_says_nothing_and_nothing_reaches_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dotenv("\n# nothing\n")
    assert providers() == {"bedrock": {}}
    dotenv("BEDROCK_BASE_URL=us-west-2\n")
    read(None, {})
    assert "BEDROCK_BASE_URL" not in os.environ


@pytest.mark.parametrize("variable", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_a_region_that_is_none_is_told_where_it_stands(variable: str) -> None:
    with pytest.raises(ConfigurationError, match=f"environment, {variable}: 'Bad R' is not a region"):
        read(None, {variable: "Bad R"})
    dotenv(f"{variable}='Bad R'\n")
    with pytest.raises(ConfigurationError, match=rf"\.env, {variable}: 'Bad R' is not a region"):
        read(None, {})
