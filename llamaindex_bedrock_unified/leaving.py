"""Streams whose connection closes when they are left.

LlamaIndex wraps each stream in a generator of its own, which does not close ours: that is left to the garbage
collector, and a callback handler that keeps what it is told (``LlamaDebugHandler``) keeps ours alive through
the exception's traceback. Tokens would then be read, and paid, to the end. So the outermost object is one of
these, and it knows the connection.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator
from contextvars import ContextVar
from functools import wraps
from types import TracebackType
from typing import Any, Generic, TypeVar, cast

from bedrock_unified.streams import AsyncEventStream, EventStream

_T = TypeVar("_T")
_Method = TypeVar("_Method", bound=Callable[..., Any])
_Raised = type[BaseException] | BaseException
_opened: ContextVar[list[EventStream | AsyncEventStream] | None] = ContextVar("opened streams", default=None)


def opened(stream: EventStream | AsyncEventStream) -> None:
    """Tell the method around this call which connection its stream stands on."""
    streams = _opened.get()
    if streams is not None:
        streams.append(stream)


def closes_when_left(method: _Method) -> _Method:
    """The method, its stream closing its connection on ``close()`` and when it is dropped."""

    @wraps(method)
    def streaming(*args: Any, **kwargs: Any) -> Generator[Any, None, None]:
        streams: list[EventStream | AsyncEventStream] = []
        token = _opened.set(streams)
        try:
            responses = method(*args, **kwargs)
        finally:
            _opened.reset(token)
        return Responses(responses, streams[0].close)

    return cast(_Method, streaming)


def acloses_when_left(method: _Method) -> _Method:
    """The same for an asynchronous method, and ``aclose()``."""

    @wraps(method)
    async def streaming(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, None]:
        streams: list[EventStream | AsyncEventStream] = []
        token = _opened.set(streams)
        try:
            responses = await method(*args, **kwargs)
        finally:
            _opened.reset(token)
        return AsyncResponses(responses, streams[0].close)

    return cast(_Method, streaming)


class Responses(Generator[_T, None, None], Generic[_T]):
    """A generator of responses on a connection."""

    def __init__(self, inner: Generator[_T, None, None], release: Callable[[], None]) -> None:
        self._inner = inner
        self._release = release

    def __next__(self) -> _T:
        return next(self._inner)

    def send(self, value: None) -> _T:
        """See :meth:`generator.send`."""
        return self._inner.send(value)

    def throw(self, typ: Any, val: Any = None, tb: TracebackType | None = None) -> _T:
        """See :meth:`generator.throw`."""
        return self._inner.throw(_exception(typ, val, tb))

    def close(self) -> None:
        """End the stream and close its connection, unless it was read to its end."""
        try:
            self._inner.close()
        finally:
            self._release()

    def __del__(self) -> None:
        self._release()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("gi_"):  # by these, observers such as OpenInference tell whether a stream goes on
            return getattr(self._inner, name)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")


class AsyncResponses(AsyncGenerator[_T, None], Generic[_T]):
    """An asynchronous generator of responses on a connection."""

    def __init__(self, inner: AsyncGenerator[_T, None], release: Callable[[], None]) -> None:
        self._inner = inner
        self._release = release

    def __anext__(self) -> Any:
        return self._inner.__anext__()

    def asend(self, value: None) -> Any:
        """See :meth:`agen.asend`."""
        return self._inner.asend(value)

    def athrow(self, typ: Any, val: Any = None, tb: TracebackType | None = None) -> Any:
        """See :meth:`agen.athrow`."""
        return self._inner.athrow(_exception(typ, val, tb))

    async def aclose(self) -> None:
        """End the stream and close its connection, unless it was read to its end."""
        try:
            await self._inner.aclose()
        finally:
            self._release()

    def __del__(self) -> None:
        self._release()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("ag_"):
            return getattr(self._inner, name)
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")


def _exception(kind: _Raised, value: Any, traceback: TracebackType | None) -> BaseException:
    """The exception behind the three arguments that generators used to take."""
    error = value
    if error is None:
        error = kind if isinstance(kind, BaseException) else kind()
    return error.with_traceback(traceback) if traceback is not None else error
