"""Errors: caught as what they are, written down and read back whole, and silent about secrets."""

from __future__ import annotations

import copy
import inspect
import pickle
import subprocess
import sys
import threading
from typing import Any

import botocore.exceptions
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_unified import BedrockClient, ChatOptions, errors
from bedrock_unified.errors import (
    ANSWERED,
    BedrockError,
    ConfigurationError,
    ContextOverflowError,
    InvalidRequestError,
    ModelAccessError,
    PermissionDeniedError,
    QuotaExceededError,
    StreamInterrupted,
    ThrottlingError,
    is_answer,
    make_error,
    public_class,
)
from bedrock_unified.failures import ErrorMaker, redacted
from bedrock_unified.wire import operations as op
from bedrock_unified.wire.failure import Failure, InStreamFailure, failure_of, server_time
from bedrock_unified.wire.http import FailureKind, Response, TransportError
from bedrock_unified.wire.operations import CONVERSE

FAMILY = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, BedrockError)]
DETAILS: dict[str, Any] = {
    "code": "ThrottlingException",
    "status": 429,
    "request_id": "5f0a3c1e",
    "operation": "ConverseStream",
    "model_id": "us.amazon.nova-lite-v1:0",
    "region": "eu-central-1",
    "hint": "wait",
    "is_retryable": False,
    "response": {"Error": {"Code": "ThrottlingException", "Message": "slow down"}},
    "partial": {"output": {"message": {"role": "assistant", "content": [{"text": "so far"}]}}},
}
each_kind = pytest.mark.parametrize("kind", FAMILY, ids=lambda kind: kind.__name__)
answered = pytest.mark.parametrize("answered", [False, True], ids=["ours", "answered by AWS"])


class AdaptersThrottling(ThrottlingError):
    """An adapter's own class."""


class AlreadyClientError(ThrottlingError, botocore.exceptions.ClientError):
    """An adapter's class that is a ClientError itself."""


def rebuilt(error: BedrockError, how: str) -> BedrockError:
    if how == "deepcopy":
        return copy.deepcopy(error)
    if how == "copy":
        return copy.copy(error)
    return pickle.loads(pickle.dumps(error, int(how)))


def test_the_family_is_what_is_exported() -> None:
    assert {kind.__name__ for kind in FAMILY} == set(errors.__all__)
    import bedrock_unified

    for name in errors.__all__:
        assert getattr(bedrock_unified, name) is getattr(errors, name)


@each_kind
@answered
@pytest.mark.parametrize("how", ["copy", "deepcopy", *map(str, range(pickle.HIGHEST_PROTOCOL + 1))])
def test_an_error_comes_back_whole(kind: type[BedrockError], answered: bool, how: str) -> None:
    error = make_error(kind, "slow down", DETAILS, like=ANSWERED if answered else None)
    back = rebuilt(error, how)
    assert type(back) is type(error)
    assert back.details() == error.details() == DETAILS
    assert (back.message, str(back), back.args) == (error.message, str(error), error.args)


@each_kind
def test_an_answer_of_aws_is_caught_as_a_client_error(kind: type[BedrockError]) -> None:
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        raise make_error(kind, "slow down", DETAILS, like=ANSWERED)
    error = caught.value
    assert isinstance(error, kind)
    assert error.response["Error"]["Code"] == "ThrottlingException"
    assert error.operation_name == "ConverseStream"
    assert is_answer(error)
    assert public_class(type(error)) is kind
    assert type(error).__name__ == kind.__name__


@each_kind
def test_a_failure_of_ours_is_not_a_client_error(kind: type[BedrockError]) -> None:
    error = make_error(kind, "slow down", DETAILS)
    assert not isinstance(error, botocore.exceptions.ClientError)
    assert not is_answer(error)
    assert type(error) is kind


@answered
def test_an_adapters_class_comes_back_as_itself(answered: bool) -> None:
    error = make_error(AdaptersThrottling, "slow down", DETAILS, like=ANSWERED if answered else None)
    back = pickle.loads(pickle.dumps(error))
    assert isinstance(back, AdaptersThrottling)
    assert isinstance(back, botocore.exceptions.ClientError) is answered
    assert back.details() == DETAILS


def test_a_class_that_is_a_client_error_already_stays_as_it_is() -> None:
    error = make_error(AlreadyClientError, "slow down", DETAILS, like=ANSWERED)
    assert type(error) is AlreadyClientError
    assert pickle.loads(pickle.dumps(error)).details() == DETAILS


def test_an_answered_error_is_read_back_in_another_process() -> None:
    error = make_error(ThrottlingError, "slow down", DETAILS, like=ANSWERED)
    program = (
        "import pickle, sys; error = pickle.loads(sys.stdin.buffer.read());"
        "from botocore.exceptions import ClientError; from bedrock_unified import ThrottlingError;"
        "assert isinstance(error, ClientError) and isinstance(error, ThrottlingError);"
        "print(error.partial['output']['message']['content'][0]['text'], error.status)"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        input=pickle.dumps(error),
        capture_output=True,
        check=True,
    )
    assert done.stdout.split() == [b"so", b"far", b"429"]


def test_importing_the_errors_loads_no_botocore() -> None:
    program = (
        "import sys, bedrock_unified.errors as errors;"
        "errors.make_error(errors.BedrockError, 'm', {});"
        "assert 'botocore' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize(
    ("kind", "also"),
    [
        (ContextOverflowError, InvalidRequestError),
        (ModelAccessError, PermissionDeniedError),
        (QuotaExceededError, ThrottlingError),
    ],
)
def test_an_error_is_also_what_it_specialises(kind: type[BedrockError], also: type[Exception]) -> None:
    assert issubclass(kind, also)


def test_no_error_is_one_that_frameworks_take_for_an_unreadable_answer() -> None:
    # LlamaIndex's refine takes any ValueError or TypeError of a call for one, and goes on without an answer.
    assert not [kind for kind in FAMILY if issubclass(kind, (ValueError, TypeError))]


def test_which_kinds_may_succeed_later() -> None:
    later = {kind.__name__ for kind in FAMILY if kind("m").is_retryable}
    assert later == {
        "ConnectionFailed",
        "ModelNotReadyError",
        "RequestTimeoutError",
        "ServiceUnavailableError",
        "StreamInterrupted",
        "ThrottlingError",
    }
    assert ThrottlingError("m", is_retryable=False).is_retryable is False
    assert ConfigurationError("m", is_retryable=True).is_retryable is True


def test_the_text_of_an_error_says_where_and_what_next() -> None:
    error = ThrottlingError("slow down", **DETAILS)
    assert str(error) == (
        "ThrottlingException: slow down (operation ConverseStream, model us.amazon.nova-lite-v1:0, region "
        "eu-central-1, status 429, request id 5f0a3c1e)\nHint: wait"
    )
    assert str(BedrockError("only this")) == "only this"


# Errors made from failures


def maker(**classes: Any) -> ErrorMaker:
    return ErrorMaker("eu-central-1", None, classes.get("classes"))


def test_an_answer_keeps_its_headers_retries_and_partial_response() -> None:
    headers = {"x-amzn-requestid": "r", "date": "d"}
    failure = Failure("ThrottlingException", "slow down", 429, headers)
    error = maker().answered(failure, CONVERSE, "m", retries=2, partial=DETAILS["partial"])
    assert isinstance(error, ThrottlingError)
    assert error.partial == DETAILS["partial"]
    assert error.response == {
        "Error": {"Code": "ThrottlingException", "Message": "slow down"},
        "ResponseMetadata": {
            "RequestId": "r",
            "HTTPStatusCode": 429,
            "HTTPHeaders": headers,
            "RetryAttempts": 2,
        },
        "message": "slow down",
    }


def test_a_redirection_says_where_to() -> None:
    there = {"location": "https://gateway.example.test/model?token=hidden"}
    failure = Failure("301", "Moved Permanently", 301, there)
    error = maker().answered(failure, CONVERSE, "m", secrets=["hidden"])
    assert "https://gateway.example.test/model?token=…" in error.hint
    assert "endpoint_url" in error.hint


def test_an_adapters_classes_are_used_for_answers_and_for_failures_below_http() -> None:
    made = maker(classes={ThrottlingError: AdaptersThrottling})
    failure = Failure("ThrottlingException", "slow down", 429, {})
    assert isinstance(made.answered(failure, CONVERSE, "m"), AdaptersThrottling)
    assert type(made.make(ThrottlingError, "m")) is AdaptersThrottling


@pytest.mark.parametrize("kind", list(FailureKind))
@pytest.mark.parametrize("began", [False, True])
def test_a_failure_below_http_says_what_to_look_at(kind: FailureKind, began: bool) -> None:
    partial = {"output": {}} if began else None
    error = maker().unanswered(
        TransportError(kind, "the library's words"), CONVERSE, "m", began=began, partial=partial
    )
    assert kind.value in error.message
    assert "the library's words" in error.message
    assert error.partial == partial
    assert error.operation == "Converse"
    timeouts = (FailureKind.READ_TIMEOUT, FailureKind.TOTAL_TIMEOUT, FailureKind.CONNECT_TIMEOUT)
    if kind in timeouts:
        assert isinstance(error, errors.RequestTimeoutError)
    else:
        assert isinstance(error, StreamInterrupted if began else errors.ConnectionFailed)
    if began and kind not in timeouts:
        assert ".partial" in str(error.hint)
    elif kind not in (FailureKind.CLOSED, FailureKind.CORRUPT):
        assert error.hint


@given(st.text(), st.lists(st.text(st.characters(codec="ascii"), min_size=8), max_size=3), st.text())
def test_no_secret_survives_redaction(before: str, secrets: list[str], after: str) -> None:
    text = redacted(before + "".join(secrets) + after, secrets)
    assert all(secret not in text for secret in secrets)


# What an error answer says


def answer(status: int, body: bytes, **headers: str) -> Response:
    return Response(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


@pytest.mark.parametrize(
    ("response", "code", "message"),
    [
        (
            answer(
                400,
                b'{"message":"bad"}',
                x_amzn_errortype="ValidationException:http://internal.amazon.com/coral/com.amazon.bedrock/",
            ),
            "ValidationException",
            "bad",
        ),
        (answer(403, b'{"Message":"no"}', x_amzn_errortype="AccessDenied"), "AccessDenied", "no"),
        (
            answer(400, b'{"__type":"com.amazon#ThrottlingException","message":"m"}'),
            "ThrottlingException",
            "m",
        ),
        (answer(400, b'{"code":"Oops","errorMessage":"m"}'), "Oops", "m"),
        (answer(502, b"<html><body><h1>Bad  Gateway</h1></body></html>"), "502", "Bad Gateway"),
        (answer(504, b"upstream timed out"), "504", "upstream timed out"),
        (answer(503, b""), "503", "Service Unavailable"),
        (answer(500, b"[1, 2]"), "500", "[1, 2]"),
        (answer(500, b'{"message": null}'), "500", '{"message": null}'),
        (answer(299, b""), "299", "no message"),
        (answer(301, b"", location="https://elsewhere"), "301", "Moved Permanently"),
    ],
)
def test_the_kind_and_the_message_are_found_wherever_they_stand(
    response: Response, code: str, message: str
) -> None:
    failure = failure_of(response)
    assert (failure.code, failure.message, failure.status) == (code, message, response.status)


@given(st.binary(max_size=200), st.integers(300, 599), st.sampled_from(["", "text/html", "application/json"]))
def test_any_error_answer_can_be_read(body: bytes, status: int, content_type: str) -> None:
    failure = failure_of(answer(status, body, content_type=content_type))
    assert failure.code
    assert failure.message
    assert len(failure.message) <= max(300, len(body))


def test_a_huge_page_of_a_proxy_is_cut() -> None:
    assert len(failure_of(answer(502, b"<p>" + b"x " * 100_000)).message) <= 300


@pytest.mark.parametrize(
    ("date", "time"),
    [
        ("Thu, 01 Jan 1970 00:01:00 GMT", 60.0),
        ("Thu, 01 Jan 1970 01:01:00 +0100", 60.0),
        ("Thu, 01 Jan 1970 00:01:00 -0000", 60.0),
        ("", None),
        ("yesterday", None),
    ],
)
def test_the_servers_time(date: str, time: float | None) -> None:
    assert server_time({"date": date}) == time
    assert server_time({}) is None


@given(
    st.text(max_size=40)
    | st.from_regex(r"[A-Z][a-z]{2}, \d{1,2} [A-Z][a-z]{2} \d{1,4} \d\d:\d\d:\d\d [+-]\d{4}")
)
def test_no_date_is_too_strange(date: str) -> None:
    found = server_time({"date": date})
    assert found is None or isinstance(found, float)


@pytest.mark.parametrize(
    ("code", "message", "status", "later"),
    [
        ("ThrottlingException", "slow down", 429, True),
        ("ThrottlingException", "Too many tokens per day, please wait before trying again.", 429, False),
        ("ServiceQuotaExceededException", "used up", 400, False),
        ("ValidationException", "bad", 400, False),
        ("SomethingNewException", "odd", 503, True),
        ("SomethingNewException", "odd", 418, False),
        ("TransactionInProgressException", "wait", 400, True),
        ("ModelErrorException", "odd", 424, False),
        ("throttlingException", "slow down", 429, True),
    ],
)
def test_an_answer_says_whether_the_same_request_may_succeed_later(
    code: str, message: str, status: int, later: bool
) -> None:
    error = maker().answered(Failure(code, message, status, {}), CONVERSE, "m")
    assert isinstance(error, botocore.exceptions.ClientError)
    assert error.is_retryable is later


def test_only_a_guarded_calls_refusal_speaks_of_guardrails() -> None:
    denied = Failure(
        "AccessDeniedException", "You don't have access to the model with the specified model ID.", 403, {}
    )
    plain = maker().answered(denied, CONVERSE, "m")
    assert "ApplyGuardrail" not in str(plain.hint)
    denied = denied._replace(message="User is not authorized to perform: bedrock:ApplyGuardrail")
    assert "ApplyGuardrail" in str(maker().answered(denied, CONVERSE, "m", guarded=True))


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("throttlingException", 429),
        ("validationException", 400),
        ("modelStreamErrorException", 424),
        ("internalServerException", 500),
        ("serviceUnavailableException", 503),
        ("aLaterException", 500),
    ],
)
def test_an_exception_frame_has_the_status_of_the_modelled_exception(code: str, status: int) -> None:
    failure = maker().in_stream(InStreamFailure(code, "m"), {"x-amzn-requestid": "r"})
    assert (failure.status, failure.code, failure.request_id) == (status, code, "r")


NETWORKS = [
    "EndpointConnectionError",
    "ConnectTimeoutError",
    "ReadTimeoutError",
    "SSLError",
    "ConnectionClosedError",
]


@pytest.mark.parametrize("like", NETWORKS)
@pytest.mark.parametrize("how", ["copy", "deepcopy", str(pickle.HIGHEST_PROTOCOL)])
def test_a_failure_of_the_network_is_what_botocore_raises_there(like: str, how: str) -> None:
    error = make_error(errors.ConnectionFailed, "no route", DETAILS, like=like)
    theirs = getattr(botocore.exceptions, like)
    assert isinstance(error, theirs)
    assert isinstance(error, botocore.exceptions.BotoCoreError)
    assert not is_answer(error)
    assert public_class(type(error)) is errors.ConnectionFailed
    assert error.kwargs == {}  # type: ignore[attr-defined]
    back = rebuilt(error, how)
    assert type(back) is type(error)
    assert (str(back), back.details()) == (str(error), error.details())


@pytest.mark.parametrize("kind", FailureKind)
def test_each_failure_below_http_has_its_class_of_botocores(kind: FailureKind) -> None:
    made = ErrorMaker("us-east-1", None).unanswered(TransportError(kind, "x"), op.CONVERSE, "m")
    assert isinstance(made, botocore.exceptions.BotoCoreError)


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"inferenceConfig": {"temperature": 3}}, "temperature"),
        ({"messages": "q"}, "messages"),
        ({"maxTokens": 3}, "maxTokens"),
        ({"modelId": ""}, "the model id is empty"),
        ({"modelId": 7}, "the model id"),
        ({"additionalModelRequestFields": {"a": {1}}}, "set has no JSON form"),
    ],
)
async def test_a_request_that_is_refused_before_it_is_sent_is_what_boto3_raises_for_one(
    wrong: dict[str, Any], named: str
) -> None:
    ask = {"modelId": "m", "messages": [{"role": "user", "content": [{"text": "q"}]}], **wrong}
    async with BedrockClient(api_key="k", region_name="us-east-1") as client:
        with pytest.raises(botocore.exceptions.ParamValidationError) as caught:
            client.converse(**ask)
        with pytest.raises(botocore.exceptions.ParamValidationError):
            await client.aconverse_stream(**ask)
    assert isinstance(caught.value, errors.InvalidRequestError)
    assert named in str(caught.value)


@pytest.mark.parametrize("options", [{"top_k": 5}, "top_k", 7, ChatOptions])
async def test_options_that_are_none_are_told(options: Any) -> None:
    ask = {"modelId": "m", "messages": [{"role": "user", "content": [{"text": "q"}]}]}
    async with BedrockClient(api_key="k", region_name="us-east-1") as client:
        for call in (client.converse, client.converse_stream):
            with pytest.raises(errors.ConfigurationError, match="options is a") as caught:
                call(**ask, options=options)
            assert "ChatOptions" in str(caught.value.hint)
        with pytest.raises(errors.ConfigurationError, match="options is a"):
            await client.aconverse(**ask, options=options)


def test_threads_that_fail_at_once_get_one_class() -> None:
    class Kind(BedrockError):
        """Of this test alone."""

    made: list[type] = []
    barrier = threading.Barrier(8)

    def fail() -> None:
        barrier.wait()
        made.append(type(make_error(Kind, "m", {}, like="NoCredentialsError")))

    threads = [threading.Thread(target=fail) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 8 and len(set(made)) == 1
