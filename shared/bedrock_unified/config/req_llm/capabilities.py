"""What a spec says a model can do, in the words of :class:`~bedrock_unified.models.profile.Profile`."""

from __future__ import annotations

from typing import Any

from ...errors import ConfigurationError
from ...models.profile import CAPABILITIES, checked
from ..reading.problems import problem, unknown_key
from ..reading.said import Said

#: Groups of ReqLLM's: their members, and the attribute that each is; None where none is needed.
_GROUPS: dict[str, dict[str, str | None]] = {
    "tools": {"enabled": "tools", "streaming": "streaming_tools", "strict": None, "parallel": None},
    "streaming": {"enabled": "streaming", "text": "streaming", "tool_calls": "streaming_tools"},
    "reasoning": {"enabled": None, "token_budget": None},
    "json": {"native": None, "schema": None, "strict": None},
}
#: Of the model's kind.
_KINDS = ("chat", "embeddings", "embed", "rerank")
_MEDIA = {"image": "image", "pdf": "document", "document": "document", "video": "video", "audio": "audio"}
_ANY_MODALITY = frozenset({*_MEDIA, "text"})
_LIMITS = {"context": "context_window", "output": "max_output"}


def tells_embeddings(said: Said | None) -> bool:
    """Whether the spec says that the model embeds."""
    if said is None or not said.is_mapping:
        return False
    told = said.entries()
    return any(name in told and told[name].data not in (None, False) for name in ("embeddings", "embed"))


def overrides(capabilities: Said | None, limits: Said | None, modalities: Said | None) -> dict[str, Any]:
    """Attributes of a profile.

    Raises:
        ConfigurationError: an unknown capability or limit, or a value that is none.
    """
    found: dict[str, Any] = {}
    for name, said in capabilities.entries().items() if capabilities else ():
        if name in _GROUPS:
            found |= _group(name, said)
        elif name in CAPABILITIES:
            found[name] = _checked(name, said, said.plain())
        elif name not in _KINDS:
            raise unknown_key(said.origin, name, {*_GROUPS, *_KINDS, *CAPABILITIES})
    for name, said in limits.entries(_LIMITS).items() if limits else ():
        if not said.missing:
            found[_LIMITS[name]] = said.whole(least=1)
    if modalities is not None:
        told = modalities.entries({"input", "output"})
        if "input" in told:
            found["media"] = _media(told["input"])
    return found


def _group(name: str, said: Said) -> dict[str, Any]:
    if not said.is_mapping:  # tools: true
        on = said.switch()
        if name == "reasoning":
            return {} if on else {"reasoning": "none"}
        return {} if name == "json" else {name: on}
    members = _GROUPS[name]
    found: dict[str, Any] = {}
    for member, one in said.entries(members).items():
        attribute = members[member]
        if attribute is not None and not one.missing:
            found[attribute] = one.switch()
    told = said.entries()
    if (
        name == "reasoning"
        and "enabled" in told
        and not told["enabled"].missing
        and not told["enabled"].switch()
    ):
        found["reasoning"] = "none"
    if name == "json" and "schema" in told and not told["schema"].missing:
        found["structured_output"] = "native" if told["schema"].switch() else "tool"
    return found


def _media(said: Said) -> list[str]:
    words = [item.text().lower() for item in said.items()]
    for word, item in zip(words, said.items(), strict=True):
        if word not in _ANY_MODALITY:
            raise unknown_key(item.origin, word, _ANY_MODALITY)
    return sorted({_MEDIA[word] for word in words if word in _MEDIA})


def _checked(name: str, said: Said, value: Any) -> Any:
    try:
        checked(name, value)
    except ConfigurationError as error:
        raise problem(said.origin, error.message, hint=error.hint) from None
    return value
