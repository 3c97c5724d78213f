"""``goals.toml``, read: the measures with their counts, and the rows of the report."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Row:
    """One line of the report: a number of ours, or its ratio to another system's."""

    title: str
    ours: str
    value: str
    unit: str
    other: str | None = None
    goal: float | None = None
    stretch: float | None = None


@dataclass(frozen=True)
class Measure:
    """One thing that several systems do."""

    name: str
    does: str
    parameters: Mapping[str, Any]
    rows: tuple[Row, ...]
    rounds: int = 5
    once: tuple[str, ...] = ()
    left_out: bool = False  # of a quick run: the other systems take too long

    @property
    def systems(self) -> list[str]:
        """The systems that its rows name, each once, ours and the other side by side."""
        named = [system for row in self.rows for system in (row.ours, row.other) if system]
        return list(dict.fromkeys(named))


def read(scale: str = "full") -> list[Measure]:
    """The measures at one scale: ``full``, ``quick`` or ``tiny``."""
    with (Path(__file__).parent / "goals.toml").open("rb") as file:
        table = tomllib.load(file)
    return [_measure(entry, scale) for entry in table["measure"]]


def _measure(entry: dict[str, Any], scale: str) -> Measure:
    other_counts = entry.get(scale, {})
    parameters: dict[str, Any] = {**entry["parameters"], **(other_counts or {})}
    rounds = {"full": entry.get("rounds", 5), "quick": min(3, entry.get("rounds", 5)), "tiny": 1}[scale]
    return Measure(
        name=entry["name"],
        does=entry["does"],
        parameters=parameters,
        rows=tuple(Row(**row) for row in entry["row"]),
        rounds=rounds,
        once=tuple(entry.get("once", ())),
        left_out=other_counts is False,
    )


def with_rounds(measure: Measure, rounds: int) -> Measure:
    """The same measure, more or less often."""
    return replace(measure, rounds=rounds)
