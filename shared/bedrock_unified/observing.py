"""Watching a client's calls: what went over the wire, the tokens it cost, the time it took."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from .converse.usage import Usage, read_usage
from .errors import BedrockError
from .wire.operations import Operation, model_of

# A number of tokens in a header.
_COUNT = re.compile(r"[0-9]{1,18}")
_log = logging.getLogger("bedrock_unified")


class CallRecord(NamedTuple):
    """One finished call.

    Attributes:
        operation: the Bedrock operation (``ConverseStream``).
        model_id: as it was sent; None for operations without a model.
        seconds: from the call to its answer, for a stream to its end.
        usage: tokens, None where Bedrock said nothing.
        retries: tries after the first.
        request_id: AWS's request id.
        error: the error that ended the call, or None.
    """

    operation: str
    model_id: str | None
    seconds: float
    usage: Usage | None = None
    retries: int = 0
    request_id: str | None = None
    error: BedrockError | None = None


Observer = Callable[[CallRecord], None]


class Watch:
    """The observers of one connection, and the clock of one call; costs nothing without observers."""

    __slots__ = ("_observers", "_started", "model_id", "operation")

    def __init__(self, observers: list[Observer], operation: Operation, members: Mapping[str, Any]) -> None:
        self._observers = observers
        self.operation = operation.name
        self.model_id: str | None = model_of(members)
        self._started = time.perf_counter()

    def finished(self, answer: Mapping[str, Any]) -> None:
        """The call, or the stream, ended well."""
        about: Mapping[str, Any] = answer.get("ResponseMetadata") or {}
        usage = _usage(answer) or _usage_of_headers(about.get("HTTPHeaders") or {})
        self._tell(usage, about.get("RetryAttempts", 0), about.get("RequestId"), None)

    def failed(self, error: BedrockError) -> None:
        """The call, or the stream, ended with an error."""
        self._tell(None, 0, error.request_id, error)

    def _tell(
        self, usage: Usage | None, retries: int, request_id: str | None, error: BedrockError | None
    ) -> None:
        seconds = time.perf_counter() - self._started
        record = CallRecord(self.operation, self.model_id, seconds, usage, retries, request_id, error)
        for observer in list(self._observers):
            try:
                observer(record)
            except Exception:  # the answer is paid for, and is not lost to its onlookers
                _log.exception("an observer of %s calls failed", self.operation)


def _usage(answer: Mapping[str, Any]) -> Usage | None:
    try:
        return read_usage(answer.get("usage"), answer.get("additionalModelResponseFields"))
    except (TypeError, AttributeError):  # no numbers: not Bedrock's, and no reason to lose the answer
        return None


def _usage_of_headers(headers: Mapping[str, str]) -> Usage | None:
    """Tokens of an InvokeModel answer, which Bedrock counts in headers."""
    counts = [headers.get(f"x-amzn-bedrock-{side}-token-count", "") for side in ("input", "output")]
    read, written = (int(count) if _COUNT.fullmatch(count) else None for count in counts)
    return None if read is None else Usage(read, written or 0)
