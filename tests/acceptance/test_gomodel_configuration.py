"""GoModel's statements about its configuration (GM-01, 03 to 05, 08, 17 to 22, 27), with its own examples."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from bedrock_unified import BedrockClient, load
from bedrock_unified.config import Configuration
from bedrock_unified.errors import ConfigurationError
from bedrock_unified.local import Fault

from ..core.server import Server
from .configured import EXAMPLES, ask, chat, embeddings, exported, profile, signed_by
from .configured import at_home as at_home
from .configured import watched as watched
from .conftest import Account
from .frameworks import STREAMED, WAYS

HERE = EXAMPLES / "gomodel"
HAIKU = "anthropic.claude-3-5-haiku-20241022-v1:0"
NOVA = "amazon.nova-lite-v1:0"
REFUSED = Fault("error", code="AccessDeniedException", message="no", operation="ListFoundationModels")


def gomodel(source: Any = None) -> Configuration:
    return load(source, system="gomodel")


@pytest.mark.parametrize("way", WAYS)
async def test_gm_01_calls_go_through_converse_and_converse_stream(
    at_home: Account, framework: Any, way: str
) -> None:
    text = await ask(chat(framework, gomodel(HERE / "config.yaml"), NOVA), way)
    assert "nine" in text
    assert at_home.last.operation == ("ConverseStream" if way in STREAMED else "Converse")


@pytest.mark.parametrize("source", ["environment", "profile"])
async def test_gm_03_without_keys_of_its_own_awss_chain_signs(
    watched: Server, framework: Any, source: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("BEDROCK_BASE_URL", "us-east-1")
    if source == "environment":
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIACHAIN")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    else:
        profile(monkeypatch, tmp_path, "work", "AKIACHAIN")
        monkeypatch.setenv("AWS_PROFILE", "work")
    await ask(chat(framework, gomodel(), NOVA))
    assert signed_by(watched) == ("AKIACHAIN", "us-east-1")


async def test_gm_04_base_url_is_a_region(
    watched: Server, framework: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = exported(HERE / "configure.env", monkeypatch)
    assert said["BEDROCK_BASE_URL"] == "us-east-1"
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    await ask(chat(framework, gomodel(), NOVA))
    assert signed_by(watched) == ("...", "us-east-1")
    assert watched.requests[-1].target == "/model/amazon.nova-lite-v1%3A0/converse"


async def test_gm_04_base_url_is_an_endpoint(
    watched: Server, framework: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    exported(HERE / "configure.env", monkeypatch)
    monkeypatch.setenv("BEDROCK_BASE_URL", "https://bedrock-runtime.ap-south-1.amazonaws.com")
    await ask(chat(framework, gomodel(), NOVA))
    assert signed_by(watched)[1] == "ap-south-1", "an AWS host names its region"
    for service in ("BEDROCK_RUNTIME", "BEDROCK"):
        monkeypatch.delenv(f"AWS_ENDPOINT_URL_{service}")
    monkeypatch.setenv("BEDROCK_BASE_URL", f"{watched.url}/prefix")
    before = len(watched.requests)
    await ask(chat(framework, gomodel(), NOVA))
    assert watched.requests[before].target == "/prefix/model/amazon.nova-lite-v1%3A0/converse"


@pytest.mark.parametrize("token", ["", "FwoGZXIv"])
async def test_gm_05_keys_and_a_token_of_the_environment(
    watched: Server, framework: Any, monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    exported(HERE / "configure.env", monkeypatch)
    monkeypatch.setenv("AWS_SESSION_TOKEN", token)
    await ask(chat(framework, gomodel(), NOVA))
    assert signed_by(watched)[0] == "..."
    assert watched.requests[-1].headers.get("x-amz-security-token", "") == token


async def test_gm_05_the_same_from_dotenv(watched: Server, framework: Any) -> None:
    shutil.copy(HERE / "configure.env", ".env")
    configuration = gomodel()
    await ask(chat(framework, configuration, NOVA))
    assert signed_by(watched) == ("...", "us-east-1")
    assert configuration.server["master_key"].get_secret_value() == "change-me"
    assert "change-me" not in repr(configuration)


async def test_gm_08_without_base_url_aws_region_then_aws_default_region(
    watched: Server, framework: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    exported(HERE / "configure.env", monkeypatch)
    monkeypatch.setenv("BEDROCK_BASE_URL", "")
    for variable, region in (("AWS_DEFAULT_REGION", "eu-west-2"), ("AWS_REGION", "eu-west-3")):
        monkeypatch.setenv(variable, region)
        await ask(chat(framework, gomodel(), NOVA))
        assert signed_by(watched)[1] == region


def listed(configuration: Configuration, provider: str = "bedrock") -> list[str]:
    """The ids that a provider offers."""
    held = configuration.providers[provider]
    with BedrockClient.from_config(configuration, provider, max_retries=0) as client:
        found = client.available_models(models=held.models, mode=held.models_mode)
        return [model.id for model in found]


def asked_for_models(account: Account) -> int:
    return sum(served.operation.startswith("List") for served in account.served)


def test_gm_17_models_pins_profiles_and_arns(at_home: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    exported(HERE / "models.env", monkeypatch)
    assert gomodel().providers["bedrock"].models == (HAIKU, NOVA)
    arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abcdefghijkl"
    monkeypatch.setenv("BEDROCK_MODELS", f" us.{NOVA} ,{arn},, {HAIKU}, us.{NOVA}")
    configuration = gomodel()
    assert configuration.providers["bedrock"].models == (f"us.{NOVA}", arn, HAIKU)
    assert [model.model_id for model in configuration.values()] == [f"us.{NOVA}", arn, HAIKU]


async def test_gm_17_a_pinned_arn_is_called(
    at_home: Account, framework: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    arn = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-lite-v1:0"
    monkeypatch.setenv("BEDROCK_MODELS", f"{HAIKU},{arn}")
    for name in (arn, f"bedrock/{arn}"):
        assert "nine" in await ask(chat(framework, gomodel(), name))
        assert at_home.last.model_id == arn


async def test_gm_18_config_yaml_says_the_same(
    at_home: Account, framework: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from_file = gomodel(HERE / "config.yaml")
    exported(HERE / "models.env", monkeypatch)
    monkeypatch.setenv("BEDROCK_BASE_URL", "us-east-1")
    from_environment = gomodel()
    for configuration in (from_file, from_environment):
        provider = configuration.providers["bedrock"]
        assert (provider.parameters["region_name"], provider.models) == ("us-east-1", (HAIKU, NOVA))
        for model in (HAIKU, NOVA):
            assert "nine" in await ask(chat(framework, configuration, model))
            assert at_home.last.model_id == model
    assert load(HERE / "config.yaml").system == "gomodel", "the file tells whose it is"


def test_gm_18_what_cannot_be_in_it_is_told_by_line(tmp_path: Path) -> None:
    text = (HERE / "config.yaml").read_text().replace("base_url", "base_uri")
    (tmp_path / "config.yaml").write_text(text)
    with pytest.raises(ConfigurationError, match=r"config\.yaml, line 4, .*'base_uri'") as refused:
        gomodel(tmp_path / "config.yaml")
    assert "'base_url'" in str(refused.value.hint)


def test_gm_19_a_fallback_is_used_where_the_accounts_list_cannot_be_had(
    account: Account, request: pytest.FixtureRequest
) -> None:
    account.has(faults=[REFUSED])
    request.getfixturevalue("at_home")
    configuration = gomodel(HERE / "config.yaml")
    assert configuration.providers["bedrock"].models_mode == "fallback"
    assert listed(configuration) == [HAIKU, NOVA], "the list cannot be had"
    later = listed(configuration)
    assert len(later) > 2 and NOVA in later, "the account's own list"


def test_gm_20_an_allowlist_is_all_there_is_and_nobody_is_asked(
    at_home: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONFIGURED_PROVIDER_MODELS_MODE", "allowlist")
    configuration = gomodel(HERE / "config.yaml")
    assert listed(configuration) == [HAIKU, NOVA]
    assert asked_for_models(at_home) == 0
    with pytest.raises(ConfigurationError, match="not in the allowlist"):
        configuration["amazon.nova-pro-v1:0"]


def test_gm_20_a_third_mode_is_refused_in_gomodels_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONFIGURED_PROVIDER_MODELS_MODE", "both")
    message = "models.configured_provider_models_mode must be one of: fallback, allowlist"
    with pytest.raises(ConfigurationError, match=message):
        gomodel(HERE / "config.yaml")


async def test_gm_21_suffixes_name_instances_with_regions_of_their_own(
    watched: Server, framework: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    exported(HERE / "multiple-providers.env", monkeypatch)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIACHAIN")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    configuration = gomodel()
    assert sorted(configuration.providers) == ["bedrock-eu", "bedrock-us"]
    for name, model, region in (
        (f"bedrock-eu/{HAIKU}", HAIKU, "eu-west-1"),
        (f"bedrock-us/{HAIKU}", HAIKU, "us-east-1"),
        (HAIKU, HAIKU, "us-east-1"),
        (NOVA, NOVA, "eu-west-1"),
    ):
        await ask(chat(framework, configuration, name))
        assert signed_by(watched) == ("AKIACHAIN", region)
        assert watched.requests[-1].target == f"/model/{model.replace(':', '%3A')}/converse"
    with pytest.raises(ConfigurationError, match="several providers"):
        chat(framework, configuration, "amazon.nova-pro-v1:0")


async def test_gm_22_instances_need_no_keys_of_their_own(
    watched: Server, framework: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    exported(HERE / "multiple-providers.env", monkeypatch)
    profile(monkeypatch, tmp_path, "default", "AKIASHARED")
    configuration = gomodel()
    assert all(set(provider.parameters) == {"region_name"} for provider in configuration.providers.values())
    for name in (f"bedrock-eu/{NOVA}", f"bedrock-us/{NOVA}"):
        await ask(chat(framework, configuration, name))
        assert signed_by(watched)[0] == "AKIASHARED"


async def test_gm_22_an_instance_may_have_a_key_of_its_own(
    watched: Server, framework: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    exported(HERE / "multiple-providers.env", monkeypatch)
    profile(monkeypatch, tmp_path, "default", "AKIASHARED")
    monkeypatch.setenv("BEDROCK_EU_API_KEY", "a-bedrock-api-key")
    configuration = gomodel()
    await ask(chat(framework, configuration, f"bedrock-eu/{NOVA}"))
    assert signed_by(watched)[0] == "a-bedrock-api-key"
    await ask(chat(framework, configuration, f"bedrock-us/{NOVA}"))
    assert signed_by(watched)[0] == "AKIASHARED"


def test_embedding_models_work_from_the_same_configuration(
    at_home: Account, framework: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BEDROCK_BASE_URL", "us-east-1")
    made = embeddings(framework, gomodel(), "bedrock/amazon.titan-embed-text-v2:0")
    assert len(made.query("The ferry leaves at nine.")) == 1024
    made.close()


@pytest.mark.parametrize(
    ("url", "region"),
    [
        ("https://bedrock.internal.example.com", "eu-central-1"),
        ("https://bedrock-runtime.us-west-2.internal.example.com", "eu-central-1"),
        ("https://bedrock-runtime.us-west-2.amazonaws.com", "us-west-2"),
        ("https://bedrock.us-west-2.amazonaws.com", "us-west-2"),
    ],
)
def test_gm_27_only_awss_hosts_tell_a_region_and_others_go_with_aws_region(
    framework: Any, monkeypatch: pytest.MonkeyPatch, url: str, region: str, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    monkeypatch.setenv("BEDROCK_BASE_URL", url)
    model: Any = chat(framework, gomodel(), NOVA).model
    assert model.bedrock.region == region
    assert model.endpoint_url == (url if "example.com" in url else None)


async def test_the_request_of_the_guide_is_answered(at_home: Account, framework: Any) -> None:
    asked = json.loads((HERE / "verify.json").read_text())
    app = chat(framework, gomodel(HERE / "config.yaml"), asked["model"], max_tokens=asked["max_tokens"])
    said = await app.ask(asked["messages"][0]["content"])
    app.close()
    assert said.text
    assert at_home.body["inferenceConfig"] == {"maxTokens": 80}
