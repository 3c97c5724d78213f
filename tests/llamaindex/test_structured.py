"""Structured answers: the tool of the schema is demanded, and nothing else is taken for an answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from llama_index.core.llms import ChatMessage
from llama_index.core.prompts import PromptTemplate
from pydantic import BaseModel

from bedrock_unified import InvalidRequestError
from llamaindex_bedrock_unified import BedrockConverse

from .scripted import Answer, ScriptedBedrock, calls, says

Make = Callable[..., BedrockConverse]
# LlamaIndex's StructuredLLM writes its objects with pydantic's old json().
pytestmark = pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecatedSince20")
PROMPT = PromptTemplate("A song about {about}.")


class Song(BaseModel):
    """A song."""

    title: str
    year: int


SONG = says(calls("Song", {"title": "Yesterday, once more", "year": 1973}))
ABOUT: dict[str, Any] = {"output_cls": Song, "prompt": PROMPT, "about": "time"}


async def every_way(llm: BedrockConverse, **kwargs: Any) -> list[Song]:
    """The object by each method, streams by their last item."""
    given = {**ABOUT, **kwargs}
    found = [
        llm.structured_predict(**given),
        await llm.astructured_predict(**given),
        list(llm.stream_structured_predict(**given))[-1],
        [item async for item in await llm.astream_structured_predict(**given)][-1],
    ]
    question = [ChatMessage(role="user", content="A song about time.")]
    structured = llm.as_structured_llm(Song)
    found.append(list(structured.stream_chat(question))[-1].raw)  # type: ignore[arg-type]
    return found  # type: ignore[return-value]


async def test_every_way_demands_the_tool_and_keeps_the_system_prompt(
    make_llm: Make, bedrock: ScriptedBedrock
) -> None:
    bedrock.script = [SONG]
    llm = make_llm(system_prompt="Be musical.")
    assert await every_way(llm) == [Song(title="Yesterday, once more", year=1973)] * 5
    for body in bedrock.bodies:
        assert body["toolConfig"]["toolChoice"] == {"any": {}}
        assert body["system"] == [{"text": "Be musical."}]
    await llm.bedrock.aclose()


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (says("I like Yesterday."), "tool call"),
        (says(calls("Song", {}), stop="max_tokens"), "unfinished"),
        (says(calls("Song", {"title": "Yesterday"})), "year"),
    ],
)
async def test_an_answer_that_is_no_object_is_an_error_in_every_way(
    llm: BedrockConverse, bedrock: ScriptedBedrock, answer: Answer, reason: str
) -> None:
    bedrock.script = [answer]
    with pytest.raises(ValueError, match=reason):
        llm.structured_predict(**ABOUT)
    with pytest.raises(ValueError, match=reason):
        await llm.astructured_predict(**ABOUT)
    with pytest.raises(ValueError, match=reason):
        list(llm.stream_structured_predict(**ABOUT))
    stream = await llm.astream_structured_predict(**ABOUT)
    with pytest.raises(ValueError, match=reason):
        [item async for item in stream]
    await llm.bedrock.aclose()


async def test_another_choice_of_the_callers_is_sent_and_its_keywords_are_not_changed(
    llm: BedrockConverse, bedrock: ScriptedBedrock
) -> None:
    bedrock.script = [SONG]
    given = {"tool_choice": "auto", "temperature": 0.5}
    llm.structured_predict(**ABOUT, llm_kwargs=given)
    list(llm.stream_structured_predict(**ABOUT, llm_kwargs=given))
    assert given == {"tool_choice": "auto", "temperature": 0.5}
    for body in bedrock.bodies:
        assert body["toolConfig"]["toolChoice"] == {"auto": {}}
        assert body["inferenceConfig"] == {"temperature": 0.5}


async def test_a_model_without_tools_answers_in_text(make_llm: Make, bedrock: ScriptedBedrock) -> None:
    bedrock.script = [says('{"title": "Yesterday", "year": 1965}')]
    llm = make_llm(is_function_calling_model=False, system_prompt="Be musical.")
    assert await every_way(llm) == [Song(title="Yesterday", year=1965)] * 5
    assert all("toolConfig" not in body for body in bedrock.bodies)
    assert all(body["system"] == [{"text": "Be musical."}] for body in bedrock.bodies)
    await llm.bedrock.aclose()


class Caller(BaseModel):
    """Has a field that no model can write."""

    run: Callable[[], None]


def test_a_class_without_a_json_schema_is_refused(llm: BedrockConverse) -> None:
    with pytest.raises(InvalidRequestError, match="Caller has a field without a JSON schema"):
        llm.structured_predict(Caller, PROMPT, about="time")
