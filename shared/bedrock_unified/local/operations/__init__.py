"""The operations the endpoint serves: one entry each in :data:`OPERATIONS`."""

from __future__ import annotations

from collections.abc import Callable

from ..protocol.answers import Answer, Call
from ..state import State
from .converse import converse, converse_stream
from .count_tokens import count_tokens
from .guardrail import apply_guardrail
from .guardrail_checks import invoke_guardrail_checks
from .invoke import invoke_model, invoke_model_stream
from .listing import get_inference_profile, list_foundation_models, list_inference_profiles
from .reranking import rerank

Handler = Callable[[Call, State], Answer]

OPERATIONS: dict[tuple[str, str], Handler] = {
    ("bedrock-runtime", "Converse"): converse,
    ("bedrock-runtime", "ConverseStream"): converse_stream,
    ("bedrock-runtime", "InvokeModel"): invoke_model,
    ("bedrock-runtime", "InvokeModelWithResponseStream"): invoke_model_stream,
    ("bedrock-runtime", "CountTokens"): count_tokens,
    ("bedrock-runtime", "ApplyGuardrail"): apply_guardrail,
    ("bedrock-runtime", "InvokeGuardrailChecks"): invoke_guardrail_checks,
    ("bedrock", "ListFoundationModels"): list_foundation_models,
    ("bedrock", "ListInferenceProfiles"): list_inference_profiles,
    ("bedrock", "GetInferenceProfile"): get_inference_profile,
    ("bedrock-agent-runtime", "Rerank"): rerank,
}
"""(service, operation) → what answers it. STS, whose protocol is another, is in :mod:`.sts`."""
