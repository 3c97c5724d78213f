"""Engines of engines: the model chooses one, or takes a question apart."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from llama_index.core import SummaryIndex, VectorStoreIndex
from llama_index.core.query_engine import RouterQueryEngine, SubQuestionQueryEngine
from llama_index.core.question_gen import LLMQuestionGenerator
from llama_index.core.retrievers import RouterRetriever
from llama_index.core.selectors import (
    LLMMultiSelector,
    LLMSingleSelector,
    PydanticMultiSelector,
    PydanticSingleSelector,
)
from llama_index.core.tools import QueryEngineTool, RetrieverTool

from .rig import FERRY, WHEN, Reply, Rig, calls, documents, written

MakeRig = Callable[..., Rig]
WHY = "It asks for a fact."
CHOSEN = {"choice": 2, "reason": WHY}
PICKED = {"index": 2, "reason": WHY}
SELECTORS: dict[type, Reply] = {
    LLMSingleSelector: written([CHOSEN]),
    LLMMultiSelector: f"```json\n{written([CHOSEN])}\n```",
    PydanticSingleSelector: calls(("SingleSelection", PICKED)),
    PydanticMultiSelector: calls(("MultiSelection", {"selections": [PICKED]})),
}


def tools(rig: Rig) -> list[QueryEngineTool]:
    """One engine for everything, one for facts."""
    index = VectorStoreIndex.from_documents(documents(), embed_model=rig.embedding)
    summaries = SummaryIndex.from_documents(documents())
    return [
        QueryEngineTool.from_defaults(
            summaries.as_query_engine(llm=rig.llm, response_mode="tree_summarize"),
            name="summary",
            description="Summarises all pages.",
        ),
        QueryEngineTool.from_defaults(
            index.as_query_engine(llm=rig.llm, similarity_top_k=1),
            name="facts",
            description="Finds one fact.",
        ),
    ]


@pytest.mark.parametrize("selector", SELECTORS)
async def test_the_model_chooses_the_engine(make_rig: MakeRig, selector: type) -> None:
    rig = make_rig(*[SELECTORS[selector], "At nine."] * 2)
    routing = RouterQueryEngine(
        selector=selector.from_defaults(llm=rig.llm),  # type: ignore[attr-defined]
        query_engine_tools=tools(rig),
        llm=rig.llm,
    )
    for answer in (routing.query(WHEN), await routing.aquery(WHEN)):
        assert str(answer) == "At nine."
        assert answer.metadata is not None
        (selected,) = answer.metadata["selector_result"].selections
        assert (selected.index, selected.reason) == (1, WHY)
    assert len(rig.asked) == 4
    assert "Finds one fact." in rig.prompts[0] and FERRY in rig.prompts[1]
    if selector in (PydanticSingleSelector, PydanticMultiSelector):
        offered = rig.asked[0]["toolConfig"]["tools"][0]["toolSpec"]["name"]
        assert offered in ("SingleSelection", "MultiSelection")


@pytest.mark.parametrize("selector", [LLMMultiSelector, PydanticMultiSelector])
async def test_several_engines_are_asked_and_their_answers_joined(make_rig: MakeRig, selector: type) -> None:
    both = [{"choice": n, "index": n, "reason": WHY} for n in (1, 2)]
    if selector is LLMMultiSelector:
        chosen: Reply = written([{"choice": each["choice"], "reason": WHY} for each in both])
    else:
        picked = [{"index": each["index"], "reason": WHY} for each in both]
        chosen = calls(("MultiSelection", {"selections": picked}))
    rig = make_rig(chosen, "All of it.", "At nine.", "Both, joined.")
    routing = RouterQueryEngine(
        selector=selector.from_defaults(llm=rig.llm),  # type: ignore[attr-defined]
        query_engine_tools=tools(rig),
        llm=rig.llm,
    )
    assert str(routing.query(WHEN)) == "Both, joined."
    assert "All of it." in rig.prompts[-1] and "At nine." in rig.prompts[-1]


async def test_the_model_chooses_a_retriever(make_rig: MakeRig) -> None:
    rig = make_rig(calls(("SingleSelection", {"index": 1, "reason": WHY})))
    index = VectorStoreIndex.from_documents(documents(), embed_model=rig.embedding)
    retrievers = [
        RetrieverTool.from_defaults(index.as_retriever(similarity_top_k=count), description=f"{count} pages")
        for count in (1, 3)
    ]
    routing = RouterRetriever.from_defaults(retrievers, llm=rig.llm)
    assert [node.metadata["file"] for node in routing.retrieve(WHEN)] == ["ferry.md"]


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_a_question_is_taken_apart(make_rig: MakeRig, asynchronous: bool) -> None:
    parts = {
        "items": [
            {"sub_question": "When does the ferry leave?", "tool_name": "facts"},
            {"sub_question": "What is the harbour like?", "tool_name": "summary"},
        ]
    }
    rig = make_rig(f"```json\n{written(parts)}\n```", "First.", "Second.", "First and second.")
    engine = SubQuestionQueryEngine.from_defaults(
        tools(rig),
        llm=rig.llm,
        question_gen=LLMQuestionGenerator.from_defaults(llm=rig.llm),
        use_async=False,
        verbose=False,
    )
    answer = await engine.aquery(WHEN) if asynchronous else engine.query(WHEN)
    assert str(answer) == "First and second."
    assert len(rig.asked) == 4
    last = rig.prompts[-1]
    assert all(told in last for told in ("When does the ferry leave?", "First.", "Second."))
    assert [node.get_content().split("\n")[0] for node in answer.source_nodes[:2]] == [
        "Sub question: When does the ferry leave?",
        "Sub question: What is the harbour like?",
    ]
