"""Who a chat model is to tracers, caches and files: how it is told, copied and written down."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Self

from langchain_core.language_models import LangSmithParams, ModelProfile
from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.runnables import RunnableSerializable
from langchain_core.runnables.utils import AnyConfigurableField, ConfigurableField

from bedrock_unified.client import BedrockClient
from bedrock_unified.models.profile import profile_of
from bedrock_unified.parameters import SECRETS, ConnectionParameters, ConverseParameters
from bedrock_unified.spelling import SPELLINGS

from .messages.standard import PROVIDER
from .model_id import SPELLINGS as MODEL_SPELLINGS
from .per_call import without_secrets
from .profile import model_profile

_SECRET_NAMES = {
    "api_key": "AWS_BEARER_TOKEN_BEDROCK",
    "aws_access_key_id": "AWS_ACCESS_KEY_ID",
    "aws_secret_access_key": "AWS_SECRET_ACCESS_KEY",
    "aws_session_token": "AWS_SESSION_TOKEN",
}
_UNWRITTEN = {*SECRETS, "client", "control_client"}
_INFERENCE = tuple(
    name for name in ConverseParameters.model_fields if name not in ConnectionParameters.model_fields
)
#: What a model's profile follows from.
_PROFILED = frozenset({"model_id", "model_family", "capabilities"})


#: What describes a model, beside where it is.
_DESCRIBED = (
    *("model_id", "region_name", "cross_region", "endpoint_url", "system", "output_config"),
    *_INFERENCE,
)

if TYPE_CHECKING:

    class _Model(ConverseParameters, BaseChatModel):
        model_id: str
        credentials_lost: bool
        _uncounted: dict[str, bool]
else:
    _Model = object  # it declares no field: one class less to build


class IdentifiedModel(_Model):
    """The half of :class:`~langchain_bedrock_unified.ChatBedrock` that calls nothing."""

    def _resolve_model_profile(self) -> ModelProfile:
        return model_profile(profile_of(self.model_id, family=self.model_family, overrides=self.capabilities))

    @property
    def _llm_type(self) -> str:
        return "amazon_bedrock_converse_chat"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        held = self.__dict__
        told = {name: held[name] for name, default in _described(type(self)) if held[name] != default}
        return told if self.client is None else {**told, **self._place()}

    def _place(self) -> dict[str, Any]:
        """Where a ``client`` that was handed in goes, and how: two places never share a cached answer."""
        client = self.client
        if isinstance(client, BedrockClient):
            settings = client.settings
            meta = getattr(settings.client, "meta", None)
            told = {
                name: value
                for name in sorted(settings.names() - _UNWRITTEN)
                if (value := getattr(settings, name)) != type(self).model_fields[name].default
            }
        elif client is None:
            return {}
        else:
            meta, told = getattr(client, "meta", None), {}
        for name in ("region_name", "endpoint_url"):
            if isinstance(value := getattr(meta, name, None), str):
                told[name] = value
        return told

    def _get_llm_string(self, stop: list[str] | None = None, **kwargs: Any) -> str:
        self._forget_description()  # a list or dict among the parameters may have changed in itself
        return super()._get_llm_string(stop=stop, **without_secrets(kwargs))

    def _get_invocation_params(self, stop: list[str] | None = None, **kwargs: Any) -> dict[str, Any]:
        """What tracers are shown of a call: its own parameters in its spelling, and by their names here."""
        shown = without_secrets(kwargs)
        given = {**shown, **_named(shown)} if shown else {}
        cores = super()._get_invocation_params
        if getattr(cores, "__func__", None) is _CORES_PARAMS and _is_described_by_core(type(self)):
            # The same as langchain-core's own, which sets a filter of warnings around it in every call.
            params = {**self._identifying_params, "_type": self._llm_type, "stop": stop, **given}
        else:
            params = cores(stop=stop, **given)
        return {**params, "model": params["model_id"]}

    def __setattr__(self, name: str, value: Any) -> None:
        anew = name in _PROFILED and self._has_own_profile()
        super().__setattr__(name, value)
        if not name.startswith("_"):
            self._forget()
        if anew:
            self.profile = self._resolve_model_profile()

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy with other values; see :meth:`ConverseParameters.model_copy`."""
        copied = super().model_copy(update=update, deep=deep)
        copied._forget()
        told = update or {}
        if "profile" not in told and not _PROFILED.isdisjoint(told) and self._has_own_profile():
            copied.profile = copied._resolve_model_profile()  # another model's
        return copied

    def _has_own_profile(self) -> bool:
        """Whether the profile is the one that the package has for this model, not a user's."""
        return self.profile == self._resolve_model_profile()

    def configurable_fields(self, **kwargs: AnyConfigurableField) -> RunnableSerializable[Any, Any]:
        """LangChain's, whose runs share the connections of this one where they do not choose others."""
        from .configured import ConfiguredPerRun  # few configure

        made = super().configurable_fields(**kwargs)
        return ConfiguredPerRun(default=made.default, fields=made.fields)  # type: ignore[attr-defined]

    def configurable_alternatives(
        self,
        which: ConfigurableField,
        *,
        default_key: str = "default",
        prefix_keys: bool = False,
        **others: Any,
    ) -> RunnableSerializable[Any, Any]:
        """LangChain's, with tools and schemas that hold for whichever is chosen."""
        from .configured import alternatives

        return alternatives(self, which, default_key, prefix_keys, others)

    def __copy__(self) -> Self:
        copied = super().__copy__()
        copied._forget()
        return copied

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        copied = super().__deepcopy__(memo)
        copied._forget()
        return copied

    def _forget(self) -> None:
        """Drop what was made of the parameters: they have changed, or are those of another model."""
        self._forget_description()
        self._elsewhere = type(self._elsewhere)()
        self._uncounted = {}

    def _forget_description(self) -> None:
        """Drop what langchain-core keeps of the parameters for caches and traces; it makes it again."""
        vars(self).pop("_serialized", None)

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        call = _named(kwargs)
        given = kwargs.get("inferenceConfig")
        inference = given if isinstance(given, Mapping) else {}  # the call will say what is wrong

        def value(name: str, member: str = "") -> Any:
            if member in inference:
                return inference[member]
            return call[name] if name in call else getattr(self, name)

        params = LangSmithParams(
            ls_provider=PROVIDER,
            ls_model_type="chat",
            ls_model_name=call.get("model_id") or self.model_id,
        )
        if (temperature := value("temperature", "temperature")) is not None:
            params["ls_temperature"] = temperature
        if (max_tokens := value("max_tokens", "maxTokens")) is not None:
            params["ls_max_tokens"] = max_tokens
        if stops := value("stop_sequences", "stopSequences") if stop is None else stop:
            params["ls_stop"] = [stops] if isinstance(stops, str) else stops
        place = {"provider": value("model_family"), "region_name": value("region_name")}
        if told := {name: held for name, held in place.items() if held is not None}:
            params["ls_invocation_params"] = told  # type: ignore[typeddict-unknown-key]
        return params

    @classmethod
    def is_lc_serializable(cls) -> bool:
        """Whether ``dumps`` writes this class down: yes, without its secrets."""
        return True

    @property
    def lc_secrets(self) -> dict[str, str]:
        """Parameters that ``dumps`` replaces by the names under which ``loads`` looks for them."""
        return dict(_SECRET_NAMES)

    @property
    def lc_attributes(self) -> dict[str, Any]:
        """Where a ``client`` goes, itself not written down, and whether explicit credentials existed.

        The copy goes to the same place, and never signs as somebody else.
        """
        lost = self._secrets_lost or self._has_credentials()
        return {**self._place(), **({"credentials_lost": True} if lost else {})}

    def _has_credentials(self) -> bool:
        if isinstance(self.client, BedrockClient) and self.control_client is None:
            return self.client.settings.without_secrets().secrets_lost
        return any(getattr(self, name) is not None for name in (*SECRETS, "client", "control_client"))

    def __getstate__(self) -> dict[Any, Any]:
        state = super().__getstate__()
        state["__dict__"]["credentials_lost"] = state["__pydantic_private__"]["_secrets_lost"]
        state["__dict__"].pop("_serialized", None)
        return state


def _named(call: Mapping[str, Any]) -> dict[str, Any]:
    """A call's keywords by their names here; None for a model or a connection is the model's own."""
    named: dict[str, Any] = {}
    for given, value in call.items():
        name = MODEL_SPELLINGS.get(given) or SPELLINGS.get(given, given)
        if value is not None or (name in _INFERENCE and name not in named):
            named[name] = value
    return named


@cache
def _described(model: type[IdentifiedModel]) -> tuple[tuple[str, Any], ...]:
    """The fields that describe a model, with their defaults; asked for in every call."""
    fields = model.model_fields
    return tuple((name, fields[name].default) for name in _DESCRIBED)


_CORES_PARAMS = BaseChatModel._get_invocation_params
#: What langchain-core describes a model with, through which a subclass may describe it otherwise.
_CORES_WAYS = {name: getattr(BaseChatModel, name, None) for name in ("dict", "asdict", "_dict_for_compat")}


def _is_described_by_core(model: type[IdentifiedModel]) -> bool:
    """Whether neither a subclass nor a patch has taken the place of langchain-core's own ways."""
    return all(getattr(model, name, None) is way for name, way in _CORES_WAYS.items())
