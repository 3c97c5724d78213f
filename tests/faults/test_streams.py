"""What happens to a stream after its first event, and how it is closed."""

from __future__ import annotations

import asyncio
import os
import pickle
import subprocess
import sys
import time

import pytest
from botocore.exceptions import ClientError
from wireserver import (
    ASK,
    LAST_CHUNK,
    Cut,
    Hang,
    WireServer,
    chunk,
    ending,
    exception_frame,
    frame,
    stream,
    stream_head,
    text_frames,
)

from bedrock_unified import RequestTimeoutError, StreamInterrupted, ThrottlingError


def interrupted(face, script, kind=StreamInterrupted, **options):
    seen = []
    with WireServer(script) as server, pytest.raises(kind) as caught:
        face.events(face.client(server.url, **options), seen)
    assert len(server.requests) == 1, "a stream that has begun is never sent again"
    return caught.value, seen


def partial_text(error):
    return "".join(block["text"] for block in error.partial["output"]["message"]["content"])


@pytest.mark.parametrize("reset", [False, True])
def test_a_cut_between_frames_is_an_error_with_the_partial_message(face, reset):
    error, seen = interrupted(face, [*stream(*text_frames("Hel", "lo"), end=False), Cut(reset=reset)])
    assert partial_text(error) == "Hello" or reset
    assert error.partial["stopReason"] is None
    assert error.request_id == "5f0a3c1e-7f7d-4f7e-9f0e-2d1c3b4a5e6f"
    assert len(seen) <= 3


def test_a_cut_inside_a_frame_is_an_error_with_the_partial_message(face):
    frames = text_frames("Hel", "lo")
    error, _ = interrupted(face, [*stream(*frames, ending()[0][:25], end=False), Cut()])
    assert partial_text(error) == "Hello"


def test_a_stream_that_ends_well_on_http_but_without_message_stop_is_an_error(face):
    error, seen = interrupted(face, stream(*text_frames("Hel", "lo")))
    assert "messageStop" in error.message
    assert partial_text(error) == "Hello"
    assert len(seen) == 3


def test_a_stream_without_metadata_is_whole(face):
    with WireServer(stream(*text_frames("Hello"), *ending()[:2])) as server:
        events = face.events(face.client(server.url))
    assert [next(iter(event)) for event in events][-1] == "messageStop"


def test_an_exception_frame_after_text_keeps_its_kind_and_the_text(face):
    broken = stream(*text_frames("Hel", "lo"), exception_frame("throttlingException", "Too many requests"))
    error, seen = interrupted(face, broken, ThrottlingError)
    assert (error.code, error.status) == ("throttlingException", 429)
    assert isinstance(error, ClientError)
    assert partial_text(error) == "Hello"
    assert len(seen) == 3
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert again.partial == error.partial


def test_events_before_an_exception_frame_in_the_same_bytes_are_delivered(face):
    together = b"".join([*text_frames("Hel", "lo"), exception_frame("internalServerException", "oh")])
    seen = []
    with WireServer([stream_head(), chunk(together), LAST_CHUNK]) as server, pytest.raises(ClientError):
        face.events(face.client(server.url), seen)
    assert len(seen) == 3


def test_a_corrupt_frame_is_an_error_and_never_a_wrong_event(face):
    good = text_frames("Hel", "lo")
    bad = bytearray(frame("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "evil"}}))
    bad[-10] ^= 1
    error, seen = interrupted(face, stream(*good, bytes(bad), *ending()))
    assert "CRC" in error.message
    assert partial_text(error) == "Hello"
    assert len(seen) == 3


def test_a_frame_of_impossible_length_is_an_error(face):
    from zlib import crc32

    prelude = (1 << 30).to_bytes(4, "big") + (0).to_bytes(4, "big")
    error, _ = interrupted(
        face, stream(*text_frames("x"), prelude + crc32(prelude).to_bytes(4, "big") + b"\0" * 8)
    )
    assert "1073741824" in error.message


def test_a_stalled_stream_ends_at_the_read_time_limit_with_the_partial_message(face):
    began = time.monotonic()
    error, _ = interrupted(
        face, [*stream(*text_frames("Hel"), end=False), Hang()], RequestTimeoutError, timeout=0.3
    )
    assert 0.25 < time.monotonic() - began < 3
    assert partial_text(error) == "Hel"


def test_the_total_time_limit_ends_a_stream_that_keeps_sending(face):
    def slow() -> bytes:
        time.sleep(0.1)
        return chunk(text_frames("x")[1])

    script = [*stream(*text_frames("a"), end=False), *[slow] * 60]
    began = time.monotonic()
    error, _ = interrupted(face, script, RequestTimeoutError, total_timeout=0.6)
    assert time.monotonic() - began < 3
    assert partial_text(error).startswith("ax")


def test_unknown_events_and_blocks_pass_through(face):
    frames = [
        frame("messageStart", {"role": "assistant"}),
        frame("somethingNew", {"value": 1}),
        frame("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"hologram": {"bytes": "x"}}}),
        *ending(),
    ]
    with WireServer(stream(*frames)) as server:
        events = face.events(face.client(server.url))
    assert {"somethingNew": {"value": 1}} in events


def test_frames_cut_into_single_bytes_are_read(face):
    whole = b"".join([*text_frames("Hel", "lo"), *ending()])
    with WireServer(
        [stream_head(), *(chunk(whole[i : i + 1]) for i in range(len(whole))), LAST_CHUNK]
    ) as server:
        events = face.events(face.client(server.url))
    assert len(events) == 6


def test_closing_a_stream_early_closes_the_connection_within_100_ms():
    from bedrock_unified import BedrockClient

    with WireServer([*stream(*text_frames("Hel"), end=False), Hang()]) as server:
        client = BedrockClient(endpoint_url=server.url, api_key="key")
        opened = client.converse_stream(**ASK)
        next(iter(opened))
        closed = time.monotonic()
        opened.close()
        assert server.wait_until_gone(1)
        assert server.gone[0] - closed < 0.1


def test_leaving_the_loop_over_a_stream_closes_the_connection():
    from bedrock_unified import BedrockClient

    with WireServer([*stream(*text_frames("Hel"), end=False), Hang()]) as server:
        client = BedrockClient(endpoint_url=server.url, api_key="key")
        with client.converse_stream(**ASK) as opened:
            for _ in opened:
                break
        assert server.wait_until_gone(0.1)


@pytest.mark.parametrize("streaming", [False, True])
def test_cancelling_an_asynchronous_call_closes_the_connection_within_100_ms(streaming):
    from bedrock_unified import BedrockClient

    script = [*stream(*text_frames("Hel"), end=False), Hang()] if streaming else [Hang()]

    async def read(client: BedrockClient) -> None:
        if not streaming:
            await client.aconverse(**ASK)
        async with await client.aconverse_stream(**ASK) as opened:
            async for _ in opened:
                pass

    async def main(server: WireServer) -> float:
        async with BedrockClient(endpoint_url=server.url, api_key="key") as client:
            task = asyncio.create_task(read(client))
            while not server.requests:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.05)
            task.cancel()
            cancelled = time.monotonic()
            with pytest.raises(asyncio.CancelledError):
                await task
            await asyncio.to_thread(server.wait_until_gone, 1)
            return server.gone[0] - cancelled

    with WireServer(script) as server:
        assert asyncio.run(main(server)) < 0.1


FORKED = """
import os, sys
from bedrock_unified import BedrockClient

client = BedrockClient(
    endpoint_url=sys.argv[1], region_name="us-east-1", aws_access_key_id="AKIA", aws_secret_access_key="s"
)
ask = {"modelId": "m.x", "messages": [{"role": "user", "content": [{"text": "q"}]}]}
stream = iter(client.converse_stream(**ask))
next(stream)
pid = os.fork()
if pid == 0:
    ENDING
    os._exit(0)
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
assert "messageStop" in [name for event in stream for name in event]
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
@pytest.mark.parametrize("end", ["stream.close()", "sys.exit(0)"])
def test_a_forked_child_that_lets_go_of_a_stream_leaves_it_to_its_parent(end):
    def later():
        time.sleep(0.5)  # the child is gone by then
        return chunk(b"".join(ending()))

    with WireServer([*stream(*text_frames("Hel", "lo"), end=False), later, LAST_CHUNK]) as server:
        program = FORKED.replace("ENDING", end)
        command = [sys.executable, "-c", program, server.url]
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert (done.returncode, done.stderr) == (0, "")
