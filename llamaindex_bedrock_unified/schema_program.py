"""One structured answer: how it is asked for, and how it is read, whole or as it comes.

LlamaIndex's own program knows tools alone, does not demand the call in streams (a model that answers in text
then gives empty objects without a word), and its asynchronous form leaves the model's ``system_prompt`` out.
Its program for JSON in text reads streams that hold anything beside the JSON as empty objects.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator, Mapping
from typing import Any, Generic, TypeVar, cast

from llama_index.core.base.llms.types import ChatMessage, ChatResponse, ToolCallBlock
from llama_index.core.program.utils import FlexibleModel, create_flexible_model
from llama_index.core.prompts.base import BasePromptTemplate
from pydantic import BaseModel, PydanticUserError, ValidationError

from bedrock_unified import errors as core
from bedrock_unified.converse.structured import Answer, Reading, may_force_tools, with_schema
from bedrock_unified.converse.tools import choice_and_parallel, is_none, tool_choice
from bedrock_unified.errors import InvalidRequestError

from .call_values import system_blocks
from .calling import CallsTools
from .field_names import by_field_name
from .request import IMPLIED
from .structured import METHODS

_Object = TypeVar("_Object", bound=BaseModel)
_MODES = (
    ("the method json_schema or function_calling", "pydantic_program_mode 'default' or 'function'"),
    ("the method json_schema", "pydantic_program_mode 'default'"),
)
#: Keywords of LlamaIndex's calls with tools, which are read here.
_TOOL_KEYWORDS = ("tool_choice", "tool_required", "allow_parallel_tool_calls")


class StructuredOutputError(core.StructuredOutputError, ValueError):
    """The model answered, but not with an object of the class; ``partial`` is the whole Converse response."""


class SchemaProgram(Generic[_Object]):
    """One structured answer. ``llm_kwargs`` may hold any keyword of a call; ``tool_choice`` other than the
    demand included, which asks for a tool whatever the model has: an answer in text is then an error.

    Raises:
        InvalidRequestError: a class without a JSON schema.
        StructuredOutputError: the model refused, was cut off, or did not answer with values of the class.
    """

    def __init__(
        self,
        llm: CallsTools,
        output_cls: type[_Object],
        prompt: BasePromptTemplate,
        llm_kwargs: Mapping[str, Any] | None,
        prompt_args: Mapping[str, Any],
    ) -> None:
        self._llm = llm
        self._class = output_cls
        self._flexible = create_flexible_model(output_cls)
        self._messages: list[ChatMessage] = list(
            llm._extend_messages(prompt.format_messages(llm=llm, **prompt_args))
        )
        self._asked, self._reading = _asked(llm, output_cls, llm_kwargs or {})

    def call(self) -> _Object:
        """The object."""
        return self._whole(self._llm.chat(self._messages, **self._asked))

    async def acall(self) -> _Object:
        """The object."""
        return self._whole(await self._llm.achat(self._messages, **self._asked))

    def stream(self) -> Generator[Any, None, None]:
        """The object as it is filled, from when the model starts to; the last one is whole."""
        responses = cast(
            Generator[ChatResponse, None, None], self._llm.stream_chat(self._messages, **self._asked)
        )
        last = shown = None
        try:
            for last in responses:
                if (partial := self._partial(last)) is not None and partial != shown:
                    shown = partial
                    yield partial
            yield self._whole(last)
        finally:
            responses.close()

    async def astream(self) -> AsyncGenerator[Any, None]:
        """The asynchronous :meth:`stream`; the request is sent with the first item."""
        stream = await self._llm.astream_chat(self._messages, **self._asked)
        responses = cast(AsyncGenerator[ChatResponse, None], stream)
        last = shown = None
        try:
            async for last in responses:
                if (partial := self._partial(last)) is not None and partial != shown:
                    shown = partial
                    yield partial
            yield self._whole(last)
        finally:
            await responses.aclose()

    def _partial(self, response: ChatResponse) -> _Object | FlexibleModel | None:
        """The object so far: one of the class where its values are all there, else one that lacks some."""
        if _stop_reason(response) is not None:
            return None  # the whole response, which is read strictly
        value = self._reading.so_far(_answer(response))
        if value is None:
            return None
        try:
            return self._class.model_validate(value)
        except ValidationError:
            if not isinstance(value, Mapping):
                return None
            return self._flexible.model_validate(by_field_name(value, self._class))

    def _whole(self, response: ChatResponse | None) -> _Object:
        if response is None:
            raise StructuredOutputError("the stream of a structured answer was empty", hint="try again")
        raw = response.raw if isinstance(response.raw, Mapping) else {}
        try:
            value = self._reading.read(_answer(response), raw)
        except core.StructuredOutputError as error:
            details = {**error.details(), "hint": _as_called_here(error.hint)}
            raise StructuredOutputError(error.message, **details) from None
        try:
            return self._class.model_validate(value)
        except ValidationError as error:
            found = "; ".join(
                f"{'.'.join(map(str, each['loc'])) or 'it'}: {each['msg']}"
                for each in error.errors(include_url=False, include_input=False)
            )
            raise StructuredOutputError(
                f"the model's answer could not be read as {self._class.__name__}: {found[:600]}",
                hint="try again, or describe the fields that the model gets wrong",
                partial=dict(raw),
            ) from error


def _asked(
    llm: CallsTools, output_cls: type[BaseModel], llm_kwargs: Mapping[str, Any]
) -> tuple[dict[str, Any], Reading]:
    """The keywords of the call that asks for an object of the class, and how to read its answer."""
    kwargs = {name: value for name, value in llm_kwargs.items() if name not in _TOOL_KEYWORDS}
    chosen, required = llm_kwargs.get("tool_choice"), llm_kwargs.get("tool_required", True)
    wished = llm._wishes(kwargs)
    chosen, parallel = choice_and_parallel(chosen, wished.parallel_tool_calls)
    if parallel is not None:
        kwargs["parallel_tool_calls"] = parallel
    profile = wished.profile
    method = METHODS[llm.pydantic_program_mode]
    if (chosen is not None and not is_none(chosen)) or (not required and method != "json_text"):
        method = "function_calling"
    elif method != "json_text" and (
        is_none(chosen) or (method is None and llm.is_function_calling_model is False)
    ):
        method = "json_schema" if profile.structured_output == "native" else "json_text"
    try:
        schema = output_cls.model_json_schema()
    except PydanticUserError as error:
        raise InvalidRequestError(
            f"{output_cls.__name__} has a field without a JSON schema: {error.message:.300}",
            hint="use fields that a model can write",
        ) from error
    name = schema.pop("title", output_cls.__name__)
    asked, reading = with_schema(
        {},
        schema,
        name=name,
        description=schema.pop("description", None),
        profile=profile,
        method=method,
        may_force=llm.supports_forced_tool_calls
        and may_force_tools(profile, wished.fields, wished.reasoning),
    )
    for name in ("tools", "toolConfig"):
        if "toolConfig" in asked and kwargs.get(name):
            raise InvalidRequestError(
                f"{name} beside a structured answer, which this model gives by calling a tool",
                hint="chat_with_tools() offers tools; ask for the object in a call of its own",
            )
    implied = set(reading.implied)
    if "toolConfig" in asked and (chosen is not None or not required):
        asked = {**asked, "toolConfig": {**asked["toolConfig"]}}
        asked["toolConfig"].pop("toolChoice", None)
        implied.discard("tool_choice")
        if chosen is not None:
            asked["toolConfig"]["toolChoice"] = tool_choice(chosen, {reading.name})
    for member in ("system", "outputConfig"):
        if (given := kwargs.pop(member, None)) and member in asked:
            more = asked[member]
            asked[member] = [*system_blocks(given), *more] if member == "system" else {**given, **more}
        elif given is not None:
            asked[member] = given
    if implied:
        asked[IMPLIED] = sorted(implied)
    return {**kwargs, **asked}, reading


def _as_called_here(hint: str | None) -> str | None:
    """A hint of the core's, which names its methods: here they are modes of LlamaIndex's."""
    for said, here in _MODES:
        hint = hint and hint.replace(said, here)
    return hint


def _answer(response: ChatResponse) -> Answer:
    message = response.message
    calls = [
        (block.tool_name, block.tool_kwargs) for block in message.blocks if isinstance(block, ToolCallBlock)
    ]
    return Answer(message.content or "", calls, _stop_reason(response))


def _stop_reason(response: ChatResponse) -> str | None:
    """Why the model stopped; None of a partial response, whose ``raw`` is the stream's event."""
    return response.raw.get("stopReason") if isinstance(response.raw, Mapping) else None
