"""Who signs a request."""

from __future__ import annotations

from .identity import Bearer, FixedIdentity, Identity, IdentitySource
from .sources import ChainIdentity, ambient_profile, choose_source

__all__ = [
    "Bearer",
    "ChainIdentity",
    "FixedIdentity",
    "Identity",
    "IdentitySource",
    "ambient_profile",
    "choose_source",
]
