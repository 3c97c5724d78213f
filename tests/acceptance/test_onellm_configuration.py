"""OneLLM's statements about its configuration (OL-03 to 07, 22 to 25), with its document's own examples."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from bedrock_unified import BedrockClient, load
from bedrock_unified.config import Configuration
from bedrock_unified.errors import ConfigurationError

from ..core.identities import Container
from ..core.server import Received, Server, as_bedrock
from .configured import EXAMPLES, ask, chat, embeddings, exported, profile, signed_by
from .configured import at_home as at_home
from .configured import watched as watched
from .conftest import Account
from .frameworks import WAYS

HERE = EXAMPLES / "onellm"
HAIKU = "bedrock/claude-3-haiku"


def onellm(source: Any = None) -> Configuration:
    return load(source, system="onellm")


async def test_ol_03_the_default_profile_of_the_aws_cli_is_used(
    watched: Server, framework: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    profile(monkeypatch, tmp_path, "default", "AKIADEFAULT", region="eu-west-3")
    await ask(chat(framework, onellm(), HAIKU))
    assert signed_by(watched) == ("AKIADEFAULT", "eu-west-3")


async def test_ol_04_keys_and_region_of_the_environment(
    watched: Server, framework: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    exported(HERE / "environment.sh", monkeypatch)
    await ask(chat(framework, onellm(), HAIKU))
    assert signed_by(watched) == ("your-access-key", "us-east-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    await ask(chat(framework, onellm(), HAIKU))
    assert signed_by(watched) == ("your-access-key", "eu-west-1")


async def test_ol_05_the_profile_of_bedrock_json_else_the_default_one(
    watched: Server, framework: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shutil.copy(HERE / "bedrock.json", "bedrock.json")
    profile(monkeypatch, tmp_path, "bedrock", "AKIAOFTHEPROFILE")
    await ask(chat(framework, onellm(), HAIKU))
    assert signed_by(watched) == ("AKIAOFTHEPROFILE", "us-east-1")
    Path("bedrock.json").unlink()
    profile(monkeypatch, tmp_path, "default", "AKIADEFAULT")
    await ask(chat(framework, onellm(), HAIKU))
    assert signed_by(watched)[0] == "AKIADEFAULT"


async def test_ol_06_a_role_is_found_without_being_asked_for(
    watched: Server, framework: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    container = Container(3600)
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{watched.url}/keys")

    def answer(request: Received) -> bytes:
        return container(request) if request.target == "/keys" else as_bedrock(request)

    watched.answer = answer
    await ask(chat(framework, onellm(), HAIKU))
    assert signed_by(watched)[0] == "ASIACONTAINER0000001"


@pytest.mark.parametrize("depth", [0, 2])
async def test_ol_07_bedrock_json_of_the_project_is_read(
    watched: Server, framework: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, depth: int
) -> None:
    (tmp_path / "pyproject.toml").touch()
    shutil.copy(HERE / "bedrock.json", tmp_path / "bedrock.json")
    folder = tmp_path.joinpath(*["package"] * depth)
    folder.mkdir(parents=True, exist_ok=True)
    monkeypatch.chdir(folder)
    profile(monkeypatch, tmp_path, "bedrock", "AKIAOFTHEPROFILE")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    for configuration in (onellm(), load()):
        await ask(chat(framework, configuration, HAIKU))
        assert signed_by(watched) == ("AKIAOFTHEPROFILE", "us-east-1")


def test_ol_07_an_unknown_key_is_told_with_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "bedrock.json").write_text('{\n    "profile": "bedrock",\n    "regoin": "us-east-1"\n}\n')
    with pytest.raises(ConfigurationError, match=r"bedrock\.json, line 3, regoin: unknown key") as refused:
        onellm(tmp_path)
    assert "'region'" in str(refused.value.hint)


@pytest.mark.parametrize("way", WAYS)
async def test_a_chat_asks_for_a_thousand_tokens_as_onellm_does(
    at_home: Account, framework: Any, way: str
) -> None:
    configuration = onellm({"region": "us-east-1"})
    await ask(chat(framework, configuration, HAIKU), way)
    assert at_home.body["inferenceConfig"] == {"maxTokens": 1000}
    await ask(chat(framework, configuration, HAIKU), way, max_tokens=5)
    assert at_home.body["inferenceConfig"] == {"maxTokens": 5}
    await ask(chat(framework, configuration, HAIKU, max_tokens=7), way)
    assert at_home.body["inferenceConfig"] == {"maxTokens": 7}


def test_a_model_that_embeds_has_no_thousand_tokens(at_home: Account, framework: Any) -> None:
    made = embeddings(framework, onellm({"region": "us-east-1"}), "bedrock/titan-embed-text-v2")
    assert len(made.query("The quick brown fox jumps over the lazy dog.")) == 1024
    made.close()
    assert "max_tokens" not in str(at_home.body)


async def test_the_variables_of_onellm_stand_above_its_file(
    watched: Server, framework: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shutil.copy(HERE / "bedrock.json", "bedrock.json")
    profile(monkeypatch, tmp_path, "mine", "AKIAMINE")
    for name, value in {
        "PROFILE": "mine",
        "REGION": "eu-north-1",
        "TIMEOUT": "7",
        "MAX_RETRIES": "0",
    }.items():
        monkeypatch.setenv(f"ONELLM_PROVIDERS__BEDROCK__{name}", value)
    app: Any = chat(framework, onellm(), HAIKU)
    assert (app.model.timeout, app.model.max_retries) == (7.0, 0)
    await ask(app)
    assert signed_by(watched) == ("AKIAMINE", "eu-north-1")


async def test_ol_22_the_region_of_bedrock_json(
    watched: Server, framework: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    profile(monkeypatch, tmp_path, "default", "AKIADEFAULT")
    await ask(chat(framework, HERE / "bedrock-eu.json", HAIKU))
    assert signed_by(watched) == ("AKIADEFAULT", "eu-west-1")


async def test_ol_23_the_region_of_aws_default_region(
    watched: Server, framework: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    profile(monkeypatch, tmp_path, "default", "AKIADEFAULT", region="us-west-1")
    exported(HERE / "region.sh", monkeypatch)
    await ask(chat(framework, onellm(), HAIKU))
    assert signed_by(watched)[1] == "eu-west-1"


async def test_ol_24_the_region_of_a_constructor_stands_above_both(
    watched: Server, framework: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    profile(monkeypatch, tmp_path, "default", "AKIADEFAULT")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-1")
    configuration = onellm(HERE / "bedrock-eu.json")
    first = chat(framework, configuration, HAIKU, region="us-west-2")
    second = chat(framework, configuration, HAIKU)
    await ask(first)
    assert signed_by(watched)[1] == "us-west-2"
    await ask(second)
    assert signed_by(watched)[1] == "eu-west-1", "each model has its own"
    with BedrockClient.from_config(configuration, region="ap-south-1") as client:
        assert client.region == "ap-south-1"


@pytest.mark.parametrize("way", WAYS)
async def test_ol_25_a_full_id_is_sent_unchanged(at_home: Account, framework: Any, way: str) -> None:
    configuration = onellm({"region": "us-east-1"})
    for model in ("anthropic.claude-3-5-sonnet-20241022-v2:0", "eu.amazon.nova-lite-v1:0"):
        await ask(chat(framework, configuration, f"bedrock/{model}"), way)
        assert at_home.last.model_id == model
