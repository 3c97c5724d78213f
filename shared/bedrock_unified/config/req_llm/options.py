"""ReqLLM's options, of a provider and of a generation, as keywords of our classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import SecretStr

from ...embedding.parameters import SPELLINGS as EMBEDDING_SPELLINGS
from ...errors import ConfigurationError
from ...settings import SECRETS
from ...spelling import SPELLINGS, canonical
from ..kinds import OF_KIND, WRITABLE
from ..named import Origin
from ..reading.problems import problem
from ..reading.said import Said

#: Words of ReqLLM's that are nobody else's.
_OWN = {"max_completion_tokens": "max_tokens", "receive_timeout": "timeout"}
_BUDGET, _EFFORT = "reasoning_token_budget", "reasoning_effort"


def _fields(kind: str | None) -> frozenset[str]:
    return WRITABLE | OF_KIND[kind or "chat"]


def _also(kind: str | None) -> dict[str, str]:
    return {**_OWN, **EMBEDDING_SPELLINGS} if kind == "embedding" else _OWN


def option_names(kind: str | None) -> frozenset[str]:
    """Every spelling of an option that a model of this kind has."""
    fields = _fields(kind)
    spellings = {**SPELLINGS, **_also(kind)}
    return fields | {spelling for spelling, name in spellings.items() if name in fields}


def merged(said: Said) -> dict[str, Said]:
    """Options as entries: a mapping, or a list of pairs as Elixir's keyword lists are translated."""
    if not said.is_list:
        return said.entries()
    entries: dict[str, Said] = {}
    for pair in said.items():
        parts = pair.items()
        if len(parts) != 2 or not isinstance(parts[0].data, str):
            raise pair.wrong(
                "an option is a pair of its name and its value", hint='write {"region": "us-east-1"}'
            )
        if parts[0].data in entries:
            raise pair.wrong("this option is there twice", hint="keep one")
        entries[parts[0].data] = parts[1]
    return entries


def options(said: Mapping[str, Said], kind: str | None, origin: Origin) -> dict[str, Any]:
    """Keywords of our classes. What is null is not said. A budget of reasoning wins over an effort.

    Raises:
        ConfigurationError: one option in two spellings.
    """
    given = {name: one for name, one in said.items() if one.data is not None}
    if _BUDGET in given and _EFFORT in given:
        del given[_EFFORT]
    values: dict[str, Any] = {name: _value(name, one) for name, one in given.items()}
    try:
        named = canonical(values, _fields(kind), where="this spec", also=_also(kind))
    except ConfigurationError as error:
        raise problem(origin, error.message, hint=error.hint) from None
    return {name: SecretStr(one) if name in SECRETS else one for name, one in named.items()}


def _value(name: str, said: Said) -> Any:
    if name == "receive_timeout":
        return said.number() / 1000  # ReqLLM's is in milliseconds
    if SPELLINGS.get(name, name) in SECRETS:
        return said.text()
    return said.plain()
