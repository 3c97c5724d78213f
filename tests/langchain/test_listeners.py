"""Who listens to a model's runs goes on listening, whatever is bound on top."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.tracers.schemas import Run
from pydantic import BaseModel

from langchain_bedrock_unified import ChatBedrock

from .scripted import ScriptedBedrock


class Departure(BaseModel):
    """When a ship leaves."""

    harbour: str


def tide(harbour: str) -> str:
    """The tide at a harbour."""
    return harbour


ON_TOP: dict[str, Callable[[Any], Any]] = {
    "nothing": lambda model: model,
    "tools": lambda model: model.bind_tools([tide]),
    "a schema": lambda model: model.with_structured_output(Departure),
    "everything": lambda model: (
        model.bind_tools([tide])
        .bind(stop=["x"])
        .with_config(tags=["t"])
        .with_structured_output(Departure, include_raw=True)
    ),
}
BELOW: dict[str, Callable[[ChatBedrock], Any]] = {
    "the model": lambda model: model,
    "a binding": lambda model: model.bind(temperature=0.2),
}


@pytest.mark.parametrize("below", BELOW)
@pytest.mark.parametrize("on_top", ON_TOP)
async def test_listeners_stay(model: ChatBedrock, bedrock: ScriptedBedrock, below: str, on_top: str) -> None:
    heard: list[str] = []

    def ended(_: Run) -> None:
        heard.append("ended")

    async def aended(_: Run) -> None:
        heard.append("aended")

    bedrock.says('{"harbour": "Vell"}', '{"harbour": "Vell"}')
    runnable = ON_TOP[on_top](BELOW[below](model).with_listeners(on_end=ended))
    runnable.invoke("q")
    await ON_TOP[on_top](BELOW[below](model).with_alisteners(on_end=aended)).ainvoke("q")
    assert heard == ["ended", "aended"]
    for sent in bedrock.sent:
        assert ("inferenceConfig" in sent.body) is (below == "a binding" or on_top == "everything")
        assert ("toolConfig" in sent.body) is (on_top in ("tools", "everything"))
