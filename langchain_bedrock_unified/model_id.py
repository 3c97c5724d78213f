"""The model's id: how LangChain users spell the parameter, and what cannot be one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bedrock_unified.errors import ConfigurationError, InvalidRequestError
from bedrock_unified.models.ids import ModelId, parse_model_id

#: Accepted spellings of ``model_id``.
SPELLINGS: Mapping[str, str] = {"model": "model_id", "model_name": "model_id", "modelId": "model_id"}


def check_model_is_named(given: Mapping[str, Any], where: str) -> None:
    """Refuse parameters without a model, in the words that LangChain users write them in.

    Raises:
        ConfigurationError: none of the spellings is there, or it is None.
    """
    if all(given.get(name) is None for name in ("model_id", *SPELLINGS)):
        raise ConfigurationError(
            f"{where} was told no model",
            hint="say model='us.amazon.nova-lite-v1:0', or another model's id, profile id, ARN or alias",
        )


def check_model_id(model_id: str) -> ModelId:
    """The id, read.

    Raises:
        ConfigurationError: no model can have it.
    """
    try:
        return parse_model_id(model_id)
    except InvalidRequestError as error:
        raise ConfigurationError(error.message, hint=error.hint) from None
