"""``BedrockEmbedding``: Bedrock's text embeddings in LlamaIndex."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from llama_index.core.base.embeddings.base import BaseEmbedding, Embedding
from pydantic import Field

from bedrock_unified.errors import ConfigurationError
from bedrock_unified.invoke.titan_text import DIMENSIONS, MODEL
from bedrock_unified.models.ids import parse_model_id
from bedrock_unified.parameters import ConnectionParameters

from .component import DUMPED, BedrockComponent

_OPTIONS = ("dimensions", "normalize")


class BedrockEmbedding(ConnectionParameters, BedrockComponent, BaseEmbedding, defer_build=False):
    """Amazon Titan Text Embeddings V2, one request a text, many at a time, synchronous or asynchronous.

    The parameters of the connection are those of :class:`bedrock_unified.parameters.ConnectionParameters`.

    Raises (at construction):
        ConfigurationError: an unknown keyword, a model of another family, a value that cannot work.
    """

    spellings: ClassVar[Mapping[str, str]] = {"model": "model_name", "model_id": "model_name"}

    model_name: str = Field(default=MODEL, description="model id, or the ARN of such a model")
    embed_batch_size: int = Field(
        default=100, gt=0, le=2048, description="texts that LlamaIndex hands over at once"
    )
    dimensions: int | None = Field(default=None, description="256, 512 or 1024; default the model's, 1024")
    normalize: bool | None = Field(default=None, description="unit length; default the model's, True")
    additional_kwargs: dict[str, Any] = Field(
        default_factory=dict, description="dimensions and normalize, in the way of other packages"
    )

    @classmethod
    def _accepted(cls) -> frozenset[str]:
        return super()._accepted() | DUMPED

    def _check(self) -> None:
        super()._check()
        model = parse_model_id(self.model_name)
        if model.vendor is not None and model.base_id != MODEL:
            raise ConfigurationError(
                f"BedrockEmbedding does not speak {self.model_name!r} yet", hint=f"use {MODEL!r}"
            )
        for name in self.additional_kwargs:
            if name not in _OPTIONS:
                raise ConfigurationError(
                    f"additional_kwargs has no {name!r}", hint=f"{MODEL} takes {' and '.join(_OPTIONS)}"
                )
            if getattr(self, name) is not None:
                raise ConfigurationError(
                    f"{name} was given twice",
                    hint=f"keep the parameter; leave {name} out of additional_kwargs",
                )
        dimensions = self._options()["dimensions"]
        if dimensions is not None and dimensions not in DIMENSIONS:
            raise ConfigurationError(
                f"dimensions is {dimensions!r}", hint=f"{MODEL} has {', '.join(map(str, DIMENSIONS))}"
            )

    @classmethod
    def class_name(cls) -> str:
        """The name that LlamaIndex stores models under."""
        return "BedrockEmbedding"

    def _options(self) -> dict[str, Any]:
        own = {"dimensions": self.dimensions, "normalize": self.normalize}
        return {"model_id": self.model_name, **own, **self.additional_kwargs}

    def _get_text_embeddings(self, texts: list[str]) -> list[Embedding]:
        return self.bedrock.embed(texts, **self._options()).vectors if texts else []

    async def _aget_text_embeddings(self, texts: list[str]) -> list[Embedding]:
        return (await self.bedrock.aembed(texts, **self._options())).vectors if texts else []

    def _get_text_embedding(self, text: str) -> Embedding:
        return self._get_text_embeddings([text])[0]

    async def _aget_text_embedding(self, text: str) -> Embedding:
        return (await self._aget_text_embeddings([text]))[0]

    # Titan embeds questions and texts alike.

    def _get_query_embedding(self, query: str) -> Embedding:
        return self._get_text_embedding(query)

    async def _aget_query_embedding(self, query: str) -> Embedding:
        return await self._aget_text_embedding(query)
