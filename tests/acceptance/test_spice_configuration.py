"""Spice.ai's statements about spicepods (SP-13 to SP-19, SP-34 to SP-39), with its documents' examples."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from bedrock_unified import load
from bedrock_unified.config import Configuration
from bedrock_unified.errors import ConfigurationError
from bedrock_unified.local import LocalBedrock
from langchain_bedrock_unified import BedrockEmbeddings, ChatBedrock
from llamaindex_bedrock_unified import BedrockConverse, BedrockEmbedding

from ..core.server import Server
from .conftest import Account
from .frameworks import WAYS, App, Embedder, Turn

EXAMPLES = Path(__file__).parent / "examples" / "spice"
CHATS: dict[str, Any] = {"LangChain": ChatBedrock, "LlamaIndex": BedrockConverse}
EMBEDDINGS: dict[str, Any] = {"LangChain": BedrockEmbeddings, "LlamaIndex": BedrockEmbedding}
TEMPORARY = {
    "AWS_ACCESS_KEY_ID": LocalBedrock.TEMPORARY_ACCESS_KEY_ID,
    "AWS_SECRET_ACCESS_KEY": LocalBedrock.SECRET_ACCESS_KEY,
    "AWS_SESSION_TOKEN": LocalBedrock.SESSION_TOKEN,
}


@pytest.fixture
def at_home(account: Account, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Account:
    """An account that the environment leads to, and an empty folder to be in. No region is set."""
    monkeypatch.chdir(tmp_path)
    for name, value in account.endpoint.environment().items():
        if "REGION" not in name:
            monkeypatch.setenv(name, value)
    return account


@pytest.fixture
def server(at_home: Account, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server in the account's place, which sees who signed. Nothing else may be asked of it."""
    with Server() as running:
        monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", running.url)
        yield running


def chat(framework: Any, source: Any, name: str | None = None, **overrides: Any) -> App:
    """An app on a model of a configuration."""
    app = framework.__new__(framework)
    app.model = CHATS[framework.name].from_config(source, name, **overrides)
    return app


def embedder(framework: Any, source: Any, name: str | None = None) -> Embedder:
    made = Embedder.__new__(Embedder)
    made.name, made._langchain = framework.name, framework.name == "LangChain"
    made.model = EMBEDDINGS[framework.name].from_config(source, name)
    return made


def spicepod(folder: Path, params: str, model: str = "amazon.nova-lite-v1:0") -> Path:
    """A spicepod with one model, ``nova``, and these lines of params."""
    path = folder / "spicepod.yaml"
    lines = "".join(f"      {line}\n" for line in params.splitlines())
    path.write_text(
        f"models:\n  - from: bedrock:{model}\n    name: nova\n    params:\n{lines or '      {}'}\n"
    )
    return path


def signed_by(server: Server) -> tuple[str, str]:
    """The key and the region of the last request's signature."""
    found = re.search(r"Credential=([^/]+)/\d+/([^/]+)/", server.requests[-1].headers["authorization"])
    assert found is not None
    return found[1], found[2]


async def ask(app: App, way: str = "whole") -> None:
    await app.ask("Hello?", way)
    app.close()


@pytest.mark.parametrize(
    "name", sorted(path.name for path in EXAMPLES.glob("*.yaml") if path.name != "secrets.yaml")
)
def test_sp_13_a_spicepod_has_a_model_for_each_entry(at_home: Account, name: str) -> None:
    configuration = load(EXAMPLES / name)
    entries = re.findall(r"- from: bedrock:(\S+)\n\s+name: (\S+)", (EXAMPLES / name).read_text())
    assert configuration.system == "spice"
    assert [(model.model_id, model.name) for model in configuration.values()] == entries


async def test_sp_13_each_entry_is_a_chat_model(at_home: Account, framework: Any) -> None:
    configuration = load(EXAMPLES / "inference-profiles.yaml")
    for name, model in configuration.items():
        await ask(chat(framework, configuration, name))
        assert at_home.last.model_id == model.model_id


async def test_sp_14_a_model_is_found_by_its_name(at_home: Account, framework: Any) -> None:
    configuration = load(EXAMPLES / "from.yaml")
    assert configuration["novash"].model_id == "us.amazon.nova-lite-v1:0"
    await ask(chat(framework, EXAMPLES / "from.yaml", "novash"))
    assert at_home.last.model_id == "us.amazon.nova-lite-v1:0"
    with pytest.raises(ConfigurationError, match="has no model 'novasch'\nHint: did you mean 'novash'"):
        chat(framework, configuration, "novasch")


async def test_sp_15_the_region_of_a_spicepod_or_us_east_1(
    server: Server, framework: Any, tmp_path: Path
) -> None:
    await ask(chat(framework, spicepod(tmp_path, "")))
    assert signed_by(server)[1] == "us-east-1"
    await ask(chat(framework, spicepod(tmp_path, "aws_region: eu-west-3")))
    assert signed_by(server)[1] == "eu-west-3"


async def test_sp_16_the_profile_of_a_spicepod_signs(
    server: Server, framework: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAENVIRONMENT00000")
    Path(tmp_path / "credentials").write_text(
        "[default]\naws_access_key_id = AKIADEFAULT000000000\naws_secret_access_key = d\n"
        f"[work]\naws_access_key_id = {LocalBedrock.ACCESS_KEY_ID}\n"
        f"aws_secret_access_key = {LocalBedrock.SECRET_ACCESS_KEY}\n"
    )
    await ask(chat(framework, spicepod(tmp_path, "aws_profile: work\naws_region: us-east-1")))
    assert signed_by(server)[0] == LocalBedrock.ACCESS_KEY_ID


async def test_sp_17_the_key_of_a_spicepod_signs(
    server: Server, framework: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAENVIRONMENT00000")
    keys = (
        f"aws_access_key_id: {LocalBedrock.ACCESS_KEY_ID}\n"
        f"aws_secret_access_key: {LocalBedrock.SECRET_ACCESS_KEY}"
    )
    await ask(chat(framework, spicepod(tmp_path, keys)))
    assert signed_by(server)[0] == LocalBedrock.ACCESS_KEY_ID


@pytest.mark.parametrize("given", ["aws_access_key_id", "aws_secret_access_key"])
def test_sp_18_half_a_pair_names_the_missing_key(
    at_home: Account, framework: Any, tmp_path: Path, given: str
) -> None:
    (missing,) = {"aws_access_key_id", "aws_secret_access_key"} - {given}
    with pytest.raises(
        ConfigurationError, match=rf"spicepod.yaml, line 2, models\[0\]: {missing} is missing"
    ):
        chat(framework, spicepod(tmp_path, f"{given}: AKIAHALF"))


async def test_sp_19_the_session_token_of_a_spicepod_is_sent(
    server: Server, framework: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in TEMPORARY.items():
        monkeypatch.setenv(f"MY_{name}", value)
    params = "\n".join(f"{name.lower()}: ${{ secrets:MY_{name} }}" for name in TEMPORARY)
    await ask(chat(framework, spicepod(tmp_path, params)))
    assert server.requests[-1].headers["x-amz-security-token"] == LocalBedrock.SESSION_TOKEN


@pytest.mark.parametrize("way", WAYS)
async def test_sp_34_defaults_of_a_spicepod_are_used_and_a_calls_own_value_wins(
    at_home: Account, framework: Any, tmp_path: Path, way: str
) -> None:
    params = "bedrock_temperature: 0.1\nbedrock_max_completion_tokens: 100\nopenai_top_p: 0.9"
    app = chat(framework, spicepod(tmp_path, params))
    await app.ask("Hello?", way)
    assert at_home.body["inferenceConfig"] == {"maxTokens": 100, "temperature": 0.1, "topP": 0.9}
    await app.ask("Hello?", way, temperature=0.5)
    assert at_home.body["inferenceConfig"] == {"maxTokens": 100, "temperature": 0.5, "topP": 0.9}
    app.close()


async def test_sp_34_every_documented_parameter_at_once(
    at_home: Account, framework: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "credentials").write_text(
        f"[work]\naws_access_key_id = {LocalBedrock.ACCESS_KEY_ID}\n"
        f"aws_secret_access_key = {LocalBedrock.SECRET_ACCESS_KEY}\n"
    )
    await ask(chat(framework, EXAMPLES / "everything.yaml"))
    body = at_home.body
    assert body["inferenceConfig"] == {"maxTokens": 300, "temperature": 0.2, "stopSequences": ["END", "STOP"]}
    assert body["system"] == [{"text": "Be brief."}]
    assert body["requestMetadata"] == {"team": "search", "level": "3"}
    assert body["additionalModelRequestFields"]["top_k"] == 40
    assert body["guardrailConfig"] == {
        "guardrailIdentifier": "abc123",
        "guardrailVersion": "DRAFT",
        "trace": "enabled_full",
    }
    notes = "\n".join(load(EXAMPLES / "everything.yaml").notes)
    for name in (
        *("description", "openai_temperature", "bedrock_stream", "bedrock_stream_options", "bedrock_n"),
        *("bedrock_store", "bedrock_frequency_penalty", "bedrock_presence_penalty", "bedrock_logit_bias"),
        *("bedrock_logprobs", "bedrock_top_logprobs", "bedrock_tool_choice", "bedrock_response_format"),
        *("bedrock_prompt_cache_retention", "tools", "tool_embedding_model"),
    ):
        assert name in notes


@pytest.mark.parametrize("way", WAYS)
async def test_sp_34_the_system_prompt_is_in_every_request(
    at_home: Account, framework: Any, tmp_path: Path, way: str
) -> None:
    app = chat(framework, spicepod(tmp_path, "system_prompt: |\n  Answer\n  like a pirate."))
    await app.ask("Hello?", way)
    assert at_home.body["system"] == [{"text": "Answer\nlike a pirate.\n"}]
    await app.ask([Turn("system", "Be brief."), Turn("user", "Hello?")], way)
    assert at_home.body["system"] == [{"text": "Answer\nlike a pirate.\n"}, {"text": "Be brief."}]
    app.close()


class Keyring:
    """Entries by (service, user)."""

    entries: ClassVar[dict[tuple[str, str], str]] = {
        ("spice_nova_key_id", "spiced"): LocalBedrock.ACCESS_KEY_ID,
        ("nova_key_id", "spiced"): "AKIANOTTHISONE000000",
        ("nova_secret", "spiced"): LocalBedrock.SECRET_ACCESS_KEY,
    }


async def test_sp_35_references_are_looked_up_in_their_stores(
    server: Server,
    framework: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    import keyring

    monkeypatch.setattr(keyring, "get_password", lambda service, user: Keyring.entries.get((service, user)))
    monkeypatch.setenv("NOVA_REGION", "eu-central-1")
    monkeypatch.setenv("SPICE_HOUSE", "sesame")
    monkeypatch.setenv("NOVA_SECRET", "the keyring is asked before the environment")
    configuration = load(EXAMPLES / "secrets.yaml")
    app = chat(framework, configuration, "nova")
    shown = f"{configuration!r} {configuration['nova']!r} {configuration['nova'].parameters} {caplog.text}"
    for secret in (LocalBedrock.SECRET_ACCESS_KEY, LocalBedrock.ACCESS_KEY_ID, "sesame"):
        assert secret not in shown
    await ask(app)
    assert signed_by(server) == (LocalBedrock.ACCESS_KEY_ID, "eu-central-1")
    assert server.requests[-1].json()["system"] == [{"text": "The password of the house is sesame."}]


def test_sp_35_what_no_store_has_is_an_error_that_names_the_key(
    at_home: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THERE", "a secret that is there")
    path = spicepod(
        tmp_path, "aws_access_key_id: ${ secrets:THERE }\naws_secret_access_key: x${ secrets:MISSING }"
    )
    with pytest.raises(ConfigurationError) as refused:
        load(path)
    assert str(refused.value).startswith(
        f"{path}, line 6, models[0].params.aws_secret_access_key: the secret 'MISSING' was not found "
        "(searched: env)"
    )
    assert "a secret that" not in str(refused.value)


@pytest.mark.parametrize("way", WAYS)
async def test_sp_36_the_basic_example(server: Server, framework: Any, way: str) -> None:
    await ask(chat(framework, EXAMPLES / "basic.yaml"), way)
    assert server.requests[-1].target.startswith("/model/amazon.nova-lite-v1:0".replace(":", "%3A"))
    assert signed_by(server) == (LocalBedrock.ACCESS_KEY_ID, "us-east-1")


@pytest.mark.parametrize("way", WAYS)
async def test_sp_37_the_cross_region_example_signs_by_the_chain(
    server: Server, framework: Any, way: str
) -> None:
    await ask(chat(framework, EXAMPLES / "cross-region.yaml"), way)
    assert server.requests[-1].target.startswith("/model/us.amazon.nova-pro-v1:0".replace(":", "%3A"))
    assert signed_by(server) == (LocalBedrock.ACCESS_KEY_ID, "us-east-1")


@pytest.mark.parametrize("way", WAYS)
async def test_sp_38_the_example_with_inference_profiles(at_home: Account, framework: Any, way: str) -> None:
    for name, model_id in (
        ("llama31", "us.meta.llama3-1-70b-instruct-v1:0"),
        ("claude-opus-46", "us.anthropic.claude-opus-4-6-v1"),
    ):
        await ask(chat(framework, EXAMPLES / "inference-profiles.yaml", name), way)
        assert at_home.last.model_id == model_id


@pytest.mark.parametrize("way", WAYS)
async def test_sp_39_the_example_with_guardrails(at_home: Account, framework: Any, way: str) -> None:
    await ask(chat(framework, EXAMPLES / "guardrails.yaml"), way)
    assert at_home.body["guardrailConfig"] == {
        "guardrailIdentifier": "arn:aws:bedrock:us-east-1:123456789012:guardrail/abc123",
        "guardrailVersion": "1",
        "trace": "enabled",
    }


def test_sp_53_the_embeddings_of_a_spicepod(at_home: Account, framework: Any) -> None:
    configuration = load(EXAMPLES / "embeddings.yaml")
    titan = embedder(framework, configuration, "titan-embeddings")
    assert len(titan.documents(["a text"])[0]) == 256
    assert at_home.body == {"inputText": "a text", "dimensions": 256, "normalize": True}
    titan.close()
    cohere = embedder(framework, configuration, "cohere-embeddings")
    cohere.documents(["a text"])
    assert (at_home.body["input_type"], at_home.body["truncate"]) == ("search_query", "START")
    cohere.close()


def test_a_configuration_is_a_mapping_of_its_models() -> None:
    configuration = load({"models": [{"from": "bedrock:amazon.nova-lite-v1:0", "name": "nova"}]})
    assert isinstance(configuration, Configuration)
    assert list(configuration) == ["nova"]
