"""Calls that start together by the hundred begin bit by bit, before LlamaIndex makes anything for them."""

from __future__ import annotations

from functools import wraps
from typing import Any, TypeVar

from bedrock_unified.transport.turns import Crowds

_Class = TypeVar("_Class", bound=type[Any])
_METHODS = ("achat", "acomplete", "astream_chat", "astream_complete")
#: Of a thousand at once, measured: a third fewer connections, and mostly no full garbage collection. More in
#: a turn bring it back; fewer ``at_once`` make a wave of 200 slower.
_crowds = Crowds(at_once=200, in_one=4)


def begins_in_turns(kind: _Class) -> _Class:
    """The class, its asynchronous calls in turns. One that waits has had no event, span or permit yet."""
    for name in _METHODS:
        setattr(kind, name, _in_turns(vars(kind)[name]))
    return kind


def _in_turns(method: Any) -> Any:
    @wraps(method)
    async def acalled(self: Any, *args: Any, **kwargs: Any) -> Any:
        crowd = _crowds.here()
        if (turn := crowd.turn()) is not None:
            await turn
        with crowd:
            return await method(self, *args, **kwargs)

    return acalled
