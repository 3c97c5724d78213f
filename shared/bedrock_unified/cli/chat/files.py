"""Files for the model: what their bytes are decides how they travel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ... import media
from ...converse.documents import DocumentNames
from ...errors import InvalidRequestError
from ...media.formats import extension, known_format
from ...media.signatures import possible_formats
from ..inputs import decoded
from ..usage import UsageError

_MIB = 1 << 20
#: A request body's limit (Bedrock's quotas); base64 makes a third more of it.
_MOST_BYTES = 20 * _MIB


def block_of(given: str, names: DocumentNames) -> dict[str, Any]:
    """A file, or an object in S3, as a content block.

    Text travels as text under its file's name, whatever its kind: every model reads that.

    Args:
        given: a path, or ``s3://bucket/key``.
        names: of the talk's documents, which differ.

    Raises:
        UsageError: it is not there, cannot be read, is empty, or is nothing that a model reads.
    """
    if not given.strip():
        raise UsageError("--file is empty\nHint: leave it out, or name a file")
    if given == "-":
        raise UsageError("--file - is not needed\nHint: what is piped in goes along by itself")
    if given.startswith("s3://"):
        return _in_s3(given, names)
    if given.startswith(("http://", "https://")):
        raise UsageError(f"{given[:200]!r} is a web address\nHint: download it first, and give the file")
    path = Path(given).expanduser()
    return content_block(_read(path), path.name, names)


def content_block(data: bytes, name: str | None, names: DocumentNames) -> dict[str, Any]:
    """Bytes as a content block.

    Args:
        name: the file's; None for what came through a pipe.

    Raises:
        UsageError: they are nothing that a model reads.
    """
    kind = _kind(data, name)
    if kind == "text":
        _refuse_disguise(name)
        text = decoded(data)
        if text is None or not text.strip():
            raise UsageError(f"{name or 'standard input'} holds white space only")
        return {"text": f'<file name="{name}">\n{text}\n</file>' if name else text}
    try:
        if kind == "document":
            return media.document(data, extension(name or "") or None, name=name, names=names)
        return {"image": media.image, "audio": media.audio, "video": media.video}[kind](data)
    except InvalidRequestError as error:
        raise UsageError(
            f"{name or 'standard input'} is nothing that Bedrock reads: {error.message}\n"
            "Hint: text, png, jpeg, gif, webp, pdf, doc, docx, xls, xlsx, audio and video can be attached"
        ) from None


def _refuse_disguise(name: str | None) -> None:
    """Refuse text that is called an image: whoever sends it means a picture, and would not get one."""
    told = extension(name or "")
    for kind in ("image", "audio", "video"):
        if known_format(kind, told):
            raise UsageError(
                f"{name} is named like {'a' if kind == 'video' else 'an'} {kind}, and holds text\n"
                "Hint: look at what is in it; where text is meant, give it another name"
            )
    if told == "pdf":
        raise UsageError(
            f"{name} is named like a PDF, and holds text\nHint: where text is meant, name it .txt"
        )


def _kind(data: bytes, name: str | None) -> str:
    """``text``, or a kind of medium, by the bytes; by the name only where these can be either of two."""
    told = extension(name or "")
    told_by_bytes = {kind: possible_formats(kind, data) for kind in ("image", "document", "video", "audio")}
    binary = [kind for kind, formats in told_by_bytes.items() if formats and formats[0] != "html"]
    if not binary:
        return "text" if decoded(data) is not None else media.kind_of(None, name=name)
    if "audio" in binary and known_format("audio", told) and not known_format("video", told):
        return "audio"  # an m4a is an MP4 container, too
    return binary[0]


def _in_s3(uri: str, names: DocumentNames) -> dict[str, Any]:
    try:
        kind = media.kind_of(None, name=uri)
        if kind == "document":
            return media.document(uri, names=names)
        return {"image": media.image, "audio": media.audio, "video": media.video}[kind](uri)
    except InvalidRequestError as error:
        raise UsageError(error.message + (f"\nHint: {error.hint}" if error.hint else "")) from None


def _read(path: Path) -> bytes:
    try:
        if path.is_dir():
            raise UsageError(f"{path} is a folder; give its files")
        size = path.stat().st_size
        if size > _MOST_BYTES:
            raise UsageError(
                f"{path} has {size / _MIB:.0f} MiB; a request takes {_MOST_BYTES // _MIB} MiB at most\n"
                "Hint: a video or document may also be given as s3://bucket/key"
            )
        data = path.read_bytes()
    except FileNotFoundError:
        raise UsageError(f"{path} does not exist") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is no path"
        raise UsageError(f"{str(path)!r:.200} cannot be read: {reason}") from None
    if not data:
        raise UsageError(f"{path} is empty")
    return data
