"""Every recorded exchange in which a guardrail looked on, read as a typed outcome.

What each must say was read off the recordings by hand.
"""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import dataclass
from typing import Any

import pytest

from bedrock_unified.converse.assessment import Coverage, GuardrailOutcome, apply_action, guardrail_outcome
from bedrock_unified.converse.guarding import guarded
from bedrock_unified.converse.guardrail import invoke_members, native_outcome
from bedrock_unified.converse.reducer import StreamReducer
from bedrock_unified.errors import GuardrailIntervened
from bedrock_unified.readers import read_plain
from bedrock_unified.wire.http import Response

from .recordings import Exchange


@dataclass(frozen=True)
class Says:
    """What an exchange tells of its guardrail.

    Attributes:
        did: ``blocked``, ``masked`` or ``passed``.
        findings: policy, kind, action and side of what is told, those not detected left out.
        guarded: characters that were read, of how many; both sides together.
        matched: text that matched, which nothing may quote.
    """

    did: str
    findings: tuple[tuple[str, str, str, str | None], ...]
    guarded: tuple[int, int]
    matched: tuple[str, ...] = ()


def _pii(kind: str, times: int) -> tuple[tuple[str, str, str, str | None], ...]:
    return (("sensitive_information", kind, "ANONYMIZED", "output"),) * times


_WEATHER = Says("blocked", (("topic", "Weather", "BLOCKED", "input"),), (40, 40))
_CITIES = ("Italy", "Rome", "Japan", "Tokyo")
EXPECTED = {
    "bx5cb79d86cfa3ab": Says(
        "blocked", (("word", "custom_word", "BLOCKED", "input"),), (52, 52), ("gravitational singularity",)
    ),
    "bx4dcb3b2566fb3b": Says(
        "blocked",
        (
            ("topic", "InvestmentObjectives", "BLOCKED", None),
            ("sensitive_information", "EMAIL", "BLOCKED", None),
        ),
        (123, 123),
        ("abc@pqrt.com",),
    ),
    "bx90b8d236a0141f": Says("passed", (), (5, 156)),
    "bxac8473e46e78c8": _WEATHER,
    "bx04ba3983672e05": _WEATHER,
    "bx67816f4c45df17": _WEATHER,
    "bx69b13fa16fb5cc": _WEATHER,
    "bx0b17777120c9d6": Says("masked", _pii("ADDRESS", 4), (104, 174), ("Tokyo", "Japan")),
    "bx6cd59255f0a8df": Says("passed", (), (360, 360)),
    "bx278ba67bc14d06": Says("masked", _pii("ADDRESS", 4), (123, 123), _CITIES),
    "bxf7680d86b6ad36": Says("masked", _pii("ADDRESS", 4), (119, 119), _CITIES),
    "bxd5ca00a701b02a": Says("masked", _pii("Account Number", 1), (206, 206), ("1234561666",)),
    "bx196a583c2bb88e": Says("masked", _pii("Account Number", 1), (256, 256), ("1234561666",)),
}


def _told(exchange: Exchange) -> dict[str, Any]:
    """What the exchange's caller has in hand: the whole answer, or the chunk that tells of the guardrail."""
    match exchange.operation:
        case "ConverseStream":
            reducer = StreamReducer()
            for event in exchange.oracle.events:
                reducer.feed(event)
            return reducer.response()
        case "InvokeModel":
            return {"body": exchange.body}
        case "InvokeModelWithResponseStream":
            chunks = [json.loads(event["chunk"]["bytes"]) for event in exchange.oracle.events]
            [told] = [chunk for chunk in chunks if "amazon-bedrock-trace" in chunk]
            return told
        case "ApplyGuardrail":
            return read_plain(Response(200, {}, exchange.body))  # with nulls and unmodelled twins
        case _:
            return exchange.oracle.parsed


def _looked_on(exchange: Exchange) -> bool:
    body = exchange.body if exchange.operation != "InvokeModelWithResponseStream" else _joined(exchange)
    return (exchange.operation not in ("ListFoundationModels",) and b'"guardrail' in body.lower()) or (
        b"amazon-bedrock-guardrailAction" in body
    )


def _joined(exchange: Exchange) -> bytes:
    return b"".join(event.get("chunk", {}).get("bytes", b"") for event in exchange.oracle.events)


@pytest.fixture(scope="session")
def guarded_exchanges(recorded: tuple[Exchange, ...]) -> dict[str, Exchange]:
    return {exchange.id: exchange for exchange in recorded if exchange.id in EXPECTED}


def outcome_of(exchange: Exchange) -> GuardrailOutcome:
    outcome = guardrail_outcome(_told(exchange))
    assert outcome is not None
    return outcome


def test_no_guarded_exchange_is_left_out(recorded: tuple[Exchange, ...]) -> None:
    told_of = {
        exchange.id
        for exchange in recorded
        if exchange.operation != "ListFoundationModels" and exchange.succeeded and _looked_on(exchange)
    }
    assert told_of == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_the_outcome_is_what_was_recorded(name: str, guarded_exchanges: dict[str, Exchange]) -> None:
    says, exchange = EXPECTED[name], guarded_exchanges[name]
    outcome = outcome_of(exchange)
    assert (outcome.intervened, outcome.blocked, outcome.anonymised) == (
        says.did != "passed",
        says.did == "blocked",
        says.did == "masked",
    )
    assert tuple((f.policy, f.kind, f.action, f.side) for f in outcome.detected) == says.findings
    assert outcome.coverage == Coverage(*says.guarded)
    assert {finding.match for finding in outcome.detected if finding.match} == set(says.matched)
    assert outcome.usage["topicPolicyUnits"] >= 0 and outcome.latency_ms > 0
    assert not says.matched or not any(match in repr(outcome) for match in says.matched)


def test_scores_of_grounding_are_told_though_nothing_was_wrong(
    guarded_exchanges: dict[str, Exchange],
) -> None:
    outcome = outcome_of(guarded_exchanges["bx90b8d236a0141f"])
    assert [(f.kind, f.score, f.threshold, f.detected, f.side) for f in outcome.findings] == [
        ("GROUNDING", 0.99, 0.5, False, "output"),
        ("RELEVANCE", 1.0, 0.5, False, "output"),
    ]
    [applied] = outcome.guardrails
    assert (applied.id, applied.version, applied.origin) == ("guardrail1234", "DRAFT", ("REQUEST",))


def test_a_full_scope_tells_what_was_not_found_either(guarded_exchanges: dict[str, Exchange]) -> None:
    outcome = outcome_of(guarded_exchanges["bx4dcb3b2566fb3b"])
    filters = [finding for finding in outcome.findings if finding.policy == "content"]
    assert len(filters) == 6 and {(f.confidence, f.strength, f.detected) for f in filters} == {
        ("NONE", "HIGH", False)
    }
    assert outcome.outputs == ("Sorry, the model cannot answer this question.",)
    botocores = guardrail_outcome(guarded_exchanges["bx4dcb3b2566fb3b"].oracle.parsed)
    assert botocores is not None and botocores.findings == outcome.findings


def test_the_same_question_has_the_same_outcome_on_every_route(
    guarded_exchanges: dict[str, Exchange],
) -> None:
    """Converse, its stream, InvokeModel and its stream were asked the same of the same guardrail."""
    routes = ("bxac8473e46e78c8", "bx04ba3983672e05", "bx67816f4c45df17", "bx69b13fa16fb5cc")
    outcomes = [outcome_of(guarded_exchanges[name]) for name in routes]
    assert len({(o.findings, o.coverage, o.action_reason, o.guardrails) for o in outcomes}) == 1


@pytest.mark.parametrize("name", ["bx67816f4c45df17", "bxd5ca00a701b02a"])
def test_a_native_trace_is_converses(name: str, guarded_exchanges: dict[str, Exchange]) -> None:
    stop, trace = native_outcome(json.loads(guarded_exchanges[name].body))
    assert stop == "guardrail_intervened" and trace is not None
    assert set(trace["guardrail"]) <= {"modelOutput", "inputAssessment", "outputAssessments", "actionReason"}
    assert all(isinstance(found, list) for found in trace["guardrail"].get("outputAssessments", {}).values())


@pytest.mark.parametrize("name", ["bx67816f4c45df17", "bx69b13fa16fb5cc", "bxd5ca00a701b02a"])
def test_the_headers_of_invoke_model_are_those_recorded(
    name: str, guarded_exchanges: dict[str, Exchange]
) -> None:
    headers = guarded_exchanges[name].request_headers
    members = invoke_members(
        {
            "guardrailIdentifier": headers["x-amzn-bedrock-guardrailidentifier"],
            "guardrailVersion": headers["x-amzn-bedrock-guardrailversion"],
            "trace": "enabled",
        }
    )
    assert members["trace"] == headers["x-amzn-bedrock-trace"] == "ENABLED"


@pytest.mark.parametrize("name", [name for name, says in EXPECTED.items() if says.did != "passed"])
def test_raise_quotes_nothing_that_matched(name: str, guarded_exchanges: dict[str, Exchange]) -> None:
    told, says = _told(guarded_exchanges[name]), EXPECTED[name]
    with pytest.raises(GuardrailIntervened) as caught:
        apply_action(told, "raise")
    assert caught.value.partial is told
    assert not any(match in str(caught.value) for match in says.matched)
    assert all(kind in str(caught.value) for _, kind, _, _ in says.findings)


@pytest.mark.parametrize(
    "name",
    ["bx5cb79d86cfa3ab", "bx4dcb3b2566fb3b", "bx0b17777120c9d6", "bx278ba67bc14d06", "bxf7680d86b6ad36"],
)
def test_redact_leaves_nothing_that_matched(name: str, guarded_exchanges: dict[str, Exchange]) -> None:
    exchange = guarded_exchanges[name]
    told = _told(exchange)
    before = json.dumps(told, default=_as_text)
    safe = json.dumps(apply_action(told, "redact"), default=_as_text)
    assert json.dumps(told, default=_as_text) == before, "the answer itself was changed"
    assert any(match in before for match in EXPECTED[name].matched)
    assert not any(match in safe for match in EXPECTED[name].matched)


def test_a_recorded_request_marks_its_source_and_query(guarded_exchanges: dict[str, Exchange]) -> None:
    """The recorded blocks, and that more than they are guarded when this package marks the query."""
    request = guarded_exchanges["bx90b8d236a0141f"].request
    weather, source, query = request["messages"][0]["content"]
    texts = [block["guardContent"]["text"]["text"] for block in (source, query)]
    plain = {**request, "messages": [{"role": "user", "content": [weather, *({"text": t} for t in texts)]}]}
    marked = guarded(plain, {"grounding_source": texts[0], "query": texts[1]})
    content = marked["messages"][0]["content"]
    assert content[:2] == [weather, source]
    assert content[2]["guardContent"]["text"] == {"text": texts[1], "qualifiers": ["query", "guard_content"]}


def _as_text(value: Any) -> str:
    return b64encode(value).decode() if isinstance(value, bytes) else str(value)
