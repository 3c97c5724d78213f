"""Which capability an error of Bedrock's denies, from its text: the table ``refusals.json``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple, cast

from .data import table
from .profile import Profile, checked

# What tells is the beginning of a message; some of the patterns take time by the square of its length.
_LOOKED_AT = 4096


@dataclass(frozen=True, slots=True)
class Refusal:
    """Something that a model refused.

    Attributes:
        capability: the attribute of :class:`~bedrock_unified.models.profile.Profile` that is denied.
        value: what of it: words of a set (of ``sampling_refused`` those that are refused), or what the
            attribute becomes.
        denies: the same for people, to stand behind "the model refused".
        instead: what is done about it, to stand behind that.
        lasting: whether it is the model that lacks it; else it is refused in this one request.
    """

    capability: str
    value: Any
    denies: str
    instead: str = "the request is sent without"
    lasting: bool = True


class RefusalRule(NamedTuple):
    """One row of the table; ``example`` is the message, ``source`` where it is known from."""

    match: re.Pattern[str]
    refusal: Refusal
    source: str
    example: str


def refusal_of(message: str) -> Refusal | None:
    """What an error's message denies; None where it denies no capability of the model's.

    Args:
        message: Bedrock's text, whatever stands around it. The status says nothing: most of these come with
            400, prompt caching is refused with 403.
    """
    looked_at = message[:_LOOKED_AT].replace("’", "'")
    return next((rule.refusal for rule in refusal_rules() if rule.match.search(looked_at)), None)


def without(profile: Profile, refusal: Refusal) -> Profile:
    """The profile with what was refused taken away; itself if it never had it."""
    name, value = refusal.capability, refusal.value
    held = getattr(profile, name)
    if isinstance(held, frozenset):
        had, denied = cast("frozenset[str]", held), cast("frozenset[str]", value)
        value = had | denied if name == "sampling_refused" else had - denied
    return profile if value == held else profile._replace(**{name: value})


def override(profile: Profile, refusal: Refusal) -> str:
    """What says from the start, as a value of ``capabilities``, what a refusal has made of a profile."""
    held = getattr(profile, refusal.capability)
    value = sorted(cast("frozenset[str]", held)) if isinstance(held, frozenset) else held
    return f"{{{refusal.capability!r}: {value!r}}}"


@cache
def refusal_rules() -> tuple[RefusalRule, ...]:
    """The rows of the table, in their order: the first that fits is meant.

    Raises:
        ConfigurationError: the file names a capability or a word that a profile does not know.
    """
    return tuple(_rule(row) for row in table("refusals")["refusals"])


def _rule(row: dict[str, Any]) -> RefusalRule:
    more = {name: row[name] for name in ("instead", "lasting") if name in row}
    refusal = Refusal(row["capability"], checked(row["capability"], row["value"]), row["denies"], **more)
    return RefusalRule(re.compile(row["match"], re.IGNORECASE), refusal, row["source"], row["example"])
