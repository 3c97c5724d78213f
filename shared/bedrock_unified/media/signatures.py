"""What bytes say of their own format, by the signatures that begin (or name) each of Converse's formats.

Sources: the formats' own specifications (PNG, JFIF, GIF, RIFF, PDF, ZIP and OOXML, OLE2, ISO/IEC 14496-12,
EBML, FLV, MPEG-1 systems, ASF, ID3v2 and MPEG audio frames, ADTS, FLAC, Ogg).
"""

from __future__ import annotations

_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_EBML = b"\x1a\x45\xdf\xa3"
_ASF = b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c"
_MP3 = ("mp3", "mpeg", "mpga")


def possible_formats(kind: str, data: bytes) -> tuple[str, ...]:
    """The Converse formats that bytes can be, the likeliest first; empty where they do not tell.

    Args:
        kind: ``image``, ``document``, ``video`` or ``audio``.
        data: the whole medium. Of documents in a ZIP or OLE2 container more than the beginning is read.
    """
    if kind == "image":
        return _image(data)
    if kind == "document":
        return _document(data)
    return _video(data) if kind == "video" else _audio(data)


def is_text(data: bytes) -> bool:
    """Whether bytes are plain text: UTF-8 without a NUL."""
    if b"\0" in data:
        return False
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _image(data: bytes) -> tuple[str, ...]:
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return ("png",)
    if data.startswith(b"\xff\xd8\xff"):
        return ("jpeg",)
    if data.startswith((b"GIF87a", b"GIF89a")):
        return ("gif",)
    return ("webp",) if data.startswith(b"RIFF") and data[8:12] == b"WEBP" else ()


def _document(data: bytes) -> tuple[str, ...]:
    if data.startswith(b"%PDF-"):
        return ("pdf",)
    if data.startswith(_ZIP):
        return _office_zip(data)
    if data.startswith(_OLE):
        return _office_ole(data)
    start = data[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype html", b"<html")):
        return ("html", "txt", "md", "csv")  # whoever asks for the source as text gets it
    return ()


def _office_zip(data: bytes) -> tuple[str, ...]:
    import zipfile  # only here, and not cheap to load
    from io import BytesIO

    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return ()  # cut or odd; Bedrock may judge
    if any(name.startswith("word/") for name in names):
        return ("docx",)
    return ("xlsx",) if any(name.startswith("xl/") for name in names) else ()


def _office_ole(data: bytes) -> tuple[str, ...]:
    # The container's directory names its streams in UTF-16.
    if _utf16("WordDocument") in data:
        return ("doc",)
    return ("xls",) if _utf16("Workbook") in data or _utf16("Book") in data else ()


def _utf16(name: str) -> bytes:
    return name.encode("utf-16-le")


def _video(data: bytes) -> tuple[str, ...]:
    if data[4:8] == b"ftyp":
        brand = data[8:12]
        if brand.startswith((b"3gp", b"3g2")):
            return ("three_gp", "mp4")
        # QuickTime and MP4 are one container: either name may stand, the likelier one first.
        return ("mov", "mp4") if brand == b"qt  " else ("mp4", "mov", "three_gp")
    if data[4:8] in (b"moov", b"mdat", b"wide"):
        return ("mov", "mp4")  # QuickTime from before brands
    if data.startswith(_EBML):
        return ("webm", "mkv") if b"webm" in data[:64] else ("mkv",)
    if data.startswith(b"FLV\x01"):
        return ("flv",)
    if data.startswith((b"\x00\x00\x01\xba", b"\x00\x00\x01\xb3")):
        return ("mpeg", "mpg")
    return ("wmv",) if data.startswith(_ASF) else ()


def _audio(data: bytes) -> tuple[str, ...]:
    if data.startswith(b"RIFF") and data[8:12] == b"WAVE":
        return ("wav",)
    if data.startswith(b"fLaC"):
        return ("flac",)
    if data.startswith(b"OggS"):
        return ("opus", "ogg") if b"OpusHead" in data[:128] else ("ogg",)
    if data[4:8] == b"ftyp":
        return ("m4a", "mp4")
    if data.startswith(_EBML):
        return ("webm", "mkv", "mka") if b"webm" in data[:64] else ("mka", "mkv")
    if data.startswith(b"ID3"):
        return _MP3
    return _frames(data) if len(data) > 2 and data[0] == 0xFF and data[1] & 0xE0 == 0xE0 else ()


def _frames(data: bytes) -> tuple[str, ...]:
    """Audio without a container, which begins with a frame's sync bits; raw samples may look like that."""
    if data[1] == 0xFE:
        return ()  # UTF-16 text; as a frame it would be of MPEG's Layer I, which nobody uses
    version, layer = data[1] >> 3 & 0b11, data[1] >> 1 & 0b11
    if layer == 0b00:
        return ("aac", "x-aac", "pcm") if data[1] & 0xF0 == 0xF0 else ()
    reserved = version == 0b01 or data[2] >> 4 == 0b1111 or data[2] >> 2 & 0b11 == 0b11
    return () if reserved else (*_MP3, "pcm")
