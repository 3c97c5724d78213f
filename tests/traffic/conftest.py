"""Fixtures: the recordings, a server that repeats them, and a count of what was compared."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from . import kinds
from .recordings import Exchange, folder, load
from .replay import ReplayServer
from .tally import TALLY


@pytest.fixture(scope="session")
def recorded() -> tuple[Exchange, ...]:
    """Every recorded exchange."""
    return recorded_or_skipped()


def recorded_or_skipped() -> tuple[Exchange, ...]:
    """The recordings where they are; else a skip, or a failure where ``BEDROCK_TRAFFIC_REQUIRED`` is set."""
    source = folder()
    if source is not None:
        return load(source)
    reason = "the recorded traffic is not here: it belongs in ../shared/wire, or name it in BEDROCK_TRAFFIC"
    if os.environ.get("BEDROCK_TRAFFIC_REQUIRED", "").strip() not in ("", "0"):
        pytest.fail(f"{reason}; BEDROCK_TRAFFIC_REQUIRED is set")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def conversations(recorded: tuple[Exchange, ...]) -> tuple[Exchange, ...]:
    """The exchanges of Converse and ConverseStream."""
    return kinds.conversations(recorded)


@pytest.fixture(autouse=True)
def no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither proxies nor the AWS settings of whoever runs the tests."""
    for name in list(os.environ):
        if name.startswith("AWS_") or name.lower() in ("http_proxy", "https_proxy", "all_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))


@pytest.fixture
def server() -> Iterator[ReplayServer]:
    """A server that repeats what it is told to."""
    with ReplayServer() as running:
        yield running


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how much was compared, and with what outcome."""
    if TALLY.lines:
        terminalreporter.section("recorded traffic")
        for line in TALLY.report():
            terminalreporter.write_line(line)
