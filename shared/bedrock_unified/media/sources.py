"""Where a medium's bytes are, from every form in which it may be given.

Text never makes a file be read: it may come from a model, or from whoever writes to a web service. A file is
named by a ``pathlib.Path``, which only a program makes. And nothing is downloaded unless it was allowed.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast
from urllib.parse import unquote, unquote_to_bytes

from ..errors import InvalidRequestError

if TYPE_CHECKING:
    from .fetching import MediaFetcher

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
_S3 = re.compile(r"s3://[^/\s]{3,63}(/.*)?", re.DOTALL)
_OWNER = re.compile(r"[0-9]{12}")
_WAYS = "give the bytes, base64 text, a data: URL, a pathlib.Path, or an s3:// URI"
#: The parameter of the adapters' models that allows downloads, and the one of this package's functions.
_ALLOW = "fetch_media=True"
_ALLOW_HERE = "fetch=True"


@dataclass(frozen=True, slots=True)
class Fetched:
    """A medium that was downloaded.

    Attributes:
        data: its bytes.
        mime_type: what the server called it, without parameters; None where it said nothing.
        url: where it was asked for.
    """

    data: bytes
    mime_type: str | None
    url: str


#: What a medium may be given as. Of a dict, Converse's own ``source`` shape is meant.
MediaSource: TypeAlias = bytes | bytearray | memoryview | str | PathLike[str] | Fetched | Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Source:
    """A medium as Converse is told of it.

    Attributes:
        member: the ``source`` member: ``{"bytes": …}``, ``{"s3Location": …}``, or as it was given.
        data: the bytes, where they are here.
        mime_type: what was said of it.
        name: its file name, path or URL, where it has one.
    """

    member: Mapping[str, Any]
    data: bytes | None = None
    mime_type: str | None = None
    name: str | None = None


def read_source(
    kind: str, given: MediaSource, *, bucket_owner: str | None = None, fetch: bool | MediaFetcher = False
) -> Source:
    """The source of a medium.

    Args:
        kind: ``image``, ``document``, ``video`` or ``audio``, for the errors.
        given: bytes; base64 text; a ``data:`` URL; an ``s3://`` URI; a path (never as text); what a
            :class:`~bedrock_unified.media.MediaFetcher` downloaded; Converse's ``source`` member.
        bucket_owner: the account that owns the S3 bucket, of 12 digits.
        fetch: whether a web address may be downloaded, and by whom.

    Raises:
        InvalidRequestError: nothing that Bedrock could read, or a web address that may not be downloaded.
    """
    if isinstance(given, (bytes, bytearray, memoryview)):
        return _inline(kind, bytes(given))
    if isinstance(given, Fetched):
        return _inline(kind, given.data, given.mime_type, given.url)
    if isinstance(given, PathLike):
        return _file(kind, Path(given))
    if isinstance(given, Mapping):
        return _member(kind, given)
    if not isinstance(given, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidRequestError(f"the {kind} is given as {given!r:.80}", hint=_WAYS)
    return _text(kind, given.strip(), bucket_owner, fetch)


def decoded_base64(kind: str, text: object) -> bytes:
    """Bytes from base64 text, also where it is broken into lines.

    Raises:
        InvalidRequestError: it is not base64.
    """
    if isinstance(text, (bytes, bytearray, memoryview)):
        return bytes(cast("bytes", text))
    try:
        if not isinstance(text, str):
            raise TypeError
        try:
            return b64decode(text, validate=True)
        except binascii.Error:
            return b64decode("".join(text.split()), validate=True)
    except (TypeError, ValueError) as error:
        raise InvalidRequestError(
            f"the data of the {kind} is not base64: {text!r:.40}",
            hint="encode the bytes with base64.b64encode(…).decode(); a file is given as pathlib.Path(…)",
        ) from error


def s3_member(kind: str, uri: str, bucket_owner: object = None) -> dict[str, Any]:
    """The ``source`` member of an object in S3.

    Raises:
        InvalidRequestError: no bucket, or an owner that is no account.
    """
    if _S3.fullmatch(uri) is None:
        raise InvalidRequestError(
            f"the {kind}'s S3 URI names no bucket: {uri!r:.120}", hint="write s3://bucket/key"
        )
    location = {"uri": uri}
    if bucket_owner is not None:
        if not isinstance(bucket_owner, str) or _OWNER.fullmatch(bucket_owner) is None:
            raise InvalidRequestError(
                f"bucket_owner {bucket_owner!r:.40} is no AWS account", hint="give its 12 digits as text"
            )
        location["bucketOwner"] = bucket_owner
    return {"s3Location": location}


def data_url(kind: str, url: str) -> tuple[bytes, str | None]:
    """The bytes of a ``data:`` URL, in base64 or percent-encoded, and its MIME type.

    Raises:
        InvalidRequestError: it has no comma, or is not base64 where it says so.
    """
    head, comma, data = url[len("data:") :].partition(",")
    if not comma:
        raise InvalidRequestError(
            f"the data URL of the {kind} has no data: {url!r:.40}",
            hint="write it as data:<mime type>;base64,<data>",
        )
    mime_type, *parameters = head.split(";")
    in_base64 = any(parameter.strip().lower() == "base64" for parameter in parameters)
    return (decoded_base64(kind, data) if in_base64 else unquote_to_bytes(data)), mime_type.strip() or None


def without_query(url: str) -> str:
    """A URL that may be shown: without user, query and fragment, which may hold secrets; cut."""
    place = re.split("[?#]", url, maxsplit=1)[0]
    scheme, separator, rest = place.partition("://")
    if not separator:
        return place[:200]
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"[:200]


def file_name(place: str) -> str:
    """The file's name at the end of a path, URL or S3 URI."""
    return unquote(re.split("[?#]", place, maxsplit=1)[0].rpartition("/")[2])


def not_allowed(kind: str, url: str, allow: str = _ALLOW) -> InvalidRequestError:
    """The error of a web address that may not be downloaded; ``allow`` is what would allow it."""
    return InvalidRequestError(
        f"Bedrock does not fetch {without_query(url)!r} of the {kind}, and nobody else was allowed to",
        hint=f"give the bytes, or an object in S3 as s3://bucket/key, or allow downloads with {allow} "
        "(from public addresses only, bounded in size and time)",
    )


def _text(kind: str, given: str, bucket_owner: str | None, fetch: bool | MediaFetcher) -> Source:
    found = _SCHEME.match(given)
    scheme = found[1].lower() if found else None
    if scheme is None:
        return _inline(kind, decoded_base64(kind, given))
    if scheme == "data":
        data, mime_type = data_url(kind, given)
        return _inline(kind, data, mime_type)
    if scheme == "s3":
        uri = "s3" + given[2:]
        return Source(s3_member(kind, uri, bucket_owner), name=uri)
    if scheme in ("http", "https"):
        if fetch is False:
            raise not_allowed(kind, given, _ALLOW_HERE)
        from .fetching import MediaFetcher

        fetcher = MediaFetcher() if fetch is True else fetch
        return read_source(kind, fetcher.fetch(given))
    hint = "a file is given as pathlib.Path(…), which text cannot be" if scheme == "file" else _WAYS
    raise InvalidRequestError(f"the {kind} at {without_query(given)!r} cannot be read", hint=hint)


def _inline(kind: str, data: bytes, mime_type: str | None = None, name: str | None = None) -> Source:
    if not data:
        raise InvalidRequestError(f"the {kind} has zero bytes", hint=_WAYS)
    return Source({"bytes": data}, data, mime_type, name)


def _file(kind: str, path: Path) -> Source:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InvalidRequestError(
            f"the {kind} at {str(path)!r:.200} could not be read: {error.strerror or error}",
            hint="give the path of a file that this process may read",
        ) from error
    return _inline(kind, data, name=path.name)


def _member(kind: str, given: Mapping[str, Any]) -> Source:
    held = given.get("bytes")
    if held is not None:
        return _inline(kind, decoded_base64(kind, held))
    location: Any = given.get("s3Location")
    if isinstance(location, Mapping):
        place = cast("Mapping[str, Any]", location)
        uri = str(place.get("uri"))
        return Source(s3_member(kind, uri, place.get("bucketOwner")), name=uri)
    if kind == "document" and len(given) == 1 and ("text" in given or "content" in given):
        return Source(dict(given), mime_type="text/plain")
    raise InvalidRequestError(
        f"the {kind}'s source has the members {', '.join(sorted(given)) or 'of an empty dict'}",
        hint="a source has one of bytes, s3Location and, of a document, text or content",
    )
