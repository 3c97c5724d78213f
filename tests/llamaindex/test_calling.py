"""What LlamaIndex demands of a call with tools, and what of it may give way."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from llama_index.core.agent.workflow import AgentWorkflow, FunctionAgent, ReActAgent
from llama_index.core.llms import ChatMessage
from llama_index.core.program import FunctionCallingProgram
from llama_index.core.prompts import PromptTemplate
from llama_index.core.tools import FunctionTool
from pydantic import BaseModel

from bedrock_unified import InvalidRequestError
from bedrock_unified.chat.conversation import CapabilityWarning
from llamaindex_bedrock_unified import BedrockConverse

from .scripted import Answer, ScriptedBedrock, Sent, calls, says

Make = Callable[..., BedrockConverse]
LLAMA = "us.meta.llama3-1-70b-instruct-v1:0"
NO_TOOLS = "us.meta.llama3-2-1b-instruct-v1:0"
ONE_ALONE = {"tool_choice": {"type": "auto", "disable_parallel_tool_use": True}}
PROMPT = PromptTemplate("A song about {about}.")


def weather(city: str) -> str:
    """The weather of a city."""
    return f"Sunny in {city}"


TOOLS = [FunctionTool.from_defaults(weather)]
CALL = says(calls("weather", {"city": "Paris"}))


class Song(BaseModel):
    """A song."""

    title: str
    year: int


SONG = says(calls("Song", {"title": "Time", "year": 1973}))


@pytest.mark.parametrize(
    ("model", "given", "sent"),
    [
        ({}, {}, ONE_ALONE),
        ({}, {"allow_parallel_tool_calls": True}, None),
        ({}, {"tool_required": True}, {"tool_choice": {"disable_parallel_tool_use": True}}),
        ({"parallel_tool_calls": True}, {}, None),
        ({"parallel_tool_calls": False}, {"allow_parallel_tool_calls": True}, ONE_ALONE),
        ({"additional_kwargs": {"parallel_tool_calls": True}}, {}, None),
        ({}, {"parallel_tool_calls": True}, None),
        ({}, {"tool_choice": {"type": "auto", "disable_parallel_tool_use": False}}, None),
        (
            {},
            {
                "tool_choice": {"type": "any", "disable_parallel_tool_use": True},
                "allow_parallel_tool_calls": True,
            },
            {"tool_choice": {"disable_parallel_tool_use": True}},
        ),
        ({"model": LLAMA}, {}, None),
    ],
)
async def test_one_call_at_a_time_is_asked_for_where_the_model_can(
    make_llm: Make,
    bedrock: ScriptedBedrock,
    model: dict[str, Any],
    given: dict[str, Any],
    sent: dict[str, Any] | None,
) -> None:
    bedrock.script = [CALL]
    llm = make_llm(**model)
    llm.chat_with_tools(TOOLS, user_msg="?", **given)
    await llm.achat_with_tools(TOOLS, user_msg="?", **given)
    list(llm.stream_chat_with_tools(TOOLS, user_msg="?", **given))
    for body in bedrock.bodies:
        assert body.get("additionalModelRequestFields") == sent
    await llm.bedrock.aclose()


async def test_parallel_calls_are_allowed_by_their_place_among_the_arguments(
    llm: BedrockConverse, bedrock: ScriptedBedrock
) -> None:
    bedrock.script = [says(calls("weather", {"city": "Paris"}), calls("weather", {"city": "Rome"}, "t2"))]
    for allowed in (True, False):
        question = (TOOLS, "?", [ChatMessage("Hello.")], False, allowed)
        streams = [
            list(llm.stream_chat_with_tools(*question)),
            [item async for item in await llm.astream_chat_with_tools(*question)],
        ]
        found = [llm.get_tool_calls_from_response(items[-1]) for items in streams]
        assert [len(each) for each in found] == [2 if allowed else 1] * 2
        assert all(("additionalModelRequestFields" in body) is not allowed for body in bedrock.bodies[-2:])
    await llm.bedrock.aclose()


def test_what_two_places_say_of_parallel_calls_must_agree(
    llm: BedrockConverse, bedrock: ScriptedBedrock
) -> None:
    one = {"type": "any", "disable_parallel_tool_use": True}
    for given in ({"tools": TOOLS}, {"tools": TOOLS, "parallel_tool_calls": False}):
        llm.chat([ChatMessage("?")], tool_choice=one, **given)
        body = bedrock.bodies[-1]
        assert body["toolConfig"]["toolChoice"] == {"any": {}}
        assert body["additionalModelRequestFields"] == {"tool_choice": {"disable_parallel_tool_use": True}}
    with pytest.raises(InvalidRequestError, match="parallel_tool_calls is True, and tool_choice says"):
        llm.chat([ChatMessage("?")], tools=TOOLS, tool_choice=one, parallel_tool_calls=True)


def test_a_refused_wish_for_one_call_is_kept_by_leaving_out_the_others(
    make_llm: Make, bedrock: ScriptedBedrock
) -> None:
    refusal = says(
        "Malformed input request: #/tool_choice: extraneous key [disable_parallel_tool_use] is not permitted",
        status=400,
        error="ValidationException",
    )

    def refuses(sent: Sent) -> Answer:
        return refusal if "disable_parallel_tool_use" in json.dumps(sent.body) else both

    both = says(calls("weather", {"city": "Paris"}, "t1"), calls("weather", {"city": "Rome"}, "t2"))
    bedrock.script = [refuses]
    llm = make_llm()
    with pytest.warns(CapabilityWarning, match="one tool call at a time"):
        response = llm.chat_with_tools(TOOLS, user_msg="?")
    assert [call.tool_id for call in llm.get_tool_calls_from_response(response)] == ["t1"]
    llm.chat_with_tools(TOOLS, user_msg="?")
    assert len(bedrock.bodies) == 3
    with pytest.raises(InvalidRequestError, match="disable_parallel_tool_use"):
        make_llm(parallel_tool_calls=False).chat_with_tools(TOOLS, user_msg="?")


async def test_a_demand_that_is_checked_afterwards_gives_way_and_one_of_the_callers_does_not(
    make_llm: Make, bedrock: ScriptedBedrock
) -> None:
    bedrock.script = [CALL]
    llm = make_llm(model=LLAMA)
    assert str(llm.predict_and_call(TOOLS, user_msg="?", tool_required=True)) == "Sunny in Paris"
    assert str(await llm.apredict_and_call(TOOLS, user_msg="?", tool_required=True)) == "Sunny in Paris"
    assert all("toolChoice" not in body["toolConfig"] for body in bedrock.bodies)
    told: list[dict[str, Any]] = [{"tool_required": True}, {"tool_choice": "any"}, {"tool_choice": "weather"}]
    for given in told:
        with pytest.raises(InvalidRequestError, match="does not take the tool choice"):
            llm.chat_with_tools(TOOLS, user_msg="?", **given)
    with pytest.raises(InvalidRequestError, match="does not take the tool choice"):
        llm.predict_and_call(TOOLS, user_msg="?", tool_choice="any", tool_required=True)
    with pytest.raises(InvalidRequestError, match="does not take the tool choice"):
        llm.predict_and_call(TOOLS, user_msg="?", tool_required=True, error_on_no_tool_call=False)
    await llm.bedrock.aclose()


def test_a_demand_that_is_checked_afterwards_gives_way_to_thinking(
    make_llm: Make, bedrock: ScriptedBedrock
) -> None:
    bedrock.script = [CALL]
    llm = make_llm(reasoning=1024, max_tokens=3000)
    assert str(llm.predict_and_call(TOOLS, user_msg="?", tool_required=True)) == "Sunny in Paris"
    assert bedrock.bodies[-1]["toolConfig"].get("toolChoice", {"auto": {}}) == {"auto": {}}
    with pytest.raises(InvalidRequestError, match="cannot reason and be forced"):
        llm.chat_with_tools(TOOLS, user_msg="?", tool_required=True)


async def test_llamaindexs_own_program_runs_on_models_that_cannot_be_forced(
    make_llm: Make, bedrock: ScriptedBedrock
) -> None:
    bedrock.script = [SONG]
    program = FunctionCallingProgram.from_defaults(Song, llm=make_llm(model=LLAMA), prompt=PROMPT)
    assert program(about="time") == Song(title="Time", year=1973)
    assert list(program.stream_call(about="time"))[-1] == Song(title="Time", year=1973)


def test_a_model_is_described_as_one_that_calls_tools_if_it_is_not_known_not_to(make_llm: Make) -> None:
    assert make_llm().metadata.is_function_calling_model
    assert make_llm(model="acme.brand-new-v1:0").metadata.is_function_calling_model
    assert not make_llm(model=NO_TOOLS).metadata.is_function_calling_model
    assert make_llm(model=NO_TOOLS, capabilities={"tools": True}).metadata.is_function_calling_model
    assert make_llm(model=NO_TOOLS, is_function_calling_model=True).metadata.is_function_calling_model
    assert not make_llm(model_family="llama3-2-1b").metadata.is_function_calling_model


@pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecatedSince20")
@pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecatedSince211")
async def test_a_model_without_tools_reasons_and_acts_in_text(
    make_llm: Make, bedrock: ScriptedBedrock
) -> None:
    act = 'Thought: I look.\nAction: weather\nAction Input: {"city": "Paris"}\n'
    bedrock.script = [says(act)]
    llm = make_llm(model=NO_TOOLS)
    assert str(llm.predict_and_call(TOOLS, user_msg="?")) == "Sunny in Paris"
    assert all("toolConfig" not in body for body in bedrock.bodies)
    workflow = AgentWorkflow.from_tools_or_functions([weather], llm=llm)
    assert isinstance(next(iter(workflow.agents.values())), ReActAgent)
    workflow = AgentWorkflow.from_tools_or_functions([weather], llm=make_llm())
    assert isinstance(next(iter(workflow.agents.values())), FunctionAgent)
    await llm.bedrock.aclose()
