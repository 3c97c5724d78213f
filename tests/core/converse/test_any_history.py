"""Any history of any blocks becomes a request that Bedrock takes, and nothing of it is lost."""

from __future__ import annotations

import copy
import re
from itertools import pairwise
from typing import Any

from botocore.model import ServiceModel
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bedrock_unified.converse.normal import normalised
from bedrock_unified.converse.tools import NONE
from bedrock_unified.models.profile import Profile

from ..shapes import findings
from .histories import Turn, requests, said

ANY = Profile()
HARDEST = Profile(
    system=False,
    tool_result_status=False,
    tool_result_media=frozenset(),
    beside_tool_result=frozenset(),
)
quickly = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def check(request: dict[str, Any], profile: Profile, runtime: ServiceModel) -> None:
    before = copy.deepcopy(request)
    normal = normalised(request, profile)
    settled = dict(normal.request)
    assert request == before
    assert normalised(settled, profile).request is settled, "twice is not once"
    shape = runtime.operation_model("Converse").input_shape
    assert findings(settled, shape) == ""
    _check_turns(settled["messages"])
    _check_tools(settled)
    if not profile.system:
        changes = {"toolAddition", "toolRemoval"}
        spoken = [turn["content"] for turn in settled["messages"] if turn["role"] == "system"]
        assert all(any(changes & block.keys() for block in content) for content in spoken)
    _check_documents(settled["messages"])
    kept = said(settled)
    told = "\n".join(kept)
    assert not [piece for piece in said(request) - kept if piece not in told], "something was lost"


def _check_turns(settled: list[Turn]) -> None:
    assert settled[0]["role"] == "user"
    assert all(before != after for before, after in pairwise(turn["role"] for turn in settled))
    for turn in settled:
        assert turn["content"]
        assert not any(set(block) == {"text"} and not block["text"].strip() for block in turn["content"])
    last = settled[-1]["content"][-1].get("text", "x")
    assert settled[-1]["role"] != "assistant" or last == last.rstrip()


def _check_tools(settled: dict[str, Any]) -> None:
    spoken = settled["messages"]
    last = max(place for place, turn in enumerate(spoken) if turn["role"] != "system")
    offered = [tool["toolSpec"]["name"] for tool in settled.get("toolConfig", {}).get("tools", [])]
    assert all(re.fullmatch("[a-zA-Z0-9_-]{1,64}", name) for name in offered)
    chosen = settled.get("toolConfig", {}).get("toolChoice", {}).get("tool", {}).get("name")
    assert chosen is None or chosen in offered
    seen: list[str] = []
    for place, turn in enumerate(spoken):
        blocks = turn["content"]
        if any("toolUse" in block or "toolResult" in block for block in blocks):
            assert offered, "tool blocks without toolConfig"
        if turn["role"] != "assistant":
            continue
        answered = [block["toolResult"]["toolUseId"] for block in blocks if "toolResult" in block]
        uses = [block["toolUse"] for block in blocks if "toolUse" in block]
        assert all(re.fullmatch("[a-zA-Z0-9_-]{1,64}", use["name"]) for use in uses)
        assert all(re.fullmatch("[a-zA-Z0-9_.:-]{1,64}", use["toolUseId"]) for use in uses)
        assert all(isinstance(use["input"], dict) for use in uses)
        own = [
            use["toolUseId"]
            for use in uses
            if use.get("type") != "server_tool_use" and use["toolUseId"] not in answered
        ]
        seen += own
        if place < last:
            following = spoken[place + 1]
            behind = following["content"] if following["role"] == "user" else []
            assert own == [block["toolResult"]["toolUseId"] for block in behind if "toolResult" in block]
            assert all("toolResult" in block for block in behind[: len(own)])
    assert len(set(seen)) == len(seen)


def _check_documents(settled: list[Turn]) -> None:
    names: list[str] = []
    for turn in settled:
        documents = [block["document"] for block in turn["content"] if "document" in block]
        if documents and turn["role"] == "user":
            assert any("text" in block or "guardContent" in block for block in turn["content"])
        for block in turn["content"]:
            parts = block.get("toolResult", {}).get("content", [])
            documents += [part["document"] for part in parts if "document" in part]
        names += [document["name"] for document in documents]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"(?!.*  )[A-Za-z0-9_ ()\[\]-]{1,200}", name) for name in names)


@quickly
@given(requests())
def test_any_history_becomes_a_request_that_bedrock_takes(
    runtime: ServiceModel, request_: dict[str, Any]
) -> None:
    check(request_, ANY, runtime)


@quickly
@given(requests())
def test_any_history_becomes_one_that_the_pickiest_model_takes(
    runtime: ServiceModel, request_: dict[str, Any]
) -> None:
    check(request_, HARDEST, runtime)
    settled = dict(normalised(request_, HARDEST).request)
    assert not any("text" in block for block in settled.get("system", []))
    for turn in settled["messages"]:
        held = [block["toolResult"] for block in turn["content"] if "toolResult" in block]
        if turn["role"] != "user" or not held:
            continue
        assert all("toolResult" in block or "cachePoint" in block for block in turn["content"])
        assert not any("status" in one for one in held)
        assert not any(
            {"image", "document", "video", "audio"} & part.keys() for one in held for part in one["content"]
        )


@quickly
@given(requests(), st.booleans())
def test_any_history_becomes_one_without_a_tool_block(
    runtime: ServiceModel, request_: dict[str, Any], refused: bool
) -> None:
    """CX 4.B: tool history without tools goes as text; GM 17: so does that of ``tool_choice="none"``."""
    if refused:
        request_.pop("toolConfig", None)
    else:
        request_["toolConfig"] = {"tools": [{"toolSpec": {"name": "t"}}], "toolChoice": dict(NONE)}
    profile = ANY._replace(tools=not refused)
    check(request_, profile, runtime)
    settled = normalised(request_, profile).request
    assert "toolConfig" not in settled
    assert not any(
        "toolUse" in block or "toolResult" in block
        for turn in settled["messages"]
        for block in turn["content"]
    )
