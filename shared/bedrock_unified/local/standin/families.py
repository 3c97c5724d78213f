"""The table ``families.toml``: how each model family answers on the wire."""

from __future__ import annotations

import functools
import re
import tomllib
from dataclasses import dataclass
from importlib import resources
from typing import Literal

from ..shapes import listed, under


@dataclass(frozen=True)
class Family:
    """One row of the table; ``families.toml`` explains each member."""

    name: str
    match: str
    tool_use_type: bool
    tool_fragments: Literal["claude", "pieces", "whole"]
    tool_preamble: Literal["none", "text", "thinking", "empty"]
    tool_id_prefix: str
    text_piece: int
    empty_first: bool
    empty_last: bool
    empty_block_first: bool
    reasoning: Literal["signed", "unsigned", "none"]
    reasons_always: bool
    reasoning_after_tool: bool
    text_before_reasoning: bool
    usage_cache: Literal["used", "zero", "read"]
    merges_turns: bool
    image_errors: bool
    context: int
    cache_minimum: int

    @property
    def is_claude(self) -> bool:
        return self.name.startswith("claude")


@functools.cache
def _table() -> tuple[tuple[re.Pattern[str], Family], ...]:
    text = resources.files(__package__ or __name__).joinpath("families.toml").read_text(encoding="utf-8")
    data = tomllib.loads(text)
    default = under(data, "default")
    rows = listed(data, "family")
    rows.append({"name": "other", "match": ""})
    families = [Family(**{**default, **row}) for row in rows]
    return tuple((re.compile(family.match), family) for family in families)


@functools.lru_cache(maxsize=512)
def family_of(model: str) -> Family:
    """The family of a bare model id (``anthropic.claude-…``); unknown ones get the defaults."""
    return next(family for pattern, family in _table() if pattern.match(model))
