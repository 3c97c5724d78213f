"""What Claude asks of a request while it thinks.

AWS: "Thinking isn't compatible with temperature, top_p, or top_k modifications or forced tool use" (Bedrock
User Guide, extended thinking), and ``max_tokens`` must be greater than the budget. Recorded with AWS: a
temperature of 1.0 beside a budget, and a budget without ``maxTokens``. Inferred: that a top_p from 0.95 is
taken, and that adaptive thinking asks for the same as a budget.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from ..errors import InvalidRequestError

#: Tokens for the answer itself where nobody set ``maxTokens`` (Contenox's rule).
ANSWER_TOKENS = 4096
#: The path under which Claude counts its reasoning, for ``additionalModelResponseFieldPaths``.
COUNT_PATH = "/usage/output_tokens_details"
_THINKS = ("enabled", "adaptive")
#: With this beta Claude's budget counts for all steps of a turn together, and may pass ``max_tokens``.
_INTERLEAVED = "interleaved-thinking"

Request = Mapping[str, Any]


def thinking_of(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Claude's ``thinking`` among the additional fields; Bedrock also reads it as ``reasoning_config``."""
    held = fields.get("thinking", fields.get("reasoning_config"))
    return cast("Mapping[str, Any]", held) if isinstance(held, Mapping) else {}


def is_thinking(fields: Mapping[str, Any]) -> bool:
    """Whether these additional fields let Claude think."""
    return thinking_of(fields).get("type") in _THINKS


def with_reasoning_count(request: Request) -> Request:
    """A Converse request that also asks how many tokens Claude's reasoning took.

    Converse's ``usage`` does not say; Claude's own does, and comes back in ``additionalModelResponseFields``,
    where :func:`~bedrock_unified.converse.usage.read_usage` finds it. Converse ignores a path that the
    model's answer does not have (service model). InvokeModel has no such member, and needs none.
    """
    fields = request.get("additionalModelRequestFields")
    if not isinstance(fields, Mapping) or not is_thinking(cast("Mapping[str, Any]", fields)):
        return request
    paths: Sequence[str] = request.get("additionalModelResponseFieldPaths") or ()
    if COUNT_PATH in paths or "/usage" in paths:
        return request
    return {**request, "additionalModelResponseFieldPaths": [*paths, COUNT_PATH]}


def settled(request: Request, minimum_budget: int, implied: frozenset[str]) -> dict[str, Any]:
    """A request whose additional fields let Claude think, with the rest of it brought in line.

    What nobody asked for (``implied``) gives way: a temperature, a top_p, a maxTokens that leaves no room for
    the answer, a forced tool. Without maxTokens it becomes the budget and :data:`ANSWER_TOKENS`.

    Raises:
        InvalidRequestError: what was asked for contradicts the thinking.
    """
    made = _with_auto_choice(request, implied)
    config: Mapping[str, Any] = made.get("inferenceConfig") or {}
    unfit: dict[str, tuple[str, str]] = {}
    if config.get("temperature") not in (None, 1):
        unfit["temperature"] = ("temperature", "while Claude reasons it must be 1")
    top_p = config.get("topP")
    if isinstance(top_p, (int, float)) and top_p < 0.95:
        unfit["topP"] = ("top_p", "while Claude reasons it must be at least 0.95")
    made = without(made, unfit, implied)
    thinking = thinking_of(made["additionalModelRequestFields"])
    return _with_room(made, thinking, minimum_budget, implied) if thinking["type"] == "enabled" else made


def without(
    request: Request, unfit: Mapping[str, tuple[str, str]], implied: frozenset[str]
) -> dict[str, Any]:
    """Without members of ``inferenceConfig`` that the reasoning refuses.

    Args:
        unfit: by member its keyword, and why.

    Raises:
        InvalidRequestError: one of them was asked for.
    """
    config: Mapping[str, Any] = request.get("inferenceConfig") or {}
    present = [name for name in unfit if config.get(name) is not None]
    for name in present:
        keyword, why = unfit[name]
        if keyword not in implied:
            raise refusal(
                request, f"{keyword} is {config[name]!r:.80}; {why}", f"leave {keyword} out, or reasoning"
            )
    if not present:
        return dict(request)
    kept = {name: value for name, value in config.items() if name not in present}
    return {**request, "inferenceConfig": kept}


def refusal(request: Request, message: str, hint: str) -> InvalidRequestError:
    """The error of a wish for reasoning that cannot be fulfilled."""
    return InvalidRequestError(f"reasoning: {message}", hint=hint, model_id=request.get("modelId"))


def _with_room(
    request: dict[str, Any], thinking: Mapping[str, Any], minimum_budget: int, implied: frozenset[str]
) -> dict[str, Any]:
    budget: Any = thinking.get("budget_tokens")
    if not isinstance(budget, int) or isinstance(budget, bool) or budget < minimum_budget:
        raise refusal(
            request,
            f"this model's budget is a whole number of at least {minimum_budget} tokens, not {budget!r:.80}",
            f"reasoning={minimum_budget}, or 'none'",
        )
    config: Mapping[str, Any] = request.get("inferenceConfig") or {}
    limit = config.get("maxTokens")
    if limit is not None and limit > budget:
        return request
    if limit is not None and "max_tokens" not in implied:
        if _INTERLEAVED in str(request["additionalModelRequestFields"].get("anthropic_beta")):
            return request
        raise refusal(
            request,
            f"max_tokens is {limit!r:.80}, and {budget} tokens are for the reasoning alone",
            f"at least {budget + 1}, or leave it out: then it is {budget + ANSWER_TOKENS}",
        )
    return {**request, "inferenceConfig": {**config, "maxTokens": budget + ANSWER_TOKENS}}


def _with_auto_choice(request: Request, implied: frozenset[str]) -> dict[str, Any]:
    """Without a forced tool, in Converse's member and in Claude's own ``tool_choice``."""
    tools: Mapping[str, Any] = request.get("toolConfig") or {}
    fields: Mapping[str, Any] = request["additionalModelRequestFields"]
    held: Any = fields.get("tool_choice")
    own: Mapping[str, Any] = cast("Mapping[str, Any]", held) if isinstance(held, Mapping) else {}
    forced = not {"any", "tool"}.isdisjoint(tools.get("toolChoice") or ())
    forced_too = own.get("type") in ("any", "tool")
    made = dict(request)
    if not forced and not forced_too:
        return made
    if "tool_choice" not in implied or "reasoning" in implied:
        raise refusal(
            request,
            "Claude cannot reason and be forced to call a tool",
            "tool_choice='auto', or reasoning='none'",
        )
    if forced:
        made["toolConfig"] = {**tools, "toolChoice": {"auto": {}}}
    if forced_too:
        kept = {name: value for name, value in own.items() if name != "name"}
        made["additionalModelRequestFields"] = {**fields, "tool_choice": {**kept, "type": "auto"}}
    return made
