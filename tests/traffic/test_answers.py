"""Every recorded Converse and ConverseStream answer, through each client, sync and async.

It says what botocore reads in it; put back into the history it goes over the wire block for block as AWS sent
it.
"""

from __future__ import annotations

import pytest

from .participants import SPEAKERS
from .recordings import Exchange
from .replay import ReplayServer
from .rounds import Outcome, areplay, replay
from .speakers import SpeakerMaker
from .tally import TALLY
from .wire_messages import assistant_content

Exchanges = tuple[Exchange, ...]

#: Recorded answers with a text block of white space alone, which Bedrock would refuse in a history.
BLANK_TEXT = {"bx5ec01d72bb7d45"}


@pytest.mark.parametrize("make", SPEAKERS, ids=lambda make: make.name)
def test_each_answer_says_what_botocore_reads_and_goes_back_as_it_came(
    make: SpeakerMaker, server: ReplayServer, conversations: Exchanges
) -> None:
    speaker = make(server.url)
    try:
        outcome = replay(speaker, server, conversations)
    finally:
        speaker.close()
    _check(outcome, f"{speaker.name} sync", conversations)


@pytest.mark.parametrize("make", SPEAKERS, ids=lambda make: make.name)
async def test_each_answer_says_what_botocore_reads_and_goes_back_as_it_came_asynchronously(
    make: SpeakerMaker, server: ReplayServer, conversations: Exchanges
) -> None:
    speaker = make(server.url)
    try:
        outcome = await areplay(speaker, server, conversations)
    finally:
        await speaker.aclose()
    _check(outcome, f"{speaker.name} async", conversations)


def test_the_one_text_that_may_not_go_back_is_known(conversations: Exchanges) -> None:
    blank = {
        exchange.id
        for exchange in conversations
        if exchange.succeeded
        for block in assistant_content(exchange)
        if block.get("text") and not block["text"].strip()
    }
    assert blank == BLANK_TEXT


def _check(outcome: Outcome, who: str, exchanges: Exchanges) -> None:
    try:
        TALLY.check("answers", who, outcome.asked, outcome.different_answers)
    finally:
        TALLY.check("round trips", who, outcome.sent_back, outcome.different_blocks)
    assert outcome.asked == [exchange.id for exchange in exchanges]
    assert outcome.sent_back == [exchange.id for exchange in exchanges if exchange.succeeded]
