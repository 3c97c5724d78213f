"""From bytes to events: what came before a fault is delivered, and the fault is told as what it is."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_unified.converse.events import ChunkEvents, ConverseEvents, GivenChunks, GivenEvents
from bedrock_unified.wire.eventstream import FrameError, encode_frame
from bedrock_unified.wire.failure import InStreamFailure
from bedrock_unified.wire.http import FailureKind, TransportError
from bedrock_unified.wire.json_codec import dumps

TEXT = {"contentBlockIndex": 0, "delta": {"text": "a"}}
STOP = {"stopReason": "end_turn"}


def frame(name: str, members: Any, kind: str = "event") -> bytes:
    payload = members if isinstance(members, bytes) else dumps(members)
    return encode_frame([(":event-type", name), (":message-type", kind)], payload)


def exception(code: str, payload: bytes) -> bytes:
    return encode_frame([(":exception-type", code), (":message-type", "exception")], payload)


@given(
    st.integers(2**64, 10**60),
    st.sampled_from(["toolResult", "messageStop", "metadata", "later", "laterDelta"]),
)
def test_numbers_of_any_size_are_exact_wherever_a_document_may_stand(number: int, place: str) -> None:
    events: dict[str, tuple[str, Any]] = {
        "toolResult": (
            "contentBlockDelta",
            {"contentBlockIndex": 0, "delta": {"toolResult": [{"json": [number]}]}},
        ),
        "messageStop": ("messageStop", {**STOP, "additionalModelResponseFields": {"n": number}}),
        "metadata": ("metadata", {"trace": {"n": number}}),
        "later": ("laterEvent", {"n": number}),
        "laterDelta": ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"later": number}}),
    }
    name, members = events[place]
    assert ConverseEvents().feed(frame(name, members)) == [{name: members}]


@pytest.mark.parametrize("parser", [ConverseEvents, ChunkEvents])
def test_padding_is_dropped(parser: type[ConverseEvents | ChunkEvents]) -> None:
    (event,) = parser().feed(frame("anything", {"p": "abcdefg", "kept": 1}))
    assert event == {"anything": {"kept": 1}}


@pytest.mark.parametrize("payload", [b"", b"{", b"[]", b"null", b'"text"', b"{}"], ids=repr)
@pytest.mark.parametrize("name", ["contentBlockDelta", "messageStop", "metadata"])
def test_an_intact_frame_with_a_senseless_payload_is_a_fault_of_the_stream(name: str, payload: bytes) -> None:
    parser = ConverseEvents()
    good = frame("contentBlockDelta", TEXT)
    if payload == b"{}" and name != "contentBlockDelta":
        assert parser.feed(good + frame(name, payload))[1] == {name: {}}
        return
    assert parser.feed(good + frame(name, payload) + good) == [{"contentBlockDelta": TEXT}]
    with pytest.raises(FrameError, match=f"payload of a {name} event"):
        parser.check()

    assert parser.partial() is not None


@pytest.mark.parametrize("parser", [ConverseEvents, ChunkEvents])
@pytest.mark.parametrize(
    ("payload", "members"), [(b"", {}), (b"[1]", [1]), (b"null", None), (b'"text"', "text"), (b"7", 7)]
)
def test_an_event_of_a_later_kind_passes_whatever_it_holds(
    parser: type[ConverseEvents | ChunkEvents], payload: bytes, members: Any
) -> None:
    assert parser().feed(frame("later", payload) + frame("later", b"{}")) == [
        {"later": members},
        {"later": {}},
    ]
    with pytest.raises(FrameError, match="payload of a later event"):
        parser().feed(frame("later", b"{"))


@pytest.mark.parametrize("parser", [ConverseEvents, ChunkEvents])
@pytest.mark.parametrize("payload", [b"", b"{}", b"["])
def test_the_protocols_initial_response_is_no_event(
    parser: type[ConverseEvents | ChunkEvents], payload: bytes
) -> None:
    reader = parser()
    assert reader.feed(frame("initial-response", payload)) == []
    assert reader.feed(frame("initial-response", payload) + frame("later", {})) == [{"later": {}}]


def test_a_chunk_with_a_senseless_payload_is_a_fault_of_the_stream() -> None:
    with pytest.raises(FrameError, match="payload of a chunk event"):
        ChunkEvents().feed(frame("chunk", b"[]"))
    with pytest.raises(FrameError, match="payload of a chunk event"):
        ChunkEvents().feed(frame("chunk", {"bytes": "a"}))


@pytest.mark.parametrize("parser", [ConverseEvents, ChunkEvents])
def test_an_exception_frame_is_raised_behind_the_events_before_it(
    parser: type[ConverseEvents | ChunkEvents],
) -> None:
    reader = parser()
    refused = exception("throttlingException", b'{"message":"Too many requests."}')
    assert len(reader.feed(frame("contentBlockDelta", TEXT) + refused)) == 1
    for _ in range(2):
        with pytest.raises(InStreamFailure) as caught:
            reader.check()
        assert (caught.value.code, caught.value.message) == ("throttlingException", "Too many requests.")
    with pytest.raises(InStreamFailure):
        parser().feed(refused)


@pytest.mark.parametrize(
    ("wire", "code", "message"),
    [
        (exception("x", b'{"Message":"M"}'), "x", "M"),
        (exception("x", b"{}"), "x", ""),
        (exception("x", b"plain words \xff"), "x", "plain words \ufffd"),
        (exception("x", b"[1]"), "x", "[1]"),
        (encode_frame([(":message-type", "exception")], b""), "exception", ""),
        (
            encode_frame([(":message-type", "error"), (":error-code", "c"), (":error-message", "m")], b""),
            "c",
            "m",
        ),
        (encode_frame([(":message-type", "error")], b""), "error", ""),
    ],
)
def test_what_an_exception_frame_says(wire: bytes, code: str, message: str) -> None:
    with pytest.raises(InStreamFailure) as caught:
        ConverseEvents().feed(wire)
    assert (caught.value.code, caught.value.message) == (code, message)


def test_a_stream_ends_well_only_after_message_stop() -> None:
    parser = ConverseEvents()
    parser.feed(frame("contentBlockDelta", TEXT))
    with pytest.raises(TransportError, match="without messageStop") as caught:
        parser.end()
    assert caught.value.kind is FailureKind.CLOSED
    parser.feed(frame("messageStop", STOP))
    parser.end()


@pytest.mark.parametrize("parser", [ConverseEvents, ChunkEvents])
def test_a_stream_does_not_end_inside_a_frame(parser: type[ConverseEvents | ChunkEvents]) -> None:
    reader = parser()
    reader.feed(frame("messageStop", STOP) + frame("metadata", {})[:-1])
    with pytest.raises(TransportError, match="inside a frame"):
        reader.end()


def test_what_came_can_be_asked_for_at_any_time() -> None:
    parser = ConverseEvents()
    parser.feed(frame("contentBlockDelta", TEXT) * 3)
    partial = parser.partial()
    assert partial is not None
    assert partial["output"]["message"]["content"] == [{"text": "aaa"}]
    assert partial["stopReason"] is None
    assert ChunkEvents().partial() is None


def test_events_that_somebody_else_decoded_pass_unchanged_and_add_up() -> None:
    parser = GivenEvents()
    for event in ({"contentBlockDelta": TEXT}, {"messageStop": STOP}):
        assert parser.feed(event) == [event]
    assert parser.reducer.response()["output"]["message"]["content"] == [{"text": "a"}]
    parser.end()
    assert GivenChunks().feed({"chunk": {"bytes": b"x"}}) == [{"chunk": {"bytes": b"x"}}]
