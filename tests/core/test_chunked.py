"""A synchronous answer's chunks: what http.client reads of them, however they arrive."""

from __future__ import annotations

import gc
import http.client
import io
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from urllib3.exceptions import ProtocolError

from bedrock_unified.transport.chunked import ChunkedBody

CONTENTS = st.lists(st.one_of(st.binary(min_size=1, max_size=40), st.just(b"\r\n0\r\n\r\n")), max_size=6)
HEADS = st.sampled_from(
    ["{:x}\r\n", "{:X}\r\n", "00{:x}\r\n", "{:x};name=value\r\n", '{:x} ; a="b;c"\r\n', "{:x}\n"]
)
TRAILERS = st.sampled_from([b"", b"Expires: never\r\n", b"A: b\r\nC: d\r\n"])


class Arriving:
    """A connection's file whose bytes come in these pieces."""

    def __init__(self, pieces: Sequence[bytes]) -> None:
        self._pieces = [piece for piece in pieces if piece]
        self.closed = False

    def read1(self, size: int) -> bytes:
        """What has arrived, so much of it at most."""
        if not self._pieces:
            return b""
        piece = self._pieces.pop(0)
        if piece[size:]:
            self._pieces.insert(0, piece[size:])
        return piece[:size]

    def close(self) -> None:
        """Remember it."""
        self.closed = True


class _Socket:
    def __init__(self, received: bytes) -> None:
        self._received = received

    def makefile(self, _: str) -> io.BufferedReader:
        return io.BufferedReader(io.BytesIO(self._received))  # type: ignore[arg-type]


def read(pieces: Sequence[bytes], size: int = 4096) -> bytes:
    """All of a body, so much at a time."""
    body = io.BufferedReader(ChunkedBody(Arriving(pieces)))
    parts: list[bytes] = []
    while part := body.read1(size):
        parts.append(part)
    assert body.read1(size) == b""
    return b"".join(parts)


def http_clients(encoded: bytes) -> bytes:
    """What http.client reads of the body."""
    received = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + encoded
    response = http.client.HTTPResponse(_Socket(received), method="POST")  # type: ignore[arg-type]
    response.begin()
    return response.read()


@given(CONTENTS, HEADS, TRAILERS, st.lists(st.integers(0, 300), max_size=8), st.integers(1, 60))
def test_any_body_is_read_however_it_arrives(
    contents: list[bytes], head: str, trailers: bytes, cuts: list[int], size: int
) -> None:
    encoded = b"".join(head.format(len(content)).encode() + content + b"\r\n" for content in contents)
    encoded += b"0\r\n" + trailers + b"\r\n"
    edges = [0, *sorted(cuts), len(encoded)]
    pieces = [encoded[start:stop] for start, stop in pairwise(edges)]
    assert read(pieces, size) == http_clients(encoded) == b"".join(contents)


def test_content_is_given_out_as_it_arrives() -> None:
    arriving = Arriving([b"3\r\nabc\r", b"\n2\r\nde\r\n5", b"\r\nfghij\r\n0\r\n\r\n"])
    body = io.BufferedReader(ChunkedBody(arriving))
    assert [body.read1(100) for _ in range(4)] == [b"abc", b"de", b"fghij", b""]


def test_what_comes_behind_the_end_is_not_content() -> None:
    assert read([b"1\r\na\r\n0\r\n\r\nHTTP/1.1 500 No\r\n\r\n"]) == b"a"


@pytest.mark.parametrize("end", [b"0\r\n", b"0\r\nA: b\r\n", b"0\r\nA: b"])
def test_the_empty_line_at_the_end_may_be_missing(end: bytes) -> None:
    assert read([b"1\r\na\r\n" + end]) == b"a"


@pytest.mark.parametrize(
    ("encoded", "said"),
    [
        (b"", "ended prematurely"),
        (b"3", "ended prematurely"),
        (b"3\r\nab", "ended prematurely"),
        (b"3\r\nabc", "ended prematurely"),
        (b"3\r\nabc\r\n", "ended prematurely"),
        (b"3\r\nabc\r\n0", "ended prematurely"),
        (b"three\r\nabc\r\n0\r\n\r\n", r"a chunk's size is b'three\\r'"),
        (b"-3\r\nabc\r\n0\r\n\r\n", "a chunk's size is b'-3"),
        (b"0x3\r\nabc\r\n0\r\n\r\n", "a chunk's size is b'0x3"),
        (b"1_0\r\nabc\r\n0\r\n\r\n", "a chunk's size is b'1_0"),
        (b"\r\n", r"a chunk's size is b'\\r'"),
        (b"2\r\nabc\r\n0\r\n\r\n", r"goes on after its end with b'c\\r'"),
        (b"2\r\nab2\r\nde\r\n0\r\n\r\n", "goes on after its end with b'2"),
        (b"1;" + b"a" * 70_000, "a line between chunks is longer than 65536 bytes"),
        (b"0\r\nA: " + b"a" * 70_000, "a line between chunks is longer than 65536 bytes"),
    ],
)
@pytest.mark.parametrize("piece", [1, 7, 100_000])
def test_what_is_no_whole_body_is_refused(encoded: bytes, said: str, piece: int) -> None:
    pieces = [encoded[start : start + piece] for start in range(0, len(encoded), piece)]
    with pytest.raises(ProtocolError, match=said):
        read(pieces)


def test_closing_closes_the_connections_file() -> None:
    arriving = Arriving([b"3\r\nabc\r\n"])
    body: Any = io.BufferedReader(ChunkedBody(arriving))
    assert body.read1(10) == b"abc"
    body.close()
    assert arriving.closed
    assert body.closed


def test_a_body_that_nobody_holds_is_closed_at_once() -> None:
    arriving = Arriving([b"3\r\nabc\r\n2\r\nde"])
    gc.disable()
    try:
        body = io.BufferedReader(ChunkedBody(arriving))
        assert body.read1(100) == b"abcde"
        del body
        assert arriving.closed
    finally:
        gc.enable()
