"""Who signs a request."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .chain import ChainIdentity
from .identity import Bearer, FixedIdentity, Identity, IdentitySource, Signer, signer_of
from .nested import ambient_profile
from .sources import choose_source
from .store import clear_keys, put_key, remove_key, stored_for

if TYPE_CHECKING:
    from .assuming import aassume_role, assume_role
    from .blob import keys_of_json

__all__ = [
    "Bearer",
    "ChainIdentity",
    "FixedIdentity",
    "Identity",
    "IdentitySource",
    "Signer",
    "aassume_role",
    "ambient_profile",
    "assume_role",
    "choose_source",
    "clear_keys",
    "keys_of_json",
    "put_key",
    "remove_key",
    "signer_of",
    "stored_for",
]

#: Loaded when they are first used: few programs do.
_HOMES = {"aassume_role": "assuming", "assume_role": "assuming", "keys_of_json": "blob"}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f".{home}", __name__), name)
    return value
