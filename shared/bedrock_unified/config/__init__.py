"""Readers of the configuration that people bring from other Bedrock clients, with one result."""

from __future__ import annotations

from .named import Configuration, NamedModel, Origin, Provider

__all__ = ["Configuration", "NamedModel", "Origin", "Provider"]
