"""Event-stream bytes to events: the parsers behind every streaming call, sync or async."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable
from typing import Any, cast

from ..wire import json_codec
from ..wire.eventstream import FrameDecoder, FrameError
from ..wire.failure import in_stream_failure
from ..wire.http import FailureKind, TransportError
from .blobs import decode_delta
from .reducer import StreamReducer

Event = dict[str, Any]
# Deltas of text and small numbers; others (a tool result's JSON) may hold numbers of any size.
_SMALL = frozenset({"citation", "image", "reasoningContent", "text", "toolUse"})
# Without their members a stream cannot be understood; later kinds of events are passed on as they are.
_KNOWN = frozenset(
    {"chunk", "contentBlockStart", "contentBlockStop", "messageStart", "messageStop", "metadata"}
)
# The protocol's own first event, of which Bedrock's operations have none; botocore drops it, too.
_INITIAL = "initial-response"
_UNREADABLE = (ValueError, TypeError, KeyError, AttributeError)


def _members(name: str, payload: bytes) -> Any:
    """The members of an event; of a kind that is not known any value, nothing being ``{}``."""
    if name not in _KNOWN:
        return json_codec.loads(payload) if payload else {}
    members = json_codec.loads(payload)
    if not isinstance(members, dict):
        raise TypeError("it is not a JSON object")
    return cast("Event", members)


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
            name = frame[0].event_type
            if name is None:
                self._error = in_stream_failure(frame)
                break
            if name == _INITIAL:
                continue
            try:
                events.append({name: self._read(name, frame[1])})
            except _UNREADABLE as error:
                self._error = _unreadable(name, error)
                break
        if not events:
            self.check()
        return events

    def check(self) -> None:
        """Raise what went wrong behind the events that were returned."""
        error = self._error or self._decoder.error
        if error is not None:
            raise error

    def end(self) -> list[Event]:
        """The bytes are over: the events that were waiting for that, mostly none.

        Raises:
            TransportError: they ended too early.
        """
        self.check()
        if not self._decoder.is_idle:
            raise TransportError(FailureKind.CLOSED, "the stream ended inside a frame")
        return []

    def joined(self) -> StreamReducer | None:
        """What joins the events into a response, where they add up to one."""
        return None

    def partial(self) -> dict[str, Any] | None:
        """What came so far, where it can be shown as a response."""
        return None

    def _read(self, name: str, payload: bytes) -> Any:
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
                    elif len(delta) == 1 and "toolUse" in delta:
                        block = self.reducer.block(members.get("contentBlockIndex", 0))
                        block.parts("toolUse").append(delta["toolUse"])
                    else:
                        if not _SMALL.issuperset(delta):
                            members = json_codec.loads(payload)
                        decode_delta(members["delta"])
                        self.reducer.take(name, members)
                elif name == _INITIAL:
                    continue
                else:
                    members = _members(name, payload)
                    self.reducer.take(name, members)
                if isinstance(members, dict):
                    cast("Event", members).pop(
                        "p", None
                    )  # padding, so that the frames' lengths do not betray the text
            except _UNREADABLE as error:
                self._error = _unreadable(name, error)
                break
            events.append({name: members})
        if not events:
            self.check()
        return events

    def end(self) -> list[Event]:
        events = super().end()
        if not self.reducer.finished:
            raise TransportError(FailureKind.CLOSED, "the stream ended without messageStop")
        return events

    def joined(self) -> StreamReducer:
        return self.reducer

    def partial(self) -> dict[str, Any] | None:
        try:
            return self.reducer.response()
        except (AttributeError, KeyError, TypeError, ValueError):
            return None  # deltas of no known form: the failure that is being told matters more


class ChunkEvents(EventParser):
    """The events of InvokeModelWithResponseStream: ``{"chunk": {"bytes": …}}``, the bytes decoded."""

    __slots__ = ()

    def _read(self, name: str, payload: bytes) -> Any:
        members = _members(name, payload)
        if isinstance(members, dict):
            held = cast("Event", members)
            held.pop("p", None)
            if isinstance(held.get("bytes"), str):
                held["bytes"] = b64decode(held["bytes"])
        return cast("Any", members)


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
