"""One core that speaks Amazon Bedrock.

``langchain_bedrock_unified`` and ``llamaindex_bedrock_unified`` make it native to the two frameworks.
Names are loaded when they are first used: importing this package loads nothing heavy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._version import __version__

if TYPE_CHECKING:
    from .client import BedrockClient
    from .embedding import Embeddings
    from .errors import (
        AuthenticationError,
        BedrockError,
        ConfigurationError,
        ConnectionFailed,
        ContextOverflowError,
        GuardrailIntervened,
        InvalidRequestError,
        ModelAccessError,
        ModelFailureError,
        ModelNotReadyError,
        NotFoundError,
        PermissionDeniedError,
        QuotaExceededError,
        RequestTimeoutError,
        ServiceUnavailableError,
        StreamInterrupted,
        StructuredOutputError,
        ThrottlingError,
    )
    from .local import LocalBedrock
    from .models.ids import ModelId, parse_model_id
    from .streams import AsyncEventStream, EventStream

_HOMES = {
    "AsyncEventStream": "streams",
    "AuthenticationError": "errors",
    "BedrockClient": "client",
    "BedrockError": "errors",
    "ConfigurationError": "errors",
    "ConnectionFailed": "errors",
    "ContextOverflowError": "errors",
    "Embeddings": "embedding",
    "EventStream": "streams",
    "GuardrailIntervened": "errors",
    "InvalidRequestError": "errors",
    "LocalBedrock": "local",
    "ModelAccessError": "errors",
    "ModelFailureError": "errors",
    "ModelId": "models.ids",
    "ModelNotReadyError": "errors",
    "NotFoundError": "errors",
    "PermissionDeniedError": "errors",
    "QuotaExceededError": "errors",
    "RequestTimeoutError": "errors",
    "ServiceUnavailableError": "errors",
    "StreamInterrupted": "errors",
    "StructuredOutputError": "errors",
    "ThrottlingError": "errors",
    "parse_model_id": "models.ids",
}

__all__ = [
    "AsyncEventStream",
    "AuthenticationError",
    "BedrockClient",
    "BedrockError",
    "ConfigurationError",
    "ConnectionFailed",
    "ContextOverflowError",
    "Embeddings",
    "EventStream",
    "GuardrailIntervened",
    "InvalidRequestError",
    "LocalBedrock",
    "ModelAccessError",
    "ModelFailureError",
    "ModelId",
    "ModelNotReadyError",
    "NotFoundError",
    "PermissionDeniedError",
    "QuotaExceededError",
    "RequestTimeoutError",
    "ServiceUnavailableError",
    "StreamInterrupted",
    "StructuredOutputError",
    "ThrottlingError",
    "__version__",
    "parse_model_id",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f".{home}", __name__), name)
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
