"""The head of a synchronous answer is read as http.client reads it."""

from __future__ import annotations

from http.client import HTTPException, HTTPResponse
from io import BytesIO
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bedrock_unified.transport.head import PlainResponse

_TOLD = ("status", "reason", "version", "chunked", "length", "will_close")


class _Socket:
    """A socket that has received these bytes."""

    def __init__(self, received: bytes) -> None:
        self.rest = BytesIO(received)

    def makefile(self, mode: str) -> BytesIO:
        return self.rest


def _read(kind: type[Any], received: bytes, method: str = "POST") -> dict[str, Any]:
    socket = _Socket(received)
    response = kind(socket, method=method)
    try:
        response.begin()
    except HTTPException as error:
        return {"refused": type(error), "why": str(error)}
    told = {name: getattr(response, name) for name in _TOLD}
    return {**told, "headers": response.msg.items(), "rest": socket.rest.read()}


_NAMES = st.sampled_from(
    [
        *(
            "Content-Length",
            "content-length",
            "Transfer-Encoding",
            "Connection",
            "Keep-Alive",
            "Content-Type",
        ),
        *(
            "Date",
            "x-amzn-RequestId",
            "X-Amzn-Bedrock-Input-Token-Count",
            "Proxy-Connection",
            "From",
            "From ",
        ),
        *("Bad Name", "", "Ünlaut", "tab\t"),
    ]
)
_VALUES = st.one_of(
    st.sampled_from(
        [
            *(
                "0",
                "12",
                "-3",
                " 7",
                "1_0",
                "many",
                "chunked",
                "CHUNKED",
                "gzip, chunked",
                "close",
                "keep-alive",
            ),
            *(
                "keep-alive",
                "Close, x",
                "application/json",
                "multipart/mixed; boundary=x",
                "",
                "  spaces  ",
                "a: b:c",
            ),
        ]
    ),
    st.text(st.characters(max_codepoint=255), max_size=12),
)
_LINES = st.lists(
    st.one_of(
        st.builds(
            lambda name, gap, value, end: f"{name}:{gap}{value}{end}".encode("iso-8859-1", "replace"),
            _NAMES,
            st.sampled_from(["", " ", "\t "]),
            _VALUES,
            st.sampled_from(["\r\n", "\r\n", "\r\n", "\n", "\r\n folded\r\n"]),
        ),
        st.binary(max_size=12).map(lambda noise: noise + b"\r\n"),
    ),
    max_size=6,
)
_STATUS = st.sampled_from(
    [
        *(
            b"HTTP/1.1 200 OK\r\n",
            b"HTTP/1.1 403 Forbidden \r\n",
            b"HTTP/1.0 200 OK\r\n",
            b"HTTP/0.9 200\r\n",
            b"HTTP/0.95 200 OK\r\n",
        ),
        *(b"HTTP/1.1 204 No Content\r\n", b"HTTP/1.1 304\r\n", b"HTTP/1.1 103 Early Hints\r\n"),
        *(b"HTTP/2 200 OK\r\n", b"HTTP/1.1 abc\r\n", b"SSH-2.0\r\n", b"", b"HTTP/1.1 99 x\r\n"),
        b"HTTP/1.1 100 Continue\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\n",
    ]
)


@given(_STATUS, _LINES, st.sampled_from(["POST", "HEAD"]), st.booleans())
@example(b"HTTP/1.1 200 OK\r\n", [b"Content-Type: multipart/mixed; boundary=x\r\n"], "POST", True)
@example(b"HTTP/1.1 200 OK\r\n", [b"a: b\rc: d\r\n"], "POST", True)
@example(b"HTTP/1.1 200 OK\r\n", [b"a: b\x85c\x0bd\r\n"], "POST", True)
@example(b"HTTP/1.1 200 OK\r\n", [b" begins folded\r\n"], "POST", True)
def test_any_head_is_read_as_http_client_reads_it(
    status: bytes, lines: list[bytes], method: str, ended: bool
) -> None:
    received = status + b"".join(lines) + (b"\r\n{}" if ended else b"")
    assert _read(PlainResponse, received, method) == _read(HTTPResponse, received, method)


@pytest.mark.parametrize("count", [99, 100, 101])
def test_as_many_headers_are_read(count: int) -> None:
    received = b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * count + b"\r\n"
    assert _read(PlainResponse, received) == _read(HTTPResponse, received)


@pytest.mark.parametrize("length", [65530, 65536, 65537, 70000])
def test_lines_of_the_same_length_are_read(length: int) -> None:
    received = b"HTTP/1.1 200 OK\r\nA:" + b"b" * (length - 4) + b"\r\n\r\n"
    assert _read(PlainResponse, received) == _read(HTTPResponse, received)


def test_a_head_is_read_once() -> None:
    response = PlainResponse(_Socket(b"HTTP/1.1 200 OK\r\nA: b\r\n\r\nHTTP/1.1 500 No\r\n\r\n"))
    response.begin()
    response.begin()
    assert response.status == 200


def test_debugging_http_client_shows_the_headers(capsys: pytest.CaptureFixture[str]) -> None:
    response = PlainResponse(_Socket(b"HTTP/1.1 200 OK\r\nA: b\r\n\r\n"), debuglevel=1)
    response.begin()
    assert "header: A: b" in capsys.readouterr().out
