"""Tokens, with one meaning: input includes what the cache read and wrote."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

#: Where the families count the reasoning in their own usage: Claude (exchange bxd5c91afa830e2c), OpenAI.
_REASONING = (
    ("output_tokens_details", "thinking_tokens"),
    ("output_tokens_details", "reasoning_tokens"),
    ("completion_tokens_details", "reasoning_tokens"),
)


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call.

    Attributes:
        input_tokens: all input: uncached, read from the cache and written to it. Bedrock's own
            ``inputTokens`` leaves the latter two out.
        output_tokens: all output.
        cache_read: input read from the prompt cache; None where Bedrock says nothing.
        cache_write: input written to the prompt cache; None where Bedrock says nothing.
        cache_write_by_ttl: the same by time to live (``5m``, ``1h``).
        reasoning_tokens: the part of the output that was reasoning; None where Bedrock says nothing. It is
            never estimated.
    """

    input_tokens: int
    output_tokens: int
    cache_read: int | None = None
    cache_write: int | None = None
    cache_write_by_ttl: Mapping[str, int] = field(default_factory=dict[str, int])
    reasoning_tokens: int | None = None

    @property
    def total_tokens(self) -> int:
        """Input and output together."""
        return self.input_tokens + self.output_tokens


def read_usage(usage: Mapping[str, Any] | None, model_fields: Any = None) -> Usage | None:
    """The usage of a Converse response or a stream's ``metadata`` event; None if there is none.

    Args:
        usage: Converse's ``usage``.
        model_fields: the response's ``additionalModelResponseFields``, in which the model's own ``usage`` may
            tell the reasoning apart (:func:`~bedrock_unified.converse.reasoning.with_reasoning_count`).
    """
    if not usage:
        return None
    read = usage.get("cacheReadInputTokens", usage.get("cacheReadInputTokenCount"))
    write = usage.get("cacheWriteInputTokens", usage.get("cacheWriteInputTokenCount"))
    by_ttl: dict[str, int] = {}
    for detail in usage.get("cacheDetails") or ():
        ttl = detail.get("ttl", "5m")
        by_ttl[ttl] = by_ttl.get(ttl, 0) + detail.get("inputTokens", 0)
    return Usage(
        input_tokens=usage.get("inputTokens", 0) + (read or 0) + (write or 0),
        output_tokens=usage.get("outputTokens", 0),
        cache_read=read,
        cache_write=write,
        cache_write_by_ttl=by_ttl,
        reasoning_tokens=_reasoning_tokens(usage, model_fields),
    )


def _reasoning_tokens(usage: Mapping[str, Any], model_fields: Any) -> int | None:
    """The count in Converse's usage (the InvokeModel families' own details kept in it), else the model's."""
    tokens = _counted(usage)
    if tokens is None and model_fields and isinstance(model_fields, Mapping):
        inner: Any = cast("Mapping[str, Any]", model_fields).get("usage")
        if isinstance(inner, Mapping):
            tokens = _counted(cast("Mapping[str, Any]", inner))
    return tokens


def _counted(usage: Mapping[str, Any]) -> int | None:
    for outer, name in _REASONING:
        details: Any = usage.get(outer)
        if not details or not isinstance(details, Mapping):
            continue
        tokens: Any = cast("Mapping[str, Any]", details).get(name)
        if isinstance(tokens, int) and not isinstance(tokens, bool):
            return tokens
    return None
