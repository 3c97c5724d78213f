"""Indices and query engines: what is retrieved reaches the model, its answer the caller, in every mode."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from typing import Any

import pytest
from llama_index.core import PromptHelper, SummaryIndex, VectorStoreIndex, get_response_synthesizer
from llama_index.core.base.response.schema import AsyncStreamingResponse, PydanticResponse, StreamingResponse
from llama_index.core.query_engine import (
    CitationQueryEngine,
    MultiStepQueryEngine,
    RetrieverQueryEngine,
    RetryQueryEngine,
)
from llama_index.core.response_synthesizers import ResponseMode
from llama_index.core.retrievers import QueryFusionRetriever
from pydantic import BaseModel

from .rig import FERRY, TEXTS, WHEN, Rig, calls, documents

MakeRig = Callable[..., Rig]
NINE = "at nine in the morning"
#: Modes that ask the model about what was retrieved; the first value says how many pages a prompt holds.
READING = {
    ResponseMode.REFINE: 1,
    ResponseMode.COMPACT: 2,
    ResponseMode.SIMPLE_SUMMARIZE: 2,
    ResponseMode.TREE_SUMMARIZE: 2,
    ResponseMode.ACCUMULATE: 1,
    ResponseMode.COMPACT_ACCUMULATE: 2,
}
STREAMED = [mode for mode in READING if "accumulate" not in mode.value]


class Departure(BaseModel):
    """When something leaves a place."""

    place: str
    time: str


def engine(rig: Rig, mode: ResponseMode, **more: Any) -> RetrieverQueryEngine:
    """Retrieves all four pages, keeps the best two, and asks in the mode."""
    index = VectorStoreIndex.from_documents(documents(), embed_model=rig.embedding)
    return RetrieverQueryEngine.from_args(
        index.as_retriever(similarity_top_k=4),
        llm=rig.llm,
        response_mode=mode,
        node_postprocessors=[rig.rerank],
        **more,
    )


@pytest.mark.parametrize("mode", READING)
async def test_retrieve_rerank_synthesise(rig: Rig, mode: ResponseMode) -> None:
    asking = engine(rig, mode)
    answer = asking.query(WHEN)
    assert NINE in str(answer)
    assert answer.source_nodes[0].metadata["file"] == "ferry.md"
    assert len(answer.source_nodes) == 2
    told = [sum(text in prompt for text in TEXTS.values()) for prompt in rig.prompts]
    assert max(told) == READING[mode]
    assert sum(FERRY in prompt for prompt in rig.prompts) >= 1
    assert len(rig.asked) == 2 // READING[mode]
    awaited = await asking.aquery(WHEN)
    assert str(awaited) == str(answer)
    assert len(rig.asked) == 2 * (2 // READING[mode])


@pytest.mark.parametrize("mode", STREAMED)
async def test_streamed_answers_are_the_same_in_pieces(rig: Rig, mode: ResponseMode) -> None:
    whole = str(engine(rig, mode).query(WHEN))
    asking = engine(rig, mode, streaming=True)
    streamed = asking.query(WHEN)
    assert isinstance(streamed, StreamingResponse)
    pieces = list(streamed.response_gen)
    assert len(pieces) > 2 and "".join(pieces) == whole
    awaited = await asking.aquery(WHEN)
    assert isinstance(awaited, AsyncStreamingResponse)
    assert isinstance(awaited.response_gen, AsyncGenerator)
    pieces = [piece async for piece in awaited.response_gen]
    assert len(pieces) > 2 and "".join(pieces) == whole
    assert any(sent.operation == "ConverseStream" for sent in rig.local.requests)


async def test_modes_that_ask_the_model_nothing_or_of_itself(rig: Rig) -> None:
    assert engine(rig, ResponseMode.NO_TEXT).query(WHEN).source_nodes[0].metadata["file"] == "ferry.md"
    assert FERRY in str(engine(rig, ResponseMode.CONTEXT_ONLY).query(WHEN))
    assert not rig.asked
    assert str(engine(rig, ResponseMode.GENERATION).query("What is 6 * 7?"))
    (prompt,) = rig.prompts
    assert FERRY not in prompt and "6 * 7" in prompt


async def test_more_pages_than_fit_are_refined_and_summarised_as_a_tree(make_rig: MakeRig) -> None:
    rig = make_rig(context_window=1_000, max_tokens=100)
    pages = [document for _ in range(15) for document in documents()]
    index = SummaryIndex.from_documents(pages)
    for mode, least in ((ResponseMode.COMPACT, 2), (ResponseMode.TREE_SUMMARIZE, 3)):
        rig.local.forget()
        answer = await index.as_query_engine(llm=rig.llm, response_mode=mode, use_async=True).aquery(WHEN)
        assert NINE in str(answer)
        assert len(rig.asked) >= least
        assert all(body["inferenceConfig"] == {"maxTokens": 100} for body in rig.asked)
        assert all(len(prompt) < 1_000 * 5 for prompt in rig.prompts)


async def test_the_models_own_window_decides_how_much_stands_in_one_prompt(make_rig: MakeRig) -> None:
    pages = [document for _ in range(300) for document in documents()]
    counted: dict[str, int] = {}
    for model in ("anthropic.claude-sonnet-4-6", "amazon.titan-text-express-v1"):
        helper = PromptHelper.from_llm_metadata(make_rig(model=model).llm.metadata)
        synthesiser = get_response_synthesizer(llm=make_rig(model=model).llm, prompt_helper=helper)
        texts = [page.text for page in pages]
        counted[model] = len(synthesiser._prompt_helper.repack(synthesiser._text_qa_template, texts))  # type: ignore[attr-defined]
    assert counted["anthropic.claude-sonnet-4-6"] == 1
    assert counted["amazon.titan-text-express-v1"] > 2


@pytest.mark.parametrize("mode", [ResponseMode.COMPACT, ResponseMode.REFINE, ResponseMode.TREE_SUMMARIZE])
async def test_an_engine_answers_with_an_object(make_rig: MakeRig, mode: ResponseMode) -> None:
    first, last = Departure(place="?", time="nine"), Departure(place="Harwick", time="nine")
    answers = [first, last] if mode == ResponseMode.REFINE else [last]
    rig = make_rig(*(answer.model_dump_json() for answer in answers * 2))
    asking = engine(rig, mode, output_cls=Departure)
    answer = asking.query(WHEN)
    assert isinstance(answer, PydanticResponse) and answer.response == last
    awaited = await asking.aquery(WHEN)
    assert isinstance(awaited, PydanticResponse) and awaited.response == last
    assert len(rig.asked) == 2 * len(answers)
    assert all("outputConfig" in body for body in rig.asked)
    if mode == ResponseMode.REFINE:
        assert first.model_dump_json() in rig.prompts[1]


async def test_filtering_while_refining_leaves_out_what_does_not_help(make_rig: MakeRig) -> None:
    name = "StructuredRefineResponse"
    useless = calls((name, {"answer": "The lamp is old.", "query_satisfied": False}))
    useful = calls((name, {"answer": "At nine.", "query_satisfied": True}))
    rig = make_rig(useful, useless, useless, useful)
    synthesiser = get_response_synthesizer(
        llm=rig.llm, response_mode=ResponseMode.REFINE, structured_answer_filtering=True
    )
    index = VectorStoreIndex.from_documents(documents(), embed_model=rig.embedding)
    asking = RetrieverQueryEngine(index.as_retriever(similarity_top_k=2), response_synthesizer=synthesiser)
    assert str(asking.query(WHEN)) == "At nine."
    assert str(await asking.aquery(WHEN)) == "At nine."
    assert len(rig.asked) == 4 and all("toolConfig" in body for body in rig.asked)


async def test_sources_are_numbered_and_cited(rig: Rig) -> None:
    index = VectorStoreIndex.from_documents(documents(), embed_model=rig.embedding)
    for streaming in (False, True):
        citing = CitationQueryEngine.from_args(index, llm=rig.llm, similarity_top_k=3, streaming=streaming)
        answer = citing.query(WHEN)
        said = "".join(answer.response_gen) if isinstance(answer, StreamingResponse) else str(answer)
        assert NINE in said
        assert answer.source_nodes[0].node.get_content().startswith("Source 1:")
        assert "Source 3:" in rig.prompts[-1]
    awaited = await CitationQueryEngine.from_args(index, llm=rig.llm, similarity_top_k=3).aquery(WHEN)
    assert NINE in str(awaited)


async def test_queries_are_rewritten_and_their_results_fused(make_rig: MakeRig) -> None:
    replies = ["1. ferry times Harwick\n2. Harwick island boat"] * 2
    rig = make_rig(*replies)
    index = VectorStoreIndex.from_documents(documents(), embed_model=rig.embedding)
    fused = QueryFusionRetriever(
        [index.as_retriever(similarity_top_k=2)],
        llm=rig.llm,
        num_queries=3,
        similarity_top_k=2,
        use_async=False,
    )
    assert fused.retrieve(WHEN)[0].metadata["file"] == "ferry.md"
    assert (await fused.aretrieve(WHEN))[0].metadata["file"] == "ferry.md"
    assert len(rig.asked) == 2


async def test_an_answer_is_judged_and_asked_again(make_rig: MakeRig) -> None:
    from llama_index.core.evaluation import FaithfulnessEvaluator, RelevancyEvaluator

    rig = make_rig("I do not know.", "NO", "At nine.", "YES")
    index = VectorStoreIndex.from_documents(documents(), embed_model=rig.embedding)
    asking = index.as_query_engine(llm=rig.llm, similarity_top_k=1)
    judged = RetryQueryEngine(asking, RelevancyEvaluator(llm=rig.llm), max_retries=2)
    assert str(judged.query(WHEN)) == "At nine."
    rig = make_rig("YES")
    result = await FaithfulnessEvaluator(llm=rig.llm).aevaluate(WHEN, "At nine.", [FERRY])
    assert result.passing


async def test_a_question_is_taken_in_steps(make_rig: MakeRig) -> None:
    from llama_index.core.indices.query.query_transform.base import StepDecomposeQueryTransform

    rig = make_rig("When does the ferry leave?", "At nine.", "None", "At nine, then.")
    index = VectorStoreIndex.from_documents(documents(), embed_model=rig.embedding)
    steps = MultiStepQueryEngine(
        index.as_query_engine(llm=rig.llm),
        StepDecomposeQueryTransform(llm=rig.llm, verbose=False),
        response_synthesizer=get_response_synthesizer(llm=rig.llm),
        index_summary="A harbour.",
    )
    assert str(steps.query(WHEN)) == "At nine, then."
