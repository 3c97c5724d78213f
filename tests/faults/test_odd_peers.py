"""Peers that answer out of turn, drip, or stop reading; and clients that are closed while they are in use."""

from __future__ import annotations

import asyncio
import gc
import socket
import threading
import time
import warnings

import pytest
from wireserver import (
    ASK,
    Hang,
    WireServer,
    answer,
    converse,
    ending,
    error,
    stream,
    stream_head,
    text_frames,
)

from bedrock_unified import BedrockClient, BedrockError, RequestTimeoutError, StreamInterrupted

LARGE = [{"role": "user", "content": [{"text": "x" * 20_000_000}]}]


def slowly(data: bytes, seconds: float):
    """Steps that send these bytes one by one."""

    def drip(byte: bytes):
        def send() -> bytes:
            time.sleep(seconds)
            return byte

        return send

    return [drip(data[i : i + 1]) for i in range(len(data))]


def test_an_interim_answer_never_gives_one_caller_the_answer_of_another(face):
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
    with WireServer(
        [early, *slowly(b"", 0), converse("for the first")], [converse("for the second")]
    ) as server:
        client = face.client(server.url, max_retries=0)
        for expected in ("for the first", "for the second"):
            try:
                said = face.converse(client)["output"]["message"]["content"][0]["text"]
            except BedrockError as failure:
                said = str(failure)
                assert "interim answer 103" in said
            else:
                assert said == expected


def test_an_upload_that_nobody_reads_ends_at_the_read_time_limit(face):
    with WireServer([converse("Hello.")], pause=None) as server:
        began = time.monotonic()
        with pytest.raises(RequestTimeoutError):
            face.converse(face.client(server.url, timeout=0.5), messages=LARGE)
        assert time.monotonic() - began < 5
        assert server.connections == 1


def test_a_slow_upload_is_not_limited_by_the_connect_time_limit(face):
    with WireServer([converse("Hello.")], pause=1) as server:
        face.converse(face.client(server.url, connect_timeout=0.4, timeout=10), messages=LARGE)
        assert server.connections == 1


def test_a_slow_upload_on_a_connection_that_was_kept_is_not_limited_by_it_either():
    with WireServer([converse("Hello.")], pause=1) as server:
        with BedrockClient(endpoint_url=server.url, api_key="key", connect_timeout=0.4, timeout=10) as client:
            client.converse(**ASK)
            client.converse(**{**ASK, "messages": LARGE})
        assert server.connections == 1


def test_the_read_time_limit_is_for_no_byte_and_not_for_all_of_an_upload(face):
    with WireServer([converse("Hello.")], sip=0.1) as server:
        began = time.monotonic()
        face.converse(face.client(server.url, timeout=0.6), messages=LARGE)
        assert time.monotonic() - began > 0.6
        assert server.connections == 1


def test_a_refusal_of_a_body_that_nobody_read_leaves_no_connection_behind():
    """Closing a connection waits until the peer took what was written, which this one never does."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        over = threading.Event()

        def refuse() -> None:
            peer, _ = listener.accept()
            with peer:
                peer.recv(100)
                peer.sendall(error(413, "ValidationException", "too large"))
                over.wait(10)

        peer = threading.Thread(target=refuse)
        peer.start()

        async def run() -> None:
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            async with BedrockClient(endpoint_url=url, api_key="key") as client:
                with pytest.raises(BedrockError, match="too large"):
                    await client.aconverse(**{**ASK, "messages": LARGE})

        try:
            with warnings.catch_warnings(record=True) as said:
                warnings.simplefilter("always")
                asyncio.run(run())
                gc.collect()
        finally:
            over.set()
            peer.join(5)
    assert not [str(one.message) for one in said]


def test_the_total_time_limit_ends_an_answer_that_drips(face):
    whole = converse("Hello.")
    with WireServer([whole[:-40], *slowly(whole[-40:], 0.1)]) as server:
        began = time.monotonic()
        with pytest.raises(RequestTimeoutError):
            face.converse(face.client(server.url, total_timeout=0.5))
        assert time.monotonic() - began < 2


def test_the_total_time_limit_ends_headers_that_drip(face):
    whole = converse("Hello.")
    with WireServer([*slowly(whole[:60], 0.1), whole[60:]]) as server:
        began = time.monotonic()
        with pytest.raises(RequestTimeoutError):
            face.converse(face.client(server.url, total_timeout=0.5))
        assert time.monotonic() - began < 2


def test_the_total_time_limit_ends_a_chunk_that_drips(face):
    frames = b"".join(text_frames("Hello"))
    head = stream_head() + f"{len(frames):x}\r\n".encode()
    with WireServer([head + frames[:100], *slowly(frames[100:], 0.1)]) as server:
        began = time.monotonic()
        with pytest.raises(RequestTimeoutError):
            face.events(face.client(server.url, total_timeout=0.5))
        assert time.monotonic() - began < 2


def test_a_page_instead_of_a_stream_is_said_to_be_one_and_not_asked_for_again(face):
    page = answer({"sign": "in"}).replace(b"application/json", b"text/html")
    with WireServer([page]) as server, pytest.raises(BedrockError, match="text/html"):
        face.events(face.client(server.url))
    assert len(server.requests) == 1


def test_a_stream_that_was_closed_here_says_so_when_it_is_read_again():
    with WireServer(stream(*text_frames("Hello"), *ending())) as server:
        client = BedrockClient(endpoint_url=server.url, api_key="key")
        opened = client.converse_stream(**ASK)
        opened.close()
        with pytest.raises(StreamInterrupted, match="closed on this side"):
            while opened.read():
                pass
        client.close()


def test_closing_a_stream_from_another_thread_frees_the_reader_at_once():
    with WireServer([*stream(*text_frames("Hel"), end=False), Hang()]) as server:
        client = BedrockClient(endpoint_url=server.url, api_key="key")
        opened = client.converse_stream(**ASK)
        ended = threading.Event()

        def read() -> None:
            with pytest.raises(StreamInterrupted):
                list(opened)
            ended.set()

        reader = threading.Thread(target=read)
        reader.start()
        time.sleep(0.2)
        began = time.monotonic()
        opened.close()
        assert ended.wait(2)
        assert time.monotonic() - began < 0.1
        reader.join()


def test_closing_a_client_between_two_tries_of_a_call_does_not_end_the_call(monkeypatch):
    unavailable = error(503, "ServiceUnavailableException", "later")
    with WireServer([unavailable], [converse("Hello.")]) as server:
        client = BedrockClient(endpoint_url=server.url, api_key="key")
        monkeypatch.setattr("bedrock_unified.transport.sync.time.sleep", lambda _: client.close())
        assert client.converse(**ASK)["stopReason"] == "end_turn"
        client.close()


def test_closing_a_client_while_calls_wait_for_their_turn_does_not_end_those_calls():
    async def run(url: str) -> list[str]:
        client = BedrockClient(endpoint_url=url, api_key="key", max_concurrency=1)
        calls = [asyncio.create_task(client.aconverse(**ASK)) for _ in range(3)]
        await asyncio.sleep(0.05)
        await client.aclose()
        answers = await asyncio.gather(*calls)
        await client.aclose()
        return [item["stopReason"] for item in answers]

    def slow() -> bytes:
        time.sleep(0.1)
        return converse("Hello.")

    with WireServer([slow]) as server:
        assert asyncio.run(run(server.url)) == ["end_turn"] * 3


def test_no_error_of_the_asynchronous_transport_leads_back_to_the_requests_headers():
    from bedrock_unified import ConnectionFailed

    async def run(url: str) -> BaseException:
        async with BedrockClient(endpoint_url=url, api_key="a-secret-key", max_retries=0) as client:
            with pytest.raises(ConnectionFailed) as caught:
                await client.aconverse(**ASK)
        return caught.value

    with WireServer([b"not http at all\r\n\r\n"]) as server:
        failure: BaseException | None = asyncio.run(run(server.url))
    seen = 0
    while failure is not None:
        seen += 1
        assert "a-secret-key" not in repr(failure) + str(vars(failure))
        failure = failure.__cause__ or failure.__context__
    assert seen >= 2
