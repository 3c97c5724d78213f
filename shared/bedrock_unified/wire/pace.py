"""A limit of requests a minute, without sockets and without sleeping: a flow says how long to wait."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock

from .http import FailureKind, Flow, Sleep, TransportError


class Pace:
    """A bucket that holds a minute's requests and fills evenly; one for a client, shared by its threads.

    After a quiet minute as many as a minute has may go at once, then one every ``60 / limit`` seconds.

    Args:
        limit: requests a minute.
        clock: seconds, from any beginning.
    """

    __slots__ = ("_clock", "_held", "_last", "_left", "_limit", "_lock", "_then")

    def __init__(self, limit: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._clock = clock
        self._held = float(limit)
        self._then = clock()
        #: Places are numbered; those that were left while others waited behind them.
        self._last = 0
        self._left: set[int] = set()
        self._lock = Lock()

    def wait(self) -> float:
        """Take a place; the seconds until its turn comes, 0 for now."""
        return self._take()[0]

    def turn(self, deadline: float | None = None) -> Flow[None]:
        """Take a place, and wait until its turn comes. Who gives up meanwhile leaves it.

        Args:
            deadline: when waiting would be of no use any more, by :func:`time.monotonic`.

        Raises:
            TransportError: the turn would come later than that.
        """
        seconds, place = self._take()
        if deadline is not None and time.monotonic() + seconds >= deadline:
            self.give_back(place)
            raise TransportError(
                FailureKind.TOTAL_TIMEOUT,
                f"requests_per_minute={self._limit:g} were sent already, and the turn of this one comes in "
                f"{seconds:.0f} s",
            )
        if not seconds:
            return
        try:
            yield Sleep(seconds)
        except BaseException:
            self.give_back(place)
            raise

    def give_back(self, place: int | None = None) -> None:
        """A place that was taken is not needed; None for the last one.

        It goes to the next that comes, once nobody waits behind it any more: those have been told their turn,
        and one more among them would be more than the limit.
        """
        with self._lock:
            self._left.add(self._last if place is None else place)
            while self._last in self._left:
                self._left.remove(self._last)
                self._last -= 1
                self._held += 1
            if len(self._left) > max(0.0, -self._held):  # the turn of some of them has passed
                self._left = {left for left in self._left if left > self._last + self._held}

    def anew(self) -> Pace:
        """Another one of the same limit, for a forked child."""
        return Pace(self._limit, self._clock)

    def _take(self) -> tuple[float, int]:
        with self._lock:
            now = self._clock()
            self._held = min(self._limit, self._held + (now - self._then) * self._limit / 60)
            self._then = now
            self._held -= 1
            self._last += 1
            return max(0.0, -self._held * 60 / self._limit), self._last
