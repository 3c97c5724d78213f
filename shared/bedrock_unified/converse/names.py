"""Tool names as Bedrock takes them, and the way back to the caller's.

Source: service model, ``ToolName`` (1 to 64 of letters, digits, ``_`` and ``-``).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from typing import Any, Final

from .turns import listed, under

_ALLOWED = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_REFUSED = re.compile(r"[^a-zA-Z0-9_-]+")
_LIMIT = 64
_DECLARED = ("toolSpec", "systemTool")
_REFERRING = ("toolAddition", "toolRemoval")

Request = Mapping[str, Any]
Block = dict[str, Any]


class ToolNames:
    """What the tools of one request are called at Bedrock; false where all keep the caller's names.

    Args:
        sent: Bedrock's name for each of the caller's that Bedrock would refuse.
    """

    __slots__ = ("_given", "sent")

    def __init__(self, sent: Mapping[str, str] | None = None) -> None:
        self.sent: Mapping[str, str] = sent or {}
        self._given = {name: given for given, name in self.sent.items()}

    def __bool__(self) -> bool:
        return bool(self.sent)

    def restored(self, response: dict[str, Any]) -> dict[str, Any]:
        """A Converse response with the caller's names in its ``toolUse`` blocks; the same one without any."""
        output = under(response, "output")
        message = under(output, "message")
        if not self._given or "content" not in message:
            return response
        content = [self._restored_block(block) for block in listed(message, "content")]
        return {**response, "output": {**output, "message": {**message, "content": content}}}

    def restored_event(self, event: dict[str, Any]) -> dict[str, Any]:
        """A stream's event with the caller's name where a tool call starts; any other event as it is."""
        if not self._given or "contentBlockStart" not in event:
            return event
        started = event["contentBlockStart"]
        return {"contentBlockStart": {**started, "start": self._restored_block(started.get("start") or {})}}

    def _restored_block(self, block: Block) -> Block:
        use = under(block, "toolUse")
        given = self._given.get(use.get("name", ""))
        return block if given is None else {**block, "toolUse": {**use, "name": given}}


#: Nothing has to be called otherwise.
NO_NAMES: Final = ToolNames()


def are_allowed(tools: Iterable[Mapping[str, Any]]) -> bool:
    """Whether these members of ``toolConfig.tools`` have names that Bedrock takes."""
    for tool in tools:
        for kind in _DECLARED:
            held = tool.get(kind)
            if held is not None and _ALLOWED.fullmatch(held["name"]) is None:
                return False
    return True


def names_of(request: Request) -> ToolNames:
    """The names of a request's tools: offered, chosen, and called in its history.

    A refused name becomes its nearest allowed one (``math.add`` → ``math_add``). Where two would then be the
    same, or something was cut off, a hash of the caller's name tells them apart: no name depends on the order
    of the others.
    """
    given = dict.fromkeys(_given_names(request))
    nearest = {name: _nearest(name) for name in given if not _ALLOWED.fullmatch(name)}
    if not nearest:
        return NO_NAMES
    claims = Counter(nearest.values())
    sent: dict[str, str] = {}
    for name, near in nearest.items():
        if not near or len(near) > _LIMIT or near in given or claims[near] > 1:
            mark = sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
            near = f"{near[: _LIMIT - len(mark) - 1] or 'tool'}_{mark}"
        sent[name] = near
    return ToolNames(sent)


def named_config(config: Mapping[str, Any], names: ToolNames) -> dict[str, Any]:
    """``toolConfig`` with Bedrock's names."""
    named = {**config, "tools": [_named_tool(tool, names.sent) for tool in listed(config, "tools")]}
    choice = under(config, "toolChoice")
    chosen = under(choice, "tool")
    if chosen.get("name") in names.sent:
        named["toolChoice"] = {**choice, "tool": {**chosen, "name": names.sent[chosen["name"]]}}
    return named


def named_block(block: Block, names: ToolNames) -> Block:
    """A content block with Bedrock's name of the tool that it calls, adds or removes."""
    use = under(block, "toolUse")
    if use.get("name") in names.sent:
        return {**block, "toolUse": {**use, "name": names.sent[use["name"]]}}
    for kind in _REFERRING:
        tool = under(under(block, kind), "tool")
        if tool.get("name") in names.sent:
            return {**block, kind: {**block[kind], "tool": {**tool, "name": names.sent[tool["name"]]}}}
    return block


def _nearest(name: str) -> str:
    return _REFUSED.sub("_", name).strip("_-")


def _declared(tool: Mapping[str, Any]) -> Iterator[str]:
    for kind in _DECLARED:
        name = under(tool, kind).get("name")
        if isinstance(name, str):
            yield name


def _given_names(request: Request) -> Iterator[str]:
    config = under(request, "toolConfig")
    for tool in listed(config, "tools"):
        yield from _declared(tool)
    chosen = under(under(config, "toolChoice"), "tool").get("name")
    if isinstance(chosen, str):
        yield chosen
    for turn in listed(request, "messages"):
        for block in listed(turn, "content"):
            name = under(block, "toolUse").get("name")
            if isinstance(name, str):
                yield name


def _named_tool(tool: Mapping[str, Any], sent: Mapping[str, str]) -> dict[str, Any]:
    for kind in _DECLARED:
        held = under(tool, kind)
        if held.get("name") in sent:
            return {**tool, kind: {**held, "name": sent[held["name"]]}}
    return dict(tool)
