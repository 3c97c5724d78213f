"""The rules under which a rebuilt request may differ from the recorded one; ``RULES.md`` tells why.

Each rule is applied to the recorded body, for every exchange; what comes out of all of them must be what goes
over the wire, member for member. A rule that changes a body was needed for that exchange, which is counted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from .recordings import Exchange

Body = dict[str, Any]
Block = dict[str, Any]

LANGCHAIN = "LangChain"
LLAMAINDEX = "LlamaIndex"
#: Tokens that the core leaves for the answer where only a budget for reasoning was given.
ROOM = 4096


@dataclass(frozen=True, slots=True)
class Rule:
    """One difference that is allowed.

    Attributes:
        name: as the table of ``RULES.md`` has it.
        change: makes of a recorded body, which is its own to change, what the rule says; it is given what was
            sent, too, for what only that can tell.
        frameworks: where it holds.
    """

    name: str
    change: Callable[[Body, Body], None]
    frameworks: tuple[str, ...] = (LANGCHAIN, LLAMAINDEX)


def expected(recorded: Body, sent: Body, framework: str) -> tuple[Body, list[str]]:
    """The recorded body by the rules, and the names of those that changed it. Nothing given is changed."""
    body, needed = deepcopy(recorded), []
    for rule in RULES:
        if framework not in rule.frameworks:
            continue
        before = deepcopy(body)
        rule.change(body, sent)
        if body != before:
            needed.append(rule.name)
    return body, needed


def _without_empty_members(body: Body, sent: Body) -> None:
    config = body.get("inferenceConfig", {})
    for name in [name for name, value in config.items() if value == []]:
        del config[name]
    for name in [name for name, value in body.items() if value in ({}, [])]:
        del body[name]


def _one_turn_of_a_role(body: Body, sent: Body) -> None:
    merged: list[Body] = []
    for turn in body["messages"]:
        if merged and merged[-1]["role"] == turn["role"]:
            merged[-1]["content"] += turn["content"]
        else:
            merged.append(turn)
    body["messages"] = merged


def _success_unsaid(body: Body, sent: Body) -> None:
    for result in _results(body):
        # A server tool's result stands in an answer, and goes back as it came.
        if result.get("status") == "success" and "type" not in result:
            del result["status"]


def files_beside_the_result(body: Body, sent: Body) -> None:
    """Move documents and videos out of tool results, under the label that was sent."""
    if "See file" not in json.dumps(sent):
        return
    for turn, given in zip(body["messages"], sent["messages"], strict=True):
        for block in list(turn["content"]):
            content = block.get("toolResult", {}).get("content", [])
            if not any(kind in part for part in content for kind in ("document", "video")):
                continue
            (part,) = content
            found = re.search(r"See file (\w+)\.", json.dumps(given))
            assert found is not None
            block["toolResult"]["content"] = [{"text": f"See file {found[1]}."}]
            turn["content"] += [{"text": f"This is file {found[1]}:"}, part]


def _names_without_underscores(body: Body, sent: Body) -> None:
    for place, turn in enumerate(body["messages"]):
        for number, block in enumerate(turn["content"]):
            name = block.get("document", {}).get("name", "")
            given = sent["messages"][place]["content"][number].get("document", {}).get("name")
            if "_" in name and given != name:  # one in Converse's own shape keeps its name
                block["document"]["name"] = name.replace("_", "-")


def formats_of_the_bytes(body: Body, sent: Body) -> None:
    """Call a PNG a PNG."""
    for turn in body["messages"]:
        for block in turn["content"]:
            held = block.get("image", {})
            if held.get("format") == "jpeg" and held["source"].get("bytes", "").startswith("iVBORw0KGgo"):
                held["format"] = "png"


def _reasoning_is_counted(body: Body, sent: Body) -> None:
    if _budget(body) is not None:
        body["additionalModelResponseFieldPaths"] = ["/usage/output_tokens_details"]


def _room_for_the_answer(body: Body, sent: Body) -> None:
    budget = _budget(body)
    if budget is not None and "maxTokens" not in body.get("inferenceConfig", {}):
        body["inferenceConfig"] = {**body.get("inferenceConfig", {}), "maxTokens": budget + ROOM}


def _strict_schemas(body: Body, sent: Body) -> None:
    for tool in body.get("toolConfig", {}).get("tools", []):
        spec = tool.get("toolSpec", {})
        if spec.get("strict"):
            spec["inputSchema"]["json"].setdefault("required", [])


def _schema_text(body: Body, sent: Body) -> None:
    described = _described_schema(body)
    other = _described_schema(sent)
    if described and other and json.loads(described["schema"]) == json.loads(other["schema"]):
        described["schema"] = other["schema"]


#: In the order in which they are applied.
RULES = (
    Rule("an empty member is left out", _without_empty_members),
    Rule("neighbouring turns of one role are one turn", _one_turn_of_a_role),
    Rule("a file stands beside the tool's result", files_beside_the_result),
    Rule("success is not said", _success_unsaid, (LANGCHAIN,)),
    Rule("a title's underscore is a hyphen", _names_without_underscores),
    Rule("bytes tell the format", formats_of_the_bytes),
    Rule("the tokens of reasoning are asked for", _reasoning_is_counted),
    Rule("there is room behind the reasoning", _room_for_the_answer),
    Rule("a strict tool lists what it requires", _strict_schemas, (LANGCHAIN,)),
    Rule("a schema's text is written anew", _schema_text, (LANGCHAIN,)),
)


def is_refused_like_aws(exchange: Exchange, problem: str) -> bool:
    """Whether a request that we refuse before sending it is one that AWS refused, for the model's sake."""
    return exchange.status == 400 and "calls no tools" in problem


def _results(body: Body) -> Iterator[Block]:
    for turn in body["messages"]:
        for block in turn["content"]:
            if "toolResult" in block:
                yield block["toolResult"]


def _budget(body: Body) -> int | None:
    """The budget that the reader gave as ``reasoning=``; Claude's field alone, and nothing beside it."""
    fields = body.get("additionalModelRequestFields", {})
    if fields.keys() != {"thinking"} or fields["thinking"].keys() != {"type", "budget_tokens"}:
        return None
    return fields["thinking"]["budget_tokens"]


def _described_schema(body: Body) -> Block:
    return body.get("outputConfig", {}).get("textFormat", {}).get("structure", {}).get("jsonSchema", {})
