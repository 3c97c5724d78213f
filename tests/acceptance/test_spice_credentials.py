"""Spice.ai's statements about who signs: its parameters (SP-15 to SP-23) and its sources (SP-40 to SP-49)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bedrock_unified.errors import AuthenticationError, ConfigurationError

from ..credentials.fakes import KEYS_OF, ROLE, SECRET, World, scope
from ..credentials.fakes import world as world
from .frameworks import App

MODEL = "amazon.nova-lite-v1:0"
SAMPLE = Path(__file__).parent / "examples" / "spice" / "aws_config.ini"
EXPLICIT = {"aws_access_key_id": "AKIASPICE", "aws_secret_access_key": SECRET}
SOURCES = ("env", "files", "web identity", "ecs", "imds")
both_colours = pytest.mark.parametrize("way", ["whole", "astream"])
Make = Callable[..., App]


@pytest.fixture
def spice(framework: Any, world: World) -> Make:
    """Makes models as a spicepod's ``params`` say."""

    def make(**params: Any) -> App:
        return framework(**{"model": MODEL, "endpoint_url": world.url, "max_retries": 0, **params})

    return make


async def signer_of(world: World, model: App, way: str = "whole") -> str:
    """Who signs a call."""
    await model.ask("Hello?", way)
    model.close()
    return world.signed_by


async def refusal_of(world: World, model: App, way: str = "whole") -> AuthenticationError:
    """The authentication error of a call, which must not be made."""
    with pytest.raises(AuthenticationError) as caught:
        await model.ask("Hello?", way)
    assert world.asked == []
    return caught.value


@both_colours
async def test_sp_15_the_region_is_the_parameters_else_us_east_1(spice: Make, world: World, way: str) -> None:
    await signer_of(world, spice(**EXPLICIT), way)
    assert scope(world.asked[-1])[1] == "us-east-1"
    await signer_of(world, spice(**EXPLICIT, aws_region="eu-west-1"), way)
    assert scope(world.asked[-1])[1] == "eu-west-1"


@both_colours
async def test_sp_16_the_named_profiles_key_signs(spice: Make, world: World, way: str) -> None:
    world.credentials(
        "[default]\naws_access_key_id = AKIAFIRST\naws_secret_access_key = s\n"
        "[second]\naws_access_key_id = AKIASECOND\naws_secret_access_key = s\n"
    )
    assert await signer_of(world, spice(aws_profile="second"), way) == "AKIASECOND"
    assert await signer_of(world, spice(), way) == "AKIAFIRST"


@both_colours
async def test_sp_17_the_given_key_signs_else_environment_or_role(
    spice: Make, world: World, way: str
) -> None:
    world.has("env")
    assert await signer_of(world, spice(**EXPLICIT), way) == "AKIASPICE"
    assert await signer_of(world, spice(), way) == KEYS_OF["env"]
    world.has("env", there=False)
    world.has("imds")
    assert await signer_of(world, spice(), way) == KEYS_OF["imds"]


@pytest.mark.parametrize("missing", EXPLICIT)
def test_sp_18_half_a_pair_names_the_other_half(spice: Make, missing: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        spice(**{name: value for name, value in EXPLICIT.items() if name != missing})
    assert f"{missing} is missing" in caught.value.message and SECRET not in str(caught.value)


@both_colours
async def test_sp_19_the_session_token_is_sent(spice: Make, world: World, way: str) -> None:
    await signer_of(world, spice(**EXPLICIT, aws_session_token="FwoGZXIv"), way)
    assert world.asked[-1].headers["x-amz-security-token"] == "FwoGZXIv"


@both_colours
@pytest.mark.parametrize("params", [{}, {"aws_iam_role_source": "auto"}], ids=["unset", "auto"])
async def test_sp_20_auto_is_the_whole_chain(spice: Make, world: World, params: Any, way: str) -> None:
    world.has("files")
    assert await signer_of(world, spice(**params), way) == KEYS_OF["files"]


@both_colours
async def test_sp_21_metadata_is_instance_and_container_metadata_alone(
    spice: Make, world: World, way: str
) -> None:
    world.has("env")
    world.has("files")
    error = await refusal_of(world, spice(aws_iam_role_source="metadata"), way)
    assert "metadata" in error.message
    world.has("ecs")
    assert await signer_of(world, spice(aws_iam_role_source="metadata"), way) == KEYS_OF["ecs"]


@both_colours
async def test_sp_22_env_is_the_environment_alone(spice: Make, world: World, way: str) -> None:
    world.has("files")
    error = await refusal_of(world, spice(aws_iam_role_source="env"), way)
    assert "aws_iam_role_source='env'" in error.message
    world.environment(AWS_BEARER_TOKEN_BEDROCK="a-bearer-key")
    error = await refusal_of(world, spice(aws_iam_role_source="env"), way)
    assert "not AWS_BEARER_TOKEN_BEDROCK" in error.message
    world.has("env")
    assert await signer_of(world, spice(aws_iam_role_source="env"), way) == KEYS_OF["env"]


def test_sp_23_another_source_is_refused_with_the_three_that_are(spice: Make) -> None:
    with pytest.raises(ConfigurationError, match=r"must be one of: auto, metadata, env\. Found role"):
        spice(aws_iam_role_source="role")


@both_colours
async def test_sp_40_removing_a_source_moves_down_the_list(spice: Make, world: World, way: str) -> None:
    for source in SOURCES:
        world.has(source)
    for source in SOURCES:
        assert await signer_of(world, spice(), way) == KEYS_OF[source]
        world.has(source, there=False)


@both_colours
async def test_sp_41_the_variables_are_used_and_reported(spice: Make, world: World, way: str) -> None:
    world.has("env")
    world.environment(AWS_SESSION_TOKEN="temporary")
    model = spice()
    await model.ask("Hello?", way)
    assert world.signed_by == KEYS_OF["env"]
    assert world.asked[-1].headers["x-amz-security-token"] == "temporary"
    assert model.model.bedrock.who_signs().origin == "env"
    model.close()


@pytest.mark.parametrize("file", ["config", "credentials"])
@pytest.mark.parametrize("place", ["home", "variable"])
async def test_sp_42_both_files_are_read(
    spice: Make, world: World, file: str, place: str, tmp_path: Path
) -> None:
    text = "[default]\naws_access_key_id = AKIAINAFILE\naws_secret_access_key = s\n"
    path = world.home / ".aws" / file if place == "home" else tmp_path / "elsewhere.ini"
    path.write_text(text)
    if place == "variable":
        name = "AWS_CONFIG_FILE" if file == "config" else "AWS_SHARED_CREDENTIALS_FILE"
        world.environment(**{name: str(path)})
    assert await signer_of(world, spice()) == "AKIAINAFILE"


async def test_sp_43_aws_profile_names_the_profile_else_default(spice: Make, world: World) -> None:
    world.credentials(
        "[default]\naws_access_key_id = AKIAFIRST\naws_secret_access_key = s\n"
        "[second]\naws_access_key_id = AKIASECOND\naws_secret_access_key = s\n"
    )
    assert await signer_of(world, spice()) == "AKIAFIRST"
    world.environment(AWS_PROFILE="second")
    assert await signer_of(world, spice()) == "AKIASECOND"


@both_colours
async def test_sp_44_the_pages_sample_has_static_keys_and_an_sso_session(
    spice: Make, world: World, way: str
) -> None:
    world.config(SAMPLE.read_text())
    world.sso_token("https://my-sso-portal.awsapps.com/start")
    assert await signer_of(world, spice(), way) == "YOUR_ACCESS_KEY"
    assert await signer_of(world, spice(aws_profile="sso-profile"), way) == KEYS_OF["sso"]
    assert scope(world.asked[-1])[1] == "us-west-2"


@both_colours
@pytest.mark.parametrize("lives", [None, -60], ids=["no login", "expired login"])
async def test_sp_45_a_login_that_is_missing_names_its_command(
    spice: Make, world: World, lives: float | None, way: str
) -> None:
    world.config(SAMPLE.read_text())
    if lives is not None:
        world.sso_token("https://my-sso-portal.awsapps.com/start", lives=lives)
    world.environment(AWS_PROFILE="sso-profile")
    error = await refusal_of(world, spice(), way)
    assert "aws sso login --profile sso-profile" in str(error)


@both_colours
async def test_sp_46_web_identity_asks_sts(spice: Make, world: World, way: str) -> None:
    world.has("web identity")
    assert await signer_of(world, spice(), way) == KEYS_OF["web identity"]
    assert [(one.action, one.form["RoleArn"]) for one in world.aws.sts] == [
        ("AssumeRoleWithWebIdentity", ROLE)
    ]


@both_colours
@pytest.mark.parametrize("relative", [True, False], ids=["_RELATIVE_URI", "_FULL_URI"])
async def test_sp_47_ecs_by_either_variable(spice: Make, world: World, relative: bool, way: str) -> None:
    world.has_container(relative=relative)
    assert await signer_of(world, spice(), way) == KEYS_OF["ecs"]


@both_colours
async def test_sp_48_ec2_is_asked_by_version_2_alone(spice: Make, world: World, way: str) -> None:
    world.has("imds")
    assert await signer_of(world, spice(), way) == KEYS_OF["imds"]
    assert [one[0] for one in world.aws.metadata] == ["PUT", "GET", "GET"]
    assert all(one[2] == "a-session" for one in world.aws.metadata[1:])
    world.aws.metadata.clear()
    world.server.requests.clear()
    world.aws.imds_token = False
    await refusal_of(world, spice(), way)
    assert [one[0] for one in world.aws.metadata] == ["PUT"], "version 1 was asked"


@both_colours
async def test_sp_49_nobody_found_is_one_error_that_lists_what_was_tried(
    spice: Make, world: World, way: str
) -> None:
    error = await refusal_of(world, spice(), way)
    for source in ("the environment", "the shared files", "web identity", "ECS", "EC2 metadata"):
        assert f"{source} (" in error.message
    assert error.hint
