"""The head of a synchronous answer, read without the email package.

http.client gives the headers of every answer to the parser of e-mails, which is half of what it does for a
call. Lines as every server writes them are read here; a head with any other goes to that parser still.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from http import HTTPStatus
from http.client import HTTPException, HTTPMessage, HTTPResponse, LineTooLong, UnknownProtocol, parse_headers
from io import BufferedReader, BytesIO
from typing import Any

from .chunked import ChunkedBody

_PLAIN = re.compile(rb"([!-9;-~]+):[ \t]*([^\r\n]*)\r?\n")
# http.client's limits.
_LONGEST_LINE = 65536
_MOST_LINES = 100
_ENDS = (b"\r\n", b"\n", b"")
_BODYLESS = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)
_OLD, _CURRENT = 10, 11
_Base: Any = HTTPResponse  # typeshed leaves out what subclasses need


class PlainResponse(_Base):
    """http.client's response; :func:`read_headers` reads its head, :class:`ChunkedBody` its chunks."""

    headers: Any

    def begin(self) -> None:
        """Read the head; once.

        Raises:
            http.client.HTTPException: it is not one.
        """
        if self.headers is not None:
            return
        if self.debuglevel > 0:
            super().begin()  # which prints what it reads  # pyright: ignore[reportUnknownMemberType]
        else:
            self._begin()
        if self._has_body() and _is_chunked(self.headers):
            self.fp = BufferedReader(ChunkedBody(self.fp))
            self.chunked, self.length = False, None

    def _begin(self) -> None:
        version, status, reason = self._read_status()
        while status == HTTPStatus.CONTINUE:
            read_headers(self.fp)
            version, status, reason = self._read_status()
        if not version.startswith("HTTP/1.") and version != "HTTP/0.9":
            raise UnknownProtocol(version)
        self.code = self.status = status
        self.reason = reason.strip()
        self.version = _OLD if version in ("HTTP/1.0", "HTTP/0.9") else _CURRENT
        self.headers = self.msg = headers = read_headers(self.fp)
        self.chunked = headers.get("transfer-encoding", "").lower() == "chunked"
        self.chunk_left = None
        self.length = None if self.chunked else _length(headers.get("content-length"))
        if not self._has_body():
            self.length = 0
        # What says neither how long it is nor where it ends, ends with the connection.
        self.will_close = self._check_close() or (not self.chunked and self.length is None)

    def _has_body(self) -> bool:
        return self.status not in _BODYLESS and self.status >= HTTPStatus.OK and self._method != "HEAD"


def read_headers(source: Any) -> HTTPMessage:
    """The headers that a file of bytes begins with, up to the empty line behind them.

    Raises:
        http.client.HTTPException: a line, or their number, is beyond http.client's limits.
    """
    lines = list(_lines(source))
    headers = HTTPMessage()
    for line in lines[:-1]:
        plain = _PLAIN.fullmatch(line)
        if plain is None:
            return parse_headers(BytesIO(b"".join(lines)))
        name, value = plain.groups()
        headers.set_raw(name.decode("ascii"), value.decode("iso-8859-1"))
    headers.set_payload("")
    return headers


def _lines(source: Any) -> Iterator[bytes]:
    for _ in range(_MOST_LINES):
        line: bytes = source.readline(_LONGEST_LINE + 1)
        if len(line) > _LONGEST_LINE:
            raise LineTooLong("header line")
        yield line
        if line in _ENDS:
            return
    raise HTTPException(f"got more than {_MOST_LINES} headers")


def _is_chunked(headers: Any) -> bool:
    """Whether one of the codings is: urllib3's rule for streams. http.client knows it only alone."""
    told = ",".join(headers.get_all("transfer-encoding") or ())
    return "chunked" in (coding.strip().lower() for coding in told.split(","))


def _length(told: str | None) -> int | None:
    """The length that is told; None if none is, or one that cannot be."""
    try:
        length = int(told or "")
    except ValueError:
        return None
    return length if length >= 0 else None
