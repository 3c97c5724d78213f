"""LlamaIndex tools and tool calls in Converse's terms, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from llama_index.core.base.llms.types import ChatMessage, ChatResponse, ToolCallBlock
from llama_index.core.llms.llm import ToolSelection
from pydantic_core import from_json

from bedrock_unified.converse.tools import is_none, tool_choice, tool_spec
from bedrock_unified.errors import InvalidRequestError

from .carrier import CONTENT, unpacked
from .reading import read_blocks

if TYPE_CHECKING:
    from llama_index.core.tools import BaseTool


def tool_config(
    tools: Sequence[BaseTool | Mapping[str, Any]], choice: Any = None, *, required: bool = False
) -> dict[str, Any] | None:
    """``toolConfig`` of a request; None without tools.

    Args:
        tools: LlamaIndex tools, or members of ``toolConfig.tools`` as they are.
        choice: which tool, in any spelling of :func:`bedrock_unified.converse.tools.tool_choice`; wins over
            ``required``.
        required: some tool must be called.

    Raises:
        InvalidRequestError: a tool without a name, two of one name, a choice that is none of them.
    """
    if not tools or is_none(choice):
        return None
    written = [dict(tool) if isinstance(tool, Mapping) else _spec(tool) for tool in tools]
    names = [tool["toolSpec"]["name"] for tool in written if "toolSpec" in tool]
    if len(set(names)) < len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        raise InvalidRequestError(
            f"several tools are called {twice[0]!r}", hint="give each tool a name of its own"
        )
    config: dict[str, Any] = {"tools": written}
    choice = tool_choice(choice or (True if required else None), frozenset(names))
    if choice is not None:
        config["toolChoice"] = choice
    return config


def _spec(tool: BaseTool) -> dict[str, Any]:
    metadata = tool.metadata
    if not metadata.name:
        raise InvalidRequestError(
            f"the tool {tool!r:.120} has no name", hint="set name= in its ToolMetadata or from_defaults()"
        )
    return tool_spec(metadata.name, metadata.description, metadata.get_parameters_dict())


def tool_calls(response: ChatResponse) -> list[ToolSelection]:
    """The calls of a response that the caller has to answer; of a partial one, as far as they go.

    What Bedrock runs itself (server tools) is left out.
    """
    message = response.message
    told = message.additional_kwargs.get("tool_calls")
    ids = _ids(told)
    return [
        ToolSelection(
            tool_id=block.tool_call_id or "",
            tool_name=block.tool_name,
            tool_kwargs=partial_input(block.tool_kwargs),
        )
        for block in message.blocks
        if isinstance(block, ToolCallBlock) and (ids is None or block.tool_call_id in ids)
    ]


def first_call_only(response: ChatResponse) -> ChatResponse:
    """The response with its first tool call alone, everything else in its place."""
    message = response.message
    calls = message.additional_kwargs.get("tool_calls") or []
    if len(calls) < 2:
        return response
    first, *others = [call["toolUseId"] for call in calls]
    dropped = set(others)
    kwargs = {**message.additional_kwargs, "tool_calls": calls[:1], "tool_call_id": [first]}
    blocks = [
        block
        for block in message.blocks
        if not (isinstance(block, ToolCallBlock) and block.tool_call_id in dropped)
    ]
    if CONTENT in kwargs:
        kwargs[CONTENT] = [
            block for block in kwargs[CONTENT] if (block.get("toolUse") or {}).get("toolUseId") not in dropped
        ]
        blocks, _ = read_blocks(unpacked(kwargs[CONTENT]))
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


def tool_input(given: Any) -> Any:
    """A tool's input for the way back to Bedrock, which takes objects alone.

    JSON text is read; of text that was cut short (``max_tokens``) what came before the cut is kept.
    """
    if not isinstance(given, str):
        return given
    try:
        return json.loads(given)
    except ValueError:
        return partial_input(given)


def foreign_call(call: Any) -> dict[str, Any]:
    """A call in ``additional_kwargs["tool_calls"]`` as ``toolUse``: Converse's form or OpenAI's.

    Raises:
        InvalidRequestError: neither.
    """
    told: Any = call.model_dump() if hasattr(call, "model_dump") else call
    if isinstance(told, Mapping):
        if "toolUseId" in told and "name" in told:
            return {**told, "input": tool_input(told.get("input") or {})}
        function = told.get("function")
        if "id" in told and isinstance(function, Mapping) and "name" in function:
            arguments = tool_input(function.get("arguments") or {})
            return {"toolUseId": told["id"] or "", "name": function["name"], "input": arguments}
    raise InvalidRequestError(
        f"a tool call in additional_kwargs['tool_calls'] is not understood: {call!r:.120}",
        hint="use ToolCallBlock, or {'toolUseId': …, 'name': …, 'input': {…}}",
    )


def _ids(calls: Any) -> set[Any] | None:
    """The ids of calls in Converse's form; None where a message says nothing, or in another form."""
    if not isinstance(calls, list):
        return None
    ids = [call.get("toolUseId") if isinstance(call, Mapping) else None for call in calls]
    return None if None in ids else set(ids)
