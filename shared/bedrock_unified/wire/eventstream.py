"""The ``application/vnd.amazon.eventstream`` framing: a decoder for any split of the bytes, and an encoder.

A frame is total length, header length, CRC-32 of these two, headers, payload, CRC-32 of all before it; all
integers big-endian (the layout is described in the Amazon Transcribe developer guide, "Event stream
encoding"; ``FACTS.md`` of the recorded traffic says what Bedrock sends in it).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from struct import Struct
from zlib import crc32

# botocore's limits.
MAX_PAYLOAD = 24 * 1024 * 1024
MAX_HEADERS = 128 * 1024
_CACHED_HEADS = 64

_PRELUDE = Struct(">III")
_UINT32 = Struct(">I")
_FIXED_SIZES = {2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}


class FrameError(ValueError):
    """The bytes are not an intact event stream."""


class Head:
    """A frame's headers. One object serves all frames with the same header bytes: do not change it."""

    __slots__ = ("event_type", "headers", "message_type")

    def __init__(self, headers: Mapping[str, object]) -> None:
        self.headers = headers
        self.message_type = headers.get(":message-type", "event")
        #: The event's name, None for exception and error frames.
        self.event_type: str | None = (
            str(headers.get(":event-type", "")) if self.message_type == "event" else None
        )


#: One intact frame: its headers and its payload. A plain tuple, because there is one for every token.
Frame = tuple[Head, bytes]


class FrameDecoder:
    """Bytes in, whole frames out. Both CRCs of every frame are checked.

    A fault does not swallow the good frames before it: :meth:`feed` returns those and keeps the fault in
    ``error``, and raises it when it is called again.
    """

    __slots__ = ("_heads", "_missing", "_parts", "_rest", "error")

    def __init__(self) -> None:
        self._rest = b""
        self._parts: list[bytes] = []  # pieces of a frame that is larger than what came so far
        self._missing = 0
        self._heads: dict[bytes, Head] = {}
        self.error: FrameError | None = None

    @property
    def is_idle(self) -> bool:
        """Whether the bytes so far ended with a whole frame."""
        return not self._rest and not self._parts

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that these bytes complete.

        Raises:
            FrameError: a wrong CRC or an impossible length in bytes fed before.
        """
        if self.error is not None:
            raise self.error
        frames: list[Frame] = []
        try:
            self._take(data, frames)
        except FrameError as error:
            self.error = error
            if not frames:
                raise
        return frames

    def _take(self, data: bytes, frames: list[Frame]) -> None:
        if self._missing > 0:
            # A frame in many pieces is joined once, when it is whole: joining at each piece is quadratic.
            self._parts.append(data)
            self._missing -= len(data)
            if self._missing > 0:
                return
            data = b"".join(self._parts)
            self._parts.clear()
        elif self._rest:
            data = self._rest + data
        position, end = 0, len(data)
        heads = self._heads
        while end - position >= 12:
            total, header_length, prelude_crc = _PRELUDE.unpack_from(data, position)
            if crc32(data[position : position + 8]) != prelude_crc:
                raise FrameError(f"the prelude of a frame has CRC {prelude_crc:#010x}, which is not its own")
            if not 0 <= total - header_length - 16 <= MAX_PAYLOAD or header_length > MAX_HEADERS:
                raise FrameError(
                    f"a frame of {total} bytes with {header_length} bytes of headers is impossible"
                )
            stop = position + total
            if stop > end:
                self._missing = stop - end
                break
            body = position + 12 + header_length
            # CRC-32 runs on: its state after the eight bytes of the prelude is the prelude's own CRC.
            if crc32(data[position + 8 : stop - 4], prelude_crc) != _UINT32.unpack_from(data, stop - 4)[0]:
                raise FrameError(f"a frame of {total} bytes fails its CRC")
            block = data[position + 12 : body]
            head = heads.get(block)
            if head is None:
                head = Head(_parse_headers(block))
                if len(heads) < _CACHED_HEADS:
                    heads[block] = head
            frames.append((head, data[body : stop - 4]))
            position = stop
        if self._missing > 0:
            self._rest = b""
            self._parts = [data[position:]] if position else [data]
        else:
            self._rest = data[position:] if position else data
            self._missing = 0


def encode_frame(headers: Sequence[tuple[str, str]], payload: bytes) -> bytes:
    """One frame with string headers, as a server sends it."""
    block = b"".join(
        bytes([len(key)]) + key + b"\x07" + len(text).to_bytes(2, "big") + text
        for key, text in ((name.encode(), value.encode()) for name, value in headers)
    )
    prelude = (len(block) + len(payload) + 16).to_bytes(4, "big") + len(block).to_bytes(4, "big")
    message = prelude + crc32(prelude).to_bytes(4, "big") + block + payload
    return message + crc32(message).to_bytes(4, "big")


def _parse_headers(block: bytes) -> dict[str, object]:
    headers: dict[str, object] = {}
    position, end = 0, len(block)
    try:
        while position < end:
            start = position + 1
            stop = start + block[position]
            name = block[start:stop].decode()
            kind = block[stop]
            position = stop + 1
            if kind in (6, 7):
                size = int.from_bytes(block[position : position + 2], "big")
                position += 2
            elif kind in (0, 1):
                headers[name] = kind == 0
                continue
            else:
                size = _FIXED_SIZES[kind]
            raw = block[position : position + size]
            position += size
            if position > end:
                raise FrameError(f"the header {name!r} runs past the end of the headers")
            if name in headers:
                raise FrameError(f"the header {name!r} stands twice in one frame")
            headers[name] = _header_value(kind, raw)
    except (IndexError, KeyError, UnicodeDecodeError) as error:
        raise FrameError(f"the headers of a frame cannot be read: {error!r}") from error
    return headers


def _header_value(kind: int, raw: bytes) -> object:
    if kind == 7:
        return raw.decode()
    if kind in (2, 3, 4, 5, 8):
        return int.from_bytes(raw, "big", signed=True)
    return raw
