"""The one way for a reader to refuse a configuration: file, line or key, what was found, what is allowed."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches

from ..errors import ConfigurationError
from ..settings import shown
from .named import Origin


def problem(origin: Origin, found: str, *, hint: str | None = None) -> ConfigurationError:
    """A refusal that says where.

    Args:
        found: what was found there, without any secret.
        hint: what is allowed, or what to do.
    """
    return ConfigurationError(f"{origin}: {found}", hint=hint)


def unknown_key(origin: Origin, name: object, known: Collection[str]) -> ConfigurationError:
    """A key that nobody reads, with the nearest that is known."""
    near = get_close_matches(str(name), known, n=1, cutoff=0.6)
    return problem(
        origin,
        f"unknown key {shown(name)}",
        hint=f"did you mean {near[0]!r}?" if near else f"allowed here: {', '.join(sorted(known))}",
    )


def not_one_of(origin: Origin, value: object, allowed: Collection[str]) -> ConfigurationError:
    """A value outside a closed list. Not for secrets: the value is shown."""
    return problem(origin, f"{shown(value)} is not allowed", hint=f"must be one of: {', '.join(allowed)}")
