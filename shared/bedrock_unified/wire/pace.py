"""A limit of requests a minute, without sockets and without sleeping: it says how long to wait."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock


class Pace:
    """A bucket that holds a minute's requests and fills evenly; one for a client, shared by its threads.

    After a quiet minute as many as a minute has may go at once, then one every ``60 / limit`` seconds.

    Args:
        limit: requests a minute.
        clock: seconds, from any beginning.
    """

    __slots__ = ("_clock", "_held", "_limit", "_lock", "_then")

    def __init__(self, limit: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._clock = clock
        self._held = float(limit)
        self._then = clock()
        self._lock = Lock()

    def wait(self) -> float:
        """Take a place; the seconds until its turn comes, 0 for now."""
        with self._lock:
            now = self._clock()
            self._held = min(self._limit, self._held + (now - self._then) * self._limit / 60)
            self._then = now
            self._held -= 1
            return max(0.0, -self._held * 60 / self._limit)

    def give_back(self) -> None:
        """A place that was taken is not needed."""
        with self._lock:
            self._held += 1
