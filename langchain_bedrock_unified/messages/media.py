"""Images, documents, video and audio for Converse, from every form in which LangChain users write them.

Forms: LangChain's standard blocks (v0 and v1), Anthropic's ``source`` blocks (with which answers come, too),
OpenAI's ``image_url``; bytes inline, as base64 or ``data:`` URL, or an object in S3 by its ``s3://`` URI.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Mapping
from typing import Any, NamedTuple

from ..errors import InvalidRequestError
from .documents import DocumentNames

Block = dict[str, Any]

_MIME_FORMATS = {
    "image/jpg": "jpeg",
    "application/pdf": "pdf",
    "text/csv": "csv",
    "application/csv": "csv",
    "application/msword": "doc",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.ms-excel": "xls",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "text/html": "html",
    "text/plain": "txt",
    "text/markdown": "md",
    "text/x-markdown": "md",
    "application/json": "txt",
    "application/xml": "txt",
    "application/yaml": "txt",
    "video/x-matroska": "mkv",
    "video/quicktime": "mov",
    "video/x-flv": "flv",
    "video/x-ms-wmv": "wmv",
    "video/3gpp": "three_gp",
    "audio/mpeg": "mp3",
    "audio/x-wav": "wav",
    "audio/wave": "wav",
    "audio/x-flac": "flac",
    "audio/x-m4a": "m4a",
    "audio/x-matroska": "mka",
    "audio/l16": "pcm",
}
_EXTENSION_FORMATS = {"jpg": "jpeg", "htm": "html", "markdown": "md", "3gp": "three_gp"}
_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"%PDF-", "application/pdf"),
)


class _Source(NamedTuple):
    """Where the bytes are: the ``source`` member, the MIME type if known, the bytes if they are here."""

    member: dict[str, Any]
    mime_type: str | None = None
    data: bytes = b""


def image_url(block: Mapping[str, Any], names: DocumentNames) -> Block:
    """OpenAI's ``image_url`` block: ``{"url": …}`` or the URL itself."""
    given = block.get("image_url")
    url = given.get("url") if isinstance(given, Mapping) else given
    return media("image", {"url": url}, names)


def media(kind: str, block: Mapping[str, Any], names: DocumentNames) -> Block:
    """One block of an image, file, document, video or audio.

    Raises:
        InvalidRequestError: nothing Bedrock could read: a web address, an uploaded file's id, another type.
    """
    native = block.get(kind)
    if isinstance(native, Mapping):
        return native_media(kind, native, names)
    described = block.get("source")
    if isinstance(described, Mapping):
        source = _described(kind, described)
        form = _subtype(kind, source.mime_type)
    else:
        source, form = _standard(kind, block), None
    if kind == "file":
        kind = _kind_of_file(source.mime_type)
    form = form or _format(kind, source)
    if kind == "document":
        return _document(block, source, form, names)
    extras = block.get("extras")
    error = {"error": extras["error"]} if isinstance(extras, Mapping) and "error" in extras else {}
    return {kind: {"format": form, "source": source.member, **error}}


def plain_text(block: Mapping[str, Any], names: DocumentNames) -> Block:
    """LangChain's ``text-plain`` block as a text document."""
    if isinstance(block.get("text"), str):
        data = block["text"].encode()
        return _document(block, _Source({"bytes": data}, "text/plain", data), "txt", names)
    return media("document", {"mime_type": "text/plain", **block}, names)


def native_media(kind: str, member: Mapping[str, Any], names: DocumentNames) -> Block:
    """Media in Converse's own shape, as it is; base64 text for its bytes is decoded."""
    if kind == "document":
        names.reserve(member.get("name"))
    source = member.get("source")
    if isinstance(source, Mapping) and isinstance(source.get("bytes"), str):
        return {kind: {**member, "source": {**source, "bytes": decoded(source["bytes"], kind)}}}
    return {kind: dict(member)}


def decoded(data: Any, kind: str) -> bytes:
    """Bytes from base64 text.

    Raises:
        InvalidRequestError: it is not base64.
    """
    if isinstance(data, (bytes, bytearray)):
        return bytes(data)
    try:
        try:
            return b64decode(data, validate=True)
        except binascii.Error:
            return b64decode("".join(data.split()), validate=True)  # MIME breaks it into lines
    except (AttributeError, TypeError, ValueError) as error:
        raise InvalidRequestError(
            f"the data of {_a(kind)} block is not base64: {data!r:.40}",
            hint="encode the bytes with base64.b64encode(…).decode()",
        ) from error


def _described(kind: str, source: Mapping[str, Any]) -> _Source:
    """A ``source`` member: Anthropic's, or our own of an answer."""
    form, data, mime_type = source.get("type"), source.get("data"), source.get("media_type")
    if form == "base64" or (form is None and data is not None):
        return _inline(decoded(data, kind), mime_type)
    if form == "s3Location":
        return _Source({"s3Location": data}, mime_type)
    if form == "url":
        return _by_url(kind, source.get("url"), mime_type)
    if form == "text" and isinstance(data, str):
        return _inline(data.encode(), mime_type or "text/plain")
    if form == "content":
        content = source.get("content")
        parts = [{"text": content}] if isinstance(content, str) else content or []
        return _Source({"content": [{"text": part["text"]} for part in parts]}, mime_type or "text/plain")
    if form is None and not data:
        return _Source({}, mime_type)
    raise InvalidRequestError(
        f"{_a(kind)} block's source of type {form!r} is not one that Bedrock reads",
        hint="give it as base64, or as an object in S3 by its s3:// URI",
    )


def _standard(kind: str, block: Mapping[str, Any]) -> _Source:
    mime_type = block.get("mime_type")
    data = block.get("base64", block.get("data"))
    if data is not None:
        return _inline(decoded(data, kind), mime_type)
    if block.get("source_type") == "text" and isinstance(block.get("text"), str):
        return _inline(block["text"].encode(), mime_type or "text/plain")
    if block.get("url") is not None:
        return _by_url(kind, block["url"], mime_type)
    what = "the id of an uploaded file" if "file_id" in block or "id" in block else "no data"
    raise InvalidRequestError(
        f"{_a(kind)} block has {what}, which Bedrock cannot read",
        hint="give its bytes as 'base64' with a 'mime_type', or an object in S3 as 'url': 's3://bucket/key'",
    )


def _inline(data: bytes, mime_type: str | None) -> _Source:
    return _Source({"bytes": data}, mime_type or _sniffed(data), data)


def _by_url(kind: str, url: Any, mime_type: str | None) -> _Source:
    text = url if isinstance(url, str) else ""
    if text.startswith("data:"):
        head, _, data = text.partition(",")
        if not head.endswith(";base64"):
            raise InvalidRequestError(
                f"the data URL of {_a(kind)} block is not base64: {text!r:.40}",
                hint="write it as data:<mime type>;base64,<data>",
            )
        named = head.removeprefix("data:").removesuffix(";base64").split(";")[0]
        return _inline(decoded(data, kind), mime_type or named or None)
    if text.startswith("s3://"):
        extension = text.rpartition("/")[2].rpartition(".")[2].lower()
        return _Source({"s3Location": {"uri": text}}, mime_type or f"extension/{extension}")
    raise InvalidRequestError(
        f"Bedrock does not fetch {url!r:.120} of {_a(kind)} block",
        hint="give the bytes as base64, or an object in S3 as s3://bucket/key",
    )


def _kind_of_file(mime_type: str | None) -> str:
    main = (mime_type or "").partition("/")[0]
    return main if main in ("image", "video", "audio") else "document"


def _subtype(kind: str, mime_type: str | None) -> str | None:
    """The format as a ``source`` member names it: an answer's ``media_type`` is ``<kind>/<format>``."""
    main, _, subtype = (mime_type or "").partition("/")
    if main != kind or (mime_type in _MIME_FORMATS and mime_type != "audio/mpeg"):
        return None
    return subtype or None


def _format(kind: str, source: _Source) -> str:
    mime_type = (source.mime_type or "").partition(";")[0].strip().lower()
    if known := _MIME_FORMATS.get(mime_type):
        return known
    main, _, subtype = mime_type.partition("/")
    if main == "extension":
        return _EXTENSION_FORMATS.get(subtype, subtype)
    if subtype and main == kind:
        return subtype
    if kind == "document" and main == "text":
        return "txt"
    raise InvalidRequestError(
        f"{_a(kind)} block has mime_type {source.mime_type!r}, from which its format cannot be told",
        hint="give 'mime_type', such as image/png, application/pdf, audio/wav or video/mp4",
    )


def _document(block: Mapping[str, Any], source: _Source, form: str, names: DocumentNames) -> Block:
    described: dict[str, Any] = {}
    for place in (block, block.get("metadata"), block.get("extras")):
        if isinstance(place, Mapping):
            for name in ("name", "filename", "title", "context", "citations"):
                if place.get(name) is not None:
                    described.setdefault(name, place[name])
    wanted = described.get("name") or described.get("filename") or described.get("title")
    wanted = wanted if isinstance(wanted, str) else None
    name = names.name(wanted, source.data or repr(source.member).encode())
    document: Block = {"format": form, "name": name, "source": source.member}
    if isinstance(described.get("context"), str):
        document["context"] = described["context"]
    if isinstance(described.get("citations"), Mapping):
        document["citations"] = {"enabled": bool(described["citations"].get("enabled"))}
    return {"document": document}


def _sniffed(data: bytes) -> str | None:
    for magic, mime_type in _MAGIC:
        if data.startswith(magic):
            return mime_type
    return "image/webp" if data[:4] == b"RIFF" and data[8:12] == b"WEBP" else None


def _a(kind: str) -> str:
    return f"an {kind}" if kind in ("image", "audio") else f"a {kind}"
