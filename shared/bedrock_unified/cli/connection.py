"""The options that say where a command's calls go and which model they are for, and what they come to."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from ..config.own import configuration_of, no_default, place
from ..config.own.backend import IDENTITY
from ..config.own.settings import MODEL_SETTINGS
from ..errors import BedrockError, ConfigurationError
from ..models.ids import parse_model_id
from ..settings import ConnectionSettings, check_region
from ..wire.endpoints import custom_endpoint
from .backend import known_backend
from .completion import backend_names, model_names
from .state import read_state
from .usage import UsageError

if TYPE_CHECKING:
    from ..client import BedrockClient
    from ..config.named import Configuration, NamedModel, Provider

T = TypeVar("T")

_WHERE = "Where the calls go"


def _filled(option: str, check: Callable[[str], object] | None = None) -> Callable[[typer.Context, T], T]:
    """The callback of an option that cannot be empty, and must pass a check; it is told by its own name.

    Completion parses half a line, and is not disturbed.
    """

    def callback(context: typer.Context, value: T) -> T:
        if not isinstance(value, str) or context.resilient_parsing:
            return value
        if not value.strip():
            raise UsageError(f"{option} is empty\nHint: leave it out, or give it a value")
        try:
            if check is not None:
                check(value)
        except ConfigurationError as error:
            hint = f"\nHint: {error.hint}" if error.hint else ""
            raise UsageError(f"{error.message}{hint}") from None
        return value

    return callback


Model = Annotated[
    str | None,
    typer.Option(
        "--model",
        "-m",
        help="The model: an id, an ARN, a short name, a backend's name or 'backend/id'; else the configured "
        "default.",
        autocompletion=model_names,
        show_default=False,
    ),
]
Backend = Annotated[
    str | None,
    typer.Option(
        "--backend",
        help="A backend; see 'backend list'.",
        callback=_filled("--backend"),
        autocompletion=backend_names,
        rich_help_panel=_WHERE,
    ),
]
Region = Annotated[
    str | None,
    typer.Option(
        "--region",
        help="AWS region.",
        callback=_filled("--region", partial(check_region, "--region")),
        rich_help_panel=_WHERE,
    ),
]
Profile = Annotated[
    str | None,
    typer.Option(
        "--profile",
        help="A profile of the AWS files.",
        callback=_filled("--profile"),
        rich_help_panel=_WHERE,
    ),
]
EndpointUrl = Annotated[
    str | None,
    typer.Option(
        "--endpoint-url",
        metavar="URL",
        help="Another Bedrock endpoint, for all services.",
        callback=_filled("--endpoint-url", custom_endpoint),
        rich_help_panel=_WHERE,
    ),
]
ConfigFile = Annotated[
    str | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="A configuration of Spice.ai, GoModel, OneLLM, ReqLLM or Contenox, instead of this command's.",
        callback=_filled("--config"),
        rich_help_panel=_WHERE,
    ),
]

_NO_MODEL: Mapping[str, str] = {
    "chat": "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
    "embedding": "amazon.titan-embed-text-v2:0",
    "rerank": "cohere.rerank-v3-5:0",
}


@dataclass(frozen=True, slots=True)
class Reached:
    """A model and the way to it.

    Attributes:
        model_id: what is sent.
        keywords: everything that is configured for it, connection included, by canonical names; secrets are
            ``SecretStr``.
        kind: what the configuration says it is for, if it does.
    """

    model_id: str
    keywords: Mapping[str, Any] = field(repr=False)
    kind: str | None = None

    @property
    def connection(self) -> dict[str, Any]:
        """The keywords of :class:`bedrock_unified.BedrockClient`."""
        return _connection(self.keywords)

    @property
    def parameters(self) -> dict[str, Any]:
        """The other keywords: of the model's class."""
        names = ConnectionSettings.names()
        return {name: value for name, value in self.keywords.items() if name not in names}


def connect(
    *,
    backend: str | None = None,
    region: str | None = None,
    profile: str | None = None,
    endpoint_url: str | None = None,
    config: str | None = None,
    model: str | None = None,
) -> BedrockClient:
    """The client of a command.

    Args:
        backend: whose way; else the model's, else the default backend's, else AWS's own settings.
        config: a file of another system, in the place of the command's own.
        model: the model that was named, if any: a configuration may reach each its own way.

    Raises:
        UsageError: there is no such backend.
        ConfigurationError: the configuration is broken, or its key is not to be had.
    """
    from ..client import BedrockClient

    configuration = configuration_for(config)
    if model is not None and (backend is not None or _names(configuration, model, config)):
        keywords = dict(configuration.keywords(_named(configuration, model, backend, config)))
    else:
        provider = provider_of(configuration, backend, config)
        keywords = {**configuration.defaults, **(provider.parameters if provider else {})}
    _override(keywords, region=region, profile=profile, endpoint_url=endpoint_url)
    return BedrockClient(**_connection(keywords))


def reach(
    given: str | None,
    kind: str = "chat",
    *,
    backend: str | None = None,
    region: str | None = None,
    profile: str | None = None,
    endpoint_url: str | None = None,
    config: str | None = None,
) -> Reached:
    """The model to call and everything that is configured for it.

    Args:
        given: the model that was named, else the configured one of this kind is meant.
        kind: ``chat``, ``embedding`` or ``rerank``.

    Raises:
        UsageError: none was named, and none is configured.
    """
    configuration = configuration_for(config)
    name = _model_name(configuration, given, kind, backend, config)
    named = _named(configuration, name, backend, config)
    keywords = dict(configuration.keywords(named))
    _override(keywords, region=region, profile=profile, endpoint_url=endpoint_url)
    return Reached(named.model_id, keywords, named.kind)


def configuration_for(config: str | None) -> Configuration:
    """The configuration of a command: this file's, else the command's own.

    Raises:
        ConfigurationError: it cannot be read.
    """
    if config is None:
        return configuration_of(read_state(), place(), os.environ)
    from ..config.load import load

    return load(config)


def _model_name(
    configuration: Configuration, given: str | None, kind: str, backend: str | None, config: str | None
) -> str:
    if given is not None:
        if not given.strip():
            raise UsageError("--model is empty")
        if config is None and given not in configuration.models:
            _check_id(configuration, given.strip())
        return given.strip()
    if backend is not None:
        check_backend(configuration, backend, config)
        if kind == "chat" and backend in configuration.models:
            return backend
    name = configuration.default_model if kind == "chat" else None
    if name is None and config is not None:
        fitting = [name for name, model in configuration.models.items() if model.kind in (kind, None)]
        if len(fitting) == 1:
            return fitting[0]
        if fitting:
            raise UsageError(f"{config} has several models; name one with --model: {', '.join(fitting)}")
    if name is None and config is None:
        name = read_state().settings.get(MODEL_SETTINGS[kind])
    if name is None:
        setting = MODEL_SETTINGS[kind]
        raise UsageError(
            "no model is named, and none is configured\n"
            f"Hint: name one with --model, or: bedrock-unified config set {setting} {_NO_MODEL[kind]} "
            "('bedrock-unified models list' shows what there is)"
        )
    return name


def _check_id(configuration: Configuration, given: str) -> None:
    """Refuse what can be no model's id: it was typed, and stands in no file."""
    before, slash, after = given.partition("/")
    try:
        parse_model_id(after if slash and before in configuration.providers else given)
    except BedrockError as error:
        raise UsageError(f"--model: {error.message}") from None


def _named(configuration: Configuration, name: str, backend: str | None, config: str | None) -> NamedModel:
    """The model of this name; with a backend one of that name alone, or an id there."""
    from dataclasses import replace

    if backend is None:
        return configuration[name]
    check_backend(configuration, backend, config)
    if name in configuration.models:
        model = configuration.models[name]
        return model if model.provider == backend else replace(model, provider=backend)
    return configuration[f"{backend}/{name}"]


def _names(configuration: Configuration, model: str, config: str | None) -> bool:
    """Whether the configuration says how to reach what was named."""
    if config is not None or model in configuration.models:
        return True
    return model.partition("/")[0] in configuration.providers


def provider_of(
    configuration: Configuration, backend: str | None, config: str | None = None
) -> Provider | None:
    """The way of calls whose model says none: this backend's, else the default one's; None is AWS's own.

    Raises:
        UsageError: there is no such backend.
    """
    if backend is not None:
        check_backend(configuration, backend, config)
        return configuration.providers[backend]
    default = getattr(configuration, "default_provider", None)
    if default is not None and default not in configuration.providers:
        raise no_default(default)
    if default is None and config is not None and len(configuration.providers) == 1:
        return next(iter(configuration.providers.values()))
    return configuration.providers[default] if default is not None else None


def check_backend(configuration: Configuration, backend: str, config: str | None) -> None:
    if backend in configuration.providers:
        return
    if config is None:
        known_backend(read_state(), backend)
    raise UsageError(
        f"{config} has no provider {backend!r}\nHint: it has {', '.join(configuration.providers) or 'none'}"
    )


def _override(
    keywords: dict[str, Any], *, region: str | None, profile: str | None, endpoint_url: str | None
) -> None:
    """What the command line says wins. A profile takes the place of whoever else would sign."""
    if region is not None:
        keywords["region_name"] = region
    if profile is not None:
        for name in IDENTITY:
            keywords.pop(name, None)
        keywords["profile_name"] = profile
    if endpoint_url is not None:
        # An endpoint of one's own answers for all services.
        services = ("endpoint_url", "control_endpoint_url", "agent_endpoint_url")
        keywords.update(dict.fromkeys(services, endpoint_url))


def _connection(keywords: Mapping[str, Any]) -> dict[str, Any]:
    names = ConnectionSettings.names()
    found: dict[str, Any] = {}
    for name, value in keywords.items():
        if name in names:
            secret = getattr(value, "get_secret_value", None)
            found[name] = value if secret is None else secret()
    return found
