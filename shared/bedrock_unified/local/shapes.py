"""Reading nested JSON whose optional parts may be absent or null, with types."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any, cast


def under(value: Mapping[str, Any], key: str) -> dict[str, Any]:
    """The object ``value`` has under ``key``; an empty one where it has none."""
    inner = value.get(key)
    return cast("dict[str, Any]", inner) if isinstance(inner, dict) else {}


def listed(value: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    """The list of objects ``value`` has under ``key``; an empty one where it has none."""
    inner = value.get(key)
    return cast("list[dict[str, Any]]", inner) if isinstance(inner, list) else []


def as_object(value: Any) -> dict[str, Any]:
    """``value`` where it is an object, else an empty one."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def botocore(module: str) -> Any:
    """A module of botocore, loaded when first asked for; botocore carries no types."""
    return importlib.import_module(f"botocore.{module}")
