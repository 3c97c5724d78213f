"""``bedrock-unified models``: what can be called from here, and what is known of a model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from ..models.geographies import profile_candidates
from ..models.ids import ModelId, aliases, parse_model_id
from .completion import model_names
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
from .console import AsJson, print_fields, print_json, print_rows, say, waiting
from .wording import in_options

if TYPE_CHECKING:
    from ..models.available import AvailableModel, ModelList

#: What this package has classes for.
_OURS = ("chat", "embedding", "rerank")
#: A region of each geography that has profiles of its own.
_REGIONS = (
    "us-east-1",
    "eu-west-1",
    "ap-southeast-1",
    "ap-northeast-1",
    "ap-southeast-2",
    "ap-south-1",
    "ca-central-1",
    "us-gov-west-1",
)

app = typer.Typer(
    no_args_is_help=True,
    help="List the models that can be called from here, and show what is known of one.\n\n"
    "That a model is listed does not say that the account has access to it: 'doctor --probe' asks.",
)


@app.command("list")
def list_(
    kind: Annotated[
        str | None, typer.Option(help="chat, embedding, rerank, image, video, speech or other.")
    ] = None,
    vendor: Annotated[str | None, typer.Option(help="anthropic, amazon, mistral, …")] = None,
    every: Annotated[
        bool,
        typer.Option(
            "--all", help="Also legacy models, and those of kinds that this package has no class for."
        ),
    ] = False,
    curated: Annotated[
        bool, typer.Option("--curated", help="The models that this package knows of; nothing is asked.")
    ] = False,
    as_json: AsJson = False,
    backend: Backend = None,
    region: Region = None,
    profile: Profile = None,
    endpoint_url: EndpointUrl = None,
    config: ConfigFile = None,
) -> None:
    """List the models that can be called from the region, with the id to call each by.

    The account's own list is asked for; where that cannot be had (no network, no permission), the models that
    this package knows of are listed, with a note. Into a pipe: a model a line, its id first.
    """
    with connect(
        backend=backend, region=region, profile=profile, endpoint_url=endpoint_url, config=config
    ) as client:
        wanted: dict[str, Any] = {"kind": kind, "vendor": vendor, "legacy": None if every else False}
        if curated:
            found = _curated(client.region, wanted)
        else:
            provider = provider_of(configuration_for(config), backend, config)
            if provider is not None and provider.models:
                wanted |= {"models": provider.models, "mode": provider.models_mode}
            with waiting("asking for the models"):
                found = client.available_models(**wanted)
    models = [model for model in found if every or kind or model.kind in _OURS]
    if as_json:
        listed = [model.as_dict() for model in models]
        print_json(
            {
                "region": found.region,
                "source": found.source,
                "notes": [in_options(note) for note in found.notes],
                "models": listed,
            }
        )
    else:
        rows = [
            (
                model.id,
                model.vendor,
                model.kind,
                ", ".join(model.input).lower(),
                {True: "yes", False: "no", None: "?"}[model.streaming],
                model.reached_by.replace("_", " "),
                *([model.legacy] if every else []),
            )
            for model in models
        ]
        columns = ["Id to call", "Vendor", "Kind", "Reads", "Streams", "Reached by"]
        columns += ["Legacy"] if every else []
        known = ", known to bedrock-unified" if found.source == "curated" else ""
        print_rows(columns, rows, title=f"{found.region}: {len(models)} models{known}")
    for note in found.notes:
        say(f"note: {in_options(note)}")
    if not models:
        say("no models fit; see --all, --kind and --vendor")


@app.command("show")
def show(
    model: Annotated[
        str, typer.Argument(metavar="ID", help="An id, an ARN or a short name.", autocompletion=model_names)
    ],
    as_json: AsJson = False,
    region: Region = None,
    backend: Backend = None,
    profile: Profile = None,
    config: ConfigFile = None,
) -> None:
    """Show what is known of a model: how to call it from the region, and what it can do. Nothing is asked.

    Of a model that nobody has heard of, everything is taken to work: it is sent as it is.
    """
    parsed = parse_model_id(model)
    with connect(backend=backend, region=region, profile=profile, config=config) as client:
        told = _about(parsed, client.region)
    if as_json:
        print_json(told)
    else:
        print_fields(dict(_flat(told)))
    if not told["known"]:
        say("note: this package knows nothing of this model, and takes it that it can everything")
    elif told["call_by"] != parsed.wire_id and parsed.kind == "foundation-model":
        say(
            f"note: AWS serves it by an inference profile alone; from {told['region']} call {told['call_by']}"
        )


def _about(parsed: ModelId, region: str) -> dict[str, Any]:
    from ..models.merging import curated
    from ..models.profile import CAPABILITIES, profile_of

    profile = profile_of(parsed.wire_id)
    listed = next((one for one in curated(region) if one.model_id == parsed.base_id), None)
    suggested = parsed.suggested_for(region)
    call_by = suggested if suggested and not profile.on_demand and parsed.geo is None else parsed.wire_id
    return {
        "id": parsed.wire_id,
        "name": listed.name if listed else None,
        "vendor": parsed.vendor,
        "kind": listed.kind if listed else None,
        "type": parsed.kind,
        "short_names": [alias for alias, target in aliases().items() if target == parsed.base_id],
        "region": region,
        "call_by": call_by,
        "profiles": dict(_profiles(parsed)),
        "lifecycle": listed.lifecycle if listed else None,
        "known": bool(profile.name) or listed is not None,
        "capabilities": {name: _plain(getattr(profile, name)) for name in CAPABILITIES},
    }


def _profiles(parsed: ModelId) -> Iterator[tuple[str, str]]:
    """The inference profiles that the model may have, by geography; the account's list says which it has."""
    if parsed.vendor is None or parsed.kind not in ("foundation-model", "inference-profile"):
        return
    for region in _REGIONS:
        for candidate in profile_candidates(parsed.base_id, region):
            yield candidate.partition(".")[0], candidate


def _flat(told: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The same a value a line."""
    for name, value in told.items():
        if name == "capabilities":
            for inner, held in value.items():
                yield inner.replace("_", " "), "not known" if held is None else held
        elif name == "profiles":
            yield "may have profiles", list(value.values())
        elif name != "known" and value not in (None, []):
            yield name.replace("_", " "), value


def _plain(value: Any) -> Any:
    if isinstance(value, frozenset):
        return sorted(cast("frozenset[str]", value))
    return list(cast("tuple[str, ...]", value)) if isinstance(value, tuple) else value


def _curated(region: str, wanted: Mapping[str, Any]) -> ModelList:
    from ..models.available import Filters, ModelList
    from ..models.merging import curated

    filters = Filters(**wanted).checked()
    known: list[AvailableModel] = [model for model in curated(region) if filters.fits(model)]
    return ModelList(known, region, "curated")
