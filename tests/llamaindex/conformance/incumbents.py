"""LlamaIndex's own Bedrock packages, held to the kit; ``score.py`` runs it where they are installed."""

from __future__ import annotations

from typing import Any, ClassVar

from llama_index.embeddings.bedrock import BedrockEmbedding
from llama_index.llms.bedrock_converse import BedrockConverse
from llama_index.postprocessor.bedrock_rerank import BedrockRerank

from .embedding import EmbeddingConformance
from .llm import LLMConformance
from .rerank import RerankConformance


class TestBedrockConverse(LLMConformance):
    model_class = BedrockConverse
    model_keywords: ClassVar[dict[str, Any]] = {"model": "us.anthropic.claude-sonnet-4-5-20250929-v1:0"}


class TestBedrockEmbedding(EmbeddingConformance):
    model_class = BedrockEmbedding


class TestBedrockRerank(RerankConformance):
    model_class = BedrockRerank
