"""From failures to errors: the class, the hint, and no secret."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .errors import (
    ANSWERED,
    BedrockError,
    ConnectionFailed,
    QuotaExceededError,
    RequestTimeoutError,
    StreamInterrupted,
    make_error,
)
from .wire.failure import Failure, InStreamFailure
from .wire.http import FailureKind, TransportError
from .wire.operations import Operation
from .wire.retry import is_retryable_answer

#: An adapter's own subclass for each of our public classes.
ErrorClasses = Mapping[type[BedrockError], type[BedrockError]]

_TIMEOUTS = frozenset({FailureKind.READ_TIMEOUT, FailureKind.TOTAL_TIMEOUT, FailureKind.CONNECT_TIMEOUT})
#: What botocore raises there: programs that were written for it catch these.
_LIKE = {
    FailureKind.NAME: "EndpointConnectionError",
    FailureKind.CONNECT: "EndpointConnectionError",
    FailureKind.CONNECT_TIMEOUT: "ConnectTimeoutError",
    FailureKind.TLS: "SSLError",
    FailureKind.PROXY: "ProxyConnectionError",
    FailureKind.CORRUPT: "ConnectionClosedError",
    FailureKind.CLOSED: "ConnectionClosedError",
    FailureKind.READ_TIMEOUT: "ReadTimeoutError",
    FailureKind.TOTAL_TIMEOUT: "ReadTimeoutError",
}
_HINTS = {
    FailureKind.NAME: "check region_name and endpoint_url, and that this machine can resolve the host's name",
    FailureKind.CONNECT: "check endpoint_url, the network, and whether a proxy (HTTPS_PROXY) is needed",
    FailureKind.CONNECT_TIMEOUT: "check the network, or raise connect_timeout=",
    FailureKind.TLS: "name the right CA bundle with verify= or AWS_CA_BUNDLE",
    FailureKind.PROXY: "check HTTPS_PROXY; hosts to reach directly go into NO_PROXY",
    FailureKind.READ_TIMEOUT: "long answers need a longer timeout=, or streaming",
    FailureKind.TOTAL_TIMEOUT: "raise total_timeout=, or ask for fewer tokens or less at once",
}


class ErrorMaker:
    """Makes the errors of one client, in the classes of the adapter that calls it."""

    __slots__ = ("_classes", "_profile", "_region")

    def __init__(self, region: str | None, profile: str | None, classes: ErrorClasses | None = None) -> None:
        self._region = region
        self._profile = profile
        self._classes = classes or {}

    def make(
        self, kind: type[BedrockError], message: str, *, like: str | None = None, **details: Any
    ) -> BedrockError:
        """An error of this kind, in the adapter's class for it; ``like`` as of :func:`make_error`."""
        details.setdefault("region", self._region)
        return make_error(self._classes.get(kind, kind), message, details, like=like)

    def answered(
        self,
        failure: Failure,
        operation: Operation,
        model_id: str | None,
        *,
        retries: int = 0,
        secrets: Iterable[str] = (),
        guarded: bool = False,
        partial: dict[str, Any] | None = None,
    ) -> BedrockError:
        """The error of an answer by AWS, in or before a stream.

        Args:
            guarded: the request named a guardrail.
        """
        from .hints import explain

        message = redacted(failure.message, secrets)
        kind, hint = explain(
            failure.code,
            message,
            status=failure.status,
            operation=operation.name,
            model_id=model_id,
            region=self._region,
            profile_name=self._profile,
            uses_guardrail=guarded,
        )
        place = redacted(failure.headers.get("location", ""), secrets)
        if hint is None and place and 300 <= failure.status < 400:
            hint = f"a signed request is not sent on: check endpoint_url; the answer names {place}"
        again = is_retryable_answer(failure.status, failure.code) and kind is not QuotaExceededError
        return self.make(
            kind,
            message,
            like=ANSWERED,
            code=failure.code,
            status=failure.status,
            request_id=failure.request_id,
            operation=operation.name,
            model_id=model_id,
            hint=hint,
            is_retryable=kind.default_retryable or again,
            partial=partial,
            response={
                "Error": {"Code": failure.code, "Message": message},
                "ResponseMetadata": {
                    "RequestId": failure.request_id,
                    "HTTPStatusCode": failure.status,
                    "HTTPHeaders": {name: redacted(text, secrets) for name, text in failure.headers.items()},
                    "RetryAttempts": retries,
                },
                "message": message,
            },
        )

    def in_stream(self, failure: InStreamFailure, headers: Mapping[str, str]) -> Failure:
        """An exception frame as a failure with the status of the modelled exception."""
        from .hints import modelled_status

        return Failure(failure.code, failure.message, modelled_status(failure.code), headers)

    def unanswered(
        self,
        failure: TransportError,
        operation: Operation,
        model_id: str | None,
        *,
        request_id: str | None = None,
        partial: dict[str, Any] | None = None,
        began: bool = False,
    ) -> BedrockError:
        """The error of a failure below HTTP. ``began``: a stream's first event had come."""
        kind: type[BedrockError] = ConnectionFailed
        hint = _HINTS.get(failure.kind)
        if failure.kind in _TIMEOUTS:
            kind = RequestTimeoutError
        elif began:
            kind = StreamInterrupted
            hint = "what had arrived is in the error's .partial; the request may be sent again"
        return self.make(
            kind,
            str(failure),
            like=_LIKE[failure.kind],
            operation=operation.name,
            model_id=model_id,
            request_id=request_id,
            hint=hint,
            partial=partial,
        )

    def unreadable(
        self, detail: str, operation: Operation, model_id: str | None, status: int
    ) -> BedrockError:
        """The error of a successful status whose body is not what the operation answers."""
        return self.make(
            BedrockError,
            f"the answer is not {operation.name}'s: {detail}",
            operation=operation.name,
            model_id=model_id,
            status=status,
            hint="check that endpoint_url is a Bedrock endpoint and not a proxy's own page",
        )


def redacted(message: str, secrets: Iterable[str]) -> str:
    """The message without any of the secrets; AWS quotes the canonical request in signature errors."""
    for secret in secrets:
        message = message.replace(secret, "…")
    return message
