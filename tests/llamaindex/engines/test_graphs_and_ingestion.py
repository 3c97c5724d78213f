"""Property graphs the model extracts, and pipelines that transform, embed and remember."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Literal

import pytest
from llama_index.core import PropertyGraphIndex
from llama_index.core.extractors import (
    DocumentContextExtractor,
    KeywordExtractor,
    PydanticProgramExtractor,
    QuestionsAnsweredExtractor,
    SummaryExtractor,
    TitleExtractor,
)
from llama_index.core.graph_stores.types import EntityNode, Relation
from llama_index.core.indices.property_graph import (
    DynamicLLMPathExtractor,
    LLMSynonymRetriever,
    SchemaLLMPathExtractor,
    SimpleLLMPathExtractor,
    VectorContextRetriever,
)
from llama_index.core.ingestion import DocstoreStrategy, IngestionCache, IngestionPipeline
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.program import LLMTextCompletionProgram
from llama_index.core.schema import TextNode
from llama_index.core.storage.docstore import SimpleDocumentStore
from pydantic import BaseModel

from llamaindex_bedrock_unified import BedrockEmbedding

from ..conftest import KEYS
from .rig import Rig, calls, documents, written

MakeRig = Callable[..., Rig]
ADA = "Ada worked with Charles. Charles lived in London."
ENTITIES = ["PERSON", "PLACE"]
RELATIONS = ["WORKED_WITH", "LIVED_IN"]


def person(name: str) -> dict[str, str]:
    return {"type": "PERSON", "name": name}


TRIPLETS: list[dict[str, Any]] = [
    {"subject": person("Ada"), "relation": {"type": "WORKED_WITH"}, "object": person("Charles")},
    {
        "subject": person("Charles"),
        "relation": {"type": "LIVED_IN"},
        "object": {"type": "PLACE", "name": "London"},
    },
]


def paths(node: Any) -> list[tuple[str, str, str]]:
    """What was extracted of a node."""
    relations: list[Relation] = node.metadata["relations"]
    return [(each.source_id, each.label, each.target_id) for each in relations]


EXPECTED = [("Ada", "WORKED_WITH", "Charles"), ("Charles", "LIVED_IN", "London")]


def test_paths_in_words(make_rig: MakeRig) -> None:
    rig = make_rig("(Ada, worked with, Charles)\n(Charles, lived in, London)")
    (node,) = SimpleLLMPathExtractor(llm=rig.llm)([TextNode(text=ADA)])
    found = [
        (source, label.lower().replace(" ", "_").upper(), target) for source, label, target in paths(node)
    ]
    assert found == EXPECTED
    assert ADA in rig.prompts[0]


@pytest.mark.parametrize("asynchronous", [False, True])
def test_paths_of_a_schema(make_rig: MakeRig, asynchronous: bool) -> None:
    rig = make_rig(written({"triplets": TRIPLETS}))
    extractor = SchemaLLMPathExtractor(
        llm=rig.llm,
        possible_entities=ENTITIES,
        possible_relations=RELATIONS,
        strict=False,
        raise_on_error=True,
    )
    nodes = [TextNode(text=ADA)]
    (node,) = asyncio.run(extractor.acall(nodes)) if asynchronous else extractor(nodes)
    assert paths(node) == EXPECTED
    assert [entity.label for entity in node.metadata["nodes"]] == ["PERSON", "PERSON", "PERSON", "PLACE"]
    assert "LIVED_IN" in rig.asked[0]["outputConfig"]["textFormat"]["structure"]["jsonSchema"]["schema"]


async def test_an_answer_off_the_schema_is_an_error_that_the_extractor_knows(make_rig: MakeRig) -> None:
    rig = make_rig("I would rather not.", "I would rather not.")
    with pytest.raises(ValueError, match="KGSchema"):
        await SchemaLLMPathExtractor(llm=rig.llm, raise_on_error=True).acall([TextNode(text=ADA)])
    (node,) = await SchemaLLMPathExtractor(llm=rig.llm).acall([TextNode(text=ADA)])
    assert paths(node) == []


async def test_a_strict_schema_of_a_model_with_tools_alone(make_rig: MakeRig) -> None:
    rig = make_rig(calls(("KGSchema", {"triplets": TRIPLETS[:1]})), model="us.amazon.nova-pro-v1:0")
    (node,) = await SchemaLLMPathExtractor(
        llm=rig.llm,
        possible_entities=Literal["PERSON", "PLACE"],  # type: ignore[arg-type]
        possible_relations=Literal["WORKED_WITH", "LIVED_IN"],  # type: ignore[arg-type]
        kg_validation_schema=[("PERSON", "WORKED_WITH", "PERSON")],
        raise_on_error=True,
    ).acall([TextNode(text=ADA)])
    assert paths(node) == EXPECTED[:1]
    assert rig.asked[0]["toolConfig"]["toolChoice"] == {"any": {}}


async def test_paths_with_types_that_the_model_finds(make_rig: MakeRig) -> None:
    triples = [
        {
            "head": "Ada",
            "head_type": "PERSON",
            "relation": "WORKED_WITH",
            "tail": "Charles",
            "tail_type": "PERSON",
        }
    ]
    rig = make_rig(written(triples))
    (node,) = await DynamicLLMPathExtractor(llm=rig.llm).acall([TextNode(text=ADA)])
    assert paths(node) == EXPECTED[:1]


def test_a_graph_is_built_and_asked(make_rig: MakeRig) -> None:
    rig = make_rig(written({"triplets": TRIPLETS}), "Charles^Ada", "In London.")
    index = PropertyGraphIndex(
        nodes=[TextNode(text=ADA)],
        llm=rig.llm,
        embed_model=rig.embedding,
        kg_extractors=[
            SchemaLLMPathExtractor(
                llm=rig.llm, possible_entities=ENTITIES, possible_relations=RELATIONS, strict=False
            )
        ],
        use_async=False,
    )
    entities = [node for node in index.property_graph_store.get() if isinstance(node, EntityNode)]
    assert {entity.name for entity in entities} == {"Ada", "Charles", "London"}
    retrievers = [
        LLMSynonymRetriever(index.property_graph_store, llm=rig.llm, include_text=False),
        VectorContextRetriever(
            index.property_graph_store,
            embed_model=rig.embedding,
            vector_store=index.vector_store,
            include_text=False,
            similarity_top_k=3,
        ),
    ]
    engine = index.as_query_engine(llm=rig.llm, sub_retrievers=retrievers, use_async=False)
    assert str(engine.query("Where did Charles live?")) == "In London."
    assert "Charles -> LIVED_IN -> London" in rig.prompts[-1]


async def test_a_pipeline_enriches_and_embeds_and_its_cache_answers_the_second_time(
    make_rig: MakeRig,
) -> None:
    rig = make_rig()
    steps = [
        SentenceSplitter(chunk_size=64, chunk_overlap=5),
        TitleExtractor(llm=rig.llm, show_progress=False),
        KeywordExtractor(llm=rig.llm, show_progress=False),
        SummaryExtractor(llm=rig.llm, show_progress=False),
        QuestionsAnsweredExtractor(llm=rig.llm, questions=2, show_progress=False),
        rig.embedding,
    ]
    pipeline = IngestionPipeline(transformations=steps)
    nodes = pipeline.run(documents=documents())
    added = {"document_title", "excerpt_keywords", "section_summary", "questions_this_excerpt_can_answer"}
    assert len(nodes) == 4 and all(added < set(node.metadata) for node in nodes)
    assert all(node.embedding and len(node.embedding) == 256 for node in nodes)
    sent = len(rig.local.requests)
    again = pipeline.run(documents=documents())
    assert len(rig.local.requests) == sent
    assert [node.embedding for node in again] == [node.embedding for node in nodes]
    assert len(await pipeline.arun(documents=documents())) == 4
    assert len(rig.local.requests) == sent


async def test_a_pipeline_works_asynchronously(rig: Rig) -> None:
    steps = [SentenceSplitter(), KeywordExtractor(llm=rig.llm, show_progress=False), rig.embedding]
    nodes = await IngestionPipeline(transformations=steps).arun(documents=documents())
    assert all(node.embedding and node.metadata["excerpt_keywords"] for node in nodes)


async def test_the_cache_is_kept_in_a_file_without_a_key_and_is_anothers_for_another_model(
    rig: Rig, tmp_path: Any
) -> None:
    first = IngestionPipeline(transformations=[SentenceSplitter(), rig.embedding], cache=IngestionCache())
    first.run(documents=documents())
    first.persist(str(tmp_path))
    written_down = "".join(path.read_text() for path in tmp_path.iterdir())
    assert KEYS["aws_secret_access_key"] not in written_down
    sent = len(rig.local.requests)
    where = {"region_name": "us-east-1", "endpoint_url": rig.local.url, **KEYS}
    for dimensions, requests in ((256, 0), (512, 4)):
        model = BedrockEmbedding(dimensions=dimensions, **where)
        second = IngestionPipeline(transformations=[SentenceSplitter(), model])
        second.load(str(tmp_path))
        nodes = second.run(documents=documents())
        assert {len(node.embedding or ()) for node in nodes} == {dimensions}
        assert len(rig.local.requests) - sent == requests
        await model.bedrock.aclose()


async def test_what_was_ingested_before_is_not_embedded_again(rig: Rig) -> None:
    pages = documents()
    for page in pages:
        page.id_ = str(page.metadata["file"])
    pipeline = IngestionPipeline(
        transformations=[SentenceSplitter(), rig.embedding],
        docstore=SimpleDocumentStore(),
        docstore_strategy=DocstoreStrategy.DUPLICATES_ONLY,
        disable_cache=True,
    )
    assert len(pipeline.run(documents=pages)) == 4
    sent = len(rig.local.requests)
    assert len(pipeline.run(documents=pages)) == 0
    assert len(rig.local.requests) == sent


class Place(BaseModel):
    """What a page is about."""

    place: str


async def test_objects_and_contexts_are_extracted_of_pages(make_rig: MakeRig) -> None:
    rig = make_rig(written({"place": "Harwick"}), "About ferries.")
    program = LLMTextCompletionProgram.from_defaults(
        output_cls=Place, prompt_template_str="{input}", llm=rig.llm
    )
    extractor = PydanticProgramExtractor(program=program, input_key="input", show_progress=False)  # type: ignore[call-arg]
    page = documents()[1]
    assert await extractor.aextract([TextNode(text=page.text)]) == [{"place": "Harwick"}]
    store = SimpleDocumentStore()
    await store.async_add_documents([page])
    node = SentenceSplitter().get_nodes_from_documents([page])[0]
    contexts = DocumentContextExtractor(docstore=store, llm=rig.llm, show_progress=False)
    assert await contexts.aextract([node]) == [{"context": "About ferries."}]
    assert rig.asked[-1].keys() == {"modelId", "messages", "inferenceConfig"}
