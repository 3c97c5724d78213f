"""Embeddings through LlamaIndex's hooks."""

from __future__ import annotations

import asyncio

import pytest
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.schema import TextNode

from bedrock_unified import ConfigurationError, InvalidRequestError
from llamaindex_bedrock_unified import BedrockEmbedding

from .conftest import KEYS
from .scripted import ScriptedBedrock

TITAN = "amazon.titan-embed-text-v2:0"


async def test_every_hook_embeds_alike(embedding: BedrockEmbedding, bedrock: ScriptedBedrock) -> None:
    text = "a text about cats"
    vector = embedding.get_text_embedding(text)
    assert len(vector) == 256
    assert embedding.get_query_embedding(text) == vector
    assert embedding.get_text_embedding_batch([text, "another", text])[2] == vector
    assert await embedding.aget_text_embedding(text) == vector
    assert await embedding.aget_query_embedding(text) == vector
    assert (await embedding.aget_text_embedding_batch([text, "another", text]))[0] == vector
    assert embedding.get_agg_embedding_from_queries([text, text]) == vector
    assert {sent.model for sent in bedrock.requests} == {TITAN}
    assert bedrock.bodies[0] == {"inputText": text, "dimensions": 256}
    await embedding.bedrock.aclose()


def test_texts_keep_their_order_in_batches(embedding: BedrockEmbedding) -> None:
    texts = [f"text {'x' * number}" for number in range(250)]
    batch = embedding.get_text_embedding_batch(texts)
    assert batch == [embedding.get_text_embedding(text) for text in texts]


async def test_asynchronous_hooks_use_no_thread(
    embedding: BedrockEmbedding, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_thread(*_: object, **__: object) -> None:
        raise AssertionError("an asynchronous call went to a thread")

    monkeypatch.setattr(asyncio, "to_thread", no_thread)
    monkeypatch.setattr(asyncio.get_running_loop(), "run_in_executor", no_thread)
    texts = [f"text {number}" for number in range(30)]
    assert len(await embedding.aget_text_embedding_batch(texts)) == 30
    await embedding.bedrock.aclose()


def test_dimensions_and_normalize_in_both_spellings(bedrock: ScriptedBedrock) -> None:
    there = {"endpoint_url": bedrock.url, "region_name": "us-east-1", **KEYS}
    for model in (
        BedrockEmbedding(model_id=TITAN, dimensions=512, normalize=False, **there),
        BedrockEmbedding(model=TITAN, additional_kwargs={"dimensions": 512, "normalize": False}, **there),
    ):
        assert len(model.get_text_embedding("a")) == 512
        assert bedrock.bodies[-1] == {"inputText": "a", "dimensions": 512, "normalize": False}
        model.bedrock.close()


@pytest.mark.parametrize(
    ("keywords", "named"),
    [
        ({"model_name": "cohere.embed-english-v3"}, "cohere.embed-english-v3"),
        ({"dimensions": 300}, "300"),
        ({"additional_kwargs": {"input_type": "x"}}, "input_type"),
        ({"dimensions": 256, "additional_kwargs": {"dimensions": 512}}, "dimensions"),
        ({"embed_batchsize": 3}, "embed_batchsize"),
    ],
)
def test_what_cannot_work_is_refused_at_construction(keywords: dict[str, object], named: str) -> None:
    with pytest.raises(ConfigurationError, match=named) as raised:
        BedrockEmbedding(**keywords)
    assert raised.value.hint


def test_an_arn_is_taken_as_it_is(bedrock: ScriptedBedrock) -> None:
    arn = "arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abc"
    model = BedrockEmbedding(model_name=arn, endpoint_url=bedrock.url, region_name="us-east-1", **KEYS)
    model.get_text_embedding("a")
    assert bedrock.requests[-1].model == arn
    model.bedrock.close()


def test_an_empty_text_is_refused_before_anything_is_sent(
    embedding: BedrockEmbedding, bedrock: ScriptedBedrock
) -> None:
    with pytest.raises(InvalidRequestError, match="text to embed is empty"):
        embedding.get_text_embedding_batch(["a", " "])
    assert bedrock.requests == []
    assert embedding.get_text_embedding_batch([]) == []


async def test_an_ingestion_pipeline_embeds_once_and_then_remembers(
    embedding: BedrockEmbedding, bedrock: ScriptedBedrock
) -> None:
    pipeline = IngestionPipeline(transformations=[embedding])
    nodes = [TextNode(text="cats", id_="1"), TextNode(text="dogs", id_="2")]
    first = pipeline.run(nodes=nodes)
    again = pipeline.run(nodes=nodes)
    assert [node.embedding for node in again] == [node.embedding for node in first]
    assert all(node.embedding for node in first)
    assert len(bedrock.requests) == 2
    pipeline.transformations = [BedrockEmbedding.from_dict(embedding.to_dict(), **KEYS)]
    assert await pipeline.arun(nodes=[TextNode(text="birds", id_="3")])
    await pipeline.transformations[0].bedrock.aclose()
