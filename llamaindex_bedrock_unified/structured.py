"""Structured answers: the object's schema as a tool that the model has to call.

LlamaIndex's own program does not demand the call in streams (a model that answers in text then gives empty
objects without a word), and its asynchronous form leaves the model's ``system_prompt`` out.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator, Mapping
from typing import Any, Generic, TypeVar, cast

from llama_index.core.base.llms.types import ChatResponse
from llama_index.core.chat_engine.types import AgentChatResponse
from llama_index.core.instrumentation.events.llm import (
    LLMStructuredPredictEndEvent,
    LLMStructuredPredictStartEvent,
)
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.core.program.function_program import FunctionCallingProgram, get_function_tool
from llama_index.core.program.utils import process_streaming_objects
from llama_index.core.prompts.base import BasePromptTemplate, PromptTemplate
from llama_index.core.types import PydanticProgramMode
from llama_index_instrumentation import get_dispatcher
from pydantic import BaseModel, PydanticUserError, ValidationError

from bedrock_unified.errors import InvalidRequestError

_Object = TypeVar("_Object", bound=BaseModel)
_dispatcher = get_dispatcher(__name__)
#: Modes of ``pydantic_program_mode`` that mean tools, for a model that can call them.
_MODES = (PydanticProgramMode.DEFAULT, PydanticProgramMode.FUNCTION)


class StructuredByTools(FunctionCallingLLM):
    """A model whose structured answers are tool calls: demanded in every way, with the system prompt."""

    @_dispatcher.span
    def structured_predict(
        self,
        output_cls: type[_Object],
        prompt: PromptTemplate,
        llm_kwargs: dict[str, Any] | None = None,
        **prompt_args: Any,
    ) -> _Object:
        """An object of the class, which the model fills by calling a tool.

        Raises:
            ValueError: the model answered otherwise; see :class:`SchemaProgram`.
        """
        if not by_tools(self):
            return super().structured_predict(output_cls, prompt, llm_kwargs, **prompt_args)
        _told(output_cls, prompt, prompt_args)
        result = SchemaProgram(self, output_cls, prompt, llm_kwargs, prompt_args).call()
        _dispatcher.event(LLMStructuredPredictEndEvent(output=result))
        return result

    @_dispatcher.span
    async def astructured_predict(
        self,
        output_cls: type[_Object],
        prompt: PromptTemplate,
        llm_kwargs: dict[str, Any] | None = None,
        **prompt_args: Any,
    ) -> _Object:
        """The asynchronous :meth:`structured_predict`."""
        if not by_tools(self):
            return await super().astructured_predict(output_cls, prompt, llm_kwargs, **prompt_args)
        _told(output_cls, prompt, prompt_args)
        result = await SchemaProgram(self, output_cls, prompt, llm_kwargs, prompt_args).acall()
        _dispatcher.event(LLMStructuredPredictEndEvent(output=result))
        return result

    def _structured_stream_call(
        self,
        output_cls: type[_Object],
        prompt: PromptTemplate,
        llm_kwargs: dict[str, Any] | None = None,
        **prompt_args: Any,
    ) -> Generator[Any, None, None]:
        if not by_tools(self):
            return super()._structured_stream_call(output_cls, prompt, llm_kwargs, **prompt_args)
        return SchemaProgram(self, output_cls, prompt, llm_kwargs, prompt_args).stream()

    async def _structured_astream_call(
        self,
        output_cls: type[_Object],
        prompt: PromptTemplate,
        llm_kwargs: dict[str, Any] | None = None,
        **prompt_args: Any,
    ) -> AsyncGenerator[Any, None]:
        if not by_tools(self):
            return await super()._structured_astream_call(output_cls, prompt, llm_kwargs, **prompt_args)
        return SchemaProgram(self, output_cls, prompt, llm_kwargs, prompt_args).astream()


def by_tools(llm: FunctionCallingLLM) -> bool:
    """Whether structured answers of this model are tool calls."""
    return llm.pydantic_program_mode in _MODES and llm.metadata.is_function_calling_model


class SchemaProgram(Generic[_Object]):
    """One structured answer. ``llm_kwargs`` may hold any keyword of a call; ``tool_choice`` other than the
    demand included (models that think cannot be made to call a tool): an answer in text is then an error.

    Raises:
        InvalidRequestError: a class without a JSON schema.
        ValueError: the model did not call the tool, not to the end, or with values that are not the class's.
    """

    def __init__(
        self,
        llm: FunctionCallingLLM,
        output_cls: type[_Object],
        prompt: BasePromptTemplate,
        llm_kwargs: Mapping[str, Any] | None,
        prompt_args: Mapping[str, Any],
    ) -> None:
        self._llm = llm
        self._class = output_cls
        self._program = FunctionCallingProgram[Any](output_cls, llm, prompt)
        try:
            tool = get_function_tool(output_cls)
        except PydanticUserError as error:
            raise InvalidRequestError(
                f"{output_cls.__name__} has a field without a JSON schema: {error.message:.300}",
                hint="use fields that a model can write",
            ) from error
        messages = prompt.format_messages(llm=llm, **prompt_args)
        given = {"tool_required": True, **(llm_kwargs or {}), "allow_parallel_tool_calls": False}
        self._asked: dict[str, Any] = {
            "tools": [tool],
            "chat_history": llm._extend_messages(messages),
            **given,
        }

    def call(self) -> _Object:
        """The object."""
        return self._object(self._llm.predict_and_call(**self._asked))

    async def acall(self) -> _Object:
        """The object."""
        return self._object(await self._llm.apredict_and_call(**self._asked))

    def _object(self, answered: AgentChatResponse) -> _Object:
        return cast(_Object, self._program._parse_tool_outputs(answered))

    def stream(self) -> Generator[Any, None, None]:
        """The object as it is filled, from when the model starts to; the last one is whole."""
        responses = self._llm.stream_chat_with_tools(**self._asked)
        shown = last = None
        try:
            for last in responses:
                if _has_call(last):
                    shown = self._partial(last, shown)
                    yield shown
            yield self._whole(last)
        finally:
            responses.close()

    async def astream(self) -> AsyncGenerator[Any, None]:
        """The asynchronous :meth:`stream`; the request is sent with the first item."""
        responses = await self._llm.astream_chat_with_tools(**self._asked)
        shown = last = None
        try:
            async for last in responses:
                if _has_call(last):
                    shown = self._partial(last, shown)
                    yield shown
            yield self._whole(last)
        finally:
            await responses.aclose()

    def _partial(self, response: ChatResponse, before: Any) -> Any:
        objects = None if before is None else [before]
        return process_streaming_objects(response, self._class, cur_objects=objects, llm=self._llm)

    def _whole(self, response: ChatResponse | None) -> _Object:
        if response is None:
            raise ValueError("the stream of a structured answer was empty")
        (call, *_) = self._llm.get_tool_calls_from_response(response)
        try:
            return self._class.model_validate(call.tool_kwargs)
        except ValidationError as error:
            raise ValueError(
                f"the model's answer could not be read as {self._class.__name__}: {error}"
            ) from error


def _has_call(response: ChatResponse) -> bool:
    """Whether a response of a stream is a partial one that shows a call."""
    raw = response.raw
    return (
        bool(response.message.additional_kwargs.get("tool_calls"))
        and isinstance(raw, Mapping)
        and "stopReason" not in raw
    )


def _told(output_cls: type[BaseModel], prompt: BasePromptTemplate, prompt_args: dict[str, Any]) -> None:
    _dispatcher.event(
        LLMStructuredPredictStartEvent(output_cls=output_cls, template=prompt, template_args=prompt_args)
    )
