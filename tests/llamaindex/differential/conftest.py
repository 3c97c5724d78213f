"""Every program is run once with each import, and the tests look at what came of it."""

from __future__ import annotations

import sys

import pytest

from ...dropin.running import Outcome, incumbent_python, run_all
from .suite import LLAMAINDEX

_MISSING = (
    "LlamaIndex's Bedrock packages are not installed here; `python tests/benchmarks/run.py --setup` makes an "
    "environment that has them"
)


@pytest.fixture(scope="session")
def ours() -> dict[str, Outcome]:
    """What the programs do with our import."""
    return run_all(sys.executable, LLAMAINDEX, ours=True)


@pytest.fixture(scope="session")
def other_python() -> str:
    """An interpreter with LlamaIndex's packages."""
    python = incumbent_python(LLAMAINDEX)
    if python is None:
        pytest.skip(_MISSING)
    return python


@pytest.fixture(scope="session")
def theirs(other_python: str) -> dict[str, Outcome]:
    """What the programs do with LlamaIndex's packages."""
    return run_all(other_python, LLAMAINDEX, ours=False)
