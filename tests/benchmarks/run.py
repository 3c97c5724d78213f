"""Measure ours beside the others, over loopback, and print how it compares with the goals.

    python tests/benchmarks/run.py --setup      make the environments of the other systems, once
    python tests/benchmarks/run.py              measure everything, in about 25 minutes
    python tests/benchmarks/run.py --only calls --only events

README.md beside this file says how to read the result. The exit status is 0 when every row was measured and
reached its goal.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import environments
import goals
import processes
import report
from goals import Measure
from processes import NotMeasured
from report import Finding


class Run:
    """What a run has measured so far."""

    def __init__(self, core: int | None, *, only_ours: bool, judged: bool) -> None:
        self._core = core
        self._only_ours = only_ours
        self._judged = judged
        self.versions: dict[str, dict[str, str]] = {}
        self.samples: dict[str, dict[str, dict[str, list[float]]]] = {}

    def measure(self, measure: Measure) -> list[Finding]:
        """Run a measure's systems round robin, each time in a fresh process, and judge its rows."""
        samples: dict[str, dict[str, list[float]]] = {}
        reasons: dict[str, str] = {}
        first = -1 if measure.does == "cold" else 0  # the first start writes the byte code
        with processes.endpoint(self._core) as origin:
            for number in range(first, measure.rounds):
                for system in measure.systems:
                    if system in reasons or (number > 0 and system in measure.once):
                        continue
                    try:
                        numbers = self._sample(measure, system, origin)
                    except NotMeasured as reason:
                        reasons[system] = str(reason)
                        samples.pop(system, None)
                        continue
                    if number >= 0:
                        kept = samples.setdefault(system, defaultdict(list))
                        for name, value in numbers.items():
                            kept[name].append(value)
        self.samples[measure.name] = {system: dict(numbers) for system, numbers in samples.items()}
        return [report.find(row, samples, reasons, judged=self._judged) for row in measure.rows]

    def _sample(self, measure: Measure, system: str, origin: str) -> dict[str, float]:
        is_ours = processes.SYSTEMS[system].environment == "ours"
        if self._only_ours and not is_ours:
            raise NotMeasured("left out by --ours")
        if measure.left_out and not is_ours:
            raise NotMeasured("left out by --quick")
        sample = processes.measure(measure.does, system, origin, measure.parameters)
        self.versions.setdefault(system, {}).update(sample.versions)
        return dict(sample.numbers)


def chosen(measures: Sequence[Measure], names: Sequence[str]) -> list[Measure]:
    """The measures whose name begins with one of these; all without any."""
    for name in names:
        if not any(measure.name.startswith(name) for measure in measures):
            known = ", ".join(measure.name for measure in measures)
            raise SystemExit(f"no measure is called {name!r}; there are: {known}")
    return [
        measure for measure in measures if not names or any(measure.name.startswith(name) for name in names)
    ]


def options(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--setup", action="store_true", help="make the other systems' environments, and end")
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="this measure alone")
    scale = parser.add_mutually_exclusive_group()
    scale.add_argument("--quick", action="store_true", help="smaller counts, at most three rounds")
    scale.add_argument("--tiny", action="store_true", help="does it run? the numbers mean nothing")
    parser.add_argument("--rounds", type=int, metavar="N", help="processes of each system for every measure")
    parser.add_argument("--ours", action="store_true", help="leave the other systems out: no ratios")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all numbers there")
    given = parser.parse_args(arguments)
    if given.rounds is not None and given.rounds < 1:
        parser.error("--rounds must be at least 1")
    return given


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; gives the exit status."""
    given = options(arguments)
    if given.setup:
        environments.setup()
        return 0
    scale = "quick" if given.quick else "tiny" if given.tiny else "full"
    measures = chosen(goals.read(scale), given.only)
    run = Run(processes.share_cores(), only_ours=given.ours, judged=not given.tiny)
    findings: list[Finding] = []
    began = time.monotonic()
    print(_machine(scale), flush=True)
    print(report.head(), flush=True)
    for measure in measures:
        if given.rounds:
            measure = goals.with_rounds(measure, given.rounds)
        for finding in run.measure(measure):
            print(report.line(finding), flush=True)
            findings.append(finding)
    print(f"\n{report.summary(findings)} ({time.monotonic() - began:.0f} s; {_load()})")
    for system, versions in run.versions.items():
        if versions:
            print(f"  {system}: {', '.join(f'{name} {number}' for name, number in versions.items())}")
    if given.json:
        given.json.write_text(json.dumps(_document(scale, run, findings), indent=1) + "\n")
    return int(any(finding.missed for finding in findings))


def _machine(scale: str) -> str:
    return (
        f"{scale} run, Python {platform.python_version()}, {platform.system()} {platform.machine()}; "
        f"ratios of medians, ours / other; lower is better\n"
        f"{_load()}; ours runs in {environments.interpreter('ours')}\n"
    )


def _load() -> str:
    """How busy the machine is; on a busy one the times of the clock say little."""
    cores = os.cpu_count() or 1
    if not hasattr(os, "getloadavg"):
        return f"{cores} cores"
    return f"{cores} cores, load average {os.getloadavg()[0]:.1f} (idle but for this run: at most 2)"


def _document(scale: str, run: Run, findings: Sequence[Finding]) -> dict[str, Any]:
    return {
        "scale": scale,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "versions": run.versions,
        "rows": [asdict(finding) for finding in findings],
        "samples": run.samples,
    }


if __name__ == "__main__":
    sys.exit(main())
