"""Calls with tools: how LlamaIndex's keywords for them become those of a chat, and what may be run of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    ChatResponseAsyncGen,
    ChatResponseGen,
    MessageRole,
)
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.core.llms.llm import ToolSelection
from pydantic import Field

from bedrock_unified.converse.tools import choice_and_parallel, is_none
from bedrock_unified.errors import InvalidRequestError

from .component import without_span
from .request import IMPLIED, Wishes
from .streaming import asingle_calls, single_calls
from .tools import broken_calls, first_call_only, stop_reason, tool_calls, tool_config

if TYPE_CHECKING:
    from llama_index.core.chat_engine.types import AgentChatResponse
    from llama_index.core.tools import BaseTool


class CallsTools(FunctionCallingLLM, defer_build=True):  # only what stands below it is made
    """A model that is offered tools.

    A call that LlamaIndex demands only to check it afterwards (``predict_and_call``) gives way where a model
    cannot be made to call a tool; so does the wish for one call at a time, which is LlamaIndex's default, and
    is kept by leaving out the others. What a caller demands of ``chat`` or ``chat_with_tools`` is sent, or an
    error.
    """

    is_function_calling_model: bool | None = Field(
        default=None, description="whether the model calls tools; None for what is known of it"
    )
    supports_forced_tool_calls: bool = Field(
        default=True, description="False: demands that LlamaIndex makes (tool_required) give way"
    )

    def _wishes(self, given: dict[str, Any]) -> Wishes:
        """What a call with these keywords would be made with."""
        raise NotImplementedError

    def _prepare_chat_with_tools(
        self,
        tools: Sequence[BaseTool],
        user_msg: str | ChatMessage | None = None,
        chat_history: list[ChatMessage] | None = None,
        verbose: bool = False,
        allow_parallel_tool_calls: bool = False,
        tool_required: bool = False,
        tool_choice: Any = None,
        **kwargs: Any,
    ) -> dict[str, Any]:
        """The keywords of the :meth:`chat` that offers the tools. ``chat_history`` is not changed."""
        messages = [*(chat_history or ())]
        if isinstance(user_msg, str):
            messages.append(ChatMessage(role=MessageRole.USER, content=user_msg))
        elif user_msg is not None:
            messages.append(user_msg)
        implied: set[str] = set(kwargs.pop(IMPLIED, None) or ())
        tool_choice, parallel = choice_and_parallel(tool_choice, self._wishes(kwargs).parallel_tool_calls)
        prepared: dict[str, Any] = {"messages": messages, **kwargs}
        if tools or is_none(tool_choice) or not kwargs.get("toolConfig"):
            if kwargs.get("toolConfig"):
                raise InvalidRequestError(
                    "a call was given tools next to toolConfig, which mean the same", hint="keep one of them"
                )
            config = tool_config(tools, tool_choice, required=tool_required)
            if config is not None or is_none(tool_choice):  # None switches off those of additional_kwargs
                prepared["toolConfig"] = config
        elif tool_choice or tool_required:
            prepared |= {"tool_choice": tool_choice, "tool_required": tool_required}  # refused by the call
        if tool_required and not tool_choice and not self.supports_forced_tool_calls:
            implied.add("tool_choice")
        if tools and parallel is None and not allow_parallel_tool_calls:
            parallel = False
            implied.add("parallel_tool_calls")
        if parallel is not None:
            prepared["parallel_tool_calls"] = parallel
        if implied:
            prepared[IMPLIED] = sorted(implied)
        return prepared

    def _validate_chat_with_tools_response(
        self,
        response: ChatResponse,
        tools: Sequence[BaseTool],
        allow_parallel_tool_calls: bool = False,
        **kwargs: Any,
    ) -> ChatResponse:
        """The response, with its first tool call alone where parallel ones are not wanted."""
        return response if allow_parallel_tool_calls else first_call_only(response)

    def stream_chat_with_tools(
        self,
        tools: Sequence[BaseTool],
        user_msg: str | ChatMessage | None = None,
        chat_history: list[ChatMessage] | None = None,
        verbose: bool = False,
        allow_parallel_tool_calls: bool = False,
        *args: Any,
        **kwargs: Any,
    ) -> ChatResponseGen:
        """LlamaIndex's own, which by itself would let parallel calls through that are not wanted."""
        allowed = allow_parallel_tool_calls
        responses = super().stream_chat_with_tools(
            tools, user_msg, chat_history, verbose, allowed, *args, **kwargs
        )
        return responses if allowed else single_calls(responses)

    async def astream_chat_with_tools(
        self,
        tools: Sequence[BaseTool],
        user_msg: str | ChatMessage | None = None,
        chat_history: list[ChatMessage] | None = None,
        verbose: bool = False,
        allow_parallel_tool_calls: bool = False,
        *args: Any,
        **kwargs: Any,
    ) -> ChatResponseAsyncGen:
        """The asynchronous :meth:`stream_chat_with_tools`."""
        allowed = allow_parallel_tool_calls
        responses = await super().astream_chat_with_tools(
            tools, user_msg, chat_history, verbose, allowed, *args, **kwargs
        )
        return responses if allowed else asingle_calls(responses)

    def predict_and_call(self, tools: Sequence[BaseTool], *args: Any, **kwargs: Any) -> AgentChatResponse:
        """LlamaIndex's own: the tool that the model calls is run, and its output is the answer."""
        return without_span(super().predict_and_call)(tools, *args, **self._called(kwargs))

    async def apredict_and_call(
        self, tools: Sequence[BaseTool], *args: Any, **kwargs: Any
    ) -> AgentChatResponse:
        """The asynchronous :meth:`predict_and_call`."""
        return await without_span(super().apredict_and_call)(tools, *args, **self._called(kwargs))

    def _called(self, kwargs: dict[str, Any]) -> dict[str, Any]:
        """The keywords of ``predict_and_call``.

        A demand for some tool, whose lack is an error later, is one that may give way. For models without
        tools LlamaIndex makes a ReActAgent, and hands it None for what it must not be None.
        """
        if not self.metadata.is_function_calling_model:
            from llama_index.core.agent.react.formatter import ReActChatFormatter
            from llama_index.core.agent.react.output_parser import ReActOutputParser

            parts = {"react_chat_formatter": ReActChatFormatter(), "output_parser": ReActOutputParser()}
            return {**parts, **kwargs}
        checked = kwargs.get("error_on_no_tool_call", True)
        if checked and kwargs.get("tool_required") and not kwargs.get("tool_choice"):
            return {**kwargs, IMPLIED: ["tool_choice"]}
        return kwargs

    def get_tool_calls_from_response(
        self, response: ChatResponse, error_on_no_tool_call: bool = True, **kwargs: Any
    ) -> list[ToolSelection]:
        """The tool calls of a response, or of a partial one of a stream (their input as far as it has come).

        Of a whole response the calls alone that may be run: one that was cut short (``max_tokens``), or
        whose input is no JSON object, is left out with a warning; its block stays in the message.

        Raises:
            ValueError: none, and ``error_on_no_tool_call``.
        """
        calls = tool_calls(response)
        if not calls and error_on_no_tool_call:
            broken = "".join(
                f"; the call of {call.tool_name!r} is unfinished" for call in broken_calls(response)
            )
            raise ValueError(
                "Expected at least one tool call, but got 0 tool calls "
                f"(stop reason: {stop_reason(response)}{broken})."
            )
        return calls
