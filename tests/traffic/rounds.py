"""The two rounds of a replay: does the answer say what botocore says, and does it go back as it came?"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from .recordings import Exchange
from .replay import Asked, ReplayServer
from .speakers import Reply, Speaker
from .views import Answer, Block, oracle_answer
from .wire_messages import assistant_content, normalised

Expected = Callable[[Exchange], list[Block]]


@dataclass(slots=True)
class Outcome:
    """What was compared and what differed; each difference begins with the id of its exchange."""

    asked: list[str] = field(default_factory=list)
    different_answers: list[str] = field(default_factory=list)
    sent_back: list[str] = field(default_factory=list)
    different_blocks: list[str] = field(default_factory=list)

    def take_answer(self, exchange: Exchange, said: Answer) -> None:
        """Compare an answer with the oracle's."""
        self.asked.append(exchange.id)
        self.different_answers += _named(exchange, oracle_answer(exchange).differences(said))

    def take_failure(self, exchange: Exchange, problem: Exception) -> None:
        """Note what should never be raised, so that the other exchanges are still compared."""
        self.asked.append(exchange.id)
        self.different_answers += _named(exchange, [repr(problem)])

    def take_history(self, exchange: Exchange, expected: list[Block], sent: Asked) -> None:
        """Compare what went back with what had come."""
        self.sent_back.append(exchange.id)
        self.different_blocks += _named(exchange, _block_differences(expected, sent))


def as_recorded(reply: Reply) -> Reply:
    """An answer goes back as the speaker gave it."""
    return reply


def replay(
    speaker: Speaker,
    server: ReplayServer,
    exchanges: Iterable[Exchange],
    *,
    expected: Expected = assistant_content,
    between: Callable[[Reply], Reply] = as_recorded,
) -> Outcome:
    """Ask for each exchange, and send each answer that is not an error back in the history.

    Args:
        expected: the blocks that must go back; AWS's own.
        between: what happens to the answer before it goes back.
    """
    outcome = Outcome()
    for exchange in exchanges:
        server.play(exchange)
        try:
            reply = speaker.ask(exchange)
        except Exception as problem:
            outcome.take_failure(exchange, problem)
            continue
        outcome.take_answer(exchange, reply.answer)
        if reply.message is not None and exchange.succeeded:
            speaker.send_back(exchange, between(reply))
            outcome.take_history(exchange, speaker.kept(exchange, expected(exchange)), server.last)
    return outcome


async def areplay(speaker: Speaker, server: ReplayServer, exchanges: Iterable[Exchange]) -> Outcome:
    """The same, asynchronously."""
    outcome = Outcome()
    for exchange in exchanges:
        server.play(exchange)
        try:
            reply = await speaker.aask(exchange)
        except Exception as problem:
            outcome.take_failure(exchange, problem)
            continue
        outcome.take_answer(exchange, reply.answer)
        if reply.message is not None and exchange.succeeded:
            await speaker.asend_back(exchange, reply)
            outcome.take_history(exchange, speaker.kept(exchange, assistant_content(exchange)), server.last)
    return outcome


def _block_differences(expected: list[Block], asked: Asked) -> list[str]:
    turns = [turn["content"] for turn in asked.json["messages"] if turn["role"] == "assistant"]
    if len(turns) > 1:
        return [f"the answer was split into {len(turns)} turns: {turns!r:.400}"]
    sent, came = normalised(turns[0] if turns else []), normalised(expected)
    if len(sent) != len(came):
        return [f"{len(sent)} blocks went back, {len(came)} came: {sent!r:.400} instead of {came!r:.400}"]
    return [
        f"block {index}: {back!r:.400} instead of {block!r:.400}"
        for index, (back, block) in enumerate(zip(sent, came, strict=True))
        if back != block
    ]


def _named(exchange: Exchange, differences: list[str]) -> list[str]:
    where = f"{exchange.id} {exchange.operation} {exchange.status} {exchange.model_id}"
    return [f"{where}: {difference}" for difference in differences]
