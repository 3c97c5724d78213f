"""Agents and workflows: tools, hand-offs, code, and a context that is saved in the middle and restored."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import io
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from llama_index.core import VectorStoreIndex
from llama_index.core.agent.workflow import (
    AgentOutput,
    AgentStream,
    AgentWorkflow,
    BaseWorkflowAgent,
    CodeActAgent,
    FunctionAgent,
    ReActAgent,
    ToolCallResult,
)
from llama_index.core.llms import ChatMessage
from llama_index.core.memory import ChatMemoryBuffer
from llama_index.core.tools import FunctionTool, QueryEngineTool
from llama_index.core.workflow import Context, HumanResponseEvent, InputRequiredEvent, JsonSerializer
from pydantic import BaseModel
from workflows.context.serializers import PickleSerializer

from bedrock_unified.errors import ThrottlingError
from bedrock_unified.local import Fault

from .rig import WHEN, Rig, calls, documents

MakeRig = Callable[..., Rig]
#: LlamaIndex's agents look at each member of themselves, pydantic's deprecated ones too.
pytestmark = [
    pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecatedSince20"),
    pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecatedSince211"),
    pytest.mark.filterwarnings("ignore:is_running called from within a step:DeprecationWarning"),
]
THOUGHT = {"reasoningContent": {"reasoningText": {"text": "I must look.", "signature": "U0lH"}}}
Agent = BaseWorkflowAgent | AgentWorkflow


def leaving(place: str) -> str:
    """When the ferry leaves a place."""
    return f"The ferry leaves {place} at nine."


async def price(thing: str) -> str:
    """What a thing costs."""
    await asyncio.sleep(0)
    return f"A {thing} costs fourteen pounds."


async def run(agent: Agent, question: str, **given: Any) -> tuple[str, list[Any]]:
    """The answer and the events on the way."""
    handler = agent.run(question, **given)
    events = [event async for event in handler.stream_events()]
    return str(await handler), events


@pytest.mark.parametrize("streaming", [True, False])
async def test_a_function_agent_with_the_stand_in(rig: Rig, streaming: bool) -> None:
    agent = FunctionAgent(tools=[leaving, price], llm=rig.llm, streaming=streaming)
    answer, events = await run(agent, WHEN)
    assert "at nine" in answer
    (result,) = [event for event in events if isinstance(event, ToolCallResult)]
    assert (result.tool_name, result.tool_kwargs) == ("leaving", {"place": "Harwick"})
    pieces = [event.delta for event in events if isinstance(event, AgentStream)]
    assert len(pieces) > 3 if streaming else not pieces
    operation = "ConverseStream" if streaming else "Converse"
    assert {sent.operation for sent in rig.local.requests} == {operation}


@pytest.mark.parametrize("streaming", [True, False])
async def test_parallel_calls_and_thoughts_go_back_in_one_turn_each(
    make_rig: MakeRig, streaming: bool
) -> None:
    both = [THOUGHT, *calls(("leaving", {"place": "Harwick"}), ("price", {"thing": "ticket"}))]
    rig = make_rig(both, "At nine, for fourteen pounds.")
    agent = FunctionAgent(
        tools=[leaving, price], llm=rig.llm, streaming=streaming, allow_parallel_tool_calls=True
    )
    answer, events = await run(agent, WHEN)
    assert answer == "At nine, for fourteen pounds."
    assert len([event for event in events if isinstance(event, ToolCallResult)]) == 2
    question, called, results = rig.asked[1]["messages"]
    assert question["content"] == [{"text": WHEN}] and called["content"] == both
    assert [block["toolResult"]["toolUseId"] for block in results["content"]] == ["t0", "t1"]
    thoughts = "".join(event.thinking_delta or "" for event in events if isinstance(event, AgentStream))
    assert thoughts == ("I must look." if streaming else "")


class Departure(BaseModel):
    """When something leaves a place."""

    place: str
    time: str


async def test_an_agent_answers_with_an_object(make_rig: MakeRig) -> None:
    wanted = Departure(place="Harwick", time="nine")
    rig = make_rig(calls(("leaving", {"place": "Harwick"})), "At nine.", wanted.model_dump_json())
    agent = FunctionAgent(tools=[leaving], llm=rig.llm, output_cls=Departure)
    response = await agent.run(WHEN)
    assert isinstance(response, AgentOutput)
    assert response.get_pydantic_model(Departure) == wanted
    assert "outputConfig" in rig.asked[-1]


async def test_an_agent_remembers(make_rig: MakeRig) -> None:
    rig = make_rig("At nine.", "Fourteen pounds.")
    agent = FunctionAgent(tools=[leaving], llm=rig.llm, system_prompt="You know ferries.")
    memory = ChatMemoryBuffer.from_defaults(llm=rig.llm)
    await run(agent, WHEN, memory=memory)
    await run(agent, "And the price?", memory=memory)
    assert [turn["role"] for turn in rig.asked[-1]["messages"]] == ["user", "assistant", "user"]
    assert rig.asked[-1]["system"] == [{"text": "You know ferries."}]
    rig = make_rig("Still nine.")
    history = [ChatMessage(role="user", content=WHEN), ChatMessage(role="assistant", content="At nine.")]
    await run(FunctionAgent(tools=[leaving], llm=rig.llm), "Sure?", chat_history=history)
    assert len(rig.asked[-1]["messages"]) == 3


@pytest.mark.parametrize("streaming", [True, False])
async def test_a_react_agent_reasons_in_text(make_rig: MakeRig, streaming: bool) -> None:
    rig = make_rig(
        'Thought: I need a tool.\nAction: leaving\nAction Input: {"place": "Harwick"}',
        "Thought: I can answer without using any more tools.\nAnswer: At nine.",
    )
    answer, events = await run(ReActAgent(tools=[leaving], llm=rig.llm, streaming=streaming), WHEN)
    assert answer == "At nine."
    assert [event.tool_name for event in events if isinstance(event, ToolCallResult)] == ["leaving"]
    assert "Observation: The ferry leaves Harwick at nine." in rig.prompts[1]
    assert all("toolConfig" not in body for body in rig.asked)


def execute(code: str) -> str:
    """What the code prints."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(code, {"leaving": leaving})
    return printed.getvalue()


@pytest.mark.parametrize("streaming", [True, False])
async def test_a_code_agent_runs_what_the_model_writes(make_rig: MakeRig, streaming: bool) -> None:
    rig = make_rig(
        "Let me see.\n<execute>\nprint(leaving('Harwick').upper())\n</execute>", "It leaves at nine."
    )
    agent = CodeActAgent(code_execute_fn=execute, tools=[leaving], llm=rig.llm, streaming=streaming)
    answer, _ = await run(agent, WHEN)
    assert answer == "It leaves at nine."
    assert "THE FERRY LEAVES HARWICK AT NINE." in json.dumps(rig.asked[1]["messages"])


async def test_agents_hand_over_and_back_again(make_rig: MakeRig) -> None:
    rig = make_rig(
        calls(("handoff", {"to_agent": "ferries", "reason": "it is about a ferry"})),
        calls(("leaving", {"place": "Harwick"})),
        calls(("handoff", {"to_agent": "front", "reason": "done"})),
        "It leaves at nine.",
    )
    front = FunctionAgent(
        name="front", description="Greets.", system_prompt="Be kind.", llm=rig.llm, can_handoff_to=["ferries"]
    )
    ferries = FunctionAgent(
        name="ferries",
        description="Knows ferries.",
        tools=[leaving],
        system_prompt="Be exact.",
        llm=rig.another(temperature=0),
        can_handoff_to=["front"],
    )
    workflow = AgentWorkflow(agents=[front, ferries], root_agent="front", initial_state={"seen": 1})
    answer, events = await run(workflow, WHEN)
    assert answer == "It leaves at nine."
    named = [event.current_agent_name for event in events if isinstance(event, AgentOutput)]
    assert named == ["front", "ferries", "ferries", "front"]
    systems = [body["system"][0]["text"] for body in rig.asked]
    assert systems == ["Be kind.", "Be exact.", "Be exact.", "Be kind."]
    assert ["inferenceConfig" in body for body in rig.asked] == [False, True, True, False]
    offered = [sorted(tool["toolSpec"]["name"] for tool in body["toolConfig"]["tools"]) for body in rig.asked]
    assert offered == [["handoff"], ["handoff", "leaving"], ["handoff", "leaving"], ["handoff"]]


@pytest.mark.filterwarnings("ignore::workflows.context.state_store.UnserializableKeyWarning")
@pytest.mark.parametrize("kind", [JsonSerializer, PickleSerializer])
async def test_a_workflow_is_saved_in_the_middle_and_goes_on_elsewhere(
    make_rig: MakeRig, kind: type[JsonSerializer]
) -> None:
    async def book(ctx: Context, place: str) -> str:
        """Book a ferry."""
        question = InputRequiredEvent(prefix=f"Book {place}?", user_name="u")  # type: ignore[call-arg]
        answer = await ctx.wait_for_event(
            HumanResponseEvent, waiter_event=question, requirements={"user_name": "u"}
        )
        return f"{place} booked: {answer.response}"

    book.__annotations__["ctx"] = Context  # LlamaIndex reads the class, not its name
    rig = make_rig([THOUGHT, *calls(("book", {"place": "Harwick"}))], "It is booked.")

    def workflow() -> AgentWorkflow:
        booking = FunctionAgent(name="booking", description="Books.", tools=[book], llm=rig.llm)
        return AgentWorkflow(agents=[booking], root_agent="booking")

    # As JSON LlamaIndex saves no memory with a context and says so: its messages are saved beside it.
    first, memory = workflow(), ChatMemoryBuffer.from_defaults(llm=rig.llm)
    handler = first.run("Book me a ferry.", memory=memory)
    async for event in handler.stream_events():
        if isinstance(event, InputRequiredEvent):
            break
    else:
        await handler  # says why it ended
    assert handler.ctx is not None
    saved = json.dumps(handler.ctx.to_dict(serializer=kind()))
    remembered = [message.model_dump_json() for message in memory.get_all()]
    await handler.cancel_run()
    with contextlib.suppress(Exception, asyncio.CancelledError):
        await handler
    pickles = _pickles(saved)
    assert any("chat_memory_buffer" in written for written in pickles) is (kind is PickleSerializer)
    assert not [written for written in (saved, *pickles) if "wJalrXUtnFEMI" in written]
    second = workflow()
    restored = Context.from_dict(second, json.loads(saved), serializer=kind())
    history = [ChatMessage.model_validate_json(message) for message in remembered]
    handler = second.run(ctx=restored)
    assert handler.ctx is not None
    if kind is JsonSerializer:
        await handler.ctx.store.set("memory", ChatMemoryBuffer.from_defaults(history, llm=rig.llm))
    handler.ctx.send_event(HumanResponseEvent(response="yes", user_name="u"))  # type: ignore[call-arg]
    assert str(await handler) == "It is booked."
    _, called, result = rig.asked[-1]["messages"]
    assert called["content"][0] == THOUGHT
    assert result["content"][0]["toolResult"]["content"] == [{"text": "Harwick booked: yes"}]


def _pickles(saved: str) -> list[str]:
    """What stands in a saved context as base64, which is how LlamaIndex writes pickles."""
    found = [text for text in re.findall(r"[A-Za-z0-9+/]{40,}={0,2}", saved) if len(text) % 4 == 0]
    return [base64.b64decode(text).decode("latin-1") for text in found]


async def test_an_index_is_a_tool_among_others(rig: Rig) -> None:
    index = VectorStoreIndex.from_documents(documents(), embed_model=rig.embedding)
    tools = [
        QueryEngineTool.from_defaults(
            index.as_query_engine(llm=rig.llm, similarity_top_k=1),
            name="harbour",
            description="Answers a question about the harbour.",
        ),
        FunctionTool.from_defaults(price),
    ]
    answer, events = await run(FunctionAgent(tools=tools, llm=rig.llm), f"Ask the harbour: {WHEN}")
    assert "nine" in answer
    assert [event.tool_name for event in events if isinstance(event, ToolCallResult)] == ["harbour"]


async def test_a_throttled_agent_waits_and_goes_on_and_one_without_retries_says_so(make_rig: MakeRig) -> None:
    rig = make_rig(faults=[Fault.throttle(1, retry_after=0)])
    answer, _ = await run(FunctionAgent(tools=[leaving], llm=rig.llm), WHEN)
    assert "at nine" in answer
    rig = make_rig(faults=[Fault.throttle(1, retry_after=0)], max_retries=0)
    with pytest.raises(ThrottlingError, match="Too many requests"):
        await FunctionAgent(tools=[leaving], llm=rig.llm).run(WHEN)
