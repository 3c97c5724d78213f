"""The command, run in this process as a user with an empty home folder."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from bedrock_unified.cli import main
from bedrock_unified.local import LocalBedrock

SECRETS = (
    LocalBedrock.SECRET_ACCESS_KEY,
    LocalBedrock.API_KEY,
    LocalBedrock.SESSION_TOKEN,
    LocalBedrock.ACCESS_KEY_ID,
)


class Done(NamedTuple):
    """What a run of the command came to."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """Standard output as one JSON document."""
        return json.loads(self.out)

    def rows(self) -> list[list[str]]:
        """Standard output as lines of tab-separated fields."""
        return [line.split("\t") for line in self.out.splitlines()]


class Piped(io.TextIOWrapper):
    """Standard input that is no terminal."""

    def __init__(self, given: str | bytes) -> None:
        super().__init__(io.BytesIO(given.encode() if isinstance(given, str) else given), encoding="utf-8")


Command = Callable[..., Done]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home folder, and none of this machine's settings."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "BEDROCK_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    folder = tmp_path / "home"
    folder.mkdir()
    settings = {
        "HOME": folder,
        "XDG_CONFIG_HOME": folder / ".config",
        "BEDROCK_UNIFIED_HOME": folder / "state",
        "AWS_CONFIG_FILE": folder / "config",
        "AWS_SHARED_CREDENTIALS_FILE": folder / "credentials",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, str(value))
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def command(home: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs the command: ``command("doctor", "--json", stdin="…")``. No secret may appear in what it says."""

    def run(*arguments: str, stdin: str | bytes = "") -> Done:
        monkeypatch.setattr("sys.stdin", Piped(stdin))
        capfd.readouterr()
        code = main(list(arguments))
        done = Done(code, *capfd.readouterr())
        for secret in SECRETS:
            assert secret not in done.out + done.err
        return done

    return run


@pytest.fixture
def account() -> Iterator[LocalBedrock]:
    """A local endpoint; nothing points to it yet."""
    with LocalBedrock(application_profiles={"appone": "amazon.nova-lite-v1:0"}) as endpoint:
        yield endpoint


@pytest.fixture
def signed_in(account: LocalBedrock, home: Path, monkeypatch: pytest.MonkeyPatch) -> LocalBedrock:
    """The endpoint, with the environment of somebody who may use it."""
    for name, value in account.environment().items():
        monkeypatch.setenv(name, value)
    return account
