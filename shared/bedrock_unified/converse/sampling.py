"""Sampling parameters, each where its family looks for it, and none that it refuses.

``top_k`` has no member in Converse (SP-31): it goes into ``additionalModelRequestFields``, at
``profile.top_k``: ``top_k`` (Claude; recorded), ``inferenceConfig.topK`` (Nova; recorded in its InvokeModel
body), ``k`` (Cohere), and so on. Where the place is not known it goes to the top as ``top_k``, which most
families call it (inferred); Bedrock refuses it there if that is wrong. It is never dropped.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from ..errors import InvalidRequestError
from ..models.profile import Profile
from .thinking import is_thinking

Request = Mapping[str, Any]

#: Keyword to member of ``inferenceConfig``.
_MEMBERS = {"temperature": "temperature", "top_p": "topP", "stop_sequences": "stopSequences"}


def with_sampling(
    request: Request, top_k: int | None, profile: Profile, *, implied: frozenset[str] = frozenset()
) -> Request:
    """The request with ``top_k`` in its family's place, and without what its model refuses.

    Args:
        request: a Converse request, its reasoning settled; not changed. It comes back itself where there is
            nothing to do.
        top_k: candidates for the next token, at least 0 (which to some families means all).
        profile: what its model can do.
        implied: of ``temperature``, ``top_p``, ``top_k``, ``stop_sequences``: what nobody asked for. Where
            the model refuses it, it is left out.

    Raises:
        InvalidRequestError: something that was asked for is refused by the model, or said twice.
    """
    if top_k is None and not profile.sampling_refused and not profile.sampling_exclusive:
        return request
    made = _accepted(request, profile, implied)
    return made if top_k is None else _with_top_k(made, top_k, profile, implied)


def _accepted(request: Request, profile: Profile, implied: frozenset[str]) -> Request:
    """Without the members of ``inferenceConfig`` that the model refuses."""
    config: Mapping[str, Any] = request.get("inferenceConfig") or {}
    if not profile.sampling_refused and ("temperature" not in config or "topP" not in config):
        return request  # nothing is refused, and no two of it exclude each other
    given = [keyword for keyword, member in _MEMBERS.items() if config.get(member) not in (None, [], ())]
    dropped: set[str] = set()
    for keyword in given:
        if keyword not in profile.sampling_refused:
            continue
        value = config[_MEMBERS[keyword]]
        # The newest Claude models have one temperature, 1: to leave it out says the same (inferred).
        if keyword not in implied and not (keyword == "temperature" and value == 1):
            raise InvalidRequestError(
                f"this model refuses {keyword}, which is {value!r:.80}",
                hint=f"leave {keyword} out; if the model has learnt it since, capabilities="
                f"{{'sampling_refused': {_without(profile.sampling_refused, keyword)}}}",
                model_id=request.get("modelId"),
            )
        dropped.add(keyword)
    both = {"temperature", "top_p"}
    if profile.sampling_exclusive and both <= set(given) - dropped:
        # One that was asked for beats one that was not; of two that nobody asked for temperature stays.
        loser = next((keyword for keyword in ("top_p", "temperature") if keyword in implied), None)
        if loser is None:
            raise InvalidRequestError(
                "this model takes temperature or top_p, and both are set",
                hint="leave one of them out",
                model_id=request.get("modelId"),
            )
        dropped.add(loser)
    if not dropped:
        return request
    members = {_MEMBERS[keyword] for keyword in dropped}
    return {**request, "inferenceConfig": {k: v for k, v in config.items() if k not in members}}


def _with_top_k(request: Request, top_k: Any, profile: Profile, implied: frozenset[str]) -> Request:
    model_id = request.get("modelId")
    if not isinstance(top_k, int) or isinstance(top_k, bool) or top_k < 0:
        raise InvalidRequestError(
            f"top_k is {top_k!r:.80}", hint="a whole number, at least 0", model_id=model_id
        )
    held: Any = request.get("additionalModelRequestFields") or {}
    if not isinstance(held, Mapping):
        raise InvalidRequestError(
            f"additionalModelRequestFields is {held!r:.80}", hint="it must be a dict", model_id=model_id
        )
    fields = cast("Mapping[str, Any]", held)
    reason = _refusal_of_top_k(fields, profile)
    if reason is not None:
        if "top_k" in implied:
            return request
        problem, hint = reason
        raise InvalidRequestError(f"{problem} top_k, which is {top_k}", hint=hint, model_id=model_id)
    path = (profile.top_k or "top_k").split(".")
    made = _placed(fields, path, top_k)
    if made is None:
        if "top_k" in implied:
            return request  # the caller's own field wins
        raise InvalidRequestError(
            f"top_k is {top_k}, and additionalModelRequestFields.{'.'.join(path)} says otherwise",
            hint="say it once: leave out top_k, or the field",
            model_id=model_id,
        )
    return request if made is fields else {**request, "additionalModelRequestFields": made}


def _refusal_of_top_k(fields: Mapping[str, Any], profile: Profile) -> tuple[str, str] | None:
    """Why there can be no top_k, and the way out; None if there can."""
    if "top_k" in profile.sampling_refused:
        left = _without(profile.sampling_refused, "top_k")
        way = f"leave it out; if the model has it, capabilities={{'sampling_refused': {left}, 'top_k': '…'}}"
        return "this model has no", way
    if is_thinking(fields):  # AWS: thinking is not compatible with top_k
        return "while Claude reasons it refuses", "leave top_k out, or reasoning"
    nova = fields.get("reasoningConfig")
    if isinstance(nova, Mapping) and cast("Mapping[str, Any]", nova).get("maxReasoningEffort") == "high":
        return "at high reasoning effort Nova refuses", "leave top_k out, or reason less"
    return None


def _placed(fields: Mapping[str, Any], path: list[str], value: int) -> Mapping[str, Any] | None:
    """The fields with the value at its path, themselves if they hold it; None if they hold something else."""
    name, rest = path[0], path[1:]
    held: Any = fields.get(name)
    if not rest:
        if held is None:
            return {**fields, name: value}
        return fields if held == value else None
    if held is not None and not isinstance(held, Mapping):
        return None
    inner: Mapping[str, Any] = cast("Mapping[str, Any]", held) if held is not None else {}
    made = _placed(inner, rest, value)
    return fields if made is inner else made and {**fields, name: made}


def _without(names: frozenset[str], name: str) -> str:
    return repr(sorted(names - {name}))
