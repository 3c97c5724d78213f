"""Where credentials come from in the tests, and who signed a request."""

from __future__ import annotations

import asyncio
import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bedrock_unified import BedrockClient
from bedrock_unified.errors import AuthenticationError, BedrockError

from .server import ASK, Received, Server, as_bedrock, reply

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "AKIAENVIRONMENT00000",
    "AWS_SECRET_ACCESS_KEY": "the environment's secret",
    "AWS_SESSION_TOKEN": "the environment's token",
}


#: Both ways to call.
colours = pytest.mark.parametrize("colour", ["sync", "async"])


def signed_by(server: Server) -> str:
    """Whose key the last request was made with."""
    authorization = server.requests[-1].headers["authorization"]
    found = re.match(r"AWS4-HMAC-SHA256 Credential=([^/]+)/", authorization)
    return found[1] if found else authorization


def ask(server: Server, **settings: Any) -> str:
    """One call, and who signed it."""
    with BedrockClient(endpoint_url=server.url, region_name="us-east-1", **settings) as client:
        client.converse(**ASK)
    return signed_by(server)


def raised(
    client: BedrockClient, colour: str, kind: type[BedrockError] = AuthenticationError
) -> BedrockError:
    async def run() -> None:
        async with client:
            await client.aconverse(**ASK)

    began = time.monotonic()
    with pytest.raises(kind) as caught:
        if colour == "async":
            asyncio.run(run())
        else:
            client.converse(**ASK)
    assert time.monotonic() - began < 10
    assert caught.value.hint
    return caught.value


def profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Write a config file and point to it."""
    (tmp_path / "config").write_text(text)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))


class Container:
    """A container's credential endpoint: each time other keys, valid for as long as told."""

    def __init__(self, *lifetimes: float) -> None:
        self.lifetimes = list(lifetimes)
        self.asked = 0
        self.threads: set[str] = set()
        self.delay = 0.0
        self.status = 200

    def __call__(self, request: Received) -> bytes:
        if request.target != "/keys":
            return as_bedrock(request)
        time.sleep(self.delay)
        self.asked += 1
        if self.status != 200:
            return reply({"message": "gone"}, self.status)
        lifetime = self.lifetimes.pop(0) if len(self.lifetimes) > 1 else self.lifetimes[0]
        expires = datetime.now(UTC) + timedelta(seconds=lifetime)
        return reply(
            {
                "AccessKeyId": f"ASIACONTAINER{self.asked:07}",
                "SecretAccessKey": "container-secret",
                "Token": f"container-token-{self.asked}",
                "Expiration": expires.strftime("%Y-%m-%dT%H:%M:%SZ"),
            }
        )


class Metadata:
    """An instance's metadata service, version 2: a session token first."""

    def __call__(self, request: Received) -> bytes:
        role = "/latest/meta-data/iam/security-credentials/"
        if request.target == "/latest/api/token":
            assert request.method == "PUT"
            return reply(b"session", Content_Type="text/plain")
        if not request.target.startswith("/latest/"):
            return as_bedrock(request)
        if request.headers.get("x-aws-ec2-metadata-token") != "session":
            return reply({"message": "unauthorized"}, 401)
        if request.target == role:
            return reply(b"a-role", Content_Type="text/plain")
        expires = (datetime.now(UTC) + timedelta(hours=6)).strftime("%Y-%m-%dT%H:%M:%SZ")
        return reply(
            {
                "Code": "Success",
                "AccessKeyId": "ASIAINSTANCE00000000",
                "SecretAccessKey": "i",
                "Token": "instance-token",
                "Expiration": expires,
            }
        )
