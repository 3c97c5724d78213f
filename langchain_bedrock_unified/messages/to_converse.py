"""LangChain messages to Converse turns and system blocks, for requests.

Messages are only read. System messages become the ``system`` member wherever they stand, except those that
add or remove tools, which only a turn can, and those with ``additional_kwargs={"in_place": True}``, for
models that take instructions in mid-conversation. Names of messages have no place in Converse.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    ChatMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)

from bedrock_unified.converse.cleaning import NO_OUTPUT
from bedrock_unified.converse.tools import tool_use_id
from bedrock_unified.converse.turns import is_blank, merged_turns

from ..errors import InvalidRequestError
from .blocks import Block, Conversion, converse_blocks, tool_use
from .documents import DocumentNames, native_names
from .foreign import foreign_blocks
from .standard import PROVIDER

Turn = dict[str, Any]

#: Providers whose blocks are ours; the second is langchain-aws, whose stored answers have them too.
_OURS = (None, "bedrock_converse", PROVIDER)
_ROLES = {"user": "user", "human": "user", "assistant": "assistant", "ai": "assistant", "system": "system"}
_IN_TURNS = ("toolAddition", "toolRemoval")


def converse_messages(
    messages: Sequence[BaseMessage], system: Sequence[Block] = ()
) -> tuple[list[Turn], list[Block]]:
    """The ``messages`` and ``system`` members of a request.

    Args:
        system: blocks to stand before those of the system messages.

    Raises:
        InvalidRequestError: a message or block that Converse has no form for.
    """
    names = DocumentNames()
    for message in messages:
        for name in native_names(message.content):
            names.reserve(name)  # first: these are sent as they are, and the others make way
    turns: list[Turn] = []
    above = list(system)
    for message in messages:
        role, content = _turn(message, names)
        if role == "system" and not _stays(message, content):
            above += [block for block in content if not is_blank(block)]
            continue
        turns.append({"role": role, "content": content})
    return merged_turns(turns), above


def _stays(message: BaseMessage, content: list[Block]) -> bool:
    """Whether a system message is a turn of its own."""
    return bool(message.additional_kwargs.get("in_place")) or any(
        kind in block for block in content for kind in _IN_TURNS
    )


def system_blocks(system: Any) -> list[Block]:
    """A system prompt given as text, as a block, or as a list of either."""
    if system is None:
        return []
    if not isinstance(system, (str, dict, list, tuple)):
        raise InvalidRequestError(
            f"system is {system!r:.80}", hint="give a system prompt as text, or as a list of texts and blocks"
        )
    parts = [system] if isinstance(system, (str, dict)) else system
    return [block for block in converse_blocks(parts, Conversion()) if not is_blank(block)]


def _turn(message: BaseMessage, names: DocumentNames) -> tuple[str, list[Block]]:
    if isinstance(message, HumanMessage):
        return "user", converse_blocks(message.content, Conversion(names))
    if isinstance(message, AIMessage):
        return "assistant", _assistant(message, names)
    if isinstance(message, ToolMessage):
        return "user", _tool_result(message, names)
    if isinstance(message, SystemMessage):
        return "system", converse_blocks(message.content, Conversion(names))
    if isinstance(message, ChatMessage) and message.role in _ROLES:
        return _ROLES[message.role], converse_blocks(message.content, Conversion(names))
    role = f" with role {message.role!r}" if isinstance(message, ChatMessage) else ""
    raise InvalidRequestError(
        f"a {type(message).__name__}{role} has no form in Bedrock's Converse API",
        hint="use human, AI, system and tool messages",
    )


def _assistant(message: AIMessage, names: DocumentNames) -> list[Block]:
    provider = message.response_metadata.get("model_provider")
    conversion = Conversion(names, ours=provider in _OURS, certain=provider is not None)
    for call in message.tool_calls:
        conversion.calls.setdefault(call["id"], []).append(call)
    if conversion.ours:
        blocks = converse_blocks(message.content, conversion)
    else:
        blocks = foreign_blocks(message, provider, conversion)
    if message.tool_calls or message.invalid_tool_calls:
        present = {block["toolUse"]["toolUseId"] for block in blocks if "toolUse" in block}
        for call in (*message.tool_calls, *message.invalid_tool_calls):
            if tool_use_id(call["id"]) not in present:
                blocks.append(tool_use(call["id"], call["name"], call["args"]))
    return blocks


def _tool_result(message: ToolMessage, names: DocumentNames) -> list[Block]:
    content: list[Block] = []
    behind: list[Block] = []
    for block in converse_blocks(message.content, Conversion(names)):
        if "cachePoint" in block:
            behind.append(block)  # a tool result cannot hold one
        elif not is_blank(block):
            content.append(block)
    # Bedrock refuses an empty result, and a tool may well have nothing to say.
    result: Block = {
        "toolUseId": tool_use_id(message.tool_call_id),
        "content": content or [{"text": NO_OUTPUT}],
    }
    if message.status == "error":
        result["status"] = "error"
    return [{"toolResult": result}, *behind]
