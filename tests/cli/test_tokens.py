"""``bedrock-unified tokens count``."""

from __future__ import annotations

from pathlib import Path

import pytest

from bedrock_unified.local import Fault, LocalBedrock

from .running import Command
from .running import account as account
from .running import command as command
from .running import home as home
from .running import signed_in as signed_in

COUNTS = "anthropic.claude-sonnet-4-20250514-v1:0"
DOES_NOT = "amazon.nova-lite-v1:0"
TEXT = "How long is this, would you say?"


def test_bedrock_counts_where_it_does(command: Command, signed_in: LocalBedrock) -> None:
    done = command("tokens", "count", TEXT, "--model", COUNTS, "--json")
    told = done.json()
    assert (told["method"], told["why"], told["model"]) == ("CountTokens", None, COUNTS)
    assert told["input_tokens"] > 4
    plain = command("tokens", "count", TEXT, "--model", COUNTS)
    assert plain.rows() == [["input tokens", str(told["input_tokens"])]] and plain.err == ""


def test_a_profile_is_counted_as_its_model(command: Command, signed_in: LocalBedrock) -> None:
    assert command("tokens", "count", TEXT, "--model", f"us.{COUNTS}", "--exact").code == 0
    assert signed_in.requests[-1].model_id == COUNTS


def test_a_system_prompt_counts_too(command: Command, signed_in: LocalBedrock) -> None:
    def count(*more: str) -> int:
        done = command("tokens", "count", TEXT, "--model", COUNTS, "--json", *more)
        return done.json()["input_tokens"]

    assert count("--system", "Be brief, be kind, be quick.") > count()


def test_where_bedrock_does_not_count_an_estimate_says_that_it_is_one(
    command: Command, signed_in: LocalBedrock
) -> None:
    done = command("tokens", "count", TEXT, "--model", DOES_NOT)
    assert done.code == 0
    assert done.rows() == [["input tokens", "8 (estimated)"]]
    assert "an estimate" in done.err and "doesn't support counting tokens" in done.err
    told = command("tokens", "count", TEXT, "--model", DOES_NOT, "--json").json()
    assert told["method"] == "estimate" and "counting tokens" in told["why"] and told["input_tokens"] == 8


def test_an_estimate_counts_bytes_not_letters(command: Command) -> None:
    assert command("tokens", "count", "ÄÖÜß" * 4, "--estimate").rows() == [["input tokens", "8 (estimated)"]]


@pytest.mark.parametrize("code", ["AccessDeniedException", "ThrottlingException"])
def test_a_refused_count_is_estimated_or_with_exact_an_error(
    command: Command, signed_in: LocalBedrock, code: str
) -> None:
    signed_in.inject(Fault.error(code, "No.", times=None))
    options = ("tokens", "count", TEXT, "--model", COUNTS, "--json")
    assert command(*options).json()["method"] == "estimate"
    assert command(*options, "--exact").code == 1


def test_an_estimate_asks_nobody(command: Command, signed_in: LocalBedrock, home: Path) -> None:
    (home / "long.txt").write_text("four" * 1000)
    done = command("tokens", "count", "--file", "long.txt", "--estimate")
    assert done.rows() == [["input tokens", "1000 (estimated)"]]
    assert signed_in.requests == []


def test_the_text_may_be_piped(command: Command) -> None:
    assert command("tokens", "count", "--estimate", stdin="12345678").rows()[0][1] == "2 (estimated)"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("a", "--estimate", "--exact"), "contradict"),
        (("a", "--file", "b.txt", "--estimate"), "twice"),
        (("--file", "missing.txt", "--estimate"), "missing.txt cannot be read"),
        (("a",), "no model is named"),
    ],
)
def test_wrong_use_is_told(command: Command, arguments: tuple[str, ...], told: str) -> None:
    done = command("tokens", "count", *arguments)
    assert done.code == 2 and told in done.err
