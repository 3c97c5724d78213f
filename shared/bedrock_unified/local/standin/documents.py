"""The text in a document block, for the kinds whose text can be had with the standard library.

Plain kinds (txt, md, csv, html) are decoded; docx, xlsx are unzipped and stripped of their markup; of a PDF
the strings shown by its content streams are taken, page by page, which is enough for simple ones. What
cannot be read gives no text, as an unreadable page would.
"""

from __future__ import annotations

import functools
import html
import io
import re
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any, cast

_TAG = re.compile(r"<[^>]+>")
_PDF_STREAM = re.compile(rb"stream\r?\n(.*?)\r?\n?endstream", re.DOTALL)
_PDF_SHOWN = re.compile(
    rb"(?P<array>\[(?:[^\[\]\\]|\\.)*\]\s*TJ)|(?P<one>\((?:[^()\\]|\\.)*\)\s*(?:Tj|'|\"))|(?P<move>T\*|T[dDm]\b|ET)",
    re.DOTALL,
)
_PDF_STRING = re.compile(rb"\(((?:[^()\\]|\\.)*)\)", re.DOTALL)
_MOST_UNPACKED = 20_000_000


def document_pages(document: Mapping[str, Any]) -> list[str]:
    """The text of a Converse document block: one entry for each page of a PDF, each chunk of ``content``,
    or one entry for all of it. Empty where nothing can be read."""
    source = cast("dict[str, Any]", document["source"])
    if "text" in source:
        return [str(source["text"])]
    if "content" in source:
        return [str(chunk.get("text", "")) for chunk in cast("list[dict[str, Any]]", source["content"])]
    data = source.get("bytes")
    if not isinstance(data, bytes):
        return []
    return list(_pages(str(document.get("format", "txt")), data))


@functools.lru_cache(maxsize=32)
def _pages(kind: str, data: bytes) -> tuple[str, ...]:
    if kind == "pdf":
        return tuple(_pdf_pages(data))
    if kind in {"docx", "xlsx"}:
        return (_zipped_text(data, kind),)
    if kind in {"doc", "xls"}:
        return ()
    text = data.decode("utf-8", "replace")
    if kind == "html":
        text = html.unescape(_TAG.sub(" ", text))
    return (text,)


def _zipped_text(data: bytes, kind: str) -> str:
    members = (
        ("word/document.xml",) if kind == "docx" else ("xl/sharedStrings.xml", "xl/worksheets/sheet1.xml")
    )
    parts: list[str] = []
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in members:
                if name in archive.namelist() and archive.getinfo(name).file_size < _MOST_UNPACKED:
                    markup = archive.read(name).decode("utf-8", "replace")
                    markup = re.sub(r"</(?:w:p|si|row)>", "\n", markup)
                    parts.append(html.unescape(_TAG.sub(" " if kind == "xlsx" else "", markup)))
    except zipfile.BadZipFile:
        return ""
    return "\n".join(parts)


def _pdf_pages(data: bytes) -> list[str]:
    pages: list[str] = []
    for match in _PDF_STREAM.finditer(data):
        content = match.group(1)
        try:
            content = zlib.decompressobj().decompress(content, _MOST_UNPACKED)
        except zlib.error:
            pass  # a stream that is not compressed, or not text: looked at as it is
        text = _shown_text(content)
        if text.strip():
            pages.append(text)
    return pages


def _shown_text(content: bytes) -> str:
    if b"Tj" not in content and b"TJ" not in content:
        return ""
    pieces: list[bytes] = []
    for match in _PDF_SHOWN.finditer(content):
        if match.group("move"):
            pieces.append(b"\n" if pieces and not pieces[-1].endswith(b"\n") else b"")
        else:
            pieces.extend(_unescaped(found) for found in _PDF_STRING.findall(match.group()))
    text = b"".join(pieces).decode("cp1252", "replace")
    printable = sum(character.isprintable() or character.isspace() for character in text)
    return text if text and printable >= 0.9 * len(text) else ""


def _unescaped(raw: bytes) -> bytes:
    raw = re.sub(rb"\\([0-7]{1,3})", lambda match: bytes([int(match.group(1), 8) & 0xFF]), raw)
    return re.sub(
        rb"\\(.)", lambda match: {b"n": b"\n", b"r": b"\r", b"t": b"\t"}.get(match[1], match[1]), raw
    )
