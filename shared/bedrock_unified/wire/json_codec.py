"""JSON for the wire: orjson where it loses nothing, the standard library where orjson would.

orjson turns integers above 64 bits into floats, refuses lone surrogates and writes NaN as null; Bedrock
documents (tool input, tool results) may hold the first two, and the third must be refused.
"""

from __future__ import annotations

import json
from base64 import b64encode
from enum import Enum
from typing import Any, NoReturn, cast
from uuid import UUID

import orjson

# Digits become "0", everything else a space: a run of 19 zeros means a number orjson might not hold.
_DIGITS = bytes(0x30 if 0x30 <= byte <= 0x39 else 0x20 for byte in range(256))
_LONG_NUMBER = b"0" * 19
# What the standard library has no form for has none here either, with or without a null beside it.
_ONLY_JSON = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME


def dumps(value: Any) -> bytes:
    """Compact UTF-8 JSON. ``bytes`` anywhere become base64 text, which is what Bedrock's blobs are.

    Raises:
        ValueError: NaN or infinity, which JSON cannot say; two keys that JSON writes alike (1 and "1").
        TypeError: a value JSON has no form for; the message names its type.
    """
    try:
        text = orjson.dumps(value, default=_encode_other, option=_ONLY_JSON)
    except TypeError:
        _refuse_ambiguous(value)
        return _dumps_slowly(value)
    if b"null" in text:
        return _dumps_slowly(value)
    return text


def loads(text: bytes | str) -> Any:
    """The value of a JSON text, integers of any size exact.

    Raises:
        ValueError: the text is not JSON.
    """
    raw = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if _LONG_NUMBER in raw.translate(_DIGITS):
        return _loads_slowly(raw)
    return loads_quick(raw)


def loads_quick(text: bytes) -> Any:
    """Like :func:`loads`, for texts known to hold no document of the caller's (stream deltas, embeddings)."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return _loads_slowly(text)


def _refuse_ambiguous(value: Any) -> None:
    """Refuse keys that are different in Python and the same in JSON, where one value would be lost."""
    try:
        _look_for_ambiguous(value)
    except RecursionError:
        return  # the writing says whether it is too deep or holds itself


def _look_for_ambiguous(value: Any) -> None:
    if isinstance(value, dict):
        members = cast("dict[Any, Any]", value)
        names = [key if isinstance(key, str) else _number(key) for key in members]
        if len(set(names)) < len(names):
            doubled = next(name for name in names if names.count(name) > 1)
            raise ValueError(f"two keys of a dict are both {doubled!r:.80} in JSON")
        for item in members.values():
            _look_for_ambiguous(item)
    elif isinstance(value, (list, tuple)):
        for item in cast("list[Any]", value):
            _look_for_ambiguous(item)


def _number(key: Any) -> Any:
    """The text of a key that the standard library makes a string; others it refuses itself."""
    return json.dumps(key) if key is None or isinstance(key, (bool, int, float)) else key


def _dumps_slowly(value: Any) -> bytes:
    try:
        return json.dumps(
            value, default=_encode_other, allow_nan=False, separators=(",", ":"), ensure_ascii=True
        ).encode()
    except RecursionError:
        raise ValueError("the value is nested too deeply for JSON") from None


def _loads_slowly(text: bytes) -> Any:
    try:
        return json.loads(text, parse_constant=_not_json)
    except RecursionError:
        raise ValueError("the JSON text is nested too deeply") from None


def _not_json(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _encode_other(value: Any) -> Any:
    if isinstance(value, (bytes, bytearray)):
        return b64encode(value).decode("ascii")
    if isinstance(value, memoryview):
        return b64encode(value.tobytes()).decode("ascii")
    # orjson writes these two itself.
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no JSON form: {value!r:.80}")
