"""``EmbeddingConformance``: all that the kit asks of an embedding model."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any, ClassVar

import pytest
from llama_index.core import Document, VectorStoreIndex
from llama_index.core.callbacks import CallbackManager, CBEventType, LlamaDebugHandler, TokenCountingHandler
from llama_index.core.ingestion import IngestionCache, IngestionPipeline
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.schema import MetadataMode, TextNode
from llama_index.core.storage.kvstore import SimpleKVStore

from bedrock_unified.local import Fault

from .base import KEYS, OTHER_KEYS, PROFILE, Make, Permits, Serve
from .component import ComponentConformance
from .llm_content import PNG

TITAN = "amazon.titan-embed-text-v2:0"
COHERE = "cohere.embed-english-v3"
TEXTS = [f"Tale number {number}, of the harbour." for number in range(25)]
ONE = ["get_text_embedding", "aget_text_embedding", "get_query_embedding", "aget_query_embedding"]
BATCHES = ["get_text_embedding_batch", "aget_text_embedding_batch"]


async def ask(model: Any, way: str, given: Any, **keywords: Any) -> Any:
    """What one method returns."""
    found = getattr(model, way)(given, **keywords)
    return await found if way.startswith("a") else found


def inputs(endpoint: Any) -> list[int]:
    """How many texts each request had, where the model takes several."""
    return [len(served.body["body"]["texts"]) for served in _read(endpoint)]


def _read(endpoint: Any) -> list[Any]:
    for served in endpoint.requests:
        if isinstance(served.body["body"], bytes):
            served.body["body"] = json.loads(served.body["body"])
    return endpoint.requests


class EmbeddingConformance(ComponentConformance):
    """Subclass it with ``model_class`` and ``model_keywords``; models are named by ``model_name``."""

    model_keywords: ClassVar[dict[str, Any]] = {"model_name": TITAN}
    #: A model that embeds images.
    image_model = "amazon.titan-embed-image-v1"

    def works(self, model: Any) -> bool:
        return len(model.get_text_embedding("Hello.")) > 1

    @pytest.mark.parametrize("way", ONE)
    async def test_a_text_is_a_vector(self, serve: Serve, make: Make, way: str) -> None:
        serve()
        vector = await ask(make(), way, "Where is the harbour?")
        assert len(vector) == 1024
        assert all(isinstance(number, float) for number in vector)

    @pytest.mark.parametrize("way", BATCHES)
    @pytest.mark.parametrize("name", [TITAN, COHERE, "cohere.embed-v4:0", "us.cohere.embed-v4:0"])
    async def test_a_batch_keeps_its_order(self, serve: Serve, make: Make, way: str, name: str) -> None:
        serve()
        model = make(model_name=name, embed_batch_size=10)
        vectors = await ask(model, way, TEXTS)
        assert len(vectors) == len(TEXTS)
        for place in (0, 11, 24):
            assert vectors[place] == pytest.approx(model.get_text_embedding(TEXTS[place]))

    @pytest.mark.parametrize("way", ["get_query_embedding", "aget_query_embedding"])
    async def test_a_question_is_embedded_as_one(self, serve: Serve, make: Make, way: str) -> None:
        endpoint = serve()
        model = make(model_name=COHERE)
        await ask(model, way, "Where?")
        await ask(model, way.replace("query", "text"), "Here.")
        kinds = [served.body["body"]["input_type"] for served in _read(endpoint)]
        assert kinds == ["search_query", "search_document"]

    @pytest.mark.parametrize("way", BATCHES)
    async def test_a_batch_of_a_model_that_takes_batches_is_few_requests(
        self, serve: Serve, make: Make, way: str
    ) -> None:
        endpoint = serve()
        vectors = await ask(make(model_name=COHERE, embed_batch_size=96), way, TEXTS * 4)
        assert len(vectors) == 100
        assert sorted(inputs(endpoint)) == [4, 96]

    @pytest.mark.parametrize("way", BATCHES)
    async def test_no_request_passes_the_models_limit(self, serve: Serve, make: Make, way: str) -> None:
        endpoint = serve()
        vectors = await ask(make(model_name=COHERE, embed_batch_size=200), way, TEXTS * 8)
        assert len(vectors) == 200
        assert max(inputs(endpoint)) <= 96

    def test_a_long_text_is_embedded_whole(self, serve: Serve, make: Make) -> None:
        endpoint = serve()
        text = "word " * 450
        make(model_name="cohere.embed-v4:0").get_text_embedding(text)
        assert _read(endpoint)[0].body["body"]["texts"] == [text]

    def test_a_text_that_is_too_long_is_not_cut_unseen(self, serve: Serve, make: Make) -> None:
        serve()
        with pytest.raises(Exception, match="2048"):
            make(model_name=COHERE).get_text_embedding("word " * 450)

    @pytest.mark.parametrize("name", ["cohere.embed-v4:0", TITAN])
    def test_the_dimensions_are_heeded(self, serve: Serve, make: Make, name: str) -> None:
        serve()
        keyword = "dimensions" if name == TITAN else "output_dimension"
        model = make(model_name=name, additional_kwargs={keyword: 256})
        assert len(model.get_text_embedding("Hello.")) == 256

    def test_an_application_profile_is_asked(self, serve: Serve, make: Make) -> None:
        endpoint = serve(application_profiles={"abcdefghijkl": TITAN})
        model = make(model_name=TITAN, application_inference_profile_arn=PROFILE)
        assert self.works(model)
        assert endpoint.requests[-1].model_id == PROFILE

    async def test_texts_are_embedded_side_by_side(self, serve: Serve, make: Make) -> None:
        serve(faults=[Fault.latency(0.2)])
        begun = time.monotonic()
        vectors = await make().aget_text_embedding_batch(TEXTS)
        assert len(vectors) == 25
        assert time.monotonic() - begun < 1.5  # one after another would take five seconds

    @pytest.mark.parametrize("way", ["aget_text_embedding", "aget_query_embedding"])
    async def test_the_loop_goes_on_meanwhile(self, serve: Serve, make: Make, way: str) -> None:
        serve(faults=[Fault.latency(0.3)])
        model = make()
        task = asyncio.ensure_future(ask(model, way, "Hello."))
        ticks = 0
        while not task.done():
            await asyncio.sleep(0.01)
            ticks += 1
        await task
        assert ticks > 8

    async def test_workers_take_turns(self, serve: Serve, make: Make) -> None:
        serve()
        model = make(num_workers=2, embed_batch_size=5)
        assert len(await model.aget_text_embedding_batch(TEXTS)) == 25

    @pytest.mark.parametrize("way", [*ONE, *BATCHES])
    async def test_a_call_is_one_event(
        self, serve: Serve, make: Make, way: str, events: list[str], settings: Any
    ) -> None:
        serve()
        model = make(embed_batch_size=50)
        debug = LlamaDebugHandler(print_trace_on_end=False)
        model.callback_manager = CallbackManager([debug])
        events.clear()
        await ask(model, way, TEXTS if "batch" in way else TEXTS[0])
        assert [name for name in events if name.startswith("Embedding")] == [
            "EmbeddingStartEvent",
            "EmbeddingEndEvent",
        ]
        assert len(debug.get_event_pairs(CBEventType.EMBEDDING)) == 1

    @pytest.mark.parametrize("way", [*ONE, *BATCHES])
    async def test_a_call_takes_one_permit(self, serve: Serve, make: Make, way: str) -> None:
        serve()
        model, permits = make(embed_batch_size=50), Permits()
        model.rate_limiter = permits
        await ask(model, way, TEXTS if "batch" in way else TEXTS[0])
        assert permits.taken == 1

    def test_tokens_are_counted(self, serve: Serve, make: Make) -> None:
        serve()
        counter = TokenCountingHandler(tokenizer=lambda text: text.split())
        make(callback_manager=CallbackManager([counter])).get_text_embedding("One two three.")
        assert counter.total_embedding_token_count == 3

    @pytest.mark.parametrize("way", BATCHES)
    async def test_a_cache_saves_requests(self, serve: Serve, make: Make, way: str) -> None:
        endpoint = serve()
        model = make(embeddings_cache=SimpleKVStore())
        first = await ask(model, way, TEXTS)
        count = len(endpoint.requests)
        assert await ask(model, way, TEXTS) == first
        assert len(endpoint.requests) == count

    def test_questions_are_joined(self, serve: Serve, make: Make) -> None:
        serve()
        assert len(make().get_agg_embedding_from_queries(["Where?", "When?"])) == 1024

    async def test_nodes_are_embedded(self, serve: Serve, make: Make) -> None:
        serve()
        model = make()
        found = [*model([TextNode(text="One.")]), *await model.acall([TextNode(text="One.")])]
        assert found[0].embedding == pytest.approx(found[1].embedding)

    def test_a_pipelines_cache_holds_for_an_equal_model(self, serve: Serve, make: Make) -> None:
        """Also with other credentials, and none of them is in the cache."""
        endpoint = serve()
        cache = IngestionCache()
        documents = [Document(text=text, id_=str(number)) for number, text in enumerate(TEXTS)]
        splitter = SentenceSplitter(chunk_size=200, chunk_overlap=0)
        found = []
        for keywords in (KEYS, OTHER_KEYS):
            pipeline = IngestionPipeline(
                transformations=[splitter, make(region_name="us-east-1", **keywords)], cache=cache
            )
            found.append([node.embedding for node in pipeline.run(documents=documents)])
            count = len(endpoint.requests)
            assert pipeline.run(documents=documents)[0].embedding == found[0][0]
            assert len(endpoint.requests) == count
        assert found[0] == found[1]
        assert len(endpoint.requests) == len(TEXTS)

    def test_an_index_is_made_and_asked(self, serve: Serve, make: Make) -> None:
        serve()
        texts = ["The harbour of Vell closes at nine in the evening.", "Tea is served in the garden."]
        index = VectorStoreIndex.from_documents([Document(text=text) for text in texts], embed_model=make())
        (found,) = index.as_retriever(similarity_top_k=1).retrieve("When does the harbour close?")
        assert found.node.get_content(metadata_mode=MetadataMode.NONE) == texts[0]

    def test_settings_hold_it(self, serve: Serve, make: Make, settings: Any) -> None:
        serve()
        settings.embed_model = model = make()
        assert settings.embed_model is model

    @pytest.mark.parametrize("way", ["get_image_embedding", "aget_image_embedding"])
    async def test_an_image_is_a_vector(self, serve: Serve, make: Make, way: str, tmp_path: Path) -> None:
        serve()
        path = tmp_path / "pixel.png"
        path.write_bytes(PNG)
        assert len(await ask(make(model_name=self.image_model), way, str(path))) > 1
