"""OneLLM's statements about who signs: what ``aws configure`` leaves, variables, roles (OL-03, 04, 06)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ..credentials.fakes import KEYS_OF, World, scope
from ..credentials.fakes import world as world
from .frameworks import App

both_colours = pytest.mark.parametrize("way", ["whole", "astream"])
Make = Callable[..., App]


@pytest.fixture
def onellm(framework: Any, world: World) -> Make:
    """Makes models by OneLLM's names."""

    def make() -> App:
        return framework(model="bedrock/claude-3-5-sonnet", endpoint_url=world.url, max_retries=0)

    return make


async def asked(world: World, model: App, way: str) -> tuple[str, str]:
    """Who signs a call, and for which region."""
    await model.ask("Hello?", way)
    model.close()
    return scope(world.asked[-1])


@both_colours
async def test_ol_03_what_aws_configure_leaves_is_used(onellm: Make, world: World, way: str) -> None:
    world.has("files")
    world.config("[default]\nregion = ca-central-1\noutput = json\n")
    assert await asked(world, onellm(), way) == (KEYS_OF["files"], "ca-central-1")


@both_colours
async def test_ol_04_aws_default_region_counts(onellm: Make, world: World, way: str) -> None:
    world.has("env")
    world.environment(AWS_DEFAULT_REGION="eu-west-1")
    assert await asked(world, onellm(), way) == (KEYS_OF["env"], "eu-west-1")


@both_colours
@pytest.mark.parametrize("role", ["ecs", "imds"])
async def test_ol_06_a_role_is_found_by_itself(onellm: Make, world: World, role: str, way: str) -> None:
    world.has(role)
    assert (await asked(world, onellm(), way))[0] == KEYS_OF[role]


@both_colours
async def test_ol_06_a_functions_role_is_in_its_environment(onellm: Make, world: World, way: str) -> None:
    world.has("env")  # as AWS Lambda sets it
    world.environment(AWS_SESSION_TOKEN="of-the-function", AWS_REGION="us-east-2")
    assert await asked(world, onellm(), way) == (KEYS_OF["env"], "us-east-2")
    assert world.asked[-1].headers["x-amz-security-token"] == "of-the-function"
