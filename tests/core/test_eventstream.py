"""Frames: what botocore's decoder reads, ours reads, however the bytes come and whatever happened to them."""

from __future__ import annotations

import struct
import sys
from collections.abc import Iterable
from itertools import pairwise
from typing import Any
from zlib import crc32

import pytest
from botocore.eventstream import EventStreamBuffer
from hypothesis import given, settings
from hypothesis import strategies as st

from bedrock_unified.wire import eventstream
from bedrock_unified.wire.eventstream import MAX_HEADERS, MAX_PAYLOAD, FrameDecoder, FrameError, encode_frame

Header = tuple[int, Any]
Seen = list[tuple[dict[str, Any], bytes]]


def framed(block: bytes, payload: bytes) -> bytes:
    """A frame around any header bytes."""
    prelude = struct.pack(">II", len(block) + len(payload) + 16, len(block))
    message = prelude + struct.pack(">I", crc32(prelude)) + block + payload
    return message + struct.pack(">I", crc32(message))


def header_block(headers: dict[str, Header]) -> bytes:
    """Headers of every type, as the format's description has them."""
    widths = {2: ">b", 3: ">h", 4: ">i", 5: ">q", 8: ">q"}
    block = b""
    for name, (kind, value) in headers.items():
        block += bytes([len(name.encode())]) + name.encode() + bytes([kind])
        if kind in widths:
            block += struct.pack(widths[kind], value)
        elif kind in (6, 7):
            raw = value if kind == 6 else value.encode()
            block += struct.pack(">H", len(raw)) + raw
        elif kind == 9:
            block += value
    return block


def whole(bits: int) -> st.SearchStrategy[int]:
    return st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


header_values = st.one_of(
    st.sampled_from([(0, True), (1, False)]),
    st.tuples(st.just(2), whole(8)),
    st.tuples(st.just(3), whole(16)),
    st.tuples(st.just(4), whole(32)),
    st.tuples(st.just(5), whole(64)),
    st.tuples(st.just(6), st.binary(max_size=40)),
    st.tuples(st.just(7), st.text(max_size=40)),
    st.tuples(st.just(8), whole(64)),
    st.tuples(st.just(9), st.binary(min_size=16, max_size=16)),
)
header_names = st.sampled_from([":event-type", ":message-type", ":content-type"]) | st.text(
    min_size=1, max_size=30
)
frames = st.builds(
    lambda headers, payload: framed(header_block(headers), payload),
    st.dictionaries(header_names, header_values, max_size=6),
    st.binary(max_size=300),
)
# Bedrock's own: three string headers.
events = st.builds(
    lambda name, kind, payload: encode_frame(
        [(":event-type", name), (":content-type", "application/json"), (":message-type", kind)], payload
    ),
    st.sampled_from(["contentBlockDelta", "messageStart", "chunk"]),
    st.sampled_from(["event", "exception", "error"]),
    st.binary(max_size=300),
)
many_frames = st.lists(frames | events, max_size=12)


def by_botocore(data: bytes) -> Seen:
    buffer = EventStreamBuffer()
    buffer.add_data(data)
    return [(message.headers, message.payload) for message in buffer]


def by_us(pieces: Iterable[bytes]) -> tuple[Seen, FrameError | None]:
    """What a reader sees that stops at the first fault."""
    decoder = FrameDecoder()
    seen: Seen = []
    try:
        for piece in pieces:
            seen += [(dict(head.headers), payload) for head, payload in decoder.feed(piece)]
            if decoder.error is not None:
                return seen, decoder.error
    except FrameError as error:
        return seen, error
    return seen, None


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:stop] for start, stop in pairwise(edges)]


@given(many_frames)
def test_every_frame_reads_as_botocore_reads_it(given_frames: list[bytes]) -> None:
    data = b"".join(given_frames)
    seen, error = by_us([data])
    assert error is None
    assert seen == by_botocore(data)
    assert len(seen) == len(given_frames)


@settings(max_examples=200)
@given(many_frames, st.lists(st.integers(0, 1 << 20), max_size=30))
def test_it_does_not_matter_where_the_bytes_are_cut(given_frames: list[bytes], places: list[int]) -> None:
    data = b"".join(given_frames)
    assert by_us(cut(data, places)) == (by_botocore(data), None)


@given(st.lists(frames, min_size=1, max_size=3))
def test_the_bytes_may_come_one_by_one(given_frames: list[bytes]) -> None:
    data = b"".join(given_frames)
    assert by_us(data[i : i + 1] for i in range(len(data))) == (by_botocore(data), None)


@settings(max_examples=200)
@given(
    st.lists(frames | events, min_size=1, max_size=6),
    st.integers(0, 1 << 20),
    st.integers(1, 255),
    st.lists(st.integers(0, 1 << 20), max_size=4),
)
def test_a_damaged_byte_is_found_and_costs_no_frame_before_it(
    given_frames: list[bytes], place: int, damage: int, cuts: list[int]
) -> None:
    data = bytearray(b"".join(given_frames))
    place %= len(data)
    data[place] ^= damage
    edge, intact = 0, 0
    for frame in given_frames:
        edge += len(frame)
        if edge > place:
            break
        intact += 1
    good = by_botocore(b"".join(given_frames[:intact]))
    seen, error = by_us(cut(bytes(data), cuts))
    assert seen == good, "a frame was lost, or a damaged one was delivered"
    assert error is not None


@given(st.lists(frames | events, min_size=1, max_size=4), st.integers(1, 1 << 20))
def test_a_truncated_stream_gives_its_whole_frames_and_says_that_more_was_coming(
    given_frames: list[bytes], missing: int
) -> None:
    data = b"".join(given_frames)
    data = data[: len(data) - 1 - missing % (len(given_frames[-1]) - 1)]
    decoder = FrameDecoder()
    seen = [(dict(head.headers), payload) for head, payload in decoder.feed(data)]
    assert seen == by_botocore(b"".join(given_frames[:-1]))
    assert not decoder.is_idle
    assert decoder.error is None


@given(many_frames, st.lists(st.integers(0, 1 << 20), max_size=5))
def test_after_whole_frames_nothing_is_left_over(given_frames: list[bytes], places: list[int]) -> None:
    decoder = FrameDecoder()
    assert decoder.is_idle
    for piece in cut(b"".join(given_frames), places):
        decoder.feed(piece)
    assert decoder.is_idle


@given(st.binary(max_size=60), st.lists(st.integers(0, 100), max_size=4))
def test_noise_is_refused_or_waited_for_but_never_read(noise: bytes, places: list[int]) -> None:
    seen, error = by_us(cut(noise, places))
    assert seen == []
    assert (error is None) == (len(noise) < 12)


def test_a_fault_is_raised_again_by_every_later_feed() -> None:
    good, bad = encode_frame([("a", "b")], b"1"), bytearray(encode_frame([("a", "b")], b"2"))
    bad[-1] ^= 1
    decoder = FrameDecoder()
    assert [payload for _, payload in decoder.feed(good + bad + good)] == [b"1"]
    assert decoder.error is not None
    for _ in range(2):
        with pytest.raises(FrameError, match="CRC"):
            decoder.feed(good)


@pytest.mark.parametrize(
    ("total", "headers"),
    [
        (MAX_PAYLOAD + 17, 0),
        (MAX_HEADERS + 1 + 16, MAX_HEADERS + 1),
        (2**32 - 1, 0),
        (2**32 - 1, 2**32 - 1),
        (15, 0),
        (0, 0),
        (16, 1),
        (20, 2**32 - 1),
    ],
)
def test_an_impossible_length_is_refused_before_its_bytes_are_waited_for(total: int, headers: int) -> None:
    prelude = struct.pack(">II", total, headers)
    decoder = FrameDecoder()
    with pytest.raises(FrameError, match=f"a frame of {total} bytes"):
        decoder.feed(prelude + struct.pack(">I", crc32(prelude)))


def test_frames_up_to_botocores_limits_are_read() -> None:
    biggest = framed(b"", bytes(MAX_PAYLOAD))
    ((_, payload),), error = by_us([biggest])
    assert (len(payload), error) == (MAX_PAYLOAD, None)
    assert len(by_botocore(biggest)) == 1
    value = (6, bytes(60000))
    headers = {"a": value, "b": value, "c": (6, bytes(MAX_HEADERS - 2 * 60005 - 5))}
    widest = framed(header_block(headers), b"")
    assert by_us([widest]) == (by_botocore(widest), None)


@pytest.mark.parametrize(
    "block",
    [
        header_block({"a": (7, "x")}) * 2,  # the same header twice
        b"\x01a\x0a",  # a type that does not exist
        b"\x01a",  # no type
        b"\x05a",  # a name that runs past the end
        b"\x01a\x07\x00",  # half a length
        b"\x01a\x07\x00\x09xyz",  # a value that runs past the end
        b"\x01a\x05\x00\x00",  # half a number
        b"\x01\xff\x00",  # a name that is not UTF-8
        b"\x01a\x07\x00\x01\xff",  # text that is not UTF-8
    ],
)
def test_headers_that_make_no_sense_are_a_fault(block: bytes) -> None:
    good = encode_frame([("a", "b")], b"1")
    seen, error = by_us([good + framed(block, b"payload")])
    assert [payload for _, payload in seen] == [b"1"]
    assert error is not None


def test_a_large_frame_in_small_pieces_costs_no_more_than_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted, not timed: the bytes that are copied by joining, and the bytes that are checksummed."""
    size, step = 1 << 20, 64
    data = encode_frame([(":event-type", "contentBlockDelta")], bytes(size)) * 2
    copied = 0

    class Piece(bytes):
        def __radd__(self, before: bytes) -> bytes:
            nonlocal copied
            copied += len(before) + len(self)
            return bytes(before) + bytes(self)

    checked = 0

    def counted(piece: bytes, start: int = 0) -> int:
        nonlocal checked
        checked += len(piece)
        return crc32(piece, start)

    joins = 0

    def watch(_frame: Any, kind: str, called: Any) -> None:
        nonlocal joins
        joins += kind == "c_call" and getattr(called, "__name__", "") == "join"

    monkeypatch.setattr(eventstream, "crc32", counted)
    decoder = FrameDecoder()
    found = 0
    before = sys.getprofile()
    sys.setprofile(watch)
    try:
        for start in range(0, len(data), step):
            found += len(decoder.feed(Piece(data[start : start + step])))
    finally:
        sys.setprofile(before)
    assert found == 2
    assert joins <= 4
    assert copied <= 10 * step
    assert checked <= 1.1 * len(data)


@given(
    st.lists(
        st.tuples(st.text(min_size=1, max_size=60), st.text(max_size=200)),
        max_size=6,
        unique_by=lambda h: h[0],
    ),
    st.binary(max_size=500),
)
def test_what_we_encode_botocore_reads(headers: list[tuple[str, str]], payload: bytes) -> None:
    assert by_botocore(encode_frame(headers, payload)) == [(dict(headers), payload)]


def test_an_event_is_told_from_an_exception_and_an_error() -> None:
    def head(*headers: tuple[str, str]) -> Any:
        ((found, _),) = FrameDecoder().feed(encode_frame(headers, b"{}"))
        return found

    assert head((":message-type", "event"), (":event-type", "chunk")).event_type == "chunk"
    assert head((":event-type", "chunk")).event_type == "chunk"
    assert head((":message-type", "exception"), (":exception-type", "x")).event_type is None
    assert head((":message-type", "error"), (":error-code", "x")).event_type is None


def test_the_headers_of_many_different_frames_do_not_pile_up() -> None:
    decoder = FrameDecoder()
    for number in range(500):
        ((head, _),) = decoder.feed(encode_frame([("id", str(number))], b""))
        assert head.headers == {"id": str(number)}
    assert len(decoder._heads) < 100
