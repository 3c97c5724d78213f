"""Graphs of LangGraph on ``ChatBedrock``: memory, interrupts, streams, what a checkpoint holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, RemoveMessage, ToolMessage
from langchain_core.runnables import RunnableConfig, RunnableLambda
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode, tools_condition
from langgraph.types import Command, interrupt

from bedrock_unified.local import Fault
from langchain_bedrock_unified import ChatBedrock
from langchain_bedrock_unified.errors import ThrottlingError

from .rig import CLAUDE, Block, Colour, MakeRig, calls, run, streamed, text

THREAD: RunnableConfig = {"configurable": {"thread_id": "1"}}


def tide(harbour: str) -> str:
    """The tide at a harbour."""
    return f"The tide at {harbour} is low."


def book(harbour: str) -> str:
    """Book a berth, once a person agrees."""
    return f"Berth at {harbour}: {interrupt({'book': harbour})}"


def graph(model: ChatBedrock, tools: Sequence[Any] = (), **how: Any) -> Any:
    """A model and its tools in turn, until it calls none."""
    bound = model.bind_tools(list(tools)) if tools else model

    def ask(state: MessagesState, config: RunnableConfig) -> dict[str, Any]:
        return {"messages": [bound.invoke(state["messages"], config)]}

    async def aask(state: MessagesState, config: RunnableConfig) -> dict[str, Any]:
        return {"messages": [await bound.ainvoke(state["messages"], config)]}

    builder = StateGraph(MessagesState)
    builder.add_node("model", RunnableLambda(ask, aask))
    builder.add_edge(START, "model")
    if tools:
        builder.add_node("tools", ToolNode(list(tools)))
        builder.add_conditional_edges("model", tools_condition)
        builder.add_edge("tools", "model")
    return builder.compile(**{"checkpointer": InMemorySaver(), **how})


def asks(said: str = "How is the tide at Vell?") -> dict[str, Any]:
    return {"messages": [HumanMessage(said)]}


# Memory


async def test_a_thread_remembers_and_another_does_not(rig: MakeRig, colour: Colour) -> None:
    local = rig(calls(("tide", {"harbour": "Vell"})), text("Low."), text("Vell."), text("Who?"))
    app = graph(local.model(), [tide])
    await run(colour, app, asks(), THREAD)
    await run(colour, app, asks("Which harbour was it?"), THREAD)
    await run(colour, app, asks("Which harbour was it?"), {"configurable": {"thread_id": "2"}})
    assert [len(body["messages"]) for body in local.bodies] == [1, 3, 5, 1]
    history = list(app.get_state_history(THREAD))
    assert [type(m).__name__ for m in history[0].values["messages"]] == [
        "HumanMessage", "AIMessage", "ToolMessage", "AIMessage", "HumanMessage", "AIMessage",
    ]  # fmt: skip


async def test_a_run_goes_on_where_a_throttled_call_stopped_it(rig: MakeRig, colour: Colour) -> None:
    local = rig(calls(("tide", {"harbour": "Vell"})), text("Low."))
    app = graph(local.model(), [tide], interrupt_after=["tools"])
    await run(colour, app, asks(), THREAD)
    local.endpoint.inject(Fault.throttle(times=1))
    with pytest.raises(ThrottlingError) as caught:
        await run(colour, app, None, THREAD)
    assert caught.value.is_retryable
    assert app.get_state(THREAD).next == ("model",)
    assert (await run(colour, app, None, THREAD))["messages"][-1].text == "Low."


async def test_a_thread_can_be_taken_up_at_an_earlier_answer(rig: MakeRig, colour: Colour) -> None:
    local = rig(text("One."), text("Two."), text("Three."))
    app = graph(local.model())
    await run(colour, app, asks("a"), THREAD)
    await run(colour, app, asks("b"), THREAD)
    [first] = [s for s in app.get_state_history(THREAD) if len(s.values["messages"]) == 2 and not s.next]
    await run(colour, app, asks("c"), first.config)
    said = [turn["content"][0]["text"] for turn in local.bodies[-1]["messages"]]
    assert said == ["a", "One.", "c"]


# A person in between


async def test_a_tool_waits_for_a_person(rig: MakeRig, colour: Colour) -> None:
    local = rig(calls(("book", {"harbour": "Vell"}), ("tide", {"harbour": "Mora"})), text("Booked."))
    app = graph(local.model(), [book, tide])
    stopped = await run(colour, app, asks(), THREAD)
    assert stopped["__interrupt__"][0].value == {"book": "Vell"}
    assert len(local.bodies) == 1
    done = await run(colour, app, Command(resume="agreed"), THREAD)
    assert done["messages"][-1].text == "Booked."
    results = [block["toolResult"] for block in local.bodies[1]["messages"][-1]["content"]]
    assert [r["toolUseId"] for r in results] == ["t0", "t1"]
    assert results[0]["content"] == [{"text": "Berth at Vell: agreed"}]


async def test_a_person_may_change_a_call_in_the_state(rig: MakeRig, colour: Colour) -> None:
    local = rig(calls(("tide", {"harbour": "Vell"})), text("Low."))
    app = graph(local.model(), [tide], interrupt_before=["tools"])
    state = await run(colour, app, asks(), THREAD)
    answer = state["messages"][-1]
    changed = [{**answer.tool_calls[0], "args": {"harbour": "Mora"}}]
    app.update_state(THREAD, {"messages": [answer.model_copy(update={"tool_calls": changed})]})
    await run(colour, app, None, THREAD)
    _, said, result = local.bodies[1]["messages"]
    assert said["content"][0]["toolUse"]["input"] == {"harbour": "Mora"}
    assert "Mora" in str(result)


async def test_removed_messages_are_not_sent(rig: MakeRig, colour: Colour) -> None:
    local = rig(text("One."), text("Two."))
    app = graph(local.model())
    state = await run(colour, app, asks("a"), THREAD)
    app.update_state(THREAD, {"messages": [RemoveMessage(id=m.id) for m in state["messages"]]})
    await run(colour, app, asks("b"), THREAD)
    assert [turn["content"] for turn in local.bodies[1]["messages"]] == [[{"text": "b"}]]


# Several calls at once


async def test_results_of_several_calls_are_one_turn_in_their_order(rig: MakeRig, colour: Colour) -> None:
    harbours = ("Vell", "Mora", "Tarn")
    local = rig(calls(*(("tide", {"harbour": harbour}) for harbour in harbours)), text("All low."))
    await run(colour, graph(local.model(), [tide]), asks(), THREAD)
    asked, said, results = local.bodies[1]["messages"]
    assert (asked["role"], said["role"], results["role"]) == ("user", "assistant", "user")
    assert [block["toolUse"]["toolUseId"] for block in said["content"]] == ["t0", "t1", "t2"]
    told = [(r["toolResult"]["toolUseId"], r["toolResult"]["content"][0]["text"]) for r in results["content"]]
    assert told == [(f"t{at}", f"The tide at {name} is low.") for at, name in enumerate(harbours)]


# Streams


@pytest.mark.parametrize("mode", ["values", "updates", "messages", "debug", "tasks", "checkpoints"])
async def test_every_mode_of_streaming(rig: MakeRig, colour: Colour, mode: Any) -> None:
    local = rig(calls(("tide", {"harbour": "Vell"})), text("The tide is low."))
    pieces = await streamed(colour, graph(local.model(), [tide]), asks(), THREAD, stream_mode=mode)
    assert len(pieces) >= 3
    operations = {r.operation for r in local.endpoint.requests}
    assert operations == ({"ConverseStream"} if mode == "messages" else {"Converse"})


async def test_pieces_add_up_to_what_the_checkpoint_holds(rig: MakeRig, colour: Colour) -> None:
    local = rig([*text("Let me see."), *calls(("tide", {"harbour": "Vell"}))], text("The tide is low."))
    app = graph(local.model(), [tide])
    pieces = await streamed(colour, app, asks(), THREAD, stream_mode="messages")
    whole: dict[Any, Any] = {}
    for message, _ in pieces:
        if isinstance(message, AIMessageChunk):
            whole[message.id] = whole[message.id] + message if message.id in whole else message
    kept = [m for m in app.get_state(THREAD).values["messages"] if isinstance(m, AIMessage)]
    assert [m.id for m in kept] == list(whole)
    for message, added in zip(kept, whole.values(), strict=True):
        assert (message.text, message.tool_calls) == (added.text, added.tool_calls)
        assert message.usage_metadata == added.usage_metadata
    results = [m for m in app.get_state(THREAD).values["messages"] if isinstance(m, ToolMessage)]
    assert [r.tool_call_id for r in results] == ["t0"]


async def test_a_stream_that_is_left_leaves_the_thread_usable(rig: MakeRig, colour: Colour) -> None:
    local = rig(text("A long answer that nobody reads. " * 20), text("Short."))
    app = graph(local.model())
    if colour == "sync":
        stream = app.stream(asks("a"), THREAD, stream_mode="messages")
        next(stream)
        stream.close()
    else:
        pieces = app.astream(asks("a"), THREAD, stream_mode="messages")
        await anext(pieces)
        await pieces.aclose()
    assert (await run(colour, app, asks("b"), THREAD))["messages"][-1].text == "Short."


# What a checkpoint holds

REDACTED = b"sealed"
WEB = {"title": "Tides", "location": {"web": {"url": "https://example.org/", "domain": "example.org"}},
       "sourceContent": [{"text": "low"}], "source": "s"}  # fmt: skip
PAGE = {"title": "Chart", "location": {"documentPage": {"documentIndex": 0, "start": 1, "end": 2}}}
KINDS: dict[str, list[Block]] = {
    "signed reasoning": [{"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "c2ln"}}}],
    "redacted reasoning": [{"reasoningContent": {"redactedContent": REDACTED}}],
    "both kinds of it": [
        {"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "c2ln"}}},
        {"reasoningContent": {"redactedContent": REDACTED}},
    ],
    "a server tool and its result": [
        {"toolUse": {"toolUseId": "s1", "name": "nova_grounding", "input": {"q": "tide"},
                     "type": "server_tool_use"}},
        {"toolResult": {"toolUseId": "s1", "content": [{"text": "low"}], "status": "success",
                        "type": "nova_grounding_result"}},
    ],
    "citations": [{"citationsContent": {"content": [{"text": "It is low."}], "citations": [WEB, PAGE]}}],
    "citations beside text": [
        {"text": "So: "},
        {"citationsContent": {"content": [{"text": "It is low."}], "citations": [PAGE]}},
    ],
    "reasoning before a call": [
        {"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "c2ln"}}},
        *calls(("tide", {"harbour": "Vell", "when": {"from_hour": 1, "days": [1.5, None, True]}})),
    ],
}  # fmt: skip


@pytest.mark.parametrize("version", ["v0", "v1"])
@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize("kind", KINDS)
async def test_every_kind_of_block_survives_a_checkpoint_and_goes_back_as_it_came(
    rig: MakeRig, kind: str, streaming: bool, version: str
) -> None:
    content = KINDS[kind] if any("toolUse" in b for b in KINDS[kind][-1:]) else [*KINDS[kind], *text("Low.")]
    local = rig(content, text("Yes."))
    serializer = JsonPlusSerializer(pickle_fallback=False)
    model = local.model(CLAUDE, streaming=streaming, output_version=version)
    app = graph(model, checkpointer=InMemorySaver(serde=serializer))
    state = await run("async", app, asks(), THREAD)
    answer = state["messages"][-1]
    held = app.get_state(THREAD).values["messages"][-1]
    assert held.model_dump() == answer.model_dump()
    assert held.content_blocks == answer.content_blocks
    assert serializer.loads_typed(serializer.dumps_typed(answer)) == answer
    if answer.tool_calls:
        app.update_state(THREAD, {"messages": [ToolMessage("low", tool_call_id="t0")]})
    await run("async", app, asks("Sure?"), THREAD)
    back = local.bodies[1]["messages"][1]["content"]
    assert back == content
