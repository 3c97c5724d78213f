"""One asking for all that wait: no identity is fetched twice at once, no failure waited for in line."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import CancelledError, Executor, Future
from functools import partial
from threading import Lock, Thread
from typing import Any, TypeVar

from ..errors import BedrockError

T = TypeVar("T")


class Once(Executor):
    """Runs one call at a time. Who comes meanwhile gets its result, or its error, each a copy.

    Without it a batch of 200 calls would ask a metadata service that hangs, or an STS that throttles, 200
    times one after the other.

    It is the executor of the calls of event loops, too: one thread for all of them, and not of the loop's own
    few, on which names are resolved, so that one tenant's source that hangs keeps nobody else waiting. The
    thread is a daemon: no program waits for it at its end.
    """

    def __init__(self) -> None:
        self._lock = Lock()  # never held while anything is asked
        self._asking = False
        self._joined: list[Future[Any]] = []  # threads that wait for the one that asks
        self._awaited: list[Future[Any]] = []  # the same of event loops

    @property
    def asking(self) -> bool:
        """Whether a call is under way."""
        return self._asking

    def run(self, call: Callable[[], T]) -> T:
        """Its result, or that of the call that is under way already.

        Raises:
            BaseException: what the call raises.
        """
        while True:
            joined: Future[T] = Future()
            with self._lock:
                leads, self._asking = not self._asking, True
                if not leads:
                    self._joined.append(joined)
            if leads:
                return self._lead(call)
            try:
                return joined.result()
            except CancelledError:  # whoever asked was interrupted
                continue

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """The same on a thread of its own; ``fn`` is what ends in :meth:`run`."""
        future: Future[Any] = Future()
        future.set_running_or_notify_cancel()  # one waiting task that is cancelled takes it from no other
        with self._lock:
            self._awaited.append(future)
            first = len(self._awaited) == 1
        if first:
            try:
                work = partial(self._serve, partial(fn, *args, **kwargs))
                Thread(target=work, name="aws-credentials", daemon=True).start()
            except RuntimeError as error:  # no thread can be started
                self._give(self._taken_awaited(), error=error)
        return future

    def _lead(self, call: Callable[[], T]) -> T:
        try:
            result = call()
        except Exception as error:
            self._give(self._taken_joined(), error=error)
            raise
        except BaseException:  # interrupted: the next one asks
            for waiting in self._taken_joined():
                waiting.cancel()
            raise
        self._give(self._taken_joined(), result=result)
        return result

    def _serve(self, call: Callable[[], Any]) -> None:
        try:
            result = call()
        except BaseException as error:  # of the tasks that wait, not of this thread
            self._give(self._taken_awaited(), error=error)
        else:
            self._give(self._taken_awaited(), result=result)

    def _taken_joined(self) -> list[Future[Any]]:
        with self._lock:
            self._asking = False
            taken, self._joined = self._joined, []
        return taken

    def _taken_awaited(self) -> list[Future[Any]]:
        with self._lock:
            taken, self._awaited = self._awaited, []
        return taken

    @staticmethod
    def _give(waiting: list[Future[Any]], *, result: Any = None, error: BaseException | None = None) -> None:
        for future in waiting:
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(_copied(error))


def _copied(error: BaseException) -> BaseException:
    """The error for one more that waits: raised, each has a traceback of its own."""
    if not isinstance(error, BedrockError):
        return error
    copy = type(error)(error.message, **error.details())
    copy.__cause__ = error.__cause__
    copy.__suppress_context__ = True
    return copy
