"""Embedding many inputs: planned into requests, sent at once, put together in order."""

from __future__ import annotations

from ..invoke.embeddings.family import EmbeddingOptions
from .plan import DEFAULT_MODEL, Embeddings, HowToEmbed, Plan, planned
from .running import aembedded, embedded

__all__ = [
    "DEFAULT_MODEL",
    "EmbeddingOptions",
    "Embeddings",
    "HowToEmbed",
    "Plan",
    "aembedded",
    "embedded",
    "planned",
]
