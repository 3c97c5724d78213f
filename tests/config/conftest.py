"""What the tests of configurations start from: a folder of their own, and no settings of this machine."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from ..traffic.conftest import no_settings_of_this_machine as no_settings_of_this_machine

Write = Callable[..., Path]


@pytest.fixture(autouse=True)
def own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty current folder, with an empty home of the command beside it."""
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("BEDROCK_UNIFIED_HOME", str(tmp_path / "home"))
    families = ("BEDROCK_", "ONELLM_", "SPICE_", "CONFIGURED_")
    kept = ("BEDROCK_UNIFIED_HOME", "BEDROCK_TRAFFIC", "BEDROCK_TRAFFIC_REQUIRED")
    for name in list(os.environ):
        if name.startswith(families) and name not in kept:
            monkeypatch.delenv(name)
    return folder


@pytest.fixture
def write(own_folder: Path) -> Write:
    """Writes a file of the current folder: ``write("spicepod.yaml", text)``."""

    def write(name: str, text: str | bytes) -> Path:
        path = own_folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    return write
