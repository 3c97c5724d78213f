"""Who signs: the documented precedence, keys found and renewed, and clear words when there are none."""

from __future__ import annotations

import asyncio
import json
import re
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.utils import ContainerMetadataFetcher

from bedrock_unified import BedrockClient
from bedrock_unified.credentials import Bearer, ChainIdentity, FixedIdentity, choose_source, sources
from bedrock_unified.credentials.identity import secrets_of
from bedrock_unified.errors import AuthenticationError, BedrockError, ConfigurationError
from bedrock_unified.settings import ConnectionSettings
from bedrock_unified.wire.signing import Keys

from .server import ASK, KEYS, Received, Server, as_bedrock, reply

pytestmark = pytest.mark.usefixtures("no_aws")

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "AKIAENVIRONMENT00000",
    "AWS_SECRET_ACCESS_KEY": "the environment's secret",
    "AWS_SESSION_TOKEN": "the environment's token",
}


def signed_by(server: Server) -> str:
    """Whose key the last request was made with."""
    authorization = server.requests[-1].headers["authorization"]
    found = re.match(r"AWS4-HMAC-SHA256 Credential=([^/]+)/", authorization)
    return found[1] if found else authorization


def ask(server: Server, **settings: Any) -> str:
    with BedrockClient(endpoint_url=server.url, region_name="us-east-1", **settings) as client:
        client.converse(**ASK)
    return signed_by(server)


@pytest.fixture
def shared_files(no_aws: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two profiles with keys, one without."""
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    (tmp_path / "credentials").write_text(
        "[default]\naws_access_key_id = AKIADEFAULT000000000\naws_secret_access_key = d\n"
        "[dev]\naws_access_key_id = AKIADEV0000000000000\naws_secret_access_key = v\n"
        "aws_session_token = dev-token\n"
    )
    (tmp_path / "config").write_text("[profile empty]\nregion = us-east-1\n")
    return tmp_path


@pytest.fixture
def everything(shared_files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every ambient source at once."""
    for name, value in {**ENVIRONMENT, "AWS_BEARER_TOKEN_BEDROCK": "ambient-bearer"}.items():
        monkeypatch.setenv(name, value)


# Precedence


@pytest.mark.usefixtures("everything")
def test_the_first_source_in_the_documented_order_signs(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ask(server, api_key="explicit", **KEYS, profile_name="dev") == "Bearer explicit"
    assert ask(server, **KEYS, profile_name="dev") == KEYS["aws_access_key_id"]
    assert ask(server, profile_name="dev") == "AKIADEV0000000000000"
    assert ask(server) == "Bearer ambient-bearer"
    monkeypatch.delenv("AWS_BEARER_TOKEN_BEDROCK")
    assert ask(server) == ENVIRONMENT["AWS_ACCESS_KEY_ID"]
    assert server.requests[-1].headers["x-amz-security-token"] == ENVIRONMENT["AWS_SESSION_TOKEN"]
    for name in ENVIRONMENT:
        monkeypatch.delenv(name)
    assert ask(server) == "AKIADEFAULT000000000"
    monkeypatch.setenv("AWS_PROFILE", "dev")
    assert ask(server) == "AKIADEV0000000000000"
    assert server.requests[-1].headers["x-amz-security-token"] == "dev-token"


@pytest.mark.usefixtures("everything")
def test_explicit_keys_never_take_an_ambient_session_token(server: Server) -> None:
    ask(server, **KEYS)
    assert "x-amz-security-token" not in server.requests[-1].headers
    ask(server, **KEYS, aws_session_token="explicit-token")
    assert server.requests[-1].headers["x-amz-security-token"] == "explicit-token"


@pytest.mark.usefixtures("shared_files")
@pytest.mark.parametrize("profile", [None, "dev"])
def test_keys_in_the_environment_stand_before_aws_profile_as_in_botocore(
    profile: str | None, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    if profile:
        monkeypatch.setenv("AWS_PROFILE", profile)
    theirs = botocore.session.Session().get_credentials()
    assert theirs is not None
    assert ask(server) == theirs.access_key == ENVIRONMENT["AWS_ACCESS_KEY_ID"]


def test_keys_of_the_environment_with_an_expiry_are_left_to_botocore(monkeypatch: pytest.MonkeyPatch) -> None:
    env = {**ENVIRONMENT, "AWS_CREDENTIAL_EXPIRATION": (datetime.now(UTC) + timedelta(hours=9)).isoformat()}
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    source = choose_source(ConnectionSettings(), env, "us-east-1")
    assert isinstance(source, ChainIdentity)
    assert source.ready() is None
    keys = source.fetch()
    assert isinstance(keys, Keys)
    assert keys.access_key_id == ENVIRONMENT["AWS_ACCESS_KEY_ID"]
    assert source.ready() == keys


def test_half_a_pair_in_the_environment_is_an_error() -> None:
    with pytest.raises(ConfigurationError, match="AWS_SECRET_ACCESS_KEY is not"):
        choose_source(ConnectionSettings(), {"AWS_ACCESS_KEY_ID": "AKIA"}, "us-east-1")


@pytest.mark.parametrize("name", [*ENVIRONMENT, "AWS_BEARER_TOKEN_BEDROCK"])
@pytest.mark.parametrize("spoiled", ["hush\nhush", "hush\r\nx: y", "huśh"])
def test_a_credential_that_no_header_can_carry_is_named_and_not_shown(name: str, spoiled: str) -> None:
    with pytest.raises(ConfigurationError, match=name) as caught:
        choose_source(ConnectionSettings(), {**ENVIRONMENT, name: spoiled}, "us-east-1")
    assert "hu" not in str(caught.value)


def test_a_bearer_key_of_the_environment_may_have_white_space_around_it(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", " a-key\n")
    assert ask(server) == "Bearer a-key"


# Bearer keys


def test_a_bearer_key_is_sent_to_this_machine_over_http_and_signs_nothing(server: Server) -> None:
    assert ask(server, api_key="ABSKkey") == "Bearer ABSKkey"
    assert not {"x-amz-date", "x-amz-security-token"} & set(server.requests[-1].headers)


def test_an_ambient_bearer_key_does_not_travel_in_clear_text_either(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "ABSKkey")
    client = BedrockClient(endpoint_url="http://bedrock.example", region_name="us-east-1")
    with pytest.raises(ConfigurationError, match="clear text"):
        client.converse(**ASK)


# Keys that must be fetched


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


@pytest.fixture
def container(no_aws: None, server: Server, monkeypatch: pytest.MonkeyPatch) -> Container:
    """Credentials from a container's endpoint on this machine."""
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{server.url}/keys")
    monkeypatch.setattr(ContainerMetadataFetcher, "SLEEP_TIME", 0)  # between its three tries
    server.answer = made = Container(3600)
    return made


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


@pytest.mark.usefixtures("container")
def test_keys_are_fetched_beside_the_event_loop(server: Server, container: Container) -> None:
    """While the endpoint of the keys takes its time, the loop turns."""
    container.delay = 0.4

    async def run() -> int:
        turns = 0
        async with BedrockClient(endpoint_url=server.url, region_name="us-east-1") as client:
            task = asyncio.ensure_future(client.aconverse(**ASK))
            while not task.done():
                await asyncio.sleep(0.01)
                turns += 1
            await task
        return turns

    assert asyncio.run(run()) > 15


def test_keys_near_their_end_are_refreshed_beside_the_event_loop(
    server: Server, container: Container
) -> None:
    container.lifetimes = [60, 3600]  # the first pair is inside botocore's refresh window at once

    async def run() -> list[str]:
        async with BedrockClient(endpoint_url=server.url, region_name="us-east-1") as client:
            signers = []
            for _ in range(3):
                await client.aconverse(**ASK)
                signers.append(signed_by(server))
            return signers

    assert asyncio.run(run())[-1] == "ASIACONTAINER0000002"
    assert container.asked == 2


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


# When there are none


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


colours = pytest.mark.parametrize("colour", ["sync", "async"])


@colours
def test_without_any_credentials_the_error_says_what_to_do(colour: str, server: Server) -> None:
    error = raised(BedrockClient(endpoint_url=server.url, region_name="us-east-1"), colour)
    assert "no AWS credentials" in error.message
    assert "api_key" in str(error.hint)
    assert server.connections == 0


@colours
@pytest.mark.usefixtures("shared_files")
def test_a_profile_without_keys_does_not_fall_back_on_somebody_else(
    colour: str, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    client = BedrockClient(endpoint_url=server.url, region_name="us-east-1", profile_name="empty")
    raised(client, colour)
    assert server.connections == 0


@colours
@pytest.mark.usefixtures("shared_files")
def test_a_profile_that_does_not_exist_is_named(colour: str, server: Server) -> None:
    client = BedrockClient(endpoint_url=server.url, region_name="us-east-1", profile_name="absent")
    error = raised(client, colour, BedrockError)
    assert "absent" in str(error)


@colours
def test_a_container_endpoint_that_refuses_is_told(colour: str, server: Server, container: Container) -> None:
    container.status = 404
    error = raised(BedrockClient(endpoint_url=server.url, region_name="us-east-1"), colour)
    assert "404" in str(error) or "credentials" in str(error)


@colours
@pytest.mark.parametrize(
    "uri",
    ["http://keys.example/x", "ftp://x", "nonsense"],
    ids=["another host", "another scheme", "nonsense"],
)
def test_a_container_address_that_botocore_refuses_is_told_as_our_error(
    uri: str, colour: str, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", uri)
    raised(BedrockClient(endpoint_url=server.url, region_name="us-east-1"), colour)


def profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    (tmp_path / "config").write_text(text)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))


@colours
@pytest.mark.parametrize(
    "process",
    ["/nonexistent/program", "sh -c 'exit 3'", "echo not-json", "echo {}"],
    ids=["absent", "failing", "talking", "empty"],
)
def test_a_credential_process_that_gives_no_keys_is_told_as_our_error(
    process: str, colour: str, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    profile(tmp_path, monkeypatch, f"[profile p]\ncredential_process = {process}\n")
    raised(BedrockClient(endpoint_url=server.url, region_name="us-east-1", profile_name="p"), colour)


def test_a_credential_process_gives_keys(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = {"Version": 1, "AccessKeyId": "AKIAPROCESS000000000", "SecretAccessKey": "s"}
    (tmp_path / "keys.json").write_text(json.dumps(told))
    profile(tmp_path, monkeypatch, f"[profile p]\ncredential_process = cat {tmp_path / 'keys.json'}\n")
    assert ask(server, profile_name="p") == "AKIAPROCESS000000000"


@colours
def test_a_role_that_may_not_be_assumed_is_told_as_our_error(
    colour: str, server: Server, shared_files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """STS refuses with botocore's ClientError, which is not one of botocore's own configuration errors."""
    denied = (
        b"<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>User is not authorized "
        b"to perform: sts:AssumeRole</Message></Error><RequestId>r</RequestId></ErrorResponse>"
    )
    server.answer = lambda _: reply(denied, 403, Content_Type="text/xml")
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", server.url)
    (shared_files / "config").write_text(
        "[profile role]\nrole_arn = arn:aws:iam::123456789012:role/x\nsource_profile = default\n"
    )
    client = BedrockClient(endpoint_url=server.url, region_name="us-east-1", profile_name="role")
    error = raised(client, colour)
    assert "sts:AssumeRole" in error.message
    assert all(request.target == "/" for request in server.requests), "a call was made without credentials"


@colours
def test_an_sts_that_never_answers_is_not_waited_for_without_end(
    colour: str, server: Server, shared_files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "_READ_SECONDS", 0.2)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", server.url)
    done = threading.Event()

    def silent(_: Received) -> bytes:
        done.wait(20)
        return b""

    server.answer = silent
    (shared_files / "config").write_text(
        "[profile role]\nrole_arn = arn:aws:iam::123456789012:role/x\nsource_profile = default\n"
    )
    client = BedrockClient(endpoint_url=server.url, region_name="us-east-1", profile_name="role")
    try:
        raised(client, colour)
    finally:
        done.set()


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


@colours
def test_a_web_identity_token_that_is_gone_is_told_as_our_error(
    colour: str, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/nonexistent/token")
    monkeypatch.setenv("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/x")
    raised(BedrockClient(endpoint_url=server.url, region_name="us-east-1"), colour)


# Small things


def test_what_an_identity_shows_and_hides() -> None:
    assert "secret" not in repr(Bearer("secret"))
    assert secrets_of(None) == []
    assert secrets_of(Bearer("b")) == ["b"]
    assert secrets_of(Keys("a", "s", "t")) == ["s", "t"]
    assert secrets_of(Keys("a", "s")) == ["s"]


def test_a_fixed_identity_is_always_at_hand_and_cannot_be_renewed() -> None:
    identity = Keys("a", "s")
    source = FixedIdentity(identity)
    assert source.ready() is source.fetch() is identity
    assert source.renew(identity) is False


def test_renewing_other_keys_than_those_in_use_changes_nothing(server: Server, container: Container) -> None:
    source = ChainIdentity(None, "us-east-1", explicit=False)
    keys = source.fetch()
    assert source.renew(Keys("old", "old"))
    assert source.ready() == keys
    assert container.asked == 1
    source.renew(keys)
    assert source.ready() is None
    assert source.fetch() != keys


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


def test_an_instances_keys_are_found(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.answer = Metadata()
    monkeypatch.delenv("AWS_EC2_METADATA_DISABLED")
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", server.url)
    assert ask(server) == "ASIAINSTANCE00000000"


@colours
def test_a_metadata_service_that_is_not_there_is_not_waited_for(
    colour: str, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_EC2_METADATA_DISABLED")
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:9")
    raised(BedrockClient(endpoint_url=server.url, region_name="us-east-1"), colour)
