"""The core's errors as langchain-core's: each class here is both.

``except ThrottlingError`` of :mod:`bedrock_unified.errors`, ``except ModelRateLimitError`` of langchain-core
and (where AWS answered) ``except ClientError`` of botocore catch the same failure. ``is_retryable`` of the
instance says whether the same request may succeed later.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from langchain_core import exceptions as langchain

from bedrock_unified import errors as core
from bedrock_unified.failures import ErrorClasses


class BedrockError(core.BedrockError, langchain.ModelError):
    """A failure of no particular kind."""


class ConfigurationError(core.ConfigurationError, langchain.ModelError, ValueError):
    """Parameters, credentials or endpoint that cannot work."""


class AuthenticationError(core.AuthenticationError, langchain.ModelAuthenticationError):
    """AWS did not accept who signed the request, or nobody could be found to sign it."""


class PermissionDeniedError(core.PermissionDeniedError, langchain.ModelPermissionDeniedError):
    """The caller is known but may not do this (IAM)."""


class ModelAccessError(core.ModelAccessError, langchain.ModelPermissionDeniedError):
    """The account has no access to this model yet."""


class NotFoundError(core.NotFoundError, langchain.ModelNotFoundError):
    """The model, profile or guardrail does not exist (here)."""


class InvalidRequestError(core.InvalidRequestError, langchain.ModelInvalidRequestError, ValueError):
    """The request cannot be accepted as it is."""


class ContextOverflowError(
    core.ContextOverflowError, langchain.ContextOverflowError, langchain.ModelInvalidRequestError
):
    """The input is longer than the model's context window."""


class ThrottlingError(core.ThrottlingError, langchain.ModelRateLimitError):
    """Too many requests or tokens at the moment."""


class QuotaExceededError(core.QuotaExceededError, langchain.ModelRateLimitError):
    """A service quota is used up; waiting a moment does not help."""


class RequestTimeoutError(core.RequestTimeoutError, langchain.ModelTimeoutError):
    """A time limit passed."""


class ModelNotReadyError(core.ModelNotReadyError, langchain.ModelAPIError):
    """The model is being loaded."""


class ModelFailureError(core.ModelFailureError, langchain.ModelAPIError):
    """The model itself failed while it processed the request."""


class ServiceUnavailableError(core.ServiceUnavailableError, langchain.ModelAPIError):
    """Bedrock had an internal error or is overloaded."""


class GuardrailIntervened(core.GuardrailIntervened, langchain.ModelError):
    """A guardrail blocked the input or the output."""


class StructuredOutputError(
    core.StructuredOutputError, langchain.ModelError, langchain.OutputParserException
):
    """The model answered, but not in the schema: also langchain-core's ``OutputParserException``.

    ``llm_output`` is the text of the answer, ``partial`` the whole of it in Converse's shape.
    """

    observation: str | None = None
    send_to_llm: bool = False

    @property
    def llm_output(self) -> str | None:  # type: ignore[override]
        """What the model wrote, None without an answer."""
        from bedrock_unified.converse.structured_answer import Answer

        return None if self.partial is None else Answer.of(self.partial).text


#: langchain-core's own class for a refusal, which it has since 1.7.5.
_Refusal: type[langchain.ModelError] = getattr(langchain, "ModelRefusalError", langchain.ModelError)


class ModelRefusalError(StructuredOutputError, _Refusal):  # type: ignore[misc, valid-type]
    """The model, or its content filter, refused to answer: also langchain-core's class of this name.

    ``raw_message`` is the message with the refusal, None in a copy that was pickled.
    """

    raw_message: Any = None


class ConnectionFailed(core.ConnectionFailed, langchain.ModelConnectionError):
    """The endpoint could not be reached, or the connection broke before an answer came."""


class StreamInterrupted(core.StreamInterrupted, langchain.ModelConnectionError):
    """A stream broke off before its last event; ``partial`` holds what had come."""


#: The class to raise for each public class of the core.
ERROR_CLASSES: ErrorClasses = {
    core.BedrockError: BedrockError,
    core.ConfigurationError: ConfigurationError,
    core.AuthenticationError: AuthenticationError,
    core.PermissionDeniedError: PermissionDeniedError,
    core.ModelAccessError: ModelAccessError,
    core.NotFoundError: NotFoundError,
    core.InvalidRequestError: InvalidRequestError,
    core.ContextOverflowError: ContextOverflowError,
    core.ThrottlingError: ThrottlingError,
    core.QuotaExceededError: QuotaExceededError,
    core.RequestTimeoutError: RequestTimeoutError,
    core.ModelNotReadyError: ModelNotReadyError,
    core.ModelFailureError: ModelFailureError,
    core.ServiceUnavailableError: ServiceUnavailableError,
    core.GuardrailIntervened: GuardrailIntervened,
    core.ConnectionFailed: ConnectionFailed,
    core.StreamInterrupted: StreamInterrupted,
    core.StructuredOutputError: StructuredOutputError,
}


def adapted(error: core.BedrockError) -> core.BedrockError:
    """The same error in the class of this package."""
    return core.in_class(error, ERROR_CLASSES)


@contextmanager
def as_langchains() -> Iterator[None]:
    """Errors of the core are raised in the classes of this package."""
    try:
        yield
    except core.BedrockError as error:
        raise adapted(error) from error.__cause__
