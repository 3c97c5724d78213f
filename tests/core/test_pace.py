"""Requests a minute: as many at once as a minute has, then evenly; what waits keeps to its time limit."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from bedrock_unified import BedrockClient
from bedrock_unified.errors import ConfigurationError, RequestTimeoutError
from bedrock_unified.wire.pace import Pace

from .server import ASK, KEYS, Server


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_minutes_requests_at_once_and_then_evenly() -> None:
    clock = Clock()
    pace = Pace(60, clock)
    assert [pace.wait() for _ in range(60)] == [0] * 60
    assert [pace.wait() for _ in range(3)] == [1, 2, 3]
    clock.now += 3
    assert pace.wait() == 1
    clock.now += 3600
    assert [pace.wait() for _ in range(61)] == [0] * 60 + [1]


def test_a_place_that_is_given_back_is_the_next_ones() -> None:
    pace = Pace(1, Clock())
    assert pace.wait() == 0
    assert pace.wait() == 60
    pace.give_back()
    assert pace.wait() == 60


def client(server: Server, **settings: Any) -> BedrockClient:
    return BedrockClient(endpoint_url=server.url, region_name="us-east-1", **KEYS, **settings)


@pytest.mark.parametrize("colour", ["sync", "async"])
def test_a_client_keeps_its_pace(
    no_aws: None, server: Server, colour: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def after_a_busy_minute(limit: float) -> Pace:
        pace = Pace(limit)
        for _ in range(299):
            pace.wait()
        return pace

    monkeypatch.setattr("bedrock_unified.place.Pace", after_a_busy_minute)
    limited = client(server, requests_per_minute=300)
    began = time.monotonic()

    async def asked() -> None:
        async with limited:
            await asyncio.gather(*(limited.aconverse(**ASK) for _ in range(3)))

    if colour == "async":
        asyncio.run(asked())
    else:
        for _ in range(3):
            limited.converse(**ASK)
        limited.close()
    assert len(server.requests) == 3
    assert 0.35 < time.monotonic() - began < 5


def test_a_call_that_would_wait_beyond_its_time_limit_is_not_sent(no_aws: None, server: Server) -> None:
    with client(server, requests_per_minute=1, total_timeout=5) as limited:
        limited.converse(**ASK)
        began = time.monotonic()
        with pytest.raises(RequestTimeoutError, match="requests_per_minute"):
            limited.converse(**ASK)
        assert time.monotonic() - began < 2
    assert len(server.requests) == 1


@pytest.mark.parametrize("value", [0, -1, 1.5, True, "many"])
def test_only_a_whole_number_is_a_pace(value: object) -> None:
    with pytest.raises(ConfigurationError, match="requests_per_minute"):
        BedrockClient(requests_per_minute=value)
