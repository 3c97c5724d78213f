"""Bedrock API keys: before whom they stand, what they cannot call, and when they have expired."""

from __future__ import annotations

import asyncio

import pytest

from bedrock_unified import BedrockClient, put_key
from bedrock_unified.errors import AuthenticationError, ConfigurationError

from ..core.server import reply
from .calling import PAIR, call, client_of, colours, signed
from .fakes import KEYS_OF, World


def test_the_order_of_all_that_can_sign(world: World) -> None:
    for source in ("env", "files"):
        world.has(source)
    world.environment(AWS_BEARER_TOKEN_BEDROCK="ambient")
    put_key("aws_bedrock", {"access_key_id": "AKIASTORED", "secret_access_key": "s"})
    explicit = {"profile_name": "default", **PAIR, "api_key": "explicit"}
    order = (
        ({"api_key"}, "Bearer explicit"),
        (set(PAIR), PAIR["aws_access_key_id"]),
        ({"profile_name"}, KEYS_OF["files"]),
    )
    for names, expected in order:
        assert signed(world, **explicit) == expected
        explicit = {name: value for name, value in explicit.items() if name not in names}
    assert signed(world) == "AKIASTORED"
    put_key("aws_bedrock", {"api_key": "stored"})
    assert signed(world) == "Bearer stored"


@colours
@pytest.mark.parametrize("where", ["api_key", "AWS_BEARER_TOKEN_BEDROCK", "put_key"])
def test_the_agent_runtime_is_refused_before_anything_is_sent(where: str, colour: str, world: World) -> None:
    world.has("env")  # nobody else may sign in its place
    given = {"api_key": "a-key"} if where == "api_key" else {}
    if where == "put_key":
        put_key("bedrock", {"api_key": "a-key"})
    elif not given:
        world.environment(AWS_BEARER_TOKEN_BEDROCK="a-key")
    client = client_of(world, **given, agent_endpoint_url=world.url)
    with pytest.raises(ConfigurationError) as caught:
        if colour == "async":
            asyncio.run(client.arerank("which?", ["a", "b"], via="agent"))
        else:
            client.rerank("which?", ["a", "b"], via="agent")
    assert "cannot call the agent runtime" in caught.value.message
    assert "via='invoke'" in str(caught.value.hint) and "Data Automation" in str(caught.value.hint)
    assert "a-key" not in str(caught.value)
    assert world.server.connections == 0
    call(client, colour)
    assert world.signed_by == "Bearer a-key"


@colours
def test_an_expired_key_is_to_be_made_anew(colour: str, world: World) -> None:
    told = "Bearer Token has expired"
    world.server.answer = lambda _: reply({"message": told}, 403, x_amzn_ErrorType="AccessDeniedException")
    client = client_of(world, region_name="eu-west-1", api_key="a-short-term-key")
    with pytest.raises(AuthenticationError) as caught:
        call(client, colour)
    hint = str(caught.value.hint)
    assert "Generate a new key" in hint and "12 hours" in hint and "eu-west-1" in hint
    assert "a-short-term-key" not in str(caught.value)


def test_a_client_says_who_signs(world: World) -> None:
    world.has("env")
    given = client_of(world, **PAIR)
    assert given.who_signs() == ("arguments", "AKIA…0000", None, False)
    assert client_of(world, api_key="hush").who_signs() == ("arguments", "", None, False)
    world.environment(AWS_SESSION_TOKEN="t", AWS_PROFILE="dev")
    assert client_of(world).who_signs() == ("env", "AKIA…0000", None, True)
    world.environment(AWS_BEARER_TOKEN_BEDROCK="hush")
    assert client_of(world).who_signs().origin == "bearer"
    assert world.server.connections == 0


def test_a_boto3_client_decides_itself_who_signs(world: World) -> None:
    import boto3

    inner = boto3.client("bedrock-runtime", region_name="eu-west-1", **PAIR, endpoint_url=world.url)
    assert BedrockClient(client=inner).who_signs().origin == "client"
