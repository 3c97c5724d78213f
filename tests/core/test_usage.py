"""What a call cost: one meaning of input tokens, and only what Bedrock said of the cache."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedrock_unified.converse.usage import read_usage


@given(*[st.integers(0, 10**6)] * 4)
def test_input_tokens_are_all_input(plain: int, out: int, read: int, write: int) -> None:
    usage = read_usage(
        {
            "inputTokens": plain,
            "outputTokens": out,
            "cacheReadInputTokens": read,
            "cacheWriteInputTokens": write,
        }
    )
    assert usage is not None
    assert usage.input_tokens == plain + read + write
    assert usage.total_tokens == plain + read + write + out
    assert (usage.cache_read, usage.cache_write) == (read, write)


def test_what_bedrock_does_not_say_about_the_cache_is_not_known() -> None:
    usage = read_usage({"inputTokens": 3, "outputTokens": 2})
    assert usage is not None
    assert (usage.cache_read, usage.cache_write, usage.input_tokens) == (None, None, 3)
    part = read_usage({"cacheReadInputTokens": 4})
    assert part is not None
    assert (part.input_tokens, part.output_tokens, part.total_tokens) == (4, 0, 4)
    assert read_usage(None) is None
    assert read_usage({}) is None


def test_the_cache_is_read_in_either_spelling_and_by_its_time_to_live() -> None:
    usage = read_usage(
        {
            "inputTokens": 1,
            "outputTokens": 1,
            "cacheReadInputTokenCount": 5,
            "cacheWriteInputTokenCount": 7,
            "cacheDetails": [
                {"inputTokens": 3, "ttl": "5m"},
                {"inputTokens": 2, "ttl": "1h"},
                {"inputTokens": 2, "ttl": "5m"},
            ],
        }
    )
    assert usage is not None
    assert (usage.input_tokens, usage.cache_read, usage.cache_write) == (13, 5, 7)
    assert usage.cache_write_by_ttl == {"5m": 5, "1h": 2}


@pytest.mark.parametrize(
    ("usage", "fields"),
    [
        ({}, {"usage": {"output_tokens_details": {"thinking_tokens": 40}}}),
        ({}, {"usage": {"completion_tokens_details": {"reasoning_tokens": 40}}}),
        ({"output_tokens_details": {"thinking_tokens": 40}}, None),
        ({"completion_tokens_details": {"reasoning_tokens": 40}}, {"usage": "odd"}),
    ],
)
def test_reasoning_tokens_are_those_that_the_model_counted(usage: Any, fields: Any) -> None:
    read = read_usage({"inputTokens": 1, "outputTokens": 50, **usage}, fields)
    assert read is not None
    assert (read.reasoning_tokens, read.output_tokens) == (40, 50)


@pytest.mark.parametrize(
    "fields",
    [
        None,
        {},
        [],
        "usage",
        {"usage": None},
        {"usage": {"output_tokens_details": {"thinking_tokens": "many"}}},
    ],
)
def test_reasoning_tokens_are_never_guessed(fields: Any) -> None:
    read = read_usage({"inputTokens": 1, "outputTokens": 50}, fields)
    assert read is not None and read.reasoning_tokens is None
