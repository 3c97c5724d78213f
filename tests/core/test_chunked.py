"""A synchronous answer's chunks: what http.client reads of them, however they arrive."""

from __future__ import annotations

import gc
import http.client
import io
import json
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from urllib3.exceptions import ProtocolError

from bedrock_unified import StreamInterrupted, ThrottlingError
from bedrock_unified.transport.chunked import ChunkedBody
from bedrock_unified.wire.eventstream import encode_frame

from .server import ASK, Received, Server, as_bedrock, converse_answer, event, stream_answer

CONTENTS = st.lists(st.one_of(st.binary(min_size=1, max_size=40), st.just(b"\r\n0\r\n\r\n")), max_size=6)
HEADS = st.sampled_from(
    ["{:x}\r\n", "{:X}\r\n", "00{:x}\r\n", "{:x};name=value\r\n", '{:x} ; a="b;c"\r\n', "{:x}\n", " {:x}\r\n"]
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
        (b"3\r\nab", "ended prematurely, 1 bytes before the end of a chunk"),
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


def test_what_came_before_a_fault_is_given_out_before_it_is_told() -> None:
    body = io.BufferedReader(ChunkedBody(Arriving([b"3\r\nabc\r\n2\r\nde\r\nzz\r\n1\r\nf\r\n"])))
    assert body.read1(100) == b"abcde"
    for _ in range(2):
        with pytest.raises(ProtocolError, match="a chunk's size is b'zz"):
            body.read1(100)


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


def chunked(*contents: bytes, coding: str = "Transfer-Encoding: chunked", status: int = 200) -> bytes:
    """An answer in chunks, without its end."""
    head = f"HTTP/1.1 {status} Answer\r\nContent-Type: application/vnd.amazon.eventstream\r\n{coding}\r\n\r\n"
    return head.encode() + b"".join(b"%x\r\n%b\r\n" % (len(content), content) for content in contents)


BEGUN = [
    event("messageStart", {"role": "assistant"}),
    event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "Good "}}),
]
THROTTLED = encode_frame(
    [(":message-type", "exception"), (":exception-type", "throttlingException")], b'{"message": "Too many"}'
)


def test_events_before_a_fault_in_the_same_packet_are_heard_and_asked_for_once() -> None:
    with Server(lambda _: chunked(*BEGUN) + b"garbage\r\n") as server, server.client() as client:
        heard: list[Any] = []
        with pytest.raises(StreamInterrupted, match="a chunk's size is b'garbage") as caught:
            heard.extend(client.converse_stream(**ASK))
        assert caught.value.partial is not None
        assert caught.value.partial["output"]["message"]["content"] == [{"text": "Good "}]
        assert len(server.requests) == 1


def test_what_bedrock_says_before_a_fault_is_the_reason() -> None:
    with (
        Server(lambda _: chunked(THROTTLED) + b"garbage\r\n") as server,
        server.client(max_retries=0) as client,
        pytest.raises(ThrottlingError, match="Too many"),
    ):
        list(client.converse_stream(**ASK))


@pytest.mark.parametrize(
    "coding",
    [
        "Transfer-Encoding: chunked",
        "transfer-encoding: CHUNKED",
        "Transfer-Encoding: chunked ",
        "Transfer-Encoding: identity, chunked",
        "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked",
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Content-Length: 5\r\nTransfer-Encoding: identity, chunked",
    ],
)
def test_chunks_are_taken_out_however_they_are_announced(coding: str) -> None:
    frames = stream_answer("Good ", "day.").partition(b"\r\n\r\n")[2]
    whole = json.dumps(converse_answer()).encode()

    def answer(request: Received) -> bytes:
        body = frames if request.target.endswith("-stream") else whole
        return chunked(body[:50], body[50:], coding=coding) + b"0\r\n\r\n"

    with Server(answer) as server, server.client() as client:
        for _ in range(2):
            stream = client.converse_stream(**ASK)
            assert len(list(stream)) == 6
            assert stream.response["output"]["message"]["content"] == [{"text": "Good day."}]
            assert client.converse(**ASK)["output"] == converse_answer()["output"]


def test_a_connection_serves_the_next_call_after_chunks() -> None:
    def answer(request: Received) -> bytes:
        body = as_bedrock(request).partition(b"\r\n\r\n")[2]
        return chunked(body) + b"0\r\nTrailer: t\r\n\r\n"

    with Server(answer) as server, server.client() as client:
        for _ in range(3):
            list(client.converse_stream(**ASK))
            client.converse(**ASK)
        assert server.connections == 1


def test_a_refusal_in_chunks_is_read() -> None:
    refusal = chunked(b'{"message": "Too many', b' requests"}', status=429) + b"0\r\n\r\n"
    with (
        Server(lambda _: refusal) as server,
        server.client(max_retries=0) as client,
        pytest.raises(ThrottlingError, match="Too many requests"),
    ):
        client.converse_stream(**ASK)
