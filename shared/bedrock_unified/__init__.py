"""One core that speaks Amazon Bedrock.

``langchain_bedrock_unified`` and ``llamaindex_bedrock_unified`` make it native to the two frameworks.
Names are loaded when they are first used: importing this package loads nothing heavy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._version import __version__

if TYPE_CHECKING:
    from .chat.conversation import CapabilityWarning
    from .chat.options import ChatOptions
    from .client import BedrockClient
    from .converse.assessment import guardrail_outcome
    from .converse.outcome import GuardrailOutcome
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
    from .models.profile import Profile, profile_of
    from .rerank import Reranked, RerankResult
    from .streams import AsyncEventStream, EventStream

_HOMES = {
    "AsyncEventStream": "streams",
    "AuthenticationError": "errors",
    "BedrockClient": "client",
    "BedrockError": "errors",
    "CapabilityWarning": "chat.conversation",
    "ChatOptions": "chat.options",
    "ConfigurationError": "errors",
    "ConnectionFailed": "errors",
    "ContextOverflowError": "errors",
    "Embeddings": "embedding",
    "EventStream": "streams",
    "GuardrailIntervened": "errors",
    "GuardrailOutcome": "converse.outcome",
    "InvalidRequestError": "errors",
    "LocalBedrock": "local",
    "ModelAccessError": "errors",
    "ModelFailureError": "errors",
    "ModelId": "models.ids",
    "ModelNotReadyError": "errors",
    "NotFoundError": "errors",
    "PermissionDeniedError": "errors",
    "Profile": "models.profile",
    "QuotaExceededError": "errors",
    "RequestTimeoutError": "errors",
    "RerankResult": "rerank",
    "Reranked": "rerank",
    "ServiceUnavailableError": "errors",
    "StreamInterrupted": "errors",
    "StructuredOutputError": "errors",
    "ThrottlingError": "errors",
    "guardrail_outcome": "converse.assessment",
    "parse_model_id": "models.ids",
    "profile_of": "models.profile",
}

__all__ = [
    "AsyncEventStream",
    "AuthenticationError",
    "BedrockClient",
    "BedrockError",
    "CapabilityWarning",
    "ChatOptions",
    "ConfigurationError",
    "ConnectionFailed",
    "ContextOverflowError",
    "Embeddings",
    "EventStream",
    "GuardrailIntervened",
    "GuardrailOutcome",
    "InvalidRequestError",
    "LocalBedrock",
    "ModelAccessError",
    "ModelFailureError",
    "ModelId",
    "ModelNotReadyError",
    "NotFoundError",
    "PermissionDeniedError",
    "Profile",
    "QuotaExceededError",
    "RequestTimeoutError",
    "RerankResult",
    "Reranked",
    "ServiceUnavailableError",
    "StreamInterrupted",
    "StructuredOutputError",
    "ThrottlingError",
    "__version__",
    "guardrail_outcome",
    "parse_model_id",
    "profile_of",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f".{home}", __name__), name)
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
