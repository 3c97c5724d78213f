"""What takes the text of an answer while it arrives, and knows its value: as a whole, or vector by vector.

An answer with 96 vectors is a megabyte of text and more, and orjson holds a text in a form of its own
besides, 16 bytes a value, before it makes Python's objects of it. As a whole, both are memory which the
process has not touched before; by vector, they are the same few kilobytes again and again. That spares a
first call of several requests about a sixth of its CPU, and the memory of the texts of all answers under way.
"""

from __future__ import annotations

import re
from typing import Any, cast

import orjson

from ...wire import json_codec

__all__ = ["ByVector", "Whole"]

# {"embeddings":[[… or {"embeddings":{"float":[[…, with or without white space.
_TO_THE_FIRST = re.compile(rb'\s*\{\s*"embeddings"\s*:\s*(\{\s*"float"\s*:\s*)?\[(?=\s*\[)')
_BLANK = b" \t\r\n"  # JSON's white space: orjson does not see what is between two vectors
_AFTER_A_VECTOR = re.compile(rb"[ \t\r\n]*([,\]])")
#: Bytes to wait for before they are looked at: most of them belong to whole vectors then.
_ENOUGH = 1 << 16
#: Bytes in which a vector must have ended.
_LONGEST = 1 << 20


class Whole:
    """Keeps the text until its value is asked for."""

    __slots__ = ("_pieces",)

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def feed(self, data: bytes) -> None:
        """The next bytes. What is wrong with them is said by :meth:`value`."""
        self._pieces.append(data)

    def text(self) -> bytes:
        """All that was fed."""
        return b"".join(self._pieces)

    def value(self) -> Any:
        """The value of the JSON text that was fed.

        Raises:
            ValueError: it is not JSON.
        """
        return json_codec.loads_quick(self.text())


class ByVector(Whole):
    """Reads the vectors of an answer that begins with them as they come; what looks otherwise it keeps."""

    __slots__ = ("_closed", "_head", "_reading", "_unread", "_vectors")

    def __init__(self) -> None:
        super().__init__()
        self._head = b""
        self._vectors: list[list[Any]] = []
        self._closed = False  # whether the bracket came that ends the list of the vectors
        self._reading = True  # whether vectors may follow in the pieces
        self._unread = 0

    def feed(self, data: bytes) -> None:
        """The next bytes. What is wrong with them is said by :meth:`value`."""
        self._pieces.append(data)
        self._unread += len(data)
        if self._reading and self._unread >= _ENOUGH:
            self._read()

    def text(self) -> bytes:
        """All that was fed, the vectors that were read as orjson writes them."""
        if not self._vectors:
            return self._head + super().text()
        comma = b"" if self._closed else b","
        return self._head + orjson.dumps(self._vectors)[1:-1] + comma + super().text()

    def value(self) -> Any:
        """The value of the JSON text that was fed.

        Raises:
            ValueError: it is not JSON.
        """
        if self._reading:
            self._read()
        if self._closed:
            try:
                return self._joined()
            except ValueError:
                pass  # not as its beginning promised: as a whole it is right, or an error that says where
        return super().value()

    def _joined(self) -> dict[str, Any]:
        """The vectors in their place.

        Raises:
            ValueError: it has to be read as a whole.
        """
        answer = orjson.loads(self._head + super().text())
        place: Any = answer["embeddings"]
        if isinstance(place, dict):
            place = cast("dict[str, Any]", place).get("float")
        if place != []:
            raise ValueError("a name is there twice")
        cast("list[Any]", place).extend(self._vectors)
        return answer

    def _read(self) -> None:
        """Read the vectors that came whole, and keep what is behind them."""
        text = super().text()
        start = 0
        if not self._head:
            beginning = _TO_THE_FIRST.match(text)
            if beginning is not None:
                start = beginning.end()
                self._head = text[:start]
        if self._head:
            start = self._read_vectors(text, start)
        rest = text[start:]
        self._reading = bool(self._head) and self._reading and len(rest) < _LONGEST
        self._pieces = [rest]
        self._unread = 0

    def _read_vectors(self, text: bytes, start: int) -> int:
        """Read vectors from ``start`` on; where what is left of the text begins."""
        view = memoryview(text)
        while (end := text.find(b"]", start) + 1) > 0:
            after = _AFTER_A_VECTOR.match(text, end)
            if after is None:
                self._reading = not text[end:].strip(_BLANK)  # nothing else: it is still to come
                return start
            try:
                self._vectors.append(orjson.loads(view[start:end]))
            except ValueError:
                self._reading = False
                return start
            if after[1] == b"]":
                self._closed, self._reading = True, False
                return after.start(1)
            start = after.end()
        return start
