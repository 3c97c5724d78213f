"""Cache points: what is written once is read the next time, and counted as Bedrock counts it."""

from __future__ import annotations

from typing import Any

import pytest

from bedrock_unified.local import LocalBedrock

from .sending import post

POINT = {"cachePoint": {"type": "default"}}
LONG = "A rule about the house and its garden, stated at some length. " * 120


def request(*, rule: str = LONG, question: str = "What now?", point: Any = POINT) -> dict[str, Any]:
    return {
        "system": [{"text": rule}, point],
        "messages": [{"role": "user", "content": [{"text": question}]}],
    }


def usage(
    endpoint: LocalBedrock,
    asked: dict[str, Any],
    model: str = "us.anthropic.claude-haiku-4-5-20251001-v1%3A0",
) -> dict[str, Any]:
    import json

    status, _, body = post(endpoint, f"/model/{model}/converse", asked)
    assert status == 200, body
    return json.loads(body)["usage"]


def test_a_prefix_is_written_then_read(endpoint: LocalBedrock) -> None:
    first = usage(endpoint, request())
    second = usage(endpoint, request(question="And then?"))
    assert first["cacheWriteInputTokens"] == first["cacheWriteInputTokenCount"] > 1024
    assert first["cacheReadInputTokens"] == 0
    assert first["cacheDetails"] == [{"inputTokens": first["cacheWriteInputTokens"], "ttl": "5m"}]
    assert second["cacheReadInputTokens"] == first["cacheWriteInputTokens"]
    assert second["cacheWriteInputTokens"] == 0 and "cacheDetails" not in second
    for counted in (first, second):
        kinds = ("inputTokens", "outputTokens", "cacheReadInputTokens", "cacheWriteInputTokens")
        assert counted["totalTokens"] == sum(counted[kind] for kind in kinds)


def test_another_prefix_is_not_read(endpoint: LocalBedrock) -> None:
    usage(endpoint, request())
    assert usage(endpoint, request(rule=LONG + "!"))["cacheReadInputTokens"] == 0
    endpoint.forget()
    assert usage(endpoint, request())["cacheReadInputTokens"] == 0


def test_a_longer_prefix_reads_the_shorter_and_writes_the_rest(endpoint: LocalBedrock) -> None:
    first = usage(endpoint, request())
    longer = request()
    longer["messages"][0]["content"] = [{"text": LONG}, POINT, {"text": "What now?"}]
    second = usage(endpoint, longer)
    assert second["cacheReadInputTokens"] == first["cacheWriteInputTokens"]
    assert second["cacheWriteInputTokens"] > 1024


def test_an_hour_is_told_apart(endpoint: LocalBedrock) -> None:
    told = usage(endpoint, request(point={"cachePoint": {"type": "default", "ttl": "1h"}}))
    assert [detail["ttl"] for detail in told["cacheDetails"]] == ["1h"]


def test_a_short_prefix_is_not_cached(endpoint: LocalBedrock) -> None:
    for _ in range(2):
        told = usage(endpoint, request(rule="Be brief."))
        assert told["cacheReadInputTokens"] == told["cacheWriteInputTokens"] == 0


@pytest.mark.parametrize(
    ("model", "members"),
    [
        ("us.anthropic.claude-haiku-4-5-20251001-v1%3A0", {"cacheReadInputTokens", "cacheWriteInputTokens"}),
        ("us.anthropic.claude-sonnet-5", {"cacheReadInputTokens"}),
        ("us.amazon.nova-lite-v1%3A0", set()),
        ("anthropic.claude-3-haiku-20240307-v1%3A0", set()),
    ],
)
def test_unused_the_members_are_those_of_the_family(
    endpoint: LocalBedrock, model: str, members: set[str]
) -> None:
    told = usage(endpoint, {"messages": [{"role": "user", "content": [{"text": "hi"}]}]}, model)
    assert {name for name in told if name.startswith("cache") and not name.endswith("Count")} == members


def test_a_stream_tells_of_the_cache_only_where_it_was_used(endpoint: LocalBedrock, connect: Any) -> None:
    client = connect(endpoint)

    def streamed(asked: dict[str, Any]) -> dict[str, Any]:
        events = list(
            client.converse_stream(modelId="us.anthropic.claude-haiku-4-5-20251001-v1:0", **asked)["stream"]
        )
        return events[-1]["metadata"]["usage"]

    assert "cacheReadInputTokens" not in streamed({"messages": request()["messages"]})
    assert streamed(request())["cacheWriteInputTokens"] > 1024
