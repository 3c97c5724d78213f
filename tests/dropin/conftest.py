"""Every program is run once with each import, and the tests look at what came of it."""

from __future__ import annotations

import sys

import pytest

from .running import LANGCHAIN, Outcome, incumbent_python, run_all

_MISSING = (
    "langchain_aws and langchain are not installed here; `python tests/benchmarks/run.py --setup` makes an "
    "environment that has them"
)


@pytest.fixture(scope="session")
def ours() -> dict[str, Outcome]:
    """What the programs do with our import."""
    return run_all(sys.executable, LANGCHAIN, ours=True)


@pytest.fixture(scope="session")
def other_python() -> str:
    """An interpreter with langchain-aws."""
    python = incumbent_python(LANGCHAIN)
    if python is None:
        pytest.skip(_MISSING)
    return python


@pytest.fixture(scope="session")
def theirs(other_python: str) -> dict[str, Outcome]:
    """What the programs do with langchain-aws."""
    return run_all(other_python, LANGCHAIN, ours=False)
