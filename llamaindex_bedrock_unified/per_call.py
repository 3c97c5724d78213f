"""Secrets of single calls, which LlamaIndex's spans and events are told like all keywords of a call."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, TypeVar

from bedrock_unified.per_call import with_hidden_secrets

_Class = TypeVar("_Class", bound=type[Any])
_Arguments = tuple[tuple[Any, ...], dict[str, Any]]
_CHATS = ("chat", "stream_chat", "complete", "stream_complete")
_TOOLS = ("chat_with_tools", "stream_chat_with_tools", "predict_and_call")
_STRUCTURED = ("structured_predict", "stream_structured_predict")
#: Where ``llm_kwargs`` stands among the arguments of the structured methods, after ``self``.
_LLM_KWARGS = 2


def hides_secrets(kind: _Class) -> _Class:
    """The class, its methods given each key of a call as something that nobody prints or stores.

    It wraps what LlamaIndex made of the methods: its spans are told the arguments, too.
    """
    for name in (*_CHATS, *_TOOLS, *_STRUCTURED):
        hide = _hidden_llm_kwargs if name in _STRUCTURED else _hidden_keywords
        for method in (name, f"a{name}"):
            if hasattr(kind, method):
                made = inspect.getattr_static(kind, method)
                if method in vars(kind):
                    _keep_signature(made)
                setattr(kind, method, _hiding(made, hide))
    return kind


def _keep_signature(method: Any) -> None:
    """LlamaIndex's spans ask for a method's signature in every call; kept, it is worked out once."""
    function = getattr(method, "__wrapped__", None)
    if inspect.isfunction(function):
        function.__signature__ = inspect.signature(function)  # type: ignore[attr-defined]


def _hiding(method: Any, hide: Callable[[tuple[Any, ...], dict[str, Any]], _Arguments]) -> Any:
    @wraps(method)
    def called(self: Any, *args: Any, **kwargs: Any) -> Any:
        args, kwargs = hide(args, kwargs)
        return method.__get__(self)(*args, **kwargs)

    @wraps(method)
    async def acalled(self: Any, *args: Any, **kwargs: Any) -> Any:
        args, kwargs = hide(args, kwargs)
        return await method.__get__(self)(*args, **kwargs)

    return acalled if inspect.iscoroutinefunction(method) else called


def _hidden_keywords(args: tuple[Any, ...], kwargs: dict[str, Any]) -> _Arguments:
    return args, with_hidden_secrets(kwargs)


def _hidden_llm_kwargs(args: tuple[Any, ...], kwargs: dict[str, Any]) -> _Arguments:
    if len(args) > _LLM_KWARGS and isinstance(given := args[_LLM_KWARGS], Mapping):
        args = (*args[:_LLM_KWARGS], with_hidden_secrets(given), *args[_LLM_KWARGS + 1 :])
    elif isinstance(given := kwargs.get("llm_kwargs"), Mapping):
        kwargs = {**kwargs, "llm_kwargs": with_hidden_secrets(given)}
    return args, kwargs
