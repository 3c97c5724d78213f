"""Who signs: the documented precedence, and what each source says of itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import botocore.session
import pytest

from bedrock_unified import BedrockClient
from bedrock_unified.credentials import Bearer, ChainIdentity, FixedIdentity, choose_source
from bedrock_unified.credentials.identity import secrets_of
from bedrock_unified.errors import ConfigurationError
from bedrock_unified.settings import ConnectionSettings
from bedrock_unified.wire.signing import Keys

from .identities import ENVIRONMENT, ask, signed_by
from .server import ASK, KEYS, Server

pytestmark = pytest.mark.usefixtures("no_aws")


@pytest.fixture
def everything(shared_files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every ambient source at once."""
    for name, value in {**ENVIRONMENT, "AWS_BEARER_TOKEN_BEDROCK": "ambient-bearer"}.items():
        monkeypatch.setenv(name, value)


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


def test_a_bearer_key_is_sent_to_this_machine_over_http_and_signs_nothing(server: Server) -> None:
    assert ask(server, api_key="ABSKkey") == "Bearer ABSKkey"
    assert not {"x-amz-date", "x-amz-security-token"} & set(server.requests[-1].headers)


def test_an_ambient_bearer_key_does_not_travel_in_clear_text_either(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "ABSKkey")
    client = BedrockClient(endpoint_url="http://bedrock.example", region_name="us-east-1")
    with pytest.raises(ConfigurationError, match="clear text"):
        client.converse(**ASK)


def test_keys_and_region_come_from_the_profile_that_botocore_takes(
    server: Server, shared_files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    regions = "[profile dev]\nregion = eu-west-3\n[profile empty]\nregion = sa-east-1\n"
    (shared_files / "config").write_text(regions)
    monkeypatch.setenv("AWS_PROFILE", "empty")
    monkeypatch.setenv("AWS_DEFAULT_PROFILE", "dev")
    theirs = botocore.session.Session()
    with BedrockClient(endpoint_url=server.url) as client:
        client.converse(**ASK)
        assert client.region == theirs.get_config_variable("region") == "eu-west-3"
    assert signed_by(server) == theirs.get_credentials().access_key == "AKIADEV0000000000000"


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
