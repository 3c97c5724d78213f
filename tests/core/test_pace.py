"""Requests a minute: as many at once as a minute has, then evenly; what waits keeps to its time limit."""

from __future__ import annotations

import asyncio
import time
from typing import Any, cast

import boto3
import pytest

from bedrock_unified import BedrockClient
from bedrock_unified.errors import ConfigurationError, RequestTimeoutError
from bedrock_unified.local import LocalBedrock
from bedrock_unified.wire.http import Flow, Sleep
from bedrock_unified.wire.pace import Pace

from .server import ASK, KEYS, Server

LOCAL = {
    "aws_access_key_id": LocalBedrock.ACCESS_KEY_ID,
    "aws_secret_access_key": LocalBedrock.SECRET_ACCESS_KEY,
}


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


def after_a_busy_minute(limit: float) -> Pace:
    """A pace with one place left."""
    pace = Pace(limit)
    for _ in range(int(limit) - 1):
        pace.wait()
    return pace


def client(server: Server, **settings: Any) -> BedrockClient:
    return BedrockClient(endpoint_url=server.url, region_name="us-east-1", **KEYS, **settings)


def seconds_of_three_calls(limited: BedrockClient, colour: str) -> float:
    """How long three calls take, one after another or at once; the client is closed then."""

    async def ask() -> None:
        async with limited:
            await asyncio.gather(*(limited.aconverse(**ASK) for _ in range(3)))

    began = time.monotonic()
    if colour == "async":
        asyncio.run(ask())
    else:
        with limited:
            for _ in range(3):
                limited.converse(**ASK)
    return time.monotonic() - began


@pytest.mark.parametrize("colour", ["sync", "async"])
def test_a_client_keeps_its_pace(
    no_aws: None, server: Server, colour: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bedrock_unified.place.Pace", after_a_busy_minute)
    taken = seconds_of_three_calls(client(server, requests_per_minute=300), colour)
    assert len(server.requests) == 3
    assert 0.35 < taken < 5


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


# --- calls that are given up while they wait


def waiting(pace: Pace, count: int) -> list[Flow[None]]:
    flows = [pace.turn() for _ in range(count)]
    for flow in flows:
        assert isinstance(next(flow), Sleep)
    return flows


def busy(limit: int) -> Pace:
    """Of a client that has just sent all that a minute has."""
    pace = Pace(limit, Clock())
    assert [pace.wait() for _ in range(limit)] == [0] * limit
    return pace


@pytest.mark.parametrize("order", [1, -1])
def test_when_all_that_wait_give_up_the_next_one_need_not_wait_for_them(order: int) -> None:
    pace = busy(60)
    for flow in waiting(pace, 200)[::order]:
        flow.close()
    assert pace.wait() == 1 and pace._left == set()


def test_nobody_is_put_between_those_that_go_on_waiting() -> None:
    pace = busy(60)
    flows = waiting(pace, 10)
    for flow in flows[:5]:
        flow.close()
    assert pace.wait() == 11, "the turns from 6 to 10 are taken"
    for flow in flows[5:]:
        flow.close()
    assert pace.wait() == 12  # the one of a moment ago is still behind them


def test_places_that_were_left_are_forgotten_when_their_turn_has_passed() -> None:
    pace = busy(60)
    clock, stay = cast("Clock", pace._clock), []
    for _ in range(100):
        left, stays = waiting(pace, 2)
        stay.append(stays)
        left.close()
        clock.now += 2
    assert len(pace._left) < 10


def test_a_cancelled_burst_does_not_hold_up_the_next_call(no_aws: None, server: Server) -> None:
    async def burst() -> float:
        async with client(server, requests_per_minute=600) as limited:
            tasks = [asyncio.create_task(limited.aconverse(**ASK)) for _ in range(1200)]
            while sum(task.done() for task in tasks) < 600:
                await asyncio.sleep(0.01)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            began = time.monotonic()
            await asyncio.wait_for(limited.aconverse(**ASK), 10)
            return time.monotonic() - began

    assert asyncio.run(burst()) < 2


@pytest.mark.parametrize("colour", ["sync", "async"])
def test_a_boto3_client_is_held_to_the_pace_too(
    no_aws: None, colour: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bedrock_unified.transport.injected.Pace", after_a_busy_minute)
    with LocalBedrock() as endpoint:
        boto = boto3.client("bedrock-runtime", region_name="us-east-1", endpoint_url=endpoint.url, **LOCAL)
        taken = seconds_of_three_calls(BedrockClient(client=boto, requests_per_minute=300), colour)
        assert 0.35 < taken < 5
        boto.close()
        assert len(endpoint.requests) == 3
