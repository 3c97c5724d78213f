"""GoModel's statements about who signs and for which region: the standard chain (GM-03, 05, 07, 08)."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ..credentials.fakes import KEYS_OF, World, scope
from ..credentials.fakes import world as world
from .frameworks import App

README = re.sub(r"\s+", " ", (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8"))
both_colours = pytest.mark.parametrize("way", ["whole", "astream"])
Make = Callable[..., App]


@pytest.fixture
def gomodel(framework: Any, world: World) -> Make:
    """Makes models that are told nothing of who signs."""

    def make(**options: Any) -> App:
        model = "anthropic.claude-3-5-haiku-20241022-v1:0"
        return framework(**{"model": model, "endpoint_url": world.url, "max_retries": 0, **options})

    return make


async def asked(world: World, model: App, way: str = "whole") -> tuple[str, str]:
    """Who signs a call, and for which region."""
    await model.ask("Reply with the single word ok.", way)
    model.close()
    return scope(world.asked[-1])


@both_colours
async def test_gm_03_no_key_is_needed_where_the_chain_has_one(gomodel: Make, world: World, way: str) -> None:
    world.config(
        "[profile identity-center]\nsso_start_url = https://d-1.awsapps.com/start\nsso_region = us-east-1\n"
        "sso_account_id = 123456789012\nsso_role_name = Reader\n"
    )
    world.sso_token("https://d-1.awsapps.com/start")
    for source in ("env", "ecs", "imds"):
        world.has(source)
    for source in ("env", "ecs", "imds"):
        assert (await asked(world, gomodel(), way))[0] == KEYS_OF[source]
        world.has(source, there=False)
    world.environment(AWS_PROFILE="identity-center")
    assert (await asked(world, gomodel(), way))[0] == KEYS_OF["sso"]


@both_colours
async def test_gm_05_the_three_variables(gomodel: Make, world: World, way: str) -> None:
    world.has("env")
    await asked(world, gomodel(), way)
    assert "x-amz-security-token" not in world.asked[-1].headers
    world.environment(AWS_SESSION_TOKEN="temporary")
    assert (await asked(world, gomodel(), way))[0] == KEYS_OF["env"]
    assert world.asked[-1].headers["x-amz-security-token"] == "temporary"


def test_gm_07_the_readme_prefers_roles_in_production() -> None:
    assert "In production sign with a role rather than with keys" in README
    for named in ("instance's", "IRSA", "IAM Identity Center"):
        assert named in README


@both_colours
async def test_gm_08_aws_region_stands_before_aws_default_region(
    gomodel: Make, world: World, way: str
) -> None:
    world.has("env")
    world.environment(AWS_DEFAULT_REGION="eu-west-2")
    assert (await asked(world, gomodel(), way))[1] == "eu-west-2"
    world.environment(AWS_REGION="eu-north-1")
    assert (await asked(world, gomodel(), way))[1] == "eu-north-1"
