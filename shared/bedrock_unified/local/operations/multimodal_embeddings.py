"""InvokeModel of Nova Multimodal Embeddings and of Marengo Embed."""

from __future__ import annotations

import time
from typing import Any, cast

from ..protocol.answers import JsonAnswer
from ..standin.embedding import embed
from ..standin.tokens import count_text
from .body_rules import checked_body, checked_members, malformed, needed, one_of
from .vectors import mean, media_vector, vector_answer

_NOVA_SIZES = (256, 384, 1024, 3072)
_PURPOSES = (
    *("GENERIC_INDEX", "GENERIC_RETRIEVAL", "TEXT_RETRIEVAL", "IMAGE_RETRIEVAL", "VIDEO_RETRIEVAL"),
    *("DOCUMENT_RETRIEVAL", "AUDIO_RETRIEVAL", "CLASSIFICATION", "CLUSTERING"),
)
_FORMATS = {
    "image": ("png", "jpeg", "gif", "webp"),
    "audio": ("mp3", "wav", "ogg"),
    "video": ("mp4", "mov", "mkv", "webm", "flv", "mpeg", "mpg", "wmv", "3gp"),
}
_PARAMS: dict[str, type[Any]] = {
    "embeddingPurpose": str,
    "embeddingDimension": int,
    "text": dict,
    **dict.fromkeys(_FORMATS, dict),
}
_MARENGO_27 = {"inputType": str, "inputText": str, "textTruncate": str, "mediaSource": dict}
_MARENGO_3 = {"inputType": str, "text": dict, "image": dict, "text_image": dict}


def nova_embedding(body: bytes, model: str) -> JsonAnswer:
    """``embeddings`` with one entry, for one text, image, sound or film."""
    started = time.perf_counter()
    given = checked_body(body, {"schemaVersion": str, "taskType": str, "singleEmbeddingParams": dict})
    one_of(needed(given, "taskType"), ("SINGLE_EMBEDDING",), "#/taskType")
    at = "#/singleEmbeddingParams"
    params = checked_members(needed(given, "singleEmbeddingParams"), _PARAMS, at)
    one_of(needed(params, "embeddingPurpose", at), _PURPOSES, f"{at}/embeddingPurpose")
    size = one_of(params.get("embeddingDimension", 3072), _NOVA_SIZES, f"{at}/embeddingDimension")
    kinds = [name for name in ("text", *_FORMATS) if name in params]
    if len(kinds) != 1:
        raise malformed(f"{at}: exactly one of [text], [image], [audio] and [video] must be given")
    kind, tokens = kinds[0], 0
    source = cast("dict[str, Any]", params[kind])
    if kind == "text":
        one_of(needed(source, "truncationMode", f"{at}/text"), ("START", "END", "NONE"), f"{at}/text")
        text = _text(needed(source, "value", f"{at}/text"))
        vector, tokens = embed(text, size), count_text(text)
    else:
        one_of(needed(source, "format", f"{at}/{kind}"), _FORMATS[kind], f"{at}/{kind}/format")
        place: dict[str, Any] = needed(source, "source", f"{at}/{kind}")
        vector = media_vector(str(place.get("bytes") or place.get("s3Location")), size)
    members = {"embeddings": [{"embedding": vector, "embeddingType": kind.upper()}]}
    return vector_answer(members, tokens, started)


def marengo_embedding(body: bytes, model: str) -> JsonAnswer:
    """``data`` with one entry, for one text, one image, or one of each."""
    started = time.perf_counter()
    older = "2-7" in model
    given = checked_body(body, _MARENGO_27 if older else _MARENGO_3)
    known = ("text", "image", *(() if older else ("text_image",)))
    kind = one_of(needed(given, "inputType"), known, "#/inputType")
    size = 1024 if older else 512
    inner: dict[str, Any] = given if older else needed(given, kind)
    vectors: list[list[float]] = []
    tokens = 0
    if "text" in kind:
        text = _text(needed(inner, "inputText"))
        vectors.append(embed(text, size))
        tokens = count_text(text)
    if "image" in kind:
        source: dict[str, Any] = needed(inner, "mediaSource")
        vectors.append(media_vector(str(source.get("base64String") or source.get("s3Location")), size))
    return vector_answer({"data": [{"embedding": mean(vectors)}]}, tokens, started)


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise malformed("expected minLength: 1, actual: 0")
    return value
