"""Streams of structured output with ``include_raw``: what cannot be read is told, as without streaming."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from langchain_bedrock_unified import ChatBedrock
from langchain_bedrock_unified.errors import StructuredOutputError

from .scripted import Says, ScriptedBedrock


class Departure(BaseModel):
    """When a ship leaves."""

    harbour: str
    hour: int


@pytest.mark.parametrize("colour", ["sync", "async"])
@pytest.mark.parametrize(
    ("method", "answer"),
    [
        ("json_schema", [{"text": '{"harbour": "Vell"}'}]),
        ("json_schema", [{"text": "I do not know."}]),
        ("function_calling", [{"toolUse": {"toolUseId": "t", "name": "Departure", "input": '{"harb'}}]),
    ],
)
async def test_an_answer_that_cannot_be_read(
    model: ChatBedrock, bedrock: ScriptedBedrock, colour: str, method: str, answer: list[dict[str, object]]
) -> None:
    bedrock.says(Says(answer))
    asking: Any = model.with_structured_output(Departure, include_raw=True, method=method)
    streamed = (
        list(asking.stream("q")) if colour == "sync" else [piece async for piece in asking.astream("q")]
    )
    told = {name: value for piece in streamed for name, value in piece.items()}
    assert isinstance(told["parsing_error"], StructuredOutputError)
    assert told["parsed"] is None and told["raw"].content


async def test_an_answer_that_can_be_read(model: ChatBedrock, bedrock: ScriptedBedrock) -> None:
    bedrock.says('{"harbour": "Vell", "hour": 9}', '{"harbour": "Vell", "hour": 9}')
    asking: Any = model.with_structured_output(Departure, include_raw=True)
    joined = None
    for piece in asking.stream("q"):
        joined = piece if joined is None else joined + piece
    assert joined is not None and joined["parsed"] == Departure(harbour="Vell", hour=9)
    assert joined["parsing_error"] is None
    assert [name async for piece in asking.astream("q") for name in piece] == list(joined)


async def test_a_call_that_fails_still_raises(model: ChatBedrock, bedrock: ScriptedBedrock) -> None:
    bedrock.says(Says([{"text": '{"harbour": "V'}], cut_after=3))
    with pytest.raises(Exception, match="end") as caught:
        list(model.with_structured_output(Departure, include_raw=True).stream("q"))
    assert not isinstance(caught.value, StructuredOutputError)
