"""LangChain's ``BedrockEmbeddings`` from cassettes."""

from __future__ import annotations

import pytest

from langchain_bedrock_unified import BedrockEmbeddings

from .recording import Recording
from .vectors import QUERY, TEXTS, recorded_vectors

cassette = pytest.mark.cassette


def embeddings(recording: Recording) -> BedrockEmbeddings:
    """Short vectors, for short cassettes."""
    return recording.make(BedrockEmbeddings, dimensions=256)


@cassette("BedrockEmbeddings.embed_documents", unordered=True)
def test_embed_documents(recording: Recording) -> None:
    assert embeddings(recording).embed_documents(TEXTS) == recorded_vectors(recording, TEXTS)


@cassette("BedrockEmbeddings.aembed_documents", unordered=True)
async def test_aembed_documents(recording: Recording) -> None:
    assert await embeddings(recording).aembed_documents(TEXTS) == recorded_vectors(recording, TEXTS)


@cassette("BedrockEmbeddings.embed_query")
def test_embed_query(recording: Recording) -> None:
    assert [embeddings(recording).embed_query(QUERY)] == recorded_vectors(recording, [QUERY])


@cassette("BedrockEmbeddings.aembed_query")
async def test_aembed_query(recording: Recording) -> None:
    assert [await embeddings(recording).aembed_query(QUERY)] == recorded_vectors(recording, [QUERY])
