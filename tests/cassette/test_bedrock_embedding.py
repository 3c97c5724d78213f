"""LlamaIndex's ``BedrockEmbedding`` from cassettes."""

from __future__ import annotations

from io import BytesIO

import pytest
from llama_index.core.base.embeddings.base import mean_agg
from llama_index.core.schema import TextNode

from llamaindex_bedrock_unified import BedrockEmbedding

from .recording import Recording
from .vectors import COHERE_V4, DIMENSIONS, PICTURE, QUERY, TEXTS, only_vectors, recorded_vectors

cassette = pytest.mark.cassette


def embedding(recording: Recording) -> BedrockEmbedding:
    """Short vectors, for short cassettes."""
    return recording.make(BedrockEmbedding, dimensions=DIMENSIONS)


@cassette("BedrockEmbedding.get_query_embedding")
def test_get_query_embedding(recording: Recording) -> None:
    assert [embedding(recording).get_query_embedding(QUERY)] == recorded_vectors(recording, [QUERY])


@cassette("BedrockEmbedding.aget_query_embedding")
async def test_aget_query_embedding(recording: Recording) -> None:
    assert [await embedding(recording).aget_query_embedding(QUERY)] == recorded_vectors(recording, [QUERY])


@cassette("BedrockEmbedding.get_text_embedding")
def test_get_text_embedding(recording: Recording) -> None:
    assert [embedding(recording).get_text_embedding(QUERY)] == recorded_vectors(recording, [QUERY])


@cassette("BedrockEmbedding.aget_text_embedding")
async def test_aget_text_embedding(recording: Recording) -> None:
    assert [await embedding(recording).aget_text_embedding(QUERY)] == recorded_vectors(recording, [QUERY])


@cassette("BedrockEmbedding.get_text_embedding_batch", unordered=True)
def test_get_text_embedding_batch(recording: Recording) -> None:
    assert embedding(recording).get_text_embedding_batch(TEXTS) == recorded_vectors(recording, TEXTS)


@cassette("BedrockEmbedding.aget_text_embedding_batch", unordered=True)
async def test_aget_text_embedding_batch(recording: Recording) -> None:
    found = await embedding(recording).aget_text_embedding_batch(TEXTS)
    assert found == recorded_vectors(recording, TEXTS)


@cassette("BedrockEmbedding.get_agg_embedding_from_queries", unordered=True)
def test_get_agg_embedding_from_queries(recording: Recording) -> None:
    found = embedding(recording).get_agg_embedding_from_queries(TEXTS)
    assert found == mean_agg(recorded_vectors(recording, TEXTS))


@cassette("BedrockEmbedding.aget_agg_embedding_from_queries", unordered=True)
async def test_aget_agg_embedding_from_queries(recording: Recording) -> None:
    found = await embedding(recording).aget_agg_embedding_from_queries(TEXTS)
    assert found == mean_agg(recorded_vectors(recording, TEXTS))


@cassette("BedrockEmbedding.__call__", unordered=True)
def test_call(recording: Recording) -> None:
    nodes = embedding(recording)([TextNode(text=text) for text in TEXTS])
    assert [node.embedding for node in nodes] == recorded_vectors(recording, TEXTS)


@cassette("BedrockEmbedding.acall", unordered=True)
async def test_acall(recording: Recording) -> None:
    nodes = await embedding(recording).acall([TextNode(text=text) for text in TEXTS])
    assert [node.embedding for node in nodes] == recorded_vectors(recording, TEXTS)


def images(recording: Recording) -> BedrockEmbedding:
    """A model of images and texts."""
    return recording.make(BedrockEmbedding, model=COHERE_V4, dimensions=DIMENSIONS)


@cassette("BedrockEmbedding.get_image_embedding")
def test_get_image_embedding(recording: Recording) -> None:
    assert [images(recording).get_image_embedding(BytesIO(PICTURE))] == only_vectors(recording)


@cassette("BedrockEmbedding.aget_image_embedding")
async def test_aget_image_embedding(recording: Recording) -> None:
    assert [await images(recording).aget_image_embedding(BytesIO(PICTURE))] == only_vectors(recording)


@cassette("BedrockEmbedding.get_image_embedding_batch")
def test_get_image_embedding_batch(recording: Recording) -> None:
    found = images(recording).get_image_embedding_batch([BytesIO(PICTURE), BytesIO(PICTURE)])
    assert found == only_vectors(recording)


@cassette("BedrockEmbedding.aget_image_embedding_batch")
async def test_aget_image_embedding_batch(recording: Recording) -> None:
    found = await images(recording).aget_image_embedding_batch([BytesIO(PICTURE), BytesIO(PICTURE)])
    assert found == only_vectors(recording)
