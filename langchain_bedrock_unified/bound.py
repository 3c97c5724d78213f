"""A model with keywords bound to it, which keeps them when tools or a schema are bound on top."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from langchain_core.runnables import Runnable, RunnableBinding

from bedrock_unified.per_call import with_hidden_secrets

if TYPE_CHECKING:  # the same at run time, with the types of a chat model's events
    from langchain_core.language_models.chat_models import _ChatModelBinding as _Binding
else:
    _Binding = RunnableBinding


#: What belongs to tools, and goes when others take their place.
_OF_TOOLS = ("tools", "tool_choice", "tool_choice_implied")


class BoundModel(_Binding):
    """LangChain's binding of a :class:`~langchain_bedrock_unified.ChatBedrock`.

    langchain-core's own hands ``bind_tools`` and ``with_structured_output`` to the bare model, and what was
    bound before is lost without a word: ``model.bind_tools([…]).with_structured_output(…)`` has no tools.
    Written down it is langchain-core's own class.
    """

    def __init__(self, *, kwargs: Mapping[str, Any] | None = None, **members: Any) -> None:
        # A key that is bound is for calls alone: it is printed nowhere, and empty where it is written down.
        super().__init__(kwargs=with_hidden_secrets(kwargs or {}), **members)

    def bind_tools(self, tools: Any, **kwargs: Any) -> Runnable[Any, Any]:
        """:meth:`ChatBedrock.bind_tools`, beside what is bound already.

        Tools that were bound make way, with the choice among them; a choice that was bound alone stays.
        """
        return self._on_top(self.bound.bind_tools(tools, **kwargs))  # type: ignore[attr-defined]

    def with_structured_output(self, schema: Any = None, **kwargs: Any) -> Runnable[Any, Any]:
        """:meth:`ChatBedrock.with_structured_output`, beside what is bound already."""
        asking = self.bound.with_structured_output(schema, **{**self.kwargs, **kwargs})  # type: ignore[attr-defined]
        if self.config_factories:
            return RunnableBinding(
                bound=asking, kwargs={}, config=self.config, config_factories=self.config_factories
            )
        return asking.with_config(self.config) if self.config else asking

    def with_alisteners(self, **listeners: Any) -> Runnable[Any, Any]:
        """LangChain's, which are kept as those of ``with_listeners`` are."""
        heard: Any = super().with_alisteners(**listeners)
        return self._with(config_factories=[*heard.config_factories, *self.config_factories])

    def get_num_tokens_from_messages(self, messages: Any, tools: Any = None) -> int:
        """:meth:`ChatBedrock.get_num_tokens_from_messages`, of a call with what is bound."""
        bound: Any = self.bound
        if bound.custom_get_token_ids is not None:
            return bound.get_num_tokens_from_messages(messages, tools or self.kwargs.get("tools"))
        call = dict(self.kwargs)
        if tools is not None:
            call = {name: value for name, value in call.items() if not name.startswith("tool")}
            call |= {"tools": tools} if tools else {}
        return bound._counted(messages, call)

    def _on_top(self, binding: Any) -> Runnable[Any, Any]:
        held = dict(self.kwargs)
        if held.get("tools"):
            for name in _OF_TOOLS:
                held.pop(name, None)
        if "tool_choice" in binding.kwargs:
            held.pop("tool_choice_implied", None)
        return self._with(kwargs={**held, **binding.kwargs})

    def _with(self, **changed: Any) -> BoundModel:
        """The binding with other members; its configuration and who listens to its runs are among them."""
        return type(self)(**{**self.__dict__, **changed})

    @classmethod
    def lc_id(cls) -> list[str]:
        """langchain-core's own, whose namespace ``loads`` knows."""
        return RunnableBinding.lc_id()
