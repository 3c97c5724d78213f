"""The benchmarks run: every measure gives numbers for ours. How good the numbers are is not asserted here."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

FOLDER = Path(__file__).parent
GOALS: list[dict[str, Any]] = tomllib.loads((FOLDER / "goals.toml").read_text())["measure"]
OURS = [
    (measure["name"], system)
    for measure in GOALS
    for system in dict.fromkeys(row["ours"] for row in measure["row"])
]
COUNTED = {"new_connections", "unwanted"}  # of which none is the best there can be


def run(*options: str, venvs: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(FOLDER / "run.py"), *options],
        env={**os.environ, "BEDROCK_BENCH_VENVS": str(venvs)},
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:
    """What a run of ours with the smallest counts writes."""
    folder = tmp_path_factory.mktemp("benchmarks")
    done = run("--tiny", "--ours", "--json", str(folder / "numbers.json"), venvs=folder)
    assert not done.stderr
    return json.loads((folder / "numbers.json").read_text())


@pytest.mark.parametrize(("measure", "system"), OURS)
def test_every_measure_gives_numbers(document: Mapping[str, Any], measure: str, system: str) -> None:
    assert system in document["samples"][measure], document["rows"]
    for name, values in document["samples"][measure][system].items():
        assert values, name
        assert all(value >= 0 if name in COUNTED else value > 0 for value in values), (name, values)


def test_every_row_of_ours_has_its_number(document: Mapping[str, Any]) -> None:
    titles = [row["title"] for measure in GOALS for row in measure["row"]]
    assert [found["row"]["title"] for found in document["rows"]] == titles
    assert all(found["ours"] is not None for found in document["rows"])


def test_a_second_wave_opens_no_connection(document: Mapping[str, Any]) -> None:
    for system in ("core", "langchain", "llamaindex"):
        assert document["samples"]["fanout-200"][system]["new_connections"] == [0]


def test_a_missing_environment_is_said_with_its_remedy(tmp_path: Path) -> None:
    done = run("--tiny", "--only", "acalls", venvs=tmp_path)
    assert done.returncode == 1
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("async call, core")]
    remedy = f"not measured: aiobotocore: no environment {tmp_path / 'aiobc'}; make it with: "
    assert remedy + "python tests/benchmarks/run.py --setup" in line


def test_an_unknown_measure_is_refused(tmp_path: Path) -> None:
    done = run("--only", "everything", venvs=tmp_path)
    assert done.returncode == 1
    assert "no measure is called 'everything'; there are: fanout-200" in done.stderr


@pytest.fixture
def report(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The module ``report``, under a name that is its own for the time of a test only."""
    monkeypatch.syspath_prepend(str(FOLDER))
    others = {name: sys.modules.pop(name, None) for name in ("goals", "report")}
    yield importlib.import_module("report")
    for name, other in others.items():
        del sys.modules[name]
        if other is not None:
            sys.modules[name] = other


@pytest.mark.parametrize(
    ("ours", "verdict"),
    [((1.0, 9.0, 1.1), "stretch"), ((2.0,), "stretch"), ((3.0, 4.0), "goal"), ((4.1,), "MISSED")],
)
def test_the_verdict_is_on_the_ratio_of_medians(report: ModuleType, ours: tuple[float], verdict: str) -> None:
    row = report.Row("a row", "core", "cpu_us", "us", other="boto3", goal=0.4, stretch=0.2)
    found = report.find(row, {"core": {"cpu_us": ours}, "boto3": {"cpu_us": (8.0, 10.0, 90.0)}}, {})
    assert found.verdict == verdict
    assert found.missed is (verdict == "MISSED")


def test_what_was_not_measured_never_passes(report: ModuleType) -> None:
    row = report.Row("a row", "core", "cpu_us", "us", other="boto3", goal=0.4)
    found = report.find(row, {"core": {"cpu_us": (1.0,)}}, {"boto3": "it failed"})
    assert found.verdict == "not measured: boto3: it failed"
    assert found.missed
    assert report.line(found).endswith("not measured: boto3: it failed")
