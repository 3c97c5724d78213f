"""Messages as Converse takes them.

Rules, applied to copies of the lists (the blocks themselves are shared and never changed):

1. Text that is empty or only white space is dropped: Bedrock refuses it.
2. A turn without blocks is dropped.
3. Neighbouring turns of one role become one turn: roles must alternate, and the results of parallel tool
   calls must stand together in one user turn.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

Block = dict[str, Any]
Turn = dict[str, Any]


def merged_turns(turns: Iterable[Turn]) -> list[Turn]:
    """The turns by the rules above. The argument is not changed."""
    merged: list[Turn] = []
    for turn in turns:
        content = [block for block in turn["content"] if not is_blank(block)]
        if not content:
            continue
        if merged and merged[-1]["role"] == turn["role"]:
            merged[-1]["content"] += content
        else:
            merged.append({**turn, "content": content})
    return merged


def is_blank(block: Block) -> bool:
    """Whether a block is text that Bedrock refuses as blank."""
    text = block.get("text")
    return isinstance(text, str) and not text.strip() and len(block) == 1


def under(members: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The structure of this name, ``{}`` where there is none."""
    held: Any = members.get(name)
    # Asking the abstract class takes five times as long, and nearly all are dicts.
    return cast("Mapping[str, Any]", held) if type(held) is dict or isinstance(held, Mapping) else {}


def listed(members: Mapping[str, Any], name: str) -> list[Block]:
    """The list of structures of this name, ``[]`` where there is none."""
    held: Any = members.get(name)
    return cast("list[Block]", held) if isinstance(held, (list, tuple)) else []
