"""One request and its tries: identity, signature, and the one retry layer, as a flow without sockets."""

from __future__ import annotations

import time
from typing import NamedTuple, NoReturn

from .credentials import Bearer, Identity, IdentitySource
from .credentials.identity import secrets_of
from .errors import BedrockError, QuotaExceededError, RequestTimeoutError
from .failures import ErrorMaker
from .wire.failure import Failure, server_time
from .wire.http import Blocking, FailureKind, Flow, Request, Sleep, TransportError
from .wire.operations import Encoded, Operation, names_guardrail
from .wire.pace import Pace
from .wire.retry import RetryBudget, backoff, is_retryable_answer, is_retryable_failure
from .wire.signing import sign

#: botocore's threshold: AWS accepts signatures within five minutes of its own clock.
_SKEW_LIMIT = 240.0
_SKEW_CODES = frozenset(
    {
        "InvalidSignatureException",
        "RequestExpired",
        "RequestInTheFuture",
        "RequestTimeTooSkewed",
        "SignatureDoesNotMatch",
    }
)
_USED_UP = "it was not tried again: too many calls of this client failed lately"
_MAYBE_DONE = (
    "it was not tried again, for it may be done all the same, and paid for (retry_read_timeouts=True does)"
)
_EXPIRED_CODES = frozenset({"ExpiredToken", "ExpiredTokenException"})


class Clock:
    """This machine's clock, corrected by what AWS's ``Date`` said."""

    __slots__ = ("offset",)

    def __init__(self) -> None:
        self.offset = 0.0

    def correct(self, failure: Failure, offset: float) -> bool:
        """Take over AWS's time if a signature was refused because of ours; whether to sign once more.

        Args:
            offset: the correction that the refused signature was made with. Other calls may have corrected
                the clock since: then this one was refused for the old time and is right to try again.
        """
        if failure.status not in (400, 403) or failure.code not in _SKEW_CODES:
            return False
        theirs = server_time(failure.headers)
        ours = time.time()
        if theirs is None or abs(theirs - ours - offset) < _SKEW_LIMIT:
            return False
        self.offset = theirs - ours
        return True


class Route(NamedTuple):
    """Where a service's requests go, and what its calls share."""

    prefix: str  # path in front of every target, without a trailing slash
    host: str  # as in the Host header
    region: str
    source: IdentitySource
    budget: RetryBudget
    clock: Clock
    user_agent: str
    max_retries: int
    retry_read_timeouts: bool
    total_timeout: float | None
    pace: Pace | None = None


class Exchange:
    """One call and its tries."""

    __slots__ = (
        "deadline",
        "encoded",
        "errors",
        "identity",
        "model_id",
        "offset",
        "operation",
        "paid",
        "renewed",
        "retries",
        "route",
        "skew_corrected",
    )

    def __init__(
        self, route: Route, operation: Operation, encoded: Encoded, errors: ErrorMaker, model_id: str | None
    ) -> None:
        self.route = route
        self.operation = operation
        self.encoded = encoded
        self.errors = errors
        self.model_id = model_id
        self.retries = 0
        self.paid = 1
        self.identity: Identity | None = None
        self.offset = 0.0
        self.skew_corrected = False
        self.renewed = False
        total = route.total_timeout
        self.deadline = None if total is None else time.monotonic() + total

    def is_ready(self) -> bool:
        """Whether a try can be sent at once; else its :meth:`turn` comes first."""
        if self.route.pace is not None:
            return False
        self.identity = self.route.source.ready()
        return self.identity is not None

    def turn(self) -> Flow[None]:
        """Wait until a try may be sent, and for an identity."""
        if self.route.pace is not None:
            yield from self.route.pace.turn(self.deadline)
        source = self.route.source
        identity = source.ready()
        if identity is None:
            identity = yield Blocking(source.fetch, source.executor, self._left())
        self.identity = identity

    def retry_answer(self, failure: Failure) -> Flow[None]:
        """After an error answer: wait for the next try, or raise."""
        error = self._answered(failure)
        # A daily quota is told as throttling; no back-off outlasts it.
        again = is_retryable_answer(failure.status, failure.code) and not isinstance(
            error, QuotaExceededError
        )
        wait = None
        if not again and not self.skew_corrected and self.route.clock.correct(failure, self.offset):
            self.skew_corrected = again = True
            wait = 0.0
        elif not again and failure.code in _EXPIRED_CODES and not self.renewed and self.identity:
            self.renewed = True
            again = self.route.source.renew(self.identity)
            wait = 0.0
        yield from self._retry(again, error, wait=wait, retry_after=failure.headers.get("retry-after"))

    def retry_failure(self, failure: TransportError) -> Flow[None]:
        """After a failure below HTTP: wait for the next try, or raise."""
        error = self.errors.unanswered(failure, self.operation, self.model_id)
        again = is_retryable_failure(failure.kind, read_timeouts=self.route.retry_read_timeouts)
        timed_out = failure.kind is FailureKind.READ_TIMEOUT
        if timed_out and not again and self.retries < self.route.max_retries:
            _add_hint(error, _MAYBE_DONE)
        yield from self._retry(again, error, timed_out=timed_out)

    def _retry(
        self,
        again: bool,
        error: BedrockError,
        *,
        wait: float | None = None,
        retry_after: str | None = None,
        timed_out: bool = False,
    ) -> Flow[None]:
        route = self.route
        if not again or self.retries >= route.max_retries:
            raise error
        paid = route.budget.take(timed_out=timed_out)
        if not paid:
            _add_hint(error, _USED_UP)
            raise error
        self.paid = paid
        seconds = backoff(self.retries + 1, retry_after) if wait is None else wait
        if self.deadline is not None and time.monotonic() + seconds >= self.deadline:
            raise error
        self.retries += 1
        if seconds:
            yield Sleep(seconds)

    def succeeded(self) -> None:
        """An answer came: the budget recovers."""
        self.route.budget.give(self.paid)

    def _answered(self, failure: Failure) -> BedrockError:
        return self.errors.answered(
            failure,
            self.operation,
            self.model_id,
            retries=self.retries,
            secrets=secrets_of(self.identity),
            guarded=names_guardrail(self.encoded),
        )

    def request(self) -> Request:
        """One try, signed anew when it is sent."""
        operation = self.operation
        return Request(
            operation.method,
            self.route.prefix + self.encoded.target,
            self._headers,
            self.encoded.body,
            stream=operation.streams,
            timeout=self._left(),
        )

    def _headers(self) -> dict[str, str]:
        encoded, operation, route, identity = self.encoded, self.operation, self.route, self.identity
        assert identity is not None  # whose turn has come has one
        unsigned = {**encoded.headers, "user-agent": route.user_agent}
        if isinstance(identity, Bearer):
            unsigned["authorization"] = f"Bearer {identity.token}"
            return unsigned
        self.offset = route.clock.offset
        return sign(
            operation.method,
            route.prefix + encoded.target,
            unsigned,
            encoded.body,
            host=route.host,
            keys=identity,
            region=route.region,
            service=operation.signing_name,
            now=time.time() + self.offset,
        )

    def _left(self) -> float | None:
        """Seconds left for the whole call, None without such a limit."""
        if self.deadline is None:
            return None
        left = self.deadline - time.monotonic()
        if left <= 0:
            self._out_of_time()
        return left

    def _out_of_time(self) -> NoReturn:
        raise self.errors.make(
            RequestTimeoutError,
            f"the total time limit of {self.route.total_timeout:g} s passed before an answer came",
            operation=self.operation.name,
            model_id=self.model_id,
        )


def _add_hint(error: BedrockError, more: str) -> None:
    error.hint = f"{error.hint}; {more}" if error.hint else more
