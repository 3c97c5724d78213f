"""Tools in every form that LangChain users bind, as ``toolConfig`` members."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic.errors import PydanticUserError

from bedrock_unified.converse.tools import tool_spec
from bedrock_unified.errors import BedrockError

from .errors import InvalidRequestError
from .messages.blocks import cache_point

Tool = dict[str, Any]

_NATIVE = ("toolSpec", "systemTool", "cachePoint")
#: Tools of Amazon Nova that are known by their names alone; others are written as {"systemTool": …}.
_SYSTEM_TOOLS = ("nova_grounding", "nova_code_interpreter")
#: What a dict says of itself that is a tool, or a tool's schema.
_TYPES = ("function", "custom", "object", None)
#: What MCP and Converse, and OpenAI's response formats, call the schema that OpenAI's tools call parameters.
_SCHEMAS = ("inputSchema", "input_schema", "schema")
#: What else tells that something is a schema, and members that may be one, but not of the arguments.
_OF_SCHEMAS = {"properties", "$ref", "$defs", "anyOf"}
_NO_ARGUMENTS = {
    *("outputSchema", "output_schema", "returns", "response", "$defs", "definitions", "examples"),
    *("annotations", "metadata", "_meta"),
}
#: Members of a tool in OpenAI's shape beside its schema.
_ABOUT = ("name", "description", "strict")
#: Members of a tool in Anthropic's shape that Converse has a form for.
_ANTHROPICS = {"name", "description", "input_schema", "strict", "cache_control", "type"}


def converse_tools(tools: Iterable[Any], *, strict: bool | None = None) -> list[Tool]:
    """The tools as Converse takes them, a cache point behind each with Anthropic's ``cache_control``.

    Args:
        tools: functions, Pydantic models, TypedDicts, LangChain tools, JSON schemas with a title, tools in
            OpenAI's, Anthropic's, MCP's or Converse's shape, ``{"systemTool": …}`` and ``{"cachePoint": …}``;
            system tools of Amazon Nova by name (``"nova_grounding"``) or as langchain-aws's objects.
        strict: whether the model must follow the schemas exactly; None says nothing.

    Raises:
        InvalidRequestError: something that is no tool, or a tool that only another provider can run.
    """
    if isinstance(tools, (str, bytes, Mapping)) or not isinstance(tools, Iterable):
        hint = "give [] for no tools" if tools is None else f"write [{tools!s:.80}]"
        raise InvalidRequestError("tools must be a list of tools", hint=hint)
    converted: list[Tool] = []
    for tool in tools:
        converted.append(converse_tool(tool, strict=strict))
        if (control := _cache_control(tool)) is not None:
            converted.append(cache_point(control))
    return converted


def converse_tool(tool: Any, *, strict: bool | None = None) -> Tool:
    """One tool, see :func:`converse_tools`."""
    if (system := _system_tool(tool)) is not None:
        return {"systemTool": {"name": system}}
    if isinstance(tool, Mapping) and any(kind in tool for kind in _NATIVE):
        return _native(tool, strict)
    if isinstance(tool, Mapping) and "input_schema" in tool:
        _check_anthropic(tool)
        strict = tool.get("strict", strict)
    elif isinstance(tool, Mapping) and tool.get("type", "function") not in _TYPES:
        # langchain-core would take one with a name for a tool of the caller's, without the rest.
        raise _no_tool(tool["type"])
    elif isinstance(tool, Mapping) and tool.get("type") == "function" and "name" in tool:
        # OpenAI's Responses name a function beside its type.
        tool = {"type": "function", "function": {name: tool[name] for name in tool if name != "type"}}
    if isinstance(tool, Mapping):
        tool = _with_parameters(tool)
    try:
        converted = convert_to_openai_tool(tool)
    except (ValueError, TypeError, KeyError, AttributeError, NameError, PydanticUserError) as error:
        raise InvalidRequestError(
            f"{tool!r:.120} cannot be read as a tool: {' '.join(str(error).split()):.300}",
            hint="give a function with type hints, a Pydantic model, a LangChain tool or a named schema",
        ) from error
    function = converted.get("function")
    if not isinstance(function, Mapping):
        raise _no_tool(converted.get("type"))
    own = function.get("strict")
    if None not in (own, strict) and own != strict:
        raise InvalidRequestError(
            f"the tool {function['name']!r} says strict={own}, and bind_tools strict={strict}",
            hint="leave one of them out",
        )
    spec = tool_spec(
        function["name"],
        function.get("description"),
        function.get("parameters"),
        strict=strict if own is None else own,
    )
    return _strict(spec) if spec["toolSpec"].get("strict") else spec


def _with_parameters(tool: Mapping[str, Any]) -> Mapping[str, Any]:
    """A tool's dict with its schema where OpenAI has it.

    Raises:
        InvalidRequestError: its schema stands under another name, and would be lost.
    """
    function = tool.get("function", tool)
    if not isinstance(function, Mapping) or "name" not in function:
        return tool
    if function.get("parameters") is not None or (function is tool and "input_schema" in tool):
        return tool
    if isinstance(function.get("properties"), Mapping):  # the schema itself, with a name for a title
        schema = {name: value for name, value in function.items() if name not in _ABOUT}
        return _moved(tool, {name: function[name] for name in _ABOUT if name in function}, schema)
    schemas = [name for name, value in function.items() if _may_be_a_schema(name, value)]
    if not schemas:
        return tool
    schema = function[schemas[0]]
    if len(schemas) > 1 or schemas[0] not in _SCHEMAS or not isinstance(schema, Mapping):
        raise InvalidRequestError(
            f"the tool {function['name']!r:.80} has {schema!r:.80} as {' and '.join(map(repr, schemas))}",
            hint="its JSON schema belongs into 'parameters', and nowhere else",
        )
    rest = {name: value for name, value in function.items() if name not in schemas}
    return _moved(tool, rest, schema["json"] if schema.keys() == {"json"} else schema)


def _may_be_a_schema(name: str, value: Any) -> bool:
    if name in _SCHEMAS:
        return value is not None
    return isinstance(value, Mapping) and name not in _NO_ARGUMENTS and bool(value.keys() & _OF_SCHEMAS)


def _moved(tool: Mapping[str, Any], function: dict[str, Any], schema: Any) -> dict[str, Any]:
    moved = {**function, "parameters": schema}
    return {**tool, "function": moved} if "function" in tool else moved


def with_names(tools: Iterable[Tool]) -> list[Tool]:
    """The tools as a binding holds them: their names also where LangGraph's agents look for them.

    ``create_react_agent`` compares the tools of a bound model with its own by name, and knows OpenAI's and
    Anthropic's shape alone. :func:`converse_tools` takes the names away again.
    """
    return [{**tool, "name": tool["toolSpec"]["name"]} if "toolSpec" in tool else tool for tool in tools]


def tool_names(tools: Iterable[Tool]) -> frozenset[str]:
    """The names that ``toolChoice`` may choose."""
    return frozenset(
        held["name"] for tool in tools for kind in ("toolSpec", "systemTool") if (held := tool.get(kind))
    )


def _system_tool(tool: Any) -> str | None:
    """The name of a tool that Bedrock runs itself, as langchain-aws has them: by name, or as its objects."""
    if isinstance(tool, str):
        return tool if tool in _SYSTEM_TOOLS else None
    return tool.name if getattr(tool, "type", None) == "system_tool" else None


def _no_tool(kind: Any) -> InvalidRequestError:
    return InvalidRequestError(
        f"Converse has no tool of type {kind!r:.80}",
        hint="server tools of Bedrock's are {'systemTool': {'name': …}}",
    )


def _check_anthropic(tool: Mapping[str, Any]) -> None:
    unknown = sorted(tool.keys() - _ANTHROPICS)
    if unknown or tool.get("type") not in (None, "custom"):
        what = f"members {', '.join(unknown)}" if unknown else f"type {tool['type']!r}"
        raise InvalidRequestError(
            f"Converse has no form for {what} of the tool {tool.get('name')!r}",
            hint="leave them out; what only Claude knows goes into additional_model_request_fields",
        )


def _cache_control(tool: Any) -> Any:
    """Anthropic's ``cache_control``, as a tool's dict or a LangChain tool's ``extras`` has it."""
    holder = tool if isinstance(tool, Mapping) else getattr(tool, "extras", None)
    return holder.get("cache_control") if isinstance(holder, Mapping) else None


def _native(tool: Mapping[str, Any], strict: bool | None) -> Tool:
    kind = next(kind for kind in _NATIVE if kind in tool)
    named = kind == "cachePoint" or (isinstance(tool[kind], Mapping) and "name" in tool[kind])
    if not named or (kind == "toolSpec" and "json" not in (tool[kind].get("inputSchema") or ())):
        needs = "a name and an inputSchema of json" if kind == "toolSpec" else "a name"
        raise InvalidRequestError(f"{tool!r:.120} is no tool of Converse's: a {kind} has {needs}")
    given = dict(tool)
    spec = given.get("toolSpec")
    if spec is None:
        return given
    if given.get("name") == spec["name"]:
        del given["name"]  # see with_names
    if strict is None:
        return given
    given["toolSpec"] = {**spec, "strict": strict}
    return _strict(given) if strict else given


def _strict(tool: Tool) -> Tool:
    """The tool with its schema in the dialect that Bedrock holds strict tools to."""
    from bedrock_unified.converse.schema import strict_schema  # few ask for it

    spec = tool["toolSpec"]
    try:
        schema = strict_schema(spec["inputSchema"]["json"])
    except BedrockError as error:
        raise InvalidRequestError(
            f"the tool {spec['name']!r} cannot be strict: {error.message}",
            hint="leave strict out for this tool",
        ) from None
    return {**tool, "toolSpec": {**spec, "inputSchema": {"json": schema}}}


def has_answer_tool(tools: Iterable[Any]) -> bool:
    """Whether one of the tools is nobody's to run: an agent's, for an answer in the shape of a schema."""
    return any(getattr(tool, "func", "") is None and getattr(tool, "coroutine", "") is None for tool in tools)
