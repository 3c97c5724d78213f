"""Watching a client's calls: what went over the wire, the tokens it cost, the time it took."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .converse.usage import Usage, read_usage
from .errors import BedrockError
from .wire.operations import Operation


@dataclass(frozen=True, slots=True)
class CallRecord:
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
        self.model_id: str | None = members.get("modelId")
        self._started = time.perf_counter()

    def finished(self, answer: Mapping[str, Any]) -> None:
        """The call, or the stream, ended well."""
        about: Mapping[str, Any] = answer.get("ResponseMetadata") or {}
        usage = read_usage(answer.get("usage")) or _usage_of_headers(about.get("HTTPHeaders") or {})
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
            observer(record)


def _usage_of_headers(headers: Mapping[str, str]) -> Usage | None:
    """Tokens of an InvokeModel answer, which Bedrock counts in headers."""
    tokens = headers.get("x-amzn-bedrock-input-token-count")
    if tokens is None:
        return None
    return Usage(int(tokens), int(headers.get("x-amzn-bedrock-output-token-count", 0)))
