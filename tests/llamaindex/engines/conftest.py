"""Rigs for engines and agents, closed at the end of a test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from llama_index.core import Settings

from .rig import Rig


@pytest.fixture
async def make_rig() -> AsyncIterator[Callable[..., Rig]]:
    """Makes rigs that give these replies, and then what the stand-in says."""
    made: list[Rig] = []

    def make(*replies: Any, **given: Any) -> Rig:
        made.append(Rig(*replies, **given))
        # What is given a model asks for the global one, too, in some of LlamaIndex's classes.
        Settings.llm, Settings.embed_model = made[-1].llm, made[-1].embedding
        return made[-1]

    yield make
    Settings._llm = Settings._embed_model = None
    for one in made:
        await one.aclose()


@pytest.fixture
def rig(make_rig: Callable[..., Rig]) -> Rig:
    """A rig without a script."""
    return make_rig()
