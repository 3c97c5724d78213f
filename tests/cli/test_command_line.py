"""The command as a whole: its help, its exit codes, its completion, and how quickly it is there."""

from __future__ import annotations

import errno
import io
import json
import os
import signal
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from bedrock_unified._version import __version__
from bedrock_unified.chat.conversation import CapabilityWarning
from bedrock_unified.cli import main
from bedrock_unified.cli.app import COMMANDS
from bedrock_unified.cli.completion import backend_names, model_names, setting_names
from bedrock_unified.cli.console import say_warnings

from .conftest import Run, process

#: pydantic is not among them: typer itself brings it.
HEAVY = ("aiohttp", "asyncio", "boto3", "botocore", "prompt_toolkit", "rich.markdown", "urllib3")
README = Path(__file__).parents[2] / "README.md"


def test_the_version(run: Run) -> None:
    assert run("--version").out == f"bedrock-unified {__version__}\n"


@pytest.mark.parametrize("name", [entry.name for entry in COMMANDS])
def test_every_command_has_help_that_says_what_it_does(run: Run, name: str) -> None:
    for flag in ("--help", "-h"):
        told = run(name, flag).out
        assert f"bedrock-unified {name}" in told
    assert len(told) > 200


def test_the_help_lists_the_commands_and_what_exit_codes_mean(run: Run) -> None:
    told = " ".join(run("--help").out.split())
    for entry in COMMANDS:
        assert entry.name in told
    for code in ("0 done", "1 a call failed", "2 wrong use", "3 doctor", "130 Ctrl-C", "141"):
        assert code in told
    readme = README.read_text(encoding="utf-8")
    assert all(f"| {code} |" in readme for code in (0, 1, 2, 3, 130, 141))


def test_no_command_at_all_shows_the_help_and_is_wrong_use(run: Run) -> None:
    done = run(code=2)
    assert "Usage: bedrock-unified" in done.out + done.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["chatt"], "Did you mean 'chat'?"),
        (["chat", "--modle", "x"], "--model"),
        (["backend", "lst"], "Did you mean 'list'?"),
        (["chat", "--max-tokens", "many"], "--max-tokens"),
        (["models", "show"], "Missing argument"),
    ],
)
def test_a_slip_is_told_in_a_sentence_with_the_way_to_the_help(
    run: Run, arguments: list[str], said: str
) -> None:
    refused = run(*arguments, code=2)
    assert refused.err.startswith("bedrock-unified: ")
    assert said in refused.err and "--help" in refused.err
    assert refused.err.count("\n") == 2


def test_a_package_that_is_missing_is_told_with_the_way_to_install_it() -> None:
    code = "import sys; sys.modules['typer'] = None\nfrom bedrock_unified.cli import main\nsys.exit(main([]))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "pip install 'bedrock-unified[cli]'" in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pipes with readers that leave")
@pytest.mark.parametrize("arguments", [["models", "list", "--curated"], ["config", "list"], ["--help"]])
def test_a_reader_that_leaves_is_no_error_to_tell(arguments: list[str]) -> None:
    running = process(*arguments)
    assert running.stdout is not None and running.stderr is not None
    running.stdout.close()
    said = running.stderr.read()
    assert "Traceback" not in said and "Exception" not in said and "Broken" not in said
    assert running.wait(timeout=30) == 141
    running.stderr.close()


@pytest.mark.skipif(sys.platform == "win32", reason="a shell closes what is not wanted")
@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-"])
def test_an_output_that_is_closed_is_no_failure(closed: str) -> None:
    line = f'"{sys.executable}" -m bedrock_unified.cli models list --curated {closed}'
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


class Full(io.StringIO):
    """An output on a disk without room."""

    def write(self, text: str) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_an_output_without_room_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdout", Full())
    assert main(["models", "list", "--curated"]) == 1
    assert "the output cannot be written: No space left on device" in capsys.readouterr().err


def test_ctrl_c_ends_the_local_endpoint_as_it_should(monkeypatch: pytest.MonkeyPatch) -> None:
    running = process("local", "--port", "0")
    assert running.stdout is not None
    assert "on http://127.0.0.1:" in running.stdout.readline()
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=30)
    assert (running.returncode, said) == (0, "")


def test_ctrl_c_at_a_question_stops_with_130(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr("bedrock_unified.cli.backend._read_key", interrupted)
    run("backend", "add", "eu", "--url", "eu-west-1", "--api-key", "-", code=130)


# Completion


def completed(home: Path, *words: str) -> list[str]:
    """What a shell is offered behind these words."""
    env = {
        **os.environ,
        "_BEDROCK_UNIFIED_COMPLETE": "complete_bash",
        "COMP_WORDS": " ".join(("bedrock-unified", *words)),
        "COMP_CWORD": str(len(words)),
    }
    command = [sys.executable, "-m", "bedrock_unified.cli"]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=60).stdout.split()


def test_the_shell_completes_commands_backends_models_and_settings(run: Run, home: Path) -> None:
    run("backend", "add", "production", "--url", "eu-west-1")
    assert "models" in completed(home, "mo")
    assert completed(home, "chat", "--backend", "pro") == ["production"]
    assert completed(home, "backend", "remove", "pr") == ["production"]
    assert "claude-3-haiku" in completed(home, "chat", "--model", "claude-3-h")
    assert "default-model" in completed(home, "config", "set", "default-mo")
    assert {"production", "amazon.nova-pro-v1:0"} <= set(model_names(""))
    assert setting_names("default-s") == ["default-system"]


def test_completion_says_nothing_where_the_settings_are_broken(home: Path) -> None:
    home.mkdir()
    (home / "bedrock-unified.json").write_text("{")
    assert backend_names("") == []
    assert "claude-3-haiku" in model_names("claude")


# Its start


@pytest.mark.parametrize(
    "arguments",
    [["--version"], ["config", "list"], ["backend", "list"], ["backend", "add", "eu", "--url", "eu-west-1"]],
)
def test_starting_loads_nothing_heavy(arguments: list[str]) -> None:
    code = (
        "import sys, json, io, contextlib\n"
        "from bedrock_unified.cli import main\n"
        "with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):\n"
        f"    assert main({arguments!r}) == 0\n"
        "print(json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert set(json.loads(done.stdout)) & set(HEAVY) == set()


def test_what_was_left_out_of_a_call_is_told_in_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    with say_warnings():
        warnings.showwarning(CapabilityWarning("acme.talker refused tools"), CapabilityWarning, "x.py", 1)
    assert capsys.readouterr().err == "note: acme.talker refused tools\n"
    assert warnings.showwarning.__module__ != say_warnings.__module__
