"""Tools in every form that LangChain users bind, as ``toolConfig`` members."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from langchain_core.utils.function_calling import convert_to_openai_tool

from bedrock_unified.converse.tools import tool_spec

from .errors import InvalidRequestError

Tool = dict[str, Any]

_NATIVE = ("toolSpec", "systemTool", "cachePoint")


def converse_tools(tools: Iterable[Any], *, strict: bool | None = None) -> list[Tool]:
    """The tools as Converse takes them.

    Args:
        tools: functions, Pydantic models, TypedDicts, LangChain tools, JSON schemas with a title, tools in
            OpenAI's, Anthropic's or Converse's shape, ``{"systemTool": …}`` and ``{"cachePoint": …}``.
        strict: whether the model must follow the schemas exactly; None says nothing.

    Raises:
        InvalidRequestError: something that is no tool, or a tool that only another provider can run.
    """
    if isinstance(tools, (str, bytes, Mapping)):
        raise InvalidRequestError("tools must be a list of tools", hint=f"write [{tools!r:.80}]")
    return [converse_tool(tool, strict=strict) for tool in tools]


def converse_tool(tool: Any, *, strict: bool | None = None) -> Tool:
    """One tool, see :func:`converse_tools`."""
    if isinstance(tool, Mapping) and any(kind in tool for kind in _NATIVE):
        return _native(tool, strict)
    try:
        converted = convert_to_openai_tool(tool, strict=strict)
    except (ValueError, TypeError, KeyError) as error:
        raise InvalidRequestError(
            f"{tool!r:.120} cannot be read as a tool: {' '.join(str(error).split()):.300}",
            hint="give a function with type hints, a Pydantic model, a LangChain tool or a named schema",
        ) from error
    function = converted.get("function")
    if not isinstance(function, Mapping):
        raise InvalidRequestError(
            f"Converse has no tool of type {converted.get('type')!r}",
            hint="server tools of Bedrock's are {'systemTool': {'name': …}}",
        )
    return tool_spec(
        function["name"],
        function.get("description"),
        function.get("parameters"),
        strict=function.get("strict", strict),
    )


def tool_names(tools: Iterable[Tool]) -> frozenset[str]:
    """The names that ``toolChoice`` may choose."""
    return frozenset(
        held["name"] for tool in tools for kind in ("toolSpec", "systemTool") if (held := tool.get(kind))
    )


def _native(tool: Mapping[str, Any], strict: bool | None) -> Tool:
    spec = tool.get("toolSpec")
    if strict is None or spec is None:
        return dict(tool)
    return {**tool, "toolSpec": {**spec, "strict": strict}}
