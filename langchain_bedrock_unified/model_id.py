"""The model's id: how LangChain users spell the parameter, and what cannot be one."""

from __future__ import annotations

from collections.abc import Mapping

from bedrock_unified.errors import ConfigurationError, InvalidRequestError
from bedrock_unified.models.ids import ModelId, parse_model_id

#: Accepted spellings of ``model_id``.
SPELLINGS: Mapping[str, str] = {"model": "model_id", "model_name": "model_id", "modelId": "model_id"}


def check_model_id(model_id: str) -> ModelId:
    """The id, read.

    Raises:
        ConfigurationError: no model can have it.
    """
    try:
        return parse_model_id(model_id)
    except InvalidRequestError as error:
        raise ConfigurationError(error.message, hint=error.hint) from None
