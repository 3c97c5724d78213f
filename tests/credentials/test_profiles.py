"""Profiles of the shared files: keys, SSO, roles, processes; and what is said when one of them fails."""

from __future__ import annotations

import pytest

from bedrock_unified.errors import AuthenticationError, ConfigurationError

from ..core.server import Received, as_bedrock, reply
from .calling import call, client_of, colours, refused, signed
from .fakes import KEYS_OF, ROLE, SECRET, World

#: The sample of Spice.ai's page, in the file where AWS's tools look for it.
SSO = """
[profile sso-profile]
sso_start_url = https://my-sso-portal.awsapps.com/start
sso_region = us-west-2
sso_account_id = 123456789012
sso_role_name = MyRole
region = us-west-2
"""
SESSION = """
[profile dev]
sso_session = work
sso_account_id = 123456789012
sso_role_name = MyRole
[sso-session work]
sso_start_url = https://my-sso-portal.awsapps.com/start
sso_region = us-west-2
sso_registration_scopes = sso:account:access
"""
PORTAL = "https://my-sso-portal.awsapps.com/start"


def from_profile(**lines: str) -> str:
    """A profile ``role`` that assumes a role."""
    return "[profile role]\n" + "".join(f"{name} = {value}\n" for name, value in lines.items())


# SSO


@colours
@pytest.mark.parametrize("how", ["profile_name", "AWS_PROFILE"])
def test_an_sso_profile_signs_with_its_roles_keys(how: str, colour: str, world: World) -> None:
    world.config(SSO)
    world.sso_token(PORTAL)
    if how == "AWS_PROFILE":
        world.environment(AWS_PROFILE="sso-profile")
    client = client_of(world, **({how: "sso-profile"} if how == "profile_name" else {}))
    call(client, colour)
    assert world.signed_by == KEYS_OF["sso"]
    assert world.aws.sso == ["the-sso-token"]
    assert (client.who_signs().origin, client.who_signs().profile) == ("files (sso)", "sso-profile")


def test_an_sso_sessions_token_is_renewed_by_its_token_service(world: World) -> None:
    world.config(SESSION)
    registration = {"clientId": "c", "clientSecret": "s", "refreshToken": "r"}
    world.sso_token("work", lives=60, registrationExpiresAt="2099-01-01T00:00:00Z", **registration)
    assert signed(world, profile_name="dev") == KEYS_OF["sso"]
    assert world.aws.sso == ["refreshed"]


@colours
@pytest.mark.parametrize("token", ["missing", "expired", "refused"])
@pytest.mark.parametrize("profile", ["sso-profile", "dev"])
def test_a_login_that_is_over_names_the_command(profile: str, token: str, colour: str, world: World) -> None:
    world.config(SSO + SESSION)
    if token != "missing":
        world.sso_token(
            PORTAL if profile == "sso-profile" else "work", lives=-60 if token == "expired" else 3600
        )
        world.aws.denies = {"the-sso-token"}
    world.environment(AWS_PROFILE=profile)
    error = refused(world, AuthenticationError, colour)
    assert f"`aws sso login --profile {profile}`" in str(error.hint)
    assert f"the shared files, profile '{profile}'" in error.message
    assert error.message.endswith("Tried before: the environment (AWS_ACCESS_KEY_ID is not set)")
    assert "the-sso-token" not in repr(error) + str(error)


def test_the_login_is_for_the_profile_that_has_the_session(world: World) -> None:
    world.config(SSO + from_profile(role_arn=ROLE, source_profile="sso-profile"))
    error = refused(world, AuthenticationError, profile_name="role")
    assert "`aws sso login --profile sso-profile`" in str(error.hint)


def test_an_sso_profile_that_lacks_a_line_is_named(world: World) -> None:
    world.config(SSO.replace("sso_account_id = 123456789012\n", ""))
    error = refused(world, ConfigurationError, profile_name="sso-profile")
    assert "sso_account_id" in error.message


# Roles


@colours
@pytest.mark.parametrize("source", ["env", "ecs", "imds"])
def test_a_role_of_a_credential_source(source: str, colour: str, world: World) -> None:
    world.has(source)
    named = {"env": "Environment", "ecs": "EcsContainer", "imds": "Ec2InstanceMetadata"}[source]
    world.config(from_profile(role_arn=ROLE, credential_source=named))
    assert signed(world, colour, profile_name="role") == "ASIAREADER0001"
    assert [one.signer for one in world.aws.sts] == [KEYS_OF[source]]


def test_a_role_of_a_source_profile_with_all_it_may_say(world: World) -> None:
    world.has("files")
    world.config(
        from_profile(
            role_arn=ROLE,
            source_profile="default",
            external_id="of-theirs",
            role_session_name="nightly",
            duration_seconds="7200",
        )
    )
    assert signed(world, profile_name="role") == "ASIAREADER0001"
    (asked,) = world.aws.sts
    assert asked.signer == KEYS_OF["files"]
    told = {
        name: asked.form[name] for name in ("RoleArn", "ExternalId", "RoleSessionName", "DurationSeconds")
    }
    assert told == {
        "RoleArn": ROLE,
        "ExternalId": "of-theirs",
        "RoleSessionName": "nightly",
        "DurationSeconds": "7200",
    }


def test_a_role_is_assumed_over_a_role_and_sts_may_be_named(world: World) -> None:
    world.has("files")
    world.environment(AWS_ENDPOINT_URL_STS="http://127.0.0.1:9")
    chain = "[profile first]\nrole_arn = arn:aws:iam::123456789012:role/first\nsource_profile = default\n"
    world.config(chain + from_profile(role_arn=ROLE, source_profile="first"))
    assert signed(world, profile_name="role", sts_endpoint_url=world.url) == "ASIAREADER0002"
    assert [one.signer for one in world.aws.sts] == [KEYS_OF["files"], "ASIAFIRST0001"]


@colours
@pytest.mark.parametrize("where", ["itself", "its source"])
def test_a_role_with_mfa_is_refused_because_nobody_can_be_asked(
    where: str, colour: str, world: World
) -> None:
    world.has("files")
    mfa = "mfa_serial = arn:aws:iam::123456789012:mfa/ann\n"
    first = "[profile first]\nrole_arn = arn:aws:iam::123456789012:role/first\nsource_profile = default\n"
    role = from_profile(role_arn=ROLE, source_profile="first")
    world.config(first + (role + mfa if where == "itself" else mfa + role))
    error = refused(world, ConfigurationError, colour, profile_name="role")
    assert f"'{'role' if where == 'itself' else 'first'}' assumes its role with MFA" in error.message
    assert "aws configure export-credentials" in str(error.hint)
    assert world.aws.sts == []


def test_roles_that_lead_in_a_circle_are_an_error(world: World) -> None:
    circle = "[profile other]\nrole_arn = arn:aws:iam::123456789012:role/other\nsource_profile = role\n"
    world.config(circle + from_profile(role_arn=ROLE, source_profile="other"))
    refused(world, ConfigurationError, profile_name="role")


def test_a_profiles_own_web_identity_is_one_of_the_files(world: World) -> None:
    (world.home / "token").write_text("the-identity-token")
    world.config(from_profile(role_arn=ROLE, web_identity_token_file=str(world.home / "token")))
    client = client_of(world, profile_name="role")
    call(client)
    assert world.signed_by == KEYS_OF["web identity"]
    assert client.who_signs().origin == "files (web identity)"


# What goes wrong


def test_sts_that_quotes_the_request_shows_no_token(world: World) -> None:
    world.credentials(
        f"[default]\naws_access_key_id = AKIA\naws_secret_access_key = s\naws_session_token = {SECRET}\n"
    )
    world.config(from_profile(role_arn=ROLE, source_profile="default"))
    quoted = (
        f"The Canonical String for this request should have been 'POST x-amz-security-token:{SECRET} ...'"
    )
    world.aws.sts_refusals = [(403, "SignatureDoesNotMatch", quoted)]
    error = refused(world, AuthenticationError, profile_name="role")
    assert "Canonical String" in error.message and SECRET not in error.message
    assert error.__cause__ is None, "a traceback would show it"


@pytest.mark.parametrize("level", ["WARNING", "DEBUG"])
def test_botocores_traceback_of_a_failed_refresh_is_not_logged(
    level: str, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(level)
    world.config(SSO)
    refused(world, AuthenticationError, profile_name="sso-profile")
    assert "Traceback" not in caplog.text
    assert [one for one in caplog.records if one.levelname in ("WARNING", "ERROR")] == []


def test_the_profile_of_the_environment_is_in_the_hint_of_an_expired_session(world: World) -> None:
    world.config(SSO)
    world.sso_token(PORTAL)
    world.environment(AWS_PROFILE="sso-profile")

    def expired(request: Received) -> bytes:
        if request.target.startswith("/model/"):
            return reply({"message": "expired"}, 403, x_amzn_ErrorType="ExpiredTokenException")
        return world.aws(request) if request.target != "/x" else as_bedrock(request)

    world.server.answer = expired
    with pytest.raises(AuthenticationError) as caught:
        call(client_of(world))
    assert "`aws sso login --profile sso-profile`" in str(caught.value.hint)


def test_a_profile_of_the_environment_that_does_not_exist_is_named(world: World) -> None:
    world.environment(AWS_PROFILE="absent")
    error = refused(world, ConfigurationError)
    assert "absent" in error.message and "aws configure sso" in str(error.hint)


def test_an_empty_variable_names_no_profile(world: World) -> None:
    world.has("files")
    world.environment(AWS_PROFILE="", AWS_DEFAULT_PROFILE="")
    assert signed(world) == KEYS_OF["files"]
    assert signed(world, role_arn=ROLE) == "ASIAREADER0001"


@pytest.mark.parametrize(
    ("lines", "kind", "says"),
    [
        ("role_arn = x\n", ConfigurationError, "by source_profile or credential_source"),
        (
            "role_arn = x\ncredential_source = Moon\n",
            ConfigurationError,
            "correct the AWS configuration file",
        ),
        ("role_arn = x\nsource_profile = gone\n", ConfigurationError, "correct the AWS configuration file"),
        (
            "sso_session = gone\nsso_account_id = 1\nsso_role_name = r\n",
            ConfigurationError,
            "correct the AWS",
        ),
        ("credential_process = echo hush\n", AuthenticationError, "run its credential_process by hand"),
        ("aws_access_key_id = AKIA\n", ConfigurationError, "half of a pair is missing"),
    ],
)
def test_a_profile_that_cannot_be_used_says_what_to_mend(
    lines: str, kind: type[ConfigurationError | AuthenticationError], says: str, world: World
) -> None:
    world.config(f"[default]\n{lines}")
    error = refused(world, kind)
    assert says in str(error.hint) and "hush" not in str(error)
