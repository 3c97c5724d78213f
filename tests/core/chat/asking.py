"""Asking a scripted server under options, synchronously or not, and what the requests are made of."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import boto3
import pytest

from bedrock_unified import BedrockClient
from bedrock_unified.chat.options import ChatOptions

from ..server import ASK, KEYS, Received, Server, as_bedrock, reply

colours = pytest.mark.parametrize("colour", ["sync", "async"])

CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
WEATHER = {"toolSpec": {"name": "weather", "inputSchema": {"json": {"type": "object", "properties": {}}}}}
TIME = {"toolSpec": {**WEATHER["toolSpec"], "name": "time"}}
TOOLS = {"tools": [WEATHER, TIME]}


def refusing(text: str, *, when: Callable[[Any], bool]) -> Callable[[Received], bytes]:
    """An endpoint that refuses the requests whose body is so."""

    def answer(request: Received) -> bytes:
        if when(request.json()):
            return reply({"message": text}, 400, x_amzn_ErrorType="ValidationException:http://x/")
        return as_bedrock(request)

    return answer


def ask(server: Server, colour: str, options: ChatOptions, **request: Any) -> dict[str, Any]:
    given = {**ASK, **request}
    client = server.client(max_retries=0)
    if colour == "sync":
        with client:
            return client.converse(options=options, **given)

    async def run() -> dict[str, Any]:
        async with client:
            return await client.aconverse(options=options, **given)

    return asyncio.run(run())


def listen(
    server: Server, colour: str, options: ChatOptions, client: BedrockClient | None = None, **request: Any
) -> tuple[list[Any], Any]:
    given = {**ASK, **request}
    client = client or server.client(max_retries=0)
    if colour == "sync":
        with client, client.converse_stream(options=options, **given) as stream:
            return list(stream), stream

    async def run() -> Any:
        async with client, await client.aconverse_stream(options=options, **given) as stream:
            return [item async for item in stream], stream

    return asyncio.run(run())


def texts(events: list[Any]) -> str:
    return "".join(
        item["contentBlockDelta"]["delta"].get("text", "") for item in events if "contentBlockDelta" in item
    )


def boto3_client(server: Server) -> BedrockClient:
    made: Any = boto3.client("bedrock-runtime", endpoint_url=server.url, region_name="us-east-1", **KEYS)
    return BedrockClient(client=made)
