"""``BedrockEmbeddings``: vectors in order, at once, and clear errors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from bedrock_unified import ConfigurationError
from langchain_bedrock_unified import BedrockEmbeddings
from langchain_bedrock_unified.errors import InvalidRequestError

from .scripted import KEYS, ScriptedBedrock

TITAN = "amazon.titan-embed-text-v2:0"


@pytest.fixture
def embeddings(bedrock: ScriptedBedrock) -> Iterator[BedrockEmbeddings]:
    made = BedrockEmbeddings(
        endpoint_url=bedrock.url, region_name="us-east-1", dimensions=256, normalize=False, **KEYS
    )
    yield made
    made.bedrock.close()


def test_documents_in_order(embeddings: BedrockEmbeddings, bedrock: ScriptedBedrock) -> None:
    vectors = embeddings.embed_documents(["a" * size for size in range(1, 40)])
    assert [vector[0] for vector in vectors] == list(range(1, 40))
    assert {len(vector) for vector in vectors} == {256}
    assert {sent.model for sent in bedrock.sent} == {TITAN}
    assert bedrock.last.keys() == {"inputText", "dimensions", "normalize"}


async def test_asynchronously(embeddings: BedrockEmbeddings) -> None:
    assert [vector[0] for vector in await embeddings.aembed_documents(["a", "bb", "ccc"])] == [1, 2, 3]
    assert await embeddings.aembed_query("four") == embeddings.embed_query("four")
    await embeddings.bedrock.aclose()


def test_no_texts_need_no_request(embeddings: BedrockEmbeddings, bedrock: ScriptedBedrock) -> None:
    assert embeddings.embed_documents([]) == []
    assert not bedrock.sent


def test_an_empty_text_is_refused(embeddings: BedrockEmbeddings, bedrock: ScriptedBedrock) -> None:
    with pytest.raises(InvalidRequestError, match="empty"):
        embeddings.embed_documents(["a", " "])
    assert not bedrock.sent


@pytest.mark.parametrize("name", ["model", "model_id", "model_name"])
def test_spellings_of_the_model(name: str) -> None:
    arn = f"arn:aws:bedrock:us-east-1::foundation-model/{TITAN}"
    assert BedrockEmbeddings(**{name: arn}, region="us-east-1").model_id == arn


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"model": "cohere.embed-english-v3"}, "cohere.embed-english-v3"),
        ({"dimensions": 100}, "dimensions"),
        ({"dimension": 256}, "did you mean 'dimensions'"),
    ],
)
def test_what_cannot_work_is_refused_at_construction(given: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        BedrockEmbeddings(**given)


@pytest.mark.parametrize("kind", ["application-inference-profile", "provisioned-model"])
def test_an_arn_that_does_not_tell_its_model_is_taken(bedrock: ScriptedBedrock, kind: str) -> None:
    arn = f"arn:aws:bedrock:us-east-1:123456789012:{kind}/abcdefghijkl"
    embeddings = BedrockEmbeddings(model=arn, endpoint_url=bedrock.url, region_name="us-east-1", **KEYS)
    with embeddings.bedrock:
        assert embeddings.embed_query("four")[0] == 4
    assert bedrock.sent[-1].model == arn
