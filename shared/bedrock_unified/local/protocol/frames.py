"""Event-stream frames as Bedrock writes them (``wire/FACTS.md``, "Event-stream frame").

Three string headers in a fixed order; compact JSON with sorted keys and raw UTF-8; a member ``p`` of padding
at the top level of every event.
"""

from __future__ import annotations

import base64
import itertools
from collections.abc import Iterator, Mapping
from typing import Any, cast

import orjson

from bedrock_unified.wire.eventstream import encode_frame

CONTENT_TYPE = "application/vnd.amazon.eventstream"

_ALPHABET = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_SHORTEST, _LONGEST = 2, 61


def json_bytes(value: Any, *, sort_keys: bool = True) -> bytes:
    """Compact JSON, ``bytes`` as base64; keys sorted, as in every answer that is Bedrock's own."""
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS if sort_keys else 0, default=_encode_blob)
    except TypeError:
        import json  # integers beyond 64 bits and lone surrogates, which a tool's input may carry

        text = json.dumps(
            value, sort_keys=sort_keys, separators=(",", ":"), ensure_ascii=False, default=_encode_blob
        )
        return text.encode("utf-8", "surrogatepass")


def _encode_blob(value: Any) -> Any:
    if isinstance(value, bytes | bytearray):
        return base64.b64encode(value).decode()
    raise TypeError(f"{type(value).__name__} is not JSON")


def paddings(seed: bytes) -> Iterator[str]:
    """The padding of successive frames: lengths from 2 to 61, the same for the same ``seed``."""
    start = int.from_bytes(seed[:4].ljust(4, b"\0"), "big")
    for index in itertools.count():
        # A full-period linear congruence over 60 lengths: it looks random and repeats exactly.
        start = (start * 1103515245 + 12345 + index) & 0x7FFFFFFF
        yield _ALPHABET[: _SHORTEST + (start >> 8) % (_LONGEST - _SHORTEST + 1)]


def event_frame(event: str, payload: Mapping[str, Any], padding: str | None) -> bytes:
    """One event; a ``chunk`` (raw bytes) is base64 as for InvokeModelWithResponseStream."""
    body = dict(payload)
    if padding is not None:
        body["p"] = padding
    return encode_frame(
        ((":event-type", event), (":content-type", "application/json"), (":message-type", "event")),
        json_bytes(body),
    )


def exception_frame(code: str, message: str) -> bytes:
    """A modelled exception inside a stream; ``code`` in either case, sent in lower camel."""
    name = code[:1].lower() + code[1:]
    return encode_frame(
        ((":exception-type", name), (":content-type", "application/json"), (":message-type", "exception")),
        json_bytes({"message": message}),
    )


def frame_from_script(entry: Mapping[str, Any]) -> bytes:
    """A frame spelled out in a script: ``headers`` ([[name, value], …]) and ``payload`` (JSON or text)."""
    headers = [(str(name), str(value)) for name, value in cast("list[list[str]]", entry["headers"])]
    payload = entry.get("payload", {})
    return encode_frame(headers, payload.encode() if isinstance(payload, str) else json_bytes(payload))
