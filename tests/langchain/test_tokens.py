"""Tokens of a call before it is made: by CountTokens, else by an estimate."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
    trim_messages,
)

from bedrock_unified import LocalBedrock
from bedrock_unified.local import Fault
from bedrock_unified.media import Fetched, MediaFetcher
from langchain_bedrock_unified.errors import ConnectionFailed, InvalidRequestError

from .scripted import MODEL, Fails, MakeModel, ScriptedBedrock


def test_tokens_are_counted_with_tools_and_the_system_prompt(make_model: MakeModel) -> None:
    def weather(city: str) -> str:
        """The weather of a city."""
        return city

    with LocalBedrock() as local:
        model = make_model(endpoint_url=local.url, system="Be kind.")
        messages: list[BaseMessage] = [HumanMessage("How is the weather in Vell?")]
        bare = model.get_num_tokens_from_messages(messages)
        assert 0 < bare < model.get_num_tokens_from_messages(messages, tools=[weather])
        assert model.get_num_tokens("How are you?") > 0
        assert model.get_num_tokens("") == 0
        with_tool = model.get_num_tokens_from_messages(messages, tools=[weather])
        bound: Any = model.bind_tools([weather]).with_config(tags=["a"])
        assert bound.get_num_tokens_from_messages(messages) == with_tool
        assert bound.get_num_tokens_from_messages(messages, tools=[]) == bare
        assert {request.operation for request in local.requests} == {"CountTokens"}
        assert local.requests[0].model_id == MODEL.partition(".")[2]
        assert local.requests[0].body["input"]["converse"]["system"] == [{"text": "Be kind."}]


def test_tokens_are_estimated_where_nobody_counts_with_one_warning(
    make_model: MakeModel, bedrock: ScriptedBedrock
) -> None:
    model = make_model(model="amazon.nova-lite-v1:0")
    messages: list[BaseMessage] = [HumanMessage("a" * 400)]
    with pytest.warns(UserWarning, match="estimated"):
        assert model.get_num_tokens_from_messages(messages) == 101
    assert model.get_num_tokens_from_messages(messages) == 101
    refused = make_model()
    bedrock.says(Fails(403, "AccessDeniedException", "no bedrock:CountTokens"))
    with pytest.warns(UserWarning, match="no bedrock:CountTokens"):
        assert refused.get_num_tokens_from_messages(messages) == 101
    assert refused.get_num_tokens_from_messages(messages) == 101
    assert len(bedrock.sent) == 1
    lost = make_model(endpoint_url="http://127.0.0.1:9")
    with pytest.raises(ConnectionFailed):
        lost.get_num_tokens_from_messages(messages)


def test_tokens_of_a_call_with_what_is_bound(make_model: MakeModel) -> None:
    with LocalBedrock() as local:
        model = make_model(endpoint_url=local.url, system="Be kind.")
        other = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
        bound: Any = model.bind(model=other, system="Be very kind indeed.", region_name="eu-west-1")
        assert bound.get_num_tokens_from_messages([HumanMessage("q")]) > model.get_num_tokens("q")
        first, _ = local.requests
        assert first.model_id == other.partition(".")[2]
        assert first.body["input"]["converse"]["system"] == [{"text": "Be very kind indeed."}]
        for client in model._elsewhere.values():
            client.close()


def test_a_tokenizer_of_the_users_own_counts(make_model: MakeModel, bedrock: ScriptedBedrock) -> None:
    model = make_model(custom_get_token_ids=lambda text: [len(word) for word in text.split()])
    assert model.get_num_tokens("How are you?") == 3
    assert model.get_token_ids("How are you?") == [3, 3, 4]
    messages: list[BaseMessage] = [HumanMessage("How are you?"), HumanMessage("Well.")]
    bound: Any = model.bind(max_tokens=9)
    assert model.get_num_tokens_from_messages(messages) == 6  # "Human:" is a word, too
    assert bound.get_num_tokens_from_messages(messages) == 6
    assert not bedrock.sent
    with pytest.raises(InvalidRequestError, match="and not their ids") as caught:
        make_model().get_token_ids("How are you?")
    assert "get_num_tokens" in (caught.value.hint or "")


def test_media_that_may_be_fetched_are_fetched_to_be_counted(
    make_model: MakeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    png = b"\x89PNG\r\n\x1a\n" + b"0" * 24
    asked: list[str] = []

    def fetch_all(self: MediaFetcher, urls: Any) -> dict[str, Fetched]:
        asked.extend(urls)
        return {url: Fetched(png, "image/png", url) for url in urls}

    monkeypatch.setattr(MediaFetcher, "fetch_all", fetch_all)
    message = HumanMessage([{"type": "image", "url": "https://x.example/a.png"}])
    with LocalBedrock() as local:
        model = make_model(endpoint_url=local.url)
        assert make_model(endpoint_url=local.url, fetch_media=True).get_num_tokens_from_messages([message])
        assert asked == ["https://x.example/a.png"]
        with pytest.raises(InvalidRequestError, match="does not fetch"):
            model.get_num_tokens_from_messages([message])


def test_messages_are_trimmed_by_counting_them(
    make_model: MakeModel, recwarn: pytest.WarningsRecorder
) -> None:
    history = [SystemMessage("Be kind."), HumanMessage("hi " * 100), AIMessage("Yes."), HumanMessage("Why?")]
    with LocalBedrock() as local:
        model = make_model(endpoint_url=local.url)
        kept = trim_messages(
            history, max_tokens=40, token_counter=model, include_system=True, start_on="human"
        )
        assert kept == [history[0], history[3]]
        assert len(local.requests) > 2
        assert {(request.operation, request.error) for request in local.requests} == {("CountTokens", None)}
        assert model.get_num_tokens_from_messages([]) == 0
    assert not recwarn.list


@pytest.mark.parametrize(
    "fault",
    [Fault.throttle(2), Fault.error("ValidationException", "A conversation must start otherwise.", times=2)],
    ids=["busy", "a piece of a conversation"],
)
def test_what_is_not_counted_once_is_estimated_and_the_next_is_counted(
    make_model: MakeModel, fault: Fault
) -> None:
    with LocalBedrock() as local:
        model = make_model(endpoint_url=local.url)
        counted = model.get_num_tokens("How is the weather in Vell?")
        local.inject(fault)
        with pytest.warns(UserWarning, match="does not count this for .*; tokens are estimated"):
            assert model.get_num_tokens("How is the weather in Vell?") > 0
        assert model.get_num_tokens("Where?") > 0  # without another warning
        assert model.get_num_tokens("How is the weather in Vell?") == counted
        assert len(local.requests) == 4


@pytest.mark.filterwarnings("ignore:CountTokens")
@pytest.mark.parametrize(
    "name", [MODEL, "us.anthropic.claude-opus-4-6-v1", "amazon.nova-lite-v1:0"], ids=["claude", "4.6", "nova"]
)
def test_what_is_trimmed_is_within_its_limit(make_model: MakeModel, name: str) -> None:
    """Wherever a conversation is cut, before a tool's result or behind an answer, all is counted alike."""
    history: list[BaseMessage] = []
    for number in range(4):
        calls = [{"name": "add", "args": {"x": i}, "id": f"t{number}{i}"} for i in range(number)]
        history += [
            HumanMessage(f"question {number} " + "w " * 20),
            *([AIMessage("", tool_calls=calls)] if calls else []),
            *(ToolMessage("4" if number == 1 else "result " * 15, tool_call_id=call["id"]) for call in calls),
            AIMessage("answer " * 5),
        ]
    with LocalBedrock() as local:
        model = make_model(endpoint_url=local.url, model=name)
        count = model.get_num_tokens_from_messages
        beginnings = [count(history[:end]) for end in range(len(history) + 1)]
        endings = [count(history[start:]) for start in range(len(history) + 1)]
        assert beginnings == sorted(beginnings)
        assert endings == sorted(endings, reverse=True)
        for limit in range(20, beginnings[-1], 20):
            for how in ({"strategy": "last", "start_on": "human"}, {"strategy": "first", "end_on": "ai"}):
                trimmed = trim_messages(history, max_tokens=limit, token_counter=model, **how)
                assert not trimmed or count(trimmed) <= limit
        assert all(request.error is None for request in local.requests)


def test_a_model_that_is_refused_by_its_name_is_not_asked_again(
    make_model: MakeModel, bedrock: ScriptedBedrock
) -> None:
    said = "The provided model doesn't support counting tokens."
    bedrock.says(Fails(400, "ValidationException", said))
    model = make_model()
    with pytest.warns(UserWarning, match="does not count for"):
        model.get_num_tokens("a")
    model.get_num_tokens("a")
    assert len(bedrock.sent) == 1
