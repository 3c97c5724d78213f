"""Both colours of the client behind one face, and a watch over what a test leaves behind."""

from __future__ import annotations

import asyncio
import gc
import importlib.util
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bedrock_unified import BedrockClient
from bedrock_unified.wire import retry

# The server is a plain module beside the tests; importlib import mode does not put this folder on the path.
_spec = importlib.util.spec_from_file_location("wireserver", Path(__file__).parent / "wireserver.py")
assert _spec is not None and _spec.loader is not None
wireserver = sys.modules["wireserver"] = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(wireserver)

ASK = wireserver.ASK


class Face:
    """The client's calls, synchronous or asynchronous, as plain functions."""

    def __init__(self, colour: str) -> None:
        self.colour = colour

    def __repr__(self) -> str:
        return self.colour

    def client(self, url: str, **options: Any) -> BedrockClient:
        """A client on this endpoint with the documented example keys."""
        return BedrockClient(
            **{
                "endpoint_url": url,
                "region_name": "us-east-1",
                "aws_access_key_id": "AKIAIOSFODNN7EXAMPLE",
                "aws_secret_access_key": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                **options,
            }
        )

    def converse(self, client: BedrockClient, **members: Any) -> dict[str, Any]:
        """One Converse call."""
        if self.colour == "sync":
            with client:
                return client.converse(**{**ASK, **members})

        async def run() -> dict[str, Any]:
            async with client:
                return await client.aconverse(**{**ASK, **members})

        return asyncio.run(run())

    def events(self, client: BedrockClient, seen: list[Any] | None = None) -> list[Any]:
        """All events of one ConverseStream; ``seen`` fills as they come."""
        events: list[Any] = [] if seen is None else seen
        if self.colour == "sync":
            with client, client.converse_stream(**ASK) as stream:
                for event in stream:
                    events.append(event)  # noqa: PERF402 - seen must fill one by one
            return events

        async def run() -> None:
            async with client, await client.aconverse_stream(**ASK) as stream:
                async for event in stream:
                    events.append(event)  # noqa: PERF401

        asyncio.run(run())
        return events


@pytest.fixture(params=["sync", "async"])
def face(request: pytest.FixtureRequest) -> Face:
    """Each test runs in both colours."""
    return Face(request.param)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Back-off is measured elsewhere; here it would only take time."""
    monkeypatch.setattr(retry.random, "uniform", lambda low, high: 0.001)


@pytest.fixture(autouse=True)
def nothing_leaks() -> Iterator[None]:
    """No test leaves a thread or an open file behind."""
    before = {thread.ident for thread in threading.enumerate()}
    gc.collect()
    files = open_files()
    yield
    gc.collect()
    left = [thread.name for thread in threading.enumerate() if thread.ident not in before]
    assert not left, f"threads left behind: {left}"
    if files:
        now = open_files()
        assert now <= files, f"{now - files} file descriptors left open"


def open_files() -> int:
    """How many file descriptors are open; 0 where the system does not tell."""
    folder = Path("/proc/self/fd")
    return sum(1 for _ in folder.iterdir()) if folder.is_dir() else 0
