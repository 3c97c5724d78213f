"""A run that one process stops for a person, and another one takes up: nothing of a turn is lost."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware
from langchain_core.messages import AIMessage, HumanMessage, messages_from_dict, messages_to_dict
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from .rig import CLAUDE, MakeRig, calls, text

CLONE = Path(__file__).parents[3]
THREAD: Any = {"configurable": {"thread_id": "1"}}
#: An answer whose every part has to go back as it came.
ASKED: list[dict[str, Any]] = [
    {"reasoningContent": {"reasoningText": {"text": "A berth is asked for.", "signature": "c2ln"}}},
    {"reasoningContent": {"redactedContent": b"\x00sealed\xff"}},
    {"text": "I will book it."},
    *calls(("book", {"harbour_name": "Vell", "Berth": [1, None]})),
]
#: The other process: it knows the endpoint and the state, and how the agent is made.
OTHER = """
import json, pickle, sys
from langgraph.types import Command
from tests.langchain.agents.test_another_process import agent_of, model_at, saver_with
url, file, decision = sys.argv[1:]
state = open(file, "rb").read()
agent = agent_of(model_at(url), saver_with(state))
found = agent.get_state({"configurable": {"thread_id": "1"}})
resumed = Command(resume={"decisions": [json.loads(decision)]})
answer = agent.invoke(resumed, {"configurable": {"thread_id": "1"}})["messages"][-1]
print(json.dumps([found.interrupts[0].value["action_requests"][0]["args"], answer.text]))
"""


def book(harbour_name: str, Berth: list[Any]) -> str:
    """Book a berth."""
    return f"A berth at {harbour_name} is booked."


def model_at(url: str) -> Any:
    from langchain_bedrock_unified import ChatBedrock

    return ChatBedrock(model=CLAUDE, region_name="us-east-1", endpoint_url=url, max_retries=0)


def agent_of(model: Any, saver: InMemorySaver) -> Any:
    approve = HumanInTheLoopMiddleware(interrupt_on={"book": True})
    return create_agent(model, [book], middleware=[approve], checkpointer=saver)


def written(saver: InMemorySaver) -> bytes:
    """All that a saver holds; the checkpoints in it are serialised already, as those in a database."""
    storage = {
        thread: {place: dict(kept) for place, kept in held.items()} for thread, held in saver.storage.items()
    }
    return pickle.dumps((storage, dict(saver.writes), dict(saver.blobs)))


def saver_with(state: bytes) -> InMemorySaver:
    saver = InMemorySaver()
    storage, writes, blobs = pickle.loads(state)
    for thread, held in storage.items():
        saver.storage[thread].update(held)
    saver.writes.update(writes)
    saver.blobs.update(blobs)
    return saver


EDITED = {"name": "book", "args": {"harbour_name": "Oslo", "Berth": [2]}}


@pytest.mark.parametrize(
    ("decision", "result"),
    [
        ({"type": "approve"}, "A berth at Vell is booked."),
        ({"type": "edit", "edited_action": EDITED}, "A berth at Oslo is booked."),
        ({"type": "reject", "message": "Too dear."}, "Too dear."),
    ],
)
async def test_a_person_decides_in_another_process(
    rig: MakeRig, tmp_path: Path, decision: dict[str, Any], result: str
) -> None:
    local = rig(ASKED, text("Done."))
    saver = InMemorySaver()
    agent = agent_of(local.model(reasoning="low"), saver)
    stopped = await agent.ainvoke({"messages": [HumanMessage("Book a berth at Vell.")]}, THREAD)
    assert "__interrupt__" in stopped
    state = tmp_path / "state"
    state.write_bytes(written(saver))
    environment = {
        **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
        **local.endpoint.environment(),
        "PYTHONPATH": os.pathsep.join([str(CLONE / "shared"), str(CLONE)]),
        "LANGSMITH_TRACING": "false",
    }
    done = subprocess.run(
        [sys.executable, "-c", OTHER, local.endpoint.url, str(state), json.dumps(decision)],
        env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [{"harbour_name": "Vell", "Berth": [1, None]}, "Done."]
    question, turn, answered = local.bodies[-1]["messages"]
    assert question["content"] == [{"text": "Book a berth at Vell."}]
    assert turn["content"][:-1] == ASKED[:-1]
    if decision["type"] != "edit":  # whose call LangChain's releases write down differently
        assert turn["content"] == ASKED
    [outcome] = answered["content"]
    assert outcome["toolResult"]["content"][0]["text"].endswith(result)
    assert (outcome["toolResult"].get("status") == "error") is (decision["type"] == "reject")


@pytest.mark.parametrize("version", ["v0", "v1"])
@pytest.mark.parametrize("streamed", [False, True])
async def test_a_state_of_json_goes_back_as_it_came(rig: MakeRig, version: str, streamed: bool) -> None:
    """As an application keeps it that has its own database."""
    local = rig(ASKED, text("Done."))
    model = local.model(output_version=version)
    history: list[Any] = [HumanMessage("Book a berth at Vell.")]
    if streamed:
        whole: Any = None
        async for chunk in model.astream(history):
            whole = chunk if whole is None else whole + chunk
        history.append(whole)
    else:
        history.append(await model.ainvoke(history))
    kept = json.loads(json.dumps(messages_to_dict(history)))
    again = messages_from_dict(kept)
    assert isinstance(again[1], AIMessage) and again[1].tool_calls == history[1].tool_calls
    answer = {"role": "tool", "tool_call_id": "t0", "content": "ok"}
    await model.ainvoke([*again, answer])
    assert local.bodies[-1]["messages"][1]["content"] == ASKED


async def test_a_graph_stopped_twice_goes_on_with_what_was_decided(rig: MakeRig) -> None:
    local = rig(ASKED, ASKED, text("Done."))
    saver = InMemorySaver()
    agent = agent_of(local.model(), saver)
    await agent.ainvoke({"messages": [HumanMessage("Book two.")]}, THREAD)
    for _ in range(2):
        agent = agent_of(local.model(), saver_with(written(saver)))  # a new process each time
        saver = agent.checkpointer
        answer = await agent.ainvoke(Command(resume={"decisions": [{"type": "approve"}]}), THREAD)
    assert answer["messages"][-1].text == "Done."
    assert [len(body["messages"]) for body in local.bodies] == [1, 3, 5]
