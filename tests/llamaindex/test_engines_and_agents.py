"""The adapter inside LlamaIndex: indices, query engines, chat engines, agents, workflows."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from llama_index.core import Document, Settings, VectorStoreIndex
from llama_index.core.agent.workflow import (
    AgentStream,
    FunctionAgent,
    ReActAgent,
    ToolCallResult,
)
from llama_index.core.llms import ChatMessage
from llama_index.core.tools import QueryEngineTool
from llama_index.core.workflow import Context, JsonSerializer

from llamaindex_bedrock_unified import BedrockConverse, BedrockEmbedding

from .scripted import Answer, RawInput, ScriptedBedrock, Sent, calls, says

Make = Callable[..., BedrockConverse]
# LlamaIndex's agents look at each member of themselves, pydantic's deprecated ones too.
pytestmark = [
    pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecatedSince20"),
    pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecatedSince211"),
]
DOCUMENTS = [
    Document(text="Cats sleep sixteen hours a day.", metadata={"file": "cats.txt"}),
    Document(text="Bedrock answers in a stream of frames.", metadata={"file": "bedrock.txt"}),
]
THOUGHT = {"reasoningContent": {"reasoningText": {"text": "Let me look.", "signature": "SIG"}}}
REDACTED = {"reasoningContent": {"redactedContent": b"\0\xff"}}


def weather(city: str) -> str:
    """The weather of a city."""
    if city == "Atlantis":
        raise ValueError("no such city")
    return f"Sunny in {city}"


def with_tool(sent: Sent) -> Answer:
    """Calls the tool first, and speaks when it has answered."""
    last = sent.messages[-1]["content"][-1]
    if "toolResult" in last:
        return says(f"I heard: {last['toolResult']['content'][0]['text']}")
    return says(REDACTED, THOUGHT, "Looking.", calls("weather", {"city": "Paris"}))


@pytest.fixture
def settings(llm: BedrockConverse, embedding: BedrockEmbedding) -> Iterator[None]:
    """LlamaIndex's global settings, on the scripted Bedrock."""
    Settings.llm = llm
    Settings.embed_model = embedding
    yield
    Settings._llm = Settings._embed_model = None


@pytest.mark.usefixtures("settings")
async def test_an_index_finds_the_passage_and_the_model_gets_it(bedrock: ScriptedBedrock) -> None:
    index = VectorStoreIndex.from_documents(DOCUMENTS)
    engine = index.as_query_engine(similarity_top_k=1)
    answer = engine.query("How many hours a day do cats sleep?")
    assert str(answer) == "Good day."
    assert answer.source_nodes[0].metadata["file"] == "cats.txt"
    assert "sixteen hours" in json.dumps(bedrock.requests[-1].messages)
    assert str(await engine.aquery("How do cats sleep?")) == "Good day."
    streamed = index.as_query_engine(similarity_top_k=1, streaming=True).query("In what does Bedrock answer?")
    assert "".join(streamed.response_gen) == "Good day."
    assert "stream of frames" in json.dumps(bedrock.requests[-1].messages)
    await Settings.llm.bedrock.aclose()  # type: ignore[attr-defined]
    await Settings.embed_model.bedrock.aclose()  # type: ignore[attr-defined]


@pytest.mark.parametrize("streaming", [True, False])
async def test_an_agent_calls_its_tool_and_thinks_on(
    llm: BedrockConverse, bedrock: ScriptedBedrock, streaming: bool
) -> None:
    bedrock.script = [with_tool]
    agent = FunctionAgent(tools=[weather], llm=llm, system_prompt="Be nice.", streaming=streaming)
    handler = agent.run("Weather in Paris?")
    events = [event async for event in handler.stream_events()]
    assert str(await handler) == "I heard: Sunny in Paris"
    thoughts = "".join(event.thinking_delta or "" for event in events if isinstance(event, AgentStream))
    assert thoughts == ("Let me look." if streaming else "")
    first, second = bedrock.bodies
    assert first["system"] == [{"text": "Be nice."}]
    assert second["messages"][1]["content"] == [
        {"reasoningContent": {"redactedContent": "AP8="}},
        THOUGHT,
        {"text": "Looking."},
        calls("weather", {"city": "Paris"}),
    ]
    assert second["messages"][2]["content"] == [
        {"toolResult": {"toolUseId": "tooluse_1", "content": [{"text": "Sunny in Paris"}]}}
    ]
    await llm.bedrock.aclose()


async def test_an_answer_in_a_workflows_context_can_be_saved_and_restored(
    llm: BedrockConverse, bedrock: ScriptedBedrock
) -> None:
    grounded = {"citationsContent": {"citations": [{"location": {"web": {"url": "https://x.test/"}}}]}}
    call = calls("weather", {"city": "Paris"}, type="tool_use")
    bedrock.script = [says(REDACTED, THOUGHT, "See", grounded, " there.", call)]
    agent = FunctionAgent(tools=[weather], llm=llm)
    question = ChatMessage(role="user", content="Weather?")
    *_, last = llm.stream_chat([question])
    context = Context(agent)
    await context.store.set("scratchpad", [last.message])
    saved = json.loads(json.dumps(context.to_dict(serializer=JsonSerializer())))
    restored = Context.from_dict(agent, saved, serializer=JsonSerializer())
    (message,) = await restored.store.get("scratchpad")
    result = ChatMessage(role="tool", content="r", additional_kwargs={"tool_call_id": "tooluse_1"})
    llm.chat([question, message, result])
    assert bedrock.requests[-1].messages[1]["content"] == [
        {"reasoningContent": {"redactedContent": "AP8="}},
        THOUGHT,
        {"text": "See"},
        grounded,
        {"text": " there."},
        call,
    ]


async def test_a_query_engine_is_a_tool_of_an_agent(
    llm: BedrockConverse, embedding: BedrockEmbedding, bedrock: ScriptedBedrock
) -> None:
    def script(sent: Sent) -> Answer:
        if "toolConfig" not in sent.body:
            return says("Sixteen hours.")
        last = sent.messages[-1]["content"][-1]
        if "toolResult" in last:
            return says(f"They sleep: {last['toolResult']['content'][0]['text']}")
        return says(calls("cats", {"input": "How long do cats sleep?"}))

    bedrock.script = [script]
    engine = VectorStoreIndex.from_documents(DOCUMENTS, embed_model=embedding).as_query_engine(llm=llm)
    tool = QueryEngineTool.from_defaults(engine, name="cats", description="Knows cats.")
    answer = await FunctionAgent(tools=[tool], llm=llm).run("How long do cats sleep?")
    assert str(answer) == "They sleep: Sixteen hours."
    await llm.bedrock.aclose()
    await embedding.bedrock.aclose()


@pytest.mark.filterwarnings("ignore:is_running called from within a step:DeprecationWarning")
async def test_an_agent_without_tool_calling_reasons_in_text(
    make_llm: Make, bedrock: ScriptedBedrock
) -> None:
    def script(sent: Sent) -> Answer:
        if "Observation: Sunny in Paris" in json.dumps(sent.messages):
            return says("Thought: I know.\nAnswer: It is sunny.")
        return says('Thought: I need the weather.\nAction: weather\nAction Input: {"city": "Paris"}')

    bedrock.script = [script]
    llm = make_llm(is_function_calling_model=False)
    assert str(await ReActAgent(tools=[weather], llm=llm).run("Weather in Paris?")) == "It is sunny."
    assert all("toolConfig" not in body for body in bedrock.bodies)
    await llm.bedrock.aclose()


async def test_a_failing_tool_is_told_to_the_model(llm: BedrockConverse, bedrock: ScriptedBedrock) -> None:
    def script(sent: Sent) -> Answer:
        if "toolResult" in sent.messages[-1]["content"][-1]:
            return says("There is none.")
        return says(calls("weather", {"city": "Atlantis"}))

    bedrock.script = [script]
    handler = FunctionAgent(tools=[weather], llm=llm).run("Weather in Atlantis?")
    results = [event async for event in handler.stream_events() if isinstance(event, ToolCallResult)]
    assert str(await handler) == "There is none."
    assert results[0].tool_output.is_error
    assert "no such city" in json.dumps(bedrock.bodies[-1]["messages"][-1])
    await llm.bedrock.aclose()


async def test_an_agent_does_not_run_a_tool_with_arguments_that_were_cut_short(
    llm: BedrockConverse, bedrock: ScriptedBedrock
) -> None:
    ran: list[str] = []

    def transfer(account: str) -> str:
        """Transfer money."""
        ran.append(account)
        return "done"

    bedrock.script = [says("I shall.", calls("transfer", RawInput('{"account": "12')), stop="max_tokens")]
    assert str(await FunctionAgent(tools=[transfer], llm=llm).run("Pay 1234.")) == "I shall."
    assert ran == []
    await llm.bedrock.aclose()


def test_predict_uses_the_system_prompt(make_llm: Make, bedrock: ScriptedBedrock) -> None:
    from llama_index.core.prompts import PromptTemplate

    llm = make_llm(system_prompt="Be brief.")
    assert llm.predict(PromptTemplate("Say {what}"), what="hi") == "Good day."
    assert "".join(llm.stream(PromptTemplate("Say {what}"), what="hi")) == "Good day."
    assert [body["system"] for body in bedrock.bodies] == [[{"text": "Be brief."}]] * 2


def test_history_of_another_provider_is_understood(llm: BedrockConverse, bedrock: ScriptedBedrock) -> None:
    history: list[Any] = [
        ChatMessage(role="user", content="Weather?"),
        ChatMessage(
            role="assistant",
            content="",
            additional_kwargs={
                "tool_calls": [{"id": "c1", "function": {"name": "weather", "arguments": '{"city": "X"}'}}]
            },
        ),
        ChatMessage(role="tool", content="Sunny", additional_kwargs={"tool_call_id": "c1"}),
    ]
    llm.chat(history)
    call = bedrock.requests[-1].messages[1]["content"]
    assert call == [{"toolUse": {"toolUseId": "c1", "name": "weather", "input": {"city": "X"}}}]
