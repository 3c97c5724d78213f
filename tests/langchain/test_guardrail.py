"""``BedrockGuardrail``: a step of a chain, before and after a model; against the local endpoint."""

from __future__ import annotations

import copy
import pickle
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import pytest
from langchain_core.exceptions import ModelError
from langchain_core.language_models import FakeListChatModel
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)
from langchain_core.prompt_values import ChatPromptValue, StringPromptValue
from langchain_core.prompts import ChatPromptTemplate, PromptTemplate

from bedrock_unified import ConfigurationError, LocalBedrock
from bedrock_unified.errors import GuardrailIntervened as CoreIntervened
from langchain_bedrock_unified import BedrockGuardrail
from langchain_bedrock_unified.errors import GuardrailIntervened, InvalidRequestError

from .endpoint import endpoint as endpoint
from .endpoint import local as local

SORRY = "Sorry, the model cannot answer this question."
PNG = b64encode(b"\x89PNG\r\n\x1a\n" + bytes(20)).decode()
OUTCOME = {
    "intervened": False,
    "blocked": False,
    "anonymised": False,
    "findings": [],
    "action_reason": "No action.",
}


@pytest.fixture
def make(endpoint: LocalBedrock) -> Iterator[Any]:
    made: list[BedrockGuardrail] = []

    def guard(**given: Any) -> BedrockGuardrail:
        defaults = {
            "guardrail_identifier": "localguardrail",
            "guardrail_version": 1,
            "endpoint_url": endpoint.url,
            "region_name": "us-east-1",
            "aws_access_key_id": endpoint.ACCESS_KEY_ID,
            "aws_secret_access_key": endpoint.SECRET_ACCESS_KEY,
            "max_retries": 0,
        }
        made.append(BedrockGuardrail(**{**defaults, **given}))
        return made[-1]

    yield guard
    for one in made:
        one.bedrock.close()


async def both(guard: BedrockGuardrail, given: Any, **how: Any) -> Any:
    """The result, which is the same in both colours; what was given is not changed."""
    before = copy.deepcopy(given)
    result = guard.invoke(given, **how)
    assert await guard.ainvoke(given, **how) == result
    assert given == before
    await guard.bedrock.aclose()
    return result


def sources(endpoint: LocalBedrock) -> list[str]:
    return [request.body["source"] for request in endpoint.requests]


async def test_text_comes_back_as_text(make: Any, endpoint: LocalBedrock) -> None:
    guard = make()
    assert await both(guard, "Good morning") == "Good morning"
    assert await both(guard, "Write to ann@example.org") == "Write to {EMAIL}"
    assert await both(guard, "the trade secret") == SORRY
    assert set(sources(endpoint)) == {"INPUT"}


async def test_a_message_keeps_its_class_and_carries_the_outcome(make: Any) -> None:
    guard = make()
    passed = await both(guard, HumanMessage("Good morning", id="1"))
    assert passed == HumanMessage("Good morning", id="1", response_metadata={"guardrail": OUTCOME})
    masked = await both(guard, AIMessage("Write to ann@example.org", id="2"))
    assert isinstance(masked, AIMessage) and (masked.content, masked.id) == ("Write to {EMAIL}", "2")
    told = masked.response_metadata["guardrail"]
    assert told["anonymised"] and "ann@" not in str(told)
    [finding] = told["findings"]
    assert (finding["kind"], finding["side"], finding["action"]) == ("EMAIL", "output", "ANONYMIZED")


async def test_the_source_follows_the_message_unless_it_is_said(make: Any, endpoint: LocalBedrock) -> None:
    make().invoke(HumanMessage("hi"))
    make().invoke(AIMessage("hi"))
    make().invoke(ToolMessage("hi", tool_call_id="t"))
    make(source="OUTPUT").invoke("hi")
    make(source="INPUT").invoke(AIMessage("hi"))
    assert sources(endpoint) == ["INPUT", "OUTPUT", "INPUT", "OUTPUT", "INPUT"]


async def test_of_messages_the_last_is_judged_or_all(make: Any, endpoint: LocalBedrock) -> None:
    messages: list[BaseMessage] = [
        SystemMessage("the trade secret"),
        HumanMessage("Write to ann@example.org"),
        AIMessage("Done, ann@example.org"),
        HumanMessage("Thanks, bob@example.org"),
    ]
    last = await both(make(), messages)
    assert [message.content for message in last] == [
        "the trade secret",
        "Write to ann@example.org",
        "Done, ann@example.org",
        "Thanks, {EMAIL}",
    ]
    assert last[0] is messages[0]
    endpoint.forget()
    every = make(scope="all").invoke(messages)
    assert [message.content for message in every] == [
        "the trade secret",  # the owner's own
        "Write to {EMAIL}",
        "Done, {EMAIL}",
        "Thanks, {EMAIL}",
    ]
    assert sources(endpoint) == ["INPUT", "OUTPUT", "INPUT"]


async def test_a_prompt_stays_a_prompt(make: Any) -> None:
    guard = make()
    chat = await both(guard, ChatPromptValue(messages=[HumanMessage("ann@example.org")]))
    assert isinstance(chat, ChatPromptValue) and chat.messages[0].content == "{EMAIL}"
    text = await both(guard, PromptTemplate.from_template("{x}").invoke({"x": "ann@example.org"}))
    assert text == StringPromptValue(text="{EMAIL}")


async def test_in_a_chain_before_and_after_a_model(make: Any, endpoint: LocalBedrock) -> None:
    prompt = ChatPromptTemplate.from_messages([("system", "Be kind."), ("human", "{question}")])
    model = FakeListChatModel(responses=["Ask ann@example.org."])
    guard = make()
    chain = prompt | guard | model | guard
    for answer in (chain.invoke({"question": "Who?"}), await chain.ainvoke({"question": "Who?"})):
        assert answer.content == "Ask {EMAIL}."
    pieces = list(chain.stream({"question": "Who?"}))
    assert "".join(piece.content for piece in pieces) == "Ask {EMAIL}."
    assert sources(endpoint) == ["INPUT", "OUTPUT"] * 3
    await guard.bedrock.aclose()


@pytest.mark.parametrize("given", ["the trade secret", HumanMessage("the trade secret")])
async def test_raise_stops_the_chain_and_quotes_nothing(make: Any, given: Any) -> None:
    guard = make(action="raise")
    for colour in ("sync", "async"):
        with pytest.raises(GuardrailIntervened) as caught:
            guard.invoke(given) if colour == "sync" else await guard.ainvoke(given)
        error = caught.value
        assert isinstance(error, CoreIntervened) and isinstance(error, ModelError)
        assert error.message == "a guardrail blocked the input: word custom_word"
        assert "secret" not in str(error)
        assert error.operation == "ApplyGuardrail" and error.request_id
        assert error.partial is not None and error.partial["action"] == "GUARDRAIL_INTERVENED"
    await guard.bedrock.aclose()
    assert guard.invoke("fine") == "fine"


async def test_annotate_changes_no_text(make: Any) -> None:
    guard = make(action="annotate")
    told = await both(guard, HumanMessage("the trade secret"))
    assert told.content == "the trade secret" and told.response_metadata["guardrail"]["blocked"]
    with pytest.raises(InvalidRequestError, match="no place in plain text"):
        guard.invoke("text")


def test_a_blocked_answer_calls_no_tools(make: Any) -> None:
    call = {"name": "pay", "args": {"to": "x"}, "id": "t1", "type": "tool_call"}
    content = [
        {"type": "text", "text": "the trade secret"},
        {"type": "tool_use", "id": "t1", "name": "pay", "input": {}},
    ]
    blocked = make().invoke(AIMessage(content, tool_calls=[call]))
    assert blocked.content == SORRY and blocked.tool_calls == []
    chunk = AIMessageChunk(
        "the trade secret", tool_call_chunks=[{"name": "pay", "args": "{}", "id": "t1", "index": 0}]
    )
    blocked = make().invoke(chunk)
    assert isinstance(blocked, AIMessageChunk)
    assert (blocked.content, blocked.tool_calls, blocked.tool_call_chunks) == (SORRY, [], [])
    masked = make().invoke(AIMessage("ann@example.org", tool_calls=[call]))
    assert masked.tool_calls == [call]


async def test_what_is_not_text_stays_beside_masked_text(make: Any, endpoint: LocalBedrock) -> None:
    image = {"type": "image", "base64": PNG, "mime_type": "image/png"}
    one = await both(make(), HumanMessage([{"type": "text", "text": "ann@example.org", "id": "k"}, image]))
    assert one.content == [{"type": "text", "text": "{EMAIL}", "id": "k"}, image]
    sent = endpoint.requests[0].body["content"]
    assert [next(iter(block)) for block in sent] == ["text", "image"] and sent[1]["image"]["format"] == "png"
    # The guardrail may answer with one text for several.
    several = ["ann@example.org", image, {"guardContent": {"text": {"text": "bob@example.org"}}}]
    masked = await both(make(), HumanMessage(several))
    assert masked.content == [{"type": "text", "text": "{EMAIL}\n{EMAIL}"}, image]


async def test_json_and_search_results_are_judged_like_any_text(make: Any) -> None:
    found = {"type": "search_result", "source": "s", "title": "t", "content": [{"text": "ann@example.org"}]}
    for message in (
        ToolMessage([{"json": {"mail": "ann@example.org"}}], tool_call_id="t"),
        HumanMessage([found]),
    ):
        masked = await both(make(), message)
        assert masked.response_metadata["guardrail"]["anonymised"]
        assert "{EMAIL}" in masked.text and "ann" not in str(masked.content)


async def test_a_masked_result_stays_the_result_of_its_call(make: Any) -> None:
    said = [{"type": "text", "text": "ann@example.org"}]
    results = [
        {"type": "tool_result", "tool_use_id": "a", "content": said},
        {"toolResult": {"toolUseId": "b", "content": [{"text": "bob@example.org"}]}},
    ]
    masked = await both(make(), HumanMessage([*results, {"type": "text", "text": "And?"}]))
    first, second, *_ = masked.content
    assert (first["type"], first["tool_use_id"], second["toolResult"]["toolUseId"]) == (
        "tool_result",
        "a",
        "b",
    )
    assert "example.org" not in str(masked.content) and "{EMAIL}" in str(first["content"])


async def test_citations_without_a_text_are_no_text(make: Any) -> None:
    cited = AIMessage([{"type": "text", "text": "", "citations": [{"title": "t"}]}])
    assert await both(make(), cited) == cited


def test_an_image_that_would_pass_unguarded_is_an_error(make: Any, endpoint: LocalBedrock) -> None:
    gif = {"type": "image", "base64": b64encode(b"GIF89a").decode(), "mime_type": "image/gif"}
    with pytest.raises(InvalidRequestError, match="image of format 'gif'") as caught:
        make().invoke(HumanMessage([{"type": "text", "text": "look"}, gif]))
    assert "png or jpeg" in str(caught.value.hint) and not endpoint.requests


@pytest.mark.parametrize(
    "given",
    [
        "  ",
        HumanMessage(""),
        AIMessage("", tool_calls=[{"name": "n", "args": {}, "id": "1"}]),
        [],
        AIMessage([{"type": "reasoning_content", "reasoning_content": {"text": "hm", "signature": "s"}}]),
    ],
)
async def test_where_there_is_nothing_to_judge_nothing_is_asked(
    make: Any, endpoint: LocalBedrock, given: Any
) -> None:
    assert await both(make(), given) == given
    assert not endpoint.requests


async def test_an_answer_is_held_against_its_source(make: Any, endpoint: LocalBedrock) -> None:
    guard = make(output_scope="FULL")
    how = {"grounding_source": "The mill has three floors.", "query": "How many floors has the mill?"}
    grounded = await both(guard, AIMessage("The mill has three floors."), **how)
    scores = {f["kind"]: f["score"] for f in grounded.response_metadata["guardrail"]["findings"]}
    assert scores == {"GROUNDING": 1.0, "RELEVANCE": 1.0}
    assert endpoint.requests[0].body["content"] == [
        {"text": {"text": how["grounding_source"], "qualifiers": ["grounding_source"]}},
        {"text": {"text": how["query"], "qualifiers": ["query"]}},
        {"text": {"text": "The mill has three floors.", "qualifiers": ["guard_content"]}},
    ]
    assert endpoint.requests[0].body["outputScope"] == "FULL"
    assert (await both(guard.bind(**how), AIMessage("Pigs can fly."))).content == SORRY
    with pytest.raises(InvalidRequestError, match="query alone"):
        guard.invoke("x", query="y")
    with pytest.raises(InvalidRequestError, match="no parameter 'colour'"):
        guard.invoke("x", colour="blue")


@pytest.mark.parametrize("wrong", [7, {"text": "a"}, ["a", 7]], ids=repr)
def test_sources_are_texts(make: Any, wrong: Any) -> None:
    with pytest.raises(InvalidRequestError, match="grounding_source is"):
        make().invoke("x", grounding_source=wrong, query="y")


def test_sources_may_come_from_a_generator(make: Any, endpoint: LocalBedrock) -> None:
    make().invoke("x", grounding_source=(text for text in ("a", "b")), query="y")
    assert [block["text"]["text"] for block in endpoint.requests[0].body["content"]] == ["a", "b", "y", "x"]


@pytest.mark.parametrize("given", [7, {"a": 1}, [1], b"x"])
def test_what_is_neither_text_nor_messages_is_refused(make: Any, given: Any) -> None:
    with pytest.raises(InvalidRequestError, match="judges text, messages or a prompt"):
        make().invoke(given)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"guardrail_version": "v1"}, "guardrail_version"),
        ({"guardrail_version": 0}, "guardrail_version"),
        ({"guardrail_identifier": "A B"}, "guardrail_identifier"),
        ({"guardrail_identifier": ""}, "without guardrail_identifier"),
        ({"action": "shout"}, "action"),
        ({"source": "BOTH"}, "source"),
        ({"colour": "blue"}, "no parameter 'colour'"),
        ({"max_retries": -1}, "max_retries"),
    ],
)
def test_what_cannot_work_is_refused_at_construction(make: Any, given: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        make(**given)
    with pytest.raises(ConfigurationError, match="guardrail_version"):
        BedrockGuardrail(guardrail_identifier="abc")


def test_its_secrets_are_neither_shown_nor_pickled(make: Any, endpoint: LocalBedrock) -> None:
    guard = make(bedrock_guardrail_identifier="abc", guardrail_identifier=None)
    assert endpoint.SECRET_ACCESS_KEY not in repr(guard) + str(guard)
    copied = pickle.loads(pickle.dumps(guard))
    assert copied.guardrail_identifier == "abc" and copied.guardrail_version == "1"
    with pytest.raises(ConfigurationError, match="credentials"):
        copied.invoke("hi")
    assert copy.deepcopy(guard).invoke("hi") == "hi"
