"""The report: medians, ratios, verdicts; one line for each row of the goals."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from goals import Row

#: Values of one system by name, one for each of its processes.
Numbers = Mapping[str, Sequence[float]]

_HEAD = ("measure", "ours", "other", "ratio", "goal", "stretch", "spread", "verdict")
_LINE = "{:<62} {:>10} {:>10} {:>8} {:>6} {:>8} {:>7}  {}"


@dataclass(frozen=True)
class Finding:
    """A row with what was found."""

    row: Row
    ours: float | None
    other: float | None
    result: float | None
    spread: float | None
    verdict: str

    @property
    def missed(self) -> bool:
        """Whether the goal was not reached, or nobody knows."""
        return self.result is None or self.verdict == "MISSED"


def find(
    row: Row, samples: Mapping[str, Numbers], reasons: Mapping[str, str], *, judged: bool = True
) -> Finding:
    """Compare one row with its goal.

    Args:
        samples: by system, what its processes measured.
        reasons: by system, why there is nothing of it.
        judged: whether the counts were large enough for a verdict.
    """
    ours = _median(row, row.ours, samples)
    other = _median(row, row.other, samples) if row.other else None
    missing = [
        f"{name}: {reasons.get(name, 'it gave no number')}"
        for name, value in ((row.ours, ours), (row.other, other))
        if name and value is None
    ]
    measured = [samples[name] for name in (row.ours, row.other) if name and name in samples]
    spreads = [_spread(numbers[row.value]) for numbers in measured]
    spread = max(spreads, default=None)
    if ours is None or missing:
        return Finding(row, ours, other, None, spread, f"not measured: {'; '.join(missing)}")
    result = ours if other is None else ours / other
    return Finding(row, ours, other, result, spread, _verdict(row, result) if judged else "it runs")


def _median(row: Row, system: str, samples: Mapping[str, Numbers]) -> float | None:
    return statistics.median(samples[system][row.value]) if system in samples else None


def _spread(values: Sequence[float]) -> float:
    """How far apart the processes were, as a part of their median."""
    middle = statistics.median(values)
    return (max(values) - min(values)) / middle if middle else 0.0


def _verdict(row: Row, result: float) -> str:
    if row.stretch is not None and result <= row.stretch:
        return "stretch"
    if row.goal is None:
        return "short of the stretch"
    return "goal" if result <= row.goal else "MISSED"


def head() -> str:
    """The heading of the table."""
    return _LINE.format(*_HEAD)


def line(finding: Finding) -> str:
    """One line of the table."""
    row = finding.row
    ratio = finding.result if row.other and finding.result is not None else None
    return _LINE.format(
        row.title,
        _shown(finding.ours, row.unit),
        _shown(finding.other, row.unit),
        "" if ratio is None else f"{ratio:.3f}",
        "" if row.goal is None else f"{row.goal:g}",
        "" if row.stretch is None else f"{row.stretch:g}",
        "" if finding.spread is None else f"{finding.spread:.0%}",
        finding.verdict,
    ).rstrip()


def summary(findings: Sequence[Finding]) -> str:
    """What the run comes to."""
    counts = Counter(finding.verdict.partition(":")[0] for finding in findings)
    parts = [f"{count} {verdict}" for verdict, count in counts.most_common()]
    return f"{len(findings)} rows: {', '.join(parts)}"


def _shown(value: float | None, unit: str) -> str:
    if value is None:
        return ""
    digits = 0 if value == int(value) or abs(value) >= 1000 else 1 if abs(value) >= 100 else 2
    if value and abs(value) < 0.1:
        digits = 4
    return f"{value:.{digits}f} {unit}".rstrip()
