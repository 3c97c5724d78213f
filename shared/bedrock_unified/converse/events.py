"""Event-stream bytes to events: the parsers behind every streaming call, sync or async."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable
from typing import Any

from ..wire import json_codec
from ..wire.eventstream import Frame, FrameDecoder, FrameError
from ..wire.failure import in_stream_failure
from ..wire.http import FailureKind, TransportError
from .blobs import decode_delta
from .reducer import StreamReducer

Event = dict[str, Any]
# Deltas of text and small numbers; others (a tool result's JSON) may hold numbers of any size.
_SMALL = frozenset({"citation", "image", "reasoningContent", "text", "toolUse"})
_UNREADABLE = (ValueError, TypeError, KeyError, AttributeError)


def _unreadable(name: str, error: Exception) -> FrameError:
    return FrameError(f"the payload of a {name} event cannot be read: {error!r}")


class EventParser:
    """Bytes in, events out, as ``{event name: members}``.

    A fault never swallows the events before it: :meth:`feed` returns those, then :meth:`check` raises.
    """

    __slots__ = ("_decoder", "_error")

    def __init__(self) -> None:
        self._decoder = FrameDecoder()
        self._error: Exception | None = None

    def feed(self, data: bytes) -> list[Event]:
        """The events that these bytes complete.

        Raises:
            FrameError: corrupt bytes.
            InStreamFailure: an exception or error frame.
        """
        events: list[Event] = []
        for frame in self._decoder.feed(data):
            if frame[0].event_type is None:
                self._error = in_stream_failure(frame)
                break
            try:
                events.append(self._event(frame))
            except _UNREADABLE as error:
                self._error = _unreadable(frame[0].event_type, error)
                break
        if not events:
            self.check()
        return events

    def check(self) -> None:
        """Raise what went wrong behind the events that were returned."""
        error = self._error or self._decoder.error
        if error is not None:
            raise error

    def end(self) -> None:
        """The bytes are over.

        Raises:
            TransportError: they ended too early.
        """
        self.check()
        if not self._decoder.is_idle:
            raise TransportError(FailureKind.CLOSED, "the stream ended inside a frame")

    def partial(self) -> dict[str, Any] | None:
        """What came so far, where it can be shown as a response."""
        return None

    def _event(self, frame: Frame) -> Event:
        raise NotImplementedError


class ConverseEvents(EventParser):
    """The events of ConverseStream, reduced to a response as they pass."""

    __slots__ = ("_append_text", "_text_index", "reducer")

    def __init__(self) -> None:
        super().__init__()
        self.reducer = StreamReducer()
        self._text_index = -1  # the block that the last text went to, and the way there
        self._append_text: Callable[[str], object] = str

    def feed(self, data: bytes) -> list[Event]:
        # Written out instead of using _event(): there is one round for every token.
        events: list[Event] = []
        for frame in self._decoder.feed(data):
            head, payload = frame
            name = head.event_type
            if name is None:
                self._error = in_stream_failure(frame)
                break
            try:
                if name == "contentBlockDelta":
                    members = json_codec.loads_quick(payload)
                    delta = members["delta"]
                    if len(delta) == 1 and "text" in delta:
                        index = members["contentBlockIndex"]
                        if index != self._text_index:
                            self._append_text = self.reducer.block(index).parts("text").append
                            self._text_index = index
                        self._append_text(delta["text"])
                    else:
                        if not _SMALL.issuperset(delta):
                            members = json_codec.loads(payload)
                        decode_delta(members["delta"])
                        self.reducer.take(name, members)
                else:
                    members = json_codec.loads(payload)
                    self.reducer.take(name, members)
                members.pop("p", None)  # padding, so that the frames' lengths do not betray the text
            except _UNREADABLE as error:
                self._error = _unreadable(name, error)
                break
            events.append({name: members})
        if not events:
            self.check()
        return events

    def end(self) -> None:
        super().end()
        if not self.reducer.finished:
            raise TransportError(FailureKind.CLOSED, "the stream ended without messageStop")

    def partial(self) -> dict[str, Any] | None:
        return self.reducer.response()


class ChunkEvents(EventParser):
    """The events of InvokeModelWithResponseStream: ``{"chunk": {"bytes": …}}``, the bytes decoded."""

    __slots__ = ()

    def _event(self, frame: Frame) -> Event:
        head, payload = frame
        members = json_codec.loads_quick(payload)
        members.pop("p", None)
        if isinstance(members.get("bytes"), str):
            members["bytes"] = b64decode(members["bytes"])
        return {head.event_type or "": members}


class GivenEvents(ConverseEvents):
    """Events that somebody else has decoded (a boto3 client), for the same checks and the same reduction."""

    __slots__ = ()

    def feed(self, data: Any) -> list[Event]:
        event: Event = data
        self.reducer.feed(event)
        return [event]


class GivenChunks(EventParser):
    """Raw chunks that somebody else has decoded."""

    __slots__ = ()

    def feed(self, data: Any) -> list[Event]:
        return [data]
