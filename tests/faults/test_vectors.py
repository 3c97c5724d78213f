"""Long answers full of vectors: what comes in pieces, cut, chunked, or late midway loses nothing."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from wireserver import LAST_CHUNK, Cut, Hang, WireServer, answer, chunk, error

from bedrock_unified import BedrockError, ConnectionFailed, RequestTimeoutError

MODEL = "cohere.embed-english-v3"
VECTORS = [[number / 7 + place for place in range(1024)] for number in range(24)]
BODY = {"embeddings": VECTORS, "id": "x", "response_type": "embeddings_floats", "texts": ["a]"] * 24}
WHOLE = answer(BODY)
HEAD = WHOLE[: WHOLE.index(b"\r\n\r\n") + 4]
TEXT = WHOLE[len(HEAD) :]
assert len(TEXT) > 400_000, "several pieces"


def embed(face: Any, url: str, **options: Any) -> list[list[float]]:
    """The vectors of one request."""
    client = face.client(url, **options)
    if face.colour == "sync":
        with client:
            return client.embed(["a]"] * 24, model_id=MODEL).vectors

    async def run() -> list[list[float]]:
        async with client:
            return (await client.aembed(["a]"] * 24, model_id=MODEL)).vectors

    return asyncio.run(run())


def later(data: bytes, seconds: float = 0.002) -> Any:
    """A step that waits first."""

    def send() -> bytes:
        time.sleep(seconds)
        return data

    return send


@pytest.mark.parametrize("size", [1400, 16_384, 200_000])
def test_pieces_of_any_size_are_the_same_answer(face, size):
    pieces = [later(TEXT[start : start + size], 0.0005) for start in range(0, len(TEXT), size)]
    with WireServer([HEAD, *pieces]) as server:
        assert embed(face, server.url, max_retries=0) == VECTORS


def test_a_chunked_answer_is_read_the_same(face):
    head = HEAD.replace(f"Content-Length: {len(TEXT)}".encode(), b"Transfer-Encoding: chunked")
    pieces = [chunk(TEXT[start : start + 50_001]) for start in range(0, len(TEXT), 50_001)]
    with WireServer([head, *pieces, LAST_CHUNK]) as server:
        assert embed(face, server.url, max_retries=0) == VECTORS


def test_an_answer_that_ends_with_its_connection_is_read_the_same(face):
    head = HEAD.replace(f"Content-Length: {len(TEXT)}".encode(), b"Connection: close")
    with WireServer([head, TEXT, Cut()]) as server:
        assert embed(face, server.url, max_retries=0) == VECTORS


@pytest.mark.parametrize("reset", [False, True])
def test_an_answer_that_is_cut_midway_is_asked_for_again_from_its_beginning(face, reset):
    with WireServer([HEAD, TEXT[:300_000], later(b"x"), Cut(reset=reset)], [WHOLE]) as server:
        assert embed(face, server.url) == VECTORS
    assert len(server.requests) == 2


def test_an_answer_that_is_always_cut_is_a_failed_connection(face):
    with WireServer([HEAD, TEXT[:300_000], Cut()]) as server, pytest.raises(ConnectionFailed):
        embed(face, server.url, max_retries=1)
    assert len(server.requests) == 2


def test_an_answer_that_stops_midway_ends_at_the_read_time_limit(face):
    with WireServer([HEAD, TEXT[:300_000], Hang()]) as server, pytest.raises(RequestTimeoutError):
        embed(face, server.url, timeout=0.3)
    assert len(server.requests) == 1
    assert server.wait_until_gone(2)


def test_an_answer_that_drips_ends_at_the_total_time_limit(face):
    drops = [later(TEXT[start : start + 1000], 0.05) for start in range(0, 100_000, 1000)]
    with WireServer([HEAD, *drops]) as server:
        began = time.monotonic()
        with pytest.raises(RequestTimeoutError, match="total time limit"):
            embed(face, server.url, total_timeout=0.4)
        assert time.monotonic() - began < 2


def test_an_error_keeps_what_bedrock_said(face):
    refusal = error(400, "ValidationException", "#/texts/3: expected maxLength: 2048, actual: 2459")
    with WireServer([refusal]) as server, pytest.raises(BedrockError, match="expected maxLength") as caught:
        embed(face, server.url)
    assert "inputs[3]" in caught.value.hint


@pytest.mark.parametrize("text", [TEXT[:-1], b"", b"[" * 200_000, TEXT.replace(b"]]", b"],]")])
def test_a_whole_answer_that_is_no_json_is_said_to_be_so(face, text):
    head = HEAD.replace(str(len(TEXT)).encode(), str(len(text)).encode())
    with WireServer([head + text]) as server, pytest.raises(BedrockError, match="is not Cohere") as caught:
        embed(face, server.url)
    assert text[:60].decode() in str(caught.value)
    assert len(server.requests) == 1


def test_the_next_request_has_the_same_connection(face):
    with WireServer([WHOLE]) as server:
        client = face.client(server.url, max_retries=0)
        if face.colour == "sync":
            with client:
                for _ in range(3):
                    client.embed(["a]"] * 24, model_id=MODEL)
        else:

            async def run() -> None:
                async with client:
                    for _ in range(3):
                        await client.aembed(["a]"] * 24, model_id=MODEL)

            asyncio.run(run())
    assert (len(server.requests), server.connections) == (3, 1)
