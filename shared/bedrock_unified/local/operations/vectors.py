"""Vectors of whatever can be embedded, in the types that models offer."""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Iterable
from typing import Any

from ..protocol.answers import JsonAnswer
from ..standin.embedding import embed


def media_vector(base64: str, dimensions: int) -> list[float]:
    """A direction for an image: the stand-in does not see it, it only knows the same image again."""
    return embed(hashlib.sha256(base64.encode()).hexdigest(), dimensions)


def mean(vectors: Iterable[list[float]]) -> list[float]:
    """The direction between several vectors."""
    summed = [math.fsum(values) for values in zip(*vectors, strict=True)]
    length = math.hypot(*summed) or 1.0
    return [value / length for value in summed]


def quantized(vector: list[float], kind: str) -> list[float]:
    """A vector as ``float``, ``int8``, ``uint8``, or as bits packed into signed or unsigned bytes."""
    if kind == "float":
        return vector
    scale = max(map(abs, vector)) or 1.0
    if kind in {"int8", "uint8"}:
        shift = 128 if kind == "uint8" else 0
        return [round(value / scale * 127) + shift for value in vector]
    shift = 128 if kind == "binary" else 0
    packed: list[float] = []
    for start in range(0, len(vector), 8):
        byte = 0
        for value in vector[start : start + 8]:
            byte = byte << 1 | (value >= 0)
        packed.append(byte - shift)
    return packed


def vector_answer(members: dict[str, Any], tokens: int | None, started: float) -> JsonAnswer:
    """The answer with AWS's headers: the latency, and the tokens where the model's answer has them."""
    headers = {
        "X-Amzn-Bedrock-Invocation-Latency": str(max(1, round((time.perf_counter() - started) * 1000)))
    }
    if tokens is None:
        return JsonAnswer(members, headers)
    headers["X-Amzn-Bedrock-Input-Token-Count"] = str(tokens)
    return JsonAnswer(members, headers, usage={"inputTokens": tokens})
