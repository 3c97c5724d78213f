"""Amazon Titan Multimodal Embeddings G1 (``amazon.titan-embed-image-v1``): a text, an image, or both.

Source: Amazon Bedrock user guide, "Amazon Titan Multimodal Embeddings G1". No such exchange is recorded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...errors import InvalidRequestError
from .family import EmbeddingOptions, Family, Vectors, one_vector
from .inputs import Item, Media

DIMENSIONS = (256, 384, 1024)


def _body(items: Sequence[Item], options: EmbeddingOptions) -> dict[str, Any]:
    item = items[0]
    body: dict[str, Any] = {}
    for part in item.parts:
        name = "inputText" if isinstance(part, str) else "inputImage"
        if name in body or (isinstance(part, Media) and part.kind != "image"):
            raise InvalidRequestError(
                f"inputs[{item.position}] is more than a text and an image",
                hint="Titan Multimodal Embeddings takes one text, one image, or one of each",
            )
        if isinstance(part, Media) and part.base64 is None:
            raise InvalidRequestError(
                f"inputs[{item.position}] lies in S3, which Titan Multimodal Embeddings does not read",
                hint="give the image's bytes",
            )
        body[name] = part if isinstance(part, str) else part.base64
    if options.dimensions is not None:
        body["embeddingConfig"] = {"outputEmbeddingLength": options.dimensions}
    return body


def _read(answer: Mapping[str, Any]) -> Vectors:
    # A failure of the model is told in "message", with status 200.
    if answer.get("message"):
        raise ValueError(str(answer["message"]))
    return {"float": [one_vector(answer["embedding"])]}


IMAGE = Family(
    name="titan-image",
    title="Titan Multimodal Embeddings",
    body=_body,
    read=_read,
    kinds=frozenset({"text", "image", "mixed"}),
    dimensions=DIMENSIONS,
)
