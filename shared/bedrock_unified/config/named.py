"""What a configuration says, whichever system it was written for: named models, and their providers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import partial
from typing import Any, NamedTuple, Self, cast

from pydantic import SecretStr

from ..errors import ConfigurationError
from ..nearest import did_you_mean
from .precedence import layered


class Origin(NamedTuple):
    """Where something was said.

    Attributes:
        source: the file's path, ``environment``, or ``arguments``.
        key: the key as it stands there: ``models[1].params.aws_region``, ``BEDROCK_EU_MODELS``.
        line: its line, counted from 1, where the source has lines.
    """

    source: str
    key: str = ""
    line: int | None = None

    def __str__(self) -> str:
        where = self.source if self.line is None else f"{self.source}, line {self.line}"
        return f"{where}, {self.key}" if self.key else where


#: Said in Python.
ARGUMENTS = Origin("arguments")


class WithheldSecret:
    """Stands in a pickled configuration where a secret was; nothing can be made of it."""

    def __repr__(self) -> str:
        return "WithheldSecret()"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, WithheldSecret)

    __hash__ = object.__hash__


class _Unwritten:
    """Written down without its secrets; copied with them, for it does not change."""

    __slots__ = ()

    def __reduce__(self) -> tuple[Any, ...]:
        values = {each.name: _without_secrets(getattr(self, each.name)) for each in fields(cast(Any, self))}
        return partial(type(self), **values), ()

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self


def _without_secrets(value: Any) -> Any:
    if isinstance(value, SecretStr):
        return WithheldSecret()
    if isinstance(value, Mapping) and not isinstance(value, _Unwritten):
        return {key: _without_secrets(item) for key, item in cast("Mapping[Any, Any]", value).items()}
    if isinstance(value, (list, tuple)) and not isinstance(value, Origin):
        items = [_without_secrets(item) for item in cast("Sequence[Any]", value)]
        return tuple(items) if isinstance(value, tuple) else items
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider(_Unwritten):
    """One way to reach Bedrock, shared by models: an account, a region, an endpoint.

    Attributes:
        name: ``bedrock``, ``bedrock-eu``, the name of a backend.
        parameters: connection keywords of :class:`bedrock_unified.BedrockClient` in their canonical names;
            secrets are ``SecretStr``.
        models: the ids that were configured for it, in their order.
        models_mode: what they mean: ``fallback`` (used where the account's list cannot be had, or is empty),
            ``allowlist`` (the only ones; nothing is asked) or ``merge`` (behind those of the account).
    """

    name: str
    parameters: Mapping[str, Any] = field(default_factory=dict[str, Any])
    models: tuple[str, ...] = ()
    models_mode: str = "fallback"
    origin: Origin = ARGUMENTS


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedModel(_Unwritten):
    """One model, with everything that is needed to make any of our classes.

    Attributes:
        name: what it is called in the configuration.
        model_id: the id that is sent, without ``bedrock:``; never rewritten.
        parameters: keywords of our classes in their canonical names, those of the connection included (they
            win over its provider's); secrets are ``SecretStr``.
        kind: ``chat``, ``embedding`` or ``rerank`` where the configuration tells, else None.
        provider: the name of the :class:`Provider` it uses, if it has one.
    """

    name: str
    model_id: str
    parameters: Mapping[str, Any] = field(default_factory=dict[str, Any])
    kind: str | None = None
    provider: str | None = None
    origin: Origin = ARGUMENTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration(_Unwritten, Mapping[str, NamedModel]):
    """A configuration that was read: its models by name, as a mapping.

    Attributes:
        system: whose it is: ``spice``, ``gomodel``, ``onellm``, ``req_llm``, ``contenox`` or
            ``bedrock-unified``.
        models: the named models, in the order of the source.
        providers: the named providers, in the order of the source.
        defaults: keywords for every model that does not say otherwise.
        default_model: the model to use where none is named: a name of ``models``, or an id.
        server: settings of a gateway (``port``, ``base_path``, …) where the source has them; secrets are
            ``SecretStr``.
        notes: what was left out, and by which documented rule of that system; one sentence each.
    """

    system: str
    origin: Origin = ARGUMENTS
    models: Mapping[str, NamedModel] = field(default_factory=dict[str, NamedModel])
    providers: Mapping[str, Provider] = field(default_factory=dict[str, Provider])
    defaults: Mapping[str, Any] = field(default_factory=dict[str, Any])
    default_model: str | None = None
    server: Mapping[str, Any] = field(default_factory=dict[str, Any])
    notes: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> NamedModel:
        model = self.models.get(name)
        if model is None:
            known = ", ".join(sorted(self.models)) or "none"
            raise UnknownModelError(
                f"{self.origin.source} has no model {name!r}",
                hint=did_you_mean(name, self.models) or f"its models: {known}",
            )
        return model

    def __iter__(self) -> Iterator[str]:
        return iter(self.models)

    def __len__(self) -> int:
        return len(self.models)

    def keywords(self, model: NamedModel) -> dict[str, Any]:
        """All keywords of a model: the defaults, over them its provider's, over them its own.

        What only means something together (who signs, which guardrail) is taken from one of the three; see
        :func:`bedrock_unified.config.precedence.layered`.
        """
        provider = self.providers.get(model.provider) if model.provider else None
        return layered(self.defaults, provider.parameters if provider else {}, model.parameters)


class UnknownModelError(ConfigurationError, KeyError):
    """The configuration has no model of that name."""
