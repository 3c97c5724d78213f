"""Every failure of this package, as plain classes.

An error that AWS answered is also a botocore ``ClientError``, and one that kept a call from AWS what botocore
raises there (``EndpointConnectionError``, ``ReadTimeoutError``, ``NoCredentialsError``, ``ProfileNotFound``,
``ParamValidationError``, …): the class that is raised is a subclass of the one named here, made in
:mod:`bedrock_unified.botocores` at the first failure, so that importing this module never imports botocore.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

__all__ = [
    "AuthenticationError",
    "BedrockError",
    "ConfigurationError",
    "ConnectionFailed",
    "ContextOverflowError",
    "GuardrailIntervened",
    "InvalidRequestError",
    "ModelAccessError",
    "ModelFailureError",
    "ModelNotReadyError",
    "NotFoundError",
    "PermissionDeniedError",
    "QuotaExceededError",
    "RequestTimeoutError",
    "ServiceUnavailableError",
    "StreamInterrupted",
    "StructuredOutputError",
    "ThrottlingError",
]

#: botocore's class for what AWS answered.
ANSWERED = "ClientError"
#: And for a request that is refused before it is sent.
_REFUSED = "ParamValidationError"


class BedrockError(Exception):
    """A call that did not succeed.

    Attributes:
        message: what went wrong, in AWS's words where AWS answered.
        code: the error code (``ThrottlingException``), None for failures that never reached AWS.
        status: HTTP status; for an exception inside a stream, the status of the modelled exception.
        request_id: AWS's request id, to quote to AWS support.
        operation: the Bedrock operation (``Converse``).
        model_id: the model id as it was sent.
        region: the AWS region of the call.
        hint: what to do next, or None.
        is_retryable: whether the same request may succeed later.
        response: botocore's ``ClientError.response`` shape where AWS answered, else an empty dict.
        partial: for a stream that had begun, the Converse response so far (``output.message`` with the blocks
            that arrived, ``stopReason`` None when it was not reached); else None.
    """

    default_retryable: ClassVar[bool] = False

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        status: int | None = None,
        request_id: str | None = None,
        operation: str | None = None,
        model_id: str | None = None,
        region: str | None = None,
        hint: str | None = None,
        is_retryable: bool | None = None,
        response: Mapping[str, Any] | None = None,
        partial: dict[str, Any] | None = None,
    ) -> None:
        # Not super().__init__: a raised subclass also derives from botocore's, whose constructors differ.
        Exception.__init__(self, message)
        self.message = message
        self.code = code
        self.status = status
        self.request_id = request_id
        self.operation = operation
        self.model_id = model_id
        self.region = region
        self.hint = hint
        self.is_retryable = type(self).default_retryable if is_retryable is None else is_retryable
        self.response: dict[str, Any] = dict(response or {})
        self.partial = partial

    @property
    def operation_name(self) -> str | None:
        """The operation, under the name botocore's ``ClientError`` gives it."""
        return self.operation

    def details(self) -> dict[str, Any]:
        """The keyword arguments that rebuild this error."""
        return {
            "code": self.code,
            "status": self.status,
            "request_id": self.request_id,
            "operation": self.operation,
            "model_id": self.model_id,
            "region": self.region,
            "hint": self.hint,
            "is_retryable": self.is_retryable,
            "response": self.response,
            "partial": self.partial,
        }

    def __str__(self) -> str:
        where = [
            f"{name} {value}"
            for name, value in (
                ("operation", self.operation),
                ("model", self.model_id),
                ("region", self.region),
                ("status", self.status),
                ("request id", self.request_id),
            )
            if value is not None
        ]
        text = f"{self.code}: {self.message}" if self.code else self.message
        if where:
            text += f" ({', '.join(where)})"
        if self.hint:
            text += f"\nHint: {self.hint}"
        return text

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (public_class(type(self)), self.message, self.details(), _like(self))


class ConfigurationError(BedrockError):
    """Parameters, credentials or endpoint that cannot work; raised before anything is sent."""


class AuthenticationError(BedrockError):
    """AWS did not accept who signed the request, or nobody could be found to sign it."""


class PermissionDeniedError(BedrockError):
    """The caller is known but may not do this (IAM)."""


class ModelAccessError(PermissionDeniedError):
    """The account has no access to this model yet."""


class NotFoundError(BedrockError):
    """The model, profile or guardrail does not exist (here)."""


class InvalidRequestError(BedrockError):
    """The request cannot be accepted as it is; raised by us before sending, or by AWS."""


class ContextOverflowError(InvalidRequestError):
    """The input is longer than the model's context window."""


class ThrottlingError(BedrockError):
    """Too many requests or tokens at the moment."""

    default_retryable: ClassVar[bool] = True


class QuotaExceededError(ThrottlingError):
    """A service quota is used up; waiting a moment does not help."""

    default_retryable: ClassVar[bool] = False


class RequestTimeoutError(BedrockError):
    """A time limit passed: ours (connect, idle read, total) or the model's."""

    default_retryable: ClassVar[bool] = True


class ModelNotReadyError(BedrockError):
    """The model is being loaded; AWS asks to try again."""

    default_retryable: ClassVar[bool] = True


class ModelFailureError(BedrockError):
    """The model itself failed while it processed the request."""


class ServiceUnavailableError(BedrockError):
    """Bedrock had an internal error or is overloaded."""

    default_retryable: ClassVar[bool] = True


class GuardrailIntervened(BedrockError):
    """A guardrail blocked the input or the output, and the caller asked for an error.

    ``partial`` is the whole Converse response, the blocked message and the trace included.
    """


class StructuredOutputError(BedrockError):
    """The model answered, but not in the schema: it refused, was cut off, or wrote something else.

    ``partial`` is the whole Converse response; nothing of it is lost.
    """


class ConnectionFailed(BedrockError):
    """The endpoint could not be reached, or the connection broke before an answer came."""

    default_retryable: ClassVar[bool] = True


class StreamInterrupted(BedrockError):
    """A stream broke off before its last event; ``partial`` holds what had come."""

    default_retryable: ClassVar[bool] = True


def public_class(kind: type[BedrockError]) -> type[BedrockError]:
    """The importable class behind a raised one."""
    return getattr(kind, "_public_class", kind)


def is_answer(error: BedrockError) -> bool:
    """Whether AWS answered with this error (then it is a ``ClientError`` too)."""
    return _like(error) == ANSWERED


def make_error(
    kind: type[BedrockError], message: str, details: dict[str, Any], *, like: str | None = None
) -> BedrockError:
    """An error of this kind.

    Args:
        like: the class of ``botocore.exceptions`` that it is an instance of, too; :data:`ANSWERED` for what
            AWS answered.
    """
    if like is not None:
        from .botocores import joined

        kind = joined(kind, like)
    return kind(message, **details)


def in_class(error: BedrockError, classes: Mapping[type[BedrockError], type[BedrockError]]) -> BedrockError:
    """The error as it leaves us: in an adapter's own class for it, if there is one, and in botocore's."""
    plain, like = public_class(type(error)), _like(error)
    kind = classes.get(plain, plain)
    if like is None and isinstance(error, InvalidRequestError):
        like = _REFUSED
    if kind is plain and like == _like(error):
        return error
    return make_error(kind, error.message, error.details(), like=like)


def _like(error: BedrockError) -> str | None:
    return getattr(type(error), "_like", None)


def _restore(
    kind: type[BedrockError], message: str, details: dict[str, Any], like: str | None
) -> BedrockError:
    return make_error(kind, message, details, like=like)
