"""For each recorded request the endpoint's answer has the structure of AWS's. ``RULES.md`` states the
rules.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bedrock_unified import local
from bedrock_unified.local import LocalBedrock
from bedrock_unified.local.protocol.frames import event_frame, exception_frame

from . import account
from .recordings import Recorded, application_profiles, conversations, folder
from .sending import post
from .structure import Answer, called_tools, differences

ENOUGH = 0.95
SAME_TOOL = 0.95

# Every kind of mismatch there is: a recorded exchange that shows it, and why it is there.
KNOWN: dict[str, tuple[str, str]] = {
    "stop reason: end_turn at AWS, max_tokens here": (
        "bxd19b836ab78179",
        "the model needed fewer tokens than the limit, the stand-in's sentence is longer",
    ),
    "stop reason: max_tokens at AWS, end_turn here": (
        "bx252fba6743f5ac",
        "Nova wrote on until the limit, the stand-in's sentence is shorter",
    ),
    "status: 200 at AWS, 400 here": (
        "bx1ef7798ce362ce",
        "AWS itself changed: in February 2025 it served Llama 3.2 1B without an inference profile, in "
        "October it "
        "refused to (bx5adf9cc27b38b1); a final assistant turn beside tools it refused (bx8e07448ecabdf2) "
        "and, one "
        "second later, accepted (bx598c3533518634)",
    ),
    "stop reason: tool_use at AWS, end_turn here": (
        "bx886af29b7bf909",
        "given a result that has nothing to do with its question, the model called the same tool again; the "
        "stand-in calls a tool once in a turn",
    ),
    "blocks: toolUse at AWS, text here": ("bx886af29b7bf909", "as above"),
    "blocks: serverToolUse toolResult toolUse at AWS, toolUse here": (
        "bx71b0b68fcfeafd",
        "'multiply that by 2' has the interpreter run on a number from the turn before; the stand-in's "
        "interpreter "
        "runs what is written out as an expression",
    ),
    "blocks: reasoningContent at AWS, reasoningContent text here": (
        "bx6947a7c6d705af",
        "Qwen once stopped after its reasoning without an answer",
    ),
    "usage.cacheReadInputTokenCount is missing": (
        "bx5e948120dd05de",
        "one answer of Claude 3.5 Sonnet v2 has cache members where another of it has none "
        "(bxcd7316ee12b0da)",
    ),
    "usage.cacheReadInputTokens is missing": ("bx5e948120dd05de", "as above"),
    "usage.cacheWriteInputTokenCount is missing": ("bx5e948120dd05de", "as above"),
    "usage.cacheWriteInputTokens is missing": ("bx5e948120dd05de", "as above"),
    "usage.cacheWriteInputTokens is not AWS's": (
        "bx90b8d236a0141f",
        "one answer of Claude Haiku 4.5 in September 2026 has the read pair alone; the model's others have "
        "both",
    ),
}


@pytest.fixture(scope="module")
def recorded() -> list[Recorded]:
    return conversations(folder())


@pytest.fixture(scope="module")
def pairs(recorded: list[Recorded]) -> list[tuple[Recorded, Answer, Answer]]:
    """Every recorded request sent: AWS's answer and ours."""
    results: list[tuple[Recorded, Answer, Answer]] = []
    session = ""
    with LocalBedrock(
        require_inference_profiles=True,
        application_profiles=application_profiles(folder()),
        guardrails=account.guardrails(recorded),
    ) as endpoint:
        for exchange in recorded:
            if exchange.session != session:
                session = exchange.session
                endpoint.forget()  # prompts cached in one session are not in another
            status, headers, body = post(
                endpoint, exchange.path, exchange.request, **account.credentials(exchange)
            )
            aws = Answer(exchange.operation, exchange.status, exchange.headers, exchange.body)
            results.append((exchange, aws, Answer(exchange.operation, status, headers, body)))
    return results


@pytest.fixture(scope="module")
def found(pairs: list[tuple[Recorded, Answer, Answer]]) -> dict[str, list[str]]:
    """The differences of each answer, by the id of the recorded exchange."""
    return {
        exchange.id: differences(aws, ours, exchange.request, exchange.family)
        for exchange, aws, ours in pairs
    }


def test_nearly_every_answer_has_the_structure_of_the_recorded_one(found: dict[str, list[str]]) -> None:
    assert len(found) == 630
    matching = sum(not kinds for kinds in found.values())
    assert matching / len(found) >= ENOUGH, {id: kinds for id, kinds in found.items() if kinds}


def test_every_kind_of_mismatch_is_known_by_a_record_and_a_reason(found: dict[str, list[str]]) -> None:
    assert {kind for kinds in found.values() for kind in kinds} == set(KNOWN)
    for kind, (id, reason) in KNOWN.items():
        assert kind in found[id], id
        assert reason


def test_the_same_tools_are_called(pairs: list[tuple[Recorded, Answer, Answer]]) -> None:
    both = [(called_tools(aws), called_tools(ours)) for _, aws, ours in pairs if called_tools(aws)]
    assert len(both) > 150
    assert sum(theirs == mine for theirs, mine in both) / len(both) >= SAME_TOOL


def test_an_answer_has_its_own_structure(pairs: list[tuple[Recorded, Answer, Answer]]) -> None:
    """The comparison finds nothing where there is nothing, in AWS's own answers."""
    for exchange, aws, _ in pairs:
        framed = {**aws.headers, "content-length": "1", "transfer-encoding": "chunked"}
        same = Answer(aws.operation, aws.status, framed, aws.body)
        kinds = differences(aws, same, {**exchange.request, "toolConfig": None}, exchange.family)
        assert set(kinds) <= {"a call of a tool that is not offered"}, exchange.id


# The comparison has teeth: each small lie in a true answer is told.

UNARY = {
    "metrics": {"latencyMs": 1},
    "output": {
        "message": {
            "content": [
                {
                    "toolUse": {
                        "input": {"n": 1},
                        "name": "count",
                        "toolUseId": "tooluse_1",
                        "type": "tool_use",
                    }
                }
            ],
            "role": "assistant",
        }
    },
    "stopReason": "tool_use",
    "usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2},
}
REQUEST = {
    "toolConfig": {
        "tools": [
            {
                "toolSpec": {
                    "name": "count",
                    "inputSchema": {
                        "json": {
                            "type": "object",
                            "properties": {"n": {"type": "integer"}},
                            "required": ["n"],
                        }
                    },
                }
            }
        ]
    }
}
UNARY_LIES: dict[str, Callable[[dict[str, Any]], Any]] = {
    "a missing member": lambda a: a.pop("metrics"),
    "a new member": lambda a: a.update(extra=1),
    "a member of another type": lambda a: a["metrics"].update(latencyMs="1"),
    "a missing count": lambda a: a["usage"].pop("totalTokens"),
    "another stop reason": lambda a: a.update(stopReason="end_turn"),
    "another kind of block": lambda a: a["output"]["message"].update(content=[{"text": "no"}]),
    "one block too many": lambda a: a["output"]["message"]["content"].append(
        {"reasoningContent": {"reasoningText": {"text": "hm"}}}
    ),
    "a block without a member": lambda a: a["output"]["message"]["content"][0]["toolUse"].pop("toolUseId"),
    "a call without its type": lambda a: a["output"]["message"]["content"][0]["toolUse"].pop("type"),
    "a tool nobody offered": lambda a: a["output"]["message"]["content"][0]["toolUse"].update(name="other"),
    "input of the wrong type": lambda a: a["output"]["message"]["content"][0]["toolUse"].update(
        input={"n": "1"}
    ),
    "input that lacks what is required": lambda a: a["output"]["message"]["content"][0]["toolUse"].update(
        input={}
    ),
}


@pytest.mark.parametrize("lie", UNARY_LIES.values(), ids=UNARY_LIES)
def test_the_comparison_tells_a_lie_in_a_unary_answer(lie: Callable[[dict[str, Any]], Any]) -> None:
    changed = copy.deepcopy(UNARY)
    lie(changed)
    assert differences(_unary(UNARY), _unary(UNARY), REQUEST, "anthropic-claude") == []
    assert differences(_unary(UNARY), _unary(changed), REQUEST, "anthropic-claude") != []


def _unary(members: dict[str, Any]) -> Answer:
    headers = {
        "content-type": "application/json",
        "content-length": "1",
        "x-amzn-requestid": "1",
        "date": "now",
    }
    return Answer("Converse", 200, headers, json.dumps(members).encode())


EVENTS: list[tuple[str, dict[str, Any]]] = [
    ("messageStart", {"role": "assistant"}),
    ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"reasoningContent": {"text": "hm"}}}),
    ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"reasoningContent": {"signature": "s"}}}),
    ("contentBlockStop", {"contentBlockIndex": 0}),
    (
        "contentBlockStart",
        {"contentBlockIndex": 1, "start": {"toolUse": {"name": "count", "toolUseId": "t"}}},
    ),
    ("contentBlockDelta", {"contentBlockIndex": 1, "delta": {"toolUse": {"input": ""}}}),
    ("contentBlockDelta", {"contentBlockIndex": 1, "delta": {"toolUse": {"input": '{"n":1}'}}}),
    ("contentBlockStop", {"contentBlockIndex": 1}),
    ("messageStop", {"stopReason": "tool_use"}),
    (
        "metadata",
        {"metrics": {"latencyMs": 1}, "usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2}},
    ),
]
Events = list[tuple[str, dict[str, Any]]]
STREAM_LIES: dict[str, Callable[[Events], Any]] = {
    "events in another order": lambda e: e.insert(0, e.pop(1)),
    "no message start": lambda e: e.pop(0),
    "no metadata": lambda e: e.pop(),
    "metadata before the stop": lambda e: e.insert(8, e.pop()),
    "a start where AWS sends none": lambda e: e.insert(
        1, ("contentBlockStart", {"contentBlockIndex": 0, "start": {"text": {}}})
    ),
    "a block without its start": lambda e: e.pop(4),
    "a block that is not stopped": lambda e: e.pop(3),
    "a first fragment that is not empty": lambda e: e.pop(5),
    "a signature before its text": lambda e: e.insert(1, e.pop(2)),
    "no signature": lambda e: e.pop(2),
    "an index left out": lambda e: e[7][1].update(contentBlockIndex=2),
    "a missing role": lambda e: e[0][1].clear(),
}


@pytest.mark.parametrize("lie", STREAM_LIES.values(), ids=STREAM_LIES)
def test_the_comparison_tells_a_lie_in_a_stream(lie: Callable[[Events], Any]) -> None:
    changed = copy.deepcopy(EVENTS)
    lie(changed)
    assert differences(_stream(EVENTS), _stream(EVENTS), REQUEST, "anthropic-claude") == []
    assert differences(_stream(EVENTS), _stream(changed), REQUEST, "anthropic-claude") != []


def test_the_comparison_tells_missing_padding_and_an_exception_in_the_stream() -> None:
    unpadded = b"".join(event_frame(kind, payload, None) for kind, payload in EVENTS)
    failed = exception_frame("throttlingException", "slow down")
    for body in (unpadded, failed):
        lie = Answer("ConverseStream", 200, _stream(EVENTS).headers, body)
        assert differences(_stream(EVENTS), lie, REQUEST, "anthropic-claude") != []


def _stream(events: Events) -> Answer:
    body = b"".join(event_frame(kind, payload, "abc") for kind, payload in events)
    headers = {"content-type": "application/vnd.amazon.eventstream", "transfer-encoding": "chunked"}
    return Answer("ConverseStream", 200, headers, body)


HEAD_LIES: dict[str, Answer] = {
    "another status": Answer("Converse", 500, _unary(UNARY).headers, b'{"message":"no"}'),
    "another content type": Answer(
        "Converse", 200, {**_unary(UNARY).headers, "content-type": "text/plain"}, _unary(UNARY).body
    ),
    "no request id": Answer(
        "Converse",
        200,
        {"content-type": "application/json", "content-length": "1", "date": "now"},
        _unary(UNARY).body,
    ),
    "a header of InvokeModel": Answer(
        "Converse",
        200,
        {**_unary(UNARY).headers, "x-amzn-bedrock-invocation-latency": "1"},
        _unary(UNARY).body,
    ),
}


@pytest.mark.parametrize("lie", HEAD_LIES.values(), ids=HEAD_LIES)
def test_the_comparison_tells_a_lie_in_the_head(lie: Answer) -> None:
    assert differences(_unary(UNARY), lie, REQUEST, "anthropic-claude") != []


def test_the_endpoint_knows_no_recorded_request_by_heart(recorded: list[Recorded]) -> None:
    """Neither an id, nor a tool's name, nor a user's words stand in the endpoint's code or data."""
    package = Path(local.__file__).parent
    known = "\n".join(
        path.read_text(encoding="utf-8") for path in package.rglob("*") if path.suffix in {".py", ".toml"}
    )
    phrases = {exchange.id for exchange in recorded}
    for exchange in recorded:
        tools = (exchange.request.get("toolConfig") or {}).get("tools") or []
        phrases |= {tool["toolSpec"]["name"] for tool in tools if "toolSpec" in tool}
        texts = [b["text"] for m in exchange.request["messages"] for b in m["content"] if "text" in b]
        phrases |= {line.strip() for text in texts for line in text.splitlines()}
    telling = {phrase for phrase in phrases if len(phrase) >= 8 and not re.fullmatch(r"[a-z]+", phrase)}
    assert len(telling) > 500
    assert not {phrase for phrase in telling if phrase in known}
