"""Configurations in which every model id is a model: those of GoModel, OneLLM and Contenox name providers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from ..errors import ConfigurationError, InvalidRequestError
from ..models.ids import aliases, parse_model_id
from ..nearest import did_you_mean
from .named import Configuration, NamedModel, Origin, UnknownModelError
from .reading.problems import problem


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OpenConfiguration(Configuration):
    """A configuration that knows providers, and takes any id for one of their models.

    ``configuration["bedrock-eu/amazon.nova-lite-v1:0"]`` is that model at that provider. What stands before
    the first slash is a provider only where one has that name: an ARN, which has slashes too, is an id. An id
    alone goes to the first provider that lists it, else to the default provider.

    Attributes:
        default_provider: where ids go that nobody lists; None where there is more than one choice.
        chat_defaults: keywords of chat models that do not say otherwise; not of models that embed or rerank.
    """

    default_provider: str | None = None
    chat_defaults: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def __getitem__(self, name: str) -> NamedModel:
        named = self.models.get(name)
        if named is not None:
            return named
        if name in self.providers:
            raise self._no_model(name)
        if name.partition("/")[0] not in self.providers:
            read = self._read(name)
            listed = self.models.get(read)
            if listed is not None:
                return listed
            if _is_a_word(read) and not any(read in one.models for one in self.providers.values()):
                raise self._misspelt(name, read)
        provider, spec = self._split(name)
        model_id = self._read(spec)
        said = self.providers[provider] if provider else None
        if _is_a_word(model_id) and model_id not in (said.models if said else ()):
            raise self._misspelt(name, model_id)
        if (
            said is not None
            and said.models_mode == "allowlist"
            and said.models
            and model_id not in said.models
        ):
            raise UnknownModelError(
                f"{self.origin.source}: {model_id!r} is not in the allowlist of provider {said.name!r}",
                hint=f"its models: {', '.join(said.models)}; or set CONFIGURED_PROVIDER_MODELS_MODE=fallback",
            )
        return model_at(provider, name, model_id, said.origin if said else self.origin, self.chat_defaults)

    def _no_model(self, provider: str) -> UnknownModelError:
        """A provider was named where a model is wanted."""
        listed = self.providers[provider].models[:3] or ("<model id>",)
        return UnknownModelError(
            f"{self.origin.source}: {provider!r} is a provider, not a model",
            hint=f"name a model of it: {', '.join(f'{provider}/{each}' for each in listed)}",
        )

    def _misspelt(self, name: str, word: str) -> UnknownModelError:
        """A name that no model has, nor could have as its id."""
        before = name.removesuffix(word)  # a provider and its slash, or bedrock:
        known = [*self.models, *(() if before else self.providers)]
        known += [before + alias for alias in aliases()]
        named = f"; its models: {', '.join(sorted(self.models))}" if self.models else ""
        return UnknownModelError(
            f"{self.origin.source} has no model {name!r}, and it is no model's id",
            hint=did_you_mean(name, known, 0.8 if before else 0.6)
            or f"an id looks like amazon.nova-lite-v1:0{named}",
        )

    def _read(self, spec: str) -> str:
        """The id in a spelling of it; what can be none is an unknown model."""
        try:
            return read_id(spec, self.origin)
        except ConfigurationError as error:
            before, slash, after = spec.partition("/")
            near = get_close_matches(before, self.providers, n=1, cutoff=0.6) if slash else []
            hint = f"did you mean {f'{near[0]}/{after}'!r}?" if near else error.hint
            raise UnknownModelError(error.message, hint=hint) from None

    def _split(self, name: str) -> tuple[str | None, str]:
        before, slash, after = name.partition("/")
        if slash and after and before in self.providers:
            return before, after
        if self.default_provider is not None or not self.providers:
            return self.default_provider, name
        known = [f"{provider}/{name}" for provider in self.providers]
        raise UnknownModelError(
            f"{self.origin.source} has several providers, and none of them lists {name!r}",
            hint=f"name the one to use: {', '.join(known)}",
        )


def model_at(
    provider: str | None,
    name: str,
    model_id: str,
    origin: Origin,
    chat_defaults: Mapping[str, Any] | None = None,
) -> NamedModel:
    """A model of a provider, with the defaults of its kind; one that does not tell is taken for a chat."""
    kind = kind_of(model_id)
    parameters = dict(chat_defaults or {}) if kind in ("chat", None) else {}
    return NamedModel(
        name=name, model_id=model_id, parameters=parameters, kind=kind, provider=provider, origin=origin
    )


def read_id(spec: str, origin: Origin) -> str:
    """A model's id without ``bedrock:`` and the like. A short name stays one: it is looked up at the call.

    Raises:
        ConfigurationError: no model can have it.
    """
    try:
        parsed = parse_model_id(spec)
    except InvalidRequestError as error:
        raise problem(origin, error.message, hint=error.hint) from None
    if parsed.wire_id in spec:
        return parsed.wire_id
    short = [alias for alias, model_id in aliases().items() if model_id == parsed.wire_id and alias in spec]
    return max(short, key=len)


def _is_a_word(model_id: str) -> bool:
    """Whether an id has no form of one: no vendor's dot, no ARN; and it is no short name."""
    return "." not in model_id and model_id not in aliases() and parse_model_id(model_id).kind == "bare"


def kind_of(model_id: str) -> str | None:
    """What a model is for by its id: ``embedding``, ``rerank``, ``chat``; None where an ARN does not tell."""
    parsed = parse_model_id(model_id)
    if parsed.vendor is None and parsed.arn is not None:
        return None
    name = parsed.base_id.lower()
    if "embed" in name:
        return "embedding"
    return "rerank" if "rerank" in name else "chat"
