"""InvokeModel of Titan Text Embeddings V2 and G1, and of Titan Multimodal Embeddings."""

from __future__ import annotations

import time
from typing import Any, cast

from ..problems import invalid
from ..protocol.answers import JsonAnswer
from ..standin.embedding import embed
from ..standin.tokens import count_text
from .body_rules import checked_body, checked_members, malformed, needed, one_of
from .vectors import mean, media_vector, vector_answer

MODEL = "amazon.titan-embed-text-v2:0"
_MEMBERS = {"inputText": str, "dimensions": int, "normalize": bool, "embeddingTypes": list}
_SIZES = (256, 512, 1024)
_MOST_CHARACTERS = 50_000
_MOST_TOKENS = 8192
_IMAGE_MEMBERS = {"inputText": str, "inputImage": str, "embeddingConfig": dict}
_IMAGE_SIZES = (256, 384, 1024)


def titan_embedding(body: bytes, model: str = MODEL) -> JsonAnswer:
    """``embedding`` and ``inputTextTokenCount`` for ``inputText``; of V2 also ``embeddingsByType``."""
    started = time.perf_counter()
    if "embed-image" in model:
        return _multimodal(body, started)
    first = "text-v1" in model or "embed-g1" in model
    given = checked_body(body, {"inputText": str} if first else _MEMBERS)
    text = str(needed(given, "inputText"))
    _check_length(text)
    tokens = count_text(text)
    if tokens > _MOST_TOKENS:
        raise invalid(
            f"400 Bad Request: Too many input tokens. Max input tokens: {_MOST_TOKENS}, request input "
            "token count: "
            f"{tokens} "
        )
    members: dict[str, Any] = {"inputTextTokenCount": tokens}
    if first:
        members["embedding"] = embed(text, 1536, normalize=False)
        return vector_answer(members, tokens, started)
    size = one_of(given.get("dimensions", 1024), _SIZES, "#/dimensions")
    kinds = cast("list[str]", given.get("embeddingTypes") or ["float"])
    for kind in kinds:
        one_of(kind, ("float", "binary"), "#/embeddingTypes")
    vector = embed(text, size, normalize=bool(given.get("normalize", True)))
    members["embeddingsByType"] = {}
    if "float" in kinds:
        members["embedding"] = members["embeddingsByType"]["float"] = vector
    if "binary" in kinds:
        members["embeddingsByType"]["binary"] = [1 if value >= 0 else 0 for value in vector]
    return vector_answer(members, tokens, started)


def _multimodal(body: bytes, started: float) -> JsonAnswer:
    """A text, an image, or the direction between both."""
    given = checked_body(body, _IMAGE_MEMBERS)
    config = checked_members(
        given.get("embeddingConfig", {}), {"outputEmbeddingLength": int}, "#/embeddingConfig"
    )
    size = one_of(config.get("outputEmbeddingLength", 1024), _IMAGE_SIZES, "#/embeddingConfig")
    text, image = given.get("inputText"), given.get("inputImage")
    if not text and not image:
        raise malformed("#: required key [inputText] or [inputImage] not found")
    vectors = [embed(text, size)] if text else []
    vectors += [media_vector(image, size)] if image else []
    tokens = count_text(text) if text else 0
    members = {"embedding": mean(vectors), "inputTextTokenCount": tokens, "message": None}
    return vector_answer(members, tokens, started)


def _check_length(text: str) -> None:
    if len(text) < 1:
        raise malformed(f"expected minLength: 1, actual: {len(text)}")
    if len(text) > _MOST_CHARACTERS:
        raise malformed(f"expected maxLength: {_MOST_CHARACTERS}, actual: {len(text)}")
