"""Connection parameters of a single call, with this package's errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bedrock_unified import per_call
from bedrock_unified.client import BedrockClient
from bedrock_unified.errors import BedrockError
from bedrock_unified.per_call import without_secrets

from .errors import adapted

if TYPE_CHECKING:
    from .chat_models import ChatBedrock

__all__ = ["client_for", "without_secrets"]


def client_for(model: ChatBedrock, given: dict[str, Any]) -> tuple[BedrockClient, dict[str, Any]]:
    """The client of a call, and the call's keywords without those that chose it.

    Raises:
        ConfigurationError: see :func:`bedrock_unified.per_call.client_for`; this package's.
    """
    try:
        return per_call.client_for(model, given)
    except BedrockError as error:
        raise adapted(error) from error.__cause__
