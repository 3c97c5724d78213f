"""Images, documents, videos and audio as Converse's content blocks.

>>> from pathlib import Path
>>> from bedrock_unified import media
>>> media.image(Path("cat.png"))  # doctest: +SKIP
{'image': {'format': 'png', 'source': {'bytes': b'…'}}}

A medium may be given as bytes, base64 text, a ``data:`` URL, an ``s3://`` URI, a ``pathlib.Path``, what a
:class:`MediaFetcher` downloaded, or Converse's own ``source``. Text is never taken for the path of a file,
and a web address is refused unless ``fetch`` allows it: ``True`` for a :class:`MediaFetcher` with its
defaults, or one of your own. Asynchronous code awaits :meth:`MediaFetcher.afetch` and gives what it returns.

The format need not be said: bytes tell it, then the declaration (``format``, a MIME type), then the file
name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..converse.documents import DocumentNames, content_of
from .formats import format_of, kind_of, mime_type_of
from .sources import Fetched, MediaSource, Source, file_name, read_source

if TYPE_CHECKING:
    from .fetching import MediaFetcher

__all__ = [
    "Fetched",
    "MediaFetcher",
    "MediaSource",
    "Source",
    "audio",
    "document",
    "format_of",
    "image",
    "kind_of",
    "mime_type_of",
    "read_source",
    "video",
]

Block = dict[str, Any]


def image(
    source: MediaSource,
    format: str | None = None,
    *,
    bucket_owner: str | None = None,
    fetch: bool | MediaFetcher = False,
) -> Block:
    """An ``image`` block: png, jpeg, gif or webp.

    Args:
        source: the image, in any form that the module names.
        format: its format or MIME type; bytes that contradict it win, with a warning in the log.
        bucket_owner: of an ``s3://`` URI, the account that owns the bucket, of 12 digits.
        fetch: whether a web address may be downloaded, or who does it.

    Raises:
        InvalidRequestError: nothing that Bedrock could read, no format that it reads, or a web address.
    """
    return _medium("image", read_source("image", source, bucket_owner=bucket_owner, fetch=fetch), format)


def video(
    source: MediaSource,
    format: str | None = None,
    *,
    bucket_owner: str | None = None,
    fetch: bool | MediaFetcher = False,
) -> Block:
    """A ``video`` block: mkv, mov, mp4, webm, flv, mpeg, mpg, wmv or three_gp. As :func:`image`."""
    return _medium("video", read_source("video", source, bucket_owner=bucket_owner, fetch=fetch), format)


def audio(
    source: MediaSource,
    format: str | None = None,
    *,
    bucket_owner: str | None = None,
    fetch: bool | MediaFetcher = False,
) -> Block:
    """An ``audio`` block: mp3, wav, flac, ogg, opus, aac, m4a and others. As :func:`image`."""
    return _medium("audio", read_source("audio", source, bucket_owner=bucket_owner, fetch=fetch), format)


def document(
    source: MediaSource,
    format: str | None = None,
    *,
    name: str | None = None,
    context: str | None = None,
    citations: bool | None = None,
    bucket_owner: str | None = None,
    names: DocumentNames | None = None,
    fetch: bool | MediaFetcher = False,
) -> Block:
    """A ``document`` block: pdf, csv, doc, docx, xls, xlsx, html, txt or md.

    Args:
        source: the document, in any form that the module names; ``{"text": …}`` and ``{"content": […]}``,
            too.
        format: its format or MIME type; bytes that contradict it win, with a warning in the log.
        name: what to call it; made acceptable to Bedrock. Else its file name, else one that follows from its
            bytes.
        context: what the model is told about it.
        citations: whether the model shall cite from it.
        bucket_owner: of an ``s3://`` URI, the account that owns the bucket, of 12 digits.
        names: the names of the request's other documents, of which this one's will differ.
        fetch: whether a web address may be downloaded, or who does it.

    Raises:
        InvalidRequestError: as :func:`image`.
    """
    found = read_source("document", source, bucket_owner=bucket_owner, fetch=fetch)
    members = _medium("document", found, format)["document"]
    described: Mapping[str, Any] = {
        "context": context,
        "citations": None if citations is None else {"enabled": citations},
    }
    wanted = name or (file_name(found.name) if found.name else None)
    members["name"] = (names or DocumentNames()).name(wanted, content_of(found.member))
    return {"document": {**members, **{key: value for key, value in described.items() if value is not None}}}


def _medium(kind: str, source: Source, format: str | None) -> Block:
    told = format or source.mime_type
    return {
        kind: {
            "format": format_of(kind, told=told, name=source.name, data=source.data),
            "source": dict(source.member),
        }
    }


def __getattr__(name: str) -> Any:
    if name == "MediaFetcher":  # its room opens sockets, which nobody needs before a download
        from .fetching import MediaFetcher

        return MediaFetcher
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
