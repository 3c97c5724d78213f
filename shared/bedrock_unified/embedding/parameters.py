"""The parameters of embedding models, the same in both frameworks."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from ..connection_parameters import ConnectionParameters
from ..errors import ConfigurationError, InvalidRequestError
from .plan import HowToEmbed, planned

#: Spellings that users of other packages type.
SPELLINGS = {
    "provider": "family",
    "output_dimension": "dimensions",
    "model_kwargs": "additional_model_request_fields",
}


class EmbeddingParameters(ConnectionParameters):
    """How a model embeds; the fields are the keywords of :meth:`bedrock_unified.BedrockClient.embed`."""

    family: str | None = Field(
        default=None, description="what the model is where its id does not tell, such as cohere-v3"
    )
    dimensions: int | None = Field(default=None, description="length of the vectors; default the model's")
    normalize: bool | None = Field(default=None, description="True for unit length")
    truncate: str | None = Field(default=None, description="none (too long is an error), start or end")
    input_type: str | None = Field(
        default=None, description="for documents and queries alike; default document and query"
    )
    embedding_types: list[str] | str | None = Field(
        default=None, description="such as int8; the vectors are float ones, else of the first type"
    )
    max_tokens: int | None = Field(default=None, description="tokens of each input that count (Cohere v4)")
    additional_model_request_fields: dict[str, Any] | None = Field(
        default=None, description="further members of the model's own body"
    )
    concurrency: int | None = Field(
        default=None, ge=1, description="requests at a time; default 64, asynchronously 128"
    )

    def _how_to_embed(self, input_type: str) -> HowToEmbed:
        """The keywords of a call, for ``document`` or ``query``."""
        how: HowToEmbed = {
            "family": self.family,
            "input_type": self.input_type or input_type,
            "dimensions": self.dimensions,
            "normalize": self.normalize,
            "truncate": self.truncate,
            "embedding_types": self.embedding_types,
            "max_tokens": self.max_tokens,
            "additional_model_request_fields": self.additional_model_request_fields,
        }
        if self.concurrency is not None:
            how["concurrency"] = self.concurrency
        return how

    def _check_embedding(self, model_id: str) -> None:
        """Refuse at construction what no call could send.

        Raises:
            ConfigurationError: an unknown family, or an option that the family does not have.
        """
        try:
            planned([], model_id, **self._how_to_embed("document"))
        except InvalidRequestError as error:
            raise ConfigurationError(error.message, hint=error.hint) from None
