"""What can be embedded: texts, images, audio, video, and several of them together as one input."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

from ...errors import InvalidRequestError
from ...media import Fetched, MediaSource, Source, kind_of, read_source
from ...media.formats import found_format
from ...media.sources import without_query

MEDIA = ("image", "audio", "video")
_FORMS = "text, image bytes, or a dict: {'text': …}, {'image': …}, {'text': …, 'image': …}, {'content': […]}"
_MEDIA_FORMS = "give bytes, base64 text, a data URL, an s3:// URI, or a file as pathlib.Path"
_WEB = re.compile(r"\s*https?://", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Media:
    """An image, a sound or a film, ready to be written into a body.

    Attributes:
        kind: ``image``, ``audio`` or ``video``.
        base64: its bytes as base64 text; None where it lies in S3.
        uri: its ``s3://`` URI, else None.
        bucket_owner: the account that owns the bucket, where the caller says so.
        format: ``jpeg``, ``png``, ``mp4``, …; None where neither the bytes nor the name tell it.
    """

    kind: str
    base64: str | None
    uri: str | None = None
    bucket_owner: str | None = None
    format: str | None = None

    @property
    def data_url(self) -> str | None:
        """``data:image/png;base64,…``; None for media in S3 or without a known format."""
        if self.base64 is None or self.format is None:
            return None
        return f"data:{self.kind}/{self.format};base64,{self.base64}"

    @property
    def location(self) -> dict[str, str]:
        """The ``s3Location`` that Bedrock's bodies have."""
        owner = {"bucketOwner": self.bucket_owner} if self.bucket_owner else {}
        return {"uri": str(self.uri), **owner}


Part = str | Media


class Item(NamedTuple):
    """One input, which gets one vector.

    Attributes:
        position: its place in the caller's list, from 0.
        parts: what it consists of, in order; never empty.
        kind: ``text``, ``image``, ``audio``, ``video``, or ``mixed`` for several parts.
        size: about how many bytes it takes in a body.
    """

    position: int
    parts: tuple[Part, ...]
    kind: str
    size: int

    @property
    def text(self) -> str | None:
        """Its first text."""
        if self.kind == "text":
            return cast("str", self.parts[0])
        return next((part for part in self.parts if isinstance(part, str)), None)

    @property
    def media(self) -> Media | None:
        """Its first image, sound or film."""
        return next((part for part in self.parts if isinstance(part, Media)), None)


def _item(position: int, parts: Sequence[Part]) -> Item:
    kinds = ["text" if isinstance(part, str) else part.kind for part in parts]
    size = sum(_size(part) if isinstance(part, str) else len(part.base64 or "") for part in parts)
    return Item(position, tuple(parts), kinds[0] if len(kinds) == 1 else "mixed", size)


def _size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def item_of(value: Any, position: int) -> Item:
    """One input of the caller's as an item.

    Raises:
        InvalidRequestError: it is empty or nothing that can be embedded; the message names its position.
    """
    if isinstance(value, str):
        text = _text(value, position)
        return Item(position, (text,), "text", _size(text))
    if isinstance(value, (bytes, bytearray, memoryview)):
        return _item(position, [_media("image", value, position)])
    if isinstance(value, (Fetched, Source)):
        data, name = value.data, value.url if isinstance(value, Fetched) else value.name
        return _item(position, [_media(kind_of(value.mime_type, name=name, data=data), value, position)])
    if isinstance(value, Mapping):
        return _item(position, _parts(cast("Mapping[str, Any]", value), position))
    if value is None:
        raise _empty(position, value)
    raise InvalidRequestError(
        f"inputs[{position}] is a {type(value).__name__}, which cannot be embedded", hint=f"give {_FORMS}"
    )


def _parts(value: Mapping[str, Any], position: int) -> list[Part]:
    if "content" in value:
        content = value["content"]
        if set(value) - {"content"} or isinstance(content, (str, bytes)) or not isinstance(content, Sequence):
            raise _unknown(value, position)
        parts = [part for each in cast("Sequence[Any]", content) for part in item_of(each, position).parts]
    else:
        parts = _block(value, position)
    if not parts:
        raise _empty(position, value)
    return parts


def _block(value: Mapping[str, Any], position: int) -> list[Part]:
    """One dict's parts, in the order of its keys; also OpenAI's and Cohere's ``image_url`` blocks."""
    found: list[Part] = []
    for name, held in value.items():
        if name == "type" and isinstance(held, str):
            continue
        if name == "text":
            found.append(_text(held, position))
        elif name in MEDIA:
            found.append(_media(name, held, position))
        elif name == "image_url":
            url = cast("Mapping[str, Any]", held).get("url") if isinstance(held, Mapping) else held
            found.append(_media("image", url, position))
        else:
            raise _unknown(value, position)
    return found


def _text(value: Any, position: int) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _empty(position, value)
    return value


def _media(kind: str, value: Any, position: int) -> Media:
    what, told = f"{kind} of inputs[{position}]", None
    if isinstance(value, Mapping) and "source" in value:  # a Converse block
        block = cast("Mapping[str, Any]", value)
        value, told = block["source"], block.get("format") and str(block["format"])
    if isinstance(value, str) and _WEB.match(value):
        raise InvalidRequestError(
            f"Bedrock fetches no {kind} from a web address: inputs[{position}] is {without_query(value)!r}",
            hint=f"{_MEDIA_FORMS}; MediaFetcher of bedrock_unified.media downloads from public addresses",
        )
    source = value if isinstance(value, Source) else read_source(what, cast("MediaSource", value))
    told = told or source.mime_type
    form = found_format(kind, told=told, name=source.name, data=source.data)
    if form is None and told and ("/" not in told or told.lower().startswith(f"{kind}/")):
        form = told.partition(";")[0].rpartition("/")[2].strip().lower()  # not known here: Bedrock may judge
    if source.data is not None:
        return Media(kind, b64encode(source.data).decode("ascii"), format=form)
    place = source.member["s3Location"]
    return Media(kind, None, place["uri"], place.get("bucketOwner"), form)


def _empty(position: int, value: Any) -> InvalidRequestError:
    return InvalidRequestError(
        f"a text to embed is empty: inputs[{position}] is {value!r:.40}", hint="leave empty texts out"
    )


def _unknown(value: Mapping[str, Any], position: int) -> InvalidRequestError:
    keys = f"a dict with {', '.join(map(repr, value))}"
    return InvalidRequestError(f"inputs[{position}] holds {keys:.120}", hint=f"give {_FORMS}")
