"""Calls that start together begin a few in each turn of the event loop, and stand in nobody's way."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import aiohttp
import pytest

from bedrock_unified.transport.turns import LoopTurns

from .server import ASK, Server

pytestmark = pytest.mark.usefixtures("no_aws")


async def begin(turns: LoopTurns, name: int, log: list[int]) -> None:
    if (turn := turns.take()) is not None:
        await turn
    log.append(name)


def test_so_many_begin_in_each_turn_in_their_order() -> None:
    async def run() -> None:
        turns, log = LoopTurns(3), list[int]()
        tasks = [asyncio.create_task(begin(turns, name, log)) for name in range(8)]
        seen = []
        while len(log) < 8:
            await asyncio.sleep(0)
            seen.append(len(log))
        assert log == list(range(8))
        assert max(late - early for early, late in zip([0, *seen], seen, strict=False)) == 3
        await asyncio.gather(*tasks)

    asyncio.run(run())


def test_whoever_comes_later_waits_behind_those_who_wait() -> None:
    async def run() -> None:
        turns, log = LoopTurns(1), list[int]()
        tasks = [asyncio.create_task(begin(turns, name, log)) for name in range(3)]
        await asyncio.sleep(0)
        await begin(turns, 3, log)
        assert log == [0, 1, 2, 3]
        await asyncio.gather(*tasks)

    asyncio.run(run())


def test_the_turn_of_one_who_gave_up_is_the_next_ones() -> None:
    async def run() -> None:
        turns, log = LoopTurns(1), list[int]()
        tasks = [asyncio.create_task(begin(turns, name, log)) for name in range(4)]
        await asyncio.sleep(0)
        for given_up in tasks[1:3]:
            given_up.cancel()
        await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 5)
        assert log == [0, 3]

    asyncio.run(run())


def test_calls_one_after_the_other_wait_for_nothing() -> None:
    async def run() -> None:
        turns = LoopTurns(2)
        for _ in range(20):
            assert turns.take() is None
            await asyncio.sleep(0)
            await asyncio.sleep(0)

    asyncio.run(run())


def test_a_burst_of_calls_begins_in_many_turns(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    turn, begun = 0, Counter[int]()
    connect = aiohttp.TCPConnector.connect

    def counted(*arguments: Any, **options: Any) -> Any:
        begun[turn] += 1
        return connect(*arguments, **options)

    monkeypatch.setattr(aiohttp.TCPConnector, "connect", counted)

    async def count_turns() -> None:
        nonlocal turn
        while True:
            await asyncio.sleep(0)
            turn += 1

    async def run() -> None:
        clock = asyncio.create_task(count_turns())
        async with server.client() as client:
            await asyncio.gather(*[client.aconverse(**ASK) for _ in range(100)])
        clock.cancel()

    asyncio.run(run())
    assert begun.total() == 100
    assert max(begun.values()) <= 16
