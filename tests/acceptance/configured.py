"""Apps and embedding models that are made of a configuration, and where their calls go."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from langchain_bedrock_unified import BedrockEmbeddings, ChatBedrock
from llamaindex_bedrock_unified import BedrockConverse, BedrockEmbedding

from ..core.server import Received, Server, as_bedrock, reply
from .conftest import Account
from .frameworks import App, Embedder, LangChainApp

EXAMPLES = Path(__file__).parent / "examples"
ENDPOINTS = ("BEDROCK_RUNTIME", "BEDROCK", "BEDROCK_AGENT_RUNTIME", "STS")


def chat(framework: Any, source: Any, name: str | None = None, **overrides: Any) -> App:
    """An app of a framework on a model of a configuration."""
    app = framework.__new__(framework)
    kind: Any = ChatBedrock if framework is LangChainApp else BedrockConverse
    app.model = kind.from_config(source, name, **overrides)
    return app


def embeddings(framework: Any, source: Any, name: str | None = None, **overrides: Any) -> Embedder:
    """The same for an embedding model."""
    made = Embedder.__new__(Embedder)
    made.name, made._langchain = framework.name, framework is LangChainApp
    kind: Any = BedrockEmbeddings if framework is LangChainApp else BedrockEmbedding
    made.model = kind.from_config(source, name, **overrides)
    return made


async def ask(app: App, way: str = "whole", **call: Any) -> str:
    """One question; what was answered."""
    said = await app.ask("The ferry leaves at nine. When does the ferry leave?", way, **call)
    app.close()
    return said.text


@pytest.fixture
def at_home(account: Account, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Account:
    """The account that the environment leads to, from an empty folder. The environment names no region."""
    monkeypatch.chdir(tmp_path)
    for name in list(_environment()):
        monkeypatch.delenv(name)
    monkeypatch.setenv("BEDROCK_UNIFIED_HOME", str(tmp_path / "settings"))
    for name, value in account.endpoint.environment().items():
        if "REGION" not in name:
            monkeypatch.setenv(name, value)
    return account


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Server]:
    """An endpoint in AWS's place that accepts everybody and sees who signed, for which region."""
    monkeypatch.chdir(tmp_path)
    for name in list(_environment()):
        monkeypatch.delenv(name)
    monkeypatch.setenv("BEDROCK_UNIFIED_HOME", str(tmp_path / "settings"))
    with Server(_answer) as server:
        for service in ENDPOINTS:
            monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service}", server.url)
        yield server


def signed_by(server: Server) -> tuple[str, str]:
    """The key id and the region of the last request's signature; of a bearer key the key, and no region."""
    authorization = server.requests[-1].headers["authorization"]
    found = re.search(r"Credential=([^/]+)/\d+/([^/]+)/", authorization)
    return (found[1], found[2]) if found else (authorization.removeprefix("Bearer "), "")


def exported(path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Put what a shell script exports, or an environment file holds, into the environment."""
    found: dict[str, str] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        for word in shlex.split(line, comments=True):
            name, equals, value = word.partition("=")
            if equals:
                found[name] = value
                monkeypatch.setenv(name, value)
    return found


def profile(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, key_id: str, region: str = ""
) -> None:
    """A shared credentials file with one profile."""
    lines = [f"[{name}]", f"aws_access_key_id = {key_id}", "aws_secret_access_key = secret"]
    path = tmp_path / "shared-credentials"
    path.write_text("\n".join([*lines, *([f"region = {region}"] if region else []), ""]))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(path))


def _environment() -> Iterator[str]:
    import os

    marks = ("BEDROCK", "ONELLM_", "CONFIGURED_PROVIDER", "GOMODEL_")
    yield from (name for name in os.environ if name.startswith(marks) or name in ("PORT", "BASE_PATH"))


def _answer(request: Received) -> bytes:
    path = request.target.partition("?")[0]
    if path.endswith("/invoke") and b"anthropic_version" in request.body:
        message = {
            "role": "assistant",
            "content": [{"type": "text", "text": "at nine"}],
            "stop_reason": "end_turn",
        }
        return reply({**message, "usage": {"input_tokens": 3, "output_tokens": 4}})
    return as_bedrock(request)
