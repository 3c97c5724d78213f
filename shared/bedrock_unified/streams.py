"""Open streams of events, for ``for`` and for ``async for``."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from types import TracebackType
from typing import Any, Self

from .converse.events import Event, EventParser
from .errors import BedrockError
from .failures import ErrorMaker
from .flow import Opened, metadata
from .observing import Watch
from .wire.eventstream import FrameError
from .wire.failure import InStreamFailure
from .wire.http import FailureKind, TransportError
from .wire.operations import Operation

#: Judges a whole response at the end of its stream; may raise.
Finish = Callable[[dict[str, Any]], object]


class _Stream:
    """What both kinds of stream share."""

    def __init__(
        self,
        opened: Opened,
        operation: Operation,
        model_id: str | None,
        errors: ErrorMaker,
        watch: Watch | None = None,
        finish: Finish | None = None,
    ) -> None:
        self._finish = finish
        self._opened = opened
        self._operation = operation
        self._model_id = model_id
        self._errors = errors
        self._watch = watch
        #: botocore's ``ResponseMetadata``: request id, status, headers, retries.
        self.response_metadata: dict[str, Any] = dict(metadata(opened.response, opened.retries))
        #: Response headers by lower-case name.
        self.headers = opened.response.headers

    @property
    def response(self) -> dict[str, Any]:
        """The Converse response so far, in the shape of the unary call; whole after the last event."""
        reducer = self._opened.parser.joined()
        if reducer is None:
            raise TypeError(f"{self._operation.name} streams raw chunks, which do not add up to a response")
        return {**reducer.response(), "ResponseMetadata": self.response_metadata}

    def _tell(self) -> None:
        """Tell the observers, once: at the end, or when the stream is closed before it."""
        watch, self._watch = self._watch, None
        if watch is not None:
            whole = self._opened.parser.joined() is not None
            watch.finished(self.response if whole else {"ResponseMetadata": self.response_metadata})

    def _ended(self) -> list[Event]:
        """The bytes are over: the last events, unless the answer is an error to the caller."""
        events = self._opened.parser.end()
        finish, self._finish = self._finish, None
        if finish is not None:
            finish(self.response)
        return events

    def _error(self, failure: Exception) -> BedrockError:
        error = self._explained(failure)
        watch, self._watch = self._watch, None
        if watch is not None:
            watch.failed(error)
        return error

    def _explained(self, failure: Exception) -> BedrockError:
        parser = self._opened.parser
        if isinstance(failure, InStreamFailure):
            answer = self._errors.in_stream(failure, self.headers)
            return self._errors.answered(
                answer,
                self._operation,
                self._model_id,
                secrets=self._opened.secrets,
                partial=parser.partial(),
            )
        if isinstance(failure, FrameError):
            failure = TransportError(FailureKind.CORRUPT, str(failure))
        assert isinstance(failure, TransportError)
        return self._errors.unanswered(
            failure,
            self._operation,
            self._model_id,
            request_id=self.headers.get("x-amzn-requestid"),
            partial=parser.partial(),
            began=True,
        )


class EventStream(_Stream):
    """The events of one streaming call, as ``{name: members}``; iterate it once.

    Closing it early, or leaving its ``with`` block, closes the connection and stops the reading.

    Raises (while iterating):
        StreamInterrupted: the connection broke or the bytes were corrupt; ``partial`` has what came.
        BedrockError: by the exception frame that AWS sent; ``partial`` has what came.
    """

    def __iter__(self) -> Iterator[Event]:
        try:
            while events := self.read():
                yield from events
        finally:
            self.close()

    def read(self) -> list[Event]:
        """The events that the next bytes complete, ``[]`` at the end: iteration, a read at a time."""
        opened = self._opened
        parser: EventParser = opened.parser
        stream: Any = opened.stream
        events, opened.events = opened.events, []
        try:
            while not events:
                parser.check()
                data: bytes = stream.read()
                if not data:
                    events = self._ended()
                    break
                events = parser.feed(data)
        except (TransportError, FrameError, InStreamFailure) as failure:
            error = self._error(failure)
            self.close()
            raise error from failure
        except BedrockError:
            self.close()
            raise
        return events

    def close(self) -> None:
        """Close the connection unless the stream was read to its end."""
        self._opened.stream.close()
        self._tell()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()


class AsyncEventStream(_Stream):
    """Like :class:`EventStream`, for ``async for`` and ``async with``."""

    async def __aiter__(self) -> AsyncIterator[Event]:
        try:
            while events := await self.read():
                for event in events:
                    yield event
        finally:
            self.close()

    async def read(self) -> list[Event]:
        """The events that the next bytes complete, ``[]`` at the end: iteration, a read at a time."""
        opened = self._opened
        parser: EventParser = opened.parser
        stream: Any = opened.stream
        events, opened.events = opened.events, []
        try:
            while not events:
                parser.check()
                data: bytes = await stream.read()
                if not data:
                    events = self._ended()
                    break
                events = parser.feed(data)
        except (TransportError, FrameError, InStreamFailure) as failure:
            error = self._error(failure)
            self.close()
            raise error from failure
        except BedrockError:
            self.close()
            raise
        return events

    def close(self) -> None:
        """Close the connection unless the stream was read to its end; it needs no awaiting."""
        self._opened.stream.close()
        self._tell()

    async def aclose(self) -> None:
        """The same as :meth:`close`, under the name that asynchronous iterators use."""
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()
