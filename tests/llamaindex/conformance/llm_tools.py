"""An LLM that calls tools: by itself, and in LlamaIndex's agents and workflows."""

from __future__ import annotations

import json
from typing import Any

import pytest
from llama_index.core.agent.workflow import (
    AgentStream,
    AgentWorkflow,
    FunctionAgent,
    ReActAgent,
    ToolCallResult,
)
from llama_index.core.llms import ChatMessage
from llama_index.core.tools import FunctionTool
from llama_index.core.workflow import Context, JsonSerializer
from pydantic import BaseModel

from .base import LLAMAINDEX_WARNINGS, REDACTED, Conformance, Make, Serve, calls, says, thought

HISTORY = [ChatMessage(role="system", content="Be brief."), ChatMessage(role="user", content="Hello?")]
WITH_TOOLS = ["chat_with_tools", "achat_with_tools", "stream_chat_with_tools", "astream_chat_with_tools"]


def weather(city: str) -> str:
    """The weather of a city."""
    return "" if city == "Nowhere" else f"Sunny in {city}"


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


TOOLS = [FunctionTool.from_defaults(weather), FunctionTool.from_defaults(add)]
BOTH = says(calls("weather", {"city": "Oslo"}), calls("add", {"a": 1, "b": 2}, "tooluse_2"))


class Report(BaseModel):
    """A weather report."""

    city: str
    sunny: bool


async def ask_with_tools(llm: Any, way: str, **keywords: Any) -> Any:
    """The (last) response of one of the four ways."""
    found = getattr(llm, way)(TOOLS, **keywords)
    found = await found if way.startswith("a") else found
    if "stream" not in way:
        return found
    return ([item async for item in found] if way.startswith("a") else list(found))[-1]


class LLMTools(Conformance):
    """Tools."""

    @pytest.mark.parametrize("way", WITH_TOOLS)
    async def test_a_tool_is_called(self, serve: Serve, make: Make, way: str) -> None:
        endpoint = serve(says("I look.", calls("weather", {"city": "Oslo"})))
        llm = make()
        response = await ask_with_tools(llm, way, user_msg="The weather?", chat_history=list(HISTORY))
        (call,) = llm.get_tool_calls_from_response(response)
        assert (call.tool_id, call.tool_name, call.tool_kwargs) == ("tooluse_1", "weather", {"city": "Oslo"})
        body = endpoint.requests[0].body
        assert [tool["toolSpec"]["name"] for tool in body["toolConfig"]["tools"]] == ["weather", "add"]
        texts = [turn["content"][-1]["text"] for turn in body["messages"]]
        assert texts[-1] == "The weather?"

    @pytest.mark.parametrize("way", WITH_TOOLS)
    async def test_the_history_is_not_changed(self, serve: Serve, make: Make, way: str) -> None:
        serve()
        history = list(HISTORY)
        await ask_with_tools(make(), way, user_msg="The weather?", chat_history=history)
        assert history == HISTORY

    @pytest.mark.parametrize("way", WITH_TOOLS)
    async def test_a_tool_can_be_required(self, serve: Serve, make: Make, way: str) -> None:
        endpoint = serve(says(calls("weather", {"city": "Oslo"})))
        await ask_with_tools(make(), way, user_msg="?", tool_required=True)
        assert endpoint.requests[0].body["toolConfig"]["toolChoice"] == {"any": {}}

    @pytest.mark.parametrize(
        ("choice", "sent"),
        [("weather", {"tool": {"name": "weather"}}), ("any", {"any": {}}), ("required", {"any": {}})],
    )
    async def test_a_tool_choice_means_what_it_says(
        self, serve: Serve, make: Make, choice: str, sent: dict[str, Any]
    ) -> None:
        endpoint = serve(says(calls("weather", {"city": "Oslo"})))
        make().chat_with_tools(TOOLS, user_msg="?", tool_choice=choice)
        assert endpoint.requests[0].body["toolConfig"]["toolChoice"] == sent

    @pytest.mark.parametrize("way", WITH_TOOLS)
    @pytest.mark.parametrize("parallel", [True, False])
    async def test_calls_side_by_side_are_had_by_wish(
        self, serve: Serve, make: Make, way: str, parallel: bool
    ) -> None:
        serve(BOTH)
        llm = make()
        response = await ask_with_tools(llm, way, user_msg="?", allow_parallel_tool_calls=parallel)
        found = [call.tool_name for call in llm.get_tool_calls_from_response(response)]
        assert found == (["weather", "add"] if parallel else ["weather"])

    def test_an_answer_without_a_call_is_an_error_where_one_is_wanted(self, serve: Serve, make: Make) -> None:
        serve(says("No."))
        llm = make()
        response = llm.chat(HISTORY)
        assert llm.get_tool_calls_from_response(response, error_on_no_tool_call=False) == []
        with pytest.raises(ValueError):
            llm.get_tool_calls_from_response(response)

    @pytest.mark.parametrize("way", ["predict_and_call", "apredict_and_call"])
    async def test_predict_and_call(self, serve: Serve, make: Make, way: str) -> None:
        serve(says(calls("add", {"a": 1, "b": 2})))
        found = getattr(make(), way)(TOOLS, user_msg="1 and 2?")
        found = await found if way.startswith("a") else found
        assert found.response == "3"

    def test_earlier_calls_need_no_tools(self, serve: Serve, make: Make) -> None:
        """Bedrock refuses a history of tools to a request that declares none."""
        endpoint = serve(says(calls("weather", {"city": "Oslo"})), says("Sunny."))
        llm = make()
        asked = llm.chat_with_tools(TOOLS, user_msg="?").message
        told = ChatMessage(role="tool", content="Sunny", additional_kwargs={"tool_call_id": "tooluse_1"})
        assert llm.chat([HISTORY[1], asked, told]).message.content == "Sunny."
        assert endpoint.requests[-1].status == 200

    @pytest.mark.parametrize("city", ["Oslo", "Nowhere"])
    @pytest.mark.parametrize("streaming", [True, False])
    async def test_a_function_agent(self, serve: Serve, make: Make, streaming: bool, city: str) -> None:
        """Its thoughts, calls and results go back as they came; a result may be empty."""
        first = [thought("Let me look."), {"text": "I look."}, calls("weather", {"city": city})]
        endpoint = serve(says(*first), says("At six."))
        agent = FunctionAgent(tools=[weather], llm=make(), system_prompt="Be kind.", streaming=streaming)
        handler = agent.run("The weather?")
        told = [event async for event in handler.stream_events() if isinstance(event, AgentStream)]
        assert str(await handler) == "At six."
        if streaming:
            assert "".join(event.thinking_delta or "" for event in told) == "Let me look."
        body = endpoint.requests[-1].body
        assert body["system"][0] == {"text": "Be kind."}
        assert body["messages"][1]["content"] == first
        (result,) = body["messages"][2]["content"]
        assert result["toolResult"]["toolUseId"] == "tooluse_1"

    async def test_an_agent_calls_two_tools_at_once(self, serve: Serve, make: Make) -> None:
        endpoint = serve(BOTH, says("Both done."))
        agent = FunctionAgent(tools=TOOLS, llm=make())
        assert str(await agent.run("Both?")) == "Both done."
        results = [part["toolResult"] for part in endpoint.requests[-1].body["messages"][2]["content"]]
        assert {result["toolUseId"] for result in results} == {"tooluse_1", "tooluse_2"}

    async def test_what_a_tool_returns_can_be_the_answer(self, serve: Serve, make: Make) -> None:
        endpoint = serve(says(calls("add", {"a": 1, "b": 2})), says("Never asked."))
        agent = FunctionAgent(tools=[FunctionTool.from_defaults(add, return_direct=True)], llm=make())
        assert str(await agent.run("1 and 2?")) == "3"
        assert len(endpoint.requests) == 1

    async def test_an_agent_goes_on_when_a_tool_fails(self, serve: Serve, make: Make) -> None:
        endpoint = serve(says(calls("add", {"a": "one", "b": 2})), says(calls("add", {"x": 1})), says("No."))
        assert str(await FunctionAgent(tools=TOOLS, llm=make()).run("1 and 2?")) == "No."
        results = [turn["content"][0] for turn in endpoint.requests[-1].body["messages"][2::2]]
        assert all(part["toolResult"]["content"][0]["text"] for part in results)

    async def test_agents_hand_off(self, serve: Serve, make: Make) -> None:
        handed = calls("handoff", {"to_agent": "Writer", "reason": "It writes."})
        serve(says(handed), says("Written."))
        llm = make()
        made = [
            FunctionAgent(
                name=name, description=name, tools=TOOLS, llm=llm, can_handoff_to=others, system_prompt=name
            )
            for name, others in (("Finder", ["Writer"]), ("Writer", []))
        ]
        workflow = AgentWorkflow(agents=made, root_agent="Finder")
        result = await workflow.run("Write it.")
        assert (str(result), result.current_agent_name) == ("Written.", "Writer")

    async def test_a_react_agent(self, serve: Serve, make: Make) -> None:
        serve(
            says('Thought: I look.\nAction: add\nAction Input: {"a": 1, "b": 2}'),
            says("Thought: I can answer.\nAnswer: Three."),
        )
        assert str(await ReActAgent(tools=TOOLS, llm=make()).run("1 and 2?")) == "Three."

    async def test_an_agent_with_an_output_class(self, serve: Serve, make: Make) -> None:
        answer = self.structured_answer(Report, {"city": "Oslo", "sunny": True})  # type: ignore[attr-defined]
        serve(says("It is sunny in Oslo."), answer)
        agent = FunctionAgent(tools=TOOLS, llm=make(), output_cls=Report)
        result = await agent.run("The weather?")
        assert result.get_pydantic_model(Report) == Report(city="Oslo", sunny=True)

    @pytest.mark.parametrize("streaming", [True, False])
    async def test_a_workflow_is_saved_in_its_middle_and_restored(
        self, serve: Serve, make: Make, streaming: bool
    ) -> None:
        """What an agent has in its hands goes through JSON, what is sealed, too."""
        first = [REDACTED, thought("Let me look."), calls("weather", {"city": "Oslo"})]
        endpoint = serve(says(*first), says("At six."), says("At nine."))
        llm = make()
        agent = FunctionAgent(tools=[weather], llm=llm, streaming=streaming)
        handler = agent.run("The weather?")
        stored = ""
        async for event in handler.stream_events():
            if isinstance(event, ToolCallResult):
                stored = json.dumps(handler.ctx.to_dict(JsonSerializer()))
        assert str(await handler) == "At six."
        restored = Context.from_dict(agent, json.loads(stored), JsonSerializer())
        turn, *_ = await restored.store.get("scratchpad")
        result = ChatMessage(role="tool", content="Sunny", additional_kwargs={"tool_call_id": "tooluse_1"})
        llm.chat_with_tools(TOOLS, chat_history=[HISTORY[1], turn, result])
        assert endpoint.requests[-1].body["messages"][1]["content"] == first


for _name in [name for name in vars(LLMTools) if "agent" in name or "workflow" in name or "returns" in name]:
    for _mark in LLAMAINDEX_WARNINGS:
        setattr(LLMTools, _name, _mark(vars(LLMTools)[_name]))
