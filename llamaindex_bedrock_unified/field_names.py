"""Objects that a model writes by the aliases of a Pydantic class, under the names of the class's fields."""

from __future__ import annotations

from collections.abc import Mapping
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import AliasChoices, BaseModel
from pydantic.fields import FieldInfo


def by_field_name(value: Any, kind: Any) -> Any:
    """A value of this type that need not be whole, its keys that are aliases as the names of their fields.

    Objects inside it too, where the type says what they are: a class, one or None, or a list of one.
    """
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return _named(value, kind) if isinstance(value, Mapping) else value
    origin, parts = get_origin(kind), [part for part in get_args(kind) if part is not NoneType]
    if origin is list and isinstance(value, list):
        return [by_field_name(each, parts[0]) for each in value]
    if origin in (Union, UnionType) and len(parts) == 1:
        return by_field_name(value, parts[0])
    return value


def _named(value: Mapping[str, Any], kind: type[BaseModel]) -> dict[str, Any]:
    fields = kind.model_fields
    names = {alias: name for name, field in fields.items() for alias in _aliases(field)}
    named = {names.get(key, key): held for key, held in value.items()}
    return {
        name: by_field_name(held, fields[name].annotation) if name in fields else held
        for name, held in named.items()
    }


def _aliases(field: FieldInfo) -> list[str]:
    alias = field.validation_alias
    held = alias.choices if isinstance(alias, AliasChoices) else [alias]
    return [each for each in held if isinstance(each, str)]
