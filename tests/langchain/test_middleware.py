"""Prompt caching and guardrails as middleware of LangChain's agents; against the local endpoint."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.exceptions import ModelError
from langchain_core.language_models import FakeListChatModel
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.runnables import ConfigurableField
from langgraph.checkpoint.memory import InMemorySaver
from pydantic import BaseModel

from bedrock_unified import ConfigurationError, LocalBedrock
from langchain_bedrock_unified import BedrockGuardrail, ChatBedrock
from langchain_bedrock_unified.errors import GuardrailIntervened, InvalidRequestError
from langchain_bedrock_unified.middleware import BedrockGuardrailMiddleware, BedrockPromptCachingMiddleware

from .endpoint import connection as connection
from .endpoint import endpoint as endpoint
from .endpoint import local as local

CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
LLAMA = "us.meta.llama3-3-70b-instruct-v1:0"
SORRY = "Sorry, the model cannot answer this question."
LONG = "Answer kindly. " * 3000


@pytest.fixture
def make(connection: dict[str, Any]) -> Iterator[Any]:
    made: list[ChatBedrock] = []

    def model(model_id: str = CLAUDE, **given: Any) -> ChatBedrock:
        made.append(ChatBedrock(model=model_id, **{**connection, **given}))
        return made[-1]

    yield model
    for one in made:
        one.bedrock.close()


@pytest.fixture
def guard(connection: dict[str, Any]) -> Iterator[Any]:
    made: list[BedrockGuardrailMiddleware] = []

    def middleware(how: dict[str, Any] | None = None, **given: Any) -> BedrockGuardrailMiddleware:
        guardrail = {"guardrail_identifier": "localguardrail", "guardrail_version": "1"}
        guardrail = BedrockGuardrail(**{**connection, **guardrail, **given})
        guardrail.bedrock  # noqa: B018 - one client for it and its copy, which is closed below
        made.append(BedrockGuardrailMiddleware(guardrail, **(how or {})))
        return made[-1]

    yield middleware
    for one in made:
        one.guardrail.bedrock.close()


def bounded(*given: Any, **how: Any) -> Any:
    """An agent that cannot go in circles for long."""
    return create_agent(*given, **how).with_config(recursion_limit=20)


def mail(name: str) -> str:
    """The address of a person."""
    return f"{name}@example.org"


def asks(text: str) -> dict[str, Any]:
    return {"messages": [HumanMessage(text)]}


def operations(endpoint: LocalBedrock) -> list[str]:
    return [request.operation for request in endpoint.requests]


# Prompt caching


@pytest.mark.parametrize("ttl", [None, "5m", "1h"])
async def test_an_agents_prompt_is_cached(make: Any, endpoint: LocalBedrock, ttl: Any) -> None:
    model = make()
    agent = bounded(model, [mail], system_prompt=LONG, middleware=[BedrockPromptCachingMiddleware(ttl=ttl)])
    agent.invoke(asks("Good day."))
    await agent.ainvoke(asks("Good day."))
    await model.bedrock.aclose()
    point = {"type": "default", **({"ttl": ttl} if ttl else {})}
    for request in endpoint.requests:
        assert request.body["system"][-1] == {"cachePoint": point}
    assert (endpoint.requests[1].usage or {})["cacheReadInputTokens"] > 0
    assert model.prompt_cache == "off"


def test_what_the_call_says_itself_stands_above_it(make: Any, endpoint: LocalBedrock) -> None:
    class Off(BedrockPromptCachingMiddleware):
        def wrap_model_call(self, request: Any, handler: Any) -> Any:
            return super().wrap_model_call(request.override(model_settings={"prompt_cache": "off"}), handler)

    bounded(make(), [], system_prompt=LONG, middleware=[Off()]).invoke(asks("Good day."))
    assert "cachePoint" not in str(endpoint.requests[0].body)


@pytest.mark.parametrize(
    "build",
    [
        lambda model: model.bind(max_tokens=99),
        lambda model: model.with_config(tags=["harbour"]),
        lambda model: model.configurable_fields(temperature=ConfigurableField(id="temperature")),
        lambda model: model.configurable_fields(top_p=ConfigurableField(id="p")).bind(max_tokens=99),
    ],
)
def test_what_is_built_on_a_model_caches_as_the_model_does(
    make: Any, endpoint: LocalBedrock, build: Any
) -> None:
    caching = BedrockPromptCachingMiddleware(unsupported_model_behavior="raise")
    agent = bounded(build(make()), [], system_prompt=LONG, middleware=[caching])
    agent.invoke({"messages": [HumanMessage("Who?")]})
    assert endpoint.requests[-1].body["system"][-1] == {"cachePoint": {"type": "default"}}
    agent = bounded(build(make()).bind(prompt_cache="off"), [], system_prompt=LONG, middleware=[caching])
    agent.invoke({"messages": [HumanMessage("Who?")]})
    assert "cachePoint" not in endpoint.requests[-1].body["system"][-1], "what is bound stands above it"
    elsewhere = build(make()).bind(model=LLAMA)
    with pytest.raises(InvalidRequestError, match=f"{LLAMA} has no prompt cache"):
        bounded(elsewhere, [], middleware=[caching]).invoke({"messages": [HumanMessage("Who?")]})


def test_short_conversations_are_left_alone(make: Any, endpoint: LocalBedrock) -> None:
    caching = BedrockPromptCachingMiddleware(min_messages_to_cache=3)
    agent = bounded(make(), [], system_prompt=LONG, middleware=[caching])
    agent.invoke(asks("Good day."))
    assert "cachePoint" not in str(endpoint.requests[0].body)
    agent.invoke({"messages": [("user", "a"), ("ai", "b"), ("user", "c")]})
    assert "cachePoint" in str(endpoint.requests[1].body)


@pytest.mark.parametrize(
    ("model_id", "ttl", "says"),
    [
        (LLAMA, None, "has no prompt cache"),
        ("us.anthropic.claude-3-7-sonnet-20250219-v1:0", "1h", "has no prompt cache of 1h"),
        (None, None, "FakeListChatModel is no model"),
    ],
)
def test_a_model_that_lacks_it(
    make: Any, endpoint: LocalBedrock, model_id: str | None, ttl: Any, says: str
) -> None:
    model = FakeListChatModel(responses=["a", "b"]) if model_id is None else make(model_id)

    def run(behaviour: Any) -> None:
        caching = BedrockPromptCachingMiddleware(ttl=ttl, unsupported_model_behavior=behaviour)
        bounded(model, [], system_prompt=LONG, middleware=[caching]).invoke(asks("Good day."))

    run("ignore")
    with pytest.warns(UserWarning, match=says):
        run("warn")
    sent = len(endpoint.requests)
    with pytest.raises(InvalidRequestError, match=says):
        run("raise")
    assert len(endpoint.requests) == sent
    if ttl:  # cached all the same, for as long as it can
        assert endpoint.requests[0].body["system"][-1] == {"cachePoint": {"type": "default"}}


@pytest.mark.parametrize(
    "given",
    [
        {"type": "forever"},
        {"ttl": "2h"},
        {"unsupported_model_behavior": "shout"},
        {"min_messages_to_cache": -1},
        {"min_messages_to_cache": "3"},
    ],
)
def test_what_cannot_work_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=next(iter(given))) as caught:
        BedrockPromptCachingMiddleware(**given)
    assert isinstance(caught.value, ModelError)


# Guardrails


async def both(agent: Any, guard: BedrockGuardrailMiddleware, model: ChatBedrock, given: Any) -> list[Any]:
    """The messages at the end, which are the same in both colours."""
    result = agent.invoke(given)["messages"]
    other = (await agent.ainvoke(given))["messages"]
    assert [(m.type, m.content) for m in other] == [(m.type, m.content) for m in result]
    await guard.guardrail.bedrock.aclose()
    await model.bedrock.aclose()
    return result


async def test_a_blocked_question_ends_the_run_without_the_model(
    make: Any, guard: Any, endpoint: LocalBedrock
) -> None:
    model, middleware = make(), guard()
    agent = bounded(model, [mail], middleware=[middleware])
    question, answer = await both(agent, middleware, model, asks("Tell me the trade secret."))
    assert (question.type, question.content) == ("human", SORRY)
    assert (answer.type, answer.content) == ("ai", SORRY)
    assert answer.response_metadata["guardrail"]["blocked"]
    assert set(operations(endpoint)) == {"ApplyGuardrail"}


async def test_masked_text_is_what_the_model_and_the_state_have(
    make: Any, guard: Any, endpoint: LocalBedrock
) -> None:
    model, middleware = make(), guard()
    agent = bounded(model, [mail], middleware=[middleware])
    messages = await both(agent, middleware, model, asks("Write down: ann@example.org is my address."))
    assert messages[0].content == "Write down: {EMAIL} is my address."
    sent = next(request for request in endpoint.requests if request.operation == "Converse")
    assert sent.body["messages"][0]["content"] == [{"text": "Write down: {EMAIL} is my address."}]
    assert operations(endpoint)[:2] == ["ApplyGuardrail", "Converse"]


async def test_results_of_tools_are_judged_before_the_model_sees_them(
    make: Any, guard: Any, endpoint: LocalBedrock
) -> None:
    model, middleware = make(), guard()
    agent = bounded(model, [mail], middleware=[middleware])
    messages = await both(agent, middleware, model, asks("What is the address of the person named Ann?"))
    result = next(message for message in messages if isinstance(message, ToolMessage))
    assert result.content == "{EMAIL}"
    judged = [
        r.body["content"][0]["text"]["text"] for r in endpoint.requests if r.operation == "ApplyGuardrail"
    ]
    assert judged.count("What is the address of the person named Ann?") == 2  # once in each colour


def scripted(connection: dict[str, Any], *texts: str) -> tuple[LocalBedrock, ChatBedrock]:
    script = [{"content": [{"text": text}], "operation": "Converse", "times": None} for text in texts]
    endpoint = LocalBedrock(script=script)
    endpoint.start()
    return endpoint, ChatBedrock(model=CLAUDE, **{**connection, "endpoint_url": endpoint.url})


async def test_a_blocked_answer_is_replaced(connection: dict[str, Any], guard: Any) -> None:
    endpoint, model = scripted(connection, "The trade secret is salt.")
    middleware = guard()
    question, answer = await both(
        bounded(model, [mail], middleware=[middleware]), middleware, model, asks("Hm?")
    )
    assert answer.content == SORRY and answer.response_metadata["guardrail"]["blocked"]
    assert question.content == "Hm?"
    model.bedrock.close()
    endpoint.stop()


class Note(BaseModel):
    """A note."""

    text: str


def test_a_structured_response_is_taken_back_with_its_text(connection: dict[str, Any], guard: Any) -> None:
    endpoint, model = scripted(connection, '{"text": "the trade secret"}')
    agent = bounded(model, [], middleware=[guard()], response_format=Note)
    result = agent.invoke(asks("Hm?"))
    assert result["messages"][-1].content == SORRY
    assert result["structured_response"] is None
    free = bounded(model, [], middleware=[guard({"check_output": False})], response_format=Note)
    assert free.invoke(asks("Hm?"))["structured_response"] == Note(text="the trade secret")
    model.bedrock.close()
    endpoint.stop()


def test_raise_and_annotate(make: Any, guard: Any, endpoint: LocalBedrock) -> None:
    raising = bounded(make(), [], middleware=[guard(action="raise")])
    with pytest.raises(GuardrailIntervened, match="custom_word"):
        raising.invoke(asks("the trade secret"))
    assert operations(endpoint) == ["ApplyGuardrail"]
    telling = bounded(make(), [], middleware=[guard(action="annotate")])
    question, answer = telling.invoke(asks("the trade secret"))["messages"]
    assert question.content == "the trade secret" and question.response_metadata["guardrail"]["blocked"]
    assert "guardrail" in answer.response_metadata


def test_each_message_is_judged_once(make: Any, guard: Any, endpoint: LocalBedrock) -> None:
    middleware = guard({"check_output": False}, scope="all")
    agent = bounded(make(), [], middleware=[middleware], checkpointer=InMemorySaver())
    config: Any = {"configurable": {"thread_id": "1"}}
    agent.invoke(asks("Good day."), config)
    agent.invoke(asks("Good night."), config)
    judged = [
        r.body["content"][0]["text"]["text"] for r in endpoint.requests if r.operation == "ApplyGuardrail"
    ]
    assert judged == ["Good day.", "Good night."]


def test_either_side_alone(make: Any, guard: Any, endpoint: LocalBedrock) -> None:
    bounded(make(), [], middleware=[guard({"check_input": False})]).invoke(asks("Good day."))
    bounded(make(), [], middleware=[guard({"check_output": False})]).invoke(asks("Good day."))
    assert [
        request.body["source"] for request in endpoint.requests if request.operation == "ApplyGuardrail"
    ] == ["OUTPUT", "INPUT"]


def test_two_guardrails_at_once(
    make: Any, guard: Any, connection: dict[str, Any], endpoint: LocalBedrock
) -> None:
    other = "arn:aws:bedrock:us-east-1:123456789012:guardrail/second"
    pair = [
        guard(),
        BedrockGuardrailMiddleware(guardrail_identifier=other, guardrail_version="1", **connection),
    ]
    agent = bounded(make(), [], middleware=pair)
    question, answer = agent.invoke(asks("Good day."))["messages"]
    assert answer.content
    judged = [r.path for r in endpoint.requests if r.operation == "ApplyGuardrail"]
    assert len(judged) == 4 and len(set(judged)) == 2  # the second one judges what the first has judged
    assert question.response_metadata["guardrail"]["judge"] == pair[1].name
    assert [one["judge"] for one in question.response_metadata["earlier_guardrails"]] == [pair[0].name]
    pair[1].guardrail.bedrock.close()
    pair[1]._judge.bedrock.close()


def test_a_guardrail_or_the_parameters_of_one() -> None:
    with pytest.raises(ConfigurationError, match="would be ignored"):
        BedrockGuardrailMiddleware(
            BedrockGuardrail(guardrail_identifier="abc", guardrail_version="1"), action="raise"
        )
    with pytest.raises(ConfigurationError, match="guardrail_identifier"):
        BedrockGuardrailMiddleware(guardrail_version="1")


def test_without_langchain_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "langchain_bedrock_unified.middleware")
    monkeypatch.setitem(sys.modules, "langchain.agents.middleware", None)
    with pytest.raises(ImportError, match=r"bedrock-unified\[agents\]"):
        import langchain_bedrock_unified.middleware  # noqa: F401
    assert isinstance(AIMessage("x"), AIMessage)
