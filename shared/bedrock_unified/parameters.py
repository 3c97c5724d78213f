"""The parameters that every adapter's models share: one declaration, one meaning in both frameworks.

Adapters inherit :class:`ConnectionParameters` (embeddings) or :class:`ConverseParameters` (chat models) next
to their framework's base class, and declare their own model field.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Self, cast

from pydantic import Field, PrivateAttr, field_validator

from .chat.options import ChatOptions
from .connection_parameters import ConnectionParameters
from .converse.guardrail import guardrail_config
from .errors import ConfigurationError, InvalidRequestError
from .models.profile import profile_of
from .private import private
from .settings import SECRETS

__all__ = ["CALL_PARAMETERS", "SECRETS", "ConnectionParameters", "ConverseParameters"]


class ConverseParameters(ConnectionParameters):
    """What every Converse call of a model carries. None means: leave it to the model."""

    max_tokens: int | None = Field(default=None, ge=1, description="limit of the answer, in tokens")
    temperature: float | None = Field(default=None, ge=0, le=1)
    top_p: float | None = Field(default=None, ge=0, le=1)
    stop_sequences: list[str] | None = Field(default=None)
    guardrail_identifier: str | None = Field(default=None, description="guardrail id or ARN")
    guardrail_version: str | None = Field(default=None, description="number, or DRAFT")
    guardrail_trace: str | None = Field(default=None, description="disabled, enabled or enabled_full")
    guardrail_stream_processing_mode: str | None = Field(default=None, description="sync or async")
    guardrail_config: dict[str, Any] | None = Field(default=None, description="the same in Bedrock's shape")
    additional_model_request_fields: dict[str, Any] | None = None
    additional_model_response_field_paths: list[str] | None = None
    request_metadata: dict[str, str] | None = None
    performance_config: dict[str, Any] | None = None
    service_tier: dict[str, Any] | str | None = None
    top_k: int | None = Field(default=None, ge=0, description="candidates for the next token")
    reasoning: str | bool | int | dict[str, Any] | None = Field(
        default=None, description="an effort (none … max), a budget in tokens, or the family's own dict"
    )
    prompt_cache: str = Field(default="off", description="off, auto or explicit")
    prompt_cache_ttl: str | None = Field(default=None, description="5m or 1h; None leaves it to Bedrock")
    prompt_cache_messages: bool | int = Field(
        default=True, description="the message with the conversation's point: True or -1 the last"
    )
    use_converse: bool | str | None = Field(default=None, description="False: InvokeModel; 'auto': as fits")
    model_family: str | None = Field(
        default=None, description="what the model is where its id does not tell: a family or another id"
    )
    capabilities: dict[str, Any] | None = Field(
        default=None, description="what is known better than the profile, by its attributes"
    )
    guard_content: str | dict[str, Any] | None = Field(
        default=None, description="what a guardrail judges: all, last_user, marked, or its qualifiers"
    )
    guardrail_action: str = Field(default="return", description="return, raise or redact")
    parallel_tool_calls: bool | None = Field(default=None, description="False: one call at a time")
    fetch_media: bool = Field(default=False, description="whether http(s) URLs of media may be downloaded")

    _chat_options: ChatOptions | None = PrivateAttr(default=None)

    @field_validator("prompt_cache", mode="before")
    @classmethod
    def _a_switch_is_a_mode(cls, value: Any) -> Any:
        return _cache_mode(value)

    @field_validator("stop_sequences", mode="before")
    @classmethod
    def _one_stop_is_a_list(cls, value: Any) -> Any:
        return _stops(value)

    @field_validator("guardrail_version", mode="before")
    @classmethod
    def _version_is_text(cls, value: Any) -> Any:
        return _version(value)

    def _check(self) -> None:
        super()._check()
        self._guardrail({}, streaming=False)
        self._check_cache({})
        self.chat_options({})
        if self.reasoning is not None:
            from .converse.reasoning_wish import understood

            try:
                understood(self.reasoning)
            except InvalidRequestError as error:
                raise ConfigurationError(error.message, hint=error.hint) from None
        if self.capabilities or self.model_family:
            profile_of("unknown.model", family=self.model_family, overrides=self.capabilities)

    def converse_members(
        self,
        overrides: Mapping[str, Any],
        *,
        stop: Sequence[str] | str | None = None,
        streaming: bool = False,
    ) -> dict[str, Any]:
        """The members of a Converse request that are parameters, not content.

        Args:
            overrides: values for this call by the names of the fields; None there switches one off. With
                ``guardrail_identifier`` and ``guardrail_version`` goes all that is said of a guardrail.
            stop: stop sequences of this call, instead of the model's own; an empty list switches them off.
            streaming: whether the request is a ConverseStream.

        Raises:
            ConfigurationError: half a guardrail.
        """

        def value(name: str) -> Any:
            return overrides[name] if name in overrides else getattr(self, name)

        inference = {
            "maxTokens": value("max_tokens"),
            "temperature": value("temperature"),
            "topP": value("top_p"),
            "stopSequences": _stops(value("stop_sequences") if stop is None else stop) or None,
        }
        tier = value("service_tier")
        members = {
            "inferenceConfig": {name: item for name, item in inference.items() if item is not None},
            "guardrailConfig": self._guardrail(overrides, streaming=streaming),
            "additionalModelRequestFields": value("additional_model_request_fields"),
            "additionalModelResponseFieldPaths": value("additional_model_response_field_paths"),
            "requestMetadata": value("request_metadata"),
            "performanceConfig": value("performance_config"),
            "serviceTier": {"type": tier} if isinstance(tier, str) else tier,
        }
        return {name: member for name, member in members.items() if member or member not in _NONE}

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name in _OPTIONS:
            self._chat_options = None

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy with other values; see :meth:`ConnectionParameters.model_copy`."""
        copied = super().model_copy(update=update, deep=deep)
        copied._chat_options = None
        return copied

    def chat_options(
        self, overrides: Mapping[str, Any], *, implied: frozenset[str] = frozenset()
    ) -> ChatOptions:
        """The parameters that are no members of a Converse request.

        Args:
            overrides: values for this call by the names of the fields; None there means the default.
            implied: what this call carries without anybody having asked for it.

        Raises:
            ConfigurationError: a value that is none, or one that has no effect.
        """
        if overrides and (changed := _OPTIONS.intersection(overrides)):
            self._check_cache(overrides)
            given = {name: overrides[name] for name in changed if overrides[name] is not None}
            held = {name: getattr(self, name) for name in _OPTIONS - changed}
            if "prompt_cache" in given:
                given["prompt_cache"] = _cache_mode(given["prompt_cache"])
            return ChatOptions(**held, **given, implied=implied)
        options: ChatOptions | None = private(self)["_chat_options"]
        if options is None:
            options = self._chat_options = ChatOptions(**{name: getattr(self, name) for name in _OPTIONS})
        return dataclasses.replace(options, implied=implied) if implied else options

    def _check_cache(self, overrides: Mapping[str, Any]) -> None:
        """Refuse to say how prompts are cached where nobody has said whether; ``off`` is an answer, too."""
        given = {name for name, value in overrides.items() if value is not None} | self.model_fields_set
        if "prompt_cache" in given:
            return
        for name in ("prompt_cache_ttl", "prompt_cache_messages"):
            if name in given:
                raise ConfigurationError(
                    f"{type(self).__name__}: {name} has no effect without prompt_cache",
                    hint="say prompt_cache='auto', too; or 'explicit' for cache points of your own",
                )

    def _guardrail(self, overrides: Mapping[str, Any], *, streaming: bool) -> dict[str, Any] | None:
        def value(name: str) -> Any:
            return overrides[name] if name in overrides else getattr(self, name)

        held = [value(name) for name in _GUARDRAIL]
        if all(one is None for one in held):
            return None
        identifier, version, trace, mode, config = held
        is_left_out = all(name in overrides and overrides[name] is None for name in _GUARDRAIL_PAIR)
        if is_left_out and config in (None, {}):
            return None  # this call goes without the model's
        return guardrail_config(
            identifier,
            _version(version),
            trace=trace,
            stream_processing_mode=mode,
            config=config,
            streaming=streaming,
        )


#: Members that say nothing; any other that is false is for Bedrock to refuse.
_NONE: tuple[Any, ...] = (None, {}, [])
_GUARDRAIL_PAIR = ("guardrail_identifier", "guardrail_version")
_GUARDRAIL = (
    *_GUARDRAIL_PAIR,
    "guardrail_trace",
    "guardrail_stream_processing_mode",
    "guardrail_config",
)
#: Fields that become :class:`~bedrock_unified.chat.options.ChatOptions`.
_OPTIONS = frozenset(field.name for field in dataclasses.fields(ChatOptions)) - {"implied"}
#: Parameters that a single call may override.
CALL_PARAMETERS = frozenset(ConverseParameters.model_fields) - frozenset(ConnectionParameters.model_fields)


def _stops(value: Any) -> Any:
    """Stop sequences as a list; one of them may be given as it is."""
    if isinstance(value, str):
        return [value]
    return list(cast("Sequence[Any]", value)) if isinstance(value, tuple) else value


def _cache_mode(value: Any) -> Any:
    """A mode of prompt caching; a switch is one, too."""
    return {True: "auto", False: "off"}.get(value, value) if isinstance(value, bool) else value


def _version(value: Any) -> Any:
    """A guardrail's version, which is text and looks like a number."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value
