"""Tool names that Bedrock refuses, there and back."""

from __future__ import annotations

import copy
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_unified.converse.names import NO_NAMES, named_config, names_of
from bedrock_unified.converse.normal import normalised
from bedrock_unified.models.profile import Profile

Offered = list[dict[str, Any]]


def offered(*names: str) -> dict[str, Any]:
    return {
        "toolConfig": {"tools": [{"toolSpec": {"name": name, "inputSchema": {"json": {}}}} for name in names]}
    }


@given(st.lists(st.text(max_size=80), unique=True, max_size=8))
def test_every_name_is_allowed_another_and_always_the_same(names: list[str]) -> None:
    mapped = names_of(offered(*names))
    sent = [tool["toolSpec"]["name"] for tool in named_config(offered(*names)["toolConfig"], mapped)["tools"]]
    assert all(re.fullmatch("[a-zA-Z0-9_-]{1,64}", name) for name in sent)
    assert len(set(sent)) == len(names)
    assert all(
        name == to for name, to in zip(names, sent, strict=True) if re.fullmatch("[a-zA-Z0-9_-]{1,64}", name)
    )
    assert names_of(offered(*reversed(names))).sent == mapped.sent
    content = [{"toolUse": {"toolUseId": "1", "name": name, "input": {}}} for name in sent]
    restored = mapped.restored({"output": {"message": {"role": "assistant", "content": content}}})
    assert [block["toolUse"]["name"] for block in restored["output"]["message"]["content"]] == names


@pytest.mark.parametrize(
    ("names", "sent"),
    [
        (["math.add"], ["math_add"]),
        (["_private.add"], ["private_add"]),
        (["mcp__server__tool", "a-b"], ["mcp__server__tool", "a-b"]),
    ],
)
def test_names_stay_readable(names: list[str], sent: list[str]) -> None:
    """CX 4.B: ``.`` becomes ``_``."""
    config = named_config(offered(*names)["toolConfig"], names_of(offered(*names)))
    assert [tool["toolSpec"]["name"] for tool in config["tools"]] == sent


def test_the_offer_the_choice_and_the_history_agree() -> None:
    request = {
        "modelId": "m",
        "messages": [
            {"role": "user", "content": [{"text": "q"}]},
            {"role": "assistant", "content": [{"toolUse": {"toolUseId": "1", "name": "a.b", "input": {}}}]},
            {"role": "user", "content": [{"toolResult": {"toolUseId": "1", "content": [{"text": "r"}]}}]},
            {"role": "system", "content": [{"toolRemoval": {"tool": {"name": "a.b"}}}]},
            {"role": "user", "content": [{"text": "q"}]},
        ],
        "toolConfig": {
            "tools": [
                {"toolSpec": {"name": "a.b"}},
                {"systemTool": {"name": "c.d"}},
                {"cachePoint": {"type": "default"}},
            ],
            "toolChoice": {"tool": {"name": "a.b"}},
        },
    }
    before = copy.deepcopy(request)
    normal = normalised(request, Profile())
    assert request == before
    sent: Any = normal.request
    assert sent["toolConfig"] == {
        "tools": [
            {"toolSpec": {"name": "a_b"}},
            {"systemTool": {"name": "c_d"}},
            {"cachePoint": {"type": "default"}},
        ],
        "toolChoice": {"tool": {"name": "a_b"}},
    }
    assert sent["messages"][1]["content"][0]["toolUse"]["name"] == "a_b"
    assert sent["messages"][3]["content"] == [{"toolRemoval": {"tool": {"name": "a_b"}}}]
    start = {
        "contentBlockStart": {"contentBlockIndex": 1, "start": {"toolUse": {"toolUseId": "1", "name": "a_b"}}}
    }
    restored = normal.names.restored_event(start)["contentBlockStart"]
    assert restored == {"contentBlockIndex": 1, "start": {"toolUse": {"toolUseId": "1", "name": "a.b"}}}
    assert start["contentBlockStart"]["start"] == {"toolUse": {"toolUseId": "1", "name": "a_b"}}


def test_nothing_mapped_is_nothing_done() -> None:
    response: dict[str, Any] = {"output": {"message": {"content": [{"text": "a"}]}}}
    event: dict[str, Any] = {"contentBlockDelta": {"delta": {"text": "a"}}}
    assert names_of(offered("add")) is NO_NAMES
    assert NO_NAMES.restored(response) is response
    assert NO_NAMES.restored_event(event) is event
    names = names_of(offered("a.b"))
    assert names.restored_event(event) is event
    assert names.restored({"output": {}}) == {"output": {}}
