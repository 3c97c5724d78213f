"""What a wish for reasoning says, in each spelling that is understood."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, cast

from ..errors import InvalidRequestError

#: All efforts, the least first.
EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
#: Tokens of each effort where the model takes a budget (ReqLLM's table; ``max`` continues its doubling). What
#: lies below a model's least budget is raised to it.
BUDGETS: Mapping[str, int] = {
    "minimal": 512,
    "low": 1024,
    "medium": 2048,
    "high": 4096,
    "xhigh": 8192,
    "max": 16384,
}
_WORDS: Mapping[str, str] = {"on": "high", "true": "high", "off": "none", "false": "none", "disabled": "none"}
_KEYS = ("effort", "budget_tokens", "summary", "display")
_DISPLAYS: Mapping[Any, str] = {
    "summarized": "summarized",
    "omitted": "omitted",
    "auto": "summarized",
    "concise": "summarized",
    "detailed": "summarized",
    "none": "omitted",
}


class Wish(NamedTuple):
    """What was asked for. ``own`` is a dict of the family's, sent as it is."""

    effort: str | None = None
    budget: int | None = None
    display: str | None = None
    own: Mapping[str, Any] | None = None

    @property
    def empty(self) -> bool:
        """Whether it leaves everything to the model."""
        return self.effort is None and self.budget is None and self.display is None and self.own is None

    @property
    def off(self) -> bool:
        """Whether reasoning is to be switched off."""
        return self.effort == "none" or (self.own is not None and self.own.get("type") == "disabled")


def understood(reasoning: Any) -> Wish:
    """The wish behind an effort, a bool, a budget or a dict; ``auto`` is no wish at all.

    Raises:
        InvalidRequestError: it is none of these, or contradicts itself.
    """
    if isinstance(reasoning, Mapping):
        return _of_dict(cast("Mapping[str, Any]", reasoning))
    if isinstance(reasoning, int) and not isinstance(reasoning, bool):
        return Wish(budget=_budget(reasoning))
    return Wish(effort=_effort(reasoning))


def _of_dict(given: Mapping[str, Any]) -> Wish:
    if "type" in given:
        return Wish(own=given)
    for name in given:
        if name not in _KEYS:
            raise InvalidRequestError(
                f"reasoning has no {name!r:.80}",
                hint=f"it knows {', '.join(_KEYS)}; the model's own dict needs its 'type'",
            )
    shown = [given[name] for name in ("summary", "display") if given.get(name) is not None]
    for value in shown:
        if not isinstance(value, str) or value not in _DISPLAYS:
            raise InvalidRequestError(
                f"reasoning is to be shown as {value!r:.80}", hint=f"one of {', '.join(_DISPLAYS)}"
            )
    displays = {_DISPLAYS[value] for value in shown}
    if len(displays) > 1:
        raise InvalidRequestError(
            f"reasoning has the summary {shown[0]!r} and the display {shown[1]!r}", hint="say it once"
        )
    effort, budget = given.get("effort"), given.get("budget_tokens")
    wish = Wish(
        effort=None if effort is None else _effort(effort),
        budget=None if budget is None else _budget(budget),
        display=next(iter(displays), None),
    )
    if wish.off and wish.budget is not None:
        raise InvalidRequestError(
            f"reasoning is switched off and has a budget of {wish.budget} tokens",
            hint="leave out one of them",
        )
    return wish


def _effort(given: Any) -> str | None:
    if isinstance(given, bool):
        return "high" if given else "none"
    word = given.strip().lower() if isinstance(given, str) else None
    word = _WORDS.get(word, word) if word else None
    if word == "auto":
        return None
    if word not in EFFORTS:
        raise InvalidRequestError(
            f"reasoning is {given!r:.80}",
            hint=f"one of auto, {', '.join(EFFORTS)}, a budget in tokens, or a dict",
        )
    return word


def _budget(given: Any) -> int:
    if not isinstance(given, int) or isinstance(given, bool) or given < 1:
        raise InvalidRequestError(
            f"the reasoning budget is {given!r:.80}",
            hint="a whole number of tokens; 'none' switches reasoning off",
        )
    return given


def nearest(effort: str, scale: Sequence[str]) -> str:
    """The nearest effort of a scale, the higher of two; where the scale is empty, the effort itself."""
    known = [name for name in scale if name in EFFORTS and name != "none"]
    if not known:
        return effort
    rank = EFFORTS.index(effort)
    return min(known, key=lambda name: (abs(EFFORTS.index(name) - rank), -EFFORTS.index(name)))


def near_budget(budget: int) -> str:
    """The effort whose budget is nearest, for a hint."""
    return min(BUDGETS, key=lambda effort: abs(BUDGETS[effort] - budget))
