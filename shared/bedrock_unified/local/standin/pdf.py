"""The text of a simple PDF, page by page, with the standard library alone.

The strings that content streams show are taken, literal ones as they are, hexadecimal ones through the
document's ToUnicode table. Fonts with tables that contradict one another, encryption and object streams are
beyond it: such a page gives no text.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator

_STREAM = re.compile(rb"stream\r?\n(.*?)\r?\n?endstream", re.DOTALL)
_SHOWN = re.compile(
    rb"(?P<array>\[(?:[^\[\]\\]|\\.)*\]\s*TJ)|(?P<one>(?:\((?:[^()\\]|\\.)*\)|<[0-9A-Fa-f\s]*>)\s*(?:Tj|'|\"))"
    rb"|(?P<move>T\*|(?P<dx>-?[\d.]+)\s+(?P<dy>-?[\d.]+)\s+T[dD]|ET)",
    re.DOTALL,
)
_STRING = re.compile(rb"\((?P<literal>(?:[^()\\]|\\.)*)\)|<(?P<hex>[0-9A-Fa-f\s]*)>", re.DOTALL)
_MAPPED = re.compile(rb"<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>")
_RANGE = re.compile(rb"<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>")
_MOST_UNPACKED = 20_000_000


def pdf_pages(data: bytes) -> list[str]:
    """The text of each page that has any, in the order of the file."""
    streams = list(_streams(data))
    table = _unicode_table(streams)
    texts = (_text(content, table) for content in streams)
    return [text for text in texts if text.strip()]


def _streams(data: bytes) -> Iterator[bytes]:
    for match in _STREAM.finditer(data):
        try:
            yield zlib.decompressobj().decompress(match.group(1), _MOST_UNPACKED)
        except zlib.error:
            yield match.group(1)  # not compressed, or not in a way the standard library reads


def _unicode_table(streams: list[bytes]) -> dict[bytes, str]:
    table: dict[bytes, str] = {}
    for content in streams:
        if b"begincmap" not in content:
            continue
        for section in re.findall(rb"beginbfchar(.*?)endbfchar", content, re.DOTALL):
            for code, target in _MAPPED.findall(section):
                table.setdefault(bytes.fromhex(code.decode()), _utf16(target))
        for section in re.findall(rb"beginbfrange(.*?)endbfrange", content, re.DOTALL):
            for low, high, target in _RANGE.findall(section):
                width, first, start = len(low) // 2, int(low, 16), int(target, 16)
                for offset in range(min(int(high, 16) - first + 1, 0x10000)):
                    table.setdefault(
                        (first + offset).to_bytes(width, "big"), chr(min(start + offset, 0x10FFFF))
                    )
    return table


def _utf16(digits: bytes) -> str:
    return bytes.fromhex(digits.decode()).decode("utf-16-be", "replace")


def _text(content: bytes, table: dict[bytes, str]) -> str:
    if b"Tj" not in content and b"TJ" not in content:
        return ""
    pieces: list[str] = []
    for match in _SHOWN.finditer(content):
        if match.group("move"):
            # A move along the line continues it; any other begins a new one.
            same_line = match.group("dy") is not None and float(match.group("dy")) == 0
            if pieces and not same_line and not pieces[-1].endswith("\n"):
                pieces.append("\n")
        else:
            pieces.extend(_decoded(found, table) for found in _STRING.finditer(match.group()))
    text = "".join(pieces)
    printable = sum(character.isprintable() or character.isspace() for character in text)
    return text if text and printable >= 0.9 * len(text) else ""


def _decoded(found: re.Match[bytes], table: dict[bytes, str]) -> str:
    if found.group("hex") is None:
        return _unescaped(found.group("literal")).decode("cp1252", "replace")
    digits = re.sub(rb"\s", b"", found.group("hex")).decode()
    raw = bytes.fromhex(digits + "0" * (len(digits) % 2))
    width = len(next(iter(table), b"\0"))
    codes = [raw[i : i + width] for i in range(0, len(raw), width)]
    return "".join(table.get(code, "") for code in codes) if table else raw.decode("cp1252", "replace")


def _unescaped(raw: bytes) -> bytes:
    raw = re.sub(rb"\\([0-7]{1,3})", lambda match: bytes([int(match.group(1), 8) & 0xFF]), raw)
    named = {b"n": b"\n", b"r": b"\r", b"t": b"\t"}
    return re.sub(rb"\\(.)", lambda match: named.get(match.group(1), match.group(1)), raw, flags=re.DOTALL)
