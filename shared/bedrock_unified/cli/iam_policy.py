"""``bedrock-unified iam-policy``: the policy that allows what is configured, and no more."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from ..config.named import Configuration, NamedModel
from ..errors import ConfigurationError
from .connection import (
    Backend,
    ConfigFile,
    EndpointUrl,
    Profile,
    Region,
    configuration_for,
    connect,
    provider_of,
)
from .console import AsJson, on_terminal, print_json, say
from .usage import UsageError

if TYPE_CHECKING:
    from ..client import BedrockClient

_NOTHING: Mapping[str, Any] = {}
_EMBEDDING, _RERANK = "amazon.titan-embed-text-v2:0", "cohere.rerank-v3-5:0"


class _Place(NamedTuple):
    """What is called in one region."""

    models: list[str]
    guardrails: list[str]


def iam_policy(
    model: Annotated[
        list[str] | None,
        typer.Option(
            "--model",
            "-m",
            help="A model id, profile id, ARN or pattern (amazon.nova-*); else those that are configured. "
            "Repeatable.",
            show_default=False,
        ),
    ] = None,
    no_streaming: Annotated[bool, typer.Option("--no-streaming", help="Answers are never streamed.")] = False,
    guardrail: Annotated[
        list[str] | None,
        typer.Option("--guardrail", help="A guardrail's id or ARN. Repeatable.", show_default=False),
    ] = None,
    embeddings: Annotated[
        bool,
        typer.Option(
            "--embeddings", help=f"Also embed, with {_EMBEDDING} unless an embedding model is named."
        ),
    ] = False,
    count_tokens: Annotated[bool, typer.Option("--count-tokens", help="Also count tokens.")] = False,
    list_models: Annotated[
        bool, typer.Option("--list-models", help="Also list models and inference profiles.")
    ] = False,
    rerank: Annotated[
        bool,
        typer.Option(
            "--rerank",
            help=f"Also rerank by the agent runtime, with {_RERANK} unless a rerank model is named.",
        ),
    ] = False,
    style: Annotated[
        str, typer.Option("--style", help="'minimal', or 'onellm': all models, as OneLLM's document has it.")
    ] = "minimal",
    account: Annotated[
        str | None,
        typer.Option("--account", help="The account's twelve digits; else '*'.", show_default=False),
    ] = None,
    resolve: Annotated[
        bool,
        typer.Option(
            "--resolve", help="Ask AWS which models stand behind each inference profile, and where."
        ),
    ] = False,
    backend: Backend = None,
    region: Region = None,
    profile: Profile = None,
    endpoint_url: EndpointUrl = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Print the IAM policy that calls to these models need, and no more.

    Required are bedrock:InvokeModel for whole answers and bedrock:InvokeModelWithResponseStream for streams;
    Converse and ConverseStream have no actions of their own. A cross-region inference profile needs both on
    itself and on its model in every region that it routes to. If you use several AWS services, the one who
    signs needs the permissions of all of them: attach this policy beside the others.

    The policy goes to standard output, what was assumed to standard error; --json gives both.
    """
    from .. import iam

    configuration = configuration_for(config)
    way = provider_of(configuration, backend, config)
    said = (way.parameters if way else _NOTHING, configuration.defaults)
    given = {"region_name": region, "profile_name": profile, "endpoint_url": endpoint_url}
    here = _region({**given, "region_name": region or _first(said, "region_name")})
    if model:
        named = [_named(configuration, name, backend) for name in model]
    else:
        named = _configured(configuration, backend)
    places = _places(configuration, named, here, everywhere=region is not None)
    first = places.setdefault(here, _Place([], []))
    first.guardrails.extend(guardrail or ())
    models = [name for place in places.values() for name in place.models]
    if embeddings and not any("embed" in name.lower() for name in models):
        first.models.append(_EMBEDDING)
    if rerank and not any("rerank" in name.lower() for name in models):
        first.models.append(_RERANK)
    routes: dict[str, list[str]] = {}
    if resolve:
        for name, place in places.items():
            with connect(
                backend=backend, region=name, profile=profile, endpoint_url=endpoint_url, config=config
            ) as client:
                routes |= _routes(place.models, client)
    made = iam.together(
        iam.policy(
            place.models,
            region=name,
            account=account,
            streaming=not no_streaming,
            guardrails=dict.fromkeys(place.guardrails),
            count_tokens=count_tokens,
            list_models=list_models,
            rerank=rerank,
            routes=routes,
            style=style,
        )
        for name, place in _needed(places, style, list_models).items()
    )
    if as_json:
        print_json({"policy": made.document, "notes": list(made.notes)})
        return
    typer.echo(json.dumps(made.document, indent=2))
    for note in made.notes:
        say(f"note: {note}")
    if on_terminal():
        say(
            "note: nothing here was tried on AWS; `bedrock-unified doctor --probe` tells whether it is enough"
        )


def _region(given: Mapping[str, str | None]) -> str:
    """The region of calls that name none; no key is looked up for it."""
    from ..place import Places
    from ..settings import ConnectionSettings

    return Places(ConnectionSettings.from_keywords(given, "the command")).region


def _needed(places: dict[str, _Place], style: str, list_models: bool) -> dict[str, _Place]:
    """The regions in which there is something to allow."""
    if style == "onellm":
        return dict(list(places.items())[:1])
    needed = {name: place for name, place in places.items() if place.models or place.guardrails}
    if not needed and list_models:
        return dict(list(places.items())[:1])
    if not needed:
        raise UsageError(
            "no model is named, and none is configured\n"
            "Hint: bedrock-unified iam-policy --model 'amazon.nova-*'"
        )
    return needed


def _named(configuration: Configuration, name: str, backend: str | None) -> NamedModel:
    """A model of the configuration, or of one of its providers; else an id, an ARN or a pattern."""
    if name in configuration.models:
        return configuration.models[name]
    before, slash, after = name.partition("/")
    if slash and before in configuration.providers:
        return NamedModel(name=name, model_id=after, provider=before)
    default = getattr(configuration, "default_provider", None)
    return NamedModel(name=name, model_id=name, provider=backend or default)


def _configured(configuration: Configuration, backend: str | None) -> list[NamedModel]:
    """The models that are configured, or those of one backend."""
    named = list(configuration.models.values())
    default = configuration.default_model
    if default and default not in configuration.models and default not in configuration.providers:
        named.append(_named(configuration, default, backend))
    for provider in configuration.providers.values():
        named += [NamedModel(name=each, model_id=each, provider=provider.name) for each in provider.models]
    return [model for model in named if backend is None or model.provider == backend]


def _places(
    configuration: Configuration, models: Sequence[NamedModel], here: str, *, everywhere: bool
) -> dict[str, _Place]:
    """Models and their guardrails, by region.

    Args:
        here: the region of what names none.
        everywhere: whether that is the region of all.
    """
    from .doctor.setups import guardrail_of

    places: dict[str, _Place] = {}
    for model in models:
        provider = configuration.providers.get(model.provider or "")
        shared = provider.parameters if provider else _NOTHING
        said = (model.parameters, shared, configuration.defaults)
        region = here if everywhere else _first(said, "region_name") or here
        place = places.setdefault(region, _Place([], []))
        place.models.append(model.model_id)
        if (guardrail := guardrail_of({**configuration.defaults, **model.parameters})) is not None:
            place.guardrails.append(guardrail[0])
    return places


def _first(said: Sequence[Mapping[str, Any]], name: str) -> str | None:
    """The first that says it."""
    for each in said:
        try:
            value = each.get(name)
        except ConfigurationError:  # a backend whose key is missing, which a policy does not need
            continue
        if value:
            return str(value)
    return None


def _routes(models: list[str], client: BedrockClient) -> dict[str, list[str]]:
    """The ARNs of the models behind each inference profile, as AWS tells them.

    Raises:
        BedrockError: AWS does not tell.
    """
    from ..models.ids import parse_model_id

    routes: dict[str, list[str]] = {}
    for name in models:
        if "*" in name or "?" in name:
            continue
        parsed = parse_model_id(name)
        if not parsed.kind.endswith("inference-profile"):
            continue
        answer: dict[str, Any] = client.get_inference_profile(inferenceProfileIdentifier=parsed.wire_id)
        routes[parsed.wire_id] = [str(each["modelArn"]) for each in answer.get("models", ())]
    return routes
