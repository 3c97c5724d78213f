"""LangChain's ``BedrockRerank`` from cassettes."""

from __future__ import annotations

import pytest
from langchain_core.documents import Document

from langchain_bedrock_unified import BedrockRerank

from .rankings import recorded_ranking
from .recording import Recording
from .vectors import QUERY, TEXTS

cassette = pytest.mark.cassette
DOCUMENTS = [Document(text, metadata={"place": place}) for place, text in enumerate(TEXTS)]


def reranker(recording: Recording) -> BedrockRerank:
    """Two of three documents."""
    return recording.make(BedrockRerank, top_n=2)


def told(found: list[Document]) -> list[tuple[int, float]]:
    return [(each.metadata["place"], each.metadata["relevance_score"]) for each in found]


@cassette("BedrockRerank.rerank")
def test_rerank(recording: Recording) -> None:
    found = reranker(recording).rerank(TEXTS, QUERY)
    assert [(each["index"], each["relevance_score"]) for each in found] == recorded_ranking(recording)


@cassette("BedrockRerank.arerank")
async def test_arerank(recording: Recording) -> None:
    found = await reranker(recording).arerank(TEXTS, QUERY)
    assert [(each["index"], each["relevance_score"]) for each in found] == recorded_ranking(recording)


@cassette("BedrockRerank.compress_documents")
def test_compress_documents(recording: Recording) -> None:
    found = reranker(recording).compress_documents(DOCUMENTS, QUERY)
    assert told(list(found)) == recorded_ranking(recording)


@cassette("BedrockRerank.acompress_documents")
async def test_acompress_documents(recording: Recording) -> None:
    found = await reranker(recording).acompress_documents(DOCUMENTS, QUERY)
    assert told(list(found)) == recorded_ranking(recording)
