"""Every fault does on the wire what it says, as often as it says, to the requests it names."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from botocore.config import Config
from botocore.eventstream import ChecksumMismatch, EventStreamBuffer, InvalidPayloadLength
from botocore.exceptions import ClientError, ConnectionClosedError, EventStreamError

from bedrock_unified.local import Fault, LocalBedrock

from .sending import post, send, signed_headers

MODEL = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
UNARY = f"/model/{MODEL.replace(':', '%3A')}/converse"
STREAM = f"{UNARY}-stream"
REQUEST = {"messages": [{"role": "user", "content": [{"text": "Describe the sea"}]}]}


def frames_of(body: bytes) -> list[Any]:
    buffer = EventStreamBuffer()
    buffer.add_data(body)
    return list(buffer)


@contextmanager
def opened(endpoint: LocalBedrock, path: str) -> Iterator[http.client.HTTPResponse]:
    """An answer whose head has arrived; its connection is closed at the end."""
    body = json.dumps(REQUEST).encode()
    connection = http.client.HTTPConnection("127.0.0.1", endpoint.port, timeout=10)
    try:
        connection.request("POST", path, body=body, headers=signed_headers(endpoint.url + path, body))
        with connection.getresponse() as response:
            yield response
    finally:
        connection.close()


def read_all(endpoint: LocalBedrock, path: str) -> tuple[bytes, bool, dict[str, str]]:
    """What arrived, whether the connection was cut before the end, and the headers."""
    got = b""
    with opened(endpoint, path) as response:
        headers = {name.lower(): value for name, value in response.getheaders()}
        try:
            while piece := response.read1(65536):
                got += piece
        except (http.client.IncompleteRead, ConnectionError) as error:
            return got + getattr(error, "partial", b""), True, headers
    return got, len(got) < int(headers.get("content-length", 0)), headers


def until(condition: Callable[[], bool]) -> bool:
    """Whether ``condition`` becomes true within five seconds."""
    deadline = time.perf_counter() + 5
    while not condition() and time.perf_counter() < deadline:
        time.sleep(0.01)
    return condition()


@pytest.mark.parametrize("times", [1, 3])
def test_throttling_lasts_for_the_first_tries(endpoint: LocalBedrock, times: int) -> None:
    endpoint.inject(Fault.throttle(times, retry_after=0.5))
    answers = [post(endpoint, UNARY, REQUEST) for _ in range(times + 1)]
    assert [status for status, _, _ in answers] == [429] * times + [200]
    _, headers, body = answers[0]
    assert headers["x-amzn-errortype"].startswith("ThrottlingException:")
    assert headers["retry-after"] == "0.5"
    assert json.loads(body) == {"message": "Too many requests, please wait before trying again."}


def test_boto3_gets_through_throttling(endpoint: LocalBedrock, connect: Any) -> None:
    endpoint.inject(Fault.throttle(2))
    config = Config(retries={"mode": "standard", "total_max_attempts": 3})
    connect(endpoint, config=config).converse(modelId=MODEL, **REQUEST)
    assert [served.status for served in endpoint.requests] == [429, 429, 200]


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("ServiceUnavailableException", 503),
        ("InternalServerException", 500),
        ("ModelTimeoutException", 408),
        ("ModelErrorException", 424),
        ("AccessDeniedException", 403),
        ("ResourceNotFoundException", 404),
    ],
)
def test_any_error_can_be_answered(endpoint: LocalBedrock, runtime: Any, code: str, status: int) -> None:
    endpoint.inject(Fault.error(code, "because"))
    with pytest.raises(ClientError, match="because") as error:
        runtime.converse(modelId=MODEL, **REQUEST)
    assert error.value.response["Error"]["Code"] == code
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == status


def test_latency_delays_the_first_byte_until_healed(endpoint: LocalBedrock) -> None:
    endpoint.inject(Fault.latency(0.6))
    for _ in range(2):
        started = time.perf_counter()
        assert post(endpoint, UNARY, REQUEST)[0] == 200
        assert time.perf_counter() - started >= 0.6
    endpoint.heal()
    started = time.perf_counter()
    assert post(endpoint, UNARY, REQUEST)[0] == 200
    assert time.perf_counter() - started < 0.6


def test_many_delayed_calls_wait_together(endpoint: LocalBedrock) -> None:
    endpoint.inject(Fault.latency(0.3))
    threads = [threading.Thread(target=post, args=(endpoint, UNARY, REQUEST)) for _ in range(20)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert time.perf_counter() - started < 5  # twenty times 0.3 s, had they waited one after another
    assert len(endpoint.requests) == 20


@pytest.mark.parametrize("path", [UNARY, STREAM])
@pytest.mark.parametrize("reset", [False, True])
def test_a_cut_before_the_first_byte(endpoint: LocalBedrock, path: str, reset: bool) -> None:
    endpoint.inject(Fault.cut("before_first_byte", reset=reset))
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        post(endpoint, path, REQUEST)
    assert endpoint.requests[-1].outcome == "cut"
    assert post(endpoint, path, REQUEST)[0] == 200


def test_boto3_sees_the_cut(endpoint: LocalBedrock, runtime: Any) -> None:
    endpoint.inject(Fault.cut("before_first_byte"))
    with pytest.raises(ConnectionClosedError):
        runtime.converse(modelId=MODEL, **REQUEST)


def test_a_cut_in_the_middle_of_a_unary_answer(endpoint: LocalBedrock) -> None:
    endpoint.inject(Fault.cut("mid_frame"))
    got, cut, headers = read_all(endpoint, UNARY)
    assert cut and 0 < len(got) < int(headers["content-length"])


@pytest.mark.parametrize("after", [0, 1, 5])
def test_a_cut_between_frames(endpoint: LocalBedrock, after: int) -> None:
    endpoint.inject(Fault.cut(after_events=after))
    got, cut, _ = read_all(endpoint, STREAM)
    assert cut and len(frames_of(got)) == after
    assert endpoint.requests[-1].frames_sent == after


@pytest.mark.parametrize("after", [0, 3])
def test_a_cut_inside_a_frame(endpoint: LocalBedrock, after: int) -> None:
    endpoint.inject(Fault.cut("mid_frame", after_events=after))
    got, cut, _ = read_all(endpoint, STREAM)
    assert cut
    whole = frames_of(got)
    assert len(whole) == after and len(got) > sum(frame.prelude.total_length for frame in whole)


def test_a_stall_ends_by_itself_or_with_the_client(endpoint: LocalBedrock) -> None:
    endpoint.inject(Fault.stall(after_events=2, seconds=0.3), Fault.stall(after_events=2))
    started = time.perf_counter()
    got, cut, _ = read_all(endpoint, STREAM)
    assert not cut and time.perf_counter() - started >= 0.3
    assert frames_of(got)[-1].headers[":event-type"] == "metadata"
    with opened(endpoint, STREAM) as response:
        assert len(frames_of(response.read1(65536))) >= 1
    assert until(lambda: endpoint.requests[-1].outcome == "client left")


def test_a_stalled_stream_does_not_keep_the_endpoint_from_stopping() -> None:
    endpoint = LocalBedrock(faults=[Fault.stall(after_events=1)]).start()
    with opened(endpoint, STREAM) as response:
        response.read1(65536)
        started = time.perf_counter()
        endpoint.stop()
        assert time.perf_counter() - started < 3


def test_an_exception_frame_after_some_events(endpoint: LocalBedrock, runtime: Any) -> None:
    endpoint.inject(Fault.exception("modelStreamErrorException", "it broke", after_events=3))
    events: list[Any] = []
    with pytest.raises(EventStreamError, match="it broke") as error:
        events.extend(runtime.converse_stream(modelId=MODEL, **REQUEST)["stream"])
    assert error.value.response["Error"]["Code"] == "modelStreamErrorException"
    endpoint.inject(Fault.exception(after_events=3))
    got, cut, _ = read_all(endpoint, STREAM)
    last = frames_of(got)[-1]
    assert not cut and len(frames_of(got)) == 4
    assert list(last.headers) == [":exception-type", ":content-type", ":message-type"]
    assert last.headers[":exception-type"] == "throttlingException"


def test_a_corrupt_frame_fails_its_checksum(endpoint: LocalBedrock) -> None:
    endpoint.inject(Fault.corrupt_frame(after_events=2))
    got, _, _ = read_all(endpoint, STREAM)
    buffer = EventStreamBuffer()
    buffer.add_data(got)
    assert [next(buffer).headers[":event-type"] for _ in range(2)] == ["messageStart", "contentBlockDelta"]
    with pytest.raises(ChecksumMismatch):
        next(buffer)


def test_an_oversized_frame_is_refused_for_its_length_alone(endpoint: LocalBedrock) -> None:
    endpoint.inject(Fault.oversized_frame(after_events=1))
    got, _, _ = read_all(endpoint, STREAM)
    buffer = EventStreamBuffer()
    buffer.add_data(got)
    next(buffer)
    with pytest.raises(InvalidPayloadLength):
        next(buffer)


@pytest.mark.parametrize("seconds", [-3600.0, 3600.0])
def test_a_skewed_clock_judges_signatures_and_says_its_time(endpoint: LocalBedrock, seconds: float) -> None:
    endpoint.inject(Fault.clock_skew(seconds))
    status, headers, body = post(endpoint, UNARY, REQUEST)
    assert status == 403 and b"Signature" in body
    told = parsedate_to_datetime(headers["date"]).timestamp()
    assert told - time.time() == pytest.approx(seconds, abs=5)
    assert post(endpoint, UNARY, REQUEST, age=timedelta(seconds=-seconds))[0] == 200
    endpoint.heal()
    assert post(endpoint, UNARY, REQUEST)[0] == 200


def test_a_fault_may_be_for_one_operation_or_one_model(endpoint: LocalBedrock) -> None:
    endpoint.inject(
        Fault.throttle(None, operation="ConverseStream"), Fault.throttle(None, model="amazon.nova-lite-v1:0")
    )
    assert post(endpoint, UNARY, REQUEST)[0] == 200
    assert post(endpoint, STREAM, REQUEST)[0] == 429
    assert post(endpoint, "/model/amazon.nova-lite-v1%3A0/converse", REQUEST)[0] == 429
    assert post(endpoint, "/model/amazon.nova-pro-v1%3A0/converse", REQUEST)[0] == 200


def test_faults_happen_in_the_order_they_were_injected(endpoint: LocalBedrock) -> None:
    endpoint.inject(
        Fault.throttle(1), Fault.error("InternalServerException", "oops", times=2), Fault.latency(0.01)
    )
    assert [post(endpoint, UNARY, REQUEST)[0] for _ in range(4)] == [429, 500, 500, 200]


@pytest.mark.parametrize(
    "make",
    [
        lambda: Fault("explode"),
        lambda: Fault("latency"),
        lambda: Fault("cut", place="nowhere"),
        lambda: Fault.from_json({"kind": "cut", "when": 1}),
    ],
)
def test_a_fault_that_is_none_is_refused(make: Any) -> None:
    with pytest.raises(ValueError, match=r"fault|place"):
        make()


def test_connections_are_kept_and_told_apart(endpoint: LocalBedrock) -> None:
    body = json.dumps(REQUEST).encode()
    connection = http.client.HTTPConnection("127.0.0.1", endpoint.port, timeout=10)
    for path in (UNARY, STREAM, UNARY):
        connection.request("POST", path, body=body, headers=signed_headers(endpoint.url + path, body))
        connection.getresponse().read()
    connection.close()
    post(endpoint, UNARY, REQUEST)
    used = [served.connection for served in endpoint.requests]
    assert len(set(used[:3])) == 1 and used[3] != used[0]


def test_a_client_that_leaves_early_is_noticed(endpoint: LocalBedrock) -> None:
    with LocalBedrock(event_delay=0.05) as slow:
        with opened(slow, STREAM) as response:
            response.read1(100)
        assert until(lambda: slow.requests[-1].outcome == "client left")
        assert slow.requests[-1].frames_sent < 20


def test_garbage_on_the_socket_does_no_harm(endpoint: LocalBedrock) -> None:
    with socket.create_connection(("127.0.0.1", endpoint.port), timeout=5) as raw:
        raw.sendall(b"\x00\xff not http\r\n\r\n")
        assert b"400" in raw.recv(1000)
    assert send(endpoint, "/", b"", {}, method="GET")[0] in {403, 404}
    assert post(endpoint, UNARY, REQUEST)[0] == 200
