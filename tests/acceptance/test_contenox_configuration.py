"""Contenox's statements about backends and defaults (CX-01, 02, 06 to 08, 10 to 12, 14 to 16, 19), with its
guide's own examples as documents."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from bedrock_unified import BedrockClient, load
from bedrock_unified.errors import ConfigurationError

from ..core.identities import Container
from ..core.server import Received, Server, as_bedrock
from .configured import EXAMPLES, ask, chat, exported, profile, signed_by
from .configured import at_home as at_home
from .configured import watched as watched
from .conftest import Account
from .frameworks import STREAMED, WAYS

HERE = EXAMPLES / "contenox"
SONNET = "anthropic.claude-3-5-sonnet-20241022-v2:0"
URL = "https://bedrock-runtime.us-east-1.amazonaws.com"


def backend(**entries: Any) -> dict[str, Any]:
    return {"backends": [{"name": "bedrock", "type": "bedrock", "url": URL, **entries}]}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "model",
    [
        SONNET,
        "us.meta.llama3-3-70b-instruct-v1:0",
        "mistral.mistral-large-2402-v1:0",
        "amazon.nova-lite-v1:0",
    ],
)
async def test_cx_01_each_family_goes_through_converse(
    at_home: Account, framework: Any, model: str, way: str
) -> None:
    assert "nine" in await ask(chat(framework, HERE / "ambient.yaml", model), way)
    operation = "ConverseStream" if way in STREAMED else "Converse"
    assert (at_home.last.operation, at_home.last.model_id) == (operation, model)


@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1"])
async def test_cx_02_the_region_is_in_the_url(
    watched: Server, framework: Any, monkeypatch: pytest.MonkeyPatch, region: str
) -> None:
    exported(HERE / "ambient.sh", monkeypatch)
    monkeypatch.setenv("AWS_REGION", "us-west-2")
    source = backend(url=URL.replace("us-east-1", region))
    await ask(chat(framework, source, SONNET))
    assert signed_by(watched) == ("...", region)


@pytest.mark.parametrize("source", ["environment", "profile", "role"])
async def test_cx_06_no_keys_are_needed_where_awss_chain_finds_some(
    watched: Server, framework: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, source: str
) -> None:
    expected = "AKIASHARED"
    if source == "environment":
        exported(HERE / "ambient.sh", monkeypatch)
        expected = "..."
    elif source == "profile":
        profile(monkeypatch, tmp_path, "default", "AKIASHARED")
    else:
        container = Container(3600)
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{watched.url}/keys")

        def answer(request: Received) -> bytes:
            return container(request) if request.target == "/keys" else as_bedrock(request)

        watched.answer = answer
        expected = "ASIACONTAINER0000001"
    await ask(chat(framework, HERE / "ambient.yaml"))
    assert signed_by(watched)[0] == expected


async def test_cx_07_aws_profile_names_the_profile(
    watched: Server, framework: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    profile(monkeypatch, tmp_path, "my-profile", "AKIAMINE")
    monkeypatch.setenv("AWS_PROFILE", "my-profile")
    await ask(chat(framework, HERE / "ambient.yaml"))
    assert signed_by(watched)[0] == "AKIAMINE"


async def test_cx_08_a_backend_is_stored_by_its_name(at_home: Account, framework: Any) -> None:
    configuration = load(HERE / "ambient.yaml")
    assert configuration.system == "contenox"
    assert list(configuration.providers) == ["bedrock"]
    assert configuration.providers["bedrock"].parameters == {"region_name": "us-east-1"}
    assert "nine" in await ask(chat(framework, configuration, f"bedrock/{SONNET}"))
    assert at_home.last.model_id == SONNET
    with BedrockClient.from_config(configuration, "bedrock") as client:
        assert client.region == "us-east-1"


@pytest.mark.parametrize("example", ["ambient.yaml", "inference-profile.yaml"])
async def test_cx_10_the_default_model_is_the_one_where_none_is_named(
    at_home: Account, framework: Any, example: str
) -> None:
    configuration = load(HERE / example)
    model = f"us.{SONNET}" if "profile" in example else SONNET
    assert configuration.default_model == model
    assert "nine" in await ask(chat(framework, HERE / example))
    assert at_home.last.model_id == model


async def test_cx_11_the_default_provider_is_where_models_are(
    watched: Server, framework: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    exported(HERE / "ambient.sh", monkeypatch)
    backends = {"eu": {"type": "bedrock", "url": "eu-west-1"}, "us": {"type": "bedrock", "url": "us-east-1"}}
    for provider, region in (("us", "us-east-1"), ("eu", "eu-west-1"), ("bedrock", "eu-west-1")):
        source = {"backends": backends, "config": {"default-model": SONNET, "default-provider": provider}}
        await ask(chat(framework, source))
        assert signed_by(watched)[1] == region
    with pytest.raises(ConfigurationError, match="no backend called 'bedrok'") as refused:
        load({"backends": backends, "config": {"default-provider": "bedrok"}})
    assert "eu, us" in str(refused.value.hint)


@pytest.mark.parametrize(
    ("url", "region"),
    [
        (URL, "us-east-1"),
        (f"{URL}/", "us-east-1"),
        ("us-east-1", "us-east-1"),
        ("bedrock-runtime.us-east-1.amazonaws.com", "us-east-1"),
    ],
)
async def test_cx_12_the_url_or_the_bare_region(
    watched: Server, framework: Any, monkeypatch: pytest.MonkeyPatch, url: str, region: str
) -> None:
    exported(HERE / "ambient.sh", monkeypatch)
    await ask(chat(framework, backend(url=url), SONNET))
    assert signed_by(watched)[1] == region


@pytest.mark.parametrize("url", ["us-east-1/", f"{URL}//x", "US-EAST-1", ""])
def test_cx_12_a_malformed_url_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"arguments, backends\[0\]"):
        load(backend(url=url))


@pytest.mark.parametrize("way", WAYS)
async def test_cx_14_keys_in_a_variable_take_the_chains_place(
    watched: Server, framework: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, way: str
) -> None:
    exported(HERE / "static-keys.sh", monkeypatch)
    profile(monkeypatch, tmp_path, "default", "AKIADEFAULT")
    for name, value in (("ACCESS_KEY_ID", "AKIAAMBIENT"), ("SECRET_ACCESS_KEY", "x"), ("SESSION_TOKEN", "t")):
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "an-ambient-bearer-key")
    await ask(chat(framework, HERE / "static-keys.yaml", SONNET), way)
    assert signed_by(watched) == ("AKIA...", "us-east-1")
    assert "x-amz-security-token" not in watched.requests[-1].headers


def test_cx_14_a_variable_that_is_not_there_is_named() -> None:
    with pytest.raises(
        ConfigurationError, match=r"static-keys\.yaml, line 7, .*variable AWS_BEDROCK_CREDS is not set"
    ):
        load(HERE / "static-keys.yaml")


@pytest.mark.parametrize("token", ["", "FwoGZXIv"])
@pytest.mark.parametrize(
    "spelling",
    [
        ("AccessKeyID", "SecretAccessKey", "SessionToken"),
        ("access_key_id", "secret_access_key", "session_token"),
        ("accessKeyId", "secretAccessKey", "sessionToken"),
    ],
)
async def test_cx_15_the_keys_in_each_spelling(
    watched: Server, framework: Any, monkeypatch: pytest.MonkeyPatch, spelling: tuple[str, ...], token: str
) -> None:
    blob = dict(zip(spelling, ("AKIABLOB", "very-secret", token), strict=True))
    monkeypatch.setenv("AWS_BEDROCK_CREDS", json.dumps(blob))
    configuration = load(HERE / "static-keys.yaml")
    await ask(chat(framework, configuration, SONNET))
    assert signed_by(watched)[0] == "AKIABLOB"
    assert watched.requests[-1].headers.get("x-amz-security-token", "") == token
    assert "very-secret" not in repr(configuration)


@pytest.mark.parametrize(
    "text", ['{"key": "very-secret"}', '{"AccessKeyID": "very-secret"', "very-secret", "[]"]
)
def test_cx_15_what_holds_no_keys_is_refused_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("AWS_BEDROCK_CREDS", text)
    with pytest.raises(ConfigurationError, match="environment, AWS_BEDROCK_CREDS") as refused:
        load(HERE / "static-keys.yaml")
    assert "very-secret" not in str(refused.value)


@pytest.mark.parametrize("way", WAYS)
async def test_cx_16_any_id_can_be_the_default_model(
    account: Account, request: pytest.FixtureRequest, framework: Any, way: str
) -> None:
    account.has(models=["vendor.new-model-v9:0"])
    request.getfixturevalue("at_home")
    source = {**backend(), "config": {"default-model": "vendor.new-model-v9:0"}}
    await ask(chat(framework, source), way)
    assert account.last.model_id == "vendor.new-model-v9:0"


async def test_cx_19_an_inference_profile_is_called(at_home: Account, framework: Any) -> None:
    shutil.copy(HERE / "inference-profile.yaml", "contenox.yaml")
    for way in WAYS:
        assert "nine" in await ask(chat(framework, "contenox.yaml"), way)
        assert at_home.last.model_id == f"us.{SONNET}"


async def test_defaults_reach_a_chat_and_give_way_to_its_caller(at_home: Account, framework: Any) -> None:
    config = {"default-max-tokens": 5000, "default-think": "low"}
    source = {
        **backend(),
        "config": {**config, "default-model": "us.anthropic.claude-3-7-sonnet-20250219-v1:0"},
    }
    await ask(chat(framework, source))
    assert at_home.body["inferenceConfig"]["maxTokens"] == 5000
    assert at_home.body["additionalModelRequestFields"]["thinking"]["type"] == "enabled"
    await ask(chat(framework, source, reasoning="none", max_tokens=7))
    assert at_home.body["inferenceConfig"] == {"maxTokens": 7}
