"""The one way for a reader to refuse a configuration: file, line or key, what was found, what is allowed."""

from __future__ import annotations

import re
from collections.abc import Collection

from ...errors import ConfigurationError
from ...nearest import did_you_mean
from ...settings import shown
from ..named import Origin

_BEGINNING = re.compile(r"[^\s:='\"{}\[\],]{0,60}")
_LISTED = 30


def problem(origin: Origin, found: str, *, hint: str | None = None) -> ConfigurationError:
    """A refusal that says where.

    Args:
        found: what was found there, without any secret.
        hint: what is allowed, or what to do.
    """
    return ConfigurationError(f"{origin}: {found}", hint=hint)


def unknown_key(
    origin: Origin, name: object, known: Collection[str], *, also: Collection[str] = ()
) -> ConfigurationError:
    """A key that nobody reads, with the nearest that is known.

    Of a key with a colon or a blank in it the beginning alone is told: ``{key:value}`` is one key in YAML.

    Args:
        also: further spellings, which are not listed but may be the nearest.
    """
    begun = _BEGINNING.match(str(name))
    told = begun[0] if begun else ""
    cut = told != str(name)
    allowed = sorted(known)
    listed = ", ".join(allowed[:_LISTED]) + (f", … ({len(allowed)} in all)" if len(allowed) > _LISTED else "")
    hint = did_you_mean(told, [*known, *also]) or f"allowed here: {listed}"
    if cut and told in known:
        hint = "a blank belongs behind the colon"
    return problem(
        _without_end(origin, str(name), told), f"unknown key {shown(told + '…' if cut else told)}", hint=hint
    )


def _without_end(origin: Origin, name: str, told: str) -> Origin:
    if name == told or not origin.key.endswith(name):
        return origin
    return origin._replace(key=f"{origin.key.removesuffix(name)}{told}…")


def not_one_of(origin: Origin, value: object, allowed: Collection[str]) -> ConfigurationError:
    """A value outside a closed list. Not for secrets: the value is shown."""
    return problem(origin, f"{shown(value)} is not allowed", hint=f"must be one of: {', '.join(allowed)}")
