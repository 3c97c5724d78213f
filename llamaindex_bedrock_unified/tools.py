"""LlamaIndex tools and tool calls in Converse's terms, and back."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from llama_index.core.base.llms.types import ChatMessage, ChatResponse, ThinkingBlock, ToolCallBlock
from llama_index.core.llms.llm import ToolSelection
from pydantic import PydanticUserError
from pydantic_core import from_json

from bedrock_unified.converse.reducer import parse_tool_input
from bedrock_unified.converse.tools import NONE, is_none, tool_choice, tool_spec
from bedrock_unified.errors import InvalidRequestError

from .carrier import CONTENT, unpacked
from .reading import SERVER_TOOL, read_blocks

if TYPE_CHECKING:
    from llama_index.core.tools import BaseTool

_logger = logging.getLogger(__name__)
#: Members of a partial response's ``raw``, which is the stream's event.
_EVENTS = frozenset({"contentBlockStart", "contentBlockDelta", "contentBlockStop"})
#: Stop reasons of an answer that was cut short.
_CUT = frozenset({"max_tokens", "model_context_window_exceeded"})


def tool_config(
    tools: Sequence[BaseTool | Mapping[str, Any]] | Mapping[str, Any],
    choice: Any = None,
    *,
    required: bool = False,
) -> dict[str, Any] | None:
    """``toolConfig`` of a request; None without tools, the choice alone where none may be called.

    Args:
        tools: LlamaIndex tools, or members of ``toolConfig.tools`` as they are, or a whole ``toolConfig``.
        choice: which tool, in any spelling of :func:`bedrock_unified.converse.tools.tool_choice`; wins over
            ``required``.
        required: some tool must be called.

    Raises:
        InvalidRequestError: no list of tools, a tool without a name or a JSON schema, two of one name, a
            choice that is none of them, a choice without tools, or two choices.
    """
    _check_listed(tools)
    if is_none(choice):
        return {"toolChoice": dict(NONE)}  # calls of the history become text
    choice = choice or (True if required else None)
    whole: dict[str, Any] = {}
    if isinstance(tools, Mapping):
        whole = dict(tools)
        tools = whole.pop("tools", None) or ()
    if not tools:
        if choice is not None and choice != "auto":
            tool_choice(choice, frozenset())  # a name is refused by the list of tools, which is empty
            raise InvalidRequestError(
                f"a tool was demanded (tool_choice {choice!r:.120}) but there are no tools",
                hint="give tools=[…], or leave tool_choice and tool_required out",
            )
        return None
    if choice is not None and "toolChoice" in whole:
        raise InvalidRequestError(
            "a call was given tool_choice or tool_required next to a toolChoice, which mean the same",
            hint="keep one of them",
        )
    listed = cast("Sequence[BaseTool | Mapping[str, Any]]", tools)
    written = [dict(tool) if isinstance(tool, Mapping) else _spec(tool) for tool in listed]
    names = [_name(tool["toolSpec"]) for tool in written if "toolSpec" in tool]
    if len(set(names)) < len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        raise InvalidRequestError(
            f"several tools are called {twice[0]!r}", hint="give each tool a name of its own"
        )
    chosen = tool_choice(choice, frozenset(names))
    return {"tools": written, **whole, **({} if chosen is None else {"toolChoice": chosen})}


def _check_listed(tools: Any) -> None:
    listed = tools.get("tools", tools) if isinstance(tools, Mapping) else tools
    is_listed = isinstance(listed, Iterable) and not isinstance(listed, (str, bytes, Mapping))
    if listed is not None and not is_listed:
        raise InvalidRequestError("tools must be a list of tools", hint=f"write [{listed!s:.80}]")


def _name(spec: Any) -> str:
    name = spec.get("name") if isinstance(spec, Mapping) else None
    if not isinstance(name, str):
        raise InvalidRequestError(
            f"a tool has no name: {{'toolSpec': {spec!r:.80}}}",
            hint="write {'toolSpec': {'name': …, 'inputSchema': {'json': {…}}}}",
        )
    return name


def _spec(tool: BaseTool) -> dict[str, Any]:
    metadata: Any = getattr(tool, "metadata", None)
    if not hasattr(metadata, "get_parameters_dict"):
        raise InvalidRequestError(
            f"{tool!r:.120} is no tool", hint="FunctionTool.from_defaults(…) makes one of a function"
        )
    if not metadata.name:
        raise InvalidRequestError(
            f"the tool {tool!r:.120} has no name", hint="set name= in its ToolMetadata or from_defaults()"
        )
    try:
        schema = metadata.get_parameters_dict()
    except PydanticUserError as error:  # a field, such as a Callable, that JSON has no form for
        raise InvalidRequestError(
            f"the tool {metadata.name!r} has a parameter without a JSON schema: {error.message:.300}",
            hint="give the tool an fn_schema of fields that a model can write, or leave the parameter out",
        ) from error
    return tool_spec(metadata.name, metadata.description, schema)


def tool_calls(response: ChatResponse) -> list[ToolSelection]:
    """The calls of a response that the caller has to answer; of a partial one, as far as they go.

    Of a whole response the calls alone that the model wrote to their end: agents run what is here. What
    Bedrock runs itself (server tools) is left out.
    """
    if isinstance(response.raw, Mapping) and not _EVENTS.isdisjoint(response.raw):
        return [_selection(block, partial_input(block.tool_kwargs)) for block in _own_calls(response)]
    broken = broken_calls(response)
    if broken:
        names = ", ".join(repr(block.tool_name) for block in broken)
        _logger.warning("unfinished calls of %s are left out (stop reason: %s)", names, stop_reason(response))
    return [
        _selection(block, parsed)
        for block in _own_calls(response)
        if block not in broken and (parsed := whole_input(block.tool_kwargs)) is not None
    ]


def broken_calls(response: ChatResponse) -> list[ToolCallBlock]:
    """The calls of a whole response that must not be run: cut short, or with input that is no JSON object.

    A call without any input that an answer ends with at its token limit counts as cut.
    """
    calls = _own_calls(response)
    broken = [block for block in calls if whole_input(block.tool_kwargs) is None]
    blocks = response.message.blocks
    if stop_reason(response) in _CUT and calls and blocks[-1] is calls[-1] and not calls[-1].tool_kwargs:
        broken.append(calls[-1])
    return broken


def stop_reason(response: ChatResponse) -> str | None:
    """Why the model stopped; None of a partial response, and where ``raw`` was lost."""
    return response.raw.get("stopReason") if isinstance(response.raw, Mapping) else None


def _own_calls(response: ChatResponse) -> list[ToolCallBlock]:
    ids = _ids(response.message.additional_kwargs.get("tool_calls"))
    return [
        block
        for block in response.message.blocks
        if isinstance(block, ToolCallBlock) and (ids is None or block.tool_call_id in ids)
    ]


def _selection(block: ToolCallBlock, given: dict[str, Any]) -> ToolSelection:
    return ToolSelection(tool_id=block.tool_call_id or "", tool_name=block.tool_name, tool_kwargs=given)


def first_call_only(response: ChatResponse) -> ChatResponse:
    """The response with its first tool call alone, everything else in its place.

    Reasoning at the end, which led to the calls that are left out, goes with them: Claude refuses an answer
    that ends with it ("The final block in an assistant message cannot be `thinking`").
    """
    message = response.message
    calls = message.additional_kwargs.get("tool_calls") or []
    if len(calls) < 2:
        return response
    kwargs = {
        **message.additional_kwargs,
        "tool_calls": calls[:1],
        "tool_call_id": [calls[0].get("toolUseId")],
    }
    # By their places: two calls may have one id.
    dropped = {id(block) for block in _own_calls(response)[1:]}
    blocks = [block for block in message.blocks if id(block) not in dropped]
    while blocks and isinstance(blocks[-1], ThinkingBlock):
        blocks.pop()
    if CONTENT in kwargs:
        uses = [block for block in kwargs[CONTENT] if _is_own_use(block)]
        dropped = {id(block) for block in uses[1:]}
        content = [block for block in kwargs[CONTENT] if id(block) not in dropped]
        while content and "reasoningContent" in content[-1]:
            content.pop()
        kwargs[CONTENT] = content
        blocks, _ = read_blocks(unpacked(content))
    single = ChatMessage(role=message.role, blocks=blocks, additional_kwargs=kwargs)
    return response.model_copy(update={"message": single})


def partial_input(given: Any) -> dict[str, Any]:
    """A tool's input as far as it has come: the object that its JSON text begins, else ``{}``."""
    if isinstance(given, Mapping):
        return dict(given)
    try:
        value = from_json(given, allow_partial="trailing-strings")
    except ValueError:  # no text yet, or not JSON
        return {}
    return value if isinstance(value, dict) else {}


def whole_input(given: Any) -> dict[str, Any] | None:
    """A tool's input: the object, or the one that JSON text holds; None of text that holds none."""
    if isinstance(given, str):
        given = parse_tool_input(given)
    return dict(given) if isinstance(given, Mapping) else None


def _is_own_use(block: Mapping[str, Any]) -> bool:
    use = block.get("toolUse")
    return use is not None and use.get("type") != SERVER_TOOL


def _ids(calls: Any) -> set[Any] | None:
    """The ids of calls in Converse's form; None where a message says nothing, or in another form."""
    if not isinstance(calls, list):
        return None
    ids = [call.get("toolUseId") if isinstance(call, Mapping) else None for call in calls]
    return None if None in ids else set(ids)
