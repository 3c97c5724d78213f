"""Images, documents, audio and video of LlamaIndex as Converse takes them: their format and their source."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

import filetype
from llama_index.core.base.llms.types import (
    AudioBlock,
    ChatMessage,
    CitableBlock,
    DocumentBlock,
    ImageBlock,
    VideoBlock,
)

from bedrock_unified.converse.checks import FORMATS
from bedrock_unified.errors import InvalidRequestError

#: Downloaded media by URL, or why there are none.
Fetched: TypeAlias = Mapping[str, bytes | OSError]
Media: TypeAlias = ImageBlock | DocumentBlock | AudioBlock | VideoBlock
MEDIA = (ImageBlock, DocumentBlock, AudioBlock, VideoBlock)

# The service model's AudioFormat.
_AUDIO = frozenset(
    "mp3 opus wav aac flac mp4 ogg mkv mka x-aac m4a mpeg mpga pcm webm".split()  # noqa: SIM905
)
#: Converse formats and the MIME type that names each; the first of a format is the one written back.
MIME_TYPES: Mapping[str, Mapping[str, str]] = {
    "image": {
        "image/png": "png",
        "image/jpeg": "jpeg",
        "image/jpg": "jpeg",
        "image/gif": "gif",
        "image/webp": "webp",
    },
    "document": {
        "application/pdf": "pdf",
        "text/csv": "csv",
        "application/csv": "csv",
        "application/msword": "doc",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
        "application/vnd.ms-excel": "xls",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
        "text/html": "html",
        "application/xhtml+xml": "html",
        "text/plain": "txt",
        "text/markdown": "md",
        "text/x-markdown": "md",
    },
    "video": {
        "video/x-matroska": "mkv",
        "video/quicktime": "mov",
        "video/mp4": "mp4",
        "video/x-m4v": "mp4",
        "video/webm": "webm",
        "video/x-flv": "flv",
        "video/mpeg": "mpeg",
        "video/mpg": "mpg",
        "video/x-ms-wmv": "wmv",
        "video/x-ms-asf": "wmv",
        "video/3gpp": "three_gp",
    },
    "audio": {
        "audio/mpeg": "mp3",
        "audio/wav": "wav",
        "audio/x-wav": "wav",
        "audio/ogg": "ogg",
        "audio/flac": "flac",
        "audio/x-flac": "flac",
        "audio/aac": "aac",
        "audio/mp4": "m4a",
        "audio/webm": "webm",
    },
}
_EXTENSIONS = {"htm": "html", "jpg": "jpeg", "markdown": "md", "3gp": "three_gp", "text": "txt"}
# Document names may hold letters, digits, single spaces, hyphens, parentheses and square brackets, as the
# API reference of DocumentBlock says.
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9\-()\[\] ]+")
_SPACES = re.compile(r" {2,}")
_NAME_LENGTH = 200


def mime_type(kind: str, format_: str) -> str:
    """The MIME type for a Converse format, for the way back."""
    known = (mime for mime, name in MIME_TYPES[kind].items() if name == format_)
    return next(known, f"{kind}/{format_}")


def remote_urls(messages: Iterable[ChatMessage]) -> list[str]:
    """URLs of these messages' media that have to be downloaded, each once."""
    urls = dict.fromkeys(url for message in messages for url in _urls(message.blocks))
    return [url for url in urls if url.startswith(("http://", "https://"))]


def _urls(blocks: Iterable[object]) -> Iterable[str]:
    for block in blocks:
        if isinstance(block, CitableBlock):
            yield from _urls(block.content)
        elif isinstance(block, MEDIA) and block.url:
            yield str(block.url)


def image(block: ImageBlock, fetched: Fetched) -> dict[str, Any]:
    """An ``image`` block; ``fetched`` are the media that were downloaded before.

    Raises:
        InvalidRequestError: no data, or a format that Converse does not read.
    """
    return _written("image", block, block.image_mimetype, fetched)


def video(block: VideoBlock, fetched: Fetched) -> dict[str, Any]:
    """A ``video`` block. Raises as :func:`image`."""
    return _written("video", block, block.video_mimetype, fetched)


def audio(block: AudioBlock, fetched: Fetched) -> dict[str, Any]:
    """An ``audio`` block. Raises as :func:`image`."""
    return _written("audio", block, block.format, fetched)


def document(block: DocumentBlock, names: set[str], fetched: Fetched) -> dict[str, Any]:
    """A ``document`` block; ``names`` are those the request already uses, and grow by this one's.

    Raises as :func:`image`.
    """
    written = _written("document", block, block.document_mimetype, fetched)
    written["document"]["name"] = document_name(block.title, names)
    return written


def document_name(title: str | None, names: set[str]) -> str:
    """A name that Bedrock accepts and that no other document of the request has."""
    cleaned = _SPACES.sub(" ", _NOT_IN_NAMES.sub(" ", title or "")).strip()[:_NAME_LENGTH].strip()
    name = cleaned = cleaned or "document"
    number = 1
    while name in names:
        number += 1
        ending = f" {number}"
        name = cleaned[: _NAME_LENGTH - len(ending)] + ending
    names.add(name)
    return name


def _written(kind: str, block: Media, told: str | None, fetched: Fetched) -> dict[str, Any]:
    place = str(block.url or block.path or "")
    if place.startswith("s3:/"):
        format_ = _format(kind, told, place, None)
        return {kind: {"format": format_, "source": {"s3Location": {"uri": place}}}}
    data = _data(kind, block, fetched.get(place))
    return {kind: {"format": _format(kind, told, place, data), "source": {"bytes": data}}}


def _data(kind: str, block: Media, fetched: bytes | OSError | None) -> bytes:
    try:
        if isinstance(fetched, OSError):
            raise fetched
        if fetched is not None:
            data = fetched
        elif isinstance(block, ImageBlock):
            data = block.resolve_image().read()
        elif isinstance(block, DocumentBlock):
            data = block.resolve_document().read()
        elif isinstance(block, AudioBlock):
            data = block.resolve_audio().read()
        else:
            data = block.resolve_video().read()
    except (ValueError, OSError) as error:
        where, _, query = str(block.url or block.path or "its data").partition("?")
        reason = str(error).replace(query, "…") if query else str(error)  # it may hold a signature
        raise InvalidRequestError(
            f"the {kind} at {where:.200} could not be read: {reason}",
            hint="give the bytes, a path, a data: or http(s): URL, or an s3:// URL",
        ) from error
    return data if isinstance(data, bytes) else bytes(data)


def _format(kind: str, told: str | None, place: str, data: bytes | None) -> str:
    mimes = MIME_TYPES[kind]
    known: Iterable[str] = _AUDIO if kind == "audio" else FORMATS[kind]
    if told:
        told = told.partition(";")[0].strip().lower()
        if found := mimes.get(told) or _known(told, known):
            return found
    if not place.startswith("data:") and (found := _known(place.rpartition(".")[2].lower(), known)):
        return found
    if data is not None:
        guess = filetype.guess(data)
        if guess is not None and (found := mimes.get(guess.mime) or _known(guess.extension, known)):
            return found
        if kind == "document" and guess is None and _is_text(told, data):
            return "txt"
    raise InvalidRequestError(
        f"the {kind}'s format is not one that Bedrock reads (given: {told or place[:80] or 'nothing'!r})",
        hint=f"formats: {', '.join(sorted(known))}; name it in the block's MIME type or format",
    )


def _known(name: str, known: Iterable[str]) -> str | None:
    name = _EXTENSIONS.get(name, name)
    return name if name in known else None


def _is_text(told: str | None, data: bytes) -> bool:
    """Whether a document without a telling type is plain text."""
    if told and not told.startswith(("text/", "application/json", "application/xml", "application/x-")):
        return False
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return b"\0" not in data
