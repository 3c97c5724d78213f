"""Errors in the form AWS gives them.

The body is ``{"message": …}``, the kind travels in ``x-amzn-ErrorType: Name:http://…/<domain>/``
(``wire/FACTS.md``, "Error responses"). Kinds raised by the authentication layer name another domain
than those raised by Bedrock itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

BEDROCK = "com.amazon.bedrock"
FRONT_DOOR = "com.amazon.coral.service"

_STATUS = {
    "ValidationException": 400,
    "AccessDeniedException": 403,
    "UnrecognizedClientException": 403,
    "InvalidSignatureException": 403,
    "IncompleteSignatureException": 403,
    "MissingAuthenticationTokenException": 403,
    "ExpiredTokenException": 403,
    "UnknownOperationException": 404,
    "ResourceNotFoundException": 404,
    "ModelTimeoutException": 408,
    "ModelErrorException": 424,
    "ModelNotReadyException": 429,
    "ThrottlingException": 429,
    "ServiceQuotaExceededException": 400,
    "ConflictException": 400,
    "InternalServerException": 500,
    "ServiceUnavailableException": 503,
}


class Problem(Exception):
    """A request that AWS would refuse: raised by any layer, written out by the server.

    ``code`` is the exception's name as AWS spells it; ``status`` defaults to the status that goes with it.
    ``in_stream`` says that AWS answers a streaming operation with HTTP 200 and one exception frame.
    """

    def __init__(
        self,
        code: str,
        message: str,
        status: int | None = None,
        *,
        domain: str = BEDROCK,
        headers: Mapping[str, str] | None = None,
        in_stream: bool = False,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = _STATUS.get(code, 400) if status is None else status
        self.domain = domain
        self.headers = dict(headers or {})
        self.in_stream = in_stream

    @property
    def error_type(self) -> str:
        """The value of ``x-amzn-ErrorType``."""
        return f"{self.code}:http://internal.amazon.com/coral/{self.domain}/"

    @property
    def body(self) -> dict[str, Any]:
        return {"message": self.message}


def invalid(message: str, *, in_stream: bool = False) -> Problem:
    """Bedrock's ``ValidationException``, the answer to nearly every bad request."""
    return Problem("ValidationException", message, in_stream=in_stream)


def model_refused(message: str, *, in_stream: bool = False) -> Problem:
    """A ``ValidationException`` whose text comes from the model behind Bedrock."""
    return invalid(f"The model returned the following errors: {message}", in_stream=in_stream)
