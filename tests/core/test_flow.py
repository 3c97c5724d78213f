"""The way of a request without any socket: signatures, retries, clock and keys, command by command."""

from __future__ import annotations

import calendar
import time
from collections.abc import Callable
from email.utils import formatdate
from typing import Any

import pytest

from bedrock_unified import exchange as exchanges
from bedrock_unified.credentials import Bearer, FixedIdentity, Identity
from bedrock_unified.errors import (
    AuthenticationError,
    BedrockError,
    ConnectionFailed,
    InvalidRequestError,
    RequestTimeoutError,
    ThrottlingError,
)
from bedrock_unified.exchange import Clock, Route
from bedrock_unified.failures import ErrorMaker
from bedrock_unified.flow import call
from bedrock_unified.transport.drive import drive
from bedrock_unified.wire.http import Blocking, FailureKind, Request, Response, Sleep, TransportError
from bedrock_unified.wire.operations import CONVERSE, encode
from bedrock_unified.wire.retry import RetryBudget
from bedrock_unified.wire.signing import Keys

KEYS = Keys("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
ASKED = encode(CONVERSE, {"modelId": "m:0", "messages": []})
OK = Response(200, {"x-amzn-requestid": "r"}, b"{}")
Step = Response | TransportError | Callable[[Request], Response]


def refused(code: str, status: int, message: str = "no", **headers: str) -> Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    body = b'{"message":"%s"}' % message.encode()
    return Response(status, {"x-amzn-errortype": f"{code}:http://x/", "x-amzn-requestid": "r", **named}, body)


THROTTLED = refused("ThrottlingException", 429)
UNAVAILABLE = refused("ServiceUnavailableException", 503)


class World:
    """Carries out a flow's commands from a script, and remembers them."""

    def __init__(self, *steps: Step, **route: Any) -> None:
        self.steps = list(steps)
        self.requests: list[Request] = []
        self.sleeps: list[float] = []
        self.blocking = 0
        made: dict[str, Any] = {
            "prefix": "/prefix",
            "host": "bedrock.example",
            "region": "us-east-1",
            "source": FixedIdentity(KEYS),
            "budget": RetryBudget(),
            "clock": Clock(),
            "user_agent": "test",
            "max_retries": 3,
            "retry_read_timeouts": False,
            "total_timeout": None,
            **route,
        }
        self.route = Route(**made)

    def run(self) -> tuple[Response, int]:
        return drive(call(self.route, CONVERSE, ASKED, ErrorMaker("us-east-1", None), "m:0"), self._execute)

    def fails(self, kind: type[BedrockError]) -> BedrockError:
        with pytest.raises(kind) as caught:
            self.run()
        return caught.value

    def _execute(self, command: Any) -> Any:
        if isinstance(command, Sleep):
            self.sleeps.append(command.seconds)
            return None
        if isinstance(command, Blocking):
            self.blocking += 1
            return command.call()
        assert isinstance(command, Request)
        self.requests.append(command)
        assert command.headers["authorization"]  # signed now, when it is sent
        step = self.steps.pop(0)
        if isinstance(step, TransportError):
            raise step
        return step if isinstance(step, Response) else step(command)


def test_an_answer_comes_with_the_number_of_retries() -> None:
    assert World(OK).run() == (OK, 0)
    assert World(THROTTLED, UNAVAILABLE, OK).run() == (OK, 2)


def test_a_request_carries_the_prefix_the_agent_and_the_signature() -> None:
    world = World(OK)
    world.run()
    (request,) = world.requests
    assert request.target == "/prefix/model/m%3A0/converse"
    assert request.headers["user-agent"] == "test"
    assert request.headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/")
    assert "x-amz-security-token" not in request.headers
    assert request.timeout is None


def test_a_bearer_key_is_sent_and_nothing_is_signed() -> None:
    world = World(OK, source=FixedIdentity(Bearer("the-key")))
    world.run()
    assert world.requests[0].headers["authorization"] == "Bearer the-key"
    assert "x-amz-date" not in world.requests[0].headers


@pytest.mark.parametrize("retries", [0, 1, 3, 5])
@pytest.mark.parametrize(
    ("step", "kind"),
    [
        (THROTTLED, ThrottlingError),
        (TransportError(FailureKind.CONNECT, "refused"), ConnectionFailed),
        (TransportError(FailureKind.CLOSED, "reset"), ConnectionFailed),
    ],
    ids=["throttled", "refused", "reset"],
)
def test_a_request_is_sent_once_and_then_max_retries_times(
    retries: int, step: Step, kind: type[BedrockError]
) -> None:
    world = World(*[step] * 10, max_retries=retries)
    world.fails(kind)
    assert len(world.requests) == retries + 1
    assert len(world.sleeps) <= retries
    assert all(seconds <= 2**number for number, seconds in enumerate(world.sleeps))


def test_every_try_is_signed_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(THROTTLED, THROTTLED, OK)
    moments = iter([1e9, 1e9 + 60, 1e9 + 120])
    monkeypatch.setattr(exchanges.time, "time", lambda: next(moments))
    world.run()
    signatures = [request.headers["authorization"] for request in world.requests]
    assert len(set(signatures)) == 3
    assert len({request.headers["x-amz-date"] for request in world.requests}) == 3


def test_a_request_is_signed_when_it_is_sent_and_not_when_it_begins_to_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World()
    request = next(call(world.route, CONVERSE, ASKED, ErrorMaker("us-east-1", None), "m"))
    assert isinstance(request, Request)
    monkeypatch.setattr(exchanges.time, "time", lambda: 1e9)  # long after
    assert request.headers["x-amz-date"] == "20010909T014640Z"
    monkeypatch.setattr(exchanges.time, "time", lambda: 2e9)
    assert request.headers["x-amz-date"] == "20010909T014640Z", "it is signed once"


@pytest.mark.parametrize(
    "step",
    [
        refused("ValidationException", 400),
        refused("AccessDeniedException", 403),
        refused("ModelErrorException", 424),
        TransportError(FailureKind.READ_TIMEOUT, "silence"),
        TransportError(FailureKind.TLS, "certificate"),
        TransportError(FailureKind.TOTAL_TIMEOUT, "over"),
    ],
    ids=["validation", "denied", "model", "silence", "tls", "over"],
)
def test_what_another_try_cannot_cure_is_sent_once(step: Step) -> None:
    world = World(step, OK)
    world.fails(BedrockError)
    assert len(world.requests) == 1


def test_a_read_timeout_is_retried_when_the_caller_accepts_paying_twice() -> None:
    silence = TransportError(FailureKind.READ_TIMEOUT, "silence")
    assert World(silence, OK, retry_read_timeouts=True).run() == (OK, 1)
    assert isinstance(World(silence).fails(RequestTimeoutError), RequestTimeoutError)


def test_retry_after_is_waited_for() -> None:
    world = World(refused("ThrottlingException", 429, retry_after="7"), OK)
    world.run()
    assert world.sleeps[0] >= 7


def test_the_budget_is_shared_and_ends_the_retries_of_all_calls() -> None:
    budget = RetryBudget()
    sent = 0
    for _ in range(60):
        world = World(*[THROTTLED] * 4, budget=budget)
        world.fails(ThrottlingError)
        sent += len(world.requests)
    assert sent == 60 + 100
    assert World(OK, budget=budget).run() == (OK, 0)
    assert budget.tokens == 1


def test_no_retry_begins_that_the_total_time_limit_would_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchanges, "backoff", lambda *_: 5.0)
    world = World(THROTTLED, OK, total_timeout=4.0)
    world.fails(ThrottlingError)
    assert world.sleeps == []
    assert 3 < (world.requests[0].timeout or 0) <= 4


# The clock


def skewed(seconds: float, code: str = "InvalidSignatureException") -> Callable[[Request], Response]:
    """A server whose clock is this many seconds ahead; it refuses signatures of another time."""

    def answer(request: Request) -> Response:
        theirs = time.time() + seconds
        signed = calendar.timegm(time.strptime(request.headers["x-amz-date"], "%Y%m%dT%H%M%SZ"))
        if abs(signed - theirs) < 300:
            return OK
        return refused(code, 403, "Signature expired", date=formatdate(theirs, usegmt=True))

    return answer


@pytest.mark.parametrize("seconds", [3600.0, -3600.0, 86400.0 * 400])
@pytest.mark.parametrize(
    "code", ["InvalidSignatureException", "RequestTimeTooSkewed", "SignatureDoesNotMatch"]
)
def test_a_wrong_clock_is_corrected_from_the_refusals_date(seconds: float, code: str) -> None:
    server = skewed(seconds, code)
    world = World(server, server)
    assert world.run() == (OK, 1)
    assert world.sleeps == []
    assert world.route.clock.offset == pytest.approx(seconds, abs=2)
    again = World(server, clock=world.route.clock)
    assert again.run() == (OK, 0), "the next call signs with the corrected clock"


def test_all_calls_that_were_signed_before_the_correction_are_tried_again() -> None:
    """A burst begins before the first refusal comes back; each of its calls is refused for the old time."""
    clock, server = Clock(), skewed(7200)
    waiting = [World(clock=clock) for _ in range(5)]
    running = []
    for world in waiting:
        flow = call(world.route, CONVERSE, ASKED, ErrorMaker("us-east-1", None), "m")
        first = next(flow)
        assert isinstance(first, Request)
        assert first.headers["x-amz-date"]  # all are sent before the first refusal
        running.append((flow, first))
    for flow, first in running:
        again = flow.send(server(first))
        assert isinstance(again, Request)
        with pytest.raises(StopIteration) as done:
            flow.send(server(again))
        assert done.value.value == (OK, 1)


@pytest.mark.parametrize(
    ("code", "status", "date"),
    [
        ("InvalidSignatureException", 403, 0),
        ("InvalidSignatureException", 403, None),
        ("InvalidSignatureException", 403, "yesterday"),
        ("AccessDeniedException", 403, 9000),
        ("ValidationException", 400, 9000),
    ],
    ids=["right clock", "no date", "no readable date", "another reason", "another error"],
)
def test_the_clock_is_left_alone_when_it_was_not_the_reason(
    code: str, status: int, date: int | str | None
) -> None:
    if isinstance(date, int):  # seconds from now: not from when the tests were collected, minutes ago
        date = formatdate(time.time() + date, usegmt=True)
    answer = refused(code, status) if date is None else refused(code, status, date=date)
    world = World(answer, OK)
    world.fails(BedrockError)
    assert len(world.requests) == 1
    assert world.route.clock.offset == 0


def test_a_clock_that_cannot_be_corrected_is_tried_once_more_only() -> None:
    def always_ahead(_: Request) -> Response:
        date = formatdate(time.time() + 3600 * (1 + len(world.requests)), usegmt=True)
        return refused("InvalidSignatureException", 403, "Signature expired", date=date)

    world = World(*[always_ahead] * 5)
    world.fails(BedrockError)
    assert len(world.requests) == 2


# Keys that expire


class Renewing:
    """Keys that can be fetched again."""

    executor = None

    def __init__(self, ready: bool = True) -> None:
        self.number = 1
        self.held: Keys | None = self._keys() if ready else None
        self.renewed: list[Identity] = []

    def _keys(self) -> Keys:
        return Keys(f"AKIA{self.number:016}", "secret", f"token{self.number}")

    def ready(self) -> Identity | None:
        return self.held

    def fetch(self) -> Identity:
        self.held = self._keys()
        return self.held

    def renew(self, expired: Identity) -> bool:
        self.renewed.append(expired)
        self.number += 1
        self.held = None
        return True


EXPIRED = refused("ExpiredTokenException", 403, "The security token included in the request is expired")


def test_expired_keys_are_fetched_again_once() -> None:
    source = Renewing()
    world = World(EXPIRED, OK, source=source)
    assert world.run() == (OK, 1)
    assert [request.headers["x-amz-security-token"] for request in world.requests] == ["token1", "token2"]
    assert source.renewed == [Keys("AKIA0000000000000001", "secret", "token1")]
    assert world.sleeps == []
    assert world.blocking == 1, "fetching may block and is left to the driver"

    world = World(EXPIRED, EXPIRED, OK, source=Renewing())
    error = world.fails(AuthenticationError)
    assert error.code == "ExpiredTokenException"
    assert len(world.requests) == 2


def test_keys_that_expire_while_a_call_is_throttled_are_fetched_again_too() -> None:
    assert World(THROTTLED, EXPIRED, OK, source=Renewing()).run() == (OK, 2)


def test_fixed_keys_stay_expired() -> None:
    world = World(EXPIRED, OK)
    world.fails(AuthenticationError)
    assert len(world.requests) == 1


def test_keys_that_are_not_at_hand_are_fetched_before_the_first_request() -> None:
    world = World(OK, source=Renewing(ready=False))
    world.run()
    assert world.blocking == 1


# What is told


def test_an_error_tells_what_was_asked_where_and_how_often() -> None:
    error = World(*[THROTTLED] * 4).fails(ThrottlingError)
    assert (error.code, error.status, error.request_id) == ("ThrottlingException", 429, "r")
    assert (error.operation, error.model_id, error.region) == ("Converse", "m:0", "us-east-1")
    assert error.is_retryable
    assert error.response["ResponseMetadata"]["RetryAttempts"] == 3


def test_an_error_that_quotes_a_secret_is_told_without_it() -> None:
    token = "FwoGZXIvYXdzEXAMPLETOKEN=="
    quoted = f"The canonical string was POST x-amz-security-token:{token} and {KEYS.secret_access_key}"
    answer = refused("InvalidSignatureException", 403, quoted, date=formatdate(usegmt=True))
    keys = Keys(KEYS.access_key_id, KEYS.secret_access_key, token)
    error = World(answer, source=FixedIdentity(keys)).fails(BedrockError)
    for text in (str(error), repr(error), repr(error.response), error.message, repr(error.args)):
        assert token not in text
        assert KEYS.secret_access_key not in text
    assert "canonical string was POST" in error.message


def test_a_bearer_key_that_is_quoted_is_told_without_it() -> None:
    answer = refused("UnrecognizedClientException", 403, "the key ABSKsecretkey is not known")
    error = World(answer, source=FixedIdentity(Bearer("ABSKsecretkey"))).fails(BedrockError)
    assert "ABSKsecretkey" not in str(error) + repr(error.response)


def test_the_callers_mistakes_are_not_retried() -> None:
    world = World(refused("ValidationException", 400, "messages: too short"), OK)
    assert world.fails(InvalidRequestError).message == "messages: too short"
