"""The comparison of two event streams: frames, order of events, blocks (``RULES.md``)."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any

from botocore.eventstream import EventStreamBuffer

from .forms import (
    form_of,
    input_differences,
    member_differences,
    of_one_time,
    outline_of,
    stop_reason_differences,
    trace_differences,
    usage_differences,
    without,
)


def frames_of(body: bytes) -> list[Any]:
    """The frames of a whole stream."""
    buffer = EventStreamBuffer()
    buffer.add_data(body)
    return list(buffer)


def stream_differences(
    aws: list[Any], ours: list[Any], request: dict[str, Any], family: str
) -> Iterator[str]:
    """The kinds in which our frames differ from AWS\'s."""
    yield from _frame_heads(aws, ours)
    if ":exception-type" in aws[0].headers or ":exception-type" in ours[0].headers:
        kinds = [
            [f.headers.get(":exception-type") or f.headers[":event-type"] for f in side[:1]]
            for side in (aws, ours)
        ]
        if kinds[0] != kinds[1]:
            yield f"exception frame: {kinds[0][0]} at AWS, {kinds[1][0]} here"
        return
    theirs, mine = _events(aws), _events(ours)
    for kind in ("messageStart", "messageStop", "metadata"):
        a = [payload for name, payload in theirs if name == kind]
        b = [payload for name, payload in mine if name == kind]
        if len(a) != len(b):
            yield f"{kind}: {len(a)} at AWS, {len(b)} here"
            return
        yield from member_differences(
            kind, without(a[0], "p", "trace", "usage"), without(b[0], "p", "trace", "usage"), set()
        )
        if kind == "metadata":
            yield from usage_differences(a[0]["usage"], b[0]["usage"])
            yield from trace_differences(a[0].get("trace"), b[0].get("trace"))
        elif kind == "messageStop":
            yield from stop_reason_differences(a[0]["stopReason"], b[0]["stopReason"])
    misplaced = list(_order(theirs, mine, nova=family == "amazon-nova"))
    yield from misplaced
    if not misplaced:
        yield from _stream_inputs(mine, request)


def _frame_heads(aws: list[Any], ours: list[Any]) -> Iterator[str]:
    heads = [{tuple(frame.headers) for frame in side} for side in (aws, ours)]
    if heads[0] != heads[1]:
        yield "frame headers"
    padded = [{"p" in json.loads(frame.payload) for frame in side} for side in (aws, ours)]
    if padded[0] != padded[1] and True in padded[0]:
        yield "padding"
    for frame in ours:
        payload = json.loads(frame.payload)
        if list(payload) != sorted(payload):
            yield "frame payload is not sorted"


def _events(frames: list[Any]) -> list[tuple[str, dict[str, Any]]]:
    return [(frame.headers[":event-type"], json.loads(frame.payload)) for frame in frames]


_EMPTY_END = " delta:textstring=empty stop"


def _order(
    aws: list[tuple[str, dict[str, Any]]], ours: list[tuple[str, dict[str, Any]]], *, nova: bool
) -> Iterator[str]:
    theirs, mine = _stream_blocks(aws), _stream_blocks(ours)
    if mine is None or theirs is None:
        yield "a stream whose blocks do not follow one another"
        return
    outlines = [outline_of([kind for kind, _ in side]) for side in (theirs, mine)]
    if outlines[0] != outlines[1]:
        yield f"blocks: {' '.join(outlines[0])} at AWS, {' '.join(outlines[1])} here"
        return
    for kind in sorted(set(outlines[0])):
        forms = [{form for k, form in side if k == kind} for side in (theirs, mine)]
        if nova:
            # Nova ends a text block with an empty delta in one answer and not in the next to the same
            # request.
            forms = [{form.replace(_EMPTY_END, " stop") for form in side} for side in forms]
        theirs_of_kind, mine_of_kind = forms[0], of_one_time(kind, forms[0], forms[1])
        if theirs_of_kind != mine_of_kind:
            yield (
                f"{kind} events: {' or '.join(sorted(theirs_of_kind))} at AWS, "
                f"{' or '.join(sorted(mine_of_kind))} here"
            )


def _stream_blocks(events: list[tuple[str, dict[str, Any]]]) -> list[tuple[str, str]] | None:
    """Each block's kind and its events: start, runs of deltas by form, stop; None where they interleave."""
    blocks: list[tuple[str, str]] = []
    current: list[str] = []
    kind, expected = "", 0
    if [name for name, _ in events[:1]] != ["messageStart"] or [n for n, _ in events[-2:]] != [
        "messageStop",
        "metadata",
    ]:
        return None
    for name, payload in events[1:-2]:
        if payload["contentBlockIndex"] != expected:
            return None
        if name == "contentBlockStop":
            blocks.append((kind, " ".join([*_runs(current), "stop"])))
            current, kind, expected = [], "", expected + 1
            continue
        part = payload.get("start") or payload["delta"]
        member = next(iter(part))
        if not kind or member == "citation":
            kind = {"citation": "citationsContent"}.get(member, member)
            if member == "toolUse" and part[member].get("type") == "server_tool_use":
                kind = "serverToolUse"
        form = f"{'start' if 'start' in payload else 'delta'}:{member}{form_of(part[member])}"
        if part in ({"text": ""}, {"toolUse": {"input": ""}}):
            form += _EMPTY
        current.append(form)
    return blocks


_EMPTY = "=empty"


def _runs(forms: list[str]) -> list[str]:
    """Each run of deltas of one form: once, with an empty one before or after it where it begins or ends so.

    A tool's input is marked where it comes in several pieces.
    """
    found: list[str] = []
    for bare, group in itertools.groupby(forms, key=lambda form: form.removesuffix(_EMPTY)):
        run = list(group)
        filled = [form for form in run if form == bare]
        found += [bare + _EMPTY] if run[0] != bare else []
        found += [f"{bare} in pieces" if len(filled) > 1 and bare.startswith("delta:toolUse") else bare][
            : len(filled)
        ]
        found += [bare + _EMPTY] if filled and run[-1] != bare else []
    return found


def _stream_inputs(events: list[tuple[str, dict[str, Any]]], request: dict[str, Any]) -> Iterator[str]:
    uses: dict[int, dict[str, Any]] = {}
    for _, payload in events:
        start = (payload.get("start") or {}).get("toolUse")
        if start:
            uses[payload["contentBlockIndex"]] = {"name": start["name"], "text": ""}
        piece = (payload.get("delta") or {}).get("toolUse")
        if piece and payload["contentBlockIndex"] in uses:
            uses[payload["contentBlockIndex"]]["text"] += piece["input"]
    yield from input_differences(
        [{"name": u["name"], "input": json.loads(u["text"])} for u in uses.values()], request
    )
