"""Rigs for agents; each test runs in both colours where it asks for ``colour``."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from .rig import COLOURS, Colour, MakeRig, Rig


@pytest.fixture(params=COLOURS)
def colour(request: pytest.FixtureRequest) -> Colour:
    """Synchronous or asynchronous."""
    return request.param


@pytest.fixture
async def rig() -> AsyncIterator[MakeRig]:
    """Makes rigs, and closes them at the end."""
    made: list[Rig] = []

    def make(*replies: Any, **given: Any) -> Rig:
        made.append(Rig(*replies, **given))
        return made[-1]

    yield make
    for one in made:
        await one.aclose()
