"""Answers that begin with a long list of vectors, read one vector at a time.

orjson holds a text in a form of its own, 16 bytes a value, before it makes Python's objects of it. For an
answer with 96 vectors that is memory which the process has not touched before; for one vector it is the same
few kilobytes again and again, which spares a first call about a tenth of its CPU.
"""

from __future__ import annotations

import re
from typing import Any, cast

import orjson

from ...wire import json_codec

__all__ = ["loads"]

# {"embeddings":[[… or {"embeddings":{"float":[[…, with or without white space.
_TO_THE_FIRST = re.compile(rb'\s*\{\s*"embeddings"\s*:\s*(\{\s*"float"\s*:\s*)?\[(?=\s*\[)')
_AFTER_A_VECTOR = re.compile(rb"[ \t\r\n]*([,\]])")  # JSON's white space: orjson does not see this again


def loads(text: bytes) -> Any:
    """The value of a JSON text, be it such an answer or not.

    Raises:
        ValueError: the text is not JSON.
    """
    beginning = _TO_THE_FIRST.match(text)
    if beginning is not None:
        try:
            return _by_vector(text, beginning)
        except ValueError:
            pass  # not as its beginning promised: as a whole it is right, or an error that says where
    return json_codec.loads_quick(text)


def _by_vector(text: bytes, beginning: re.Match[bytes]) -> dict[str, Any]:
    """An answer that begins so.

    Raises:
        ValueError: it has to be read as a whole.
    """
    start = beginning.end()
    vectors, end = _vectors(text, start)
    answer = orjson.loads(text[:start] + b"null" + text[end:])
    place: Any = answer["embeddings"]
    if beginning[1] and isinstance(place, dict):
        place = cast("dict[str, Any]", place).get("float")
    if place != [None]:
        raise ValueError("a name is there twice")
    cast("list[Any]", place)[:] = vectors
    return answer


def _vectors(text: bytes, start: int) -> tuple[list[Any], int]:
    """The vectors from ``start`` on, and where the bracket stands that closes their list."""
    view = memoryview(text)
    vectors: list[Any] = []
    while True:
        end = text.find(b"]", start) + 1
        vectors.append(orjson.loads(view[start:end]))
        after = _AFTER_A_VECTOR.match(text, end)
        if after is None:
            raise ValueError("no list of lists")
        if after[1] == b"]":
            return vectors, after.start(1)
        start = after.end()
