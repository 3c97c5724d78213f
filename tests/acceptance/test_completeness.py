"""Every statement of Spice.ai and ReqLLM is checked by a test that bears its number, or listed as waiting."""

from __future__ import annotations

import ast
import os
import re
from pathlib import Path

import pytest

from ..traffic.recordings import REPOSITORY
from .waiting import LATER, PARTLY

HERE = Path(__file__).parent
STATEMENTS = REPOSITORY.parent / "shared" / "seeds" / "ACCEPTANCE.md"
#: How many statements each document makes, by the two letters of their numbers.
COUNTS = {"SP": 54, "RQ": 38}


def stated(text: str) -> set[str]:
    """The numbers of the statements in the document's tables."""
    return set(re.findall(r"^\| ((?:SP|RQ)-\d\d) \|", text, re.MULTILINE))


def checked_here() -> set[str]:
    """The numbers that the tests of this folder bear in their names."""
    found: set[str] = set()
    for path in HERE.glob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                named = re.match(r"test_(sp|rq)_(\d\d)_\w", node.name)
                if named is not None:
                    found.add(f"{named[1].upper()}-{named[2]}")
    return found


@pytest.fixture
def statements() -> set[str]:
    """The numbers in the document, where it is; it lies beside the repository, not in it."""
    if STATEMENTS.is_file():
        return stated(STATEMENTS.read_text(encoding="utf-8"))
    reason = "ACCEPTANCE.md is not here: it belongs in ../shared/seeds"
    if os.environ.get("BEDROCK_TRAFFIC_REQUIRED", "").strip() not in ("", "0"):
        pytest.fail(f"{reason}; BEDROCK_TRAFFIC_REQUIRED is set")
    pytest.skip(reason)


def test_every_statement_is_tested_or_waits_for_something(statements: set[str]) -> None:
    for letters, count in COUNTS.items():
        assert {one for one in statements if one.startswith(letters)} == {
            f"{letters}-{number:02}" for number in range(1, count + 1)
        }
    assert statements - checked_here() - LATER.keys() == set(), "neither tested nor listed"
    assert checked_here() - statements == set(), "tests of what nobody stated"


def test_what_waits_is_not_tested_and_what_waits_in_part_is() -> None:
    assert checked_here().isdisjoint(LATER)
    assert PARTLY.keys() <= checked_here()
    assert all(reason.strip() for reason in (*LATER.values(), *PARTLY.values()))


def test_a_statement_that_is_forgotten_is_noticed() -> None:
    table = (
        "| ID | Statement |\n| SP-24 | an id |\n| GM-01 | another's |\n text about RQ-99\n| RQ-07 | a call |"
    )
    assert stated(table) == {"SP-24", "RQ-07"}
    assert {"SP-24", "RQ-27"} <= checked_here() and "RQ-07" not in checked_here()
