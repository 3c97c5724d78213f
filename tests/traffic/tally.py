"""How many comparisons were made, and how many held."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field


@dataclass(slots=True)
class Tally:
    """Counts by kind of comparison and by who was compared: (agreeing, all)."""

    lines: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)

    def check(self, kind: str, who: str, ids: Iterable[str], mismatches: Iterable[str]) -> None:
        """Count, and fail with every mismatch; each begins with the id of its exchange.

        Raises:
            AssertionError: something differs, or nothing was compared.
        """
        compared, found = set(ids), list(mismatches)
        wrong = {line.split()[0] for line in found}
        self.lines[kind, who] = (len(compared - wrong), len(compared))
        assert compared, f"{kind}, {who}: nothing was compared"
        shown = "\n".join(found)
        assert not found, f"{kind}, {who}: {len(wrong)} of {len(compared)} exchanges differ\n{shown}"

    def report(self) -> Iterator[str]:
        """One line for each, and the sums."""
        sums: dict[str, tuple[int, int]] = {}
        for (kind, who), (agreeing, compared) in self.lines.items():
            before = sums.get(kind, (0, 0))
            sums[kind] = (before[0] + agreeing, before[1] + compared)
            yield f"{kind}, {who}: {agreeing:,} of {compared:,}"
        for kind, (agreeing, compared) in sums.items():
            yield f"{kind}, in all: {agreeing:,} of {compared:,} ({agreeing / (compared or 1):.1%})"


TALLY = Tally()
