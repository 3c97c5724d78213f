"""The text in a document block, for the kinds whose text can be had with the standard library.

Plain kinds (txt, md, csv, html) are decoded; docx and xlsx are unzipped and stripped of their markup; for
PDFs see :mod:`.pdf`. What cannot be read gives no text, as an unreadable page would.
"""

from __future__ import annotations

import functools
import html
import io
import re
import zipfile
from collections.abc import Mapping
from typing import Any

from ..shapes import listed, under
from .pdf import pdf_pages

_TAG = re.compile(r"<[^>]+>")
_MEMBERS = {"docx": ("word/document.xml",), "xlsx": ("xl/sharedStrings.xml", "xl/worksheets/sheet1.xml")}
_MOST_UNPACKED = 20_000_000


def document_pages(document: Mapping[str, Any]) -> list[str]:
    """The text of a Converse document block: one entry for each page of a PDF, each chunk of ``content``,
    or one entry for all of it. Empty where nothing can be read."""
    source = under(document, "source")
    if "text" in source:
        return [str(source["text"])]
    if "content" in source:
        return [str(chunk.get("text", "")) for chunk in listed(source, "content")]
    data = source.get("bytes")
    if not isinstance(data, bytes):
        return []
    return list(_pages(str(document.get("format", "txt")), data))


@functools.lru_cache(maxsize=32)
def _pages(kind: str, data: bytes) -> tuple[str, ...]:
    if kind == "pdf":
        return tuple(pdf_pages(data))
    if kind in _MEMBERS:
        return (_zipped_text(data, kind),)
    if kind in {"doc", "xls"}:
        return ()
    text = data.decode("utf-8", "replace")
    if kind == "html":
        text = html.unescape(_TAG.sub(" ", text))
    return (text,)


def _zipped_text(data: bytes, kind: str) -> str:
    parts: list[str] = []
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in _MEMBERS[kind]:
                if name in archive.namelist() and archive.getinfo(name).file_size < _MOST_UNPACKED:
                    markup = archive.read(name).decode("utf-8", "replace")
                    markup = re.sub(r"</(?:w:p|si|row)>", "\n", markup)
                    parts.append(html.unescape(_TAG.sub(" " if kind == "xlsx" else "", markup)))
    except zipfile.BadZipFile:
        return ""
    return "\n".join(parts)
