"""The stand-in calls the tools it is offered, whatever their names: each behaviour in several wordings."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .talk import INTEGER, NUMBER, STRING, after, calls, reply, text, tool, user

WEATHERS = [
    tool("get_weather", "Get the current weather of a place", {"city": STRING}),
    tool("wetterbericht", "Weather report for a town", {"town": STRING}),
    tool("fetchForecast", "Returns temperature and rain forecast", {"location": STRING}),
]
OTHERS = [
    tool("send_email", "Send an e-mail", {"to": STRING, "body": STRING}),
    tool("book_flight", "Book a flight", {"origin": STRING, "destination": STRING}),
]


@pytest.mark.parametrize("weather", WEATHERS, ids=lambda t: t["toolSpec"]["name"])
@pytest.mark.parametrize(
    "asked",
    [
        "What's the weather in Lisbon?",
        "Is it going to rain in Lisbon today?",
        "please tell me the temperature in lisbon",
        "Do I need an umbrella in Lisbon tomorrow?",
    ],
)
def test_it_calls_the_tool_that_fits_and_uses_its_result(weather: dict[str, Any], asked: str) -> None:
    tools = [OTHERS[0], weather, OTHERS[1]]
    first = reply(user(asked), tools=tools)
    [(name, given)] = calls(first)
    assert name == weather["toolSpec"]["name"]
    assert next(iter(given.values())).lower() == "lisbon"
    assert first.stop_reason == "tool_use"
    second = reply(user(asked), *after(first, "19 degrees and drizzle in Lisbon."), tools=tools)
    assert "drizzle" in text(second) and second.stop_reason == "end_turn" and not calls(second)


@pytest.mark.parametrize(
    "asked", ["Tell me a joke about cats", "Hello!", "What is 2+2?", "Thank you very much."]
)
def test_it_calls_no_tool_that_does_not_fit(asked: str) -> None:
    answer = reply(user(asked), tools=[WEATHERS[0], *OTHERS])
    assert not calls(answer) and answer.stop_reason == "end_turn"


@pytest.mark.parametrize(
    ("asked", "name", "given"),
    [
        ("What is 12 * 7?", "calculate", {"expression": "12 * 7"}),
        ("Subtract 8 from 30: 30 - 8", "minus", {"a": 30, "b": 8}),
        ("Add 2.5 and 4", "plus", {"a": 2.5, "b": 4}),
        ("Please use the plus tool on 3 and 9. Do not use minus.", "plus", {"a": 3, "b": 9}),
    ],
)
def test_arithmetic_goes_to_the_tool_for_it(asked: str, name: str, given: dict[str, Any]) -> None:
    offered = {
        "calculate": tool("calculate", "Evaluate a mathematical expression", {"expression": STRING}),
        "minus": tool("minus", "Difference of two numbers", {"a": NUMBER, "b": NUMBER}),
        "plus": tool("plus", "Sum of two numbers", {"a": NUMBER, "b": NUMBER}),
    }
    tools = [offered["calculate"]] if name == "calculate" else [offered["minus"], offered["plus"]]
    assert calls(reply(user(asked), tools=tools)) == [(name, given)]


@pytest.mark.parametrize("name", ["docs", "ask_the_handbook", "retriever"])
@pytest.mark.parametrize("parameter", ["input", "query", "question"])
def test_a_lookup_tool_gets_the_question(name: str, parameter: str) -> None:
    lookup = tool(name, "Useful for answering questions about our handbook", {parameter: STRING})
    asked = "How long is the probation period?"
    first = reply(user(asked), tools=[lookup], system=[{"text": "You are a helpful assistant."}])
    assert calls(first) == [(name, {parameter: asked})]
    second = reply(user(asked), *after(first, "The probation period is six months long."), tools=[lookup])
    assert "six months" in text(second) and not calls(second)


@pytest.mark.parametrize(
    "result", ["Paris", "42", "It is closed on Mondays.", {"status": "open", "seats": 3}]
)
def test_the_result_of_a_tool_is_in_the_answer(result: Any) -> None:
    lookup = tool("museum_info", "Information about a museum", {"name": STRING})
    first = reply(user("Give me information about the museum Orsay"), tools=[lookup])
    told = text(
        reply(user("Give me information about the museum Orsay"), *after(first, result), tools=[lookup])
    )
    for value in result.values() if isinstance(result, dict) else [result]:
        assert str(value) in told


def test_two_steps_follow_one_another() -> None:
    tools = [
        tool("head_office_of", "Find the town where a company has its head office", {"company": STRING}),
        tool("town_population", "Population of a town", {"town": STRING}),
    ]
    asked = user("What is the population of the head office town of Acme?")
    first = reply(asked, tools=tools)
    assert calls(first) == [("head_office_of", {"company": "Acme"})]
    second = reply(asked, *after(first, "Tilburg"), tools=tools)
    assert calls(second) == [("town_population", {"town": "Tilburg"})]
    third = reply(asked, *after(first, "Tilburg"), *after(second, "229000"), tools=tools)
    assert "229000" in text(third) and not calls(third)


def test_several_places_are_asked_for_at_once() -> None:
    answer = reply(user("Compare the weather in Oslo, Bergen and Tromso"), tools=[WEATHERS[0]])
    assert calls(answer) == [("get_weather", {"city": c}) for c in ("Oslo", "Bergen", "Tromso")]


def test_a_call_is_repeated_as_often_as_asked() -> None:
    answer = reply(user("Flip the coin 4 times"), tools=[tool("flip_coin", "Flip a coin", {})])
    assert calls(answer) == [("flip_coin", {})] * 4
    assert len({b["toolUse"]["toolUseId"] for b in answer.content}) == 4


@pytest.mark.parametrize("written", ["gauge(depth=7, unit='m')", "gauge(7, 'm')", 'gauge(unit="m", depth=7)'])
def test_a_call_written_out_is_made_as_written(written: str) -> None:
    gauge = tool("gauge", "Read a gauge", {"depth": INTEGER, "unit": STRING})
    assert calls(reply(user(f"Run {written} now"), tools=[gauge])) == [("gauge", {"depth": 7, "unit": "m"})]


def test_a_turn_ends_even_when_a_tool_keeps_failing() -> None:
    lookup = tool("seat_lookup", "Find the seat of a guest", {"guest": STRING})
    conversation = [user("Find the seat of the guest Mia")]
    for turn in range(12):
        answer = reply(*conversation, tools=[lookup])
        if not calls(answer):
            assert "no such table" in text(answer)
            return
        assert turn < 10
        conversation += after(answer, "Error: no such table. Did you mean 'Mia Berg'?", status="error")
    pytest.fail("it never answered")


SCHEMA = {
    "type": "object",
    "properties": {
        "name": STRING,
        "age": {"type": "integer", "minimum": 0},
        "email": {"type": "string", "format": "email"},
        "level": {"type": "string", "enum": ["junior", "senior"]},
        "skills": {"type": "array", "items": STRING},
        "address": {"$ref": "#/$defs/Address"},
        "remote": {"type": "boolean"},
        "nickname": {"anyOf": [{"type": "string"}, {"type": "null"}]},
    },
    "required": ["name", "age", "level", "skills", "address"],
    "$defs": {
        "Address": {
            "type": "object",
            "properties": {"street": STRING, "city": STRING},
            "required": ["street", "city"],
        }
    },
}
PERSON = (
    "Add Greta Holm, a senior engineer aged 41 who lives at 12 Elm Road, Malmo. "
    "Write to greta@holm.se. Her skills are: Rust, Go and Python."
)


def test_a_json_schema_is_obeyed() -> None:
    config = {
        "textFormat": {"type": "json_schema", "structure": {"jsonSchema": {"schema": json.dumps(SCHEMA)}}}
    }
    told = json.loads(text(reply(user(PERSON), outputConfig=config)))
    assert told["name"] == "Greta Holm" and told["age"] == 41 and told["level"] == "senior"
    assert told["email"] == "greta@holm.se" and told["skills"] == ["Rust", "Go", "Python"]
    assert told["address"] == {"street": "12 Elm Road", "city": "Malmo"}


def test_a_forced_tool_is_called_whatever_is_asked() -> None:
    forced = tool("save_person", "Save a person", SCHEMA["properties"], SCHEMA["required"])
    forced["toolSpec"]["inputSchema"]["json"]["$defs"] = SCHEMA["$defs"]
    [(name, given)] = calls(
        reply(user(PERSON), tools=[*OTHERS, forced], choice={"tool": {"name": "save_person"}})
    )
    assert name == "save_person" and given["age"] == 41
    [(name, given)] = calls(reply(user("Hm."), tools=[forced], choice={"tool": {"name": "save_person"}}))
    assert set(SCHEMA["required"]) <= set(given) and isinstance(given["age"], int)


def test_any_tool_means_one_of_them_is_called() -> None:
    [(name, _)] = calls(reply(user("Weather in Rome?"), tools=[*OTHERS, WEATHERS[0]], choice={"any": {}}))
    assert name == "get_weather"
    assert calls(reply(user("Hello"), tools=OTHERS, choice={"any": {}}))


def test_the_answer_schema_comes_after_the_work() -> None:
    report = tool("WeatherReport", "Report of the weather", {"city": STRING, "summary": STRING})
    tools = [WEATHERS[0], report]
    first = reply(user("Report the weather in Bonn"), tools=tools, choice={"any": {}})
    assert [name for name, _ in calls(first)] == ["get_weather"]
    second = reply(
        user("Report the weather in Bonn"),
        *after(first, "Fog over Bonn, 4 degrees."),
        tools=tools,
        choice={"any": {}},
    )
    assert calls(second) == [("WeatherReport", {"city": "Bonn", "summary": "Fog over Bonn, 4 degrees."})]


@pytest.mark.parametrize(
    ("asked", "properties", "given"),
    [
        (
            'Set status "closed" for ticket "Broken lamp"',
            {"ticket": STRING, "status": STRING},
            {"ticket": "Broken lamp", "status": "closed"},
        ),
        ("Order 3 boxes, 2 kg each", {"boxes": INTEGER, "kg": INTEGER}, {"boxes": 3, "kg": 2}),
        (
            "Remind me on 2026-03-04 with priority high",
            {
                "date": {"type": "string", "format": "date"},
                "priority": {"type": "string", "enum": ["low", "high"]},
            },
            {"date": "2026-03-04", "priority": "high"},
        ),
        ('Tag it ["a", "b"]', {"tags": {"type": "array", "items": STRING}}, {"tags": ["a", "b"]}),
        ("Fetch https://example.org/x.", {"url": STRING}, {"url": "https://example.org/x."}),
        ("Look for customer id C-1042", {"customer_id": STRING}, {"customer_id": "C-1042"}),
        ("Create a customer named '你好集团'", {"customer_name": STRING}, {"customer_name": "你好集团"}),
        ("limit=5 please", {"limit": INTEGER}, {"limit": 5}),
    ],
)
def test_arguments_are_found_by_the_schema(
    asked: str, properties: dict[str, Any], given: dict[str, Any]
) -> None:
    made = tool("do_it", "Do it", properties)
    assert calls(reply(user(asked), tools=[made], choice={"tool": {"name": "do_it"}})) == [("do_it", given)]
