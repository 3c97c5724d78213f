"""What can be embedded: texts, images, audio, video, and several of them together as one input."""

from __future__ import annotations

import binascii
import re
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from ...errors import InvalidRequestError

MEDIA = ("image", "audio", "video")
_FORMS = "text, image bytes, or a dict: {'text': …}, {'image': …}, {'text': …, 'image': …}, {'content': […]}"
_MEDIA_FORMS = "give bytes, base64 text, a data URL, an s3:// URI, or a file as pathlib.Path"
_DATA_URL = re.compile(r"data:(?P<kind>[a-z]+)/(?P<format>[a-z0-9.+-]+);base64,", re.IGNORECASE)
_SAME_FORMAT = {
    "jpg": "jpeg",
    "pjpeg": "jpeg",
    "quicktime": "mov",
    "x-matroska": "mkv",
    "x-wav": "wav",
    "x-flv": "flv",
    "x-ms-wmv": "wmv",
    "3gpp": "3gp",
}

# Where a format's first bytes are: offset, bytes, format.
_MAGIC = (
    (0, b"\xff\xd8\xff", "jpeg"),
    (0, b"\x89PNG\r\n\x1a\n", "png"),
    (0, b"GIF87a", "gif"),
    (0, b"GIF89a", "gif"),
    (8, b"WEBP", "webp"),
    (8, b"WAVE", "wav"),
    (0, b"ID3", "mp3"),
    (0, b"\xff\xfb", "mp3"),
    (0, b"\xff\xf3", "mp3"),
    (0, b"OggS", "ogg"),
    (4, b"ftypqt", "mov"),
    (4, b"ftyp3g", "3gp"),
    (4, b"ftyp", "mp4"),
    (0, b"FLV", "flv"),
    (0, b"\x30\x26\xb2\x75", "wmv"),
    (0, b"\x00\x00\x01\xba", "mpeg"),
)


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


@dataclass(frozen=True, slots=True)
class Item:
    """One input, which gets one vector.

    Attributes:
        position: its place in the caller's list, from 0.
        parts: what it consists of, in order; never empty.
    """

    position: int
    parts: tuple[Part, ...]

    @property
    def kind(self) -> str:
        """``text``, ``image``, ``audio``, ``video``, or ``mixed`` for several parts."""
        kinds = ["text" if isinstance(part, str) else part.kind for part in self.parts]
        return kinds[0] if len(kinds) == 1 else "mixed"

    @property
    def text(self) -> str | None:
        """Its first text."""
        return next((part for part in self.parts if isinstance(part, str)), None)

    @property
    def media(self) -> Media | None:
        """Its first image, sound or film."""
        return next((part for part in self.parts if isinstance(part, Media)), None)

    @property
    def size(self) -> int:
        """About how many bytes it takes in a body."""
        return sum(len(part) if isinstance(part, str) else len(part.base64 or "") for part in self.parts)


def item_of(value: Any, position: int) -> Item:
    """One input of the caller's as an item.

    Raises:
        InvalidRequestError: it is empty or nothing that can be embedded; the message names its position.
    """
    if isinstance(value, str):
        return Item(position, (_text(value, position),))
    if isinstance(value, (bytes, bytearray, memoryview)):
        return Item(position, (_media("image", value, position),))
    if isinstance(value, Mapping):
        return Item(position, tuple(_parts(cast("Mapping[str, Any]", value), position)))
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
        inner = cast("Sequence[Any]", content)
        parts = [
            part
            for each in inner
            for part in ([_text(each, position)] if isinstance(each, str) else _block(each, position))
        ]
    else:
        parts = _block(value, position)
    if not parts:
        raise _empty(position, value)
    return parts


def _block(value: Any, position: int) -> list[Part]:
    """One dict's parts, in the order of its keys; also OpenAI's and Cohere's ``image_url`` blocks."""
    if not isinstance(value, Mapping):
        raise _unknown(value, position)
    found: list[Part] = []
    for name, held in cast("Mapping[str, Any]", value).items():
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
            raise _unknown(cast("Any", value), position)
    return found


def _text(value: Any, position: int) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _empty(position, value)
    return value


def _media(kind: str, value: Any, position: int) -> Media:
    if isinstance(value, (bytes, bytearray, memoryview)):
        data = bytes(cast("bytes", value))
        if not data:
            raise InvalidRequestError(f"inputs[{position}] has an empty {kind}", hint="leave it out")
        return Media(kind, b64encode(data).decode("ascii"), format=format_of(data))
    if isinstance(value, str):
        return _media_text(kind, value.strip(), position)
    if isinstance(value, Mapping):  # a Converse block's {"format": …, "source": {…}}
        block = cast("Mapping[str, Any]", value)
        source, named = _mapping(block.get("source")), block.get("format")
        if place := _mapping(source.get("s3Location")):
            found = _media_text(kind, str(place.get("uri", "")), position)
            return Media(kind, None, found.uri, place.get("bucketOwner"), named or found.format)
        if "bytes" in source:
            found = _media(kind, source["bytes"], position)
            return Media(kind, found.base64, format=named or found.format)
    what = type(cast("object", value)).__name__
    raise InvalidRequestError(f"inputs[{position}] has no {kind} but a {what}", hint=_MEDIA_FORMS)


def _mapping(value: Any) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}


def _media_text(kind: str, text: str, position: int) -> Media:
    if text.startswith("s3://"):
        _, dot, ending = text.rpartition("/")[2].lower().rpartition(".")
        return Media(kind, None, text, format=_SAME_FORMAT.get(ending, ending) if dot else None)
    if text.startswith(("http://", "https://")):
        raise InvalidRequestError(
            f"inputs[{position}]: Bedrock fetches no {kind} from a web address", hint=_MEDIA_FORMS
        )
    match = _DATA_URL.match(text)
    data = text[match.end() :] if match else text
    try:
        # The first bytes tell the format; four letters are three bytes.
        begin = b64decode(data[:64], validate=True)
        b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        begin = b""
    if not begin:
        raise InvalidRequestError(
            f"inputs[{position}]: {text[:40]!r} is no {kind} in base64",
            hint=_MEDIA_FORMS,
        )
    told = match["format"].lower() if match else None
    return Media(kind, data, format=format_of(begin) or (_SAME_FORMAT.get(told, told) if told else None))


def format_of(data: bytes) -> str | None:
    """The format of an image, a sound or a film by its first bytes; None where they do not tell."""
    for offset, magic, name in _MAGIC:
        if data[offset : offset + len(magic)] == magic:
            return name
    if data[:4] == b"\x1a\x45\xdf\xa3":  # Matroska; WebM says so in its header
        return "webm" if b"webm" in data[:64] else "mkv"
    return None


def _empty(position: int, value: Any) -> InvalidRequestError:
    return InvalidRequestError(
        f"a text to embed is empty: inputs[{position}] is {value!r:.40}", hint="leave empty texts out"
    )


def _unknown(value: Any, position: int) -> InvalidRequestError:
    keys = (
        f"a dict with {', '.join(map(repr, _mapping(value)))}" if isinstance(value, Mapping) else repr(value)
    )
    return InvalidRequestError(f"inputs[{position}] holds {keys:.120}", hint=f"give {_FORMS}")
