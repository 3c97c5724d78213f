"""Keys that must be fetched: once, beside the event loop, and again when they expire."""

from __future__ import annotations

import asyncio
import json
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bedrock_unified import BedrockClient
from bedrock_unified.credentials import ChainIdentity
from bedrock_unified.errors import ConfigurationError
from bedrock_unified.wire.signing import Keys

from .identities import Container, Metadata, ask, profile, signed_by
from .server import ASK, Received, Server, as_bedrock, reply

pytestmark = pytest.mark.usefixtures("no_aws")


@pytest.mark.parametrize("colour", ["sync", "async"])
def test_a_containers_keys_are_fetched_once_and_used(
    colour: str, server: Server, container: Container
) -> None:
    def client() -> BedrockClient:
        return BedrockClient(endpoint_url=server.url, region_name="us-east-1")

    async def run() -> None:
        async with client() as asynchronous:
            await asyncio.gather(*(asynchronous.aconverse(**ASK) for _ in range(5)))

    if colour == "async":
        asyncio.run(run())
    else:
        with client() as synchronous:
            for _ in range(5):
                synchronous.converse(**ASK)
    assert container.asked == 1
    assert signed_by(server) == "ASIACONTAINER0000001"
    assert server.requests[-1].headers["x-amz-security-token"] == "container-token-1"


async def turns_of_the_loop(client: BedrockClient) -> int:
    """How often the event loop turns during a call."""
    turns = 0
    task = asyncio.ensure_future(client.aconverse(**ASK))
    while not task.done():
        await asyncio.sleep(0.01)
        turns += 1
    await task
    return turns


def test_keys_are_fetched_and_refreshed_beside_the_event_loop(server: Server, container: Container) -> None:
    """While the endpoint of the keys takes its time, the loop turns."""
    # A minute is inside botocore's refresh window: such keys are refreshed when they are found, and again at
    # the next call.
    container.lifetimes = [60, 60, 3600]
    container.delay = 0.2

    async def run() -> None:
        async with BedrockClient(endpoint_url=server.url, region_name="us-east-1") as client:
            signers = []
            for _ in range(2):
                assert await turns_of_the_loop(client) > 10
                signers.append(signed_by(server))
            await client.aconverse(**ASK)
        assert signers == ["ASIACONTAINER0000002", "ASIACONTAINER0000003"]
        assert signed_by(server) == "ASIACONTAINER0000003"

    asyncio.run(run())
    assert container.asked == 3


@pytest.mark.parametrize("colour", ["sync", "async"])
def test_keys_that_aws_calls_expired_are_fetched_again_once_for_a_whole_burst(
    colour: str, server: Server, container: Container
) -> None:
    def answer(request: Received) -> bytes:
        if "ASIACONTAINER0000001" in request.headers.get("authorization", ""):
            return reply({"message": "expired"}, 403, x_amzn_ErrorType="ExpiredTokenException:")
        return container(request)

    server.answer = answer

    async def run() -> None:
        async with BedrockClient(endpoint_url=server.url, region_name="us-east-1") as client:
            await asyncio.gather(*(client.aconverse(**ASK) for _ in range(20)))

    if colour == "async":
        asyncio.run(run())
    else:
        with BedrockClient(endpoint_url=server.url, region_name="us-east-1") as client:
            threads = [threading.Thread(target=client.converse, kwargs=ASK) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    assert container.asked == 2
    answered = [r for r in server.requests if "ASIACONTAINER0000002" in r.headers.get("authorization", "")]
    assert len(answered) == (20 if colour == "async" else 8)


def test_renewing_other_keys_than_those_in_use_changes_nothing(server: Server, container: Container) -> None:
    source = ChainIdentity(None, "us-east-1", explicit=False)
    keys = source.fetch()
    assert source.renew(Keys("old", "old"))
    assert source.ready() == keys
    assert container.asked == 1
    source.renew(keys)
    assert source.ready() is None
    assert source.fetch() != keys


def test_a_file_whose_keys_could_not_sign_is_read_again(
    server: Server, shared_files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = shared_files / "credentials"
    keys = "[default]\naws_access_key_id = AKIA{}\naws_secret_access_key = s\n"
    file.write_text(keys.format("\u201d"), encoding="utf-8")
    with BedrockClient(endpoint_url=server.url, region_name="us-east-1") as client:
        with pytest.raises(ConfigurationError, match="access_key"):
            client.converse(**ASK)
        file.write_text(keys.format("MENDED"))
        client.converse(**ASK)
    assert signed_by(server) == "AKIAMENDED"


def test_a_credential_process_gives_keys(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = {"Version": 1, "AccessKeyId": "AKIAPROCESS000000000", "SecretAccessKey": "s"}
    (tmp_path / "keys.json").write_text(json.dumps(told))
    profile(tmp_path, monkeypatch, f"[profile p]\ncredential_process = cat {tmp_path / 'keys.json'}\n")
    assert ask(server, profile_name="p") == "AKIAPROCESS000000000"


def test_a_role_is_assumed_with_the_source_profiles_keys(
    server: Server, shared_files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expires = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assumed = (
        "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAROLE000000000000</AccessKeyId>"
        f"<SecretAccessKey>r</SecretAccessKey><SessionToken>t</SessionToken><Expiration>{expires}</Expiration>"
        "</Credentials></AssumeRoleResult></AssumeRoleResponse>"
    ).encode()
    server.answer = lambda request: (
        reply(assumed, Content_Type="text/xml") if request.target == "/" else as_bedrock(request)
    )
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", server.url)
    (shared_files / "config").write_text(
        "[profile role]\nrole_arn = arn:aws:iam::123456789012:role/x\nsource_profile = default\n"
    )
    assert ask(server, profile_name="role") == "ASIAROLE000000000000"


def test_an_instances_keys_are_found(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.answer = Metadata()
    monkeypatch.delenv("AWS_EC2_METADATA_DISABLED")
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", server.url)
    assert ask(server) == "ASIAINSTANCE00000000"
