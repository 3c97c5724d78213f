"""Answers of the control plane and of ApplyGuardrail, brought to botocore's shapes."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

_TIMES = frozenset(
    {
        "createdAt",
        "updatedAt",
        "startOfLifeTime",
        "endOfLifeTime",
        "legacyTime",
        "publicExtendedAccessTime",
    }
)


def with_times(value: Any) -> Any:
    """ISO-8601 texts of the modelled time members as ``datetime``, as botocore gives them. In place."""
    if isinstance(value, list):
        for item in cast("list[Any]", value):
            with_times(item)
    elif isinstance(value, dict):
        members = cast("dict[str, Any]", value)
        for name, item in members.items():
            if name in _TIMES and isinstance(item, str):
                members[name] = datetime.fromisoformat(item)
            else:
                with_times(item)
    return cast("Any", value)


def without_nulls(value: Any) -> Any:
    """Without the members that AWS sends as null; for answers that hold no document of the caller's."""
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value)
        return {name: without_nulls(item) for name, item in members.items() if item is not None}
    if isinstance(value, list):
        return [without_nulls(item) for item in cast("list[Any]", value)]
    return value
