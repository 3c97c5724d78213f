"""The smallest bytes that begin each format as real files do."""

from __future__ import annotations

import zipfile
from io import BytesIO


def office(folder: str) -> bytes:
    """An OOXML file's container with one part in this folder."""
    held = BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr(f"{folder}/part.xml", "<x/>")
    return held.getvalue()


def ole(stream: str) -> bytes:
    """An OLE2 container whose directory names this stream."""
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 504 + stream.encode("utf-16-le")


def boxes(brand: bytes) -> bytes:
    """The first box of an ISO media file of this brand."""
    return b"\0\0\0\x18ftyp" + brand + b"\0\0\0\0isom"


PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 16
JPEG = b"\xff\xd8\xff\xe0\0\x10JFIF\0"
PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3"
MATROSKA = b"\x1a\x45\xdf\xa3\x93\x42\x82\x88matroska"
WEBM = b"\x1a\x45\xdf\xa3\x93\x42\x82\x84webm"
MP3 = b"\xff\xfb\x90\x44" + b"\0" * 8
ADTS = b"\xff\xf1\x50\x80" + b"\0" * 8
WAV = b"RIFF\x24\0\0\0WAVEfmt "
OGG = b"OggS\0\x02" + b"\0" * 22
OPUS = OGG + b"OpusHead"

#: Format by kind, and the bytes that alone are enough to know it.
SAMPLES: list[tuple[str, str, bytes]] = [
    ("image", "png", PNG),
    ("image", "jpeg", JPEG),
    ("image", "gif", b"GIF89a\x01\0\x01\0"),
    ("image", "webp", b"RIFF\x1a\0\0\0WEBPVP8 "),
    ("document", "pdf", PDF),
    ("document", "docx", office("word")),
    ("document", "xlsx", office("xl")),
    ("document", "doc", ole("WordDocument")),
    ("document", "xls", ole("Workbook")),
    ("document", "html", b"\xef\xbb\xbf \n<!DOCTYPE html><title>x</title>"),
    ("document", "html", b"<html><body>"),
    ("document", "txt", "größer".encode()),
    ("video", "mp4", boxes(b"isom")),
    ("video", "mov", boxes(b"qt  ")),
    ("video", "mov", b"\0\0\0\x08wide"),
    ("video", "three_gp", boxes(b"3gp5")),
    ("video", "mkv", MATROSKA),
    ("video", "webm", WEBM),
    ("video", "flv", b"FLV\x01\x05"),
    ("video", "mpeg", b"\0\0\x01\xba\x44"),
    ("video", "wmv", b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c"),
    ("audio", "mp3", b"ID3\x04\0"),
    ("audio", "mp3", MP3),
    ("audio", "aac", ADTS),
    ("audio", "wav", WAV),
    ("audio", "flac", b"fLaC\0\0\0\x22"),
    ("audio", "ogg", OGG),
    ("audio", "opus", OPUS),
    ("audio", "m4a", boxes(b"M4A ")),
    ("audio", "mka", MATROSKA),
    ("audio", "webm", WEBM),
]
