"""InvokeModel of Titan Text Embeddings V2."""

from __future__ import annotations

import time
from typing import Any, cast

from bedrock_unified.wire import json_codec

from ..problems import invalid
from ..protocol.answers import JsonAnswer
from ..standin.embedding import embed
from ..standin.tokens import count_text

MODEL = "amazon.titan-embed-text-v2:0"
_MEMBERS = {"inputText": str, "dimensions": int, "normalize": bool, "embeddingTypes": list}
_SIZES = (256, 512, 1024)
_MOST_CHARACTERS = 50_000
_MOST_TOKENS = 8192


def titan_embedding(body: bytes) -> JsonAnswer:
    """``embedding``, ``embeddingsByType`` and ``inputTextTokenCount`` for ``inputText``."""
    started = time.perf_counter()
    given = _checked(body)
    text = str(given["inputText"])
    tokens = count_text(text)
    if tokens > _MOST_TOKENS:
        raise invalid(
            f"400 Bad Request: Too many input tokens. Max input tokens: {_MOST_TOKENS}, request input "
            "token count: "
            f"{tokens} "
        )
    vector = embed(text, int(given.get("dimensions", 1024)), normalize=bool(given.get("normalize", True)))
    kinds = cast("list[str]", given.get("embeddingTypes") or ["float"])
    members: dict[str, Any] = {"inputTextTokenCount": tokens, "embeddingsByType": {}}
    if "float" in kinds:
        members["embedding"] = members["embeddingsByType"]["float"] = vector
    if "binary" in kinds:
        members["embeddingsByType"]["binary"] = [1 if value >= 0 else 0 for value in vector]
    latency = max(1, round((time.perf_counter() - started) * 1000))
    headers = {
        "X-Amzn-Bedrock-Invocation-Latency": str(latency),
        "X-Amzn-Bedrock-Input-Token-Count": str(tokens),
    }
    return JsonAnswer(members, headers, usage={"inputTokens": tokens})


def _checked(body: bytes) -> dict[str, Any]:
    try:
        value: Any = json_codec.loads(body)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise invalid("Malformed input request, please reformat your input and try again.")
    given = cast("dict[str, Any]", value)
    for name, item in given.items():
        wanted = _MEMBERS.get(name)
        if wanted is None:
            raise _malformed(f"#: extraneous key [{name}] is not permitted")
        if not isinstance(item, wanted) or (wanted is int and isinstance(item, bool)):
            raise _malformed(f"#/{name}: expected type: {_TYPE_NAMES[wanted]}, found: {_found(item)}")
    if "inputText" not in given:
        raise _malformed("#: required key [inputText] not found")
    length = len(given["inputText"])
    if length < 1:
        raise _malformed(f"expected minLength: 1, actual: {length}")
    if length > _MOST_CHARACTERS:
        raise _malformed(f"expected maxLength: {_MOST_CHARACTERS}, actual: {length}")
    if given.get("dimensions", 1024) not in _SIZES:
        raise _malformed(f"#/dimensions: {given['dimensions']} is not a valid enum value")
    for kind in cast("list[Any]", given.get("embeddingTypes") or []):
        if kind not in {"float", "binary"}:
            raise _malformed(f"#/embeddingTypes: {kind} is not a valid enum value")
    return given


_TYPE_NAMES: dict[type[Any], str] = {str: "String", int: "Integer", bool: "Boolean", list: "JSONArray"}


def _found(value: Any) -> str:
    if value is None:
        return "Null"
    other = "Number" if isinstance(value, float) else "JSONObject"
    return _TYPE_NAMES.get(cast("type[Any]", type(value)), other)


def _malformed(detail: str) -> Exception:
    return invalid(f"Malformed input request: {detail}, please reformat your input and try again.")
