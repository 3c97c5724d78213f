"""Turns of an event loop, shared out among those who want to begin something."""

from __future__ import annotations

import asyncio
from collections import deque


class LoopTurns:
    """Lets ``in_one`` callers begin in each turn of the running event loop, in their order, and no more.

    Of a thousand calls that start together, asyncio would prepare, connect and write each before it looks at
    any answer: the first leaves when the last is ready, and nobody else has the loop until then. In turns,
    requests leave while others are still being made, and a connection whose answer is there serves the next
    call instead of a new one. What waits here waits for the loop to come round, never for the network.
    """

    __slots__ = ("_begun", "_in_one", "_waiting")

    def __init__(self, in_one: int) -> None:
        self._in_one = in_one
        self._begun = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    def take(self) -> asyncio.Future[None] | None:
        """None for whoever may begin now, else what to await before."""
        if self._begun < self._in_one:
            self._count()
            return None
        waiting = asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        return waiting

    def _count(self) -> None:
        self._begun += 1
        if self._begun == self._in_one:
            asyncio.get_running_loop().call_soon(self._next)

    def _next(self) -> None:
        self._begun = 0
        while self._waiting and self._begun < self._in_one:
            waiting = self._waiting.popleft()
            if not waiting.done():  # else it was cancelled
                self._count()
                waiting.set_result(None)
