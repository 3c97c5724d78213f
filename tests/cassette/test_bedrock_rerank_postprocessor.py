"""LlamaIndex's ``BedrockRerank`` from cassettes."""

from __future__ import annotations

import pytest
from llama_index.core.schema import NodeWithScore, TextNode

from llamaindex_bedrock_unified import BedrockRerank

from .rankings import recorded_ranking
from .recording import Recording
from .vectors import QUERY, TEXTS

cassette = pytest.mark.cassette


def nodes() -> list[NodeWithScore]:
    return [NodeWithScore(node=TextNode(text=text, id_=str(place))) for place, text in enumerate(TEXTS)]


def told(found: list[NodeWithScore]) -> list[tuple[int, float | None]]:
    return [(int(each.node_id), each.score) for each in found]


@cassette("BedrockRerankPostprocessor.postprocess_nodes")
def test_postprocess_nodes(recording: Recording) -> None:
    found = recording.make(BedrockRerank).postprocess_nodes(nodes(), query_str=QUERY)
    assert told(found) == recorded_ranking(recording)


@cassette("BedrockRerankPostprocessor.apostprocess_nodes")
async def test_apostprocess_nodes(recording: Recording) -> None:
    found = await recording.make(BedrockRerank).apostprocess_nodes(nodes(), query_str=QUERY)
    assert told(found) == recorded_ranking(recording)
