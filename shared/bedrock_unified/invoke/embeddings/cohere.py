"""Cohere Embed v3 and v4: up to 96 inputs a request.

Bodies and answers as in the recorded traffic (v3 answers with a list, v4 with lists by type; v4 took
``truncate`` END). Images, mixed inputs, types and limits: Amazon Bedrock user guide, "Cohere Embed v3" and
"Cohere Embed v4".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from ...errors import InvalidRequestError
from . import by_vector
from .family import EmbeddingOptions, Family, Vectors, one_vector
from .inputs import Item, Media

MOST = 96
#: Characters of a text; "#/texts/0: expected maxLength: 2048", also with truncate END (reported by users of
#: other packages, not recorded).
_LONGEST_V3 = 2048
DIMENSIONS = (256, 512, 1024, 1536)
_TYPES = ("float", "int8", "uint8", "binary", "ubinary")
_INPUT_TYPES: dict[str, str | None] = {
    "document": "search_document",
    "query": "search_query",
    "classification": "classification",
    "clustering": "clustering",
    "search_document": "search_document",
    "search_query": "search_query",
    "image": "image",
}
_TRUNCATES_V3: dict[str, str | None] = {
    "none": "NONE",
    "start": "START",
    "end": "END",
    "left": "START",
    "right": "END",
}
# v4 documents LEFT and RIGHT, and takes v3's words, too.
_TRUNCATES_V4: dict[str, str | None] = {
    "none": "NONE",
    "start": "START",
    "end": "END",
    "left": "LEFT",
    "right": "RIGHT",
}


def _body_v3(items: Sequence[Item], options: EmbeddingOptions) -> dict[str, Any]:
    if items[0].kind == "image":
        _check_image_input_type(options.input_type, items[0])
        members: dict[str, Any] = {"images": _images(items), "input_type": "image"}
    else:
        members = {"texts": [_cut(item.text or "", options) for item in items]}
        members["input_type"] = _input_type(options)
    return {**members, **_shared(options, V3)}


def _body_v4(items: Sequence[Item], options: EmbeddingOptions) -> dict[str, Any]:
    kind = items[0].kind
    if kind == "text":
        members: dict[str, Any] = {"texts": [item.text for item in items]}
    elif kind == "image":
        members = {"images": _images(items)}
    else:
        members = {"inputs": [{"content": [_part(part, item) for part in item.parts]} for item in items]}
    members["input_type"] = _input_type(options)
    if options.dimensions is not None:
        members["output_dimension"] = options.dimensions
    if options.max_tokens is not None:
        members["max_tokens"] = options.max_tokens
    return {**members, **_shared(options, V4)}


def _shared(options: EmbeddingOptions, family: Family) -> dict[str, Any]:
    members: dict[str, Any] = {}
    if options.embedding_types is not None:
        members["embedding_types"] = list(options.embedding_types)
    truncate = family.word(family.truncates, options.truncate)
    if truncate is not None:
        members["truncate"] = truncate
    return members


def _input_type(options: EmbeddingOptions) -> str | None:
    given = options.input_type
    return "search_document" if given is None else _INPUT_TYPES[given.lower()]


def _check_image_input_type(given: str | None, item: Item) -> None:
    """An image is a document or a query as a text is, but v3 embeds it for nothing else."""
    if given is not None and _INPUT_TYPES[given.lower()] in ("classification", "clustering"):
        raise InvalidRequestError(
            f"inputs[{item.position}] is an image, for which {V3.title} has no input_type={given!r}",
            hint="embed images in a call of their own, without input_type",
        )


def _cut(text: str, options: EmbeddingOptions) -> str:
    """A text as long as v3 takes it, where truncating was asked for: Bedrock's own begins behind its check
    of the length, which refuses the text."""
    if len(text) <= _LONGEST_V3 or options.truncate is None:
        return text
    way = V3.word(V3.truncates, options.truncate)
    if way == "NONE":
        return text
    return text[-_LONGEST_V3:] if way == "START" else text[:_LONGEST_V3]


def _images(items: Sequence[Item]) -> list[str]:
    return [_image(cast("Media", item.media), item) for item in items]


def _part(part: str | Media, item: Item) -> dict[str, Any]:
    if isinstance(part, str):
        return {"type": "text", "text": part}
    return {"type": "image_url", "image_url": _image(part, item)}


def _image(media: Media, item: Item) -> str:
    where = f"inputs[{item.position}]"
    if media.kind != "image":
        raise InvalidRequestError(
            f"{where} has {media.kind}, which Cohere Embed does not embed", hint="it takes texts and images"
        )
    if media.uri is not None:
        raise InvalidRequestError(
            f"{where} lies in S3, which Cohere Embed does not read", hint="give the image's bytes"
        )
    url = media.data_url
    if url is None:
        raise InvalidRequestError(
            f"the format of the image in {where} is not known",
            hint="give it as a data URL, data:image/png;base64,…",
        )
    return url


def _read(answer: Mapping[str, Any]) -> Vectors:
    found: Any = answer["embeddings"]
    if isinstance(found, dict):
        # Without a copy: the lists are as orjson made them.
        return {kind: _list(vectors) for kind, vectors in cast("dict[str, Any]", found).items()}
    return {"float": _list(found)}


def _list(vectors: Any) -> list[list[float]]:
    if not isinstance(vectors, list):
        raise TypeError("no list of vectors")
    for vector in cast("list[Any]", vectors):
        one_vector(vector)
    return cast("list[list[float]]", vectors)


V3 = Family(
    name="cohere-v3",
    title="Cohere Embed v3",
    body=_body_v3,
    loads=by_vector.loads,
    read=_read,
    most=MOST,
    most_of={"image": 1},
    kinds=frozenset({"text", "image"}),
    input_types=_INPUT_TYPES,
    truncates=_TRUNCATES_V3,
    types=_TYPES,
)
V4 = Family(
    name="cohere-v4",
    title="Cohere Embed v4",
    body=_body_v4,
    loads=by_vector.loads,
    read=_read,
    most=MOST,
    kinds=frozenset({"text", "image", "mixed"}),
    dimensions=DIMENSIONS,
    input_types={name: word for name, word in _INPUT_TYPES.items() if name != "image"},
    truncates=_TRUNCATES_V4,
    types=_TYPES,
    limits_tokens=True,
)
