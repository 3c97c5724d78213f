"""``BedrockConverse``: every model that Converse serves, as a LlamaIndex FunctionCallingLLM."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    ChatResponseAsyncGen,
    ChatResponseGen,
    CompletionResponse,
    CompletionResponseAsyncGen,
    CompletionResponseGen,
    LLMMetadata,
    MessageRole,
)
from llama_index.core.llms.callbacks import llm_chat_callback, llm_completion_callback
from pydantic import Field, field_serializer

from bedrock_unified.converse.checks import check_converse
from bedrock_unified.errors import ConfigurationError, InvalidRequestError
from bedrock_unified.models.ids import parse_model_id
from bedrock_unified.models.profile import profile_of
from bedrock_unified.parameters import ConverseParameters
from bedrock_unified.per_call import client_for, without_connection
from bedrock_unified.private import made

from .boto import BOTO
from .component import DUMPED, POSITIONS, BedrockComponent
from .leaving import acloses_when_left, closes_when_left, opened
from .marks import EVERYWHERE, any_marked
from .media import Found, remote_urls
from .per_call import hides_secrets
from .request import MODEL_SPELLINGS, Options, Wishes, build_request, read_options, wishes, with_points
from .responses import chat_response, completion_response
from .streaming import AsyncChunks, Chunks, achunks, chunks
from .structured import StructuredByTools

#: What LlamaIndex's prompt helpers and memories plan with where nothing is known or said.
CONTEXT_WINDOW = 128_000
NUM_OUTPUT = 4_096
_NOTHING: Found = {}
#: All fields with their defaults, those of a later LlamaIndex too.
_METADATA = vars(LLMMetadata())
_PROBE = (ChatMessage(role=MessageRole.USER, content="?"),)


@hides_secrets
class BedrockConverse(ConverseParameters, BedrockComponent, StructuredByTools, defer_build=False):
    """A model on Amazon Bedrock, called by Converse and ConverseStream, natively sync and async.

    The parameters of the connection, the answer and the guardrail are those of
    :class:`bedrock_unified.parameters.ConverseParameters`; None leaves a value to the model. Each call takes
    the same names (``llm.chat(messages, temperature=0)``; those of the connection, ``region_name`` or
    ``api_key``, for this call alone), ``model``, and any member of a Converse request under its own name
    (``requestMetadata={…}``).

    Examples:
        >>> llm = BedrockConverse(model="us.anthropic.claude-sonnet-4-5-20250929-v1:0", max_tokens=1000)
        >>> llm.complete("Say hello.").text  # doctest: +SKIP

    Raises (at construction):
        ConfigurationError: an unknown keyword, two spellings of one, a value that cannot work.
        InvalidRequestError: a model id that no Bedrock id can look like.
    """

    spellings: ClassVar[Mapping[str, str]] = MODEL_SPELLINGS
    positions: ClassVar[tuple[str, ...]] = ("model", "temperature", "max_tokens", *POSITIONS)

    model: str = Field(description="model id, inference profile id, or ARN")
    system: str | list[dict[str, Any]] | None = Field(
        default=None, description="system prompt of every request, before those of the messages"
    )
    context_window: int | None = Field(
        default=None, ge=1, description="tokens it reads and writes; default what is known of the model"
    )
    num_output: int | None = Field(
        default=None,
        ge=1,
        description="tokens kept free for an answer; default max_tokens, else the model's limit",
    )
    application_inference_profile_arn: str | None = Field(
        default=None, description="where requests go, instead of to the model, which says what it is"
    )
    system_prompt_caching: bool = Field(default=False, description="a cache point after the system prompt")
    tool_caching: bool = Field(default=False, description="a cache point after the tools")
    additional_kwargs: dict[str, Any] = Field(
        default_factory=dict,
        description="members of the Converse request, laid over what the other parameters say",
    )

    @field_serializer("capabilities")
    def _sets_as_lists(self, value: dict[str, Any] | None) -> dict[str, Any] | None:
        """Of equal models equal dumps, in every process, and JSON: a pipeline's cache goes by them."""
        return value and {
            name: sorted(held) if isinstance(held, (set, frozenset)) else held for name, held in value.items()
        }

    @classmethod
    def _accepted(cls) -> frozenset[str]:
        return super()._accepted() | DUMPED | BOTO

    def _check(self) -> None:
        super()._check()
        parse_model_id(self.model)
        if self.application_inference_profile_arn is not None:
            parse_model_id(self.application_inference_profile_arn)
        self._check_additional()

    def _check_additional(self) -> None:
        """Refuse what a call would refuse: ``additional_kwargs`` are checked as part of a request."""
        try:
            additional = self._additional()
            if additional.tools:
                raise InvalidRequestError(
                    f"{', '.join(sorted(additional.tools))} cannot stand here",
                    hint="give tools to the call, or put a toolConfig here",
                )
            probe = self._built(_PROBE, {}, additional, _NOTHING, streaming=True)
            del probe["options"]
            check_converse(probe, operation="ConverseStream")
        except (InvalidRequestError, ConfigurationError) as error:
            raise ConfigurationError(f"additional_kwargs: {error.message}", hint=error.hint) from None

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "model" or (name == "application_inference_profile_arn" and value is not None):
            parse_model_id(value)
        super().__setattr__(name, value)

    @classmethod
    def class_name(cls) -> str:
        """The name that LlamaIndex stores models under."""
        return "Bedrock_Converse_LLM"

    @property
    def metadata(self) -> LLMMetadata:
        """What LlamaIndex plans with; for any model id.

        ``num_output``, which prompts leave free for the answer, is the model's limit where it is known, and
        at most half of the window: some models may write all of theirs.
        """
        profile = self._wishes({}).profile
        calls_tools = self.is_function_calling_model
        if calls_tools is None:
            calls_tools = profile.tools
        wanted = self.num_output or self.max_tokens
        # Who asks for long answers of a model that nobody has heard of knows that its window holds them.
        window = self.context_window or profile.context_window or max(CONTEXT_WINDOW, 2 * (wanted or 0))
        told = {
            "context_window": window,
            "num_output": wanted or min(profile.max_output or NUM_OUTPUT, window // 2),
            "is_chat_model": True,
            "is_function_calling_model": calls_tools,
            "model_name": self.model,
        }
        return made(LLMMetadata, {**_METADATA, **told}, set(told))

    def to_payload(self) -> dict[str, Any]:
        """What LlamaIndex's events tell of the model; asked for in every call."""
        told = self.metadata
        # Its fields are plain values; what a subclass adds may be anything.
        held = vars(told) if type(told) is LLMMetadata else told.model_dump()
        return {"class_name": self.class_name(), **held}

    # Chat

    @llm_chat_callback()
    def chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        """The model's answer to the messages.

        Raises:
            InvalidRequestError: a keyword or a message that Converse does not take; before anything is sent.
            BedrockError: see :mod:`bedrock_unified.errors`.
        """
        return self._chat(messages, kwargs)

    @llm_chat_callback()
    async def achat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        """The asynchronous :meth:`chat`; cancelling it closes the connection."""
        return await self._achat(messages, kwargs)

    @closes_when_left
    @llm_chat_callback()
    def stream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseGen:
        """The answer as it grows: each item has the message so far and, in ``delta``, the new text.

        The last item is what :meth:`chat` would have returned. New reasoning is in
        ``additional_kwargs["thinking_delta"]``. The connection is closed when the iteration ends or is left.

        Raises:
            BedrockError: as :meth:`chat`; while iterating, with what had come in ``partial``.
        """
        return self._stream(messages, kwargs)

    @acloses_when_left
    @llm_chat_callback()
    async def astream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseAsyncGen:
        """The asynchronous :meth:`stream_chat`."""
        return await self._astream(messages, kwargs)

    # Completion

    @llm_completion_callback()
    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        """The answer to one user message."""
        return completion_response(self._chat(self._prompted(prompt, formatted), kwargs))

    @llm_completion_callback()
    async def acomplete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        """The asynchronous :meth:`complete`."""
        return completion_response(await self._achat(self._prompted(prompt, formatted), kwargs))

    @closes_when_left
    @llm_completion_callback()
    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseGen:
        """The answer to one user message as it grows."""
        responses = self._stream(self._prompted(prompt, formatted), kwargs)
        return (completion_response(response) for response in responses)

    @acloses_when_left
    @llm_completion_callback()
    async def astream_complete(
        self, prompt: str, formatted: bool = False, **kwargs: Any
    ) -> CompletionResponseAsyncGen:
        """The asynchronous :meth:`stream_complete`."""
        responses = await self._astream(self._prompted(prompt, formatted), kwargs)
        return (completion_response(response) async for response in responses)

    # The calls themselves, without LlamaIndex's events

    def _chat(self, messages: Sequence[ChatMessage], given: dict[str, Any]) -> ChatResponse:
        bedrock, given = client_for(self, given)
        return chat_response(bedrock.converse(**self._request(messages, given)))

    async def _achat(self, messages: Sequence[ChatMessage], given: dict[str, Any]) -> ChatResponse:
        bedrock, given = client_for(self, given)
        return chat_response(await bedrock.aconverse(**await self._arequest(messages, given)))

    def _stream(self, messages: Sequence[ChatMessage], given: dict[str, Any]) -> Chunks:
        bedrock, given = client_for(self, given)
        stream = bedrock.converse_stream(**self._request(messages, given, streaming=True))
        opened(stream)
        return chunks(stream)

    async def _astream(self, messages: Sequence[ChatMessage], given: dict[str, Any]) -> AsyncChunks:
        bedrock, given = client_for(self, given)
        request = await self._arequest(messages, given, streaming=True)
        stream = await bedrock.aconverse_stream(**request)
        opened(stream)
        return achunks(stream)

    def _request(
        self,
        messages: Sequence[ChatMessage],
        given: dict[str, Any],
        *,
        streaming: bool = False,
    ) -> dict[str, Any]:
        additional, found = self._additional(), _NOTHING
        if urls := self._downloads(messages, given, additional):
            from .fetching import fetch_blocking  # opens sockets; few need it

            found = fetch_blocking(urls)
        return self._built(messages, given, additional, found, streaming=streaming)

    async def _arequest(
        self, messages: Sequence[ChatMessage], given: dict[str, Any], *, streaming: bool = False
    ) -> dict[str, Any]:
        additional, found = self._additional(), _NOTHING
        if urls := self._downloads(messages, given, additional):
            from .fetching import fetch

            found = await fetch(urls)
        return self._built(messages, given, additional, found, streaming=streaming)

    def _downloads(
        self, messages: Sequence[ChatMessage], given: dict[str, Any], additional: Options
    ) -> list[str]:
        """What has to be downloaded, and may be; what may not is refused when the request is built."""
        allowed = given.get("fetch_media", additional.parameters.get("fetch_media", self.fetch_media))
        return remote_urls(messages) if allowed is True else []  # another value is refused then, too

    def _built(
        self,
        messages: Sequence[ChatMessage],
        given: dict[str, Any],
        additional: Options,
        found: Found,
        *,
        streaming: bool,
    ) -> dict[str, Any]:
        arn = self.application_inference_profile_arn
        cached = self._wishes(given).profile.cache_places if any_marked(messages) else EVERYWHERE
        request = build_request(
            self,
            arn or self.model,
            messages,
            given,
            additional=additional,
            streaming=streaming,
            fetched=found,
            cached=cached,
        )
        if self.system:
            own = [{"text": self.system}] if isinstance(self.system, str) else self.system
            request["system"] = [*own, *request.get("system", ())]
        if request["modelId"] == arn and request["options"].model_family is None:
            request["options"] = replace(request["options"], model_family=self._family_of_profile())
        if self.system_prompt_caching or self.tool_caching:
            request = with_points(request, system=self.system_prompt_caching, tools=self.tool_caching)
        return request

    def _wishes(self, given: dict[str, Any]) -> Wishes:
        arn = self.application_inference_profile_arn
        wished = wishes(self, arn or self.model, without_connection(given), self._additional())
        if wished.model_id == arn and wished.model_family is None:
            wished = wished._replace(model_family=self._family_of_profile())
        return wished

    def _family_of_profile(self) -> str | None:
        """What an application profile's model is; None where nothing is known of the model's id."""
        try:
            profile_of(self.model, family=self.model)
        except ConfigurationError:
            return None
        return self.model

    def _additional(self) -> Options:
        return read_options(self.additional_kwargs, type(self))

    def _prompted(self, prompt: str, formatted: bool) -> list[ChatMessage]:
        if not formatted and self.completion_to_prompt is not None:
            prompt = self.completion_to_prompt(prompt)
        return [ChatMessage(role=MessageRole.USER, content=prompt)]


#: The name without the operation in it.
Bedrock = BedrockConverse
