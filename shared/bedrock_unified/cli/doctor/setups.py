"""What there is to examine: the ways to reach Bedrock that are configured, and the models on each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import SecretStr

from ...config.named import Configuration, NamedModel, UnknownModelError
from ...config.own.backend import IDENTITY
from ...errors import BedrockError
from ...settings import ConnectionSettings
from .report import Finding, failed

_ENDPOINTS = ("endpoint_url", "control_endpoint_url", "agent_endpoint_url")


@dataclass(frozen=True, slots=True)
class Model:
    """A model to look at.

    Attributes:
        name: what it is called in the configuration; its id where it has no name.
        model_id: as configured.
        kind: ``chat``, ``embedding``, ``rerank``, or None where the id must tell.
        guardrail: identifier and version, where it has one.
    """

    name: str
    model_id: str
    kind: str | None = None
    guardrail: tuple[str, str] | None = None


@dataclass(slots=True)
class Setup:
    """One way to reach Bedrock.

    Attributes:
        name: its provider's name, or its first model's.
        connection: keywords of :class:`bedrock_unified.BedrockClient`, secrets in clear.
        models: its models.
    """

    name: str
    connection: dict[str, Any] = field(default_factory=dict[str, Any], repr=False)
    models: list[Model] = field(default_factory=list[Model])


def setups_of(
    configuration: Configuration, named: Sequence[str], given: Mapping[str, Any], found: list[Finding]
) -> list[Setup]:
    """The setups of a configuration, each way to reach Bedrock once; at least one.

    Args:
        named: models of the command line: names of the configuration, or ids. Where there are some, the
            others are left out.
        given: connection keywords of the command line; they win. None means not given.
        found: what cannot be had, such as a key that is referred to, is added to it.
    """
    sorting = _Sorting(given)
    models: list[NamedModel] = []
    for name in dict.fromkeys(named or _all_names(configuration)):
        try:
            models.append(_model_of(configuration, name))
        except BedrockError as error:
            found.append(failed(f"model {name}", error))
    for model in models:
        _tried(f"model {model.name}", found, sorting, configuration, model)
    used = {model.provider for model in models}
    for provider in () if named else configuration.providers.values():
        listed = provider.models if provider.name not in used else ()
        if listed:
            for model_id in listed:
                model = NamedModel(name=model_id, model_id=model_id, provider=provider.name)
                _tried(f"provider {provider.name}", found, sorting, configuration, model)
        elif provider.name not in used:
            _tried(f"provider {provider.name}", found, sorting, configuration, provider.name)
    if not sorting.setups and not any(finding.result == "fail" for finding in found):
        sorting.add("", dict(configuration.defaults))
    return list(sorting.setups.values())


class _Sorting:
    """Setups in the making, by what reaches Bedrock."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self._given = {name: value for name, value in given.items() if value is not None}
        self.setups: dict[str, Setup] = {}

    def add(self, name: str, keywords: Mapping[str, Any]) -> Setup:
        """The setup of these keywords."""
        known = ConnectionSettings.names()
        connection = {key: _plain(value) for key, value in keywords.items() if key in known}
        if "profile_name" in self._given:  # it takes the place of whoever else would sign
            connection = {key: value for key, value in connection.items() if key not in IDENTITY}
        connection |= self._given
        if "endpoint_url" in self._given:  # an endpoint of one's own answers for all services
            connection |= dict.fromkeys(_ENDPOINTS, self._given["endpoint_url"])
        key = repr(sorted(connection.items()))
        return self.setups.setdefault(key, Setup(name, connection))


def _tried(
    check: str,
    found: list[Finding],
    sorting: _Sorting,
    configuration: Configuration,
    what: NamedModel | str,
) -> None:
    """Sort in a model, or a provider by its name; one whose key cannot be had is a finding, told once."""
    try:
        if isinstance(what, str):
            sorting.add(what, {**configuration.defaults, **configuration.providers[what].parameters})
            return
        keywords = configuration.keywords(what)
        setup = sorting.add(what.provider or what.name, keywords)
    except BedrockError as error:
        finding = failed(check, error)
        if not any(each.found == finding.found for each in found):
            found.append(finding)
        return
    setup.models.append(Model(what.name, what.model_id, what.kind, guardrail_of(keywords)))


def _all_names(configuration: Configuration) -> list[str]:
    """The models, and the default where it is one more."""
    names = list(configuration.models)
    default = configuration.default_model
    if default and default not in names:
        names.append(default)
    return names


def _model_of(configuration: Configuration, name: str) -> NamedModel:
    """A model of the configuration, or one that it says nothing of."""
    try:
        return configuration[name]
    except UnknownModelError:
        return NamedModel(name=name, model_id=name)


def guardrail_of(keywords: Mapping[str, Any]) -> tuple[str, str] | None:
    """Identifier and version of the guardrail that a model's keywords name."""
    config: Mapping[str, Any] = keywords.get("guardrail_config") or {}
    identifier = keywords.get("guardrail_identifier") or config.get("guardrailIdentifier")
    version = keywords.get("guardrail_version") or config.get("guardrailVersion")
    return (str(identifier), str(version or "")) if identifier else None


def _plain(value: Any) -> Any:
    return value.get_secret_value() if isinstance(value, SecretStr) else value
