"""An LLM that answers with objects."""

from __future__ import annotations

import json
from typing import Any

import pytest
from llama_index.core.llms import ChatMessage
from llama_index.core.program import FunctionCallingProgram, LLMTextCompletionProgram
from llama_index.core.prompts import PromptTemplate
from pydantic import BaseModel

from .base import Conformance, Make, Reply, Serve, calls, pieces, says

ASK = PromptTemplate("A song about {about}.")
QUESTION = [ChatMessage(role="user", content="A song about time.")]


class Song(BaseModel):
    """A song."""

    title: str
    verses: list[str]


GIVEN: dict[str, Any] = {"title": "Yesterday, once more", "verses": ["When I was young", "I'd listen"]}
SONG = Song(**GIVEN)


@pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecatedSince20")  # StructuredLLM's json()
class LLMStructured(Conformance):
    """Structured answers."""

    def structured_answer(self, kind: type[BaseModel], given: dict[str, Any]) -> Reply:
        """How the model answers the class under test; one that asks for JSON text has it otherwise."""
        written = pieces(json.dumps(given), 4)
        return says(calls(kind.__name__, given), pieces=[written])

    @pytest.mark.parametrize("way", ["structured_predict", "astructured_predict"])
    async def test_an_object_is_answered(self, serve: Serve, make: Make, way: str) -> None:
        endpoint = serve(self.structured_answer(Song, GIVEN))
        found = getattr(make(system_prompt="Be kind."), way)(Song, ASK, about="time")
        assert (await found if way.startswith("a") else found) == SONG
        assert endpoint.requests[0].body["system"][0] == {"text": "Be kind."}

    @pytest.mark.parametrize("way", ["stream_structured_predict", "astream_structured_predict"])
    async def test_a_streamed_object_fills(self, serve: Serve, make: Make, way: str) -> None:
        endpoint = serve(self.structured_answer(Song, GIVEN))
        found = getattr(make(system_prompt="Be kind."), way)(Song, ASK, about="time")
        objects = [item async for item in await found] if way.startswith("a") else list(found)
        _fills(objects)
        assert endpoint.requests[0].body["system"][0] == {"text": "Be kind."}

    @pytest.mark.parametrize("way", ["chat", "achat", "complete", "acomplete"])
    async def test_as_structured_llm(self, serve: Serve, make: Make, way: str) -> None:
        serve(self.structured_answer(Song, GIVEN))
        given: Any = "A song about time." if "complete" in way else QUESTION
        found = getattr(make().as_structured_llm(Song), way)(given)
        assert (await found if way.startswith("a") else found).raw == SONG

    @pytest.mark.parametrize("way", ["stream_chat", "astream_chat"])
    async def test_as_structured_llm_streams(self, serve: Serve, make: Make, way: str) -> None:
        serve(self.structured_answer(Song, GIVEN))
        found = getattr(make().as_structured_llm(Song), way)(QUESTION)
        items = [item async for item in await found] if way.startswith("a") else list(found)
        _fills([item.raw for item in items])

    def test_nothing_is_forced_of_a_model_that_thinks(self, serve: Serve, make: Make) -> None:
        """Bedrock refuses a forced tool next to thinking."""
        endpoint = serve(self.structured_answer(Song, GIVEN))
        thinking = {"type": "enabled", "budget_tokens": 1024}
        llm = make(thinking=thinking, max_tokens=4000, temperature=1.0)
        assert llm.structured_predict(Song, ASK, about="time") == SONG
        choice = endpoint.requests[0].body.get("toolConfig", {}).get("toolChoice", {"auto": {}})
        assert choice == {"auto": {}}

    def test_a_function_calling_program(self, serve: Serve, make: Make) -> None:
        serve(says(calls("Song", GIVEN)))
        program = FunctionCallingProgram.from_defaults(
            output_cls=Song, llm=make(), prompt_template_str="A song about {about}."
        )
        assert program(about="time") == SONG

    def test_a_text_program(self, serve: Serve, make: Make) -> None:
        serve(says(json.dumps(GIVEN)))
        program = LLMTextCompletionProgram.from_defaults(
            output_cls=Song, llm=make(), prompt_template_str="A song about {about}."
        )
        assert program(about="time") == SONG


def _fills(objects: list[Any]) -> None:
    titles = [item.title for item in objects if getattr(item, "title", None)]
    assert len(set(titles)) > 2
    assert titles == sorted(titles, key=len)
    assert objects[-1] == SONG
