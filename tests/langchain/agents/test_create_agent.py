"""LangChain's ``create_agent`` on ``ChatBedrock``: tools, structured answers, streams, middleware."""

from __future__ import annotations

from typing import Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import (
    ClearToolUsesEdit,
    ContextEditingMiddleware,
    HumanInTheLoopMiddleware,
    LLMToolSelectorMiddleware,
    ModelFallbackMiddleware,
    ModelRetryMiddleware,
    SummarizationMiddleware,
)
from langchain.agents.structured_output import ProviderStrategy, ToolStrategy
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, ToolMessage
from langchain_core.tools import ToolException, tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command
from pydantic import BaseModel

from bedrock_unified.local import Fault
from langchain_bedrock_unified.errors import InvalidRequestError, ThrottlingError
from langchain_bedrock_unified.middleware import BedrockGuardrailMiddleware, BedrockPromptCachingMiddleware

from .rig import LLAMA, NOVA, Colour, MakeRig, calls, run, streamed, text

THREAD: Any = {"configurable": {"thread_id": "1"}}


def tide(harbour: str) -> str:
    """The tide at a harbour."""
    return f"The tide at {harbour} is low."


def hour(harbour: str) -> str:
    """The hour at which a harbour closes."""
    return f"The harbour {harbour} closes at nine."


class Departure(BaseModel):
    """When a ship leaves."""

    harbour: str
    hour: int


def asks(said: str = "How is the tide at Vell?") -> dict[str, Any]:
    return {"messages": [HumanMessage(said)]}


# Tools


@pytest.mark.parametrize("model_id", [None, NOVA])
async def test_the_stand_in_calls_a_tool_and_answers_from_it(
    rig: MakeRig, colour: Colour, model_id: str | None
) -> None:
    local = rig()
    model = local.model(model_id) if model_id else local.model()
    agent = create_agent(model, [tide, hour], system_prompt="You are a harbour guide.")
    question, call, result, answer = (await run(colour, agent, asks()))["messages"]
    assert [(c["name"], c["args"]) for c in call.tool_calls] == [("tide", {"harbour": "Vell"})]
    assert isinstance(result, ToolMessage) and result.tool_call_id == call.tool_calls[0]["id"]
    assert "low" in answer.text and answer.usage_metadata["total_tokens"] > 0
    first, second = local.bodies
    assert first["system"] == [{"text": "You are a harbour guide."}]
    assert [turn["role"] for turn in second["messages"]] == ["user", "assistant", "user"]
    assert second["toolConfig"] == first["toolConfig"]
    assert question.text


async def test_a_tool_that_fails_tells_the_model_so(rig: MakeRig, colour: Colour) -> None:
    @tool
    def broken() -> str:
        """Always fails."""
        raise ToolException("the gauge is broken")

    broken.handle_tool_error = True
    local = rig(calls(("broken", {})), text("I do not know."))
    agent = create_agent(local.model(), [broken])
    await run(colour, agent, asks())
    [block] = local.bodies[1]["messages"][-1]["content"]
    assert block["toolResult"]["status"] == "error"
    assert block["toolResult"]["content"] == [{"text": "the gauge is broken"}]


# Structured answers


@pytest.mark.parametrize("how", ["native", "chosen for it", "by tool"])
async def test_a_structured_response_beside_tools(rig: MakeRig, colour: Colour, how: str) -> None:
    value = {"harbour": "Vell", "hour": 9}
    said = calls(("Departure", value)) if how == "by tool" else text('{"harbour": "Vell", "hour": 9}')
    local = rig(calls(("hour", {"harbour": "Vell"})), said)
    formats: dict[str, Any] = {
        "native": ProviderStrategy(Departure),
        "chosen for it": Departure,
        "by tool": ToolStrategy(Departure),
    }
    agent = create_agent(local.model(), [hour], response_format=formats[how])
    result = await run(colour, agent, asks())
    assert result["structured_response"] == Departure(harbour="Vell", hour=9)
    for body in local.bodies:
        names = [tool["toolSpec"]["name"] for tool in body["toolConfig"]["tools"]]
        if how == "by tool":
            assert names == ["hour", "Departure"] and body["toolConfig"]["toolChoice"] == {"any": {}}
            assert "outputConfig" not in body
        else:
            assert names == ["hour"] and "toolChoice" not in body["toolConfig"]
            assert body["outputConfig"]["textFormat"]["type"] == "json_schema"


async def test_a_model_without_native_schemas_gets_a_tool_for_it(rig: MakeRig, colour: Colour) -> None:
    local = rig(calls(("Departure", {"harbour": "Vell", "hour": 9})))
    agent = create_agent(local.model(NOVA), [hour], response_format=Departure)
    assert (await run(colour, agent, asks()))["structured_response"].hour == 9
    assert local.bodies[0]["toolConfig"]["toolChoice"] == {"any": {}}


REASONING_37: Any = {"model_id": "us.anthropic.claude-3-7-sonnet-20250219-v1:0", "reasoning": 1024}
UNFORCED = pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"model_id": LLAMA}, "does not take the tool choice 'any'"),
        (REASONING_37, "cannot reason and be forced"),
        ({"reasoning": "low"}, "cannot reason and be forced"),
    ],
)


@UNFORCED
@pytest.mark.parametrize("how", [ToolStrategy(Departure), Departure])
async def test_a_model_that_cannot_be_forced_is_offered_the_tool_of_the_agents_schema(
    rig: MakeRig, colour: Colour, given: dict[str, Any], says: str, how: Any
) -> None:
    native = how is Departure and given == {"reasoning": "low"}
    value = {"harbour": "Vell", "hour": 9}
    said = text('{"harbour": "Vell", "hour": 9}') if native else calls(("Departure", value))
    local = rig(calls(("hour", {"harbour": "Vell"})), said)
    agent = create_agent(local.model(**given), [hour], response_format=how)
    assert (await run(colour, agent, asks()))["structured_response"] == Departure(harbour="Vell", hour=9)
    for body in local.bodies:
        assert body["toolConfig"].get("toolChoice", {"auto": {}}) == {"auto": {}}
        assert ("outputConfig" in body) is native


@UNFORCED
async def test_a_choice_that_somebody_made_is_an_error_where_the_model_cannot_be_forced(
    rig: MakeRig, colour: Colour, given: dict[str, Any], says: str
) -> None:
    local = rig()
    model = local.model(**given)
    for forced in (
        model.bind_tools([hour], tool_choice="any"),
        model.bind_tools([Departure], tool_choice="any"),
        model.bind_tools([hour, Departure], tool_choice={"any": {}}),
    ):
        with pytest.raises(InvalidRequestError, match=says) as caught:
            await run(colour, forced, asks()["messages"])
        assert caught.value.hint and not local.bodies


async def test_a_wrong_structured_call_is_answered_and_made_again(rig: MakeRig, colour: Colour) -> None:
    local = rig(
        calls(("Departure", {"harbour": "Vell"})), calls(("Departure", {"harbour": "Vell", "hour": 9}))
    )
    agent = create_agent(local.model(), [], response_format=ToolStrategy(Departure))
    assert (await run(colour, agent, asks()))["structured_response"].hour == 9
    [answered] = local.bodies[1]["messages"][-1]["content"]
    assert "hour" in answered["toolResult"]["content"][0]["text"]


# Streams


async def test_values_and_updates(rig: MakeRig, colour: Colour) -> None:
    script = (calls(("tide", {"harbour": "Vell"})), text("It is low."))
    agent = create_agent(rig(*script).model(), [tide])
    states = await streamed(colour, agent, asks(), stream_mode="values")
    assert [len(state["messages"]) for state in states] == [1, 2, 3, 4]
    agent = create_agent(rig(*script).model(), [tide])
    updates = await streamed(colour, agent, asks(), stream_mode="updates")
    assert [list(update) for update in updates] == [["model"], ["tools"], ["model"]]


async def test_messages_are_the_models_pieces(rig: MakeRig, colour: Colour) -> None:
    local = rig(
        [*text("Let me see."), *calls(("tide", {"harbour": "Vell"}), ("hour", {"harbour": "Vell"}))],
        text("It is low, and the harbour closes at nine."),
    )
    agent = create_agent(local.model(), [tide, hour])
    pieces = await streamed(colour, agent, asks(), stream_mode="messages")
    whole: dict[str, AIMessageChunk] = {}
    for message, metadata in pieces:
        if isinstance(message, AIMessageChunk):
            assert metadata["langgraph_node"] == "model" and metadata["ls_provider"] == "amazon_bedrock"
            known = whole.get(str(message.id))
            whole[str(message.id)] = message if known is None else known + message
    asked, answered = whole.values()
    assert [(c["name"], c["args"], c["id"]) for c in asked.tool_calls] == [
        ("tide", {"harbour": "Vell"}, "t0"),
        ("hour", {"harbour": "Vell"}, "t1"),
    ]
    assert asked.text == "Let me see." and answered.text == "It is low, and the harbour closes at nine."
    assert answered.chunk_position == "last" and answered.usage_metadata
    assert sum(isinstance(message, ToolMessage) for message, _ in pieces) == 2
    assert all(r.operation == "ConverseStream" for r in local.endpoint.requests)


async def test_several_modes_at_once(rig: MakeRig, colour: Colour) -> None:
    agent = create_agent(rig(text("Good day.")).model(), [])
    pieces = await streamed(colour, agent, asks(), stream_mode=["values", "updates", "messages"])
    assert {mode for mode, _ in pieces} == {"values", "updates", "messages"}
    said = "".join(piece[0].text for mode, piece in pieces if mode == "messages")
    last = [piece for mode, piece in pieces if mode == "values"][-1]["messages"][-1]
    assert said == last.text == "Good day."


# Middleware


async def test_our_middleware_together(rig: MakeRig, colour: Colour) -> None:
    local = rig(text("Write to ann@example.org."))
    guard = BedrockGuardrailMiddleware(
        guardrail_identifier="localguardrail", guardrail_version=1, **local.connection
    )
    agent = create_agent(
        local.model(),
        [tide],
        system_prompt="Answer kindly. " * 3000,
        middleware=[BedrockPromptCachingMiddleware(ttl="1h"), guard],
    )
    answer = (await run(colour, agent, asks("Who?")))["messages"][-1]
    assert answer.text == "Write to {EMAIL}."
    assert local.bodies[0]["system"][-1] == {"cachePoint": {"type": "default", "ttl": "1h"}}
    await guard.guardrail.bedrock.aclose()
    await guard._judge.bedrock.aclose()


async def test_another_model_answers_where_the_first_is_throttled(rig: MakeRig, colour: Colour) -> None:
    local = rig(faults=[Fault.throttle(times=None, model=LLAMA)])
    agent = create_agent(local.model(LLAMA), [tide], middleware=[ModelFallbackMiddleware(local.model(NOVA))])
    answer = (await run(colour, agent, asks()))["messages"][-1]
    assert answer.response_metadata["model_name"] == NOVA


async def test_a_retry_by_kind(rig: MakeRig, colour: Colour) -> None:
    local = rig(text("Good day."), faults=[Fault.throttle(times=1)])
    again = ModelRetryMiddleware(max_retries=1, retry_on=(ThrottlingError,), initial_delay=0, jitter=False)
    answer = (await run(colour, create_agent(local.model(), [], middleware=[again]), asks()))["messages"][-1]
    assert answer.text == "Good day."


async def test_a_person_approves_a_call_first(rig: MakeRig, colour: Colour) -> None:
    local = rig(calls(("tide", {"harbour": "Vell"})), text("It is low."))
    agent = create_agent(
        local.model(),
        [tide],
        middleware=[HumanInTheLoopMiddleware(interrupt_on={"tide": True})],
        checkpointer=InMemorySaver(),
    )
    stopped = await run(colour, agent, asks(), THREAD)
    [asked] = stopped["__interrupt__"][0].value["action_requests"]
    assert (asked["name"], asked["args"]) == ("tide", {"harbour": "Vell"})
    edit = {"type": "edit", "edited_action": {"name": "tide", "args": {"harbour": "Mora"}}}
    done = await run(colour, agent, Command(resume={"decisions": [edit]}), THREAD)
    assert done["messages"][-1].text == "It is low."
    results = local.bodies[1]["messages"][-1]
    assert "Mora" in str(results["content"][0]["toolResult"]["content"])


async def test_a_selector_of_tools_asks_our_model_for_a_structured_answer(
    rig: MakeRig, colour: Colour
) -> None:
    local = rig(text('{"tools": ["tide"]}'), text("Good day."))
    chooser = LLMToolSelectorMiddleware(max_tools=1)
    await run(colour, create_agent(local.model(), [tide, hour], middleware=[chooser]), asks())
    assert [tool["toolSpec"]["name"] for tool in local.bodies[1]["toolConfig"]["tools"]] == ["tide"]


async def test_old_results_are_cleared_by_our_own_count(rig: MakeRig, colour: Colour) -> None:
    local = rig(text("Good day."))
    history = [HumanMessage("a")]
    for at in range(4):
        call = {"name": "tide", "args": {"harbour": "Vell"}, "id": f"t{at}", "type": "tool_call"}
        history += [AIMessage("", tool_calls=[call]), ToolMessage("low " * 200, tool_call_id=f"t{at}")]
    editing = ContextEditingMiddleware(
        edits=[ClearToolUsesEdit(trigger=500, keep=1)], token_count_method="model"
    )
    await run(colour, create_agent(local.model(), [tide], middleware=[editing]), {"messages": history})
    results = [
        block["toolResult"]["content"][0]["text"]
        for turn in local.bodies[-1]["messages"]
        for block in turn["content"]
        if "toolResult" in block
    ]
    assert results[:3] == ["[cleared]"] * 3 and results[3].startswith("low")
    assert "CountTokens" in [r.operation for r in local.endpoint.requests]


async def test_a_long_history_is_summed_up(rig: MakeRig, colour: Colour) -> None:
    local = rig(text("They spoke of tides."), text("Good day."))
    history = [HumanMessage("a") if at % 2 == 0 else AIMessage("b") for at in range(9)]
    summing = SummarizationMiddleware(local.model(), trigger=("messages", 8), keep=("messages", 1))
    await run(colour, create_agent(local.model(), [], middleware=[summing]), {"messages": history})
    said = str(local.bodies[1]["messages"])
    assert "They spoke of tides." in said and len(local.bodies[1]["messages"]) < 4


@pytest.mark.parametrize("version", ["v0", "v1"])
@pytest.mark.parametrize("how", ["native", "by tool"])
async def test_a_structured_response_with_middleware_and_every_kind_of_stream_at_once(
    rig: MakeRig, colour: Colour, how: str, version: str
) -> None:
    value = {"harbour": "Vell", "hour": 9}
    said = calls(("Departure", value)) if how == "by tool" else text('{"harbour": "Vell", "hour": 9}')
    local = rig([*text("Let me see."), *calls(("hour", {"harbour": "Vell"}))], said)
    guard = BedrockGuardrailMiddleware(
        guardrail_identifier="localguardrail", guardrail_version=1, **local.connection
    )
    agent = create_agent(
        local.model(output_version=version),
        [hour],
        system_prompt="Answer kindly. " * 3000,
        middleware=[BedrockPromptCachingMiddleware(), guard, ModelRetryMiddleware(max_retries=1)],
        response_format=ToolStrategy(Departure) if how == "by tool" else ProviderStrategy(Departure),
        checkpointer=InMemorySaver(),
    )
    pieces = await streamed(colour, agent, asks(), THREAD, stream_mode=["values", "updates", "messages"])
    last = [piece for mode, piece in pieces if mode == "values"][-1]
    assert last["structured_response"] == Departure(harbour="Vell", hour=9)
    assert [next(iter(piece)) for mode, piece in pieces if mode == "updates"].count("model") == 2
    whole: dict[str, AIMessageChunk] = {}
    for piece in (piece for mode, piece in pieces if mode == "messages"):
        message = piece[0]
        if isinstance(message, AIMessageChunk):
            known = whole.get(str(message.id))
            whole[str(message.id)] = message if known is None else known + message
    first, second = whole.values()
    assert first.text == "Let me see." and [call["name"] for call in first.tool_calls] == ["hour"]
    assert second.tool_calls if how == "by tool" else second.text == '{"harbour": "Vell", "hour": 9}'
    for body in local.bodies:
        assert body["system"][-1] == {"cachePoint": {"type": "default"}}
        assert ("outputConfig" in body) is (how == "native")
    assert [r.operation for r in local.endpoint.requests].count("ApplyGuardrail") >= 3
    for one in (guard.guardrail, guard._judge):
        await one.bedrock.aclose()
