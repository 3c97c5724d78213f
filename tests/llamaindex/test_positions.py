"""Values that LlamaIndex's own packages take by their place, without a name."""

from __future__ import annotations

import pytest

from bedrock_unified.errors import ConfigurationError
from llamaindex_bedrock_unified import BedrockConverse, BedrockEmbedding, BedrockRerank

NOVA = "us.amazon.nova-lite-v1:0"
TITAN = "amazon.titan-embed-text-v2:0"
RERANK = "amazon.rerank-v1:0"


def test_they_mean_what_they_mean_there() -> None:
    llm = BedrockConverse(NOVA, 0.3, 100, None, None, None, None, "eu-west-1", timeout=9)
    assert (llm.model, llm.temperature, llm.max_tokens) == (NOVA, 0.3, 100)
    assert (llm.region_name, llm.timeout) == ("eu-west-1", 9)
    assert BedrockEmbedding(TITAN).model_name == TITAN
    reranker = BedrockRerank(3, RERANK)
    assert (reranker.top_n, reranker.model_id) == (3, RERANK)


def test_a_key_among_them_is_a_secret() -> None:
    llm = BedrockConverse(NOVA, None, None, None, "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG")
    assert "wJalr" not in repr(llm)
    assert llm.aws_secret_access_key is not None
    assert llm.aws_secret_access_key.get_secret_value() == "wJalrXUtnFEMI/K7MDENG"


@pytest.mark.parametrize("kind", [BedrockConverse, BedrockEmbedding, BedrockRerank])
def test_too_many_are_refused_with_the_names_that_there_are(kind: type[BedrockConverse]) -> None:
    with pytest.raises(ConfigurationError, match="by its place, and was given 20 values") as caught:
        kind(*["x"] * 20)
    assert "name them" in str(caught.value.hint)


def test_one_that_is_named_too_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="BedrockConverse was given model twice"):
        BedrockConverse(NOVA, model=NOVA)
