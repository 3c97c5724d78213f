"""Amazon Nova Multimodal Embeddings: one text, image, sound or film a request, in one space.

Bodies and answers as in the recorded traffic (text and image); audio and video: Amazon Nova user guide,
"Complete embeddings request and response schema". Sounds and films of up to 30 seconds are embedded at once,
longer ones through StartAsyncInvoke.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from ...errors import InvalidRequestError
from .family import EmbeddingOptions, Family, Vectors, one_vector
from .inputs import Item, Media

DIMENSIONS = (256, 384, 1024, 3072)
_PURPOSES = (
    "GENERIC_INDEX",
    "GENERIC_RETRIEVAL",
    "TEXT_RETRIEVAL",
    "IMAGE_RETRIEVAL",
    "VIDEO_RETRIEVAL",
    "DOCUMENT_RETRIEVAL",
    "AUDIO_RETRIEVAL",
    "CLASSIFICATION",
    "CLUSTERING",
)
# What the schema calls formats that have other names in Converse.
_FORMATS = {
    ("video", "three_gp"): "3gp",
    ("audio", "opus"): "ogg",
    ("audio", "mpeg"): "mp3",
    ("audio", "mpga"): "mp3",
}
_INPUT_TYPES: dict[str, str | None] = {
    "document": "GENERIC_INDEX",
    "query": "GENERIC_RETRIEVAL",
    **{purpose.lower(): purpose for purpose in _PURPOSES},
}


def _body(items: Sequence[Item], options: EmbeddingOptions) -> dict[str, Any]:
    item = items[0]
    params: dict[str, Any] = {"embeddingPurpose": _INPUT_TYPES[(options.input_type or "document").lower()]}
    if item.kind == "text":
        mode = NOVA.word(NOVA.truncates, options.truncate or "none")
        params["text"] = {"value": item.text, "truncationMode": mode}
    else:
        params[item.kind] = _media(cast("Media", item.media), item.position)
    if options.dimensions is not None:
        params["embeddingDimension"] = options.dimensions
    return {"taskType": "SINGLE_EMBEDDING", "singleEmbeddingParams": params}


def _media(media: Media, position: int) -> dict[str, Any]:
    if media.format is None:
        raise InvalidRequestError(
            f"the format of the {media.kind} in inputs[{position}] is not known",
            hint=f"give it as {{'{media.kind}': {{'format': …, 'source': {{'bytes': …}}}}}}",
        )
    source: dict[str, Any] = {"bytes": media.base64} if media.uri is None else {"s3Location": media.location}
    form = _FORMATS.get((media.kind, media.format), media.format)
    body: dict[str, Any] = {"format": form, "source": source}
    if media.kind == "video":
        body["embeddingMode"] = "AUDIO_VIDEO_COMBINED"  # one vector for picture and sound
    return body


def _read(answer: Mapping[str, Any]) -> Vectors:
    return {"float": [one_vector(answer["embeddings"][0]["embedding"])]}


NOVA = Family(
    name="nova",
    title="Nova Multimodal Embeddings",
    body=_body,
    read=_read,
    kinds=frozenset({"text", "image", "audio", "video"}),
    dimensions=DIMENSIONS,
    input_types=_INPUT_TYPES,
    truncates={"none": "NONE", "start": "START", "end": "END", "left": "START", "right": "END"},
)
