"""Tools and the choice among them, in every spelling that LangChain, LlamaIndex, OpenAI and Anthropic use."""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import TYPE_CHECKING, Any, cast

from ..errors import InvalidRequestError
from ..wire import json_codec
from .turns import listed, under

if TYPE_CHECKING:
    from ..models.profile import Profile

_WORDS: Mapping[str, str] = {"auto": "auto", "any": "any", "required": "any"}
_TOOL_USE_ID = re.compile(r"[a-zA-Z0-9_.:-]{1,64}")

_FIELDS = "additionalModelRequestFields"
_PARALLEL = "disable_parallel_tool_use"

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


def tool_input(given: Any) -> Mapping[str, Any]:
    """The input of a call on its way back to Bedrock, which takes objects alone; an object is itself.

    Nothing is ``{}``, and JSON text of an object is that object. What is neither (it was cut short, or is a
    list) is told as the model wrote it: ``{"malformed_json": text}``.
    """
    if isinstance(given, Mapping):
        return cast("Mapping[str, Any]", given)
    if given is None:
        return {}
    if not isinstance(given, str):
        return {"malformed_json": json_codec.dumps(given).decode()}
    try:
        read: Any = json_codec.loads(given) if given.strip() else {}
    except ValueError:
        read = None
    return cast("Mapping[str, Any]", read) if isinstance(read, Mapping) else {"malformed_json": given}


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
            of Converse's: see :data:`NONE`.
        names: the tools there are.

    Raises:
        InvalidRequestError: a name that no tool has, a dict of no known shape, or a wish for one call at a
            time, which Converse has no member for (:func:`without_parallel` takes it out).
    """
    if choice is None:
        return None
    if choice is True:
        return {"any": {}}
    if isinstance(choice, str):
        return {_WORDS[choice]: {}} if choice in _WORDS else _named(choice, names)
    if isinstance(choice, Mapping):
        members = cast("Mapping[str, Any]", choice)
        if members.get(_PARALLEL):
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


def without_parallel(choice: Any) -> tuple[Any, bool | None]:
    """A choice, and what it says of parallel calls beside it (Anthropic's ``disable_parallel_tool_use``).

    Returns:
        The choice without that member, None if nothing else was said; and False where parallel calls are
        forbidden, True where they are allowed, None where nothing is said: ``parallel`` of
        :func:`with_tool_choice`.
    """
    members = dict(cast("Mapping[str, Any]", choice)) if isinstance(choice, Mapping) else {}
    if _PARALLEL not in members:
        return cast("Any", choice), None
    forbidden = bool(members.pop(_PARALLEL))
    return members or None, not forbidden


def choice_and_parallel(choice: Any, parallel: bool | None) -> tuple[Any, bool | None]:
    """A choice without Anthropic's ``disable_parallel_tool_use``, and what the two say of parallel calls.

    Args:
        choice: in any spelling; given back as it is where it says nothing of parallel calls.
        parallel: ``parallel_tool_calls`` beside it; None where nothing is said.

    Raises:
        InvalidRequestError: they say different things.
    """
    rest, said = without_parallel(choice)
    if said is None:
        return choice, parallel
    if parallel is not None and parallel != said:
        raise InvalidRequestError(
            f"parallel_tool_calls is {parallel}, and tool_choice says disable_parallel_tool_use={not said}",
            hint="leave one of them out",
        )
    return rest, said


def is_none(choice: Any) -> bool:
    """Whether a choice says that no tool may be called."""
    if isinstance(choice, Mapping):
        members = cast("Mapping[str, Any]", choice)
        return members.get("type") == "none" or list(members) == ["none"]
    return choice is False or choice == "none"


#: A ``toolChoice`` that says that no tool may be called. Converse has none such; :mod:`.normal` heeds it.
NONE: Mapping[str, Any] = {"none": {}}
_ANY: Mapping[str, Any] = {"any": {}}


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
                names[block["toolUse"].get("name", "tool")] = None  # AWS says what lacks
            elif "toolResult" in block:
                names.setdefault("tool")
    if len(names) > 1:
        names.pop("tool", None)
    return [tool_spec(name, None, None) for name in names]


def with_tool_choice(
    request: Mapping[str, Any], profile: Profile, *, implied: bool, parallel: bool | None
) -> Mapping[str, Any]:
    """The request with a choice that the model takes, and one call at a time where that was asked for.

    A choice that the model lacks becomes another one of the same meaning (``any`` of one tool is that tool).
    Without such a one an implied choice gives way to ``any``, or to none, which means ``auto``; an explicit
    one is an error.

    Args:
        request: members of Converse. Not changed.
        implied: whether nobody asked for the choice (structured output makes one).
        parallel: False for one call at a time. Claude has a field for that, beside the choice that Converse
            writes, and with a ``type`` where Converse writes none: ``additionalModelRequestFields``'
            ``tool_choice``. Source: the bodies that Bedrock answered in
            github.com/BerriAI/litellm/pull/34347 and refused in issues/36536 there; not in recorded traffic.

    Raises:
        InvalidRequestError: tools for a model without, an explicit choice or one call at a time for a model
            that cannot.
    """
    config = under(request, "toolConfig")
    tools = listed(config, "tools")
    if not tools:
        return request  # nothing to choose from, and nothing to call twice
    if not profile.tools:
        raise _beyond(request, "calls no tools", "offer it none", "{'tools': True}")
    choice = under(config, "toolChoice")
    kind = next(iter(choice), None)
    if kind is not None and kind not in profile.tool_choices:
        kept = _other_choice(kind, tools, profile.tool_choices)
        if kept is None and kind != "auto" and not implied:
            takes = ", ".join(sorted(profile.tool_choices)) or "none"
            raise _beyond(
                request,
                f"does not take the tool choice {kind!r}",
                f"choices it takes: {takes}",
                f"{{'tool_choices': {sorted({*profile.tool_choices, kind})}}}",
            )
        if kept is None and kind == "tool" and "any" in profile.tool_choices:
            kept = _ANY
        rest = {name: value for name, value in config.items() if name != "toolChoice"}
        config = {**rest, "toolChoice": dict(kept)} if kept else rest
        request = {**request, "toolConfig": config}
    if parallel is False:
        if not profile.parallel_off:
            raise _beyond(
                request,
                "has no way that is known to forbid parallel tool calls",
                "leave parallel_tool_calls out",
                "{'parallel_off': True} for Claude's",
            )
        request = _one_at_a_time(request, chosen=bool(config.get("toolChoice")))
    return request


def without_strict(request: Mapping[str, Any]) -> Mapping[str, Any]:
    """The request with tools whose schemas the model is not held to; itself where none are. Not changed."""
    config = under(request, "toolConfig")
    tools = listed(config, "tools")
    if not any("strict" in under(tool, "toolSpec") for tool in tools):
        return request
    loose = [_loose(tool) for tool in tools]
    return {**request, "toolConfig": {**config, "tools": loose}}


def _loose(tool: Mapping[str, Any]) -> Mapping[str, Any]:
    spec = under(tool, "toolSpec")
    kept = {name: value for name, value in spec.items() if name != "strict"}
    return tool if len(kept) == len(spec) else {**tool, "toolSpec": kept}


def _other_choice(
    kind: str, tools: list[dict[str, Any]], choices: frozenset[str] | set[str]
) -> Mapping[str, Any] | None:
    """A choice of the same meaning: of one tool ``any`` and its name are the same."""
    specs = [tool["toolSpec"] for tool in tools if "toolSpec" in tool]
    if len(specs) != 1 or any("systemTool" in tool for tool in tools):
        return None
    if kind == "any" and "tool" in choices:
        return {"tool": {"name": specs[0]["name"]}}
    return _ANY if kind == "tool" and "any" in choices else None


def _one_at_a_time(request: Mapping[str, Any], *, chosen: bool) -> Mapping[str, Any]:
    fields = under(request, _FIELDS)
    said = under(fields, "tool_choice")
    ours: dict[str, Any] = {} if chosen else {"type": "auto"}
    return {**request, _FIELDS: {**fields, "tool_choice": {**ours, **said, _PARALLEL: True}}}


def _beyond(request: Mapping[str, Any], what: str, hint: str, capabilities: str) -> InvalidRequestError:
    model_id = request.get("modelId")
    return InvalidRequestError(
        f"the model {model_id!r:.120} {what}",
        hint=f"{hint}; if it does, say capabilities={capabilities}",
        model_id=model_id if isinstance(model_id, str) else None,
    )
