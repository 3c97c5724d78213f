"""Doing the same for many things at once, a bounded number at a time, in order."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from threading import Lock
from typing import Any, TypeVar, cast

T = TypeVar("T")
R = TypeVar("R")
S = TypeVar("S")


def _as_it_is(thing: Any, result: Any) -> Any:
    return result


class _Turns:
    """Hands out positions, and stops at the first failure.

    The one who fails says so itself, before it lets anybody else run: a coordinator that is woken up to
    cancel the rest comes late, because each worker takes its next turn in the meantime.
    """

    def __init__(self, count: int) -> None:
        self._left = iter(range(count))
        self._lock = Lock()
        self.failure: BaseException | None = None

    def __iter__(self) -> Iterator[int]:
        while True:
            with self._lock:
                position = None if self.failure is not None else next(self._left, None)
            if position is None:
                return
            yield position

    def fail(self, error: BaseException) -> None:
        """No further turns."""
        with self._lock:
            if self.failure is None:
                self.failure = error


def gather(
    work: Callable[[T], R],
    things: Sequence[T],
    concurrency: int,
    then: Callable[[T, R], S] = _as_it_is,
) -> list[S]:
    """The results, in order, worked out on threads.

    After a failure nothing further is begun, what is under way ends, and the first failure is raised. Who is
    interrupted waits for nothing, and neither does the end of the process.

    Args:
        then: what becomes of a result, done on the caller's thread as the results come. Large lists are best
            made there: memory that a thread of ours frees goes back to the system, and is to be had again.
    """
    if len(things) < 2 or concurrency < 2:
        return [then(thing, work(thing)) for thing in things]
    from contextvars import copy_context
    from queue import SimpleQueue
    from threading import Thread

    turns = _Turns(len(things))
    arrived: SimpleQueue[tuple[int, R] | None] = SimpleQueue()
    results: list[S | None] = [None] * len(things)

    def run() -> None:
        for position in turns:
            try:
                arrived.put((position, work(things[position])))
            except BaseException as error:
                turns.fail(error)
        arrived.put(None)

    workers = min(concurrency, len(things))
    # What the caller's context holds (a trace, a callback) the work finds, too; each thread needs a copy.
    threads = [
        Thread(target=copy_context().run, args=(run,), name=f"bedrock-unified-embed-{number}", daemon=True)
        for number in range(workers)
    ]
    try:
        for thread in threads:
            thread.start()
        while workers and turns.failure is None:
            if (one := arrived.get()) is None:
                workers -= 1
                continue
            position, result = one
            try:
                results[position] = then(things[position], result)
            except Exception as error:
                turns.fail(error)
        for thread in threads:
            thread.join()
    except BaseException as error:  # interrupted while waiting: what is under way ends by itself
        turns.fail(error)
        raise
    if turns.failure is not None:
        raise turns.failure
    return cast("list[S]", results)


async def agather(work: Callable[[T], Awaitable[R]], things: Sequence[T], concurrency: int) -> list[R]:
    """The results, in order, worked out on the event loop; the first failure cancels what is under way."""
    if len(things) < 2:
        return [await work(thing) for thing in things]
    import asyncio

    turns = _Turns(len(things))
    results: list[R | None] = [None] * len(things)

    async def run() -> None:
        for position in turns:
            try:
                results[position] = await work(things[position])
            except BaseException as error:
                turns.fail(error)
                raise

    tasks = [asyncio.ensure_future(run()) for _ in range(min(concurrency, len(things)))]
    try:
        await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
    return cast("list[R]", results)
