"""Programs, evaluators and rerankers that ask for objects: in words, by a tool, by a schema; no script."""

from __future__ import annotations

from llama_index.core import VectorStoreIndex
from llama_index.core.base.response.schema import PydanticResponse
from llama_index.core.evaluation import GuidelineEvaluator
from llama_index.core.indices.query.query_transform import HyDEQueryTransform
from llama_index.core.postprocessor.rankGPT_rerank import RankGPTRerank
from llama_index.core.postprocessor.structured_llm_rerank import StructuredLLMRerank
from llama_index.core.program import FunctionCallingProgram, LLMTextCompletionProgram
from llama_index.core.query_engine import TransformQueryEngine
from pydantic import BaseModel

from .rig import FERRY, WHEN, Rig, documents


class Departure(BaseModel):
    """When something leaves a place."""

    place: str
    hour: str


async def test_objects_by_words_and_by_a_tool(rig: Rig) -> None:
    for program in (
        LLMTextCompletionProgram.from_defaults(
            output_cls=Departure, prompt_template_str="{question} {text}", llm=rig.llm
        ),
        FunctionCallingProgram.from_defaults(
            output_cls=Departure, prompt_template_str="{question} {text}", llm=rig.llm
        ),
    ):
        found = program(question=WHEN, text=FERRY)
        assert isinstance(found, Departure) and found.place == "Harwick"
        assert await program.acall(question=WHEN, text=FERRY) == found
    assert "toolConfig" not in rig.asked[0] and "toolConfig" in rig.asked[-1]


async def test_an_evaluator_reads_its_verdict(rig: Rig) -> None:
    judged = await GuidelineEvaluator(llm=rig.llm, guidelines="Be short.").aevaluate(
        query=WHEN, contexts=[FERRY], response="At nine."
    )
    assert isinstance(judged.passing, bool) and judged.feedback


async def test_the_model_reranks(rig: Rig) -> None:
    index = VectorStoreIndex.from_documents(documents(), embed_model=rig.embedding)
    nodes = index.as_retriever(similarity_top_k=4).retrieve(WHEN)
    best = StructuredLLMRerank(llm=rig.llm, top_n=1).postprocess_nodes(nodes, query_str=WHEN)
    assert len(best) == 1
    assert len(RankGPTRerank(llm=rig.llm, top_n=2).postprocess_nodes(nodes, query_str=WHEN)) == 2


async def test_a_question_is_answered_before_it_is_looked_up(rig: Rig) -> None:
    index = VectorStoreIndex.from_documents(documents(), embed_model=rig.embedding)
    engine = TransformQueryEngine(index.as_query_engine(llm=rig.llm), HyDEQueryTransform(llm=rig.llm))
    assert "nine" in str(engine.query(WHEN)) and len(rig.asked) == 2


async def test_an_engine_over_a_structured_model_answers_with_an_object(rig: Rig) -> None:
    index = VectorStoreIndex.from_documents(documents(), embed_model=rig.embedding)
    engine = index.as_query_engine(llm=rig.llm.as_structured_llm(Departure), similarity_top_k=1)
    for answer in (engine.query(WHEN), await engine.aquery(WHEN)):
        assert isinstance(answer, PydanticResponse) and isinstance(answer.response, Departure)
        assert answer.response.place == "Harwick"
