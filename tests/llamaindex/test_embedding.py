"""Embeddings through LlamaIndex's hooks."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.embeddings import MultiModalEmbedding
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.schema import TextNode

from bedrock_unified import BedrockClient, ConfigurationError, InvalidRequestError, LocalBedrock
from llamaindex_bedrock_unified import BedrockEmbedding

from .conftest import KEYS
from .scripted import ScriptedBedrock

TITAN = "amazon.titan-embed-text-v2:0"
NOVA = "amazon.nova-2-multimodal-embeddings-v1:0"
ARN = "arn:aws:bedrock:us-east-1:123456789012:"
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 24


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


@pytest.mark.parametrize(
    ("model", "given", "at_once", "batches"),
    [(TITAN, {}, 3, {1}), ("cohere.embed-v4:0", {}, 3, {4}), (TITAN, {"num_workers": 2}, 3, {1})],
)
async def test_concurrency_holds_for_all_batches_of_a_call(
    model: str, given: dict[str, Any], at_once: int, batches: set[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    under_way = most = 0
    sizes: set[int] = set()

    async def ainvoke(self: BedrockClient, **members: Any) -> dict[str, Any]:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.005)
        under_way -= 1
        body = json.loads(members["body"])
        texts = body.get("texts", [body.get("inputText")])
        sizes.add(len(texts))
        vectors = [[float(text)] for text in texts]
        answer = {"embedding": vectors[0], "embeddings": {"float": vectors}}
        return {"body": json.dumps(answer).encode(), "ResponseMetadata": {}}

    monkeypatch.setattr(BedrockClient, "ainvoke", ainvoke)
    embedding = BedrockEmbedding(
        model_name=model, concurrency=at_once, embed_batch_size=4, region_name="us-east-1", **given, **KEYS
    )
    found = await embedding.aget_text_embedding_batch([str(number) for number in range(40)])
    assert found == [[float(number)] for number in range(40)]
    assert (most, sizes) == (at_once, batches)
    assert len(await embedding.aget_image_embedding_batch([])) == 0


async def test_a_batch_that_fails_gives_its_turns_back(monkeypatch: pytest.MonkeyPatch) -> None:
    async def ainvoke(self: BedrockClient, **members: Any) -> dict[str, Any]:
        await asyncio.sleep(0)
        raise InvalidRequestError("no")

    monkeypatch.setattr(BedrockClient, "ainvoke", ainvoke)
    embedding = BedrockEmbedding(concurrency=2, embed_batch_size=2, region_name="us-east-1", **KEYS)
    async with asyncio.timeout(5):
        for _ in range(2):
            with pytest.raises(InvalidRequestError):
                await embedding.aget_text_embedding_batch(["a"] * 20)


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
        ({"model_name": "anthropic.claude-v2"}, "anthropic.claude-v2"),
        ({"model_name": "cohere.embed-english-v3", "dimensions": 512}, "Cohere Embed v3"),
        ({"model_name": f"{ARN}provisioned-model/abc"}, "does not support embeddings"),
        ({"dimensions": 300}, "300"),
        ({"additional_kwargs": {"dimensions": 300}}, "300"),
        ({"additional_kwargs": {"input_typo": "x"}}, "input_typo"),
        ({"additional_kwargs": {"input_type": "x"}}, "input_type='x'"),
        ({"additional_kwargs": {"dimensions": 256, "output_dimension": 256}}, "given twice"),
        ({"dimensions": 256, "additional_kwargs": {"dimensions": 512}}, "dimensions"),
        ({"embed_batchsize": 3}, "embed_batchsize"),
    ],
)
def test_what_cannot_work_is_refused_at_construction(keywords: dict[str, object], named: str) -> None:
    with pytest.raises(ConfigurationError, match=named) as raised:
        BedrockEmbedding(**keywords)
    assert raised.value.hint


@pytest.mark.parametrize(
    "given",
    [
        {"model_name": f"{ARN}provisioned-model/abc", "family": "titan-text-v2"},
        {"model_name": TITAN, "application_inference_profile_arn": f"{ARN}provisioned-model/abc"},
    ],
)
def test_an_arn_is_taken_as_it_is(bedrock: ScriptedBedrock, given: dict[str, str]) -> None:
    model = BedrockEmbedding(endpoint_url=bedrock.url, region_name="us-east-1", **given, **KEYS)
    model.get_text_embedding("a")
    assert bedrock.requests[-1].model == f"{ARN}provisioned-model/abc"
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


# All families, against the local endpoint


@pytest.fixture(scope="module")
def local() -> Iterator[LocalBedrock]:
    with LocalBedrock() as running:
        yield running


def at(local: LocalBedrock, model: str, **given: Any) -> BedrockEmbedding:
    local.forget()
    return BedrockEmbedding(
        model_name=model, endpoint_url=local.url, region_name="us-east-1", **given, **KEYS
    )


@pytest.mark.parametrize(
    ("model", "requests"),
    [
        (TITAN, 250),
        ("titan-embed-text", 250),
        ("cohere.embed-english-v3", 3),
        ("us.cohere.embed-v4:0", 3),
        (NOVA, 250),
    ],
)
async def test_sp_53_every_family_embeds_texts_and_queries(
    local: LocalBedrock, model: str, requests: int
) -> None:
    embedding = at(local, model)
    texts = [f"text number {number}" for number in range(249)]
    vectors = embedding.get_text_embedding_batch([*texts, texts[0]])
    assert vectors[0] == vectors[-1] != vectors[1]
    assert len(local.requests) == requests
    local.forget()
    assert await embedding.aget_text_embedding_batch([*texts, texts[0]]) == vectors
    assert len(local.requests) == requests  # batched here, too
    assert await embedding.aget_query_embedding("a") == embedding.get_query_embedding("a")
    await embedding.bedrock.aclose()


@pytest.mark.parametrize(
    ("model", "document", "query"),
    [("cohere.embed-v4:0", "search_document", "search_query"), (NOVA, "GENERIC_INDEX", "GENERIC_RETRIEVAL")],
)
def test_documents_and_queries_are_embedded_as_such(
    local: LocalBedrock, model: str, document: str, query: str
) -> None:
    embedding = at(local, model, additional_kwargs={"truncate": "END"})
    embedding.get_text_embedding("a")
    embedding.get_query_embedding("a")
    first, second = (json.dumps(json.loads(request.body["body"])) for request in local.requests)
    assert (document in first, query in second, '"END"' in first) == (True, True, True)
    embedding.bedrock.close()


@pytest.mark.parametrize(
    "model", ["amazon.titan-embed-image-v1", "cohere.embed-v4:0", NOVA, "twelvelabs.marengo-embed-3-0-v1:0"]
)
async def test_images_by_path_and_by_bytes(local: LocalBedrock, model: str, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(PNG)
    embedding = at(local, model)
    assert isinstance(embedding, MultiModalEmbedding)
    vector = embedding.get_image_embedding(str(path))
    assert embedding.get_image_embedding_batch([BytesIO(PNG), str(path)]) == [vector, vector]
    assert await embedding.aget_image_embedding(BytesIO(PNG)) == vector
    assert await embedding.aget_image_embedding_batch([str(path)]) == [vector]
    with pytest.raises(InvalidRequestError, match="absent"):
        embedding.get_image_embedding(str(tmp_path / "absent.png"))
    with pytest.raises(InvalidRequestError, match="web address"):
        embedding.get_image_embedding("https://example.com/a.png")
    await embedding.bedrock.aclose()


def test_a_model_of_texts_refuses_an_image(local: LocalBedrock) -> None:
    with pytest.raises(InvalidRequestError, match="image, which Titan Text Embeddings V2 does not embed"):
        at(local, TITAN).get_image_embedding(BytesIO(PNG))
    assert not local.requests


def test_models_that_are_known_by_name_are_told_by_vendor() -> None:
    known = BedrockEmbedding.list_supported_models()
    # What the package that it replaces tells, but for amazon.titan-embed-g1-text-02, which no list here has.
    assert {"amazon.titan-embed-text-v1", "amazon.titan-embed-text-v2:0"} <= set(known["amazon"])
    assert set(known["cohere"]) == {
        "cohere.embed-english-v3",
        "cohere.embed-multilingual-v3",
        "cohere.embed-v4:0",
    }
    for model_id in (model_id for ids in known.values() for model_id in ids):
        BedrockEmbedding(model_name=model_id, region_name="us-east-1")
