"""Tool calls of a message as ``toolUse``: of its blocks, or of ``additional_kwargs["tool_calls"]`` alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llama_index.core.base.llms.types import ToolCallBlock

from bedrock_unified.converse.tools import tool_input, tool_use_id
from bedrock_unified.errors import InvalidRequestError

from .carrier import Block

#: Where the providers' forms of a call keep its id, and its name with its input.
_CALL_IDS = ("toolUseId", "id", "tool_id")
_CALL_FORMS = (
    ("name", "input"),  # Converse's and Anthropic's
    ("name", "arguments"),  # OpenAI's
    ("name", "args"),  # LangChain's
    ("tool_name", "tool_kwargs"),  # LlamaIndex's ToolSelection
)


class Calls:
    """The tool calls of a message: its blocks, or what ``additional_kwargs["tool_calls"]`` says without any.

    Entries in Converse's form repeat what the blocks showed when the message came: they add members that a
    block cannot hold. A block that was removed stays removed, except where the message has none and a later
    tool message answers the call: histories from before LlamaIndex had blocks for calls keep them here alone.
    """

    def __init__(self, told: Any) -> None:
        self._told: list[Any] = list(told) if isinstance(told, (list, tuple)) else []
        self._any_block = False

    def of(self, block: ToolCallBlock) -> Block:
        """``toolUse`` for a block, with the members that a block cannot hold."""
        self._any_block = True
        call: Block = {
            "toolUseId": tool_use_id(block.tool_call_id),
            "name": block.tool_name,
            "input": tool_input(block.tool_kwargs),
        }
        for index, told in enumerate(self._told):
            if (
                isinstance(told, Mapping)
                and told.get("toolUseId") == block.tool_call_id
                and told.get("name") == block.tool_name
            ):
                del self._told[index]
                return {**told, **call}
        return call

    def without_block(self, number: int, answered: Mapping[str, int]) -> list[Block]:
        """Calls that are kept in ``additional_kwargs`` alone.

        Args:
            number: the message's place.
            answered: the ids that tool messages answer, each with the place of the last answer.
        """
        if self._any_block:
            return []

        def is_answered(id_: Any) -> bool:
            return isinstance(id_, str) and answered.get(id_, -1) > number

        calls: list[Block] = []
        for index, told in enumerate(self._told):
            if isinstance(told, Mapping) and "toolUseId" in told:
                if is_answered(told["toolUseId"]):
                    call = _told_call(told)
                    calls.append({**told, **call, "toolUseId": tool_use_id(call["toolUseId"])})
                continue
            call = _told_call(told)
            id_ = call["toolUseId"]
            if id_ is None:  # Ollama's; LlamaIndex answers them under the tool's name
                id_ = call["name"] if is_answered(call["name"]) else f"call_{number}_{index}"
            calls.append({**call, "toolUseId": tool_use_id(id_)})
        return calls


def _told_call(call: Any) -> dict[str, Any]:
    """A call in ``additional_kwargs["tool_calls"]``, in any provider's form, as ``toolUse``.

    ``toolUseId`` is None where the call has no id.

    Raises:
        InvalidRequestError: it is in no known form.
    """
    told: Any = call.model_dump() if hasattr(call, "model_dump") else call
    if isinstance(told, Mapping):
        if isinstance(function := told.get("function"), Mapping):
            told = {"arguments": None, **function, "id": told.get("id")}
        ids = (told[name] for name in _CALL_IDS if told.get(name) is not None)
        for name, given in _CALL_FORMS:
            if given in told and isinstance(told.get(name), str) and told[name]:
                return {"toolUseId": next(ids, None), "name": told[name], "input": tool_input(told[given])}
    raise InvalidRequestError(
        f"a tool call in additional_kwargs['tool_calls'] is not understood: {call!r:.120}",
        hint="use ToolCallBlock, or {'id': …, 'function': {'name': …, 'arguments': '{…}'}}",
    )
