"""The comparison of two answers' structure. ``RULES.md`` beside this file states what it compares and why."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from botocore.eventstream import EventStreamBuffer

COMPARED_HEADERS = ("content-type", "x-amzn-requestid", "date")
REDACTED = "**REDACTED**"

# Members that AWS began to send at some time. Ours always sends them; an older recording lacks them.
RECENT = {
    "usage": {"serverToolUsage", "cacheDetails", "cacheReadInputTokenCount", "cacheWriteInputTokenCount"},
    "guardrail": {"actionReason", "modelOutput"},
    "assessment": {"appliedGuardrailDetails"},
    "finding": {"detected"},
    "frame": {"p"},
}


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
        return found + list(_members("error", json.loads(aws.body), json.loads(ours.body), set()))
    if aws.operation == "ConverseStream":
        return found + list(_streams(_frames(aws.body), _frames(ours.body), request, family))
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
    yield from _members(
        "answer", _without(aws, "output", "trace", "usage"), _without(ours, "output", "trace", "usage"), set()
    )
    yield from _usage(aws["usage"], ours["usage"])
    yield from _trace(aws.get("trace"), ours.get("trace"))
    yield from _stop_reason(aws["stopReason"], ours["stopReason"])
    theirs, mine = aws["output"]["message"], ours["output"]["message"]
    yield from _members("message", _without(theirs, "content"), _without(mine, "content"), set())
    yield from _block_lists(theirs["content"], mine["content"])
    yield from _inputs([b["toolUse"] for b in mine["content"] if "toolUse" in b], request)


def _stop_reason(aws: str, ours: str) -> Iterator[str]:
    if aws != ours:
        yield f"stop reason: {aws} at AWS, {ours} here"


def _usage(aws: dict[str, Any], ours: dict[str, Any]) -> Iterator[str]:
    yield from _members("usage", aws, ours, RECENT["usage"])


def _block_lists(aws: list[dict[str, Any]], ours: list[dict[str, Any]]) -> Iterator[str]:
    theirs, mine = _outline([_kind(b) for b in aws]), _outline([_kind(b) for b in ours])
    if theirs != mine:
        yield f"blocks: {' '.join(theirs)} at AWS, {' '.join(mine)} here"
        return
    for kind in sorted(set(theirs)):
        yield from _same_forms(kind, _forms(aws, kind), _forms(ours, kind))


def _kind(block: dict[str, Any]) -> str:
    kind = next(iter(block))
    if kind == "toolUse" and block["toolUse"].get("type") == "server_tool_use":
        return "serverToolUse"
    return kind


def _outline(kinds: list[str]) -> list[str]:
    """The kinds in order: repeats once, text only where nothing else but reasoning stands beside it."""
    rest = [kind for kind in kinds if kind not in {"text", "reasoningContent"}]
    kept = [kind for kind in kinds if not (rest and kind == "text")]
    return [kind for i, kind in enumerate(kept) if i == 0 or kept[i - 1] != kind]


def _forms(blocks: list[dict[str, Any]], kind: str) -> set[str]:
    return {_form(next(iter(b.values()))) for b in blocks if _kind(b) == kind}


def _form(value: Any, name: str = "") -> str:
    """The names and types in ``value``; a tool's input and a tool result's JSON are the caller's own."""
    if name in {"input", "json"} and not isinstance(value, str):
        return "…"
    if isinstance(value, dict):
        return "{" + ",".join(f"{k}:{_form(v, k)}" for k, v in sorted(value.items())) + "}"
    if isinstance(value, list):
        return "[" + "|".join(sorted({_form(item) for item in value})) + "]"
    return _type(value)


def _type(value: Any) -> str:
    if value is None:
        return "null"
    return {bool: "boolean", int: "integer", float: "number", str: "string"}.get(type(value), "other")


_CALL_TYPE = ",type:string"


def _of_one_time(kind: str, aws: set[str], ours: set[str]) -> set[str]:
    """Our forms as they were before AWS gave tool calls a ``type``, where the recording has none."""
    old = kind == "toolUse" and not any(_CALL_TYPE in form for form in aws)
    return {form.replace(_CALL_TYPE, "") for form in ours} if old else ours


def _same_forms(kind: str, aws: set[str], ours: set[str]) -> Iterator[str]:
    ours = _of_one_time(kind, aws, ours)
    if aws != ours:
        yield f"{kind} blocks: {' or '.join(sorted(aws))} at AWS, {' or '.join(sorted(ours))} here"


def _inputs(uses: list[dict[str, Any]], request: dict[str, Any]) -> Iterator[str]:
    """Every call we make is of an offered tool, with what its schema requires, of the types it names."""
    tools = (request.get("toolConfig") or {}).get("tools") or []
    schemas = {t["toolSpec"]["name"]: t["toolSpec"]["inputSchema"]["json"] for t in tools if "toolSpec" in t}
    served = {t["systemTool"]["name"] for t in tools if "systemTool" in t}
    for use in uses:
        if use["name"] in served:
            continue
        if use["name"] not in schemas:
            yield "a call of a tool that is not offered"
        elif not _allowed(use["input"], schemas[use["name"]], schemas[use["name"]]):
            yield "tool input does not fit the tool's schema"


def _allowed(value: Any, schema: dict[str, Any], root: dict[str, Any]) -> bool:
    if "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rsplit("/", 1)[-1]]
    kinds = {
        "object": dict,
        "array": list,
        "string": str,
        "integer": int,
        "number": (int, float),
        "boolean": bool,
    }
    wanted = schema.get("type")
    if isinstance(wanted, str) and wanted in kinds and not isinstance(value, kinds[wanted]):
        return False
    if "enum" in schema and value not in schema["enum"]:
        return False
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        return all(name in value for name in schema.get("required", [])) and all(
            name in properties and _allowed(item, properties[name], root) for name, item in value.items()
        )
    if isinstance(value, list) and isinstance(schema.get("items"), dict):
        return all(_allowed(item, schema["items"], root) for item in value)
    return True


# Guardrail traces


def _trace(aws: dict[str, Any] | None, ours: dict[str, Any] | None) -> Iterator[str]:
    if (aws is None) != (ours is None):
        yield "trace: only on one side"
        return
    if aws is None or ours is None:
        return
    yield from _members("trace", aws, ours, set(), deep=False)
    theirs, mine = aws["guardrail"], ours["guardrail"]
    yield from _members("guardrail", theirs, mine, RECENT["guardrail"], deep=False)
    for side in ("inputAssessment", "outputAssessments"):
        if side in theirs and side in mine:
            yield from _assessments(side, _flat(theirs[side]), _flat(mine[side]))


def _flat(assessments: dict[str, Any]) -> list[dict[str, Any]]:
    return [a for value in assessments.values() for a in (value if isinstance(value, list) else [value])]


def _assessments(side: str, aws: list[dict[str, Any]], ours: list[dict[str, Any]]) -> Iterator[str]:
    for theirs, mine in zip(aws, ours, strict=False):
        yield from _members(side, theirs, mine, RECENT["assessment"], deep=False)
        metrics = "invocationMetrics"
        yield from _members(
            f"{side} metrics", _without(theirs[metrics], "usage"), _without(mine[metrics], "usage"), set()
        )
        yield from _members(
            f"{side} counters", theirs[metrics]["usage"], mine[metrics]["usage"], set(mine[metrics]["usage"])
        )
        for policy in set(theirs) & set(mine) - {metrics, "appliedGuardrailDetails"}:
            for name in set(theirs[policy]) & set(mine[policy]):
                forms = [
                    {tuple(sorted(set(f) - RECENT["finding"])) for f in s[policy][name]}
                    for s in (theirs, mine)
                ]
                if forms[0] != forms[1]:
                    yield f"{policy}.{name}"


# Streams


def _frames(body: bytes) -> list[Any]:
    buffer = EventStreamBuffer()
    buffer.add_data(body)
    return list(buffer)


def _streams(aws: list[Any], ours: list[Any], request: dict[str, Any], family: str) -> Iterator[str]:
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
        yield from _members(
            kind, _without(a[0], "p", "trace", "usage"), _without(b[0], "p", "trace", "usage"), set()
        )
        if kind == "metadata":
            yield from _usage(a[0]["usage"], b[0]["usage"])
            yield from _trace(a[0].get("trace"), b[0].get("trace"))
        elif kind == "messageStop":
            yield from _stop_reason(a[0]["stopReason"], b[0]["stopReason"])
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
    outlines = [_outline([kind for kind, _ in side]) for side in (theirs, mine)]
    if outlines[0] != outlines[1]:
        yield f"blocks: {' '.join(outlines[0])} at AWS, {' '.join(outlines[1])} here"
        return
    for kind in sorted(set(outlines[0])):
        forms = [{form for k, form in side if k == kind} for side in (theirs, mine)]
        if nova:
            # Nova ends a text block with an empty delta in one answer and not in the next to the same
            # request.
            forms = [{form.replace(_EMPTY_END, " stop") for form in side} for side in forms]
        theirs_of_kind, mine_of_kind = forms[0], _of_one_time(kind, forms[0], forms[1])
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
        form = f"{'start' if 'start' in payload else 'delta'}:{member}{_form(part[member])}"
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
    yield from _inputs([{"name": u["name"], "input": json.loads(u["text"])} for u in uses.values()], request)


# Members


def _members(
    where: str, aws: dict[str, Any], ours: dict[str, Any], recent: set[str], *, deep: bool = True
) -> Iterator[str]:
    for name in sorted(set(aws) | set(ours)):
        if name not in ours:
            yield f"{where}.{name} is missing"
        elif name not in aws:
            if name not in recent:
                yield f"{where}.{name} is not AWS's"
        elif deep and _form(aws[name]) != _form(ours[name]):
            yield f"{where}.{name}: {_form(aws[name])} at AWS, {_form(ours[name])} here"


def _without(members: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in members.items() if name not in names}


def called_tools(answer: Answer) -> set[str]:
    """The names of the tools an answer calls."""
    if answer.status >= 300:
        return set()
    if answer.operation == "ConverseStream":
        starts = [json.loads(frame.payload).get("start", {}) for frame in _frames(answer.body)]
        return {start["toolUse"]["name"] for start in starts if "toolUse" in start}
    content = json.loads(answer.body)["output"]["message"]["content"]
    return {block["toolUse"]["name"] for block in content if "toolUse" in block}
