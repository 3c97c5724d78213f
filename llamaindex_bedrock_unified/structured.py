"""Structured answers: objects of a class, by the best way that the model has.

What is sent for them, and how the answers are read, is :mod:`.schema_program`'s.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from llama_index.core.instrumentation.events.llm import (
    LLMStructuredPredictEndEvent,
    LLMStructuredPredictStartEvent,
)
from llama_index.core.prompts.base import BasePromptTemplate, PromptTemplate
from llama_index.core.types import PydanticProgramMode
from llama_index_instrumentation import get_dispatcher
from pydantic import BaseModel

from .calling import CallsTools

if TYPE_CHECKING:
    from llama_index.core.llms.structured_llm import StructuredLLM

    from .schema_program import SchemaProgram

_Object = TypeVar("_Object", bound=BaseModel)
_dispatcher = get_dispatcher(__name__)
#: The core's method for each mode that it serves; the others are LlamaIndex's own programs.
METHODS = {
    PydanticProgramMode.DEFAULT: None,
    PydanticProgramMode.FUNCTION: "function_calling",
    PydanticProgramMode.LLM: "json_text",
}


class StructuredByTools(CallsTools):
    """A model that answers with objects: asked in every way alike, with the system prompt.

    ``pydantic_program_mode``: ``DEFAULT`` is the best way that the model has (its native structured output, a
    strict tool, a tool, JSON in text), ``FUNCTION`` a tool, ``LLM`` JSON in text; with the others
    LlamaIndex's own programs run.
    """

    def as_structured_llm(self, output_cls: type[BaseModel], **kwargs: Any) -> StructuredLLM:
        """A model whose answers are objects of the class, in ``raw``; their JSON is the text."""
        from .structured_model import BedrockStructuredLLM

        return BedrockStructuredLLM(llm=self, output_cls=output_cls, **kwargs)

    @_dispatcher.span
    def structured_predict(
        self,
        output_cls: type[_Object],
        prompt: PromptTemplate,
        llm_kwargs: dict[str, Any] | None = None,
        **prompt_args: Any,
    ) -> _Object:
        """An object of the class, which the model fills.

        Raises:
            StructuredOutputError: the model answered otherwise; see :class:`~.schema_program.SchemaProgram`.
        """
        if not is_ours(self):
            return super().structured_predict(output_cls, prompt, llm_kwargs, **prompt_args)
        _told(output_cls, prompt, prompt_args)
        result = _program(self, output_cls, prompt, llm_kwargs, prompt_args).call()
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
        if not is_ours(self):
            return await super().astructured_predict(output_cls, prompt, llm_kwargs, **prompt_args)
        _told(output_cls, prompt, prompt_args)
        result = await _program(self, output_cls, prompt, llm_kwargs, prompt_args).acall()
        _dispatcher.event(LLMStructuredPredictEndEvent(output=result))
        return result

    def _structured_stream_call(
        self,
        output_cls: type[_Object],
        prompt: PromptTemplate,
        llm_kwargs: dict[str, Any] | None = None,
        **prompt_args: Any,
    ) -> Generator[Any, None, None]:
        if not is_ours(self):
            return super()._structured_stream_call(output_cls, prompt, llm_kwargs, **prompt_args)
        return _program(self, output_cls, prompt, llm_kwargs, prompt_args).stream()

    async def _structured_astream_call(
        self,
        output_cls: type[_Object],
        prompt: PromptTemplate,
        llm_kwargs: dict[str, Any] | None = None,
        **prompt_args: Any,
    ) -> AsyncGenerator[Any, None]:
        if not is_ours(self):
            return await super()._structured_astream_call(output_cls, prompt, llm_kwargs, **prompt_args)
        return _program(self, output_cls, prompt, llm_kwargs, prompt_args).astream()


def is_ours(llm: CallsTools) -> bool:
    """Whether structured answers of this model are asked for here, and not by a program of LlamaIndex's."""
    mode = llm.pydantic_program_mode
    return mode in METHODS and (
        mode != PydanticProgramMode.FUNCTION or llm.metadata.is_function_calling_model
    )


def _program(
    llm: CallsTools,
    output_cls: type[_Object],
    prompt: BasePromptTemplate,
    llm_kwargs: Mapping[str, Any] | None,
    prompt_args: Mapping[str, Any],
) -> SchemaProgram[_Object]:
    from .schema_program import SchemaProgram  # few ask for it

    return SchemaProgram(llm, output_cls, prompt, llm_kwargs, prompt_args)


def _told(output_cls: type[BaseModel], prompt: BasePromptTemplate, prompt_args: dict[str, Any]) -> None:
    _dispatcher.event(
        LLMStructuredPredictStartEvent(output_cls=output_cls, template=prompt, template_args=prompt_args)
    )
