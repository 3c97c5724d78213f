"""Every recorded Converse request, read into each framework's messages, built again by the adapter and sent.

What goes over the wire passes botocore's validator and is the recorded body under the rules of ``RULES.md``.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from botocore.validate import ParamValidator

from bedrock_unified import BedrockClient
from bedrock_unified.errors import BedrockError

from .recordings import Exchange
from .replay import ReplayServer
from .request_parts import Call
from .reversal_rules import LANGCHAIN, LLAMAINDEX, RULES, expected, is_refused_like_aws
from .senders import LangChainSender, LlamaIndexSender
from .shapes import as_botocore_takes, input_shape
from .speakers import CONNECTION
from .tally import TALLY

Exchanges = tuple[Exchange, ...]
SENDERS = (LangChainSender, LlamaIndexSender)
DOCUMENT = Path(__file__).with_name("RULES.md")
REFUSED = "not sent, as AWS refused it"
AS_THEY_ARE = "messages of Converse's own blocks"


@dataclass(slots=True)
class Outcome:
    """What was compared, what differed, and which rules were needed how often."""

    asked: list[str] = field(default_factory=list)
    different: list[str] = field(default_factory=list)
    needed: Counter[str] = field(default_factory=Counter[str])

    def take(self, exchange: Exchange, framework: str, server: ReplayServer, call: Call | None) -> None:
        """Compare what was sent with what was recorded."""
        self.asked.append(exchange.id)
        if call is not None and call.as_they_are:
            self.needed[AS_THEY_ARE] += call.as_they_are
        if len(server.asked) != 1:
            self.different.append(f"{exchange.id}: {len(server.asked)} requests were sent")
            return
        sent = server.last.json
        body, needed = expected(exchange.request, sent, framework)
        self.needed.update(needed)
        self.different += [f"{exchange.id} {line}" for line in _differences(exchange, sent, body)]

    def refused(self, exchange: Exchange, problem: BaseException) -> None:
        """Note a request that was not sent."""
        self.asked.append(exchange.id)
        if is_refused_like_aws(exchange, str(problem)):
            self.needed[REFUSED] += 1
        else:
            self.different.append(f"{exchange.id} was not sent: {problem!r:.300}")


@pytest.mark.parametrize("make", SENDERS, ids=lambda make: make.framework)
def test_each_recorded_request_is_built_again(
    make: Any, server: ReplayServer, conversations: Exchanges
) -> None:
    outcome = Outcome()
    with BedrockClient(endpoint_url=server.url, **CONNECTION) as client:
        sender = make(client)
        for exchange in conversations:
            server.play(exchange)
            call = None
            try:
                call = sender.send(exchange)
            except BedrockError as error:
                if not server.asked:
                    outcome.refused(exchange, error)
                    continue
            outcome.take(exchange, sender.framework, server, call)
    _check(outcome, f"{make.framework} sync", conversations)
    assert outcome.needed == _documented(make.framework)


@pytest.mark.parametrize("make", SENDERS, ids=lambda make: make.framework)
async def test_each_recorded_request_is_built_again_asynchronously(
    make: Any, server: ReplayServer, conversations: Exchanges
) -> None:
    outcome = Outcome()
    async with BedrockClient(endpoint_url=server.url, **CONNECTION) as client:
        sender = make(client)
        for exchange in conversations:
            server.play(exchange)
            call = None
            try:
                call = await sender.asend(exchange)
            except BedrockError as error:
                if not server.asked:
                    outcome.refused(exchange, error)
                    continue
            outcome.take(exchange, sender.framework, server, call)
    _check(outcome, f"{make.framework} async", conversations)
    assert outcome.needed == _documented(make.framework)


def test_the_document_has_every_rule_and_no_other() -> None:
    for framework in (LANGCHAIN, LLAMAINDEX):
        rules = {rule.name for rule in RULES if framework in rule.frameworks}
        assert rules == _documented(framework).keys() - {REFUSED, AS_THEY_ARE}


@pytest.mark.parametrize(
    "change",
    [
        lambda body: body["messages"][0]["content"][0].update(text="another question"),
        lambda body: body["messages"].pop(),
        lambda body: body.update(requestMetadata={"one": "more"}),
        lambda body: body["inferenceConfig"].update(temperature=0.123),
        lambda body: body["toolConfig"]["tools"].pop(),
        lambda body: body["toolConfig"]["tools"][0]["toolSpec"]["inputSchema"]["json"].update(title="x"),
    ],
)
def test_a_request_that_differs_otherwise_is_noticed(change: Any, conversations: Exchanges) -> None:
    exchange = next(
        one
        for one in conversations
        if one.request.get("toolConfig") and one.request.get("inferenceConfig", {}).get("temperature")
    )
    for framework in (LANGCHAIN, LLAMAINDEX):
        body, _ = expected(exchange.request, exchange.request, framework)
        assert list(_differences(exchange, body, body)) == []
        altered, _ = expected(exchange.request, exchange.request, framework)
        change(altered)
        assert list(_differences(exchange, altered, body))


def test_a_request_that_botocore_would_refuse_is_noticed(conversations: Exchanges) -> None:
    exchange = conversations[0]
    body = {**exchange.request, "messages": [{"role": "nobody", "content": [{"text": 5}]}]}
    assert any("botocore" in line for line in _differences(exchange, body, body))


def _differences(exchange: Exchange, sent: dict[str, Any], body: dict[str, Any]) -> Iterator[str]:
    shape = input_shape(exchange.operation)
    given = {**as_botocore_takes(shape, sent), "modelId": exchange.model_id}
    report = ParamValidator().validate(given, shape)
    if report.has_errors():
        yield f"botocore refuses it: {report.generate_report()}"
    for name in sorted(sent.keys() | body.keys()):
        if sent.get(name) != body.get(name):
            yield f"{name}: {sent.get(name)!r:.600} instead of {body.get(name)!r:.600}"


def _check(outcome: Outcome, who: str, exchanges: Exchanges) -> None:
    TALLY.check("requests built again", who, outcome.asked, outcome.different)
    assert outcome.asked == [exchange.id for exchange in exchanges]


def _documented(framework: str) -> Counter[str]:
    """The counts of the table in the document; a dash says that a rule is not this framework's."""
    column = {LANGCHAIN: 1, LLAMAINDEX: 2}[framework]
    counts: Counter[str] = Counter()
    for line in DOCUMENT.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|") and re.fullmatch(r"\d+", cells[column]):
            counts[cells[0]] = int(cells[column])
    return counts
