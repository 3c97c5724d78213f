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

    __slots__ = ("_begun", "_full", "_in_one", "_let_in", "_waiting")

    def __init__(self, in_one: int) -> None:
        self._in_one = in_one
        #: How many have begun since a turn was last full.
        self._begun = 0
        #: Whether newcomers wait: this turn is full, or others came before them.
        self._full = False
        #: How many of those who waited begin in this turn.
        self._let_in = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    def take(self) -> asyncio.Future[None] | None:
        """None for whoever may begin now, else what to await before."""
        loop = asyncio.get_running_loop()
        if self._full:
            waiting = loop.create_future()
            self._waiting.append(waiting)
            return waiting
        self._begun += 1
        if self._begun == self._in_one:
            self._full = True
            loop.call_soon(self._next)
        return None

    def _next(self) -> None:
        """Let in those who begin in the turn after this one."""
        beginning, self._let_in = self._let_in, 0
        while self._waiting and self._let_in < self._in_one:
            waiting = self._waiting.popleft()
            if not waiting.done():  # else it was cancelled
                waiting.set_result(None)
                self._let_in += 1
        if self._let_in or beginning == self._in_one:
            asyncio.get_running_loop().call_soon(self._next)
        else:
            self._begun, self._full = beginning, False
