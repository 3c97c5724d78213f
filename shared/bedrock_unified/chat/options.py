"""What a caller wishes beyond the members of a Converse request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import ConfigurationError

PROMPT_CACHE = ("off", "auto", "explicit")
GUARD_CONTENT = ("all", "last_user", "marked")
GUARDRAIL_ACTIONS = ("return", "raise", "redact")
_CHOICES: Mapping[str, tuple[Any, ...]] = {
    "prompt_cache": PROMPT_CACHE,
    "prompt_cache_ttl": (None, "5m", "1h"),
    "guardrail_action": GUARDRAIL_ACTIONS,
    "use_converse": (None, True, False, "auto"),
    "parallel_tool_calls": (None, True, False),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatOptions:
    """Wishes that are mapped to each model's own way, and what may be taken back when a model refuses.

    Attributes:
        top_k: candidates for the next token, in the family's own field.
        reasoning: an effort (``none`` … ``max``), a budget in tokens, or the family's own dict.
        prompt_cache: ``auto`` adds cache points; ``explicit`` and ``off`` send those alone that were written.
        prompt_cache_ttl: how long they live, ``5m`` or ``1h``; None leaves it to Bedrock (5 minutes).
        prompt_cache_messages: the message that gets the conversation's point, counted from the end (-1);
            False for none.
        use_converse: None and True: Converse. False: InvokeModel. ``auto``: InvokeModel where the family has
            a body of its own and no tools are offered.
        model_family: what the model is where its id does not tell: a family, a vendor, or another model's id.
        capabilities: what the caller knows better, by the names of
            :class:`~bedrock_unified.models.profile.Profile`.
        guard_content: what a guardrail judges: ``all``, ``last_user``, ``marked``, or a dict that names
            grounding source and query.
        guardrail_action: what an intervention does: ``return`` the blocked message, ``raise``
            :class:`~bedrock_unified.errors.GuardrailIntervened`, or ``redact`` what matched. A stream's text
            has passed when its end tells of it: then the error comes, and the trace is redacted.
        parallel_tool_calls: False forbids more than one call at a time, where the family can.
        implied: of ``temperature``, ``top_p``, ``top_k``, ``stop_sequences``, ``max_tokens``, ``reasoning``,
            ``tool_choice``, ``parallel_tool_calls`` and ``strict`` (of tools): what nobody asked for; it
            gives way where a model refuses it.
    """

    top_k: int | None = None
    reasoning: Any = None
    prompt_cache: str = "off"
    prompt_cache_ttl: str | None = None
    prompt_cache_messages: int | bool = True
    use_converse: bool | str | None = None
    model_family: str | None = None
    capabilities: Mapping[str, Any] | None = None
    guard_content: Any = None
    guardrail_action: str = "return"
    parallel_tool_calls: bool | None = None
    implied: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        for name, allowed in _CHOICES.items():
            value = getattr(self, name)
            if not any(value is choice or (isinstance(value, str) and value == choice) for choice in allowed):
                listed = ", ".join(repr(choice) for choice in allowed)
                raise ConfigurationError(f"{name} is {value!r:.80}", hint=f"one of {listed}")
        guard = self.guard_content
        if guard is not None and not isinstance(guard, Mapping) and guard not in GUARD_CONTENT:
            raise ConfigurationError(
                f"guard_content is {guard!r:.80}",
                hint=f"one of {', '.join(GUARD_CONTENT)}, or a dict that names grounding_source and query",
            )


def check_options(options: Any) -> None:
    """Refuse what are no options.

    Raises:
        ConfigurationError: it names what was given.
    """
    if not isinstance(options, ChatOptions):
        raise ConfigurationError(
            f"options is a {type(options).__name__}",
            hint="give bedrock_unified.ChatOptions(top_k=…, reasoning=…)",
        )
