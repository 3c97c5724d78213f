"""What every test of the command starts from: no settings, no AWS setup, and an endpoint on this machine."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keyring
import keyring.backend
import pytest

from bedrock_unified.cli import main
from bedrock_unified.local import LocalBedrock

KEYS = {
    "AWS_ACCESS_KEY_ID": LocalBedrock.ACCESS_KEY_ID,
    "AWS_SECRET_ACCESS_KEY": LocalBedrock.SECRET_ACCESS_KEY,
}


@dataclass(frozen=True)
class Done:
    """What a run of the command came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its output, which is one JSON document."""
        return json.loads(self.out)

    @property
    def lines(self) -> list[list[str]]:
        """The rows of a table that went into a pipe."""
        return [line.split("\t") for line in self.out.splitlines()]


Run = Callable[..., Done]


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The command's own folder, empty; nothing of this machine's settings is seen."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "BEDROCK_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    folder = tmp_path_factory.mktemp("home") / "settings"
    monkeypatch.setenv("BEDROCK_UNIFIED_HOME", str(folder))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(folder / "no-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(folder / "no-credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("NO_COLOR", "1")
    return folder


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the command here: ``run("chat", "Hello", stdin=b"…")``. Standard input is a pipe, and empty."""

    def call(*arguments: str, stdin: bytes = b"", code: int | None = 0) -> Done:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
        capsys.readouterr()
        got = main([*arguments])
        said = capsys.readouterr()
        assert code is None or got == code, said.err or said.out
        return Done(got, said.out, said.err)

    return call


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalBedrock]:
    """An endpoint to which the environment leads, with credentials that it knows."""
    with LocalBedrock() as running:
        lead_to(running, monkeypatch)
        yield running


def lead_to(running: LocalBedrock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the environment lead to this endpoint, in us-east-1 unless something else is said."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", running.url)
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)


def process(*arguments: str, env: Mapping[str, str] | None = None, **how: Any) -> subprocess.Popen[str]:
    """The command in a process of its own."""
    command = [sys.executable, "-m", "bedrock_unified.cli", *arguments]
    given = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **how}
    return subprocess.Popen(command, text=True, env={**os.environ, **(env or {})}, **given)


class Ring(keyring.backend.KeyringBackend):
    """A keyring in memory, which a test may lock."""

    priority = 1  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.held: dict[tuple[str, str], str] = {}
        self.failure: Exception | None = None

    def get_password(self, service: str, username: str) -> str | None:
        self._fail()
        return self.held.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._fail()
        self.held[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        self._fail()
        del self.held[service, username]

    def _fail(self) -> None:
        if self.failure is not None:
            raise self.failure


@pytest.fixture
def ring(monkeypatch: pytest.MonkeyPatch) -> Ring:
    """The system's keyring."""
    made = Ring()
    monkeypatch.setattr(keyring, "get_keyring", lambda: made)
    for name in ("get_password", "set_password", "delete_password"):
        monkeypatch.setattr(keyring, name, getattr(made, name))
    return made
