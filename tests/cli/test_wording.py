"""What a failure says: in the command's own words, as JSON where that was asked for, never as a traceback."""

from __future__ import annotations

import json
import re
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from bedrock_unified import failures
from bedrock_unified.cli.console import shown_safely
from bedrock_unified.cli.wording import in_options
from bedrock_unified.errors import ConfigurationError
from bedrock_unified.local import Fault, LocalBedrock
from bedrock_unified.settings import ConnectionSettings

from .conftest import Run

NOVA = "amazon.nova-lite-v1:0"
_RULES: dict[str, Any] = tomllib.loads((files("bedrock_unified") / "hints.toml").read_text(encoding="utf-8"))
HINTS = [rule["hint"] for group in ("rules", "credentials") for rule in _RULES[group] if "hint" in rule]
HINTS += failures._HINTS.values()  # pyright: ignore[reportPrivateUsage]
#: Parameters without an option: keys of the AWS files in those hints, or nothing that the command sets.
WITHOUT = {"role_arn", "role_duration", "client"}


@pytest.mark.parametrize("hint", HINTS)
def test_no_hint_speaks_of_a_parameter_that_has_an_option(hint: str) -> None:
    words = set(re.findall(r"(?<![\w.-])[a-z_]+(?![\w.])", in_options(hint)))
    parameters = {name for name in ConnectionSettings.names() if "_" in name} | {"max_tokens"}
    assert not words & (parameters - WITHOUT)
    assert not re.search(r"\w=(?!\w*\})", in_options(hint)), "no keyword argument"


def test_nobody_to_sign_is_told_with_the_ways_of_the_command(
    run: Run, endpoint: LocalBedrock, monkeypatch: Any
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    said = run("chat", "Hello", "-m", NOVA, code=1).err
    assert "--profile" in said and "backend add" in said and "Pass api_key" not in said
    said = run("models", "list").err
    assert "Name a profile with --profile" in said and "Pass api_key" not in said


def test_a_failure_is_a_json_document_where_json_was_asked_for(run: Run, endpoint: LocalBedrock) -> None:
    wrong = run("chat", "Hello", "--json", code=2)
    assert wrong.json["error"]["type"] == "UsageError" and wrong.json["exit_code"] == 2
    assert wrong.json["error"]["hint"].startswith("name one with --model")
    assert run("chta", "--json", code=2).json["error"]["message"].startswith("No such command 'chta'")
    endpoint.inject(Fault.error("AccessDeniedException", "You don't have access to the model.", times=None))
    refused = run("chat", "Hello", "-m", NOVA, "--json", code=1)
    assert refused.json["error"]["type"] == "ModelAccessError"
    assert refused.json["error"]["code"] == "AccessDeniedException"
    assert refused.json["error"]["status"] == 403 and refused.json["error"]["model"] == NOVA
    assert "AccessDeniedException" in refused.err
    assert run("chat", "Hello", "-m", NOVA, code=1).out == ""
    assert run("chat", "-m", NOVA, "--", "--json", code=1).out == "", "a prompt is no option"


def test_what_had_arrived_of_an_answer_is_in_the_json_of_its_failure(
    run: Run, endpoint: LocalBedrock
) -> None:
    endpoint.inject(Fault.cut(after_events=3, times=None))
    error = run("chat", "Hello", "-m", NOVA, "--json", code=1).json["error"]
    assert error["type"] == "StreamInterrupted" and "ask again" in error["hint"]
    assert error["partial"]["output"]["message"]["content"][0]["text"]


@pytest.mark.parametrize("command", [("chat", "Hello"), ("models", "list"), ("doctor",), ("iam-policy",)])
@pytest.mark.parametrize("option", ["--region", "--profile", "--endpoint-url", "--backend", "--config"])
def test_an_option_without_a_value_is_told_by_its_name(
    run: Run, command: tuple[str, ...], option: str
) -> None:
    assert f"{option} is empty" in run(*command, option, " ", code=2).err


def test_what_an_option_cannot_be_is_told_by_its_name(run: Run, endpoint: LocalBedrock) -> None:
    assert "--region 'US East' is not a region" in run("chat", "x", "--region", "US East", code=2).err
    assert "has no scheme" in run("chat", "x", "--endpoint-url", "localhost:1", code=2).err
    assert run("chat", "x", "-m", "a b", code=2).err.startswith(
        "bedrock-unified: --model: the model id 'a b'"
    )
    assert "--max-tokens" in run("chat", "x", "-m", NOVA, "--max-tokens", "9999999999", code=2).err


@pytest.mark.parametrize(
    "command", [("chat", "x", "-m", NOVA), ("models", "list"), ("iam-policy", "-m", NOVA)]
)
def test_a_default_backend_that_has_gone_is_told_with_the_way_out(
    run: Run, endpoint: LocalBedrock, home: Path, command: tuple[str, ...]
) -> None:
    home.mkdir()
    told = {"bedrock-unified": 1, "settings": {"default-backend": "gone"}}
    (home / "bedrock-unified.json").write_text(json.dumps(told))
    said = run(*command, code=2).err
    assert "'gone' is not there" in said and "config unset default-backend" in said
    run("backend", "add", "here", "--url", endpoint.url, "--region", "us-east-1")
    run(*command, "--backend", "here")


def test_a_policy_is_for_the_region_that_calls_go_to(run: Run) -> None:
    run("backend", "add", "eu", "--url", "eu-west-1")
    run("backend", "add", "us", "--url", "us-west-2")
    for arguments, region in (((), "eu-west-1"), (("--backend", "us"), "us-west-2")):
        assert f"arn:aws:bedrock:{region}::" in run("iam-policy", "-m", NOVA, *arguments).out
    assert "arn:aws:bedrock:us-west-2::" in run("iam-policy", "-m", f"us/{NOVA}").out
    run("config", "set", "default-model", NOVA)
    assert "arn:aws:bedrock:us-west-2::" in run("iam-policy", "--backend", "us").out


def test_text_that_is_named_like_a_picture_is_not_sent_as_text(run: Run, tmp_path: Path) -> None:
    picture = tmp_path / "photo.png"
    picture.write_text("no picture")
    assert (
        "named like an image, and holds text" in run("chat", "x", "-m", NOVA, "-f", str(picture), code=2).err
    )
    assert "--file is empty" in run("chat", "x", "-m", NOVA, "-f", "", code=2).err
    assert "goes along by itself" in run("chat", "x", "-m", NOVA, "-f", "-", code=2).err


def test_a_dash_is_standard_input(run: Run, endpoint: LocalBedrock) -> None:
    run("chat", "-", "-m", NOVA, stdin=b"The ferry leaves at nine.")
    assert endpoint.requests[-1].body["messages"][0]["content"] == [{"text": "The ferry leaves at nine."}]


def test_changes_are_told_as_json_too(run: Run) -> None:
    assert run("config", "set", "default-max-tokens", "5", "--json").json == {"default-max-tokens": 5}
    assert run("config", "unset", "default-max-tokens", "--json").json == {"default-max-tokens": None}
    assert run("backend", "add", "eu", "--url", "eu-west-1", "--json").json["region"] == "eu-west-1"
    assert run("backend", "remove", "eu", "--json").json == {
        "name": "eu",
        "removed": True,
        "was_default": True,
    }


def test_a_terminal_is_not_steered_by_an_answer() -> None:
    said = shown_safely("a\x1b[2J\r\nb\x9bc\u202ed\te\n日本語 👩‍👩‍👧\r")
    assert said == "a�[2J\nb�c�d\te\n日本語 👩‍👩‍👧�"


def test_an_error_without_a_hint_is_told_as_it_is() -> None:
    from bedrock_unified.cli.wording import told

    assert told(ConfigurationError("what it is")) == "what it is"
    assert told(ConfigurationError("max_tokens is no place", hint="lower max_tokens")) == (
        "max_tokens is no place\nHint: lower --max-tokens"
    )
