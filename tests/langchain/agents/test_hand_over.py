"""Several agents that hand a conversation to each other, on models of different families."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from langchain.agents import create_agent
from langchain.tools import InjectedState, InjectedToolCallId, tool
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import StructuredTool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import Command, Send

from bedrock_unified import CapabilityWarning
from bedrock_unified.local import Fault

from .rig import CLAUDE, LLAMA, NOVA, Colour, MakeRig, calls, run, streamed, text

THREAD: Any = {"configurable": {"thread_id": "1"}}
REASONING = {"reasoningContent": {"reasoningText": {"text": "The pilot knows.", "signature": "c2ln"}}}


def hand_over(name: str) -> Any:
    """A tool that gives the conversation to another agent of the graph."""

    @tool(f"to_{name}", description=f"Hand over to the {name}.")
    def to_other(
        state: Annotated[dict[str, Any], InjectedState], tool_call_id: Annotated[str, InjectedToolCallId]
    ) -> Command[Any]:
        told = ToolMessage(f"The {name} has it now.", name=f"to_{name}", tool_call_id=tool_call_id)
        return Command(goto=name, graph=Command.PARENT, update={"messages": [*state["messages"], told]})

    return to_other


def tide(harbour: str) -> str:
    """The tide at a harbour."""
    return f"The tide at {harbour} is low."


def crew(local: Any, pilot: str = NOVA) -> Any:
    clerk = create_agent(local.model(CLAUDE), [hand_over("pilot")], system_prompt="Clerk.", name="clerk")
    helm = create_agent(local.model(pilot), [tide, hand_over("clerk")], system_prompt="Pilot.", name="pilot")
    builder = StateGraph(MessagesState)
    builder.add_node("clerk", clerk, destinations=("pilot",))
    builder.add_node("pilot", helm, destinations=("clerk",))
    builder.add_edge(START, "clerk")
    return builder.compile(checkpointer=InMemorySaver())


def asks(said: str = "How is the tide at Vell?") -> dict[str, Any]:
    return {"messages": [HumanMessage(said)]}


async def test_an_agent_hands_over_to_one_of_another_family(rig: MakeRig, colour: Colour) -> None:
    local = rig(
        [REASONING, *calls(("to_pilot", {}))], calls(("tide", {"harbour": "Vell"})), text("It is low.")
    )
    result = await run(colour, crew(local), asks(), THREAD)
    assert [m.type for m in result["messages"]] == ["human", "ai", "tool", "ai", "tool", "ai"]
    assert [m.response_metadata["model_name"] for m in result["messages"] if m.type == "ai"] == [
        CLAUDE,
        NOVA,
        NOVA,
    ]
    clerk, pilot, last = local.endpoint.requests
    assert [b["text"] for b in pilot.body["system"]] == ["Pilot."]
    assert [b["text"] for b in clerk.body["system"]] == ["Clerk."]
    # Each call of a tool has its result, in the turn behind it, as Bedrock demands.
    for body in (pilot.body, last.body):
        roles = [turn["role"] for turn in body["messages"]]
        assert roles == ["user", "assistant"] * (len(roles) // 2) + ["user"]
    assert pilot.body["messages"][1]["content"][0] == REASONING  # it may be read by the other, too


async def test_reasoning_that_the_other_family_refuses_does_not_stop_the_hand_over(
    rig: MakeRig, colour: Colour
) -> None:
    refusal = (
        "This model doesn't support the reasoningContent.reasoningText.signature field. Remove "
        "reasoningContent.reasoningText.signature and try again."
    )
    local = rig(
        [REASONING, *calls(("to_pilot", {}))],
        text("It is low."),
        faults=[Fault.error("ValidationException", refusal, times=1, model=NOVA)],
    )
    with pytest.warns(CapabilityWarning, match="refused signed reasoning"):
        result = await run(colour, crew(local), asks(), THREAD)
    assert result["messages"][-1].text == "It is low."
    unsigned = {"reasoningContent": {"reasoningText": {"text": "The pilot knows."}}}
    assert local.bodies[-1]["messages"][1]["content"][0] == unsigned


async def test_back_and_forth_and_a_second_question(rig: MakeRig, colour: Colour) -> None:
    local = rig(
        [REASONING, *calls(("to_pilot", {}))],
        [{"toolUse": {"toolUseId": "b0", "name": "to_clerk", "input": {}}}],
        text("The pilot says low."),
        text("You are welcome."),
    )
    app = crew(local)
    await run(colour, app, asks(), THREAD)
    result = await run(colour, app, asks("Thanks."), THREAD)
    assert result["messages"][-1].text == "You are welcome."
    # The clerk's own reasoning is before it again, where it was.
    said = local.bodies[2]["messages"][1]["content"]
    assert said[0] == REASONING and "toolUse" in said[1]


async def test_pieces_of_agents_within_a_graph(rig: MakeRig, colour: Colour) -> None:
    local = rig(calls(("to_pilot", {})), text("It is low."))
    pieces = await streamed(
        colour, crew(local, LLAMA), asks(), THREAD, stream_mode="messages", subgraphs=True
    )
    said = "".join(
        message.text
        for place, (message, metadata) in pieces
        if place and place[0].startswith("pilot") and metadata["langgraph_node"] == "model"
    )
    assert said == "It is low."


async def test_an_agent_as_another_ones_tool(rig: MakeRig, colour: Colour) -> None:
    local = rig(
        calls(("ask_pilot", {"question": "tide at Vell?"})), text("Low."), text("The pilot says low.")
    )
    pilot: Any = create_agent(local.model(NOVA), [])

    async def aask(question: str) -> str:
        """Ask the pilot."""
        return (await pilot.ainvoke(asks(question)))["messages"][-1].text

    def ask(question: str) -> str:
        """Ask the pilot."""
        return pilot.invoke(asks(question))["messages"][-1].text

    asking = StructuredTool.from_function(ask, aask, name="ask_pilot")
    result = await run(colour, create_agent(local.model(), [asking]), asks())
    assert result["messages"][-1].text == "The pilot says low."
    assert [r.model_id for r in local.endpoint.requests] == [CLAUDE, NOVA, CLAUDE]


async def test_many_agents_at_once(rig: MakeRig, colour: Colour) -> None:
    local = rig()
    model = local.model(NOVA)

    def one(state: Any) -> dict[str, Any]:
        return {"messages": [model.invoke(state["messages"])]}

    async def aone(state: Any) -> dict[str, Any]:
        return {"messages": [await model.ainvoke(state["messages"])]}

    builder = StateGraph(MessagesState)
    builder.add_node("one", RunnableLambda(one, aone))
    builder.add_conditional_edges(START, lambda state: [Send("one", asks(f"Word {at}.")) for at in range(8)])
    result = await run(colour, builder.compile(), {"messages": []})
    assert len(result["messages"]) == 8 and len(local.bodies) == 8
