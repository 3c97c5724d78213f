"""When nobody can be found to sign: our error, with the way out, and never without end."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from bedrock_unified import BedrockClient
from bedrock_unified.credentials import ChainIdentity, nested
from bedrock_unified.errors import AuthenticationError, BedrockError, ConfigurationError

from .identities import ENVIRONMENT, Container, colours, profile, raised
from .server import Received, Server, reply

pytestmark = pytest.mark.usefixtures("no_aws")

FRESH = {"Version": 1, "AccessKeyId": "AKIAPROCESS000000000", "SecretAccessKey": "secret-value"}


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


@colours
@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({**FRESH, "Expiration": "2020-01-01T00:00:00Z"}, "expired"),
        ({**FRESH, "Expiration": "soon"}, "soon"),
        ([], "list"),
        ({**FRESH, "SecretAccessKey": None}, "secret_key"),
        ({**FRESH, "AccessKeyId": None}, "access_key"),
        ({**FRESH, "SessionToken": "token-value\nx-evil: 1"}, "token"),
        ({**FRESH, "SecretAccessKey": "secret-value\u201d"}, "secret_key"),
    ],
    ids=["expired", "no time", "list", "no secret", "no key", "line break", "quote"],
)
def test_credentials_of_a_process_that_cannot_sign_are_told_and_not_shown(
    told: Any, says: str, colour: str, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "keys.json").write_text(json.dumps(told))
    profile(tmp_path, monkeypatch, f"[profile p]\ncredential_process = cat {tmp_path / 'keys.json'}\n")
    client = BedrockClient(endpoint_url=server.url, region_name="us-east-1", profile_name="p")
    error = raised(client, colour, BedrockError)
    assert isinstance(error, (AuthenticationError, ConfigurationError))
    assert says in str(error)
    assert "secret-value" not in repr(error) and "token-value" not in repr(error)
    assert server.requests == []


def test_keys_that_cannot_be_had_at_once_are_fetched_and_the_failure_explained_there() -> None:
    class Broken:
        method = "custom"

        def refresh_needed(self) -> bool:
            raise RuntimeError("Credentials were refreshed, but the refreshed credentials are still expired.")

        def get_frozen_credentials(self) -> None:
            self.refresh_needed()

    source = ChainIdentity(None, "us-east-1")
    source._credentials = Broken()
    assert source.ready() is None
    with pytest.raises(AuthenticationError, match="still expired"):
        source.fetch()


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
    monkeypatch.setattr(nested, "READ_SECONDS", 0.2)
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


@colours
def test_a_web_identity_token_that_is_gone_is_told_as_our_error(
    colour: str, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", "/nonexistent/token")
    monkeypatch.setenv("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/x")
    raised(BedrockClient(endpoint_url=server.url, region_name="us-east-1"), colour)


@colours
def test_a_metadata_service_that_is_not_there_is_not_waited_for(
    colour: str, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_EC2_METADATA_DISABLED")
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:9")
    raised(BedrockClient(endpoint_url=server.url, region_name="us-east-1"), colour)
