"""Images, documents, audio and video of LlamaIndex as Converse takes them: their format and their source.

What bytes, declared types and names say of a format is :mod:`bedrock_unified.media`'s to judge. A web address
is never resolved by LlamaIndex's own blocks, which download from anywhere: :mod:`.fetching` does it before,
where ``fetch_media`` allows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from llama_index.core.base.llms.types import (
    AudioBlock,
    ChatMessage,
    CitableBlock,
    DocumentBlock,
    ImageBlock,
    VideoBlock,
)

from bedrock_unified.converse.documents import DocumentNames, content_of
from bedrock_unified.errors import InvalidRequestError
from bedrock_unified.media import Fetched, format_of, mime_type_of
from bedrock_unified.media.sources import data_url, file_name, not_allowed, s3_member, without_query

#: Downloaded media by URL.
Found: TypeAlias = Mapping[str, Fetched]
Media: TypeAlias = ImageBlock | DocumentBlock | AudioBlock | VideoBlock
MEDIA = (ImageBlock, DocumentBlock, AudioBlock, VideoBlock)

#: The MIME type for a Converse format, for the way back.
mime_type = mime_type_of
# What LlamaIndex calls a document that nobody named.
_UNTITLED = "input_document"


def remote_urls(messages: Iterable[ChatMessage]) -> list[str]:
    """URLs of these messages' media that have to be downloaded, each once."""
    urls = dict.fromkeys(url for message in messages for url in _urls(message.blocks))
    return [url for url in urls if _is_web(url)]


def _urls(blocks: Iterable[object]) -> Iterable[str]:
    for block in blocks:
        if isinstance(block, CitableBlock):
            yield from _urls(block.content)
        elif isinstance(block, MEDIA) and block.url and _holds_no_more(block):
            yield str(block.url)


def image(block: ImageBlock, fetched: Found) -> dict[str, Any]:
    """An ``image`` block; ``fetched`` are the media that were downloaded before.

    Raises:
        InvalidRequestError: no data, a format that Converse does not read, or a web address that was not
            downloaded.
    """
    return _written("image", block, block.image_mimetype, fetched)


def video(block: VideoBlock, fetched: Found) -> dict[str, Any]:
    """A ``video`` block. Raises as :func:`image`."""
    return _written("video", block, block.video_mimetype, fetched)


def audio(block: AudioBlock, fetched: Found) -> dict[str, Any]:
    """An ``audio`` block. Raises as :func:`image`."""
    return _written("audio", block, block.format, fetched)


def document(block: DocumentBlock, names: DocumentNames, fetched: Found) -> dict[str, Any]:
    """A ``document`` block; ``names`` are those the request already uses, and grow by this one's.

    Raises as :func:`image`.
    """
    written = _written("document", block, block.document_mimetype, fetched)
    place = str(block.path or block.url or "")
    wanted = None if place.startswith("data:") else file_name(place)
    if block.title != _UNTITLED:
        wanted = block.title
    written["document"]["name"] = names.name(wanted, content_of(written["document"]["source"]))
    return written


def _written(kind: str, block: Media, told: str | None, fetched: Found) -> dict[str, Any]:
    place = str(block.url or block.path or "")
    if place.startswith("s3://"):
        return {kind: {"format": format_of(kind, told=told, name=place), "source": s3_member(kind, place)}}
    data, said = _data(kind, block, fetched)
    name = "" if place.startswith("data:") else place
    form = format_of(kind, told=told or said, name=name, data=data)
    return {kind: {"format": form, "source": {"bytes": data}}}


def _data(kind: str, block: Media, fetched: Found) -> tuple[bytes, str | None]:
    """The bytes of a block, and the type that came with them."""
    if block.url is not None and _holds_no_more(block):
        return _at(kind, str(block.url), fetched)
    try:
        if isinstance(block, ImageBlock):
            data = block.resolve_image().read()
        elif isinstance(block, DocumentBlock):
            data = block.resolve_document().read()
        elif isinstance(block, AudioBlock):
            data = block.resolve_audio().read()
        else:
            data = block.resolve_video().read()
    except (ValueError, OSError) as error:
        where = str(block.path or "its data")
        raise InvalidRequestError(
            f"the {kind} at {where:.200} could not be read: {error}",
            hint="give the bytes, a path, a data: URL, or an s3:// URL",
        ) from error
    return data if isinstance(data, bytes) else bytes(data), None


def _at(kind: str, url: str, fetched: Found) -> tuple[bytes, str | None]:
    if url.startswith("data:"):
        data, said = data_url(kind, url)
        if not data:
            raise InvalidRequestError(f"the {kind} has zero bytes", hint="give its bytes")
        return data, said
    found = fetched.get(url)
    if found is not None:
        return found.data, found.mime_type
    if _is_web(url):
        raise not_allowed(kind, url)
    raise InvalidRequestError(
        f"the {kind} at {without_query(url)!r} cannot be read",
        hint="give the bytes, a path, a data: URL, or an s3:// URL",
    )


def _holds_no_more(block: Media) -> bool:
    """Whether a block has its URL alone: bytes and a path would be read first."""
    if isinstance(block, ImageBlock):
        held: object = block.image
    elif isinstance(block, DocumentBlock):
        held = block.data
    else:
        held = block.audio if isinstance(block, AudioBlock) else block.video
    return held is None and block.path is None


def _is_web(url: str) -> bool:
    return url.lower().startswith(("http://", "https://"))
