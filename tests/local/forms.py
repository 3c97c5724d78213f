"""Names, types and forms: what both unary answers and streams are compared in (``RULES.md``)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

# Members that AWS began to send at some time. Ours always sends them; an older recording lacks them.
RECENT = {
    "usage": {"serverToolUsage", "cacheDetails", "cacheReadInputTokenCount", "cacheWriteInputTokenCount"},
    "guardrail": {"actionReason", "modelOutput"},
    "assessment": {"appliedGuardrailDetails"},
    "finding": {"detected"},
    "frame": {"p"},
}


def member_differences(
    where: str, aws: dict[str, Any], ours: dict[str, Any], recent: set[str], *, deep: bool = True
) -> Iterator[str]:
    for name in sorted(set(aws) | set(ours)):
        if name not in ours:
            yield f"{where}.{name} is missing"
        elif name not in aws:
            if name not in recent:
                yield f"{where}.{name} is not AWS's"
        elif deep and form_of(aws[name]) != form_of(ours[name]):
            yield f"{where}.{name}: {form_of(aws[name])} at AWS, {form_of(ours[name])} here"


def without(members: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in members.items() if name not in names}


def form_of(value: Any, name: str = "") -> str:
    """The names and types in ``value``; a tool's input and a tool result's JSON are the caller's own."""
    if name in {"input", "json"} and not isinstance(value, str):
        return "…"
    if isinstance(value, dict):
        return "{" + ",".join(f"{k}:{form_of(v, k)}" for k, v in sorted(value.items())) + "}"
    if isinstance(value, list):
        return "[" + "|".join(sorted({form_of(item) for item in value})) + "]"
    return _type(value)


def _type(value: Any) -> str:
    if value is None:
        return "null"
    return {bool: "boolean", int: "integer", float: "number", str: "string"}.get(type(value), "other")


_CALL_TYPE = ",type:string"


def of_one_time(kind: str, aws: set[str], ours: set[str]) -> set[str]:
    """Our forms as they were before AWS gave tool calls a ``type``, where the recording has none."""
    old = kind == "toolUse" and not any(_CALL_TYPE in form for form in aws)
    return {form.replace(_CALL_TYPE, "") for form in ours} if old else ours


def kind_of(block: dict[str, Any]) -> str:
    kind = next(iter(block))
    if kind == "toolUse" and block["toolUse"].get("type") == "server_tool_use":
        return "serverToolUse"
    return kind


def outline_of(kinds: list[str]) -> list[str]:
    """The kinds in order: repeats once, text only where nothing else but reasoning stands beside it."""
    rest = [kind for kind in kinds if kind not in {"text", "reasoningContent"}]
    kept = [kind for kind in kinds if not (rest and kind == "text")]
    return [kind for i, kind in enumerate(kept) if i == 0 or kept[i - 1] != kind]


def stop_reason_differences(aws: str, ours: str) -> Iterator[str]:
    if aws != ours:
        yield f"stop reason: {aws} at AWS, {ours} here"


def usage_differences(aws: dict[str, Any], ours: dict[str, Any]) -> Iterator[str]:
    yield from member_differences("usage", aws, ours, RECENT["usage"])


def input_differences(uses: list[dict[str, Any]], request: dict[str, Any]) -> Iterator[str]:
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


def trace_differences(aws: dict[str, Any] | None, ours: dict[str, Any] | None) -> Iterator[str]:
    if (aws is None) != (ours is None):
        yield "trace: only on one side"
        return
    if aws is None or ours is None:
        return
    yield from member_differences("trace", aws, ours, set(), deep=False)
    theirs, mine = aws["guardrail"], ours["guardrail"]
    yield from member_differences("guardrail", theirs, mine, RECENT["guardrail"], deep=False)
    for side in ("inputAssessment", "outputAssessments"):
        if side in theirs and side in mine:
            yield from _assessments(side, _flat(theirs[side]), _flat(mine[side]))


def _flat(assessments: dict[str, Any]) -> list[dict[str, Any]]:
    return [a for value in assessments.values() for a in (value if isinstance(value, list) else [value])]


def _assessments(side: str, aws: list[dict[str, Any]], ours: list[dict[str, Any]]) -> Iterator[str]:
    for theirs, mine in zip(aws, ours, strict=False):
        yield from member_differences(side, theirs, mine, RECENT["assessment"], deep=False)
        metrics = "invocationMetrics"
        yield from member_differences(
            f"{side} metrics", without(theirs[metrics], "usage"), without(mine[metrics], "usage"), set()
        )
        yield from member_differences(
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
