"""One core that speaks Amazon Bedrock.

``langchain_bedrock_unified`` and ``llamaindex_bedrock_unified`` make it native to the two frameworks.
Names are loaded when they are first used: importing this package loads nothing heavy.
"""

from __future__ import annotations

import atexit
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._version import __version__

if TYPE_CHECKING:
    from .chat.conversation import CapabilityWarning
    from .chat.options import ChatOptions
    from .client import BedrockClient
    from .config.load import load
    from .config.named import Configuration
    from .converse.assessment import guardrail_outcome
    from .converse.outcome import GuardrailOutcome
    from .credentials.store import clear_keys, put_key, remove_key
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
    from .models.available import AvailableModel, ModelList
    from .models.ids import ModelId, parse_model_id
    from .models.profile import Profile, profile_of
    from .rerank import Reranked, RerankResult
    from .streams import AsyncEventStream, EventStream

_HOMES = {
    "AsyncEventStream": "streams",
    "AuthenticationError": "errors",
    "AvailableModel": "models.available",
    "BedrockClient": "client",
    "BedrockError": "errors",
    "CapabilityWarning": "chat.conversation",
    "ChatOptions": "chat.options",
    "Configuration": "config.named",
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
    "ModelList": "models.available",
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
    "clear_keys": "credentials.store",
    "guardrail_outcome": "converse.assessment",
    "load": "config.load",
    "parse_model_id": "models.ids",
    "profile_of": "models.profile",
    "put_key": "credentials.store",
    "remove_key": "credentials.store",
}

#: Modules that have names for users, too; each is imported when it is first named.
_ROOMS = frozenset({"credentials", "errors", "iam", "local", "media"})

__all__ = [
    "AsyncEventStream",
    "AuthenticationError",
    "AvailableModel",
    "BedrockClient",
    "BedrockError",
    "CapabilityWarning",
    "ChatOptions",
    "Configuration",
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
    "ModelList",
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
    "clear_keys",
    "guardrail_outcome",
    "load",
    "parse_model_id",
    "profile_of",
    "put_key",
    "remove_key",
]


@atexit.register
def _at_exit() -> None:
    """Registered here, so that it runs after what programs register, who may close a client then."""
    if (aio := sys.modules.get(f"{__name__}.transport.aio")) is not None:
        aio.at_exit()


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return import_module(f".{name}", __name__)
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f".{home}", __name__), name)
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
