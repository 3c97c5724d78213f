"""Amazon Titan Text Embeddings: one text a request.

V2 (``amazon.titan-embed-text-v2:0``) takes dimensions, normalisation and embedding types; G1
(``amazon.titan-embed-text-v1``) takes the text alone. Bodies and answers as in the recorded traffic; the
sizes and types are those of the Amazon Bedrock user guide, "Amazon Titan Text Embeddings".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .family import EmbeddingOptions, Family, Vectors, one_vector
from .inputs import Item

MODEL = "amazon.titan-embed-text-v2:0"
DIMENSIONS = (256, 512, 1024)


def _body(items: Sequence[Item], options: EmbeddingOptions) -> dict[str, Any]:
    body: dict[str, Any] = {"inputText": items[0].text}
    if options.dimensions is not None:
        body["dimensions"] = options.dimensions
    if options.normalize is not None:
        body["normalize"] = options.normalize
    if options.embedding_types is not None:
        body["embeddingTypes"] = list(options.embedding_types)
    return body


def _body_v1(items: Sequence[Item], options: EmbeddingOptions) -> dict[str, Any]:
    return {"inputText": items[0].text}


def _read(answer: Mapping[str, Any]) -> Vectors:
    by_type: Any = answer.get("embeddingsByType")
    if by_type and (len(by_type) > 1 or "float" not in by_type):
        return {kind: [one_vector(vector)] for kind, vector in by_type.items()}
    return {"float": [one_vector(answer["embedding"] if "embedding" in answer else by_type["float"])]}


V2 = Family(
    name="titan-text-v2",
    title="Titan Text Embeddings V2",
    body=_body,
    read=_read,
    dimensions=DIMENSIONS,
    types=("float", "binary"),
    normalizes=True,
)
V1 = Family(name="titan-text-v1", title="Titan Text Embeddings G1", body=_body_v1, read=_read)
