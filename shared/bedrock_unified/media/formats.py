"""The format of a medium: by its bytes, by what was said of it, by its file name.

Bedrock refuses a medium whose bytes are not of the format that it is given ("The detected file MIME type
text/plain does not match the expected type image/png", recorded). So bytes that tell their format win over a
declaration that contradicts them, with a warning in the log; a declaration that is possible wins over a
guess. Text (csv, html, md, txt) never tells its format for certain.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

from ..converse.checks import FORMATS
from ..errors import InvalidRequestError
from .signatures import is_text, possible_formats

_logger = logging.getLogger(__name__)

#: MIME types of Converse's formats; the first of a format is the one that is written back.
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
        "application/json": "txt",
        "application/xml": "txt",
        "application/yaml": "txt",
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
        "audio/mp3": "mp3",
        "audio/wav": "wav",
        "audio/x-wav": "wav",
        "audio/wave": "wav",
        "audio/vnd.wave": "wav",
        "audio/ogg": "ogg",
        "audio/opus": "opus",
        "audio/flac": "flac",
        "audio/x-flac": "flac",
        "audio/aac": "aac",
        "audio/x-aac": "x-aac",
        "audio/mp4": "mp4",
        "audio/x-m4a": "m4a",
        "audio/x-matroska": "mka",
        "audio/webm": "webm",
        "audio/l16": "pcm",
    },
}
_ALIASES = {
    "jpg": "jpeg",
    "htm": "html",
    "markdown": "md",
    "text": "txt",
    "3gp": "three_gp",
    "3gpp": "three_gp",
    "m4v": "mp4",
    "qt": "mov",
    "oga": "ogg",
}


def known_format(kind: str, said: str) -> str | None:
    """The Converse format that a format's name, an extension or a MIME type means; None where none is meant.

    Args:
        kind: ``image``, ``document``, ``video`` or ``audio``.
        said: ``jpg``, ``.jpg``, ``image/jpeg; charset=…``; in any case of letters.
    """
    said = said.partition(";")[0].strip().lower().removeprefix(".")
    main, slash, subtype = said.partition("/")
    if not slash:
        name = _ALIASES.get(said, said)
        return name if name in FORMATS[kind] else None
    if (found := MIME_TYPES[kind].get(said)) is not None:
        return found
    if main == kind:
        return known_format(kind, subtype)
    return "txt" if kind == "document" and main == "text" else None


def format_of(
    kind: str, *, told: str | None = None, name: str | None = None, data: bytes | None = None
) -> str:
    """The format of a medium.

    Args:
        kind: ``image``, ``document``, ``video`` or ``audio``.
        told: what was said of it: a format or a MIME type.
        name: its file name, path or URL, whose extension counts where nothing else was said.
        data: its bytes, as far as they are here.

    Raises:
        InvalidRequestError: none that Bedrock reads.
    """
    found = found_format(kind, told=told, name=name, data=data)
    if found is None and kind == "document" and data and _may_be_text(told) and is_text(data):
        return "txt"
    if found is None:
        raise InvalidRequestError(
            f"the {kind}'s format is not one that Bedrock reads (given: {_given(told, name)})",
            hint=f"formats: {', '.join(sorted(FORMATS[kind]))}; give one as its format or mime_type",
        )
    return found


def found_format(
    kind: str, *, told: str | None = None, name: str | None = None, data: bytes | None = None
) -> str | None:
    """The format of a medium as :func:`format_of` finds it; None where nothing tells one."""
    wanted = known_format(kind, told) if told else None
    if wanted is None and name:
        wanted = known_format(kind, extension(name))
    possible = possible_formats(kind, data) if data else ()
    if possible and wanted not in possible:
        if wanted is not None:
            _logger.warning("the %s is sent as %s, which its bytes are, not as %s", kind, possible[0], wanted)
        return possible[0]
    return wanted


def mime_type_of(kind: str, format_: str) -> str:
    """The MIME type for a Converse format, for the way back."""
    known = (mime for mime, name in MIME_TYPES[kind].items() if name == format_)
    return next(known, f"{kind}/{format_}")


def kind_of(mime_type: str | None, *, name: str | None = None, data: bytes | None = None) -> str:
    """The kind of medium that a file is: what is no image, video or audio is a document."""
    main = (mime_type or "").partition("/")[0].lower()
    if main in FORMATS:
        return main
    if main in ("", "binary") or mime_type == "application/octet-stream":
        told = extension(name or "")
        for kind in ("image", "video", "audio"):
            if (data and possible_formats(kind, data)) or known_format(kind, told):
                return kind
    return "document"


def extension(name: str) -> str:
    """The extension in a file name, path or URL, in lower case and without its dot; empty without one."""
    last = name.partition("?")[0].partition("#")[0].rpartition("/")[2]
    return last.rpartition(".")[2].lower() if "." in last else ""


def _may_be_text(told: str | None) -> bool:
    return not told or told.lower().startswith(
        ("text/", "application/x-", "application/octet-stream", "binary/")
    )


def _given(told: str | None, name: str | None) -> str:
    if told:
        return repr(told[:80])
    return repr(name.partition("?")[0][:80]) if name else "nothing"
