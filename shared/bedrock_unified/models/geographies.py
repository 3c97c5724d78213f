"""Inference-profile geographies: reading the prefix of an id, and suggesting a profile for a region."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

from .data import table

_GEOGRAPHY = re.compile(r"[a-z]{2,6}(?:-gov)?")
# A vendor is one word ("ai21"); what looks like a version ("v3" in "deepseek.v3.2") is of a model's name.
_VENDOR = re.compile(r"(?!v\d+$)[a-z][a-z0-9]*")


class _Tables(NamedTuple):
    geographies: frozenset[str]
    vendors: frozenset[str]
    suggestions: tuple[tuple[str, tuple[str, ...]], ...]


@cache
def _tables() -> _Tables:
    data = table("geographies")
    return _Tables(
        frozenset(data["geographies"]),
        frozenset(data["vendors"]),
        tuple((rule["region"], tuple(rule["geographies"])) for rule in data["suggestions"]),
    )


class ModelName(NamedTuple):
    """The parts of a model's or system profile's id; ``base_id`` is the id without its geography."""

    geo: str | None
    vendor: str | None
    base_id: str


def split_name(name: str) -> ModelName:
    """Read ``<vendor>.<model>`` or ``<geography>.<vendor>.<model>``; any vendor and any geography will do.

    >>> split_name("us.amazon.nova-lite-v1:0")
    ModelName(geo='us', vendor='amazon', base_id='amazon.nova-lite-v1:0')
    >>> split_name("deepseek.v3.2")
    ModelName(geo=None, vendor='deepseek', base_id='deepseek.v3.2')
    """
    first, dot, rest = name.partition(".")
    if not dot:
        return ModelName(None, None, name)
    tables = _tables()
    if first not in tables.vendors and _GEOGRAPHY.fullmatch(first):
        second, second_dot, tail = rest.partition(".")
        if first in tables.geographies:
            return ModelName(first, second if second_dot and second else None, rest)
        # Unknown geography: only where a vendor follows, and after it a model: its name starts with a letter.
        if second in tables.vendors or (_VENDOR.fullmatch(second) and tail[:1].isalpha()):
            return ModelName(first, second, rest)
    return ModelName(None, first or None, name)


def profile_candidates(base_id: str, region: str | None) -> tuple[str, ...]:
    """The inference-profile ids that a client of ``region`` may find for a model, the likeliest first.

    Empty where the region is unknown or lies in a partition without documented profiles.
    """
    if not region:
        return ()
    rules = _tables().suggestions  # the last one fits every region
    geographies = next(geographies for prefix, geographies in rules if region.startswith(prefix))
    return tuple(f"{geo}.{base_id}" for geo in geographies)


def suggested_profile(base_id: str, region: str | None, available: Iterable[str] = ()) -> str | None:
    """The inference-profile id to use for a model in a region, or None where none can be named.

    Args:
        base_id: the model's id without geography (``anthropic.claude-sonnet-4-5-20250929-v1:0``).
        region: the client's region.
        available: profile ids that the account lists; when given, only one of them is suggested, a geographic
            one before ``global``.
    """
    candidates = profile_candidates(base_id, region)
    listed = [profile for profile in available if split_name(profile).base_id == base_id != profile]
    if not listed:
        return candidates[0] if candidates else None
    order = {candidate: place for place, candidate in enumerate(candidates)}
    return min(listed, key=lambda profile: (profile.startswith("global."), order.get(profile, len(order))))
