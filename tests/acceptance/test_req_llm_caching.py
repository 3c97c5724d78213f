"""ReqLLM's statements about prompt caching (RQ-21, RQ-22) and what its source says of the rules (2.B)."""

from __future__ import annotations

from typing import Any

import pytest

from bedrock_unified.errors import BedrockError, ConfigurationError

from .conftest import Account, MakeApp
from .frameworks import WAYS, Said, Turn

SONNET = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
NOVA = "us.amazon.nova-pro-v1:0"
LONG = "The ferry leaves Vell at nine and comes back at noon. " * 400
POINT = {"cachePoint": {"type": "default"}}
FOR_AN_HOUR = {"cachePoint": {"type": "default", "ttl": "1h"}}
HISTORY: list[Turn | Said] = [Turn("system", LONG), Turn("user", "When does the ferry leave?")]


def departures(harbour: str) -> str:
    return "nine"


departures.__doc__ = f"When ships leave a harbour. {LONG}"  # tools of a few words are not worth a cache


def _points(body: dict[str, Any]) -> dict[str, list[int]]:
    """Where cache points stand: the positions in the tools, the system prompt and the last message."""
    lists = {
        "tools": body.get("toolConfig", {}).get("tools", []),
        "system": body.get("system", []),
        "messages": body["messages"][-1]["content"],
    }
    return {name: [at for at, one in enumerate(held) if "cachePoint" in one] for name, held in lists.items()}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("use_converse", [True, False])
async def test_rq_21_claudes_prompt_is_cached(
    app: MakeApp, account: Account, way: str, use_converse: bool
) -> None:
    model = app(SONNET, anthropic_prompt_cache=True, use_converse=use_converse)
    first = await model.ask(HISTORY, way, tools=[departures])
    if use_converse:
        assert _points(account.body) == {"tools": [1], "system": [1], "messages": [1]}
    else:
        marked = {"type": "ephemeral"}
        assert account.body["tools"][-1]["cache_control"] == marked
        assert account.body["system"][-1]["cache_control"] == marked
        assert account.body["messages"][-1]["content"][-1]["cache_control"] == marked
    assert first.cached[1] > 1024 and first.tokens[0] > first.cached[1], "the input includes what was written"
    second = await model.ask(HISTORY, way, tools=[departures])
    assert second.cached[0] == first.cached[1] and second.tokens[0] == first.tokens[0]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("off", [{}, {"anthropic_prompt_cache": False}])
async def test_rq_21_nothing_is_cached_unless_it_is_asked_for(
    app: MakeApp, account: Account, way: str, off: dict[str, Any]
) -> None:
    await app(SONNET, **off).ask(HISTORY, way, tools=[departures])
    assert _points(account.body) == {"tools": [], "system": [], "messages": []}


async def test_rq_21_novas_tools_get_no_point(app: MakeApp, account: Account) -> None:
    await app(NOVA, anthropic_prompt_cache=True).ask(HISTORY, tools=[departures])
    assert _points(account.body) == {"tools": [], "system": [1], "messages": [1]}


async def test_rq_21_a_model_without_a_cache_is_asked_without_points(app: MakeApp, account: Account) -> None:
    said = await app("mistral.mistral-large-2402-v1:0", anthropic_prompt_cache=True).ask(HISTORY)
    assert "nine" in said.text
    assert _points(account.body) == {"tools": [], "system": [], "messages": []}


@pytest.mark.parametrize("place", [True, -1, 0, -3, False])
async def test_rq_21_the_message_that_is_cached_can_be_chosen(
    app: MakeApp, account: Account, place: int | bool
) -> None:
    history = [Turn("user", LONG), await app(SONNET).ask(LONG), Turn("user", "And back?")]
    await app(SONNET, prompt_cache="auto", anthropic_cache_messages=place).ask(history)
    has_point = [any("cachePoint" in block for block in turn["content"]) for turn in account.body["messages"]]
    last = [True, False, True]  # the turn before keeps the previous call's point
    assert has_point == {True: last, -1: last, 0: [True, False, False], -3: [True, False, False]}.get(
        place if place is not False else "none", [False, False, False]
    )


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("ttl", "point"), [({}, POINT), ({"anthropic_prompt_cache_ttl": "1h"}, FOR_AN_HOUR)], ids=["none", "1h"]
)
async def test_rq_22_the_ttl_is_sent_where_it_is_set_alone(
    app: MakeApp, account: Account, ttl: dict[str, Any], point: dict[str, Any], way: str
) -> None:
    await app(SONNET, anthropic_prompt_cache=True, **ttl).ask(HISTORY, way)
    assert [account.body["system"][-1], account.body["messages"][-1]["content"][-1]] == [point, point]
    await app(SONNET).ask(HISTORY, way, anthropic_prompt_cache=True, **ttl)
    assert [account.body["system"][-1], account.body["messages"][-1]["content"][-1]] == [point, point]


@pytest.mark.parametrize("way", WAYS)
async def test_rq_22_the_ttl_is_sent_on_invoke_model(app: MakeApp, account: Account, way: str) -> None:
    model = app(SONNET, anthropic_prompt_cache=True, anthropic_prompt_cache_ttl="1h", use_converse=False)
    await model.ask(HISTORY, way)
    assert account.body["system"][-1]["cache_control"] == {"type": "ephemeral", "ttl": "1h"}


@pytest.mark.parametrize("ttl", ["2h", "60m", "", "5 minutes"])
async def test_rq_22_another_ttl_is_refused(app: MakeApp, account: Account, ttl: str) -> None:
    with pytest.raises(ConfigurationError, match="prompt_cache_ttl") as refused:
        app(SONNET, anthropic_prompt_cache=True, anthropic_prompt_cache_ttl=ttl)
    assert repr(ttl) in str(refused.value) and "'5m', '1h'" in str(refused.value)
    with pytest.raises(BedrockError, match="prompt_cache_ttl"):
        await app(SONNET, anthropic_prompt_cache=True).ask("?", anthropic_prompt_cache_ttl=ttl)
    assert account.served == []


async def test_rq_22_an_hour_after_five_minutes_is_refused(app: MakeApp, account: Account) -> None:
    model = app(SONNET, prompt_cache="explicit")
    system = [{"text": LONG}, {"cachePoint": {"type": "default", "ttl": "5m"}}, {"text": LONG}, FOR_AN_HOUR]
    with pytest.raises(BedrockError, match=r"1h at system\[3\] comes after one of 5m at system\[1\]"):
        await model.ask("When does the ferry leave?", system=system)
    assert account.served == []
