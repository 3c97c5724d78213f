"""A wish for reasoning, in each family's own way.

What each ``profile.reasoning`` gets, and where it is known from:

=============  =====================================================================================
``budget``     ``additionalModelRequestFields.thinking`` ``{type: enabled, budget_tokens}`` (recorded for
               Claude 3.7 to 4.5); an effort is a budget by ``BUDGETS``
``adaptive``   ``thinking`` ``{type: adaptive}`` and ``output_config.effort`` beside it (recorded for Claude
               Sonnet 4.6), or Converse's ``outputConfig.effort`` where the request has an ``outputConfig``
``effort``     Converse's ``outputConfig.effort`` (service model; not recorded)
``openai``     ``reasoning_effort`` (recorded for gpt-oss)
``qwen``       ``reasoning_config``, a word (recorded for Qwen 3)
``nova``       ``reasoningConfig`` ``{type, maxReasoningEffort}`` (Amazon Nova 2 User Guide; not recorded)
``always``     nothing, or the effort where ``profile.efforts`` names any; it cannot be switched off
``none``       an error: it does not reason
None           ``outputConfig.effort`` for an effort, Claude's ``thinking`` for a budget: somebody's model may
               take them, and Bedrock says so if not (inferred)
=============  =====================================================================================

An effort that a model does not know becomes the nearest it knows, the higher of two. ``none`` never becomes
another effort, and no other becomes ``none``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from ..errors import InvalidRequestError
from ..models.profile import Profile
from .reasoning_wish import BUDGETS, EFFORTS, Wish, near_budget, nearest, understood
from .thinking import Request, is_thinking, refusal, settled, thinking_of, without

_SCALES: Mapping[str, tuple[str, ...]] = {
    # Service model, OutputConfig.effort: "low, medium, high, xhigh, and max".
    "adaptive": EFFORTS[2:],
    "effort": EFFORTS[2:],
    "nova": ("low", "medium", "high"),
    "qwen": ("low", "high"),
}
# "Temperature, topP and topK cannot be used with maxReasoningEffort set to high" (Nova 2 User Guide, quoted);
# maxTokens: github.com/UKGovernmentBEIS/inspect_ai/issues/3767. The topK is the sampling policy's.
_NOT_BESIDE_HIGH = {
    member: (keyword, "Nova takes none at high reasoning effort")
    for member, keyword in (("temperature", "temperature"), ("topP", "top_p"), ("maxTokens", "max_tokens"))
}


def with_reasoning(
    request: Request, reasoning: Any, profile: Profile, *, implied: frozenset[str] = frozenset()
) -> Request:
    """The request, asking its model to reason.

    Args:
        request: a Converse request; not changed. It comes back itself where there is nothing to do.
        reasoning: ``none``, ``minimal``, ``low``, ``medium``, ``high``, ``xhigh`` or ``max``; True
            (``high``), False (``none``); a budget in tokens; a dict of ``effort``, ``budget_tokens`` and
            ``summary`` or ``display``; or the family's own dict, which has a ``type`` and is sent as it is.
            None and ``auto`` leave it to the model.
        profile: what its model can do.
        implied: of ``temperature``, ``top_p``, ``max_tokens``, ``tool_choice``: what nobody asked for; it
            gives way. With ``reasoning`` in it, the reasoning gives way: the request stays as it is.

    Raises:
        InvalidRequestError: a wish that is not understood, that the model cannot fulfil, or that contradicts
            what else was asked for.
    """
    if reasoning is None:
        return request
    wish = understood(reasoning)
    try:
        return _Asking(request, profile, implied).done(wish)
    except InvalidRequestError:
        if "reasoning" in implied:
            return request
        raise


class _Asking:
    """One request on its way to one with reasoning."""

    __slots__ = ("fields", "implied", "profile", "request")

    def __init__(self, request: Request, profile: Profile, implied: frozenset[str]) -> None:
        self.request = request
        self.profile = profile
        self.implied = implied
        fields: Any = request.get("additionalModelRequestFields") or {}
        if not isinstance(fields, Mapping):
            raise self._refusal(f"additionalModelRequestFields is {fields!r:.80}", "it must be a dict")
        self.fields: Mapping[str, Any] = cast("Mapping[str, Any]", fields)

    def done(self, wish: Wish) -> Request:
        """The request with the wish."""
        style = self.profile.reasoning
        if wish.empty:
            return self.request
        if wish.off and style in ("none", None) and wish.own is None:
            self._refuse_two_efforts(wish)
            return self.request
        if style == "none":
            if wish.off:
                return self.request
            raise self._refusal("this model does not reason", "leave reasoning out")
        self._refuse_two_efforts(wish)
        if style in ("budget", "adaptive") or (style is None and (wish.own or wish.budget)):
            return self._claude(wish, style)
        if style == "always":
            return self._always(wish)
        if wish.display is not None:
            raise self._refusal(
                "this model has no choice of how its reasoning is shown", "leave summary and display out"
            )
        if style == "nova":
            return self._nova(wish)
        effort = self._effort(wish, style or "effort")
        if style == "openai":
            return self._with({"reasoning_effort": effort})
        if style == "qwen":
            return self._with({"reasoning_config": effort})
        return self._with_output_effort(self.request, effort)

    def _claude(self, wish: Wish, style: str | None) -> Request:
        effort: str | None = None
        if wish.own is not None:
            thinking = dict(wish.own)
        elif wish.off:
            thinking = {"type": "disabled"}
        elif style == "adaptive":
            thinking = {"type": "adaptive"}
            effort = self._adaptive_effort(wish)
            if (display := self._display(wish)) is not None:
                thinking["display"] = display
        else:
            if wish.budget is None and wish.effort is None:
                raise self._refusal("how much is not said", "add an effort or budget_tokens")
            raised = max(BUDGETS[wish.effort or "high"], self.profile.minimum_budget)
            thinking = {"type": "enabled", "budget_tokens": wish.budget or raised}
            if wish.display is not None:
                thinking["display"] = wish.display
            # Both: Claude Opus 4.5 takes an effort beside the budget; Bedrock says so if another does not.
            effort = wish.effort if wish.budget is not None else None
        alias = "thinking" not in self.fields and thinking_of(self.fields)
        made = self._with({"reasoning_config" if alias else "thinking": thinking})
        if not is_thinking(made["additionalModelRequestFields"]):
            return made
        made = settled(made, self.profile.minimum_budget, self.implied)
        return made if effort is None else self._with_claude_effort(made, effort)

    def _adaptive_effort(self, wish: Wish) -> str | None:
        if wish.budget is not None:
            raise self._refusal(
                "this model takes an effort and sets its budget itself",
                f"reasoning={near_budget(wish.budget)!r}; where it does take one, "
                f"reasoning={{'type': 'enabled', 'budget_tokens': {wish.budget}}} is sent as it is",
            )
        return wish.effort and nearest(wish.effort, self.profile.efforts or _SCALES["adaptive"])

    def _display(self, wish: Wish) -> str | None:
        """How the reasoning is shown.

        The Claude models that refuse a temperature are those that show nothing of their reasoning unless they
        are asked to (inferred from github.com/anthropics/claude-code/issues/79060 and ReqLLM's source).
        """
        if wish.display is not None:
            return wish.display
        return "summarized" if "temperature" in self.profile.sampling_refused else None

    def _nova(self, wish: Wish) -> Request:
        if wish.own is not None:
            config: Mapping[str, Any] = wish.own
        elif wish.off:
            config = {"type": "disabled"}
        else:
            config = {"type": "enabled", "maxReasoningEffort": self._effort(wish, "nova")}
        made = self._with({"reasoningConfig": config})
        if config.get("maxReasoningEffort") != "high":
            return made
        return without(made, _NOT_BESIDE_HIGH, self.implied)

    def _always(self, wish: Wish) -> Request:
        if wish.off:
            raise self._refusal("on this model it cannot be switched off", "leave reasoning out")
        if not self.profile.efforts or wish.budget is not None or wish.own is not None:
            raise self._refusal("this model decides itself how much it reasons", "leave reasoning out")
        made = self.request
        if wish.display is not None:
            made = self._with({"thinking": {"type": "adaptive", "display": wish.display}})
        if wish.effort is None:
            return made
        effort = nearest(wish.effort, self.profile.efforts)
        if self.profile.vendor == "anthropic":
            return self._with_claude_effort(made, effort)
        return self._with_output_effort(made, effort)

    def _effort(self, wish: Wish, style: str) -> str:
        """The effort for a model that takes nothing else."""
        efforts = self.profile.efforts
        if wish.off and "none" in efforts:
            return "none"
        if wish.off:
            raise self._refusal("on this model it cannot be switched off", "leave reasoning out, or 'low'")
        if wish.effort is None or wish.budget is not None:
            raise self._refusal(
                "this model takes an effort, and neither a budget nor a dict with a type",
                f"one of {', '.join(EFFORTS)}",
            )
        return nearest(wish.effort, efforts or _SCALES.get(style, ()))

    def _with_claude_effort(self, request: Request, effort: str) -> Request:
        """Beside ``thinking``, as recorded; in Converse's own member where the request has that already."""
        if request.get("outputConfig"):
            return self._with_output_effort(request, effort)
        fields: Mapping[str, Any] = request.get("additionalModelRequestFields") or {}
        joined = self._joined(fields, {"output_config": {"effort": effort}})
        return {**request, "additionalModelRequestFields": joined}

    def _with_output_effort(self, request: Request, effort: str) -> Request:
        own: Any = self.fields.get("output_config")
        said = isinstance(own, Mapping) and "effort" in own
        if said:
            self._joined(self.fields, {"output_config": {"effort": effort}})
        config: Mapping[str, Any] = request.get("outputConfig") or {}
        given = config.get("effort")
        if given not in (None, effort):
            raise self._refusal(
                f"outputConfig.effort is {given!r:.80}, and {effort!r} is asked for",
                "say it once: leave out reasoning, or the effort in outputConfig",
            )
        if said:
            return request  # the caller said the same in the model's own words
        return request if given == effort else {**request, "outputConfig": {**config, "effort": effort}}

    def _refuse_two_efforts(self, wish: Wish) -> None:
        """Refuse a wish that ``outputConfig.effort``, which the caller wrote, contradicts.

        A budget may stand beside it, and without thinking Claude takes efforts up to ``high`` (service model,
        ``OutputConfig.effort``).
        """
        held: Any = self.request.get("outputConfig")
        given: Any = cast("Mapping[str, Any]", held).get("effort") if isinstance(held, Mapping) else None
        if given is None or (wish.effort is None and not wish.off):
            return
        asked = "none" if wish.off else str(wish.effort)
        claude = self.profile.reasoning in ("budget", "adaptive")
        if wish.off and claude and given not in ("xhigh", "max"):
            return
        if wish.off or given not in (asked, nearest(asked, self.profile.efforts or _SCALES["effort"])):
            raise self._refusal(
                f"outputConfig.effort is {given!r:.80}, and {asked!r} is asked for",
                "say it once: leave out reasoning, or the effort in outputConfig",
            )

    def _with(self, wanted: Mapping[str, Any]) -> dict[str, Any]:
        return {**self.request, "additionalModelRequestFields": self._joined(self.fields, wanted)}

    def _joined(self, given: Mapping[str, Any], wanted: Mapping[str, Any], path: str = "") -> dict[str, Any]:
        """The caller's fields and ours; the caller's are never overwritten.

        Raises:
            InvalidRequestError: they say different things.
        """
        made = dict(given)
        for name, value in wanted.items():
            held = given.get(name)
            if held is None:
                made[name] = value
            elif isinstance(held, Mapping) and isinstance(value, Mapping):
                inner = cast("Mapping[str, Any]", held), cast("Mapping[str, Any]", value)
                made[name] = self._joined(*inner, f"{path}{name}.")
            elif held != value:
                raise self._refusal(
                    f"additionalModelRequestFields.{path}{name} is {held!r:.80}, "
                    f"and {value!r:.80} is asked for",
                    "say it once: leave out reasoning, or the field",
                )
        return made

    def _refusal(self, message: str, hint: str) -> InvalidRequestError:
        return refusal(self.request, message, hint)
