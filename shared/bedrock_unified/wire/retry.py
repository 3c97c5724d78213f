"""One retry policy: full-jitter exponential back-off under a budget, as in botocore's standard mode.

``max_retries`` counts the tries after the first. The budget is shared by all calls of a client: when a
service is down, a client stops multiplying its load.
"""

from __future__ import annotations

import random
from threading import Lock

from .http import FailureKind

_MAX_BACKOFF = 20.0
_MAX_RETRY_AFTER = 60.0
_CAPACITY = 500
_RETRY_COST = 5
_TIMEOUT_COST = 10

_RETRYABLE_STATUS = frozenset({429, 500, 502, 503, 504})
_RETRYABLE_CODES = frozenset(
    {
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "InternalServerException",
        "LimitExceededException",
        "ModelNotReadyException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceUnavailableException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
    }
)
# A read timeout after the request was sent is not here: the model may have answered, and would be paid twice.
_RETRYABLE_FAILURES = frozenset(
    {
        FailureKind.NAME,
        FailureKind.CONNECT,
        FailureKind.CONNECT_TIMEOUT,
        FailureKind.CLOSED,
        FailureKind.CORRUPT,
    }
)


def is_retryable_answer(status: int, code: str) -> bool:
    """Whether an error answer is worth the same request again. In-stream codes are in lower camel case."""
    return code[:1].upper() + code[1:] in _RETRYABLE_CODES or (
        status in _RETRYABLE_STATUS and code != "ServiceQuotaExceededException"
    )


def is_retryable_failure(kind: FailureKind, *, read_timeouts: bool = False) -> bool:
    """Whether a failure below HTTP is worth the same request again."""
    return kind in _RETRYABLE_FAILURES or (read_timeouts and kind is FailureKind.READ_TIMEOUT)


class RetryBudget:
    """Tokens that retries take and successes give back; one for a client, shared by its threads."""

    __slots__ = ("_lock", "tokens")

    def __init__(self) -> None:
        self.tokens = _CAPACITY
        self._lock = Lock()

    def take(self, *, timed_out: bool = False) -> int:
        """Pay for a retry; what it cost, 0 when the budget is used up."""
        cost = _TIMEOUT_COST if timed_out else _RETRY_COST
        with self._lock:
            if self.tokens < cost:
                return 0
            self.tokens -= cost
            return cost

    def give(self, amount: int = 1) -> None:
        """A call succeeded: what its last retry cost comes back, 1 where it needed none."""
        if self.tokens < _CAPACITY:
            with self._lock:
                self.tokens = min(_CAPACITY, self.tokens + amount)


def backoff(attempt: int, retry_after: str | None = None) -> float:
    """Seconds to wait before retry number ``attempt`` (from 1), beyond what the server asked for.

    Many calls are told the same time; without the jitter beyond it they would all come back at once.
    """
    wait = random.uniform(0, min(_MAX_BACKOFF, 2.0 ** min(attempt - 1, 10)))
    if retry_after is not None:
        try:
            wait += max(0.0, min(float(retry_after), _MAX_RETRY_AFTER))
        except ValueError:  # an HTTP date: AWS sends seconds; the jittered wait stands
            return wait
    return wait
