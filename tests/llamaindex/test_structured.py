"""Structured answers: asked for in the model's best way, and nothing else is taken for an answer."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from llama_index.core.llms import ChatMessage
from llama_index.core.prompts import PromptTemplate
from llama_index.core.types import PydanticProgramMode
from pydantic import AliasChoices, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from bedrock_unified import InvalidRequestError
from bedrock_unified import errors as core
from bedrock_unified.chat.conversation import CapabilityWarning
from llamaindex_bedrock_unified import BedrockConverse
from llamaindex_bedrock_unified.schema_program import SchemaProgram, StructuredOutputError

from .scripted import Answer, RawInput, ScriptedBedrock, Sent, calls, says

Make = Callable[..., BedrockConverse]
# LlamaIndex's StructuredLLM writes its objects with pydantic's old json().
pytestmark = pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecatedSince20")
LLAMA = "us.meta.llama3-1-70b-instruct-v1:0"
ARN = "arn:aws:bedrock:us-east-1:123456789012:imported-model/"
PROMPT = PromptTemplate("A song about {about}.")


class Song(BaseModel):
    """A song."""

    title: str
    year: int = Field(ge=1900)


GIVEN = {"title": "Yesterday, once more", "year": 1973}
SONG = says(calls("Song", GIVEN))
WRITTEN = says(json.dumps(GIVEN))
ABOUT: dict[str, Any] = {"output_cls": Song, "prompt": PROMPT, "about": "time"}
WAYS = ["native", "strict", "tool", "text"]


def answers(way: str) -> Answer:
    """The song as a model of this way gives it."""
    return SONG if way in ("strict", "tool") else WRITTEN


async def every_way(llm: BedrockConverse, **kwargs: Any) -> list[Song]:
    """The object by each method, streams by their last item."""
    given = {**ABOUT, **kwargs}
    found = [
        llm.structured_predict(**given),
        await llm.astructured_predict(**given),
        list(llm.stream_structured_predict(**given))[-1],
        [item async for item in await llm.astream_structured_predict(**given)][-1],
    ]
    question = [ChatMessage(role="user", content="A song about time.")]
    structured = llm.as_structured_llm(Song)
    found.append(list(structured.stream_chat(question))[-1].raw)  # type: ignore[arg-type]
    return found  # type: ignore[return-value]


@pytest.mark.parametrize("way", WAYS)
async def test_ol_31_every_way_asks_alike_and_keeps_the_system_prompt(
    make_llm: Make, bedrock: ScriptedBedrock, way: str
) -> None:
    bedrock.script = [answers(way)]
    llm = make_llm(system_prompt="Be musical.", capabilities={"structured_output": way})
    assert await every_way(llm) == [Song(**GIVEN)] * 5
    asked = [
        {name: body.get(name) for name in ("toolConfig", "outputConfig", "system")} for body in bedrock.bodies
    ]
    assert len(bedrock.bodies) == 5
    assert all(one == asked[0] for one in asked)
    system, tools, output = asked[0]["system"], asked[0]["toolConfig"], asked[0]["outputConfig"]
    assert system[0] == {"text": "Be musical."}
    assert (tools is not None, output is not None, len(system)) == {
        "native": (False, True, 1),
        "strict": (True, False, 1),
        "tool": (True, False, 1),
        "text": (False, False, 2),
    }[way]
    if tools:
        assert tools["toolChoice"] == {"any": {}}
        assert tools["tools"][0]["toolSpec"].get("strict") is (way == "strict" or None)
    await llm.bedrock.aclose()


def test_the_program_mode_is_honoured(make_llm: Make, bedrock: ScriptedBedrock) -> None:
    native = {"capabilities": {"structured_output": "native"}}
    bedrock.script = [SONG]
    llm = make_llm(**native, pydantic_program_mode=PydanticProgramMode.FUNCTION)
    assert llm.structured_predict(**ABOUT) == Song(**GIVEN)
    assert "toolConfig" in bedrock.bodies[-1]
    bedrock.script = [WRITTEN]
    llm = make_llm(**native, pydantic_program_mode=PydanticProgramMode.LLM)
    assert llm.structured_predict(**ABOUT) == Song(**GIVEN)
    assert bedrock.bodies[-1].keys().isdisjoint({"toolConfig", "outputConfig"})
    assert "JSON schema" in str(bedrock.bodies[-1]["system"])


class Street(BaseModel):
    """A street."""

    street_name: str = Field(alias="streetName")
    number: int


class Person(BaseModel):
    """A person, by the names that JavaScript has."""

    model_config = ConfigDict(alias_generator=to_camel)

    first_name: str
    home: Street | None = None
    visited: list[Street] = Field(validation_alias=AliasChoices("wasIn", "was_in"))
    last_seen: int


@pytest.mark.parametrize("way", WAYS)
def test_objects_of_a_class_with_aliases_fill_by_the_names_of_its_fields(
    make_llm: Make, bedrock: ScriptedBedrock, way: str
) -> None:
    street = {"streetName": "Baker Street", "number": 221}
    given = {"firstName": "Sherlock", "home": street, "wasIn": [street, street], "lastSeen": 1914}
    bedrock.script = [says(calls("Person", given) if way in ("strict", "tool") else json.dumps(given))]
    llm = make_llm(capabilities={"structured_output": way})
    *partial, whole = llm.stream_structured_predict(Person, PROMPT, about="time")
    assert whole == Person.model_validate(given)
    shown = [each for each in partial if not isinstance(each, Person)]
    assert {"Sherl", "Sherlock"} & {each.first_name for each in shown}  # type: ignore[attr-defined]
    last: Any = shown[-1]
    assert last.first_name == "Sherlock"
    assert last.home == {"street_name": "Baker Street", "number": 221}
    assert last.visited[0] == last.home
    assert not hasattr(last, "firstName")


@pytest.mark.parametrize("around", ["{}", "```json\n{}\n```", "Here it is: {}", "{}\nAnything else?"])
@pytest.mark.parametrize("kwargs", [{}, {"tool_required": False}, {"tool_choice": "none"}])
async def test_json_in_text_is_found_in_what_the_model_writes_around_it(
    make_llm: Make, bedrock: ScriptedBedrock, around: str, kwargs: dict[str, Any]
) -> None:
    bedrock.script = [says(around.replace("{}", json.dumps(GIVEN)))]
    llm = make_llm(pydantic_program_mode=PydanticProgramMode.LLM)
    for answer in await every_way(llm, llm_kwargs=kwargs):
        assert answer == Song(**GIVEN)
    assert all(body.keys().isdisjoint({"toolConfig", "outputConfig"}) for body in bedrock.bodies)
    assert all("JSON schema" in str(body["system"]) for body in bedrock.bodies)


@pytest.mark.parametrize("mode", [PydanticProgramMode.FUNCTION, PydanticProgramMode.DEFAULT])
def test_the_way_out_is_one_that_llamaindex_has(make_llm: Make, mode: PydanticProgramMode) -> None:
    llm = make_llm(capabilities={"structured_output": "text"}, pydantic_program_mode=mode)
    with pytest.raises(StructuredOutputError) as caught:
        llm.structured_predict(**ABOUT)
    assert "pydantic_program_mode 'default'" in caught.value.hint
    assert "method" not in caught.value.hint


def test_native_output_stands_beside_an_effort(make_llm: Make, bedrock: ScriptedBedrock) -> None:
    bedrock.script = [WRITTEN]
    effort = {"outputConfig": {"effort": "low"}}
    llm = make_llm(capabilities={"structured_output": "native"}, additional_kwargs=effort)
    llm.structured_predict(**ABOUT)
    assert bedrock.bodies[-1]["outputConfig"].keys() == {"effort", "textFormat"}
    llm = make_llm(capabilities={"structured_output": "native"})
    llm.structured_predict(**ABOUT, llm_kwargs={**effort, "system": [{"text": "Be kind."}]})
    assert bedrock.bodies[-1]["outputConfig"].keys() == {"effort", "textFormat"}
    assert bedrock.bodies[-1]["system"] == [{"text": "Be kind."}]


class Lengths(BaseModel):
    """Lengths by name."""

    lengths: dict[str, int]


def test_a_class_that_bedrock_cannot_hold_is_a_plain_tool(make_llm: Make, bedrock: ScriptedBedrock) -> None:
    bedrock.script = [says(calls("Lengths", {"lengths": {"a": 1}}))]
    llm = make_llm(capabilities={"structured_output": "native"})
    assert llm.structured_predict(Lengths, PROMPT, about="time") == Lengths(lengths={"a": 1})
    assert "strict" not in bedrock.bodies[-1]["toolConfig"]["tools"][0]["toolSpec"]


@pytest.mark.parametrize(
    ("way", "answer", "reason"),
    [
        ("tool", says("I like Yesterday."), "no tool call"),
        ("tool", says(calls("Song", {}), stop="max_tokens"), "unfinished"),
        ("tool", says(calls("Song", {"title": "Yesterday"})), "year: Field required"),
        ("tool", says(calls("Song", RawInput('{"title": "Ye')), stop="malformed_tool_use"), "could not read"),
        ("native", says('{"title": "Ye', stop="max_tokens"), "unfinished"),
        ("native", says("I will not.", stop="content_filtered"), "content filter"),
        ("native", says("Blocked.", stop="guardrail_intervened"), "guardrail"),
        ("native", says('{"title": "Yesterday", "year": 1}'), "year: .*greater than"),
        ("text", says("I like Yesterday."), "no whole JSON object"),
    ],
)
async def test_an_answer_that_is_no_object_is_an_error_in_every_way(
    make_llm: Make, bedrock: ScriptedBedrock, way: str, answer: Answer, reason: str
) -> None:
    bedrock.script = [answer]
    llm = make_llm(capabilities={"structured_output": way})
    errors = []
    with pytest.raises(StructuredOutputError, match=reason) as caught:
        llm.structured_predict(**ABOUT)
    errors.append(caught.value)
    with pytest.raises(core.StructuredOutputError, match=reason) as caught:
        await llm.astructured_predict(**ABOUT)
    errors.append(caught.value)
    with pytest.raises(ValueError, match=reason) as caught:
        list(llm.stream_structured_predict(**ABOUT))
    errors.append(caught.value)
    stream = await llm.astream_structured_predict(**ABOUT)
    with pytest.raises(ValueError, match=reason) as caught:
        [item async for item in stream]
    errors.append(caught.value)
    for error in errors:
        assert error.hint
        assert error.partial["stopReason"] == answer.stop
        assert error.partial["output"]["message"]["content"]
    assert str(pickle.loads(pickle.dumps(errors[0]))) == str(errors[0])
    await llm.bedrock.aclose()


async def test_another_choice_of_the_callers_is_sent_and_its_keywords_are_not_changed(
    make_llm: Make, bedrock: ScriptedBedrock
) -> None:
    bedrock.script = [SONG]
    llm = make_llm(capabilities={"structured_output": "native"})
    given = {"tool_choice": "auto", "temperature": 0.5}
    llm.structured_predict(**ABOUT, llm_kwargs=given)
    list(llm.stream_structured_predict(**ABOUT, llm_kwargs=given))
    assert given == {"tool_choice": "auto", "temperature": 0.5}
    for body in bedrock.bodies:
        assert body["toolConfig"]["toolChoice"] == {"auto": {}}
        assert body["inferenceConfig"] == {"temperature": 0.5}
    llm.structured_predict(**ABOUT, llm_kwargs={"tool_required": False})
    assert "toolChoice" not in bedrock.bodies[-1]["toolConfig"]
    bedrock.script = [WRITTEN]
    llm.structured_predict(**ABOUT, llm_kwargs={"tool_choice": "none"})
    assert "toolConfig" not in bedrock.bodies[-1]


@pytest.mark.parametrize("way", WAYS)
async def test_a_model_without_tools_answers_in_text(
    make_llm: Make, bedrock: ScriptedBedrock, way: str
) -> None:
    bedrock.script = [WRITTEN]
    known = {"structured_output": way}
    llm = make_llm(is_function_calling_model=False, system_prompt="Be musical.", capabilities=known)
    assert await every_way(llm) == [Song(**GIVEN)] * 5
    assert all("toolConfig" not in body for body in bedrock.bodies)
    assert all(body["system"][0] == {"text": "Be musical."} for body in bedrock.bodies)
    await llm.bedrock.aclose()


class Caller(BaseModel):
    """Has a field that no model can write."""

    run: Callable[[], None]


def test_a_class_without_a_json_schema_is_refused(llm: BedrockConverse) -> None:
    with pytest.raises(InvalidRequestError, match="Caller has a field without a JSON schema"):
        llm.structured_predict(Caller, PROMPT, about="time")


THINKS = {"thinking": {"type": "enabled", "budget_tokens": 1024}}
ROOM = {"max_tokens": 4000}


@pytest.mark.parametrize(
    ("model", "call"),
    [
        ({"additional_model_request_fields": THINKS}, {}),
        ({"additional_kwargs": {"additionalModelRequestFields": THINKS}}, {}),
        ({"additional_kwargs": {"reasoning": "low"}}, {}),
        ({"reasoning": 1024}, {}),
        ({}, THINKS),
        ({}, {"reasoning_effort": "low"}),
        ({}, {"additionalModelRequestFields": THINKS}),
    ],
)
def test_thinking_is_heeded_wherever_it_is_said(
    make_llm: Make, bedrock: ScriptedBedrock, model: dict[str, Any], call: dict[str, Any]
) -> None:
    bedrock.script = [SONG]
    llm = make_llm(capabilities={"structured_output": "tool"}, **ROOM, **model)
    assert llm.structured_predict(**ABOUT, llm_kwargs=call) == Song(**GIVEN)
    body = bedrock.bodies[-1]
    assert body["toolConfig"].get("toolChoice", {"auto": {}}) == {"auto": {}}
    assert body["additionalModelRequestFields"]["thinking"]["type"] == "enabled"


@pytest.mark.parametrize(
    ("model", "call", "way"),
    [
        ({"additional_kwargs": {"model": LLAMA}}, {}, "tool"),
        ({}, {"model_id": LLAMA}, "tool"),
        ({}, {"capabilities": {"structured_output": "strict"}}, "strict"),
        ({"additional_kwargs": {"capabilities": {"structured_output": "text"}}}, {}, "text"),
        ({"model": f"{ARN}abc123"}, {"model_family": "claude-sonnet-4-5"}, "native"),
        ({"model": f"{ARN}abc123", "model_family": "claude-2"}, {}, "text"),
    ],
)
def test_the_way_is_that_of_the_calls_model(
    make_llm: Make, bedrock: ScriptedBedrock, model: dict[str, Any], call: dict[str, Any], way: str
) -> None:
    bedrock.script = [answers(way)]
    assert make_llm(**model).structured_predict(**ABOUT, llm_kwargs=call) == Song(**GIVEN)
    body = bedrock.bodies[-1]
    assert ("toolConfig" in body, "outputConfig" in body) == (way in ("strict", "tool"), way == "native")


async def test_a_demand_that_nobody_made_gives_way_where_the_model_refuses_it(
    make_llm: Make, bedrock: ScriptedBedrock
) -> None:
    message = "This model doesn't support the toolConfig.toolChoice.any field. Remove it and try again."
    refusal = says(message, status=400, error="ValidationException")

    def refuses(sent: Sent) -> Answer:
        return refusal if "any" in sent.body["toolConfig"].get("toolChoice", {}) else SONG

    bedrock.script = [refuses]
    llm = make_llm(model="acme.brand-new-v1:0")
    with pytest.warns(CapabilityWarning, match="acme.brand-new-v1:0 refused"):
        assert await every_way(llm) == [Song(**GIVEN)] * 5
    assert len(bedrock.bodies) == 6
    await llm.bedrock.aclose()


def test_a_body_without_a_place_for_tools_is_asked_in_words(make_llm: Make, bedrock: ScriptedBedrock) -> None:
    llm = make_llm(model=LLAMA, use_converse=False)
    assert not llm.metadata.is_function_calling_model
    asked = SchemaProgram(llm, Song, PROMPT, {}, {"about": "time"})._asked
    assert asked.keys() == {"system"}


def test_tools_beside_a_tool_for_the_answer_are_refused(make_llm: Make, bedrock: ScriptedBedrock) -> None:
    llm = make_llm(capabilities={"structured_output": "tool"})
    tool = {"toolSpec": {"name": "raw", "inputSchema": {"json": {"type": "object"}}}}
    for given in ({"tools": [tool]}, {"toolConfig": {"tools": [tool]}}):
        with pytest.raises(InvalidRequestError, match="beside a structured answer"):
            llm.structured_predict(**ABOUT, llm_kwargs=given)
    assert bedrock.requests == []
