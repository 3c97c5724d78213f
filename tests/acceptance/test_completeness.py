"""Every statement of the five documents is checked by a test that bears its number, or listed as waiting."""

from __future__ import annotations

import os
import re

import pytest

from ..traffic.recordings import REPOSITORY
from .promises import COUNTS, README, checks, numbers, written
from .waiting import LATER, PARTLY

STATEMENTS = REPOSITORY.parent / "shared" / "seeds" / "ACCEPTANCE.md"


def stated(text: str) -> set[str]:
    """The numbers of the statements in the document's tables."""
    return set(re.findall(r"^\| ((?:SP|RQ|GM|CX|OL)-\d\d) \|", text, re.MULTILINE))


def known() -> set[str]:
    """The numbers that there are."""
    return {number for letters in COUNTS for number in numbers(letters)}


def checked() -> set[str]:
    """The numbers that the tests of this folder bear in their names."""
    return {check.number for check in checks()}


def test_the_document_states_what_is_counted_here() -> None:
    if not STATEMENTS.is_file():
        reason = "ACCEPTANCE.md is not here: it belongs in ../shared/seeds"
        if os.environ.get("BEDROCK_TRAFFIC_REQUIRED", "").strip() not in ("", "0"):
            pytest.fail(f"{reason}; BEDROCK_TRAFFIC_REQUIRED is set")
        pytest.skip(reason)
    assert stated(STATEMENTS.read_text(encoding="utf-8")) == known()


def test_every_statement_is_tested_or_waits_for_something() -> None:
    assert known() - checked() - LATER.keys() == set(), "neither tested nor listed"
    assert checked() - known() == set(), "tests of what nobody stated"


def test_what_waits_is_not_tested_and_what_waits_in_part_is() -> None:
    assert checked().isdisjoint(LATER)
    assert PARTLY.keys() <= checked()
    assert all(reason.strip() for reason in (*LATER.values(), *PARTLY.values()))


def test_the_readme_tells_where_each_promise_is_checked() -> None:
    readme = README.read_text(encoding="utf-8")
    assert written(readme) == readme, "run: python tests/acceptance/promises.py --write"


def test_a_statement_that_is_forgotten_is_noticed() -> None:
    table = (
        "| ID | Statement |\n| SP-24 | an id |\n| GM-01 | another's |\n text about RQ-99\n| RQ-07 | a call |"
    )
    assert stated(table) == {"SP-24", "GM-01", "RQ-07"}
    assert {"SP-24", "RQ-27"} <= checked() and "GM-12" not in checked()
