"""Images, documents, video and audio for Converse, from every form in which LangChain users write them.

Forms: LangChain's standard blocks (v0 and v1), Anthropic's ``source`` blocks (with which answers come, too),
OpenAI's ``image_url`` (its other blocks are made standard ones by :mod:`.openai`); bytes inline, as base64 or
``data:`` URL, an object in S3 by its ``s3://`` URI, or, where ``fetch_media`` allows it, a web address. What
bytes, declared types and names say of a format is :mod:`bedrock_unified.media`'s to judge.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bedrock_unified.converse.checks import FORMATS
from bedrock_unified.converse.documents import content_of
from bedrock_unified.media import Fetched, Source, format_of, kind_of
from bedrock_unified.media.sources import (
    data_url,
    decoded_base64,
    file_name,
    not_allowed,
    s3_member,
    without_query,
)

from ..errors import InvalidRequestError
from .documents import DocumentNames

Block = dict[str, Any]

#: Names under which a block, its metadata or its extras may say what a document is called, and more.
_DESCRIBED = ("name", "filename", "title", "context", "citations")


def image_url(block: Mapping[str, Any], names: DocumentNames) -> Block:
    """OpenAI's ``image_url`` block: ``{"url": …}`` or the URL itself."""
    given = block.get("image_url")
    url = given.get("url") if isinstance(given, Mapping) else given
    return media("image", {"url": url}, names)


def media(kind: str, block: Mapping[str, Any], names: DocumentNames, *, ours: bool = True) -> Block:
    """One block of an image, file, document, video or audio.

    Args:
        ours: whether this may be an answer of Bedrock's, whose ``source`` names its format as it was; it goes
            back so, whatever its bytes look like.

    Raises:
        InvalidRequestError: nothing Bedrock could read: a web address that was not fetched, an uploaded
            file's id, another type.
    """
    native = block.get(kind)
    if isinstance(native, Mapping):
        return native_media(kind, native, names)
    described = block.get("source")
    if isinstance(described, Mapping):
        source = _described(kind, described, block)
        form = _own_format(kind, source.mime_type) if ours else None
    else:
        source = _standard(kind, block)
        form = None
    said = _said(block)
    name = said.get("filename") or said.get("name") or said.get("title") or source.name
    name = name if isinstance(name, str) else source.name
    if kind == "file":
        kind = kind_of(source.mime_type, name=name, data=source.data)
    form = form or format_of(kind, told=source.mime_type, name=name, data=source.data)
    if kind == "document":
        return _document(said, source, form, names)
    extras = block.get("extras")
    error = {"error": extras["error"]} if isinstance(extras, Mapping) and "error" in extras else {}
    return {kind: {"format": form, "source": dict(source.member), **error}}


def plain_text(block: Mapping[str, Any], names: DocumentNames) -> Block:
    """LangChain's ``text-plain`` block as a text document."""
    if isinstance(block.get("text"), str):
        return _document(_said(block), _inline("text-plain", block["text"].encode(), None), "txt", names)
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
    return decoded_base64(f"{kind} block", data)


def _described(kind: str, source: Mapping[str, Any], block: Mapping[str, Any]) -> Source:
    """A ``source`` member: Anthropic's, or our own of an answer."""
    form, data, mime_type = source.get("type"), source.get("data"), source.get("media_type")
    if form is None and data is not None:  # an answer's, which goes back as it was
        return Source({"bytes": (held := decoded(data, kind))}, held, mime_type)
    if form == "base64":
        return _inline(kind, decoded(data, kind), mime_type)
    if form == "s3Location":
        place = data if isinstance(data, Mapping) else {}
        return Source({"s3Location": data}, mime_type=mime_type, name=place.get("uri"))
    if form == "url":
        return _by_url(kind, source.get("url"), mime_type, block)
    if form == "text" and isinstance(data, str):
        return _inline(kind, data.encode(), mime_type or "text/plain")
    if form == "content":
        content = source.get("content")
        parts = [{"text": content}] if isinstance(content, str) else content or []
        member = {"content": [{"text": _part_text(part)} for part in parts]}
        return Source(member, mime_type=mime_type or "text/plain")
    if form is None and not data:
        return Source({}, mime_type=mime_type)
    raise InvalidRequestError(
        f"{_a(kind)} block's source of type {form!r} is not one that Bedrock reads",
        hint="give it as base64, or as an object in S3 by its s3:// URI",
    )


def _part_text(part: Any) -> str:
    text = part.get("text") if isinstance(part, Mapping) else part
    if isinstance(text, str):
        return text
    named = part.get("type") if isinstance(part, Mapping) else type(part).__name__
    raise InvalidRequestError(
        f"a document's content has a part of type {named!r:.80}, and Bedrock reads texts there alone",
        hint="give what is no text as a block of its own beside the document",
    )


def _standard(kind: str, block: Mapping[str, Any]) -> Source:
    mime_type = block.get("mime_type")
    data = block.get("base64", block.get("data"))
    if data is not None:
        return _inline(kind, decoded(data, kind), mime_type)
    if block.get("source_type") == "text" and isinstance(block.get("text"), str):
        return _inline(kind, block["text"].encode(), mime_type or "text/plain")
    if block.get("url") is not None:
        return _by_url(kind, block["url"], mime_type, block)
    what = "the id of an uploaded file" if "file_id" in block or "id" in block else "no data"
    raise InvalidRequestError(
        f"{_a(kind)} block has {what}, which Bedrock cannot read",
        hint="give its bytes as 'base64' with a 'mime_type', or an object in S3 as 'url': 's3://bucket/key'",
    )


def _inline(kind: str, data: bytes, mime_type: str | None, name: str | None = None) -> Source:
    if not data:
        raise InvalidRequestError(f"{_a(kind)} block has zero bytes", hint="give its bytes, or leave it out")
    return Source({"bytes": data}, data, mime_type, name)


def _by_url(kind: str, url: Any, mime_type: str | None, block: Mapping[str, Any]) -> Source:
    if isinstance(url, Fetched):  # put there by :mod:`.fetched`
        return _inline(kind, url.data, mime_type or url.mime_type, url.url)
    text = url.strip() if isinstance(url, str) else ""
    scheme = text.partition(":")[0].lower()
    if scheme == "data":
        data, named = data_url(f"{kind} block", text)
        return _inline(kind, data, mime_type or named)
    if scheme == "s3":
        owner = next(
            (place["bucket_owner"] for place in _places(block) if place.get("bucket_owner") is not None), None
        )
        return Source(s3_member(kind, "s3" + text[2:], owner), mime_type=mime_type, name=text)
    if scheme in ("http", "https"):
        raise not_allowed(f"{kind} block", text)
    raise InvalidRequestError(
        f"{_a(kind)} block has {without_query(text) or url!r:.120} as its URL, which Bedrock cannot read",
        hint="give the bytes as base64, or an object in S3 as s3://bucket/key",
    )


def _own_format(kind: str, mime_type: str | None) -> str | None:
    """The format in an answer's ``media_type``, which is ``<kind>/<format>`` and not always a MIME type."""
    main, _, form = (mime_type or "").partition("/")
    return form if main == kind and form in FORMATS[kind] else None


def _places(block: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    extras = block.get("extras")
    # langchain-core puts the metadata of older blocks into the extras of the standard one it makes of them.
    nested = extras.get("metadata") if isinstance(extras, Mapping) else None
    held = (block, block.get("metadata"), extras, nested)
    return [place for place in held if isinstance(place, Mapping)]


def _said(block: Mapping[str, Any]) -> dict[str, Any]:
    """What the block says of a document, wherever it says it."""
    said: dict[str, Any] = {}
    for place in _places(block):
        for name in _DESCRIBED:
            if place.get(name) is not None:
                said.setdefault(name, place[name])
    return said


def _document(said: Mapping[str, Any], source: Source, form: str, names: DocumentNames) -> Block:
    wanted = said.get("name") or said.get("filename") or said.get("title")
    if not isinstance(wanted, str):
        wanted = file_name(source.name) if source.name else None
    name = names.name(wanted, content_of(source.member))
    document: Block = {"format": form, "name": name, "source": dict(source.member)}
    if isinstance(said.get("context"), str):
        document["context"] = said["context"]
    if isinstance(said.get("citations"), Mapping):
        document["citations"] = {"enabled": bool(said["citations"].get("enabled"))}
    return {"document": document}


def _a(kind: str) -> str:
    return f"an {kind}" if kind in ("image", "audio") else f"a {kind}"
