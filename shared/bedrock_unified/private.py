"""What pydantic models keep for themselves."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel

M = TypeVar("M", bound=BaseModel)
_new = object.__new__
_set_dict = object.__setattr__
# The slots of every pydantic model; setting them through the model's class would take twice the time.
_set_given, _set_extra, _set_private = (
    vars(BaseModel)[f"__pydantic_{name}__"].__set__ for name in ("fields_set", "extra", "private")
)


def private(model: BaseModel) -> dict[str, Any]:
    """A model's private attributes by their names: the dict itself.

    As attributes they come through pydantic's ``__getattr__``, 2 us each in every call.
    """
    return model.__pydantic_private__ or {}


def made(kind: type[M], fields: dict[str, Any], given: set[str], extra: dict[str, Any] | None = None) -> M:
    """A model of these fields, unvalidated: where validators would change nothing and cost too much.

    It sets what pydantic's own copying and unpickling set.

    Args:
        kind: a class without private attributes. What its validators would do is the caller's to have done.
        fields: every field of the class; it becomes the model's ``__dict__``, and nothing in it is copied.
        given: the names of those that were given, the others being defaults.
        extra: ``{}`` where the class allows extra fields.
    """
    model = _new(kind)
    _set_dict(model, "__dict__", fields)
    _set_given(model, given)
    _set_extra(model, extra)
    _set_private(model, None)
    return model
