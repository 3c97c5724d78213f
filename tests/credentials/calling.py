"""Calls in both colours, for the tests of who signs."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bedrock_unified import BedrockClient
from bedrock_unified.errors import BedrockError

from ..core.server import ASK
from .fakes import World

colours = pytest.mark.parametrize("colour", ["sync", "async"])
PAIR = {"aws_access_key_id": "AKIAEXPLICIT00000000", "aws_secret_access_key": "an-explicit-secret"}


def client_of(world: World, **settings: Any) -> BedrockClient:
    """A client of this world's Bedrock."""
    return BedrockClient(
        **{"endpoint_url": world.url, "region_name": "us-east-1", "max_retries": 0, **settings}
    )


def call(client: BedrockClient, colour: str = "sync") -> None:
    """One call."""

    async def run() -> None:
        async with client:
            await client.aconverse(**ASK)

    if colour == "async":
        asyncio.run(run())
    else:
        with client:
            client.converse(**ASK)


def signed(world: World, colour: str = "sync", **settings: Any) -> str:
    """One call by a new client, and who signed it."""
    call(client_of(world, **settings), colour)
    return world.signed_by


def refused(world: World, kind: type[BedrockError], colour: str = "sync", **settings: Any) -> BedrockError:
    """The error of one call by a new client, which must not reach Bedrock."""
    before = len(world.asked)
    with pytest.raises(kind) as caught:
        call(client_of(world, **settings), colour)
    assert len(world.asked) == before, "a call was made nevertheless"
    return caught.value
