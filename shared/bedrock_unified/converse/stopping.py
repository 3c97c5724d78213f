"""Why an answer ended, in the words that the frameworks' users know from OpenAI."""

from __future__ import annotations

_REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "content_filtered": "content_filter",
    "guardrail_intervened": "content_filter",
}


def finish_reason(stop_reason: str | None) -> str | None:
    """OpenAI's ``finish_reason`` for Bedrock's ``stopReason``; one that has no such word stays as it is."""
    return None if stop_reason is None else _REASONS.get(stop_reason, stop_reason)
