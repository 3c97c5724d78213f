"""LangChain's ``ChatBedrock`` from cassettes: text, tool calls, reasoning, usage, structured output."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, SystemMessage, ToolMessage
from langchain_core.prompt_values import StringPromptValue
from langchain_core.runnables import RunnableLambda
from pydantic import BaseModel, Field

from langchain_bedrock_unified import ChatBedrock

from . import replies
from .oracle import Answer
from .recording import Recording

cassette = pytest.mark.cassette

MESSAGES = [SystemMessage("Answer in one sentence."), HumanMessage(replies.QUESTION)]
QUESTIONS = [replies.QUESTION, replies.OTHER_QUESTION]
#: One at a time: the endpoint's replies have an order.
IN_ORDER: Any = {"max_concurrency": 1}
BOTH = [replies.CAPITAL, replies.OTHER_CAPITAL]
REASONING: dict[str, Any] = {
    "model": replies.CLAUDE,
    "max_tokens": 2000,
    "additional_model_request_fields": replies.THINKING,
}


class GetWeather(BaseModel):
    """The current weather of a city."""

    city: str
    unit: str = Field(default="celsius", description="celsius or fahrenheit")


WEATHER_CALL = {
    **replies.WEATHER_CALL,
    "content": [
        replies.WEATHER_CALL["content"][0],
        {"toolUse": {**replies.WEATHER_CALL["content"][1]["toolUse"], "name": "GetWeather"}},
    ],
}
STRUCTURED = {**replies.CAPITAL, "content": [{"text": '{"city":"Paris","unit":"celsius"}'}]}


def nova(recording: Recording, **given: Any) -> ChatBedrock:
    """A small model without whims."""
    return recording.make(
        ChatBedrock, **{"model": replies.NOVA, "temperature": 0, "max_tokens": 500, **given}
    )


def check(message: AIMessage, answer: Answer) -> None:
    """The message says what the answer says: text, tool calls, usage and stop reason."""
    assert message.text == answer.text
    assert [(call["id"], call["name"], call["args"]) for call in message.tool_calls] == [
        (use["toolUseId"], use["name"], use["input"]) for use in answer.tool_uses
    ]
    assert message.invalid_tool_calls == []
    usage = message.usage_metadata
    assert usage is not None
    assert (usage["input_tokens"], usage["output_tokens"], usage["total_tokens"]) == answer.tokens
    assert message.response_metadata["stopReason"] == answer.stop_reason


def check_pieces(chunks: list[AIMessageChunk], answer: Answer) -> AIMessageChunk:
    """The pieces come as they were sent, and add up to the answer."""
    assert [chunk.text for chunk in chunks if chunk.text] == answer.texts
    whole = chunks[0]
    for chunk in chunks[1:]:
        whole += chunk
    check(whole, answer)
    return whole


# One answer


@cassette("ChatBedrock.invoke", replies=[replies.CAPITAL])
def test_invoke(recording: Recording) -> None:
    check(nova(recording).invoke(MESSAGES), recording.answer)


@cassette("ChatBedrock.ainvoke", replies=[replies.CAPITAL])
async def test_ainvoke(recording: Recording) -> None:
    check(await nova(recording).ainvoke(MESSAGES), recording.answer)


@cassette("ChatBedrock.invoke", replies=[replies.REASONED])
def test_invoke_that_reasons(recording: Recording) -> None:
    message = recording.make(ChatBedrock, **REASONING).invoke(replies.RIDDLE)
    check(message, recording.answer)
    assert reasoning(message) == recording.answer.reasoning != ""


def reasoning(message: AIMessage) -> str:
    """The text of LangChain's standard reasoning blocks."""
    return "".join(b.get("reasoning", "") for b in message.content_blocks if b["type"] == "reasoning")


@cassette("ChatBedrock.generate", replies=BOTH)
def test_generate(recording: Recording) -> None:
    result = nova(recording).generate([[HumanMessage(question)] for question in QUESTIONS])
    assert [[each.text for each in row] for row in result.generations] == [
        [a.text] for a in recording.answers
    ]


@cassette("ChatBedrock.agenerate", replies=[replies.CAPITAL])
async def test_agenerate(recording: Recording) -> None:
    result = await nova(recording).agenerate([[HumanMessage(replies.QUESTION)]])
    assert [[each.text for each in row] for row in result.generations] == [[recording.answer.text]]


@cassette("ChatBedrock.generate_prompt", replies=[replies.CAPITAL])
def test_generate_prompt(recording: Recording) -> None:
    result = nova(recording).generate_prompt([StringPromptValue(text=replies.QUESTION)])
    assert result.generations[0][0].text == recording.answer.text


@cassette("ChatBedrock.agenerate_prompt", replies=[replies.CAPITAL])
async def test_agenerate_prompt(recording: Recording) -> None:
    result = await nova(recording).agenerate_prompt([StringPromptValue(text=replies.QUESTION)])
    assert result.generations[0][0].text == recording.answer.text


# Many answers


@cassette("ChatBedrock.batch", replies=BOTH)
def test_batch(recording: Recording) -> None:
    messages = nova(recording).batch(list(QUESTIONS), IN_ORDER)
    for message, answer in zip(messages, recording.answers, strict=True):
        check(message, answer)


@cassette("ChatBedrock.abatch", replies=BOTH)
async def test_abatch(recording: Recording) -> None:
    messages = await nova(recording).abatch(list(QUESTIONS), IN_ORDER)
    for message, answer in zip(messages, recording.answers, strict=True):
        check(message, answer)


@cassette("ChatBedrock.batch_as_completed", replies=BOTH)
def test_batch_as_completed(recording: Recording) -> None:
    done: dict[int, Any] = dict(nova(recording).batch_as_completed(list(QUESTIONS), IN_ORDER))
    for number, answer in enumerate(recording.answers):
        check(done[number], answer)


@cassette("ChatBedrock.abatch_as_completed", unordered=True)
async def test_abatch_as_completed(recording: Recording) -> None:
    model = nova(recording)  # LangChain starts these in no order, so the endpoint answers by what it is asked
    done: dict[int, Any] = {n: m async for n, m in model.abatch_as_completed(list(QUESTIONS), IN_ORDER)}
    by_question = {answer.question: answer for answer in recording.answers}
    for number, question in enumerate(QUESTIONS):
        check(done[number], by_question[question])


# Streams


@cassette("ChatBedrock.stream", replies=[WEATHER_CALL])
def test_stream(recording: Recording) -> None:
    model = nova(recording, model=replies.CLAUDE).bind_tools([GetWeather])
    check_pieces(list(model.stream(replies.WEATHER_QUESTION)), recording.answer)  # type: ignore[arg-type]
    assert recording.answer.tool_uses


@cassette("ChatBedrock.astream", replies=[WEATHER_CALL])
async def test_astream(recording: Recording) -> None:
    model = nova(recording, model=replies.CLAUDE).bind_tools([GetWeather])
    chunks: list[Any] = [chunk async for chunk in model.astream(replies.WEATHER_QUESTION)]
    check_pieces(chunks, recording.answer)
    assert recording.answer.tool_uses


@cassette("ChatBedrock.stream", replies=[replies.REASONED])
def test_stream_that_reasons(recording: Recording) -> None:
    chunks: list[Any] = list(recording.make(ChatBedrock, **REASONING).stream(replies.RIDDLE))
    assert reasoning(check_pieces(chunks, recording.answer)) == recording.answer.reasoning != ""


@cassette("ChatBedrock.astream", replies=[replies.REASONED])
async def test_astream_that_reasons(recording: Recording) -> None:
    model = recording.make(ChatBedrock, **REASONING)
    chunks: list[Any] = [chunk async for chunk in model.astream(replies.RIDDLE)]
    assert reasoning(check_pieces(chunks, recording.answer)) == recording.answer.reasoning != ""


@cassette("ChatBedrock.transform", replies=[replies.CAPITAL])
def test_transform(recording: Recording) -> None:
    def questions() -> Iterator[str]:
        yield replies.QUESTION

    chunks: list[Any] = list(nova(recording).transform(questions()))
    check_pieces(chunks, recording.answer)


@cassette("ChatBedrock.atransform", replies=[replies.CAPITAL])
async def test_atransform(recording: Recording) -> None:
    async def questions() -> AsyncIterator[str]:
        yield replies.QUESTION

    chunks: list[Any] = [chunk async for chunk in nova(recording).atransform(questions())]
    check_pieces(chunks, recording.answer)


@cassette("ChatBedrock.astream_events", replies=[replies.CAPITAL])
async def test_astream_events(recording: Recording) -> None:
    events = [event async for event in nova(recording).astream_events(replies.QUESTION, version="v2")]
    chunks: list[Any] = [
        each["data"].get("chunk") for each in events if each["event"] == "on_chat_model_stream"
    ]
    assert [chunk.text for chunk in chunks if chunk.text] == recording.answer.texts
    assert events[-1]["event"] == "on_chat_model_end"


@pytest.mark.filterwarnings("ignore::langchain_core._api.beta_decorator.LangChainBetaWarning")
@cassette("ChatBedrock.stream_events", replies=[replies.WEATHER_CALL])
def test_stream_events(recording: Recording) -> None:
    model = nova(recording, model=replies.CLAUDE)
    stream: Any = model.stream_events(replies.WEATHER_QUESTION, version="v3", tools=[replies.WEATHER_TOOL])
    check(stream.output, recording.answer)


# Tools


@cassette("ChatBedrock.bind_tools", replies=[WEATHER_CALL, replies.WEATHER_ANSWER])
def test_bind_tools(recording: Recording) -> None:
    model = nova(recording, model=replies.CLAUDE).bind_tools([GetWeather])
    called = model.invoke(replies.WEATHER_QUESTION)
    result = ToolMessage("18 °C, cloudy", tool_call_id=called.tool_calls[0]["id"])
    told = model.invoke([HumanMessage(replies.WEATHER_QUESTION), called, result])
    for message, answer in zip((called, told), recording.answers, strict=True):
        check(message, answer)


@cassette("ChatBedrock.ainvoke", replies=[WEATHER_CALL, replies.WEATHER_ANSWER])
async def test_ainvoke_with_a_tool(recording: Recording) -> None:
    model = nova(recording, model=replies.CLAUDE).bind_tools([GetWeather])
    called = await model.ainvoke(replies.WEATHER_QUESTION)
    result = ToolMessage("18 °C, cloudy", tool_call_id=called.tool_calls[0]["id"])
    told = await model.ainvoke([HumanMessage(replies.WEATHER_QUESTION), called, result])
    for message, answer in zip((called, told), recording.answers, strict=True):
        check(message, answer)


@cassette("ChatBedrock.with_structured_output", replies=[STRUCTURED])
def test_with_structured_output(recording: Recording) -> None:
    model = nova(recording, model=replies.CLAUDE).with_structured_output(GetWeather)
    assert model.invoke(replies.WEATHER_QUESTION) == GetWeather.model_validate_json(recording.answer.text)


@cassette("ChatBedrock.get_num_tokens", replies=[replies.COUNTED])
def test_get_num_tokens(recording: Recording) -> None:
    counted = nova(recording, model=replies.CLAUDE).get_num_tokens(replies.QUESTION)
    assert counted == recording.answer.whole["inputTokens"] > 0


@cassette("ChatBedrock.get_num_tokens_from_messages", replies=[replies.COUNTED])
def test_get_num_tokens_from_messages(recording: Recording) -> None:
    model = nova(recording, model=replies.CLAUDE)
    counted = model.get_num_tokens_from_messages(MESSAGES, tools=[GetWeather])
    assert counted == recording.answer.whole["inputTokens"] > 0


@cassette("ChatBedrock.astream", replies=[replies.CAPITAL])
async def test_astream_in_a_chain(recording: Recording) -> None:
    chain = RunnableLambda(lambda country: f"What is the capital of {country}?") | nova(recording)
    chunks: list[Any] = [chunk async for chunk in chain.astream("France")]
    check_pieces(chunks, recording.answer)
