"""Single blocks as Bedrock and the model take them; see :mod:`.normal` for the rules."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from .documents import content_of
from .names import ToolNames, named_block
from .tools import tool_input, tool_use_id

if TYPE_CHECKING:
    from ..models.profile import Profile

Block = dict[str, Any]
Turn = dict[str, Any]

#: What stands for the content of a tool result that has none.
NO_OUTPUT = "(no output)"
#: What a result may hold (service model, ``ToolResultContentBlock``); other media stand beside it.
_IN_RESULTS = frozenset({"image", "document", "video"})
_MEDIA = (*sorted(_IN_RESULTS), "audio")

logger = logging.getLogger(__name__)


def cleaned(turns: Sequence[Turn], profile: Profile, names: ToolNames) -> list[Turn]:
    """The turns with blocks that Bedrock and the model take; some may be left without any.

    The arguments are not changed; blocks that are right already are shared.
    """
    return [
        {
            **turn,
            "content": [
                kept for block in turn["content"] for kept in _cleaned(block, turn["role"], profile, names)
            ],
        }
        for turn in turns
    ]


def _cleaned(block: Block, role: str, profile: Profile, names: ToolNames) -> Sequence[Block]:
    if len(block) == 1 and isinstance(text := block.get("text"), str):
        return (block,) if text and not text.isspace() else ()
    if "toolUse" in block:
        return (_call(named_block(block, names) if names else block),)
    if "toolResult" in block:
        return _result(block, profile if role == "user" else None)
    if "reasoningContent" in block:
        return _reasoning(block, profile.reasoning_in_history)
    return (named_block(block, names),) if names else (block,)


def _call(block: Block) -> Block:
    """A call with an id and an input that Bedrock takes."""
    use: Mapping[str, Any] = block["toolUse"]
    call_id, given = tool_use_id(use.get("toolUseId")), tool_input(use.get("input"))
    if call_id == use.get("toolUseId") and given is use.get("input"):
        return block
    return {**block, "toolUse": {**use, "toolUseId": call_id, "input": given}}


def _result(block: Block, profile: Profile | None) -> Sequence[Block]:
    """A tool result, and behind it the media that the model does not read inside.

    Args:
        profile: None for a result of Bedrock's own tools, which goes back as it came.
    """
    result: Mapping[str, Any] = block["toolResult"]
    changed: Block = {}
    call_id = tool_use_id(result.get("toolUseId"))
    if call_id != result.get("toolUseId"):
        changed["toolUseId"] = call_id
    if profile is None:
        return ({**block, "toolResult": {**result, **changed}},) if changed else (block,)
    beside: list[Block] = []
    given = cast("Sequence[Block]", result.get("content") or ())
    content: list[Block] = []
    for part in given:
        kind = next((kind for kind in _MEDIA if kind in part), None)
        if kind is not None and kind not in profile.tool_result_media & _IN_RESULTS:
            mark = content_of(part[kind].get("source"))
            label = _label(mark)
            content.append({"text": f"See file {label}."})
            beside += [{"text": f"This is file {label}:"}, part]
        elif not (len(part) == 1 and isinstance(text := part.get("text"), str) and not text.strip()):
            content.append(part)
    if content != given:
        changed["content"] = content
    if not content:
        changed["content"] = [{"text": NO_OUTPUT}]
    members = {**result, **changed}
    if not profile.tool_result_status:
        members.pop("status", None)
    return (block if members == result else {**block, "toolResult": members}, *beside)


def _label(content: bytes) -> str:
    from hashlib import sha256

    return sha256(content).hexdigest()[:6]


def _reasoning(block: Block, mode: str) -> Sequence[Block]:
    """Reasoning of an earlier answer, as far as the model takes it back.

    A signature is the family's own; where it is refused the text goes without it. Redacted reasoning is
    nothing but signed.
    """
    given: Any = block["reasoningContent"].get("reasoningText")
    if given is not None and not isinstance(given, Mapping):
        return (block,)  # no reasoning at all: Bedrock says what is wrong with it
    told = cast("Mapping[str, Any] | None", given)
    signed = told is None or bool(told.get("signature"))
    says = told is not None and bool(str(told.get("text") or "").strip())
    if not signed and not says:
        return ()
    if mode == "any" or (mode == "signed" if signed else mode == "unsigned"):
        return (block,)
    if mode == "unsigned" and says and told is not None:
        text = {name: value for name, value in told.items() if name != "signature"}
        return ({**block, "reasoningContent": {**block["reasoningContent"], "reasoningText": text}},)
    _tell_of_dropping(mode)
    return ()


_DROPPED = {"signed": "unsigned reasoning", "unsigned": "redacted reasoning", "none": "reasoning"}


@cache
def _tell_of_dropping(mode: str) -> None:
    """Say it once in a process; a conversation is sent again and again."""
    logger.warning(
        "left %s of earlier answers out of a request, for the model refuses it; capabilities="
        "{'reasoning_in_history': 'any'} sends it",
        _DROPPED[mode],
    )
