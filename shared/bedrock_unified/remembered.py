"""An answer that is asked for once and remembered for a while, for many askers at a time."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from threading import Event, Lock
from typing import TYPE_CHECKING, Generic, TypeVar
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Future

T = TypeVar("T")


class _Flight(Generic[T]):
    """A question that is being asked: then its answer or its error; neither where the asker was stopped."""

    __slots__ = ("answer", "done", "error")

    def __init__(self) -> None:
        self.done = Event()
        self.answer: T | None = None
        self.error: Exception | None = None


class Remembered(Generic[T]):
    """One answer, its age, and who is asking for it now. An answer is never None.

    Many threads that ask at once wait for the one that began, and so do many tasks of an event loop. A thread
    never waits for a task, nor a task for one of another loop: that loop may be waiting for the thread.
    """

    def __init__(self) -> None:
        self._held: tuple[float, T] | None = None
        self.forget_askers()

    def forget_askers(self) -> None:
        """In a forked child nobody is asking any more; what is remembered stays true."""
        self._lock = Lock()
        self._thread: _Flight[T] | None = None
        self._tasks: WeakKeyDictionary[AbstractEventLoop, tuple[_Flight[T], Future[None]]]
        self._tasks = WeakKeyDictionary()

    def held(self, max_age: float) -> T | None:
        """What is remembered, if it is not older than so many seconds."""
        held = self._held
        return held[1] if held is not None and time.monotonic() - held[0] < max_age else None

    def put(self, answer: T, asked: float | None = None) -> None:
        """Remember an answer, or what was learned otherwise, unless a later question was answered before.

        Args:
            asked: when, by :func:`time.monotonic`; default now. Its age counts from then.
        """
        asked = time.monotonic() if asked is None else asked
        with self._lock:
            if self._held is None or self._held[0] <= asked:
                self._held = (asked, answer)

    def get(self, ask: Callable[[], T], max_age: float, *, refresh: bool = False) -> T:
        """What is remembered, else what ``ask`` answers.

        Args:
            max_age: seconds that an answer is good for; 0 asks in any case.
            refresh: ask anew, not waiting for an answer that somebody asked for earlier.

        Raises:
            Exception: what ``ask`` raises, to all who were waiting; it is not remembered.
        """
        anew = refresh or max_age <= 0
        while True:
            with self._lock:
                if not anew and (held := self.held(max_age)) is not None:
                    return held
                flight = None if anew else self._thread
                if flight is None:
                    flight = self._thread = _Flight()
                    break
            flight.done.wait()
            if flight.answer is not None:
                return flight.answer
            if flight.error is not None:
                raise flight.error
        asked = time.monotonic()
        try:
            flight.answer = ask()
            self.put(flight.answer, asked)
            return flight.answer
        except Exception as error:
            flight.error = error
            raise
        finally:
            with self._lock:
                if self._thread is flight:
                    self._thread = None
            flight.done.set()

    async def aget(self, ask: Callable[[], Awaitable[T]], max_age: float, *, refresh: bool = False) -> T:
        """The asynchronous :meth:`get`. Cancelling the one that asks lets another of the waiting ask."""
        from asyncio import get_running_loop, shield

        loop = get_running_loop()
        anew = refresh or max_age <= 0
        while True:
            with self._lock:
                if not anew and (held := self.held(max_age)) is not None:
                    return held
                asking = None if anew else self._tasks.get(loop)
                if asking is None:
                    flight, done = self._tasks[loop] = (_Flight[T](), loop.create_future())
                    break
            flight, done = asking
            await shield(done)
            if flight.answer is not None:
                return flight.answer
            if flight.error is not None:
                raise flight.error
        asked = time.monotonic()
        try:
            flight.answer = await ask()
            self.put(flight.answer, asked)
            return flight.answer
        except Exception as error:
            flight.error = error
            raise
        finally:
            with self._lock:
                if self._tasks.get(loop) == (flight, done):
                    del self._tasks[loop]
            done.set_result(None)
