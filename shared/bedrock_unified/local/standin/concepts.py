"""The table ``concepts.toml``: words that mean nearly the same."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Iterable
from importlib import resources
from typing import cast

from .words import stem


@functools.cache
def _index() -> dict[str, frozenset[str]]:
    text = resources.files(__package__ or __name__).joinpath("concepts.toml").read_text(encoding="utf-8")
    groups = cast("dict[str, str]", tomllib.loads(text))
    index: dict[str, set[str]] = {}
    for concept, members in groups.items():
        for word in members.split():
            index.setdefault(stem(word), set()).add(concept)
    return {word: frozenset(found) for word, found in index.items()}


def concepts_of(tokens: Iterable[str]) -> frozenset[str]:
    """The concepts any of ``tokens`` (words or stems) stands for."""
    index = _index()
    return frozenset(concept for token in tokens for concept in index.get(stem(token), ()))
