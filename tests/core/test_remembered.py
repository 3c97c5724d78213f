"""One answer for many askers: threads, tasks, several loops; and when it is asked for anew."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from bedrock_unified.remembered import Remembered

HOUR = 3600.0


class Asked:
    """Counts how often it was asked; answers after a moment, or when it is let go."""

    def __init__(self, seconds: float = 0.05) -> None:
        self.times = 0
        self.seconds = seconds
        self.fails: Exception | None = None
        self._lock = threading.Lock()

    def _one(self) -> int:
        with self._lock:
            self.times += 1
            return self.times

    def __call__(self) -> int:
        number = self._one()
        time.sleep(self.seconds)
        if self.fails is not None:
            raise self.fails
        return number

    async def aask(self) -> int:
        number = self._one()
        await asyncio.sleep(self.seconds)
        if self.fails is not None:
            raise self.fails
        return number


def test_many_threads_ask_once() -> None:
    memory: Remembered[int] = Remembered()
    ask = Asked()
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: memory.get(ask, HOUR), range(60)))
    assert answers == [1] * 60 and ask.times == 1


async def test_many_tasks_ask_once() -> None:
    memory: Remembered[int] = Remembered()
    ask = Asked()
    assert await asyncio.gather(*(memory.aget(ask.aask, HOUR) for _ in range(60))) == [1] * 60
    assert ask.times == 1


async def test_threads_and_tasks_share_what_is_remembered() -> None:
    memory: Remembered[int] = Remembered()
    ask = Asked()
    assert await memory.aget(ask.aask, HOUR) == 1
    assert memory.get(ask, HOUR) == 1
    assert ask.times == 1


def test_an_answer_lives_so_long_and_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    memory: Remembered[int] = Remembered()
    ask = Asked(0)
    now = time.monotonic()
    monkeypatch.setattr("bedrock_unified.remembered.time.monotonic", lambda: now)
    assert memory.get(ask, 10) == 1
    now += 9.9
    assert memory.get(ask, 10) == 1
    now += 0.1
    assert memory.held(10) is None
    assert memory.get(ask, 10) == 2


def test_no_time_at_all_asks_every_time_and_so_does_refresh() -> None:
    memory: Remembered[int] = Remembered()
    ask = Asked(0)
    assert [memory.get(ask, 0), memory.get(ask, 0)] == [1, 2]
    assert memory.get(ask, HOUR) == 2
    assert memory.get(ask, HOUR, refresh=True) == 3
    assert memory.get(ask, HOUR) == 3


def test_a_slow_answer_does_not_replace_that_to_a_later_question() -> None:
    memory: Remembered[str] = Remembered()
    began, go = threading.Event(), threading.Event()

    def slow() -> str:
        began.set()
        go.wait(5)
        return "older"

    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(memory.get, slow, HOUR)
        began.wait(5)
        assert memory.get(lambda: "newer", HOUR, refresh=True) == "newer"
        go.set()
        assert asking.result() == "older"
    assert memory.held(HOUR) == "newer"


async def test_a_slow_task_does_not_replace_it_either() -> None:
    memory: Remembered[str] = Remembered()

    async def slow() -> str:
        await asyncio.sleep(0.05)
        return "older"

    asking = asyncio.create_task(memory.aget(slow, HOUR))
    await asyncio.sleep(0.01)
    assert memory.get(lambda: "newer", HOUR) == "newer"
    assert await asking == "older"
    assert memory.held(HOUR) == "newer"


def test_the_age_of_an_answer_counts_from_its_question(monkeypatch: pytest.MonkeyPatch) -> None:
    memory: Remembered[int] = Remembered()
    now = time.monotonic()
    monkeypatch.setattr("bedrock_unified.remembered.time.monotonic", lambda: now)

    def slow() -> int:
        nonlocal now
        now += 8
        return 1

    assert memory.get(slow, 10) == 1
    now += 3
    assert memory.held(10) is None


def test_a_failure_is_told_to_all_who_waited_and_not_remembered() -> None:
    memory: Remembered[int] = Remembered()
    ask = Asked()
    ask.fails = ValueError("no")

    def one(_: int) -> str:
        try:
            return str(memory.get(ask, HOUR))
        except ValueError as error:
            return str(error)

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(one, range(8))) == {"no"}
    assert ask.times == 1
    ask.fails = None
    assert memory.get(ask, HOUR) == 2


async def test_a_failure_is_told_to_all_tasks_that_waited() -> None:
    memory: Remembered[int] = Remembered()
    ask = Asked()
    ask.fails = ValueError("no")
    told = await asyncio.gather(*(memory.aget(ask.aask, HOUR) for _ in range(8)), return_exceptions=True)
    assert {str(one) for one in told} == {"no"} and ask.times == 1


async def test_when_the_one_that_asks_is_cancelled_another_asks() -> None:
    memory: Remembered[int] = Remembered()
    ask = Asked()
    first = asyncio.create_task(memory.aget(ask.aask, HOUR))
    await asyncio.sleep(0.01)
    others = [asyncio.create_task(memory.aget(ask.aask, HOUR)) for _ in range(5)]
    await asyncio.sleep(0.01)
    first.cancel()
    assert await asyncio.gather(*others) == [2] * 5
    assert first.cancelled() and ask.times == 2


async def test_one_that_waits_may_be_cancelled_without_harm_to_the_others() -> None:
    memory: Remembered[int] = Remembered()
    ask = Asked()
    tasks = [asyncio.create_task(memory.aget(ask.aask, HOUR)) for _ in range(4)]
    await asyncio.sleep(0.01)
    tasks[2].cancel()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert answers[0] == answers[1] == answers[3] == 1
    assert isinstance(answers[2], asyncio.CancelledError) and ask.times == 1


async def test_a_thread_does_not_wait_for_a_task_whose_loop_it_holds_up() -> None:
    memory: Remembered[int] = Remembered()
    ask = Asked()
    task = asyncio.create_task(memory.aget(ask.aask, HOUR))
    await asyncio.sleep(0.01)
    assert memory.get(ask, HOUR) == 2  # on the loop's own thread: the task cannot go on meanwhile
    assert await task == 1


async def test_a_loop_does_not_wait_for_a_task_of_a_loop_that_waits_for_it() -> None:
    memory: Remembered[int] = Remembered()
    ask = Asked()
    task = asyncio.create_task(memory.aget(ask.aask, HOUR))
    await asyncio.sleep(0.01)
    answers: list[int] = []
    other = threading.Thread(target=lambda: answers.append(asyncio.run(memory.aget(ask.aask, HOUR))))
    other.start()
    other.join(5)  # this loop stands still until the other is done
    assert answers == [2]
    assert await task == 1


def test_an_interrupted_thread_leaves_nobody_waiting() -> None:
    memory: Remembered[int] = Remembered()
    began = threading.Event()
    go = threading.Event()

    def interrupted() -> Any:
        began.set()
        go.wait(5)
        raise KeyboardInterrupt

    def first() -> None:
        with pytest.raises(KeyboardInterrupt):
            memory.get(interrupted, HOUR)

    answers: list[int] = []
    threads = [threading.Thread(target=first)]
    threads[0].start()
    began.wait(5)
    threads.append(threading.Thread(target=lambda: answers.append(memory.get(Asked(0), HOUR))))
    threads[1].start()
    time.sleep(0.02)
    go.set()
    for thread in threads:
        thread.join(5)
    assert answers == [1]


def test_a_forked_child_keeps_the_answer_and_waits_for_nobody() -> None:
    memory: Remembered[int] = Remembered()
    ask = Asked(0)
    memory.get(ask, HOUR)
    memory._lock.acquire()  # as if another thread had held it when the process forked
    memory.forget_askers()
    assert memory.get(ask, HOUR) == 1
    assert memory.get(ask, HOUR, refresh=True) == 2
