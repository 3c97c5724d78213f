"""This package's classes, held to the kit."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from pydantic import BaseModel

from llamaindex_bedrock_unified import BedrockConverse, BedrockEmbedding, BedrockRerank

from .base import Reply, pieces, says
from .embedding import EmbeddingConformance
from .llm import LLMConformance
from .llm_structured import LLMStructured
from .rerank import RerankConformance

MODEL = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"


class Closed:
    """What the tests of this package leave nothing open with."""

    async def close(self, model: Any) -> None:
        await model.bedrock.aclose()


class TestBedrockConverse(Closed, LLMConformance):
    model_class = BedrockConverse
    model_keywords: ClassVar[dict[str, Any]] = {"model": MODEL}

    def structured_answer(self, kind: type[BaseModel], given: dict[str, Any]) -> Reply:
        """The family answers with JSON of the schema."""
        written = json.dumps(given)
        return says(written, pieces=[pieces(written, 4)])


class TestBedrockConverseByTools(Closed, LLMStructured):
    model_class = BedrockConverse
    model_keywords: ClassVar[dict[str, Any]] = {"model": MODEL, "capabilities": {"structured_output": "tool"}}


class TestBedrockEmbedding(Closed, EmbeddingConformance):
    model_class = BedrockEmbedding


class TestBedrockRerank(Closed, RerankConformance):
    model_class = BedrockRerank
