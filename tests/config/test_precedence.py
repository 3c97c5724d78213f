"""The README's table of precedence, row by row: the strongest is taken away until the weakest is left."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from bedrock_unified import BedrockClient, load
from bedrock_unified.config.precedence import layered
from langchain_bedrock_unified import ChatBedrock
from llamaindex_bedrock_unified import BedrockConverse

from ..core.server import ASK, Server
from .conftest import Write

NOVA = "amazon.nova-lite-v1:0"
README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
KEYS = {"aws_access_key_id": "AKIAANY", "aws_secret_access_key": "s"}
CHATS = pytest.mark.parametrize("chat", [ChatBedrock, BedrockConverse])


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with Server() as running:
        monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", running.url)
        yield running


def ask(model: Any, **call: Any) -> None:
    if isinstance(model, ChatBedrock):
        model.invoke("Hello?", **call)
    else:
        model.complete("Hello?", **call)
    for client in (model.bedrock, *model._elsewhere.values()):
        client.close()


def signature(server: Server) -> tuple[str, str]:
    """Whose key, and for which region."""
    found = re.search(r"Credential=([^/]+)/\d+/([^/]+)/", server.requests[-1].headers["authorization"])
    return (found[1], found[2]) if found else (server.requests[-1].headers["authorization"], "")


@CHATS
def test_any_keyword(server: Server, chat: Any) -> None:
    document: dict[str, Any] = {
        "defaults": {"temperature": 0.4, "region_name": "us-east-1", **KEYS},
        "models": {"m": {"model": NOVA, "temperature": 0.3}},
    }
    call, override = {"temperature": 0.1}, {"temperature": 0.2}

    def sent() -> Any:
        ask(chat.from_config(document, "m", **override), **call)
        return server.requests[-1].json().get("inferenceConfig", {}).get("temperature")

    assert sent() == 0.1
    call.clear()
    assert sent() == 0.2
    override.clear()
    assert sent() == 0.3
    del document["models"]["m"]["temperature"]
    assert sent() == 0.4
    del document["defaults"]["temperature"]
    assert sent() is None


@CHATS
def test_region(
    server: Server, chat: Any, write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config").write_text("[default]\nregion = eu-south-9\n[profile p]\nregion = eu-south-8\n")
    (tmp_path / "credentials").write_text("[p]\naws_access_key_id = AKIAP\naws_secret_access_key = s\n")
    monkeypatch.setenv("AWS_REGION", "eu-west-6")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-7")
    document: dict[str, Any] = {
        "defaults": {"region_name": "eu-west-5"},
        "providers": {"p": {"region_name": "eu-west-4", "profile_name": "p"}},
        "models": {"m": {"model": NOVA, "region_name": "eu-west-3"}},
    }
    call, override = {"region_name": "eu-west-1"}, {"region_name": "eu-west-2"}

    def region() -> str:
        ask(chat.from_config(document, "m", **override), **call)
        return signature(server)[1]

    steps: list[Callable[[], Any]] = [
        call.clear,
        override.clear,
        lambda: document["models"]["m"].pop("region_name"),
        lambda: document["providers"]["p"].pop("region_name"),
        lambda: document["defaults"].clear(),
        lambda: monkeypatch.delenv("AWS_REGION"),
        lambda: monkeypatch.delenv("AWS_DEFAULT_REGION"),
        lambda: (tmp_path / "config").write_text(""),
    ]
    seen = [region()]
    for take_away in steps:
        take_away()
        seen.append(region())
    assert seen == [*(f"eu-west-{n}" for n in range(1, 8)), "eu-south-8", "us-east-1"]


def test_the_region_in_a_url_is_stronger_than_the_environments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-6")
    url = "https://bedrock-runtime.us-west-2.amazonaws.com"
    held: dict[str, Any] = {"providers": {"p": {"endpoint_url": url}}, "models": {"m": NOVA}}
    assert BedrockClient.from_config(held).region == "us-west-2"
    held["models"]["m"] = {"model": NOVA, "region_name": "us-west-1"}
    assert BedrockClient.from_config(held).region == "us-west-1"


def test_a_default_region_of_the_commands_file_is_the_last_resort(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "home").mkdir()
    settings = {"default-region": "eu-west-8", "default-model": "x.y"}
    text = json.dumps({"bedrock-unified": 1, "settings": settings, "backends": {}})
    (tmp_path / "home" / "bedrock-unified.json").write_text(text)
    assert BedrockClient.from_config().region == "eu-west-8"
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-7")
    assert BedrockClient.from_config().region == "eu-west-7"


@CHATS
def test_who_signs(server: Server, chat: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "credentials").write_text(
        "[default]\naws_access_key_id = AKIA7DEFAULT\naws_secret_access_key = s\n"
        "[p]\naws_access_key_id = AKIA4PROFILE\naws_secret_access_key = s\n"
    )
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "bearer-5")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA6ENVIRONMENT")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    document: dict[str, Any] = {
        "providers": {"p": {"profile_name": "p", "region_name": "us-east-1"}},
        "models": {"m": {"model": NOVA, "aws_access_key_id": "AKIA3MODEL", "aws_secret_access_key": "s"}},
    }
    call = {"api_key": "bearer-1"}
    override = {"aws_access_key_id": "AKIA2OVERRIDE", "aws_secret_access_key": "s"}

    def signer() -> str:
        ask(chat.from_config(document, "m", **override), **call)
        return signature(server)[0]

    steps: list[Callable[[], Any]] = [
        call.clear,
        override.clear,
        lambda: document["models"].update(m=NOVA),
        lambda: document["providers"]["p"].pop("profile_name"),
        lambda: monkeypatch.delenv("AWS_BEARER_TOKEN_BEDROCK"),
        lambda: monkeypatch.delenv("AWS_ACCESS_KEY_ID"),
    ]
    seen = [signer()]
    for take_away in steps:
        take_away()
        seen.append(signer())
    assert seen == [
        "Bearer bearer-1",
        "AKIA2OVERRIDE",
        "AKIA3MODEL",
        "AKIA4PROFILE",
        "Bearer bearer-5",
        "AKIA6ENVIRONMENT",
        "AKIA7DEFAULT",
    ]


def test_endpoint(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    with Server() as other:
        document = {
            "defaults": {"endpoint_url": other.url, "region_name": "us-east-1", **KEYS},
            "models": {"m": NOVA},
        }
        for overrides, asked in (
            ({"endpoint_url": server.url}, server),
            ({}, other),
            ({"endpoint_url": None}, server),
        ):
            before = len(asked.requests)
            with BedrockClient.from_config(document, "m", **overrides) as client:
                client.converse(**ASK)
            assert len(asked.requests) == before + 1


def test_what_belongs_together_is_taken_together() -> None:
    keys = {**KEYS, "aws_session_token": "t", "role_arn": "r", "role_external_id": "e"}
    assert layered(keys, {"profile_name": "p"}) == {"profile_name": "p"}
    assert layered(keys, {"role_arn": "q"}) == {**KEYS, "aws_session_token": "t", "role_arn": "q"}
    assert layered(keys, {"region_name": "x"}) == {**keys, "region_name": "x"}
    guarded = {"guardrail_identifier": "a", "guardrail_version": "1", "guardrail_trace": "enabled"}
    assert layered(guarded, {"guardrail_identifier": "b"}) == {"guardrail_identifier": "b"}
    assert layered(guarded, {"guardrail_version": "2"}) == {**guarded, "guardrail_version": "2"}
    assert layered(guarded, {"guardrail_config": {}}) == {"guardrail_config": {}}
    assert layered({"a": 1, "b": 2}, {"a": None}) == {"b": 2}


def test_spice_a_calls_value_over_the_files_and_keys_over_a_role_source(server: Server, write: Write) -> None:
    path = write(
        "spicepod.yaml",
        f"models:\n- from: bedrock:{NOVA}\n  name: m\n  params:\n    aws_iam_role_source: metadata\n"
        "    aws_access_key_id: AKIAFILE\n    aws_secret_access_key: s\n    bedrock_temperature: 0.5\n",
    )
    ask(ChatBedrock.from_config(path), temperature=0.25)
    assert signature(server) == ("AKIAFILE", "us-east-1")
    assert server.requests[-1].json()["inferenceConfig"] == {"temperature": 0.25}


def test_gomodel_the_environment_over_dotenv_over_the_file(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write("config.yaml", "providers:\n  bedrock: {type: bedrock, base_url: eu-west-3}\n")

    def region() -> Any:
        return load(path).providers["bedrock"].parameters["region_name"]

    assert region() == "eu-west-3"
    write(".env", "BEDROCK_BASE_URL=eu-west-2\n")
    assert region() == "eu-west-2"
    monkeypatch.setenv("BEDROCK_BASE_URL", "eu-west-1")
    assert region() == "eu-west-1"


def test_onellm_its_variables_over_the_file_over_aws_own(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-3")

    def region() -> Any:
        return load(system="onellm").providers["bedrock"].parameters["region_name"]

    assert region() == "eu-west-3"
    write("bedrock.json", '{"region": "eu-west-2"}')
    assert region() == "eu-west-2"
    monkeypatch.setenv("ONELLM_PROVIDERS__BEDROCK__REGION", "eu-west-1")
    assert region() == "eu-west-1"


def test_contenox_the_region_in_the_url_over_the_environments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-2")
    backend = {"name": "b", "type": "bedrock", "url": "https://bedrock-runtime.eu-west-1.amazonaws.com"}
    assert BedrockClient.from_config({"backends": [backend]}).region == "eu-west-1"


def test_req_llm_the_specs_options_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-2")
    spec = {"provider": "amazon_bedrock", "id": NOVA, "provider_options": {"region": "eu-west-1"}}
    assert ChatBedrock.from_config(spec).bedrock.region == "eu-west-1"
    assert ChatBedrock.from_config(spec, region="eu-west-3").bedrock.region == "eu-west-3"


def test_each_row_of_the_table_has_a_test() -> None:
    section = README[README.index("**What wins**") :]
    rows = re.findall(r"^\| ([^|]+?) \|", section[: section.index("\n## ")], re.MULTILINE)
    tests = {
        "any keyword": test_any_keyword,
        "region": test_region,
        "who signs": test_who_signs,
        "endpoint": test_endpoint,
        "guardrail": test_what_belongs_together_is_taken_together,
        "`${secrets:KEY}`": None,  # tests/config/test_secrets.py
        "Spice.ai": test_spice_a_calls_value_over_the_files_and_keys_over_a_role_source,
        "GoModel": test_gomodel_the_environment_over_dotenv_over_the_file,
        "OneLLM": test_onellm_its_variables_over_the_file_over_aws_own,
        "Contenox": test_contenox_the_region_in_the_url_over_the_environments,
        "ReqLLM": test_req_llm_the_specs_options_over_the_environment,
    }
    assert [row for row in rows if row not in ("what", "---")] == list(tests)
