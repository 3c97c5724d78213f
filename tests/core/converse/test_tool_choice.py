"""The choice among tools: every spelling, what models lack, and one call at a time."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from bedrock_unified.converse.tools import (
    NONE,
    is_none,
    tool_choice,
    with_tool_choice,
    without_parallel,
    without_strict,
)
from bedrock_unified.errors import InvalidRequestError
from bedrock_unified.models.profile import Profile

CLAUDE = Profile(parallel_off=True)
AUTO, ANY, ADD = {"auto": {}}, {"any": {}}, {"tool": {"name": "add"}}


def request(*names: str, choice: dict[str, Any] | None = None, **members: Any) -> dict[str, Any]:
    tools = [{"toolSpec": {"name": name, "inputSchema": {"json": {"type": "object"}}}} for name in names]
    chosen = {"toolChoice": choice} if choice is not None else {}
    return {"modelId": "vendor.model-v1:0", "toolConfig": {"tools": tools, **chosen}, **members}


def chosen(
    choice: dict[str, Any] | None, choices: set[str], *names: str, implied: bool = False
) -> dict[str, Any] | None:
    given = request(*(names or ("add", "multiply")), choice=choice)
    before = copy.deepcopy(given)
    profile = Profile(tool_choices=frozenset(choices))
    made = with_tool_choice(given, profile, implied=implied, parallel=None)
    assert given == before
    return made["toolConfig"].get("toolChoice")


@pytest.mark.parametrize(
    ("spelled", "meant"),
    [
        (None, None),
        ("auto", AUTO),
        ("any", ANY),
        ("required", ANY),
        (True, ANY),
        ("add", ADD),
        (AUTO, AUTO),
        (ANY, ANY),
        (ADD, ADD),
        ({"type": "auto"}, AUTO),
        ({"type": "any"}, ANY),
        ({"type": "required"}, ANY),
        ({"type": "tool", "name": "add"}, ADD),
        ({"type": "function", "name": "add"}, ADD),
        ({"type": "function", "function": {"name": "add"}}, ADD),
    ],
)
def test_every_spelling_of_a_choice(spelled: Any, meant: dict[str, Any] | None) -> None:
    assert tool_choice(spelled, {"add"}) == meant
    assert not is_none(spelled)


@pytest.mark.parametrize("spelled", ["none", False, {"type": "none"}, {"none": {}}, NONE])
def test_every_spelling_of_no_tool_at_all(spelled: Any) -> None:
    assert is_none(spelled)


@pytest.mark.parametrize(
    ("spelled", "choice", "parallel"),
    [
        ("auto", "auto", None),
        (None, None, None),
        ({"type": "auto"}, {"type": "auto"}, None),
        ({"type": "any", "disable_parallel_tool_use": True}, {"type": "any"}, False),
        ({"type": "auto", "disable_parallel_tool_use": False}, {"type": "auto"}, True),
        ({"disable_parallel_tool_use": True}, None, False),
    ],
)
def test_anthropics_choice_says_something_of_parallel_calls_too(
    spelled: Any, choice: Any, parallel: bool | None
) -> None:
    before = copy.deepcopy(spelled)
    assert without_parallel(spelled) == (choice, parallel)
    assert spelled == before


@pytest.mark.parametrize("choice", [None, AUTO, ANY, ADD])
def test_a_choice_that_the_model_takes_stays(choice: dict[str, Any] | None) -> None:
    given = request("add", choice=choice)
    assert with_tool_choice(given, Profile(), implied=False, parallel=None) is given


@pytest.mark.parametrize(
    ("choice", "choices", "made"),
    [
        (ANY, {"auto"}, None),
        (ADD, {"auto"}, None),
        (ADD, {"auto", "any"}, ANY),
        (ANY, set[str](), None),
    ],
)
def test_an_implied_choice_that_the_model_lacks_gives_way(
    choice: dict[str, Any], choices: set[str], made: dict[str, Any] | None
) -> None:
    assert chosen(choice, choices, implied=True) == made


@pytest.mark.parametrize(
    ("choice", "choices"), [(ANY, {"auto"}), (ADD, {"auto", "any"}), (ANY, {"auto", "tool"})]
)
def test_an_explicit_choice_that_the_model_lacks_is_an_error_with_the_way_out(
    choice: dict[str, Any], choices: set[str]
) -> None:
    with pytest.raises(InvalidRequestError, match="does not take the tool choice") as caught:
        chosen(choice, choices)
    assert "capabilities={'tool_choices': [" in str(caught.value.hint)
    assert f"'{next(iter(choice))}'" in str(caught.value.hint)


@pytest.mark.parametrize("implied", [True, False])
def test_of_one_tool_any_and_its_name_are_the_same(implied: bool) -> None:
    assert chosen(ANY, {"auto", "tool"}, "add", implied=implied) == ADD
    assert chosen(ADD, {"auto", "any"}, "add", implied=implied) == ANY
    assert chosen(AUTO, set(), "add", implied=implied) is None


def test_tools_for_a_model_without_are_an_error_that_can_be_overruled() -> None:
    """RQ-31: binding tools to a model that calls none."""
    with pytest.raises(InvalidRequestError, match="calls no tools") as caught:
        with_tool_choice(request("add"), Profile(tools=False), implied=False, parallel=None)
    assert "capabilities={'tools': True}" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("choice", "field"),
    [
        (None, {"type": "auto", "disable_parallel_tool_use": True}),
        (AUTO, {"disable_parallel_tool_use": True}),
        (ANY, {"disable_parallel_tool_use": True}),
        (ADD, {"disable_parallel_tool_use": True}),
    ],
)
def test_claude_calls_one_tool_at_a_time_by_its_own_field(
    choice: dict[str, Any] | None, field: dict[str, Any]
) -> None:
    """Its ``type`` is wanted without Converse's choice, and refused beside it."""
    given = request("add", choice=choice, additionalModelRequestFields={"top_k": 5})
    before = copy.deepcopy(given)
    made = with_tool_choice(given, CLAUDE, implied=False, parallel=False)
    assert given == before
    assert made["additionalModelRequestFields"] == {"top_k": 5, "tool_choice": field}
    assert made["toolConfig"] == given["toolConfig"]


def test_one_call_at_a_time_is_an_error_where_no_way_is_known() -> None:
    with pytest.raises(InvalidRequestError, match="forbid parallel tool calls") as caught:
        with_tool_choice(request("add"), Profile(), implied=False, parallel=False)
    assert caught.value.hint


def test_without_tools_nothing_is_called_twice() -> None:
    given = {"modelId": "vendor.model-v1:0", "messages": []}
    assert with_tool_choice(given, Profile(), implied=False, parallel=False) is given
    assert with_tool_choice(request("add"), Profile(), implied=False, parallel=True) == request("add")


def test_tools_that_are_not_strict_any_more_are_the_same_tools() -> None:
    loose = request("add", "multiply", choice=ANY)
    first, second = loose["toolConfig"]["tools"]
    held = {**loose["toolConfig"], "tools": [{"toolSpec": {**first["toolSpec"], "strict": True}}, second]}
    given = {**loose, "toolConfig": held}
    before = copy.deepcopy(given)
    assert without_strict(given) == loose
    assert given == before
    assert without_strict(loose) is loose
