"""Tools and the choice among them, in every spelling that LangChain, LlamaIndex and OpenAI use."""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, cast

from ..errors import InvalidRequestError

_WORDS: Mapping[str, str] = {"auto": "auto", "any": "any", "required": "any"}
_TOOL_USE_ID = re.compile(r"[a-zA-Z0-9_.:-]{1,64}")

#: The way out for those who want one tool call at a time, which Converse has no member for.
ONE_AT_A_TIME = (
    "Claude takes it in additional_model_request_fields: "
    "{'tool_choice': {'type': 'auto', 'disable_parallel_tool_use': True}}"
)


def tool_use_id(given: Any) -> str:
    """The id of a tool call as Bedrock takes it; a call and its result in a history get the same one.

    An id that Bedrock would refuse (another provider's, an empty one, None) always becomes the same other
    one. Source: service model, ``ToolUseBlock.toolUseId``.
    """
    text = "" if given is None else str(given)
    if _TOOL_USE_ID.fullmatch(text):
        return text
    return "tool_" + sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def tool_spec(
    name: str, description: str | None, schema: Mapping[str, Any] | None, *, strict: bool | None = None
) -> dict[str, Any]:
    """One ``toolConfig.tools`` member. The schema is taken as it is."""
    spec: dict[str, Any] = {"name": name}
    if description and description.strip():
        spec["description"] = description  # Bedrock refuses an empty one
    spec["inputSchema"] = {"json": schema or {"type": "object", "properties": {}}}
    if strict is not None:
        spec["strict"] = strict
    return {"toolSpec": spec}


def tool_choice(choice: Any, names: frozenset[str] | set[str] | tuple[str, ...]) -> dict[str, Any] | None:
    """``toolConfig.toolChoice`` for a choice in any accepted spelling; None leaves it to the model.

    Args:
        choice: None, ``auto``, ``any``, ``required``, True (a tool must be called), a tool's name, or a dict
            of Converse's (``{"tool": {"name": …}}``), OpenAI's (``{"type": "function", "function": {"name":
            …}}``) or Anthropic's shape (``{"type": "tool", "name": …}``). ``none`` and False are not choices
            of Converse's: callers leave the tools out.
        names: the tools there are.

    Raises:
        InvalidRequestError: a name that no tool has, a dict of no known shape, or a wish for one call at a
            time, which Converse has no member for.
    """
    if choice is None:
        return None
    if choice is True:
        return {"any": {}}
    if isinstance(choice, str):
        return {_WORDS[choice]: {}} if choice in _WORDS else _named(choice, names)
    if isinstance(choice, Mapping):
        members = cast("Mapping[str, Any]", choice)
        if members.get("disable_parallel_tool_use"):
            raise InvalidRequestError(
                "Converse has no member that forbids parallel tool calls (disable_parallel_tool_use)",
                hint=ONE_AT_A_TIME,
            )
        if len(members) == 1 and (kind := next(iter(members))) in ("auto", "any"):
            return {kind: {}}
        held: Any = members.get("tool") or members.get("function") or members
        if isinstance(held, Mapping):
            name = cast("Mapping[str, Any]", held).get("name")
            if isinstance(name, str):
                return _named(name, names)
        kind = members.get("type")
        if isinstance(kind, str) and kind in _WORDS:
            return {_WORDS[kind]: {}}
    raise InvalidRequestError(
        f"tool_choice {choice!r:.120} is not understood",
        hint="use 'auto', 'any', 'required', 'none', a tool's name, or {'tool': {'name': …}}",
    )


def is_none(choice: Any) -> bool:
    """Whether a choice says that no tool may be called."""
    if isinstance(choice, Mapping):
        members = cast("Mapping[str, Any]", choice)
        return members.get("type") == "none" or list(members) == ["none"]
    return choice is False or choice == "none"


def _named(name: str, names: frozenset[str] | set[str] | tuple[str, ...]) -> dict[str, Any]:
    if name not in names:
        raise InvalidRequestError(
            f"tool_choice names {name!r}, which is not among the tools",
            hint=f"the tools are: {', '.join(sorted(names)) or 'none'}",
        )
    return {"tool": {"name": name}}


def stub_tools(turns: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Declarations for the tools that a history speaks of.

    Bedrock refuses tool blocks without ``toolConfig``; a history whose tools are not offered any more (a
    summary, a memory block) is declared with these instead of being rewritten.
    """
    names: dict[str, None] = {}
    for turn in turns:
        for block in turn["content"]:
            if "toolUse" in block:
                names[block["toolUse"]["name"]] = None
            elif "toolResult" in block:
                names.setdefault("tool")
    if len(names) > 1:
        names.pop("tool", None)
    return [tool_spec(name, None, None) for name in names]
