"""``RerankConformance``: all that the kit asks of a reranker."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from llama_index.core.callbacks import CallbackManager, CBEventType, LlamaDebugHandler
from llama_index.core.llms import MockLLM
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.response_synthesizers import ResponseMode, get_response_synthesizer
from llama_index.core.retrievers import BaseRetriever
from llama_index.core.schema import MetadataMode, NodeWithScore, QueryBundle, TextNode

from bedrock_unified.local import Fault

from .base import Make, Serve
from .component import ComponentConformance

WAYS = ["postprocess_nodes", "apostprocess_nodes"]
QUERY = "When does the harbour of Vell close?"
BEST = "The harbour of Vell closes at nine in the evening, every day."


def nodes(count: int = 5) -> list[NodeWithScore]:
    """Passages, of which the third is the best."""
    texts = [f"Tea number {number} is served in the garden." for number in range(count)]
    texts[2] = BEST
    return [
        NodeWithScore(node=TextNode(text=text, id_=str(number)), score=0.5)
        for number, text in enumerate(texts)
    ]


async def ask(model: Any, way: str, given: list[NodeWithScore], **keywords: Any) -> list[NodeWithScore]:
    """What one method returns."""
    found = getattr(model, way)(given, **(keywords or {"query_str": QUERY}))
    return await found if way.startswith("a") else found


class RerankConformance(ComponentConformance):
    """Subclass it with ``model_class`` and ``model_keywords``."""

    #: The most passages that one request may have.
    most_sources = 1000

    def works(self, model: Any) -> bool:
        return model.postprocess_nodes(nodes(), query_str=QUERY)[0].node.get_content() == BEST

    @pytest.mark.parametrize("way", WAYS)
    async def test_the_best_are_kept_the_best_one_first(self, serve: Serve, make: Make, way: str) -> None:
        serve()
        found = await ask(make(top_n=3), way, nodes())
        assert found[0].node.get_content() == BEST
        assert len(found) == 3
        scores = [node.get_score(raise_error=True) for node in found]
        assert scores == sorted(scores, reverse=True)

    @pytest.mark.parametrize("way", WAYS)
    async def test_a_query_may_be_a_bundle(self, serve: Serve, make: Make, way: str) -> None:
        serve()
        found = await ask(make(), way, nodes(), query_bundle=QueryBundle(QUERY))
        assert found[0].node.get_content() == BEST

    @pytest.mark.parametrize("way", WAYS)
    async def test_fewer_nodes_than_are_wanted(self, serve: Serve, make: Make, way: str) -> None:
        serve()
        assert len(await ask(make(top_n=50), way, nodes())) == 5

    @pytest.mark.parametrize("way", WAYS)
    async def test_the_callers_nodes_are_not_changed(self, serve: Serve, make: Make, way: str) -> None:
        serve()
        given = nodes()
        found = await ask(make(), way, given)
        assert [node.score for node in given] == [0.5] * 5
        assert [node.node.id_ for node in given] == [str(number) for number in range(5)]
        assert found[0].node.id_ == "2"

    @pytest.mark.parametrize("way", WAYS)
    @pytest.mark.parametrize("count", [0, 5])
    async def test_events_are_paired(
        self, serve: Serve, make: Make, way: str, count: int, events: list[str]
    ) -> None:
        serve()
        model = make()
        debug = LlamaDebugHandler(print_trace_on_end=False)
        model.callback_manager = CallbackManager([debug])
        events.clear()
        found = await ask(model, way, nodes() if count else [])
        assert bool(found) is bool(count)
        pair = ["ReRankStartEvent", "ReRankEndEvent"]
        told = [name for name in events if name.startswith("ReRank")]
        assert told == pair or (told == [] and not count)
        assert len(debug.get_event_pairs(CBEventType.RERANKING)) == len(told) // 2

    @pytest.mark.parametrize("way", WAYS)
    async def test_more_than_a_request_may_have(self, serve: Serve, make: Make, way: str) -> None:
        endpoint = serve()
        given = nodes(self.most_sources + 200)
        given[2], given[-1] = given[-1], given[2]
        found = await ask(make(top_n=2), way, given)
        assert found[0].node.get_content() == BEST
        assert len(found) == 2
        assert all(len(served.body["sources"]) <= self.most_sources for served in endpoint.requests)

    @pytest.mark.parametrize("way", WAYS)
    async def test_a_node_is_ranked_by_what_is_embedded_of_it(
        self, serve: Serve, make: Make, way: str
    ) -> None:
        """Its metadata, but for those that are not to be embedded."""
        endpoint = serve()
        node = TextNode(
            text="Closes at nine.",
            metadata={"title": "Harbour", "hash": "f00"},
            excluded_embed_metadata_keys=["hash"],
        )
        await ask(make(), way, [NodeWithScore(node=node), *nodes()])
        source = endpoint.requests[0].body["sources"][0]["inlineDocumentSource"]
        assert source["textDocument"]["text"] == node.get_content(metadata_mode=MetadataMode.EMBED)

    async def test_the_loop_goes_on_meanwhile(self, serve: Serve, make: Make) -> None:
        serve(faults=[Fault.latency(0.3)])
        task = asyncio.ensure_future(ask(make(), "apostprocess_nodes", nodes()))
        ticks = 0
        while not task.done():
            await asyncio.sleep(0.01)
            ticks += 1
        assert len(await task) == 2
        assert ticks > 8

    def test_it_stands_in_a_query_engine(self, serve: Serve, make: Make, settings: Any) -> None:
        serve()
        settings.llm = MockLLM()

        class All(BaseRetriever):
            def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
                return nodes()

        engine = RetrieverQueryEngine(
            All(),
            response_synthesizer=get_response_synthesizer(response_mode=ResponseMode.NO_TEXT),
            node_postprocessors=[make(top_n=1)],
        )
        assert [node.node.get_content() for node in engine.query(QUERY).source_nodes] == [BEST]
