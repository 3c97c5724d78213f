"""Middleware for LangChain's agents: prompt caching, and a guardrail before and after the model.

Needs the extra ``agents`` (the package ``langchain``).

>>> from langchain.agents import create_agent  # doctest: +SKIP
>>> agent = create_agent(  # doctest: +SKIP
...     model, tools, middleware=[BedrockPromptCachingMiddleware(), BedrockGuardrailMiddleware(guardrail)]
... )
"""

from __future__ import annotations

import warnings
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Literal

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langchain_core.runnables import RunnableBinding
from langchain_core.runnables.configurable import RunnableConfigurableFields

from bedrock_unified.models.profile import profile_of

from .chat_models import ChatBedrock
from .checks import kinds_of
from .errors import ConfigurationError, InvalidRequestError
from .guardrail import BedrockGuardrail

try:
    from langchain.agents.middleware import AgentMiddleware, ModelRequest, ModelResponse, hook_config
except ImportError:
    raise ImportError(
        "langchain_bedrock_unified.middleware needs the package langchain; install it with: "
        'pip install "bedrock-unified[agents]"'
    ) from None

_State = Any
_BEHAVIOURS = ("warn", "ignore", "raise")
_TTLS = (None, "5m", "1h")


class BedrockPromptCachingMiddleware(AgentMiddleware[Any, Any, Any]):
    """Has each call of the agent's model cache its prompt: ``prompt_cache="auto"`` of ``ChatBedrock``.

    What the call says itself, in the request's ``model_settings``, stands above it.

    Args:
        type: ``ephemeral``, the only kind of cache that there is.
        ttl: how long it lives, ``5m`` or ``1h``; None leaves it to Bedrock (5 minutes).
        min_messages_to_cache: messages, the system's included, from which a call caches.
        unsupported_model_behavior: what becomes of a model that is none of Bedrock's, that is known to cache
            nothing, or not for so long: ``warn`` and ``ignore`` call it without what it lacks.

    Raises:
        ConfigurationError: a value that is none.
        InvalidRequestError: by calls: an unsupported model, with ``raise``.
    """

    def __init__(
        self,
        type: Literal["ephemeral"] = "ephemeral",
        ttl: Literal["5m", "1h"] | None = None,
        min_messages_to_cache: int = 0,
        unsupported_model_behavior: Literal["warn", "ignore", "raise"] = "warn",
    ) -> None:
        super().__init__()
        _check("type", type, ("ephemeral",))
        _check("ttl", ttl, _TTLS)
        _check("unsupported_model_behavior", unsupported_model_behavior, _BEHAVIOURS)
        count: object = min_messages_to_cache
        if isinstance(count, bool) or not isinstance(count, int) or count < 0:
            raise ConfigurationError(f"min_messages_to_cache is {count!r:.80}", hint="a whole number from 0")
        self.ttl = ttl
        self.min_messages_to_cache = min_messages_to_cache
        self.unsupported_model_behavior = unsupported_model_behavior

    def wrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], ModelResponse[Any]]
    ) -> ModelResponse[Any]:
        """Call the model with its prompt cached."""
        return handler(self._caching(request))

    async def awrap_model_call(
        self,
        request: ModelRequest[Any],
        handler: Callable[[ModelRequest[Any]], Awaitable[ModelResponse[Any]]],
    ) -> ModelResponse[Any]:
        """The asynchronous :meth:`wrap_model_call`."""
        return await handler(self._caching(request))

    def _caching(self, request: ModelRequest[Any]) -> ModelRequest[Any]:
        count = len(request.messages) + (request.system_message is not None)
        if count < self.min_messages_to_cache:
            return request
        model, bound = _behind(request.model)
        if not isinstance(model, ChatBedrock):
            self._unsupported(f"{type(model).__name__} is no model of langchain_bedrock_unified")
            return request
        said = {**bound, **request.model_settings}
        model_id = said.get("model") or said.get("model_id") or model.model_id
        profile = profile_of(model_id, family=model.model_family, overrides=model.capabilities)
        if not profile.cache_places:
            self._unsupported(f"{model_id} has no prompt cache")
            return request
        ours: dict[str, Any] = {"prompt_cache": "auto"}
        if self.ttl in profile.cache_ttls:
            ours["prompt_cache_ttl"] = self.ttl
        elif self.ttl is not None:
            self._unsupported(f"{model_id} has no prompt cache of {self.ttl}")
        ours = {name: value for name, value in ours.items() if name not in said}
        return request.override(model_settings={**ours, **request.model_settings})

    def _unsupported(self, what: str) -> None:
        if self.unsupported_model_behavior == "raise":
            raise InvalidRequestError(
                f"prompt caching: {what}",
                hint="unsupported_model_behavior='warn' or 'ignore', or the model's capabilities=",
            )
        if self.unsupported_model_behavior == "warn":
            warnings.warn(f"prompt caching: {what}; the call goes without it", stacklevel=2)


class BedrockGuardrailMiddleware(AgentMiddleware[Any, Any, Any]):
    """Has a guardrail judge what the agent's model is given, and what it answers.

    Before the model the messages since its last answer are judged, each once: the user's and the results of
    tools; with the guardrail's ``scope="all"``, those of the whole history that it has not seen. By its
    ``action``, when it intervenes:

    - ``return``: masked text takes the text's place, in the agent's state, too. A blocked text is replaced by
      the guardrail's message, which ends the run as the answer, without a call of the model; so does a
      blocked answer, which calls no tools.
    - ``raise``: :class:`~langchain_bedrock_unified.errors.GuardrailIntervened`.
    - ``annotate``: the outcome is in the messages' ``response_metadata["guardrail"]``, nothing is changed.

    A structured response whose text was blocked or masked is taken back (None). Tokens that are streamed to
    the user have passed before the answer is judged; give the guardrail to the model for those
    (``guardrail_identifier`` of ``ChatBedrock``).

    Args:
        guardrail: the guardrail; without it ``given`` are the parameters of one (``guardrail_identifier`` and
            ``guardrail_version``, or ``checks``).
        check_input: whether it judges before the model.
        check_output: whether it judges after it.

    Raises:
        ConfigurationError: neither a guardrail nor parameters of one, both, or half of them.
    """

    def __init__(
        self,
        guardrail: BedrockGuardrail | None = None,
        *,
        check_input: bool = True,
        check_output: bool = True,
        **given: Any,
    ) -> None:
        super().__init__()
        if guardrail is not None and given:
            raise ConfigurationError(
                f"a guardrail and {', '.join(given)} beside it, which would be ignored",
                hint="give them to the BedrockGuardrail",
            )
        self.guardrail = BedrockGuardrail(**given) if guardrail is None else guardrail
        self.check_input = check_input
        self.check_output = check_output
        # Which messages are judged is decided here; of those that it gets it judges all.
        self._judge = self.guardrail.model_copy(update={"scope": "all"})

    @property
    def name(self) -> str:
        """Its name among an agent's middleware, another one for each guardrail, and for each side alone."""
        guard = self.guardrail
        which = (guard.guardrail_identifier or "").rpartition("/")[2] or "+".join(
            kinds_of(guard.checks or {})
        )
        if self.check_input != self.check_output:
            which += ".input" if self.check_input else ".output"
        return f"{type(self).__name__}.{which}"

    @hook_config(can_jump_to=["end"])
    def before_model(self, state: _State, runtime: Any) -> dict[str, Any] | None:
        """Judge what is new since the last answer."""
        asked = self._asked(state["messages"])
        return self._before(asked, self._judge.invoke(asked)) if asked else None

    @hook_config(can_jump_to=["end"])
    async def abefore_model(self, state: _State, runtime: Any) -> dict[str, Any] | None:
        """The asynchronous :meth:`before_model`; several messages are judged at once."""
        asked = self._asked(state["messages"])
        return self._before(asked, await self._judge.ainvoke(asked)) if asked else None

    @hook_config(can_jump_to=["end"])
    def after_model(self, state: _State, runtime: Any) -> dict[str, Any] | None:
        """Judge the answer."""
        answered = self._answered(state["messages"])
        return self._after(answered, self._judge.invoke(answered), state) if answered else None

    @hook_config(can_jump_to=["end"])
    async def aafter_model(self, state: _State, runtime: Any) -> dict[str, Any] | None:
        """The asynchronous :meth:`after_model`."""
        answered = self._answered(state["messages"])
        return self._after(answered, await self._judge.ainvoke(answered), state) if answered else None

    def _asked(self, messages: Sequence[BaseMessage]) -> list[BaseMessage]:
        if not self.check_input:
            return []
        start = 0
        if self.guardrail.scope == "last":
            answers = [index for index, message in enumerate(messages) if isinstance(message, AIMessage)]
            start = answers[-1] + 1 if answers else 0
        return [
            message
            for message in messages[start:]
            if isinstance(message, (HumanMessage, ToolMessage)) and not self._has_judged(message)
        ]

    def _has_judged(self, message: BaseMessage) -> bool:
        told = message.response_metadata
        outcomes = [
            *told.get("earlier_guardrails", ()),
            *([told["guardrail"]] if "guardrail" in told else ()),
        ]
        return any(outcome.get("judge") == self.name for outcome in outcomes)

    def _answered(self, messages: Sequence[BaseMessage]) -> list[BaseMessage]:
        answers: list[BaseMessage] = [message for message in messages if isinstance(message, AIMessage)]
        return answers[-1:] if self.check_output else []

    def _before(self, asked: list[BaseMessage], judged: list[BaseMessage]) -> dict[str, Any] | None:
        changed = self._changed(asked, judged)
        blocked = next((message for message in changed if _is_blocked(message)), None)
        if blocked is None or self.guardrail.action != "return":
            return {"messages": changed} if changed else None
        metadata = {"guardrail": blocked.response_metadata["guardrail"], "stopReason": "guardrail_intervened"}
        answer = AIMessage(str(blocked.text), response_metadata=metadata)
        return {"messages": [*changed, answer], "jump_to": "end"}

    def _after(
        self, answered: list[BaseMessage], judged: list[BaseMessage], state: _State
    ) -> dict[str, Any] | None:
        changed = self._changed(answered, judged)
        if not changed:
            return None
        update: dict[str, Any] = {"messages": changed}
        replaced = changed[0].content != answered[0].content
        if replaced and state.get("structured_response") is not None:
            # It was read from what may not be said. An agent without one would ask the model again.
            return {**update, "structured_response": None, "jump_to": "end"}
        return update

    def _changed(self, before: list[BaseMessage], after: list[BaseMessage]) -> list[BaseMessage]:
        """The messages that are to take the place of those with their ids, marked as judged."""
        changed: list[BaseMessage] = []
        for old, new in zip(before, after, strict=True):
            if new is not old:
                told = new.response_metadata
                outcome = {**told["guardrail"], "judge": self.name}
                marked = {"response_metadata": {**told, "guardrail": outcome}}
                changed.append(new.model_copy(update=marked))
        return changed


def _behind(model: Any) -> tuple[Any, dict[str, Any]]:
    """The model behind keywords that are bound to it, or behind what a run may choose of it; the keywords."""
    bound: dict[str, Any] = {}
    while True:
        if isinstance(model, RunnableBinding):
            model, bound = model.bound, {**model.kwargs, **bound}
        elif isinstance(model, RunnableConfigurableFields):
            model = model.default
        else:
            return model, bound


def _is_blocked(message: BaseMessage) -> bool:
    return bool(message.response_metadata["guardrail"]["blocked"])


def _check(name: str, value: Any, allowed: tuple[Any, ...]) -> None:
    if value not in allowed:
        listed = ", ".join(repr(choice) for choice in allowed)
        raise ConfigurationError(f"{name} is {value!r:.80}", hint=f"one of {listed}")
