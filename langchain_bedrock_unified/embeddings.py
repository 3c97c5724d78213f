"""``BedrockEmbeddings``: text embeddings of Amazon Bedrock for LangChain, synchronous and asynchronous."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from langchain_core.embeddings import Embeddings
from pydantic import ConfigDict, Field

from bedrock_unified.errors import ConfigurationError
from bedrock_unified.invoke.titan_text import MODEL
from bedrock_unified.parameters import ConnectionParameters

from .errors import ERROR_CLASSES
from .model_id import SPELLINGS, check_model_id


class BedrockEmbeddings(ConnectionParameters, Embeddings):
    """Titan Text Embeddings V2: one request a text, many of them at once.

    Example:
        >>> embeddings = BedrockEmbeddings(region_name="us-east-1", dimensions=512)
        >>> len(embeddings.embed_query("What is a vector?"))  # doctest: +SKIP
        512

    An ARN that does not tell its model (an application inference profile's, a provisioned model's) is taken
    at its owner's word.

    Raises:
        ConfigurationError: at construction: an unknown keyword, a model of another family.
        InvalidRequestError: by calls: an empty text; nothing is sent.
        BedrockError: by calls: the classes of :mod:`langchain_bedrock_unified.errors`.
    """

    model_config = ConfigDict(
        arbitrary_types_allowed=True, hide_input_in_errors=True, extra="forbid", defer_build=False
    )

    spellings: ClassVar[Mapping[str, str]] = SPELLINGS
    error_classes: ClassVar[Any] = ERROR_CLASSES

    model_id: str = Field(default=MODEL, description="model id or ARN, also of an inference profile")
    dimensions: Literal[256, 512, 1024] | None = Field(default=None, description="default of the model: 1024")
    normalize: bool | None = Field(default=None, description="unit length; default of the model: True")

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """One vector a text, in order."""
        return self.bedrock.embed(texts, **self._how()).vectors

    def embed_query(self, text: str) -> list[float]:
        """The vector of a question."""
        return self.embed_documents([text])[0]

    async def aembed_documents(self, texts: list[str]) -> list[list[float]]:
        """One vector a text, in order."""
        return (await self.bedrock.aembed(texts, **self._how())).vectors

    async def aembed_query(self, text: str) -> list[float]:
        """The vector of a question."""
        return (await self.aembed_documents([text]))[0]

    def _how(self) -> dict[str, Any]:
        return {"model_id": self.model_id, "dimensions": self.dimensions, "normalize": self.normalize}

    def _check(self) -> None:
        super()._check()
        model = check_model_id(self.model_id)
        opaque = model.arn is not None and model.vendor is None  # such as an application inference profile's
        if model.base_id != MODEL and not opaque:
            raise ConfigurationError(
                f"BedrockEmbeddings cannot embed with {self.model_id!r}",
                hint=f"the model it knows is {MODEL}",
            )
