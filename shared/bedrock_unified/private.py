"""What pydantic models keep for themselves."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel


def private(model: BaseModel) -> dict[str, Any]:
    """A model's private attributes by their names: the dict itself.

    As attributes they come through pydantic's ``__getattr__``, 2 us each in every call.
    """
    return model.__pydantic_private__ or {}
