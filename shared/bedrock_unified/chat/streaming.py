"""Streams that are not ConverseStream's own bytes: native chunks, whole answers, names on their way back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ..converse.events import Event, EventParser
from ..converse.reducer import StreamReducer
from ..wire import json_codec
from ..wire.eventstream import FrameError
from ..wire.failure import InStreamFailure
from ..wire.http import FailureKind, TransportError

if TYPE_CHECKING:
    from ..invoke.families import EventMaker

_UNREADABLE = (ValueError, TypeError, KeyError, AttributeError)


class Rewritten(EventParser):
    """Another parser's events, each turned into Converse events as it passes.

    Args:
        inner: the parser of the bytes that come.
        rewrite: an event's Converse events.
        last: those that are due when the bytes are over; asked once.
    """

    __slots__ = ("_ended", "_inner", "_last", "_rewrite", "reducer")

    def __init__(
        self,
        inner: EventParser,
        rewrite: Callable[[Event], list[Event]],
        last: Callable[[], list[Event]] = list,
    ) -> None:
        super().__init__()
        self._inner = inner
        self._rewrite = rewrite
        self._last = last
        self._ended = False
        self.reducer = StreamReducer()

    def feed(self, data: Any) -> list[Event]:
        events: list[Event] = []
        for event in self._inner.feed(data):
            try:
                events += self._rewrite(event)
            except InStreamFailure as failure:
                self._error = failure
                break
            except _UNREADABLE as error:
                self._error = FrameError(f"a chunk of the model's cannot be read: {error!r}")
                break
        self._take(events)
        if not events:
            self.check()
        return events

    def check(self) -> None:
        if self._error is not None:
            raise self._error
        self._inner.check()

    def end(self) -> list[Event]:
        if self._ended:
            return []
        self._ended = True
        self.check()
        rest = [made for event in self._inner.end() for made in self._rewrite(event)]
        events = [*rest, *self._last()]
        self._take(events)
        if not self.reducer.finished:
            raise TransportError(FailureKind.CLOSED, "the stream ended without messageStop")
        return events

    def joined(self) -> StreamReducer:
        return self.reducer

    def partial(self) -> dict[str, Any] | None:
        try:
            return self.reducer.response()
        except _UNREADABLE:
            return None  # deltas of no known form: the failure that is being told matters more

    def _take(self, events: list[Event]) -> None:
        for event in events:
            self.reducer.feed(event)


def native(inner: EventParser, maker: EventMaker, headers: Mapping[str, str]) -> Rewritten:
    """The chunks of InvokeModelWithResponseStream as Converse events.

    Args:
        headers: the answer's, which tell the service tier and the latency's kind as a whole answer's do.
    """
    from ..invoke.common import Told

    service = Told.in_headers(headers).service

    def served(events: list[Event]) -> list[Event]:
        for event in events if service else ():
            if "metadata" in event:
                event["metadata"].update(service)
        return events

    def rewrite(event: Event) -> list[Event]:
        chunk = event.get("chunk")
        if chunk is None:
            return []
        return served(maker.feed(json_codec.loads(chunk["bytes"])))

    return Rewritten(inner, rewrite, lambda: served(maker.end()))


def rewritten(inner: EventParser, rewrite: Callable[[Event], Event]) -> Rewritten:
    """A stream with each event rewritten on its way: tool names restored, a guardrail's trace redacted."""
    return Rewritten(inner, lambda event: [rewrite(event)])


class Told(EventParser):
    """A whole answer's events, which have all come."""

    __slots__ = ("reducer",)

    def __init__(self, events: list[Event]) -> None:
        super().__init__()
        self.reducer = StreamReducer()
        for event in events:
            self.reducer.feed(event)

    def feed(self, data: Any) -> list[Event]:
        return []

    def check(self) -> None:
        """Nothing can go wrong any more."""

    def end(self) -> list[Event]:
        return []

    def joined(self) -> StreamReducer:
        return self.reducer

    def partial(self) -> dict[str, Any] | None:
        return self.reducer.response()


class Over:
    """The bytes of a stream that is over before it is read."""

    def read(self) -> bytes:
        """No bytes."""
        return b""

    def close(self) -> None:
        """Nothing is open."""


class AsyncOver:
    """The same for an event loop."""

    async def read(self) -> bytes:
        """No bytes."""
        return b""

    def close(self) -> None:
        """Nothing is open."""
