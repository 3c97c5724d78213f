"""What LlamaIndex keeps of embeddings: its embeddings cache, and the ingestion pipeline's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
from llama_index.core.ingestion.pipeline import get_transformation_hash
from llama_index.core.rate_limiter import BaseRateLimiter
from llama_index.core.schema import TextNode
from llama_index.core.storage.kvstore import SimpleKVStore

from bedrock_unified.local import LocalBedrock
from llamaindex_bedrock_unified import BedrockEmbedding

from .conftest import KEYS

COHERE = "cohere.embed-v4:0"
TITAN = "amazon.titan-embed-text-v2:0"
TEXT = "When does the mill open?"
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 24


@pytest.fixture
def local() -> Iterator[LocalBedrock]:
    with LocalBedrock() as running:
        yield running


def at(local: LocalBedrock, **given: Any) -> BedrockEmbedding:
    """A model that calls the endpoint."""
    where = {"region_name": "us-east-1", "endpoint_url": local.url, **KEYS}
    return BedrockEmbedding(**{"model_name": COHERE, **where, **given})


def input_types(local: LocalBedrock) -> list[str]:
    return [json.loads(sent.body["body"])["input_type"] for sent in local.requests]


@pytest.mark.parametrize("first", ["document", "question"])
async def test_a_question_is_not_answered_with_a_documents_vector(local: LocalBedrock, first: str) -> None:
    store = SimpleKVStore()
    embedding = at(local, embeddings_cache=store)
    asked = [embedding.get_text_embedding, embedding.get_query_embedding]
    for ask in asked if first == "document" else reversed(asked):
        ask(TEXT)
    assert sorted(input_types(local)) == ["search_document", "search_query"]
    document = embedding.get_text_embedding_batch([TEXT])
    assert await embedding.aget_text_embedding_batch([TEXT]) == document
    assert [await embedding.aget_text_embedding(TEXT)] == document
    question = embedding.get_query_embedding(TEXT)
    assert await embedding.aget_query_embedding(TEXT) == question
    assert embedding.get_agg_embedding_from_queries([TEXT, TEXT]) == pytest.approx(question)
    assert len(local.requests) == 2
    assert embedding.embeddings_cache is store
    kept = store.get_all("embeddings")
    assert len(kept) == 2 and TEXT in kept  # where LlamaIndex itself would look for the document
    await embedding.bedrock.aclose()


async def test_questions_that_are_asked_asynchronously_are_kept(local: LocalBedrock) -> None:
    embedding = at(local, embeddings_cache=SimpleKVStore())
    question = await embedding.aget_query_embedding(TEXT)
    assert await embedding.aget_query_embedding(TEXT) == question == embedding.get_query_embedding(TEXT)
    assert input_types(local) == ["search_query"]
    await embedding.bedrock.aclose()


def test_a_model_with_a_cache_can_be_written_down(local: LocalBedrock) -> None:
    plain, cached = at(local), at(local, embeddings_cache=SimpleKVStore())
    assert json.loads(json.dumps(cached.to_dict())) == plain.to_dict()
    assert BedrockEmbedding.from_json(cached.to_json()).to_dict() == plain.to_dict()


_HASHES = """
import json, sys
from llama_index.core.extractors import TitleExtractor
from llama_index.core.ingestion.pipeline import get_transformation_hash
from llama_index.core.schema import TextNode
from llama_index.core.storage.kvstore import SimpleKVStore
from llamaindex_bedrock_unified import BedrockConverse, BedrockEmbedding

nodes = [TextNode(text="a", id_="1")]
knows = {"media": {"image", "document", "video"}, "cache_ttls": {"5m", "1h"}}
llm = BedrockConverse(model="acme.new-v1:0", capabilities=knows)
given = {"dimensions": 256, "region_name": "us-east-1", **json.loads(sys.argv[1])}
for each in (BedrockEmbedding(**given), TitleExtractor(llm=llm)):
    print(get_transformation_hash(nodes, each))
"""


def test_the_key_of_a_pipelines_cache_is_the_same_in_every_process() -> None:
    def hashes(seed: str, **given: str) -> list[str]:
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", _HASHES, json.dumps(given)],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.split()

    first = hashes("1", **KEYS)
    assert first == hashes("2", **KEYS)
    others = {name: value[::-1] for name, value in KEYS.items()}
    assert hashes("3", **others) == first


def test_only_what_changes_vectors_is_in_the_key_beside_the_connection(local: LocalBedrock) -> None:
    nodes = [TextNode(text="a", id_="1")]
    plain = get_transformation_hash(nodes, at(local))
    assert plain == get_transformation_hash(nodes, at(local, embeddings_cache=SimpleKVStore()))
    assert plain != get_transformation_hash(nodes, at(local, dimensions=256))
    assert plain != get_transformation_hash(nodes, at(local, model_name=TITAN))


class Permits(BaseRateLimiter):
    """Counts who asked, and how."""

    def __init__(self) -> None:
        self.sync = 0
        self.asynchronous = 0

    def acquire(self, num_tokens: int = 0) -> None:
        self.sync += 1

    async def async_acquire(self, num_tokens: int = 0) -> None:
        self.asynchronous += 1


async def test_a_call_takes_one_permit_whatever_it_embeds(local: LocalBedrock) -> None:
    permits = Permits()
    embedding = at(local, rate_limiter=permits, embeddings_cache=SimpleKVStore())
    embedding.get_query_embedding(TEXT)
    embedding.get_query_embedding(TEXT)  # the cache's
    assert (permits.sync, permits.asynchronous) == (1, 0)
    await embedding.aget_query_embedding("And when does it close?")
    assert (permits.sync, permits.asynchronous) == (1, 1)
    embedding.get_image_embedding(BytesIO(PNG))
    embedding.get_image_embedding_batch([BytesIO(PNG), BytesIO(PNG)])
    assert (permits.sync, permits.asynchronous) == (3, 1)
    await embedding.aget_image_embedding(BytesIO(PNG))
    await embedding.aget_image_embedding_batch([BytesIO(PNG), BytesIO(PNG)])
    assert (permits.sync, permits.asynchronous) == (3, 3)
    await embedding.bedrock.aclose()


@pytest.mark.parametrize("workers", [None, 2])
async def test_progress_is_shown(
    local: LocalBedrock, capsys: pytest.CaptureFixture[str], workers: int | None
) -> None:
    embedding = at(local, embed_batch_size=10, num_workers=workers)
    texts = [f"text {number}" for number in range(35)]
    vectors = embedding.get_text_embedding_batch(texts, show_progress=True)
    assert "35/35" in capsys.readouterr().err
    assert await embedding.aget_text_embedding_batch(texts, show_progress=True) == vectors
    assert "4/4" in capsys.readouterr().err
    embedding.get_image_embedding_batch([BytesIO(PNG)] * 3, show_progress=True)
    assert "3/3" in capsys.readouterr().err
    await embedding.bedrock.aclose()
