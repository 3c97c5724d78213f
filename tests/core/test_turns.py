"""Calls that start together begin a few in each turn of the event loop, and stand in nobody's way."""

from __future__ import annotations

import asyncio
import warnings
from collections import Counter
from typing import Any

import aiohttp
import pytest

from bedrock_unified.errors import ConnectionFailed
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


def test_no_turn_is_too_full_when_others_come_later() -> None:
    async def run(gap: int) -> None:
        turns, turn, begun = LoopTurns(4), 0, Counter[int]()
        order: list[int] = []

        async def begin_in_turn(name: int) -> None:
            await begin(turns, name, order)
            begun[turn] += 1

        async def count_turns() -> None:
            nonlocal turn
            while True:
                turn += 1
                await asyncio.sleep(0)

        clock = asyncio.create_task(count_turns())
        tasks = [asyncio.create_task(begin_in_turn(name)) for name in range(9)]
        for _ in range(gap):
            await asyncio.sleep(0)
        tasks += [asyncio.create_task(begin_in_turn(name)) for name in range(9, 20)]
        await asyncio.wait_for(asyncio.gather(*tasks), 5)
        clock.cancel()
        assert order == list(range(20)), gap
        assert max(begun.values()) <= 4, gap

    for gap in range(8):
        asyncio.run(run(gap))


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


def test_closing_a_client_does_not_end_calls_that_wait_for_their_turn(server: Server) -> None:
    async def run() -> None:
        client = server.client(max_retries=0)
        calls = [asyncio.create_task(client.aconverse(**ASK)) for _ in range(50)]
        for _ in range(3):
            await asyncio.sleep(0)
        await client.aclose()
        ended = await asyncio.wait_for(asyncio.gather(*calls, return_exceptions=True), 5)
        cut_off = [outcome for outcome in ended if isinstance(outcome, ConnectionFailed)]
        answered = [outcome for outcome in ended if isinstance(outcome, dict)]
        assert len(cut_off) + len(answered) == 50
        assert answered[-1] is ended[-1]
        await client.aclose()

    asyncio.run(run())


def test_a_session_that_the_loop_closed_is_replaced(server: Server) -> None:
    async def run() -> None:
        async with server.client() as client:
            await client.aconverse(**ASK)
            await asyncio.get_running_loop().shutdown_asyncgens()
            answer = await asyncio.wait_for(client.aconverse(**ASK), 5)
            assert answer["stopReason"] == "end_turn"

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # asyncio says that it closes nothing any more
        asyncio.run(run())
