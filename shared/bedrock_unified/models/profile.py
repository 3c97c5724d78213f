"""What a model can do, as far as it is known; what is not known, it can.

The knowledge is data (``profiles.toml``), each quirk with the Bedrock answer or document it comes from. A
profile never decides whether a model exists: any id has one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A model's capabilities. The defaults are those of a model that nobody has heard of: it can.

    Attributes:
        name: the rules of the data file that made it, the most general first; empty for an unknown model.
        vendor: ``anthropic``, ``amazon``, …; None where the id does not tell.
        native: the family of its InvokeModel body that we write: ``anthropic``, ``openai``, ``meta``.
        tools: whether it calls tools.
        tool_choices: members of Converse's ``toolChoice`` that it takes.
        parallel_off: whether parallel calls can be forbidden (Claude's ``disable_parallel_tool_use``).
        streaming: whether ConverseStream serves it.
        streaming_tools: whether ConverseStream serves it with tools.
        system: whether it takes system prompts.
        media: block kinds it reads in a user's message (``image``, ``document``, ``video``, ``audio``).
        tool_result_media: those it reads inside a tool result.
        beside_tool_result: those it reads beside a tool result in the same turn.
        tool_result_status: whether a tool result may carry ``status``.
        reasoning: how it is asked to reason: ``budget``, ``adaptive``, ``effort`` (Converse's
            ``outputConfig.effort``), ``openai``, ``nova``, ``always`` (cannot be asked), ``none`` (does not
            reason); None where it is not known.
        efforts: the efforts it knows, the least first.
        minimum_budget: least number of reasoning tokens where the budget is given.
        reasoning_in_history: which reasoning of earlier answers it takes back: ``signed`` (its own only),
            ``any``, ``none`` (refuses all).
        sampling_refused: of ``temperature``, ``top_p``, ``top_k``, ``stop_sequences``: what it refuses.
        sampling_exclusive: whether it refuses temperature and top_p together.
        top_k: the place of top_k in ``additionalModelRequestFields``, dotted; None where there is none.
        structured_output: its best way to a JSON schema: ``native`` (outputConfig), ``strict`` (strict tool),
            ``tool``, ``text``.
        cache_places: of ``tools``, ``system``, ``messages``: where cache points may stand.
        cache_points: how many at most.
        cache_ttls: the times they may live.
        cache_minimum: tokens before a point for it to have an effect.
        count_tokens: whether CountTokens serves it.
        on_demand: False where only an inference profile's id reaches it.
        prefill: whether the last message may be the assistant's.
    """

    name: str = ""
    vendor: str | None = None
    native: str | None = None
    tools: bool = True
    tool_choices: frozenset[str] = frozenset({"auto", "any", "tool"})
    parallel_off: bool = False
    streaming: bool = True
    streaming_tools: bool = True
    system: bool = True
    media: frozenset[str] = frozenset({"image", "document", "video", "audio"})
    tool_result_media: frozenset[str] = frozenset({"image", "document", "video"})
    beside_tool_result: frozenset[str] = frozenset({"text", "image", "document", "video", "audio"})
    tool_result_status: bool = True
    reasoning: str | None = None
    efforts: tuple[str, ...] = ()
    minimum_budget: int = 1024
    reasoning_in_history: str = "any"
    sampling_refused: frozenset[str] = frozenset()
    sampling_exclusive: bool = False
    top_k: str | None = None
    structured_output: str = "strict"
    cache_places: frozenset[str] = frozenset({"tools", "system", "messages"})
    cache_points: int = 4
    cache_ttls: frozenset[str] = frozenset({"5m", "1h"})
    cache_minimum: int = 0
    count_tokens: bool = True
    on_demand: bool = True
    prefill: bool = True


def profile_of(
    model_id: str, *, family: str | None = None, overrides: Mapping[str, Any] | None = None
) -> Profile:
    """The profile of a model.

    Args:
        model_id: any spelling of an id, an ARN, an alias.
        family: what the user says the model is (``anthropic``, ``meta``, or another model's id), for imported
            and custom models whose id does not tell.
        overrides: what the user knows better, by the attributes of :class:`Profile`.

    Raises:
        ConfigurationError: an override of an unknown name or of another type; an unknown family.
    """
    return Profile()
