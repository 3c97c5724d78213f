"""Contenox's settings (``config set``): the defaults of its chats, and what is about its agents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..reading.problems import problem, unknown_key
from ..reading.said import Said

_USED = frozenset({"default-model", "default-provider", "default-max-tokens", "default-think"})
#: Settings of Contenox's that are about its agents, its editor and its host.
IGNORED = frozenset(
    {
        "default-alt-model",
        "default-alt-provider",
        "default-audio-model",
        "default-audio-provider",
        "default-autocomplete-model",
        "default-autocomplete-provider",
        "default-chain",
        "default-mission-agent",
        "default-mission-policy",
        "default-oracle-chain",
        "default-oracle-policy",
        "fleet-max-parallel",
        "hitl-policy-name",
        "log-max-age-days",
        "log-max-files",
        "log-max-size",
        "opt-in-beta",
        "oracle-approves-tool-calls",
        "telemetry-enabled",
        "update-check",
    }
)
THINK = ("auto", "off", "minimal", "low", "medium", "high", "xhigh")
_THINK_ALIASES = {"true": "high", "on": "high", "none": "off", "false": "off"}


def settings(said: Said | None) -> dict[str, Said]:
    return {} if said is None else dashed(said, _USED | IGNORED)


def dashed(said: Said, known: frozenset[str]) -> dict[str, Said]:
    """Entries by their keys with dashes, as the commands' options are written."""
    entries: dict[str, Said] = {}
    for written, one in said.entries().items():
        name = written.replace("_", "-")
        if name not in known:
            raise unknown_key(one.origin, written, known)
        if name in entries:
            raise one.wrong(f"{name} is there twice", hint="keep one spelling")
        entries[name] = one
    return entries


def chat_defaults(config: Mapping[str, Said]) -> dict[str, Any]:
    defaults: dict[str, Any] = {}
    tokens = config.get("default-max-tokens")
    if tokens is not None and not tokens.missing and (most := tokens.whole()):
        defaults["max_tokens"] = most  # 0 is Contenox's way to say: no limit
    think = config.get("default-think")
    if think is not None and not think.missing:
        # YAML reads off and on as switches.
        written = {True: "on", False: "off"}.get(think.data) if isinstance(think.data, bool) else think.text()
        level = _THINK_ALIASES.get(str(written).lower(), str(written).lower())
        if level not in THINK:
            raise problem(
                think.origin, f"{level!r:.80} is no level of thinking", hint=f"one of: {', '.join(THINK)}"
            )
        if level != "auto":
            defaults["reasoning"] = "none" if level == "off" else level
    return defaults
