"""A call that fails inside an engine fails the engine: none takes the error for an answer without content."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import pytest
from llama_index.core import VectorStoreIndex
from llama_index.core.indices.property_graph import SchemaLLMPathExtractor
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.response_synthesizers import ResponseMode
from llama_index.core.schema import TextNode
from pydantic import BaseModel

from bedrock_unified.errors import BedrockError, ConfigurationError, InvalidRequestError
from bedrock_unified.local import Fault

from ..conftest import MODEL
from .rig import WHEN, Rig, documents

MakeRig = Callable[..., Rig]
MODES = [
    ResponseMode.REFINE,
    ResponseMode.COMPACT,
    ResponseMode.TREE_SUMMARIZE,
    ResponseMode.SIMPLE_SUMMARIZE,
    ResponseMode.ACCUMULATE,
]


class Departure(BaseModel):
    """When something leaves a place."""

    time: str


def engine(rig: Rig, mode: ResponseMode, **more: Any) -> RetrieverQueryEngine:
    index = VectorStoreIndex.from_documents(documents(), embed_model=rig.embedding)
    given = {"llm": rig.llm, **more}
    return RetrieverQueryEngine.from_args(index.as_retriever(similarity_top_k=2), response_mode=mode, **given)


@pytest.mark.parametrize("code", ["ValidationException", "AccessDeniedException", "ModelErrorException"])
@pytest.mark.parametrize("mode", MODES)
async def test_what_aws_refuses(make_rig: MakeRig, mode: ResponseMode, code: str) -> None:
    rig = make_rig(max_retries=0, faults=[Fault.error(code, "No.", times=None, operation="Converse")])
    asking = engine(rig, mode)
    for _ in range(2):
        with pytest.raises(BedrockError, match=f"{code}: No"):
            asking.query(WHEN)
        with pytest.raises(BedrockError, match=f"{code}: No"):
            await asking.aquery(WHEN)


@pytest.mark.parametrize("mode", [ResponseMode.REFINE, ResponseMode.TREE_SUMMARIZE])
async def test_what_aws_refuses_of_a_structured_or_streamed_answer(
    make_rig: MakeRig, mode: ResponseMode
) -> None:
    rig = make_rig(max_retries=0, faults=[Fault.error("ValidationException", "No.", times=None, model=MODEL)])
    with pytest.raises(InvalidRequestError, match="No"):
        engine(rig, mode, output_cls=Departure).query(WHEN)
    with pytest.raises(InvalidRequestError, match="No"):
        await engine(rig, mode, output_cls=Departure).aquery(WHEN)
    with pytest.raises(InvalidRequestError, match="No"):
        list(engine(rig, mode, streaming=True).query(WHEN).response_gen)  # type: ignore[union-attr]


async def test_what_is_refused_before_anything_is_sent(rig: Rig) -> None:
    copied = pickle.loads(pickle.dumps(rig.llm))
    for mode in MODES:
        with pytest.raises(ConfigurationError, match="without its explicit credentials"):
            engine(rig, mode, llm=copied).query(WHEN)
    assert not rig.asked


async def test_an_extractor_does_not_take_a_refusal_for_a_text_without_paths(make_rig: MakeRig) -> None:
    rig = make_rig(max_retries=0, faults=[Fault.error("ValidationException", "No.", operation="Converse")])
    with pytest.raises(InvalidRequestError, match="No"):
        await SchemaLLMPathExtractor(llm=rig.llm).acall([TextNode(text="Ada knew Charles.")])
