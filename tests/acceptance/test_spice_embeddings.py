"""Spice.ai's statement about embeddings (SP-53), with the parameters of the page that it links."""

from __future__ import annotations

from typing import Any

import pytest

from bedrock_unified.errors import BedrockError, ConfigurationError

from .conftest import Account, MakeEmbedder

TITAN = "amazon.titan-embed-text-v2:0"
ENGLISH = "cohere.embed-english-v3"
NOVA = "amazon.nova-2-multimodal-embeddings-v1:0"
TEXTS = ["The ferry leaves at nine.", "Tea is ready at four.", "The harbour closes at ten."]


@pytest.mark.parametrize("model", [f"bedrock:{TITAN}", f"bedrock:{ENGLISH}", f"bedrock:{NOVA}"])
async def test_sp_53_embeddings_of_both_frameworks(
    embedder: MakeEmbedder, account: Account, model: str
) -> None:
    made = embedder(model)
    vectors = made.documents(TEXTS)
    assert await made.adocuments(TEXTS) == vectors
    assert {one.operation for one in account.served} == {"InvokeModel"}
    assert {one.model_id for one in account.served} == {model.partition(":")[2]}
    assert len(vectors) == 3 and len({len(vector) for vector in vectors}) == 1
    query = made.query("When does the ferry leave?")
    nearest = max(range(3), key=lambda at: sum(a * b for a, b in zip(query, vectors[at], strict=True)))
    assert nearest == 0


@pytest.mark.parametrize("dimensions", [1024, 512, 256, "256"])
def test_sp_53_titans_dimensions_and_normalize(
    embedder: MakeEmbedder, account: Account, dimensions: Any
) -> None:
    (vector,) = embedder(TITAN, dimensions=dimensions, normalize=True).documents(["a text"])
    assert account.body == {"inputText": "a text", "dimensions": int(dimensions), "normalize": True}
    assert len(vector) == int(dimensions)
    assert sum(number * number for number in vector) == pytest.approx(1, abs=1e-4)


def test_sp_53_dimensions_that_titan_does_not_have_are_refused(
    embedder: MakeEmbedder, account: Account
) -> None:
    with pytest.raises(ConfigurationError, match="300") as refused:
        embedder(TITAN, dimensions=300)
    assert "256" in str(refused.value)


@pytest.mark.parametrize(
    ("truncate", "sent"),
    [(None, None), ("START", "START"), ("END", "END"), ("NONE", "NONE"), ("end", "END"), ("start", "START")],
)
def test_sp_53_coheres_truncate(
    embedder: MakeEmbedder, account: Account, truncate: str | None, sent: str | None
) -> None:
    embedder(ENGLISH, **({} if truncate is None else {"truncate": truncate})).documents(["a text"])
    assert account.body.get("truncate") == sent


@pytest.mark.parametrize("kind", ["search_document", "search_query", "classification", "clustering"])
def test_sp_53_coheres_input_type(embedder: MakeEmbedder, account: Account, kind: str) -> None:
    embedder(ENGLISH, input_type=kind).documents(["a text"])
    assert account.body == {"texts": ["a text"], "input_type": kind}


def test_sp_53_documents_and_queries_are_told_apart(embedder: MakeEmbedder, account: Account) -> None:
    made = embedder(ENGLISH)
    made.documents(["a text"])
    assert account.body["input_type"] == "search_document"
    made.query("a question")
    assert account.body["input_type"] == "search_query"


def test_sp_53_novas_purpose_and_truncation(embedder: MakeEmbedder, account: Account) -> None:
    embedder(NOVA, input_type="GENERIC_INDEX", truncate="start", dimensions=256).documents(["a text"])
    params = account.body["singleEmbeddingParams"]
    assert params["embeddingPurpose"] == "GENERIC_INDEX"
    assert params["embeddingDimension"] == 256
    assert params["text"] == {"truncationMode": "START", "value": "a text"}


def test_sp_53_an_input_type_that_does_not_exist_is_refused(embedder: MakeEmbedder, account: Account) -> None:
    with pytest.raises(BedrockError, match="search_everything"):
        embedder(ENGLISH, input_type="search_everything")
    assert account.served == []
