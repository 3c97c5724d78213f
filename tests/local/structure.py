"""The comparison of two answers' structure. ``RULES.md`` beside this file states what it compares and why."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .forms import (
    form_of,
    input_differences,
    kind_of,
    member_differences,
    of_one_time,
    outline_of,
    stop_reason_differences,
    trace_differences,
    usage_differences,
    without,
)
from .structure_streams import frames_of, stream_differences

COMPARED_HEADERS = ("content-type", "x-amzn-requestid", "date")
REDACTED = "**REDACTED**"


@dataclass(frozen=True)
class Answer:
    """An HTTP answer, AWS's or ours. ``headers`` has lower-case names."""

    operation: str
    status: int
    headers: dict[str, str]
    body: bytes


def differences(aws: Answer, ours: Answer, request: dict[str, Any], family: str) -> list[str]:
    """The kinds in which ``ours`` differs in structure; empty where it does not."""
    found = list(_head(aws, ours))
    if aws.status != ours.status:
        return found
    if aws.status >= 300:
        return found + list(member_differences("error", json.loads(aws.body), json.loads(ours.body), set()))
    if aws.operation == "ConverseStream":
        return found + list(stream_differences(frames_of(aws.body), frames_of(ours.body), request, family))
    return found + list(_unary(json.loads(aws.body), json.loads(ours.body), request))


# The head of the answer


def _head(aws: Answer, ours: Answer) -> Iterator[str]:
    if aws.status != ours.status:
        yield f"status: {aws.status} at AWS, {ours.status} here"
        return
    for name in COMPARED_HEADERS:
        if name in aws.headers and name not in ours.headers:
            yield f"header {name} is missing"
    # A unary answer has a length; a stream is chunked. (One source kept answers that a proxy had re-framed.)
    framing = (
        "transfer-encoding" if ours.operation == "ConverseStream" and ours.status < 300 else "content-length"
    )
    if framing not in ours.headers:
        yield f"header {framing} is missing"
    if aws.headers.get("content-type", REDACTED) != REDACTED and aws.headers[
        "content-type"
    ] != ours.headers.get("content-type"):
        yield "content-type"
    if aws.status >= 300 and "x-amzn-errortype" in aws.headers:
        theirs, mine = aws.headers["x-amzn-errortype"], ours.headers.get("x-amzn-errortype", "")
        if theirs != mine:
            yield f"error type: {theirs.split(':')[0]} at AWS, {mine.split(':')[0]} here"
    if len(aws.headers) > 3:
        theirs = {name for name in aws.headers if name.startswith("x-amzn-bedrock")}
        if theirs != {name for name in ours.headers if name.startswith("x-amzn-bedrock")}:
            yield "x-amzn-bedrock headers"


# Unary answers


def _unary(aws: dict[str, Any], ours: dict[str, Any], request: dict[str, Any]) -> Iterator[str]:
    yield from member_differences(
        "answer", without(aws, "output", "trace", "usage"), without(ours, "output", "trace", "usage"), set()
    )
    yield from usage_differences(aws["usage"], ours["usage"])
    yield from trace_differences(aws.get("trace"), ours.get("trace"))
    yield from stop_reason_differences(aws["stopReason"], ours["stopReason"])
    theirs, mine = aws["output"]["message"], ours["output"]["message"]
    yield from member_differences("message", without(theirs, "content"), without(mine, "content"), set())
    yield from _block_lists(theirs["content"], mine["content"])
    yield from input_differences([b["toolUse"] for b in mine["content"] if "toolUse" in b], request)


def _block_lists(aws: list[dict[str, Any]], ours: list[dict[str, Any]]) -> Iterator[str]:
    theirs, mine = outline_of([kind_of(b) for b in aws]), outline_of([kind_of(b) for b in ours])
    if theirs != mine:
        yield f"blocks: {' '.join(theirs)} at AWS, {' '.join(mine)} here"
        return
    for kind in sorted(set(theirs)):
        yield from _same_forms(kind, _forms(aws, kind), _forms(ours, kind))


def _forms(blocks: list[dict[str, Any]], kind: str) -> set[str]:
    return {form_of(next(iter(b.values()))) for b in blocks if kind_of(b) == kind}


def _same_forms(kind: str, aws: set[str], ours: set[str]) -> Iterator[str]:
    ours = of_one_time(kind, aws, ours)
    if aws != ours:
        yield f"{kind} blocks: {' or '.join(sorted(aws))} at AWS, {' or '.join(sorted(ours))} here"


def called_tools(answer: Answer) -> set[str]:
    """The names of the tools an answer calls."""
    if answer.status >= 300:
        return set()
    if answer.operation == "ConverseStream":
        starts = [json.loads(frame.payload).get("start", {}) for frame in frames_of(answer.body)]
        return {start["toolUse"]["name"] for start in starts if "toolUse" in start}
    content = json.loads(answer.body)["output"]["message"]["content"]
    return {block["toolUse"]["name"] for block in content if "toolUse" in block}
