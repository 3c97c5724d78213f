"""TwelveLabs Marengo Embed 2.7 and 3.0: one text or image a request; 3.0 also both as one input.

Source: Amazon Bedrock user guide, "TwelveLabs Marengo Embed 2.7" and "… 3.0". No such exchange is recorded:
the answer's form (``data`` with one entry, or the vector at the top) is inferred from programs that read it.
Sounds and films go through StartAsyncInvoke alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from ...errors import InvalidRequestError
from .family import EmbeddingOptions, Family, Vectors, one_vector
from .inputs import Item, Media

_TRUNCATES: dict[str, str | None] = {"none": "none", "end": "end", "right": "end"}


def _body_27(items: Sequence[Item], options: EmbeddingOptions) -> dict[str, Any]:
    item = items[0]
    if item.kind != "text":
        return {"inputType": "image", "mediaSource": _source(cast("Media", item.media))}
    body: dict[str, Any] = {"inputType": "text", "inputText": item.text}
    if options.truncate is not None:
        body["textTruncate"] = V2_7.word(_TRUNCATES, options.truncate)
    return body


def _body_3(items: Sequence[Item], options: EmbeddingOptions) -> dict[str, Any]:
    item = items[0]
    if item.kind == "text":
        return {"inputType": "text", "text": {"inputText": item.text}}
    if item.kind == "image":
        return {"inputType": "image", "image": {"mediaSource": _source(cast("Media", item.media))}}
    kinds = sorted("text" if isinstance(part, str) else part.kind for part in item.parts)
    if kinds != ["image", "text"]:
        raise InvalidRequestError(
            f"inputs[{item.position}] is more than a text and an image",
            hint="Marengo Embed 3.0 takes one text, one image, or one of each",
        )
    pair = {"inputText": item.text, "mediaSource": _source(cast("Media", item.media))}
    return {"inputType": "text_image", "text_image": pair}


def _source(media: Media) -> dict[str, Any]:
    return {"base64String": media.base64} if media.uri is None else {"s3Location": media.location}


def _read(answer: Mapping[str, Any]) -> Vectors:
    data: Any = answer.get("data", answer)
    first = cast("list[Any]", data)[0] if isinstance(data, list) else data
    return {"float": [one_vector(first["embedding"])]}


V2_7 = Family(
    name="marengo-2.7",
    title="Marengo Embed 2.7",
    body=_body_27,
    read=_read,
    kinds=frozenset({"text", "image"}),
    asynchronous=frozenset({"audio", "video"}),
    truncates=_TRUNCATES,
)
V3 = Family(
    name="marengo-3",
    title="Marengo Embed 3.0",
    body=_body_3,
    read=_read,
    kinds=frozenset({"text", "image", "mixed"}),
    asynchronous=frozenset({"audio", "video"}),
)
