"""Hundreds of calls at once: they begin bit by bit, in their order, and all of them end."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from llama_index.core.instrumentation import get_dispatcher
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.instrumentation.events.llm import LLMChatStartEvent, LLMCompletionStartEvent
from llama_index.core.llms import ChatMessage
from llama_index.core.prompts import PromptTemplate
from pydantic import BaseModel, PrivateAttr

from llamaindex_bedrock_unified import BedrockConverse

from .scripted import ScriptedBedrock, says

MANY = 260
AS_THEY_COME = 200
IN_A_TURN = 4


class Beginnings(BaseEventHandler):
    """Which calls LlamaIndex was told of, and in which turn of the event loop."""

    _turn: int = PrivateAttr(default=0)
    _names: list[str] = PrivateAttr(default_factory=list)
    _in_turns: Counter[int] = PrivateAttr(default_factory=Counter)

    @classmethod
    def class_name(cls) -> str:
        """The handler's name."""
        return "Beginnings"

    def handle(self, event: Any, **_: Any) -> None:
        """Note that a call begins."""
        if isinstance(event, LLMChatStartEvent):
            self._names.append(str(event.messages[-1].content))
        elif isinstance(event, LLMCompletionStartEvent):
            self._names.append(event.prompt)
        else:
            return
        self._in_turns[self._turn] += 1

    async def count_turns(self) -> None:
        """Run beside the calls."""
        while True:
            await asyncio.sleep(0)
            self._turn += 1


@pytest.fixture
def beginnings() -> Iterator[Beginnings]:
    """Hears of every call of the test."""
    heard = Beginnings()
    dispatcher = get_dispatcher()
    dispatcher.add_event_handler(heard)
    yield heard
    dispatcher.event_handlers.remove(heard)


async def chat(llm: BedrockConverse, name: str) -> str:
    return (await llm.achat([ChatMessage(name)])).message.content or ""


async def complete(llm: BedrockConverse, name: str) -> str:
    return (await llm.acomplete(name)).text


async def stream_chat(llm: BedrockConverse, name: str) -> str:
    return "".join([item.delta or "" async for item in await llm.astream_chat([ChatMessage(name)])])


async def stream_complete(llm: BedrockConverse, name: str) -> str:
    return "".join([item.delta or "" async for item in await llm.astream_complete(name)])


@pytest.mark.parametrize("call", [chat, complete, stream_chat, stream_complete])
async def test_beyond_two_hundred_a_few_begin_in_each_turn(
    llm: BedrockConverse, beginnings: Beginnings, call: Callable[[BedrockConverse, str], Awaitable[str]]
) -> None:
    names = [f"call {number}" for number in range(MANY)]
    turns = asyncio.create_task(beginnings.count_turns())
    answers = await asyncio.gather(*[call(llm, name) for name in names])
    turns.cancel()
    assert answers == ["Good day."] * MANY
    assert beginnings._names == names
    at_first, *later = beginnings._in_turns.values()
    assert AS_THEY_COME <= at_first <= AS_THEY_COME + IN_A_TURN
    assert max(later) <= IN_A_TURN
    await llm.bedrock.aclose()


async def test_a_call_that_is_cancelled_before_it_began_was_none(
    llm: BedrockConverse, bedrock: ScriptedBedrock, beginnings: Beginnings
) -> None:
    tasks = [asyncio.create_task(chat(llm, f"call {number}")) for number in range(MANY)]
    await asyncio.sleep(0)
    for task in tasks[-10:]:
        task.cancel()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert outcomes[:-10] == ["Good day."] * (MANY - 10)
    assert all(isinstance(outcome, asyncio.CancelledError) for outcome in outcomes[-10:])
    assert len(beginnings._names) == len(bedrock.requests) == MANY - 10
    await llm.bedrock.aclose()


class Song(BaseModel):
    """A song."""

    title: str


async def test_calls_within_calls_do_not_wait_for_each_other(
    llm: BedrockConverse, bedrock: ScriptedBedrock
) -> None:
    bedrock.script = [says('{"title": "Time"}')]
    structured, prompt = llm.as_structured_llm(Song), PromptTemplate("A song about {about}.")
    async with asyncio.timeout(60):
        songs = await asyncio.gather(
            *[llm.astructured_predict(Song, prompt, about=str(number)) for number in range(MANY)]
        )
        chats = await asyncio.gather(
            *[structured.achat([ChatMessage(f"About {number}.")]) for number in range(MANY)]
        )
    assert songs == [Song(title="Time")] * MANY
    assert [answer.raw for answer in chats] == songs
    await llm.bedrock.aclose()
