"""A watch over the whole suite: a test in which a secret comes out fails, and says where.

``tests/conftest.py`` loads it, in every worker. What is watched is said in :mod:`.ways`, what is looked for
in :mod:`.known`.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable
from typing import Any

import pytest

from .known import all_needles
from .scanner import Leak, Scanner
from .ways import Ways

#: Where a secret is shown on purpose.
ON_PURPOSE = (
    # `bedrock-unified local` says how to reach it; its keys are AWS's documentation's and open nothing else.
    re.compile(r"^export AWS_[A-Z_]+=\S+$", re.M),
    re.compile(r'^\{"url": "http://127\.0\.0\.1:\d+", "environment": \{.*\}\}$', re.M),
    # `backend add --plain-text` asks for the key in the file.
    re.compile(r'^ *"api_key": ".*",?$', re.M),
)
_watching: list[Ways] = []


def pytest_configure(config: pytest.Config) -> None:
    """Begin to watch; a pytest within this one is watched by it."""
    if _watching:
        return
    begun = Ways(Scanner(all_needles(), ON_PURPOSE))
    _watching.append(begun)
    begun.watch()
    config.add_cleanup(lambda: _end(begun))


def ways() -> Ways:
    """What is watched in this session."""
    return _watching[-1]


def scanner() -> Scanner:
    """The scanner of this session."""
    return ways().scanner


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    """Fail the part of a test in which a secret came out."""
    report: pytest.TestReport = yield
    ways().look_back()
    for name, text in report.sections:
        # Records were searched when they were made; and a section comes again with each later part.
        if not name.startswith("Captured log") and name.endswith(report.when):
            scanner().search(name, text)
    if leaks := scanner().take():
        report.sections = [(name, scanner().masked(text)) for name, text in report.sections]
        if report.outcome == "failed":
            report.sections.append(("secrets came out", told(leaks)))
        else:
            report.outcome = "failed"
            report.longrepr = told(leaks)
    return report


def told(leaks: Iterable[Leak]) -> str:
    """The leaks, one a line."""
    return "\n".join(f"a secret came out: {leak}" for leak in leaks)


def _end(begun: Ways) -> None:
    begun.release()
    _watching.remove(begun)
