"""Every recorded InvokeModel conversation, read as Converse: its answer, its stream, and its request."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from botocore.validate import ParamValidator

from bedrock_unified.converse.reducer import StreamReducer
from bedrock_unified.invoke.families import FAMILIES

from .native_bodies import (
    as_converse,
    assembled,
    canonical,
    chunks,
    facts_of_converse,
    facts_of_native,
    family_of,
)
from .recordings import Exchange
from .shapes import event_shape, output_shape

Exchanges = tuple[Exchange, ...]

#: Recorded exchanges of each family, whole and streamed.
WHOLE = {"anthropic": 364, "openai": 5, "meta": 6, "cohere": 2}
STREAMED = {"anthropic": 153, "openai": 2, "meta": 3, "cohere": 1}
#: Of Llama's nine recorded prompts so many are conversations in Llama's layout.
PROMPTS_THAT_ARE_CONVERSATIONS = 4
#: What stands in a usage beside Converse's own members.
FAMILY_DETAILS = ("output_tokens_details", "completion_tokens_details")


@pytest.fixture(scope="module")
def whole(recorded: Exchanges) -> list[tuple[str, Exchange]]:
    return _of("InvokeModel", recorded)


@pytest.fixture(scope="module")
def streamed(recorded: Exchanges) -> list[tuple[str, Exchange]]:
    return _of("InvokeModelWithResponseStream", recorded)


def _of(operation: str, recorded: Exchanges) -> list[tuple[str, Exchange]]:
    named = ((family_of(exchange), exchange) for exchange in recorded if exchange.operation == operation)
    return [(family, exchange) for family, exchange in named if family is not None]


def test_each_answer_says_in_converse_what_it_says_natively(whole: list[tuple[str, Exchange]]) -> None:
    assert Counter(family for family, _ in whole) == WHOLE
    for family, exchange in whole:
        body = json.loads(exchange.body)
        response = FAMILIES[family].response(body, exchange.headers)
        assert facts_of_converse(response) == facts_of_native(family, body, exchange.headers), exchange.id
        assert json.loads(exchange.body) == body, "the answer was changed"


def test_each_stream_says_in_converse_what_it_says_natively(streamed: list[tuple[str, Exchange]]) -> None:
    assert Counter(family for family, _ in streamed) == STREAMED
    for family, exchange in streamed:
        native = chunks(exchange)
        reducer = StreamReducer()
        for event in _events(family, native):
            reducer.feed(event)
        told, headers = assembled(family, chunks(exchange))
        expected = facts_of_native(family, told, headers)
        assert facts_of_converse(reducer.response()) == expected, exchange.id
        assert native == chunks(exchange), "the chunks were changed"


def test_each_stream_reduces_to_the_answer_of_its_assembled_message(
    streamed: list[tuple[str, Exchange]],
) -> None:
    for family, exchange in streamed:
        reducer = StreamReducer()
        for event in _events(family, chunks(exchange)):
            reducer.feed(event)
        body, headers = assembled(family, chunks(exchange))
        whole = FAMILIES[family].response(body, headers)
        reduced = reducer.response()
        if family == "openai":  # a recorded stream calls its tool before the text, a whole answer after it
            for response in (whole, reduced):
                response["output"]["message"]["content"].sort(key=lambda block: sorted(block))
        assert reduced == whole, exchange.id


def test_streams_have_the_order_of_converse_stream(streamed: list[tuple[str, Exchange]]) -> None:
    for family, exchange in streamed:
        names = [next(iter(event)) for event in _events(family, chunks(exchange))]
        assert names[0] == "messageStart" and names[-2:] == ["messageStop", "metadata"], exchange.id
        opened: list[int] = []
        stopped: list[int] = []
        for event in _events(family, chunks(exchange)):
            for name, members in event.items():
                if (index := members.get("contentBlockIndex")) is None:
                    continue
                assert index not in stopped, exchange.id
                if index not in opened:
                    opened.append(index)
                    begins_a_tool = "toolUse" in members.get("start", {})
                    is_tool = "toolUse" in members.get("delta", {})
                    assert begins_a_tool or not is_tool, f"{exchange.id}: a tool without a start"
                if name == "contentBlockStop":
                    stopped.append(index)
        assert opened == stopped == list(range(len(opened))), exchange.id


def test_what_is_made_of_answers_and_streams_has_botocores_shapes(
    whole: list[tuple[str, Exchange]], streamed: list[tuple[str, Exchange]]
) -> None:
    details: Counter[str] = Counter()
    for family, exchange in whole:
        response = FAMILIES[family].response(json.loads(exchange.body), exchange.headers)
        details.update(name for name in FAMILY_DETAILS if response["usage"].pop(name, None))
        response.setdefault("metrics", {"latencyMs": 0})  # recorded: a blocked answer has no latency
        assert _findings(response, output_shape("Converse")) == "", exchange.id
    for family, exchange in streamed:
        for event in _events(family, chunks(exchange)):
            if "metadata" in event:
                event["metadata"].setdefault("metrics", {"latencyMs": 0})
            assert _findings(event, event_shape("ConverseStream")) == "", exchange.id
    assert details == {"output_tokens_details": 1}  # bxd5c91afa830e2c


def test_each_request_read_as_converse_is_built_again(
    whole: list[tuple[str, Exchange]], streamed: list[tuple[str, Exchange]]
) -> None:
    built: Counter[str] = Counter()
    for family, exchange in [*whole, *streamed]:
        request = as_converse(family, exchange)
        if request is None:
            continue
        given = json.loads(json.dumps(request, default=_named_bytes))
        made = json.loads(json.dumps(FAMILIES[family].body(request)))
        assert canonical(family, made) == canonical(family, exchange.request), exchange.id
        assert json.loads(json.dumps(request, default=_named_bytes)) == given, "the request was changed"
        built[family] += 1
    assert built == {
        "anthropic": WHOLE["anthropic"] + STREAMED["anthropic"],
        "openai": WHOLE["openai"] + STREAMED["openai"],
        "meta": PROMPTS_THAT_ARE_CONVERSATIONS,
        "cohere": WHOLE["cohere"] + STREAMED["cohere"],
    }


def test_a_guardrails_block_on_invoke_model_is_told_as_on_converse(
    whole: list[tuple[str, Exchange]], streamed: list[tuple[str, Exchange]]
) -> None:
    answers = [e for _, e in whole if e.id == "bx67816f4c45df17"]
    (exchange,) = answers
    response = FAMILIES["anthropic"].response(json.loads(exchange.body), exchange.headers)
    assert response["stopReason"] == "guardrail_intervened"
    assert response["trace"]["guardrail"]["actionReason"] == "Guardrail blocked."
    (topic,) = response["trace"]["guardrail"]["inputAssessment"]["guardrail1234"]["topicPolicy"]["topics"]
    assert topic["name"] == "Weather"
    (stream,) = [e for _, e in streamed if e.id == "bx69b13fa16fb5cc"]
    reducer = StreamReducer()
    for event in _events("anthropic", chunks(stream)):
        reducer.feed(event)
    assert reducer.stop_reason == "guardrail_intervened"
    assert set(reducer.metadata["trace"]["guardrail"]) == {"actionReason", "inputAssessment"}


def test_a_stream_that_is_cut_anywhere_is_told_as_cut(streamed: list[tuple[str, Exchange]]) -> None:
    from bedrock_unified.wire.http import TransportError

    for family in STREAMED:
        exchange = next(exchange for kind, exchange in streamed if kind == family)
        native = chunks(exchange)
        for length in range(len(native) - 2):
            maker = FAMILIES[family].events()
            for chunk in native[:length]:
                maker.feed(chunk)
            with pytest.raises(TransportError, match="ended without"):
                maker.end()


def _events(family: str, native: list[dict[str, Any]]) -> list[dict[str, Any]]:
    maker = FAMILIES[family].events()
    events = [event for chunk in native for event in maker.feed(chunk)]
    return [*events, *maker.end()]


def _findings(value: Any, shape: Any) -> str:
    return str(ParamValidator().validate(value, shape).generate_report())


def _named_bytes(value: Any) -> str:
    assert isinstance(value, bytes)
    return value.hex()
