"""Every recorded InvokeModel conversation through both adapters: its answer, and its way back into a history.

LangChain's and LlamaIndex's users call with ``use_converse=False``; what they get must be what the recorded
body says, read independently in ``native_bodies.py``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from .kinds import native_conversations, others
from .native_bodies import facts_of_native
from .native_speakers import NATIVE_SPEAKERS, blocks_of_claude, native_answer, native_message
from .recordings import Exchange
from .replay import Asked, ReplayServer
from .speakers import Reply
from .tally import TALLY

Natives = tuple[tuple[str, Exchange], ...]
Body = dict[str, Any]


@pytest.fixture(scope="module")
def natives(recorded: tuple[Exchange, ...]) -> Natives:
    """The conversations by InvokeModel, with their families."""
    return native_conversations(recorded)


@pytest.mark.parametrize("make", NATIVE_SPEAKERS, ids=lambda make: make.name)
def test_each_answer_says_what_its_body_says_and_goes_back_as_it_came(
    make: Any, server: ReplayServer, natives: Natives
) -> None:
    speaker = make(server.url)
    answers: list[str] = []
    backs: list[str] = []
    try:
        for family, exchange in natives:
            server.play(exchange)
            reply = speaker.ask(exchange)
            answers += _answer_differences(family, exchange, reply)
            if exchange.succeeded:
                speaker.send_back(exchange, reply)
                backs += _back_differences(family, exchange, server.last)
    finally:
        speaker.close()
    _check(f"{speaker.name} sync", natives, answers, backs)


@pytest.mark.parametrize("make", NATIVE_SPEAKERS, ids=lambda make: make.name)
async def test_each_answer_says_what_its_body_says_and_goes_back_as_it_came_asynchronously(
    make: Any, server: ReplayServer, natives: Natives
) -> None:
    speaker = make(server.url)
    answers: list[str] = []
    backs: list[str] = []
    try:
        for family, exchange in natives:
            server.play(exchange)
            reply = await speaker.aask(exchange)
            answers += _answer_differences(family, exchange, reply)
            if exchange.succeeded:
                await speaker.asend_back(exchange, reply)
                backs += _back_differences(family, exchange, server.last)
    finally:
        await speaker.aclose()
    _check(f"{speaker.name} async", natives, answers, backs)


@pytest.mark.parametrize("make", NATIVE_SPEAKERS, ids=lambda make: make.name)
def test_bodies_of_other_families_are_refused_and_not_guessed(
    make: Any, server: ReplayServer, recorded: tuple[Exchange, ...]
) -> None:
    speaker = make(server.url)
    bodies = [one for one in others(recorded) if one.operation.startswith("InvokeModel")]
    try:
        for exchange in bodies:
            if "anthropic." in str(exchange.model_id):
                continue  # the prompt of a text completion; the same model takes Messages, too
            server.play(exchange)
            reply = speaker.ask(exchange)
            assert server.asked == [], exchange.id
            assert reply.answer.error is not None and "InvokeModel body" in reply.answer.error[1], exchange.id
    finally:
        speaker.close()


def test_what_differs_is_noticed(server: ReplayServer, natives: Natives) -> None:
    speaker = NATIVE_SPEAKERS[0](server.url)
    try:
        for family in ("anthropic", "openai", "meta", "cohere"):
            exchange = next(one for kind, one in natives if kind == family and one.succeeded)
            server.play(exchange)
            reply = speaker.ask(exchange)
            speaker.send_back(exchange, reply)
            assert list(_answer_differences(family, exchange, reply)) == []
            reply.answer.text += "!"
            reply.answer.usage["input"] += 1
            assert len(list(_answer_differences(family, exchange, reply))) == 2
            said = native_answer(family, exchange).text.strip()
            altered = json.loads(server.last.body.decode().replace(json.dumps(said)[1:-1], "nothing"))
            back = replace(server.last, body=json.dumps(altered).encode())
            assert list(_back_differences(family, exchange, server.last)) == []
            assert list(_back_differences(family, exchange, back)) != [], family
    finally:
        speaker.close()


def _answer_differences(family: str, exchange: Exchange, reply: Reply) -> Iterator[str]:
    where = f"{exchange.id} {exchange.operation} {exchange.status} {exchange.model_id}"
    for difference in native_answer(family, exchange).differences(reply.answer):
        yield f"{where}: {difference}"


def _back_differences(family: str, exchange: Exchange, asked: Asked) -> Iterator[str]:
    """Where the answer in the history is not the one that came."""
    sent: Body = asked.json
    body, headers = native_message(family, exchange)
    said = facts_of_native(family, body, headers)
    came: Any
    went: Any
    if family == "anthropic":
        came = blocks_of_claude(exchange)
        went = [b for turn in sent["messages"] if turn["role"] == "assistant" for b in turn["content"]]
    elif family == "openai":
        (message,) = (turn for turn in sent["messages"] if turn["role"] == "assistant")
        usage = {"prompt_tokens": 0, "completion_tokens": 0}
        told = {"choices": [{"message": message, "finish_reason": "stop"}], "usage": usage}
        again = facts_of_native(family, told, {})
        came, went = ([facts[name] for name in ("text", "reasoning", "calls")] for facts in (said, again))
    elif family == "cohere":
        came = {"role": "CHATBOT", "message": said["text"]}
        went = sent["chat_history"][1]
    else:
        came, went = 1, sent["prompt"].count(said["text"].strip())
    if went != came:
        yield f"{exchange.id} {exchange.model_id}: {went!r:.400} instead of {came!r:.400}"


def _check(who: str, natives: Natives, answers: list[str], backs: list[str]) -> None:
    try:
        TALLY.check("native answers", who, (one.id for _, one in natives), answers)
    finally:
        TALLY.check("native round trips", who, (one.id for _, one in natives if one.succeeded), backs)
