"""``ChatBedrock``: Amazon Bedrock's Converse API as a LangChain chat model, synchronous and asynchronous."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from inspect import signature
from typing import TYPE_CHECKING, Any, ClassVar, Self

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import LanguageModelInput
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable, RunnableConfig  # here: fallbacks read the methods' types
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr

from bedrock_unified._version import __version__
from bedrock_unified.converse.tools import choice_and_parallel, is_none, tool_choice
from bedrock_unified.errors import BedrockError
from bedrock_unified.parameters import ConverseParameters

from .errors import ERROR_CLASSES, InvalidRequestError, adapted, as_langchains
from .events import StreamedModel
from .identity import IdentifiedModel
from .incumbent import chat_keywords
from .messages.stream import ChunkMaker
from .model_id import SPELLINGS, check_model_id, check_model_is_named
from .per_call import client_for
from .request import Request, answerable, converse_request
from .result import chat_result, last_chunk
from .tokens import CountedModel
from .tools import converse_tools, has_answer_tool, tool_names, with_names

if TYPE_CHECKING:
    from .bound import BoundModel
else:
    BoundModel = Runnable  # for those who read the methods' types; the class itself takes its time to build


class ChatBedrock(IdentifiedModel, StreamedModel, CountedModel, ConverseParameters, BaseChatModel):
    """A chat model on Amazon Bedrock, any model that Converse serves.

    Example:
        >>> model = ChatBedrock(model="us.amazon.nova-lite-v1:0", region_name="us-east-1", temperature=0.2)
        >>> model.invoke("Say hello.").text  # doctest: +SKIP

    ``model`` is a model id, an inference profile's id, an ARN of either or of a prompt, or an alias. Further
    spellings of the parameters are those of the other Bedrock packages (``region``, ``stop``, …). Names that
    LangChain owns keep LangChain's meaning (``cache``, ``profile``, ``metadata``, …).

    Every parameter of :class:`~bedrock_unified.parameters.ConverseParameters` can be given to a single call,
    too, those of the connection among them (``region_name``, ``api_key``, …; but no ``client``), as can
    ``model``, ``system``, ``tools``, ``tool_choice``, ``output_config``, ``response_format`` (of type
    ``json_schema``) and Converse's members by their own names.

    Raises:
        ConfigurationError: at construction: an unknown keyword, two spellings of one, a value that cannot
            work.
        BedrockError: by calls: the classes of :mod:`langchain_bedrock_unified.errors`, each of which is also
            langchain-core's class for its kind.
    """

    model_config = ConfigDict(
        arbitrary_types_allowed=True, hide_input_in_errors=True, extra="forbid", defer_build=False
    )

    # As in langchain-aws: ``client`` is the runtime's, ``bedrock_client`` the control plane's.
    spellings: ClassVar[Mapping[str, str]] = {**SPELLINGS, "bedrock_client": "control_client"}
    error_classes: ClassVar[Any] = ERROR_CLASSES

    model_id: str = Field(description="model id, inference profile id, ARN or alias")
    system: str | list[str | dict[str, Any]] | None = Field(
        default=None, description="system prompt, before those of the messages"
    )
    streaming: bool | None = Field(
        default=None, description="True: invoke() streams, too; False: stream() does not"
    )
    output_config: dict[str, Any] | None = Field(default=None, description="Converse's outputConfig")
    credentials_lost: bool = Field(
        default=False,
        exclude=True,
        repr=False,
        description="set by dumps(): the original had explicit credentials, which were not written down",
    )

    #: Ids of models of which CountTokens refused something, and whether it is not to be asked again.
    _uncounted: dict[str, bool] = PrivateAttr(default_factory=dict)

    def __init__(self, **given: Any) -> None:
        with as_langchains():
            named = chat_keywords(given, type(self).__name__)
            check_model_is_named(named, type(self).__name__)
            super().__init__(**named)
        if self.credentials_lost:
            self.credentials_lost = self._secrets_lost = not self._has_credentials()

    def model_post_init(self, context: Any, /) -> None:
        """langchain-core's own, which tells traces what versions made them; ours is added."""
        if self.metadata is not None:
            self.metadata = dict(self.metadata)  # langchain-core adds to it, and it is the caller's
        # By name: pydantic's, of classes with private attributes, stands before it and goes no further.
        BaseChatModel.model_post_init(self, context)
        if (add_version := getattr(self, "_add_version", None)) is not None:  # since langchain-core 1.7
            add_version("bedrock-unified", __version__)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """What a subclass changes in synchronous calls alone holds for its asynchronous ones, too."""
        super().__init_subclass__(**kwargs)
        for own, other in (("_generate", "_agenerate"), ("_stream", "_astream")):
            if _definer(cls, own) is not ChatBedrock and _definer(cls, other) is ChatBedrock:
                setattr(cls, other, getattr(BaseChatModel, other))  # which calls the former in a thread

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy with other values, by the names that the constructor takes; see the core's."""
        with as_langchains():
            fields = type(self).model_fields.keys() - ChatBedrock.model_fields.keys()  # a subclass's own
            own = {name: value for name, value in (update or {}).items() if name in fields}
            named = {name: value for name, value in (update or {}).items() if name not in fields}
            named = chat_keywords(named, f"{type(self).__name__}.model_copy")
            return super().model_copy(update={**named, **own}, deep=deep)

    def _check(self) -> None:
        super()._check()
        check_model_id(self.model_id)

    @property
    def model(self) -> str:
        """The same as ``model_id``."""
        return self.model_id

    @classmethod
    def create_cache_point(cls, cache_type: str = "default", ttl: str | None = None) -> dict[str, Any]:
        """A cache point, for a message's content, the system prompt or among tools; ``ttl`` is 5m or 1h."""
        return {"cachePoint": {"type": cache_type} if ttl is None else {"type": cache_type, "ttl": ttl}}

    # Calls

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        bedrock, kwargs = client_for(self, kwargs)
        request = self._request(messages, stop, kwargs, streaming=False)
        return chat_result(bedrock.converse(**request), bedrock.sent_as(request))

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        bedrock, kwargs = client_for(self, kwargs)
        request = await self._arequest(messages, stop, kwargs, streaming=False)
        return chat_result(await bedrock.aconverse(**request), bedrock.sent_as(request))

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        bedrock, kwargs = client_for(self, kwargs)
        request = self._request(messages, stop, kwargs, streaming=True)
        maker = ChunkMaker()
        with bedrock.converse_stream(**request) as stream:
            for event in stream:
                chunk = maker.chunk(event)
                if chunk is not None:
                    if run_manager is not None:
                        run_manager.on_llm_new_token(chunk.text, chunk=chunk)
                    yield chunk
            last = last_chunk(maker, stream.response_metadata, bedrock.sent_as(request))
            for chunk in (*maker.unfinished(), last):
                if run_manager is not None:
                    run_manager.on_llm_new_token(chunk.text, chunk=chunk)
                yield chunk

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        bedrock, kwargs = client_for(self, kwargs)
        request = await self._arequest(messages, stop, kwargs, streaming=True)
        maker = ChunkMaker()
        async with await bedrock.aconverse_stream(**request) as stream:
            async for event in stream:
                chunk = maker.chunk(event)
                if chunk is not None:
                    if run_manager is not None:
                        await run_manager.on_llm_new_token(chunk.text, chunk=chunk)
                    yield chunk
            last = last_chunk(maker, stream.response_metadata, bedrock.sent_as(request))
            for chunk in (*maker.unfinished(), last):
                if run_manager is not None:
                    await run_manager.on_llm_new_token(chunk.text, chunk=chunk)
                yield chunk

    def _request(
        self,
        messages: Sequence[BaseMessage],
        stop: list[str] | None,
        given: dict[str, Any],
        *,
        streaming: bool,
    ) -> Request:
        try:
            if self._fetches(given):
                from .messages.fetched import with_fetched  # opens sockets; few need it

                messages = with_fetched(messages)
            return answerable(converse_request(self, messages, stop, given, streaming=streaming), messages)
        except BedrockError as error:
            raise adapted(error) from error.__cause__

    async def _arequest(
        self,
        messages: Sequence[BaseMessage],
        stop: list[str] | None,
        given: dict[str, Any],
        *,
        streaming: bool,
    ) -> Request:
        try:
            if self._fetches(given):
                from .messages.fetched import awith_fetched

                messages = await awith_fetched(messages)
            return answerable(converse_request(self, messages, stop, given, streaming=streaming), messages)
        except BedrockError as error:
            raise adapted(error) from error.__cause__

    def _fetches(self, given: Mapping[str, Any]) -> bool:
        allowed = given.get("fetch_media", self.fetch_media)
        if allowed not in (None, False, True):
            raise InvalidRequestError(f"fetch_media is {allowed!r:.80}", hint="True allows downloads")
        return bool(allowed)

    # Tools

    def bind(self, **kwargs: Any) -> BoundModel:
        """The model with keywords for every call; what is bound on top of them keeps them."""
        from .bound import BoundModel

        return BoundModel(bound=self, kwargs=kwargs, config={})

    def with_config(self, config: RunnableConfig | None = None, **kwargs: Any) -> BoundModel:
        """The model with a configuration for every call, which what is bound on top of it keeps, too."""
        from .bound import BoundModel

        return BoundModel(bound=self, config={**(config or {}), **kwargs}, kwargs={})  # type: ignore[typeddict-item]

    def with_listeners(self, **listeners: Any) -> Runnable[LanguageModelInput, AIMessage]:
        """The model with callbacks for its runs, which what is bound on top of it keeps, too."""
        return self.bind().with_listeners(**listeners)

    def with_alisteners(self, **listeners: Any) -> Runnable[LanguageModelInput, AIMessage]:
        """The asynchronous :meth:`with_listeners`."""
        return self.bind().with_alisteners(**listeners)

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | Any],
        *,
        tool_choice: Any = None,
        strict: bool | None = None,
        parallel_tool_calls: bool | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """The model with tools.

        Args:
            tools: functions, Pydantic models, TypedDicts, LangChain tools, JSON schemas with a title, tools
                in OpenAI's, Anthropic's or Converse's shape, ``{"systemTool": …}``, ``{"cachePoint": …}``.
            tool_choice: ``auto``, ``any`` (also ``required``, True), ``none``, a tool's name, or a dict of
                Converse's, OpenAI's or Anthropic's shape.
            strict: whether Bedrock holds the model to the schemas, which are then put into its dialect.
            parallel_tool_calls: False allows one call at a time, where the model can be told so.
            kwargs: bound to every call.

        A choice that the model is known to refuse is an error of the call, never dropped: ``any`` on Llama or
        on Claude while it reasons. That of LangChain's ``create_agent``, which asks for ``any`` where
        ``response_format`` is a ``ToolStrategy``, or a schema on a model without native ones, gives way: the
        model is offered the tool of the schema, and may answer without it.

        Raises:
            InvalidRequestError: something that is no tool, a choice that no tool answers to, or a schema that
                cannot be strict; by calls: one call at a time, of a model that cannot be told so.
        """
        converted = converse_tools(tools, strict=strict)
        try:
            choice, parallel = choice_and_parallel(tool_choice, parallel_tool_calls)
            if choice is not None:
                kwargs["tool_choice"] = checked = _checked_choice(choice, converted)
                if checked == {"any": {}} and has_answer_tool(tools):
                    kwargs["tool_choice_implied"] = True  # an agent's choice, not its author's
        except BedrockError as error:
            raise adapted(error) from None
        if parallel is not None:
            kwargs["parallel_tool_calls"] = parallel
        return self.bind(tools=with_names(converted), **kwargs)

    def with_structured_output(
        self,
        schema: dict[str, Any] | type | None = None,
        *,
        include_raw: bool = False,
        method: str | None = None,
        strict: bool | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, dict[str, Any] | BaseModel]:
        """The model answering in the shape of a schema.

        Args:
            schema: a Pydantic model, TypedDict, JSON schema with a title, or tool in OpenAI's shape; None is
                any JSON object, with ``json_mode`` alone.
            include_raw: answer ``{"raw": message, "parsed": …, "parsing_error": …}`` instead of raising.
            method: ``json_schema`` (Bedrock holds the answer to the schema), ``function_calling`` (a tool
                that the model must call) or ``json_mode`` (an instruction, and the JSON found in the text).
                None is the first of these that the model has, of a call with another ``model`` that one's; a
                schema that Bedrock cannot hold the model to (an open object, a recursion) is then a tool's.
            strict: whether a tool's input is held to the schema; None: where model and schema allow it.
            kwargs: bound to every call; ``tools``, with ``include_raw``, may be called instead of answering
                (``parsed`` is then None).

        Raises:
            InvalidRequestError: another method; ``tool_choice`` or ``response_format``; ``tools`` without
                ``include_raw``; a schema that is none, or that the method cannot hold.
            StructuredOutputError: by calls: the model refused, was cut off, or answered otherwise. It is an
                ``OutputParserException``, too.
        """
        from .structured import structured  # few ask for it

        return structured(self, schema, include_raw=include_raw, method=method, strict=strict, bound=kwargs)


# langchain-core asks for these signatures in every call; given here they need not be worked out each time.
ChatBedrock._generate.__signature__ = signature(ChatBedrock._generate)  # type: ignore[attr-defined]
ChatBedrock._agenerate.__signature__ = signature(ChatBedrock._agenerate)  # type: ignore[attr-defined]

#: The name that langchain-aws gives its class on the same API.
ChatBedrockConverse = ChatBedrock


def _checked_choice(choice: Any, tools: list[dict[str, Any]]) -> Any:
    if is_none(choice):
        return "none"
    return tool_choice(choice, tool_names(tools))


def _definer(cls: type, name: str) -> type:
    """The class that a method of this name is taken from."""
    return next(each for each in cls.__mro__ if name in vars(each))
