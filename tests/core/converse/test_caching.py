"""Where cache points stand, and where none does."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_unified.converse.caching import CachePolicy, with_cache_points
from bedrock_unified.converse.estimate import BYTES_PER_TOKEN, text_bytes
from bedrock_unified.errors import InvalidRequestError
from bedrock_unified.models.profile import Profile

from ...traffic.conftest import recorded_or_skipped
from .policies import Untouched, assistant, checked, request, tool, user

ANY = Profile()
AUTO = CachePolicy()
POINT = {"cachePoint": {"type": "default"}}
HOUR = {"cachePoint": {"type": "default", "ttl": "1h"}}
FIVE = {"cachePoint": {"type": "default", "ttl": "5m"}}
DOCUMENT = {"document": {"name": "a", "format": "txt", "source": {"bytes": b"text"}}}
RESULT = {"toolResult": {"toolUseId": "t1", "content": [{"text": "sunny"}]}}
CALL = {"toolUse": {"toolUseId": "t1", "name": "weather", "input": {}}}
REASONING = {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "s"}}}


def full() -> dict[str, Any]:
    """Tools, system, and a conversation of two calls."""
    return request(
        user("one"),
        assistant("two"),
        user("three"),
        system=[{"text": "be good"}],
        toolConfig={"tools": [tool("weather")]},
    )


def cached(given: Any, policy: CachePolicy = AUTO, profile: Profile = ANY) -> dict[str, Any]:
    """The request with its points, checked by botocore; the given one is as it was."""
    with Untouched(given):
        made, _ = with_cache_points(given, policy, profile)
    return checked(made)


def points(made: Any) -> list[str]:
    """Where the points stand: t(ools), s(ystem) or the message's number, and the index of the block."""
    lists = [
        ("t", (made.get("toolConfig") or {}).get("tools") or []),
        ("s", made.get("system") or []),
        *((str(number), message["content"]) for number, message in enumerate(made["messages"])),
    ]
    return [
        f"{name}{at}" + (f":{block['cachePoint']['ttl']}" if "ttl" in block["cachePoint"] else "")
        for name, content in lists
        for at, block in enumerate(content)
        if "cachePoint" in block
    ]


def test_rq_21_points_go_after_tools_and_system_and_into_the_conversation() -> None:
    made = cached(full())
    assert points(made) == ["t1", "s1", "01", "21"]
    assert made["toolConfig"]["tools"][1] == made["system"][1] == made["messages"][2]["content"][1] == POINT
    assert with_cache_points(full(), AUTO, ANY)[1] is True


def test_rq_22_a_ttl_is_absent_unless_asked_for() -> None:
    assert "ttl" not in json.dumps(cached(full()))
    assert points(cached(full(), CachePolicy(ttl="1h"))) == ["t1:1h", "s1:1h", "01:1h", "21:1h"]
    assert points(cached(full(), CachePolicy(ttl="5m"))) == ["t1:5m", "s1:5m", "01:5m", "21:5m"]


@pytest.mark.parametrize("ttl", ["2h", "", "1H", 60, "300"])
def test_rq_22_any_other_ttl_is_refused(ttl: Any) -> None:
    with pytest.raises(InvalidRequestError, match="ttl") as error:
        CachePolicy(ttl=ttl)
    assert "5m" in str(error.value.hint)


@pytest.mark.parametrize("ttl", ["2h", "", 60])
def test_rq_22_any_other_ttl_of_a_written_point_is_refused(ttl: Any) -> None:
    with pytest.raises(InvalidRequestError, match=r"messages\[0\]\.content\[1\]"):
        with_cache_points(request(user("a", {"cachePoint": {"type": "default", "ttl": ttl}})), AUTO, ANY)


def test_a_ttl_that_the_model_does_not_have_is_an_error_with_the_way_out() -> None:
    old = Profile(cache_ttls=frozenset({"5m"}))
    with pytest.raises(InvalidRequestError, match="no prompt cache of 1h") as error:
        with_cache_points(full(), CachePolicy(ttl="1h"), old)
    assert "5m" in str(error.value.hint) and "capabilities" in str(error.value.hint)
    assert points(cached(full(), CachePolicy(ttl="5m"), old))


@pytest.mark.parametrize("wrong", [{"mode": "on"}, {"messages": "last"}, {"messages": 1.5}])
def test_another_mode_or_place_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequestError):
        CachePolicy(**wrong)


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        (True, ["0", "2"]),
        (-1, ["0", "2"]),
        (0, ["0"]),
        (1, ["1"]),
        (-2, ["1"]),
        (-3, ["0"]),
        (False, []),
        (None, []),
        (3, []),
        (-4, []),
    ],
)
def test_rq_21_the_conversations_point_stands_where_it_is_asked_for(place: Any, expected: list[str]) -> None:
    given = request(user("one"), assistant("two"), user("three"))
    assert [point[0] for point in points(cached(given, CachePolicy(messages=place)))] == expected


def test_the_second_point_of_the_conversation_is_where_the_previous_calls_stood() -> None:
    first = request(user("weather?"))
    second = request(user("weather?"), assistant(CALL), user(RESULT))
    third = request(user("weather?"), assistant(CALL), user(RESULT), assistant("sunny"), user("thanks"))
    assert points(cached(first)) == ["01"]
    assert points(cached(second)) == ["01", "21"]
    assert points(cached(third)) == ["21", "41"]


def test_a_point_stands_after_tool_results_and_never_inside() -> None:
    made = cached(request(user("weather?"), assistant(CALL), user(RESULT, RESULT)))
    assert made["messages"][2]["content"] == [RESULT, RESULT, POINT]


@pytest.mark.parametrize("mode", ["off", "explicit", "auto"])
def test_rq_21_written_points_are_sent_in_every_mode(mode: str) -> None:
    given = request(
        user("a", POINT, "b"), system=[{"text": "s"}, POINT], toolConfig={"tools": [tool("t"), POINT]}
    )
    policy = CachePolicy(mode)
    assert set(points(given)) <= set(points(cached(given, policy)))
    if mode != "auto":
        assert with_cache_points(given, policy, ANY) == (given, False)
        assert with_cache_points(given, policy, ANY)[0] is given


def test_no_point_is_added_beside_a_written_one() -> None:
    given = request(user("a", POINT), system=[{"text": "s"}, POINT], toolConfig={"tools": [tool("t"), POINT]})
    made, added = with_cache_points(given, AUTO, ANY)
    assert made is given and added is False
    before_document = request(user("a", POINT, DOCUMENT))
    assert with_cache_points(before_document, AUTO, ANY)[0] is before_document


def test_written_points_count_and_the_system_and_the_last_message_come_first() -> None:
    given = request(
        user("a", POINT, "b"),
        assistant("c"),
        user("d"),
        system=[{"text": "s"}],
        toolConfig={"tools": [tool("t")]},
    )
    assert points(cached(given)) == ["t1", "s1", "01", "21"]
    two = Profile(cache_points=2)
    assert points(cached(full(), AUTO, two)) == ["s1", "21"]
    assert points(cached(full(), AUTO, Profile(cache_points=3))) == ["t1", "s1", "21"]
    assert points(cached(full(), AUTO, Profile(cache_points=0))) == []


def test_more_written_points_than_the_model_takes_are_an_error_that_names_them() -> None:
    given = request(
        user("a", POINT, "b", POINT, "c", POINT), system=[{"text": "s"}, POINT, {"text": "t"}, POINT]
    )
    with pytest.raises(InvalidRequestError, match="5 cache points") as error:
        with_cache_points(given, AUTO, ANY)
    assert "system[3]" in str(error.value) and "messages[0].content[5]" in str(error.value)
    assert with_cache_points(given, CachePolicy("off"), ANY)[0] is given


def test_tools_get_no_point_where_the_model_takes_none_there() -> None:
    nova = Profile(cache_places=frozenset({"system", "messages"}))
    assert points(cached(full(), AUTO, nova)) == ["s1", "01", "21"]
    given = full()
    assert with_cache_points(given, CachePolicy(ttl="1h"), Profile(cache_places=frozenset())) == (
        given,
        False,
    )


def test_no_point_directly_after_a_document() -> None:
    """Recorded in bxed5e044971994d; a point after a text document is refused."""
    made = cached(request(user("read these", DOCUMENT, DOCUMENT)))
    assert made["messages"][0]["content"] == [{"text": "read these"}, POINT, DOCUMENT, DOCUMENT]
    assert points(cached(request(user(DOCUMENT, "read this")))) == ["02"]
    assert points(cached(request(user(DOCUMENT)))) == []
    earlier = cached(request(user("a"), assistant("b"), user(DOCUMENT)))
    assert points(earlier) == ["01"]


def test_no_point_directly_after_reasoning() -> None:
    given = request(user("a"), assistant("b", REASONING))
    assert points(cached(given, CachePolicy(messages=1))) == ["11"]
    only = request(user("a"), assistant(REASONING))
    assert points(cached(only, CachePolicy(messages=1))) == []


def test_an_hour_after_five_minutes_is_refused_with_both_places() -> None:
    given = request(user("a", HOUR), system=[{"text": "s"}, FIVE])
    with pytest.raises(InvalidRequestError, match="1h") as error:
        with_cache_points(given, AUTO, ANY)
    assert "system[1]" in str(error.value) and "messages[0].content[1]" in str(error.value)
    for tools_first in (POINT, FIVE):
        given = request(user("a", HOUR), toolConfig={"tools": [tool("t"), tools_first]})
        with pytest.raises(InvalidRequestError, match=r"toolConfig\.tools\[1\]"):
            with_cache_points(given, AUTO, ANY)


def test_our_points_take_the_time_that_written_ones_leave_them() -> None:
    hour_last = request(user("a"), assistant("b"), user("c", HOUR), system=[{"text": "s"}])
    assert points(cached(hour_last)) == ["s1:1h", "01:1h", "21:1h"]
    five_first = request(user("a"), system=[{"text": "s"}, FIVE])
    assert points(cached(five_first, CachePolicy(ttl="1h"))) == ["s1:5m", "01"]


def test_a_written_point_without_a_time_lives_as_long_as_the_policy_says() -> None:
    given = request(user("a", POINT), system=[{"text": "s"}, POINT])
    made, added = with_cache_points(given, CachePolicy("explicit", ttl="1h"), ANY)
    assert points(checked(made)) == ["s1:1h", "01:1h"] and added is False
    five_first = request(user("a", POINT), system=[{"text": "s"}, FIVE])
    assert points(cached(five_first, CachePolicy("explicit", ttl="1h"))) == ["s1:5m", "01"]


def test_no_point_where_there_is_too_little_before_it() -> None:
    claude = Profile(cache_minimum=1024)
    assert with_cache_points(full(), AUTO, claude)[1] is False
    long = "word " * 1000  # 5,000 bytes: 1,250 tokens
    made = cached(
        request(user("a"), system=[{"text": long}], toolConfig={"tools": [tool("t")]}), AUTO, claude
    )
    assert points(made) == ["s1", "01"]
    grown = request(user("a" * 4096), assistant("b"), user("c"), system=[{"text": "s"}])
    assert points(cached(grown, AUTO, claude)) == ["01", "21"]


def test_media_count_towards_the_minimum_and_names_in_a_schema_do_not() -> None:
    claude = Profile(cache_minimum=1024)
    image = {"image": {"format": "png", "source": {"bytes": b"png"}}}
    assert points(cached(request(user(image, "what is it?")), AUTO, claude)) == ["02"]
    painter = {
        "toolSpec": {"name": "t", "inputSchema": {"json": {"type": "object", "properties": {"image": {}}}}}
    }
    assert points(cached(request(user("a"), toolConfig={"tools": [painter]}), AUTO, claude)) == []
    in_result = {"toolResult": {"toolUseId": "t1", "content": [image]}}
    assert points(cached(request(user("a"), assistant(CALL), user(in_result)), AUTO, claude)) == ["21"]


@pytest.mark.parametrize(
    ("document", "enough"),
    [
        ({"format": "txt", "source": {"bytes": b"a" * 4096}}, True),
        ({"format": "txt", "source": {"bytes": b"a" * 400}}, False),
        ({"source": {"text": "\u6f22" * 1400}}, True),  # 4,200 bytes of UTF-8
        ({"source": {"content": [{"text": "short"}]}}, False),
        ({"format": "pdf", "source": {"bytes": b"pdf"}}, True),
        ({"format": "txt", "source": {"s3Location": {"uri": "s3://bucket/key"}}}, True),
    ],
)
def test_documents_count_by_their_text_where_it_is_at_hand(document: Any, enough: bool) -> None:
    given = request(user({"document": {"name": "a", **document}}, "what is it?"))
    assert points(cached(given, AUTO, Profile(cache_minimum=1024))) == (["02"] if enough else [])


def test_what_follows_a_point_does_not_count_towards_its_minimum() -> None:
    large = {"document": {"name": "a", "format": "txt", "source": {"bytes": b"a" * 9000}}}
    claude = Profile(cache_minimum=1024)
    assert points(cached(request(user("read", large)), AUTO, claude)) == []
    assert points(cached(request(user("a" * 4096, large)), AUTO, claude)) == ["01"]


def test_blocks_that_stay_are_shared() -> None:
    given = full()
    made, _ = with_cache_points(given, AUTO, ANY)
    assert made["messages"][1] is given["messages"][1]
    assert made["messages"][0]["content"][0] is given["messages"][0]["content"][0]
    assert made["toolConfig"]["tools"][0] is given["toolConfig"]["tools"][0]


block = st.sampled_from([{"text": "a"}, DOCUMENT, RESULT, POINT, HOUR, FIVE, REASONING])
turns = st.lists(
    st.builds(
        lambda role, content: {"role": role, "content": content},
        st.sampled_from(["user", "assistant"]),
        st.lists(block, min_size=1, max_size=4),
    ),
    min_size=1,
    max_size=4,
)
texts = st.lists(st.sampled_from([{"text": "s"}, POINT, HOUR, FIVE]), max_size=3)


@given(
    turns,
    texts,
    st.booleans(),
    st.sampled_from([None, "5m", "1h"]),
    st.sampled_from([True, None, *range(-3, 3)]),
    st.integers(0, 4),
)
def test_whatever_is_written_the_rules_hold_for_what_is_added(
    messages: list[Any], system: list[Any], tools: bool, ttl: str | None, place: Any, most: int
) -> None:
    given_request = request(*messages, system=system)
    if tools:
        given_request["toolConfig"] = {"tools": [tool("t")]}
    profile = Profile(cache_points=most)
    try:
        with Untouched(given_request):
            made, added = with_cache_points(given_request, CachePolicy(ttl=ttl, messages=place), profile)
    except InvalidRequestError:
        return  # the written points contradict each other
    before, after = points(given_request), points(checked(made))
    assert len(after) <= max(most, len(before)) and added is (len(after) > len(before))
    lives = [name.endswith(":1h") for name in after]
    assert lives == sorted(lives, reverse=True)
    for old, new in zip(given_request["messages"], made["messages"], strict=True):
        was, now = ([next(iter(part)) for part in turn["content"]] for turn in (old, new))
        assert [kind for kind in now if kind != "cachePoint"] == [
            kind for kind in was if kind != "cachePoint"
        ]
        if now != was:
            at = next(at for at, kind in enumerate(now) if was[at : at + 1] != [kind])
            assert at > 0 and now[at - 1] not in {"document", "reasoningContent", "cachePoint"}
    again, _ = with_cache_points(made, CachePolicy(ttl=ttl, messages=place), profile)
    assert points(again) == after


def test_the_estimate_is_near_what_aws_counted() -> None:
    """Recorded caches of a system prompt: our tokens before the point against those AWS wrote or read."""
    compared = 0
    for exchange in recorded_or_skipped():
        body = exchange.request
        if exchange.operation != "Converse" or not exchange.succeeded or not isinstance(body, dict):
            continue
        if points({**body, "messages": []}) != [f"s{len(body.get('system') or [0]) - 1}"]:
            continue
        usage = exchange.oracle.parsed["usage"]
        counted = usage.get("cacheReadInputTokens", 0) + usage.get("cacheWriteInputTokens", 0)
        if not counted or points({**body, "system": []}):
            continue
        tools = (body.get("toolConfig") or {}).get("tools")
        guessed = (text_bytes(body["system"]) + text_bytes(tools or "")) / BYTES_PER_TOKEN
        assert 0.75 < guessed / counted < 1.35, (exchange.id, guessed, counted)
        compared += 1
    assert compared >= 5
