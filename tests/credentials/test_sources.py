"""The sources of the AWS chain: their order, and what is said when none has anything."""

from __future__ import annotations

import pytest

from bedrock_unified.errors import AuthenticationError, ConfigurationError

from .calling import PAIR, call, client_of, colours, refused, signed
from .fakes import KEYS_OF, ROLE, SECRET, World

ORDER = ("env", "files", "web identity", "ecs", "imds")


@colours
def test_removing_one_source_after_the_other_moves_down_the_list(colour: str, world: World) -> None:
    for source in ORDER:
        world.has(source)
    for source in ORDER:
        client = client_of(world)
        call(client, colour)
        assert world.signed_by == KEYS_OF[source]
        assert client.who_signs().origin.split(" (")[0] == source
        world.has(source, there=False)
    refused(world, AuthenticationError, colour)


@colours
def test_nobody_found_names_every_source_and_what_it_said(colour: str, world: World) -> None:
    error = refused(world, AuthenticationError, colour)
    assert error.message == (
        "no AWS credentials. Tried: the environment (AWS_ACCESS_KEY_ID is not set), the shared files (no "
        "profile 'default' in them), web identity (AWS_WEB_IDENTITY_TOKEN_FILE is not set), ECS "
        "(AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and _FULL_URI are not set), EC2 metadata (disabled by "
        "AWS_EC2_METADATA_DISABLED)"
    )
    assert "aws sts get-caller-identity" in str(error.hint)


@colours
def test_the_sources_are_asked_again_at_the_next_call(colour: str, world: World) -> None:
    client = client_of(world)
    with pytest.raises(AuthenticationError):
        call(client, colour)
    world.has("ecs")
    call(client, colour)
    assert world.signed_by == KEYS_OF["ecs"]


def test_a_source_that_is_set_up_and_fails_lets_nobody_behind_it_sign(world: World) -> None:
    world.has("imds")
    world.environment(AWS_CONTAINER_CREDENTIALS_FULL_URI=f"{world.url}/no/keys")
    world.has_web_identity(there=False)
    error = refused(world, AuthenticationError)
    assert error.message.startswith("no AWS credentials from ECS: ") and "404" in error.message
    assert error.message.endswith("web identity (AWS_WEB_IDENTITY_TOKEN_FILE is not set)")
    assert world.aws.metadata == []


def test_a_profile_that_was_asked_for_stands_in_for_environment_and_web_identity(world: World) -> None:
    for source in ("env", "web identity"):
        world.has(source)
    world.config("[profile empty]\nregion = eu-west-1\n")
    error = refused(world, AuthenticationError, profile_name="empty")
    assert "profile 'empty' names no keys, role, SSO or process" in error.message
    assert "environment" not in error.message
    world.has("imds")
    assert (
        signed(world, profile_name="empty") == KEYS_OF["imds"]
    )  # as on an instance, with a profile of settings


@colours
def test_metadata_asks_web_identity_then_ecs_then_ec2_and_nothing_else(colour: str, world: World) -> None:
    for source in ORDER:
        world.has(source)
    world.environment(AWS_BEARER_TOKEN_BEDROCK="ambient", AWS_PROFILE="absent")
    for source in ORDER[2:]:
        assert signed(world, colour, aws_iam_role_source="metadata") == KEYS_OF[source]
        world.has(source, there=False)
    error = refused(world, AuthenticationError, colour, aws_iam_role_source="metadata")
    assert "aws_iam_role_source='metadata'" in error.message
    assert "the environment (" not in error.message and "shared files" not in error.message
    assert "aws_iam_role_source='auto'" in str(error.hint)


@colours
def test_env_reads_the_access_key_variables_alone(colour: str, world: World) -> None:
    for source in ORDER[1:]:
        world.has(source)
    world.environment(AWS_BEARER_TOKEN_BEDROCK="ambient", AWS_PROFILE="absent")
    error = refused(world, AuthenticationError, colour, aws_iam_role_source="env")
    assert "aws_iam_role_source='env'" in error.message
    assert "not AWS_BEARER_TOKEN_BEDROCK" in error.message
    world.has("env")
    assert signed(world, colour, aws_iam_role_source="env") == KEYS_OF["env"]
    world.environment(AWS_CREDENTIAL_EXPIRATION="2099-01-01T00:00:00Z")
    assert signed(world, colour, aws_iam_role_source="env") == KEYS_OF["env"]


@pytest.mark.parametrize("source", ["metadata", "env"])
def test_an_explicit_pair_wins_over_the_restriction(source: str, world: World) -> None:
    assert signed(world, **PAIR, aws_iam_role_source=source) == PAIR["aws_access_key_id"]
    assert signed(world, api_key="a-key", aws_iam_role_source=source) == "Bearer a-key"


def test_a_restriction_bypasses_the_profile_but_for_its_region(world: World) -> None:
    world.config("[profile dev]\nregion = eu-west-3\n")
    world.credentials("[dev]\naws_access_key_id = AKIADEV\naws_secret_access_key = s\n")
    world.has("ecs")
    given = {"aws_iam_role_source": "metadata", "profile_name": "dev", "region_name": None}
    assert signed(world, **given) == KEYS_OF["ecs"]
    assert "/eu-west-3/" in world.asked[-1].headers["authorization"]


@pytest.mark.parametrize("found", [" Metadata ", "ENV", "auto\n"])
def test_a_restriction_is_read_whatever_its_case(found: str, world: World) -> None:
    client = client_of(world, aws_iam_role_source=found)
    assert client.settings.aws_iam_role_source == found.strip().lower()


@pytest.mark.parametrize(("found", "shown"), [("role", "role"), (" Role ", "Role"), (7, "7"), ("", "")])
def test_another_restriction_is_refused(found: object, shown: str, world: World) -> None:
    with pytest.raises(ConfigurationError) as caught:
        client_of(world, iam_role_source=found)
    assert f"must be one of: auto, metadata, env. Found {shown}" in caught.value.message


# Each source by itself


@colours
def test_web_identity_sends_its_token_to_sts_unsigned(colour: str, world: World) -> None:
    world.has("web identity")
    world.environment(AWS_ROLE_SESSION_NAME="pod-7")
    assert signed(world, colour) == KEYS_OF["web identity"]
    (asked,) = world.aws.sts
    assert asked.action == "AssumeRoleWithWebIdentity" and asked.signer == ""
    assert asked.form["WebIdentityToken"] == "the-identity-token"
    assert (asked.form["RoleArn"], asked.form["RoleSessionName"]) == (ROLE, "pod-7")


def test_a_refused_web_identity_is_explained(world: World) -> None:
    world.has("web identity")
    world.aws.sts_refusals = [
        (403, "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity")
    ]
    error = refused(world, AuthenticationError)
    assert "from web identity" in error.message and "sts:AssumeRoleWithWebIdentity" in error.message
    assert "AWS_ROLE_ARN" in str(error.hint) and "trust policy" in str(error.hint)


def test_a_web_identity_without_a_role_is_an_error(world: World) -> None:
    world.has("web identity")
    world.environment(AWS_ROLE_ARN=None)
    refused(world, ConfigurationError)


@colours
@pytest.mark.parametrize("relative", [True, False], ids=["relative", "full"])
def test_a_containers_address_and_its_token_are_used(relative: bool, colour: str, world: World) -> None:
    world.has_container(relative=relative)
    world.environment(AWS_CONTAINER_AUTHORIZATION_TOKEN="for-the-container")
    assert signed(world, colour) == KEYS_OF["ecs"]
    assert world.asked[-1].headers["x-amz-security-token"] == f"token-of-{KEYS_OF['ecs']}"
    assert [one["authorization"] for one in world.aws.container_headers] == ["for-the-container"]


@colours
def test_an_instance_is_asked_for_a_session_token_first(colour: str, world: World) -> None:
    world.has("imds")
    assert signed(world, colour) == KEYS_OF["imds"]
    (first, *others) = world.aws.metadata
    assert first[:2] == ("PUT", "/latest/api/token")
    assert len(others) == 2 and all(one[0] == "GET" and one[2] == "a-session" for one in others)


def test_without_a_session_token_version_1_is_not_asked(world: World) -> None:
    world.has("imds")
    world.aws.imds_token = False
    error = refused(world, AuthenticationError)
    assert "EC2 metadata (no session token to be had; version 1 is not asked)" in error.message
    assert [one[:2] for one in world.aws.metadata] == [("PUT", "/latest/api/token")]


def test_an_instance_without_a_role_is_told(world: World) -> None:
    world.has("imds")
    world.aws.imds_role = False
    assert "EC2 metadata (no role's credentials there)" in refused(world, AuthenticationError).message


def test_no_source_shows_a_secret(world: World, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", logger="bedrock_unified")
    for source in ORDER:
        world.has(source)
    for source in ORDER:
        client = client_of(world)
        assert client.who_signs().key.endswith(KEYS_OF[source][-4:])
        assert SECRET not in repr(client) + repr(client.who_signs())
        world.has(source, there=False)
    assert SECRET not in caplog.text and "token-of" not in caplog.text


def test_what_is_set_up_wrongly_outside_of_the_files_says_what_to_mend(world: World) -> None:
    world.environment(AWS_WEB_IDENTITY_TOKEN_FILE="/nonexistent/token", AWS_ROLE_ARN=ROLE)
    error = refused(world, AuthenticationError)
    assert "from web identity" in error.message and "AWS_WEB_IDENTITY_TOKEN_FILE" in str(error.hint)
    world.environment(
        AWS_WEB_IDENTITY_TOKEN_FILE=None,
        AWS_EC2_METADATA_DISABLED=None,
        AWS_EC2_METADATA_SERVICE_ENDPOINT="nonsense",
    )
    assert "AWS_EC2_METADATA_SERVICE_ENDPOINT" in str(refused(world, ConfigurationError).hint)
