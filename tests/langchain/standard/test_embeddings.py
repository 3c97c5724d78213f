"""The standard suites of langchain-tests for embeddings, whole, for models of each family."""

from __future__ import annotations

from typing import Any

from langchain_core.embeddings import Embeddings
from langchain_tests.integration_tests import EmbeddingsIntegrationTests
from langchain_tests.unit_tests import EmbeddingsUnitTests

from langchain_bedrock_unified import BedrockEmbeddings


class Described:
    """What the suites ask of a model."""

    model_id = "amazon.titan-embed-text-v2:0"

    @property
    def embeddings_class(self) -> type[Embeddings]:
        return BedrockEmbeddings

    @property
    def embedding_model_params(self) -> dict[str, Any]:
        return {"model": self.model_id, "region_name": "us-east-1"}


class TestUnit(Described, EmbeddingsUnitTests):
    @property
    def init_from_env_params(self) -> tuple[dict[str, str], dict[str, Any], dict[str, Any]]:
        # Keys and region are looked up when a request is signed, not copied into the model.
        return {"AWS_REGION": "us-west-2"}, {"model": self.model_id}, {"region_name": None}


class TestTitan(Described, EmbeddingsIntegrationTests):
    pass


class TestCohereV3(Described, EmbeddingsIntegrationTests):
    model_id = "cohere.embed-multilingual-v3"


class TestCohereV4(Described, EmbeddingsIntegrationTests):
    model_id = "us.cohere.embed-v4:0"


class TestNova(Described, EmbeddingsIntegrationTests):
    model_id = "amazon.nova-2-multimodal-embeddings-v1:0"


class TestMarengo(Described, EmbeddingsIntegrationTests):
    model_id = "us.twelvelabs.marengo-embed-3-0-v1:0"
