"""Throttling, broken connections and expired signatures before the first event: the one retry layer."""

from __future__ import annotations

import time
from email.utils import formatdate

import pytest
from botocore.exceptions import ClientError
from wireserver import Cut, WireServer, converse, ending, error, exception_frame, frame, stream, text_frames

from bedrock_unified import (
    AuthenticationError,
    ConnectionFailed,
    InvalidRequestError,
    ModelFailureError,
    PermissionDeniedError,
    QuotaExceededError,
    RequestTimeoutError,
    ServiceUnavailableError,
    ThrottlingError,
)

THROTTLED = error(429, "ThrottlingException", "Too many requests, please wait before trying again.")
GOOD = [converse("Hello.")]
GOOD_STREAM = stream(*text_frames("Hello", "."), *ending())


def text_of(events):
    return "".join(
        event["contentBlockDelta"]["delta"].get("text", "")
        for event in events
        if "contentBlockDelta" in event
    )


@pytest.mark.parametrize("times", [1, 3])
def test_a_throttled_call_succeeds_when_the_throttling_ends(face, times):
    with WireServer(*[[THROTTLED]] * times, GOOD) as server:
        answer = face.converse(face.client(server.url))
    assert answer["output"]["message"]["content"] == [{"text": "Hello."}]
    assert answer["ResponseMetadata"]["RetryAttempts"] == times
    assert len(server.requests) == times + 1


def test_max_retries_3_sends_at_most_four_requests(face):
    with WireServer([THROTTLED]) as server, pytest.raises(ThrottlingError) as caught:
        face.converse(face.client(server.url, max_retries=3))
    assert len(server.requests) == 4
    error_ = caught.value
    assert (error_.code, error_.status, error_.is_retryable) == ("ThrottlingException", 429, True)
    assert error_.request_id == "5f0a3c1e-7f7d-4f7e-9f0e-2d1c3b4a5e6f"
    assert isinstance(error_, ClientError)
    assert error_.response["ResponseMetadata"]["RetryAttempts"] == 3
    assert error_.hint


def test_max_retries_0_sends_one_request(face):
    with WireServer([THROTTLED]) as server, pytest.raises(ThrottlingError):
        face.converse(face.client(server.url, max_retries=0))
    assert len(server.requests) == 1


def test_a_stream_that_is_throttled_before_it_begins_is_tried_again(face):
    with WireServer([THROTTLED], [THROTTLED], GOOD_STREAM) as server:
        events = face.events(face.client(server.url))
    assert text_of(events) == "Hello."
    assert len(server.requests) == 3


def test_an_exception_frame_before_the_first_event_is_tried_again(face):
    throttled = stream(exception_frame("throttlingException", "Too many requests"))
    with WireServer(throttled, GOOD_STREAM) as server:
        events = face.events(face.client(server.url))
    assert text_of(events) == "Hello."
    assert len(server.requests) == 2


def test_an_exception_frame_that_a_retry_cannot_cure_is_not_retried(face):
    broken = stream(
        exception_frame("modelStreamErrorException", "Model produced invalid sequence as part of ToolUse.")
    )
    with WireServer(broken) as server, pytest.raises(ModelFailureError) as caught:
        face.events(face.client(server.url))
    assert len(server.requests) == 1
    assert caught.value.status == 424


@pytest.mark.parametrize("reset", [False, True])
def test_a_connection_cut_before_the_first_byte_is_tried_again(face, reset):
    with WireServer([Cut(reset=reset)], GOOD) as server:
        assert face.converse(face.client(server.url))["stopReason"] == "end_turn"
    assert len(server.requests) == 2


def test_a_connection_that_is_always_cut_ends_as_connection_failed(face):
    with WireServer([Cut()]) as server, pytest.raises(ConnectionFailed) as caught:
        face.converse(face.client(server.url, max_retries=2))
    assert len(server.requests) == 3
    assert caught.value.is_retryable


def test_an_answer_cut_in_its_middle_is_tried_again(face):
    with WireServer([converse("Hello.")[:-20], Cut()], GOOD) as server:
        assert face.converse(face.client(server.url))["stopReason"] == "end_turn"
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    "cut", ["HTTP/1.1 200", " OK", "x-amzn", "application/", "Content-Le", "Length:", "Length: 2"]
)
def test_an_answer_cut_in_its_head_is_tried_again(face, cut):
    whole = converse("Hello.")
    begun = whole[: whole.index(cut.encode()) + len(cut)]
    with WireServer([begun, Cut()], GOOD) as server:
        assert face.converse(face.client(server.url))["stopReason"] == "end_turn"
    assert len(server.requests) == 2


def test_a_stream_cut_inside_its_first_frame_is_tried_again(face):
    cut = [*stream(frame("messageStart", {"role": "assistant"})[:30], end=False), Cut()]
    with WireServer(cut, GOOD_STREAM) as server:
        assert text_of(face.events(face.client(server.url))) == "Hello."
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (error(400, "ValidationException", "The provided model identifier is invalid."), InvalidRequestError),
        (error(400, "ServiceQuotaExceededException", "quota"), QuotaExceededError),
        (error(424, "ModelErrorException", "the model failed"), ModelFailureError),
        (
            error(
                403, "UnrecognizedClientException", "The security token included in the request is invalid."
            ),
            AuthenticationError,
        ),
    ],
)
def test_an_error_that_a_retry_cannot_cure_is_raised_at_once(face, answer, kind):
    with WireServer([answer]) as server, pytest.raises(kind):
        face.converse(face.client(server.url))
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_gateway_without_bedrocks_error_form_is_retried_by_its_status(face, status):
    head = f"HTTP/1.1 {status} Bad\r\nContent-Type: text/html\r\nContent-Length: 18\r\n\r\n"
    page = head.encode() + b"<html>oh no</html>"
    with (
        WireServer([page]) as server,
        pytest.raises((ServiceUnavailableError, RequestTimeoutError)) as caught,
    ):
        face.converse(face.client(server.url, max_retries=1))
    assert len(server.requests) == 2
    assert "oh no" in str(caught.value)


def test_retry_after_is_obeyed(face):
    throttled = error(429, "ThrottlingException", "wait", **{"Retry-After": "0.3"})
    with WireServer([throttled], GOOD) as server:
        began = time.monotonic()
        face.converse(face.client(server.url))
    assert time.monotonic() - began >= 0.3


def test_every_try_is_signed_anew(face, monkeypatch):
    seconds = iter(range(1_790_000_000, 1_790_001_000, 7))
    monkeypatch.setattr("bedrock_unified.exchange.time.time", lambda: next(seconds))
    with WireServer([THROTTLED], [THROTTLED], GOOD) as server:
        face.converse(face.client(server.url))
    assert len({request["authorization"] for request in server.requests}) == 3
    assert len({request["x-amz-date"] for request in server.requests}) == 3


def test_a_wrong_clock_is_corrected_once_from_the_date_of_the_refusal(face):
    ahead = time.time() + 3600
    refusal = error(
        403,
        "InvalidSignatureException",
        "Signature expired: 20261120T000000Z is now earlier than 20261120T005500Z",
        Date=formatdate(ahead, usegmt=True),
    )
    with WireServer([refusal], GOOD) as server:
        client = face.client(server.url)
        face.converse(client)
        stamps = [request["x-amz-date"] for request in server.requests]
        assert stamps[1] > time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(ahead - 60))
        face.converse(client)
        assert server.requests[2]["x-amz-date"] >= stamps[1], "the correction is remembered"
    assert len(server.requests) == 3


def test_a_clock_that_is_right_is_not_corrected_for_a_wrong_key(face):
    refusal = error(403, "InvalidSignatureException", "The request signature we calculated does not match")
    with WireServer([refusal]) as server, pytest.raises(AuthenticationError):
        face.converse(face.client(server.url))
    assert len(server.requests) == 1


def test_a_clock_that_cannot_be_corrected_is_tried_only_once_more(face):
    refusals = [
        [
            error(
                403,
                "InvalidSignatureException",
                "Signature expired: …",
                Date=formatdate(time.time() + 3600 * hours, usegmt=True),
            )
        ]
        for hours in (1, 5, 9)
    ]
    with WireServer(*refusals) as server, pytest.raises(AuthenticationError):
        face.converse(face.client(server.url))
    assert len(server.requests) == 2


def test_an_expired_token_is_explained_and_not_retried_with_fixed_keys(face):
    expired = error(403, "ExpiredTokenException", "The security token included in the request is expired")
    with WireServer([expired]) as server, pytest.raises(AuthenticationError) as caught:
        face.converse(face.client(server.url, aws_session_token="IQoJb3JpZ2luX2VjEXAMPLE"))
    assert len(server.requests) == 1
    assert caught.value.hint
    assert "IQoJb3JpZ2luX2VjEXAMPLE" not in str(caught.value)


def test_a_client_whose_service_is_down_stops_multiplying_its_load(face):
    with WireServer([THROTTLED]) as server:
        client = face.client(server.url, max_retries=10)
        for _ in range(20):
            with pytest.raises(ThrottlingError):
                face.converse(client)
    assert len(server.requests) == 20 + 100, "500 tokens, 5 a retry"


def test_a_daily_quota_is_told_as_such_and_not_retried(face):
    spent = error(429, "ThrottlingException", "Too many tokens per day, please wait before trying again.")
    with WireServer([spent]) as server, pytest.raises(QuotaExceededError) as caught:
        face.converse(face.client(server.url))
    assert len(server.requests) == 1
    assert not caught.value.is_retryable


def test_a_refused_call_with_a_guardrail_names_the_guardrails_permission(face):
    refused = error(403, "AccessDeniedException", "User is not authorized to perform: bedrock:ApplyGuardrail")
    guardrail = {"guardrailIdentifier": "abc123", "guardrailVersion": "1"}
    with WireServer([refused]) as server, pytest.raises(PermissionDeniedError) as caught:
        face.converse(face.client(server.url), guardrailConfig=guardrail)
    assert "bedrock:ApplyGuardrail" in caught.value.hint
    assert len(server.requests) == 1


def test_retries_that_helped_do_not_use_up_the_budget(face):
    with WireServer(*[[THROTTLED], GOOD] * 150) as server:
        client = face.client(server.url)
        for _ in range(150):
            face.converse(client)
    assert len(server.requests) == 300


def test_who_is_not_retried_because_others_failed_is_told_so(face):
    with WireServer([THROTTLED]) as server:
        client = face.client(server.url, max_retries=10)
        errors = []
        for _ in range(12):
            with pytest.raises(ThrottlingError) as caught:
                face.converse(client)
            errors.append(str(caught.value.hint))
    assert "not tried again" not in errors[0]
    assert "not tried again" in errors[-1]
