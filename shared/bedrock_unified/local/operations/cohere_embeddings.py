"""InvokeModel of Cohere Embed v3 and v4."""

from __future__ import annotations

import time
from typing import Any, cast

from ..protocol.answers import JsonAnswer
from ..standin.embedding import embed
from ..standin.tokens import count_text
from .body_rules import checked_body, checked_members, malformed, needed, one_of
from .vectors import mean, media_vector, quantized, vector_answer

_MEMBERS: dict[str, type[Any]] = {
    "texts": list,
    "images": list,
    "input_type": str,
    "truncate": str,
    "embedding_types": list,
}
_MEMBERS_V4 = {**_MEMBERS, "inputs": list, "output_dimension": int, "max_tokens": int}
_INPUT_TYPES = ("search_document", "search_query", "classification", "clustering")
_TYPES = ("float", "int8", "uint8", "binary", "ubinary")
_SIZES = (256, 512, 1024, 1536)
_MOST = 96
_LONGEST_V3 = 2048


def cohere_embedding(body: bytes, model: str, request_id: str) -> JsonAnswer:
    """``embeddings`` as a list (v3 without types) or by type, and the texts as the model read them."""
    started = time.perf_counter()
    newer = "embed-v4" in model
    given = checked_body(body, _MEMBERS_V4 if newer else _MEMBERS)
    kind = _kind(given, newer)
    items = cast("list[Any]", given[kind])
    most = 1 if kind == "images" and not newer else _MOST
    if not 1 <= len(items) <= most:
        raise malformed(f"#/{kind}: expected maximum item count: {most}, found: {len(items)}")
    one_of(needed(given, "input_type"), (*_INPUT_TYPES, *(() if newer else ("image",))), "#/input_type")
    truncates = ("NONE", "START", "END", *(("LEFT", "RIGHT") if newer else ()))
    one_of(given.get("truncate", "NONE"), truncates, "#/truncate")
    size = one_of(given.get("output_dimension", 1536), _SIZES, "#/output_dimension") if newer else 1024
    types = cast("list[str]", given.get("embedding_types") or ["float"])
    for name in types:
        one_of(name, _TYPES, "#/embedding_types")
    if not newer:
        for place, text in enumerate(cast("list[Any]", given.get("texts", []))):
            if isinstance(text, str) and len(text) > _LONGEST_V3:
                length = f"expected maxLength: {_LONGEST_V3}, actual: {len(text)}"
                raise malformed(f"#/texts/{place}: {length}")
    # v3's English model reads lower case, and says so.
    texts = [text if newer else text.lower() for text in cast("list[str]", given.get("texts", []))]
    vectors = [_vector(kind, item, size) for item in (texts if kind == "texts" else items)]
    members: dict[str, Any] = {"id": request_id, "texts": texts}
    if newer or "embedding_types" in given:
        members["embeddings"] = {name: [quantized(vector, name) for vector in vectors] for name in types}
        members["response_type"] = "embeddings_by_type"
    else:
        members["embeddings"] = vectors
        members["response_type"] = "embeddings_floats"
    return vector_answer(members, sum(map(count_text, texts)), started)


def _kind(given: dict[str, Any], newer: bool) -> str:
    found = [name for name in ("texts", "images", *(("inputs",) if newer else ())) if name in given]
    if len(found) != 1:
        raise malformed("#: exactly one of [texts], [images] and [inputs] must be given")
    return found[0]


def _vector(kind: str, item: Any, size: int) -> list[float]:
    if kind == "inputs":
        if not isinstance(item, dict):
            raise malformed("#/inputs: expected type: JSONObject")
        parts = checked_members(cast("dict[str, Any]", item), {"content": list}, "#/inputs").get("content")
        return mean([_part(part, size) for part in cast("list[Any]", parts or [{}])])
    if not isinstance(item, str) or not item:
        raise malformed(f"#/{kind}: expected minLength: 1, actual: 0")
    return embed(item, size) if kind == "texts" else _image(item, size)


def _part(part: Any, size: int) -> list[float]:
    if isinstance(part, dict):
        given = cast("dict[str, Any]", part)
        if given.get("type") == "text" and isinstance(given.get("text"), str):
            return embed(given["text"], size)
        if given.get("type") == "image_url" and isinstance(given.get("image_url"), str):
            return _image(given["image_url"], size)
    raise malformed("#/inputs/content: a part is a text or an image_url")


def _image(url: str, size: int) -> list[float]:
    head, separator, data = url.partition(";base64,")
    if not separator or not head.startswith("data:image/"):
        raise malformed("#/images: an image must be a valid data URI")
    return media_vector(data, size)
