"""When a try is worth repeating, how long to wait before it, and when to stop."""

from __future__ import annotations

import math
import random
import threading

import pytest
from botocore.model import ServiceModel
from botocore.retries.standard import ThrottledRetryableChecker, TransientRetryableChecker
from hypothesis import given
from hypothesis import strategies as st

from bedrock_unified.hints import modelled_status
from bedrock_unified.wire import retry
from bedrock_unified.wire.http import FailureKind
from bedrock_unified.wire.retry import RetryBudget, backoff, is_retryable_answer, is_retryable_failure

CAPACITY = 500


@pytest.mark.parametrize(
    ("code", "status", "retried"),
    [
        ("ThrottlingException", 429, True),
        ("TooManyRequestsException", 429, True),
        ("ModelNotReadyException", 429, True),
        ("ServiceUnavailableException", 503, True),
        ("InternalServerException", 500, True),
        ("429", 429, True),
        ("502", 502, True),
        ("504", 504, True),
        ("ValidationException", 400, False),
        ("AccessDeniedException", 403, False),
        ("ResourceNotFoundException", 404, False),
        ("ModelTimeoutException", 408, False),
        ("ModelErrorException", 424, False),
        ("ServiceQuotaExceededException", 400, False),
        ("ServiceQuotaExceededException", 429, False),
        ("ConflictException", 409, False),
    ],
)
def test_which_answers_are_worth_another_try(code: str, status: int, retried: bool) -> None:
    assert is_retryable_answer(status, code) is retried


@pytest.mark.parametrize(
    ("code", "retried"),
    [
        ("throttlingException", True),
        ("serviceUnavailableException", True),
        ("internalServerException", True),
        ("modelStreamErrorException", False),
        ("modelTimeoutException", False),
        ("validationException", False),
        ("serviceQuotaExceededException", False),
    ],
)
def test_an_exception_before_a_streams_first_event_is_judged_by_its_modelled_status(
    code: str, retried: bool
) -> None:
    assert is_retryable_answer(modelled_status(code), code) is retried


@pytest.mark.parametrize("operation", ["Converse", "ConverseStream", "InvokeModel"])
def test_what_botocore_retries_is_retried(operation: str, runtime: ServiceModel) -> None:
    """botocore's own tables of transient and throttling kinds, and the errors this service models."""
    known = set(ThrottledRetryableChecker._THROTTLED_ERROR_CODES)
    known |= set(TransientRetryableChecker._TRANSIENT_ERROR_CODES)
    for code in known:
        assert is_retryable_answer(400, code), code
    for status in TransientRetryableChecker._TRANSIENT_STATUS_CODES:
        assert is_retryable_answer(status, str(status))
    for error in runtime.operation_model(operation).error_shapes:
        told = error.metadata.get("retryable")
        if told is not None and error.name not in ("ModelTimeoutException", "ModelErrorException"):
            assert is_retryable_answer(error.metadata["error"]["httpStatusCode"], error.name), error.name


@pytest.mark.parametrize("kind", list(FailureKind))
def test_which_failures_below_http_are_worth_another_try(kind: FailureKind) -> None:
    safe = {
        FailureKind.NAME,
        FailureKind.CONNECT,
        FailureKind.CONNECT_TIMEOUT,
        FailureKind.CLOSED,
        FailureKind.CORRUPT,
    }
    assert is_retryable_failure(kind) is (kind in safe)
    also = {*safe, FailureKind.READ_TIMEOUT}
    assert is_retryable_failure(kind, read_timeouts=True) is (kind in also)


@given(st.integers(1, 5000), st.randoms(use_true_random=False))
def test_the_wait_grows_from_one_second_to_twenty_and_is_fully_jittered(
    attempt: int, source: random.Random
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(retry.random, "uniform", source.uniform)
        wait = backoff(attempt)
    assert 0 <= wait <= min(20.0, 2.0 ** min(attempt - 1, 10))


def test_the_jitter_uses_the_whole_range() -> None:
    waits = [backoff(1) for _ in range(400)]
    assert min(waits) < 0.1
    assert max(waits) > 0.9
    assert max(backoff(30) for _ in range(400)) > 15


@given(st.integers(1, 20), st.floats(0, 1e9))
def test_what_the_server_asks_for_is_waited_for_up_to_a_minute(attempt: int, seconds: float) -> None:
    wait = backoff(attempt, repr(seconds))
    assert min(seconds, 60) <= wait <= min(seconds, 60) + 20


@given(
    st.text(max_size=20)
    | st.sampled_from(["nan", "inf", "-inf", "-5", "1e400", "Wed, 21 Oct 2026 07:28:00 GMT"])
)
def test_no_retry_after_makes_the_wait_senseless(header: str) -> None:
    wait = backoff(2, header)
    assert math.isfinite(wait)
    assert 0 <= wait <= 62


def test_the_budget_pays_for_a_hundred_retries_and_then_stops() -> None:
    budget = RetryBudget()
    assert sum(budget.take() for _ in range(500)) == CAPACITY
    assert not budget.take()
    assert not budget.take(timed_out=True)


def test_a_timeout_costs_twice_as_much() -> None:
    budget = RetryBudget()
    assert budget.take(timed_out=True) == 2 * budget.take()


def test_successes_give_back_and_never_more_than_there_was() -> None:
    budget = RetryBudget()
    while budget.take():
        pass
    for _ in range(5):
        assert not budget.take()
        budget.give()
    assert budget.take()
    for _ in range(2 * CAPACITY):
        budget.give()
    assert budget.tokens == CAPACITY


def test_many_threads_spend_the_budget_once() -> None:
    budget = RetryBudget()
    taken: list[int] = []

    def spend() -> None:
        taken.append(sum(budget.take() for _ in range(50)))

    threads = [threading.Thread(target=spend) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(taken) == CAPACITY


def test_what_the_server_asks_for_is_not_when_all_come_back_at_once() -> None:
    waits = [backoff(1, "3") for _ in range(100)]
    assert all(3 <= wait <= 4 for wait in waits)
    assert max(waits) - min(waits) > 0.5
