"""ReqLLM's advice on API keys (RQ-03, RQ-09)."""

from __future__ import annotations

from .documents import README


def test_rq_03_where_keys_come_from_is_written_down() -> None:
    assert "A Bedrock API key comes from the Bedrock console, under *API keys*" in README
    assert "When one has expired the error says so: generate a new key" in README


def test_rq_09_short_term_keys_are_for_production_and_long_term_ones_for_exploration() -> None:
    assert "at most 12 hours and are for production, long-term keys are for exploration" in README
