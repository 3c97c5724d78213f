"""What an answer says beside its content: tokens, stop reason, latency, trace, and who answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from langchain_core.messages.ai import InputTokenDetails, OutputTokenDetails, UsageMetadata

from bedrock_unified.converse.guardrail import INTERVENED
from bedrock_unified.converse.stopping import finish_reason
from bedrock_unified.converse.usage import read_usage
from bedrock_unified.models.ids import parse_model_id

from .messages.standard import PROVIDER

_ELSEWHERE = ("output", "ResponseMetadata", "usage")
#: Bedrock's counts as they came. Not as ``usage``: tracers (Langfuse) look there for counts in OpenAI's or
#: Anthropic's words, and for ``usage_metadata`` only where there is none.
USAGE = "bedrock_usage"


def usage_metadata(members: Mapping[str, Any]) -> UsageMetadata | None:
    """LangChain's usage of a response or of a stream's members; input includes what the cache read and wrote.

    Where Bedrock tells cache writes apart by time to live, ``cache_creation`` is 0 and the writes stand under
    ``ephemeral_5m_input_tokens`` and ``ephemeral_1h_input_tokens``: no token is counted twice.
    """
    usage = read_usage(members.get("usage"), members.get("additionalModelResponseFields"))
    if usage is None:
        return None
    written = usage.cache_write_by_ttl.items()
    by_ttl = {f"ephemeral_{ttl}_input_tokens": tokens for ttl, tokens in written if tokens}
    details: dict[str, int] = {
        "cache_creation": 0 if by_ttl else usage.cache_write or 0,
        "cache_read": usage.cache_read or 0,
        **by_ttl,
    }
    read = UsageMetadata(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        total_tokens=usage.total_tokens,
        input_token_details=InputTokenDetails(**details),  # type: ignore[typeddict-item]
    )
    if usage.reasoning_tokens is not None:
        read["output_token_details"] = OutputTokenDetails(reasoning=usage.reasoning_tokens)
    return read


def response_metadata(
    members: Mapping[str, Any], http: Mapping[str, Any] | None, model_id: str
) -> dict[str, Any]:
    """``AIMessage.response_metadata``: Bedrock's members by their own names but for :data:`USAGE`,
    ``finish_reason`` in OpenAI's words, who answered, and what a guardrail found, without any of the content,
    under ``guardrail``.

    Args:
        http: ``ResponseMetadata`` (request id, status, headers, retries).
        model_id: the model as it was sent; behind a prompt router the trace knows better.
    """
    metadata = {name: value for name, value in members.items() if name not in _ELSEWHERE}
    if (usage := members.get("usage")) is not None:
        metadata[USAGE] = usage
    if http:
        metadata["ResponseMetadata"] = dict(http)
    router = (members.get("trace") or {}).get("promptRouter") or {}
    if "stopReason" in metadata:
        metadata["finish_reason"] = finish_reason(metadata["stopReason"])
    if "guardrail" in (members.get("trace") or {}) or members.get("stopReason") == INTERVENED:
        from bedrock_unified.converse.assessment import guardrail_outcome  # few answers have one

        if (outcome := guardrail_outcome(members)) is not None:
            metadata["guardrail"] = outcome.summary()
    metadata["model_provider"] = PROVIDER
    metadata["model_name"] = router.get("invokedModelId") or parse_model_id(model_id).wire_id
    return metadata
