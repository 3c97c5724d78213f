"""From what the control plane lists to what can be invoked; and the same without asking it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from .available import AvailableModel, kind_of, vendor_slug
from .data import table
from .geographies import split_name, suggested_profile
from .ids import ModelId, parse_model_id
from .profile import profile_of

_BEHIND = re.compile(r"(?:^|/)(?P<id>[^/]+)$")
_FIELDS = tuple(AvailableModel.__dataclass_fields__)
#: How what a model id names is reached; anything else by its ARN.
_REACHED = {
    "foundation-model": "on_demand",
    "bare": "on_demand",
    "inference-profile": "profile",
    "application-inference-profile": "application_profile",
}


class Listing(NamedTuple):
    """What the control plane answered, merged; ``notes`` on what it refused."""

    models: tuple[AvailableModel, ...]
    notes: tuple[str, ...] = ()

    def known(self) -> dict[str, AvailableModel]:
        """The entries by their model's id; what is on demand before what is behind a profile."""
        return {model.model_id: model for model in reversed(self.models) if not model.models}


def merged(
    summaries: Iterable[Mapping[str, Any]],
    system: Iterable[Mapping[str, Any]] | None,
    applications: Iterable[Mapping[str, Any]],
    region: str,
) -> tuple[AvailableModel, ...]:
    """What can be invoked, from ListFoundationModels and ListInferenceProfiles.

    A model that is served on demand is sent by its id; else by the system-defined profile whose id ends with
    it, a geographic one before ``global``; a model with neither (provisioned throughput alone) is left out.
    A profile of a model that is not listed, and every application profile, is an entry of its own.

    Args:
        summaries: ``modelSummaries``.
        system: ``inferenceProfileSummaries`` of type SYSTEM_DEFINED; None where they could not be had: then
            the likeliest profile of the region stands for what is served by profile.
        applications: those of type APPLICATION.
        region: of the client.

    Raises:
        KeyError, TypeError, AttributeError: they are not of the operations' shapes.
    """
    names = {str(one["inferenceProfileId"]): one.get("inferenceProfileName") for one in _active(system or ())}
    ids = None if system is None else tuple(names)
    listed = {model.model_id: model for summary in summaries for model in [_listed(summary, ids, region)]}
    taken = {profile for model in listed.values() for profile in model.profiles}
    elsewhere = dict.fromkeys(split_name(profile).base_id for profile in names if profile not in taken)
    found = [model for model in listed.values() if model.id]
    found += [_by_profile(base_id, tuple(names), names, region) for base_id in elsewhere]
    found += [_application(profile, listed) for profile in _active(applications)]
    return tuple(sorted(found, key=lambda one: (bool(one.models), one.vendor or "~", one.model_id)))


def _active(profiles: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [profile for profile in profiles if profile.get("status", "ACTIVE") == "ACTIVE"]


def curated(region: str) -> tuple[AvailableModel, ...]:
    """The models that are known to this package, as they are reached from a region, as far as one knows."""
    return tuple(model for row in _rows().values() if (model := _curated(row, region)).id)


def configured(
    specs: Iterable[str], region: str, known: Mapping[str, AvailableModel]
) -> tuple[AvailableModel, ...]:
    """A configured list as entries; with what AWS said of them where that is known.

    Args:
        specs: as :func:`pinned` gives them.
        known: entries of an earlier list, by their model's id.
    """
    return tuple(_configured(spec, parse_model_id(spec), region, known) for spec in specs)


def profiles_of(model_id: str, profiles: Iterable[str], region: str) -> tuple[str, ...]:
    """The system-defined profiles of a model, the one to use from a region first."""
    own = [profile for profile in profiles if split_name(profile).base_id == model_id != profile]
    ordered: list[str] = []
    while own:
        best = suggested_profile(model_id, region, own)
        ordered.append(best or own[0])
        own.remove(ordered[-1])
    return tuple(ordered)


def _listed(summary: Mapping[str, Any], system: Sequence[str] | None, region: str) -> AvailableModel:
    model_id = str(summary["modelId"])
    types = summary.get("inferenceTypesSupported") or ()
    if system is not None:
        own = profiles_of(model_id, system, region)
    else:
        likely = suggested_profile(model_id, region) if "INFERENCE_PROFILE" in types else None
        own = (likely,) if likely else ()
    on_demand = "ON_DEMAND" in types
    output = tuple(summary.get("outputModalities") or ())
    lifecycle: Mapping[str, Any] = summary.get("modelLifecycle") or {}
    return AvailableModel(
        id=model_id if on_demand else own[0] if own else "",
        model_id=model_id,
        vendor=_vendor(model_id, summary.get("providerName")),
        name=str(summary.get("modelName") or model_id),
        kind=kind_of(model_id, output),
        input=tuple(summary.get("inputModalities") or ()),
        output=output,
        streaming=summary.get("responseStreamingSupported"),
        reached_by="on_demand" if on_demand else "profile",
        profile=own[0] if own else None,
        profiles=own,
        lifecycle=lifecycle.get("status"),
    )


def _by_profile(base_id: str, system: Sequence[str], names: Mapping[str, Any], region: str) -> AvailableModel:
    """A model that another region has, and a profile of this one reaches."""
    own = profiles_of(base_id, system, region) or (base_id,)
    about = _about(base_id, region)
    return _like(
        about,
        id=own[0],
        name=about.name if base_id in _rows() else str(names.get(own[0]) or base_id),
        reached_by="profile",
        profile=own[0],
        profiles=own,
        source="account",
    )


def _application(profile: Mapping[str, Any], listed: Mapping[str, AvailableModel]) -> AvailableModel:
    arn = str(profile["inferenceProfileArn"])
    behind = [_BEHIND.search(str(model.get("modelArn") or "")) for model in profile.get("models") or ()]
    models = tuple(dict.fromkeys(split_name(found["id"]).base_id for found in behind if found))
    model_id = models[0] if models else arn
    return _like(
        listed.get(model_id) or _about(model_id, ""),
        id=arn,
        name=str(profile.get("inferenceProfileName") or arn),
        reached_by="application_profile",
        profile=None,
        profiles=(),
        models=models or (arn,),
        source="account",
    )


def _configured(
    spec: str, parsed: ModelId, region: str, known: Mapping[str, AvailableModel]
) -> AvailableModel:
    base_id = parsed.base_id
    about = known.get(base_id) or _about(base_id, region)
    reached_by = _REACHED.get(parsed.kind, "arn")
    if reached_by == "on_demand" and about.reached_by == "profile":
        reached_by = "profile"
    own = (parsed.wire_id,) if parsed.kind == "inference-profile" else about.profiles
    profile = own[0] if own else None
    return _like(
        about, id=spec, reached_by=reached_by, profile=profile, profiles=own, models=(), source="configured"
    )


def _curated(row: Mapping[str, Any], region: str) -> AvailableModel:
    model_id = str(row["id"])
    on_demand = profile_of(model_id).on_demand
    likely = None if on_demand else suggested_profile(model_id, region)
    return AvailableModel(
        id=model_id if on_demand else likely or "",
        model_id=model_id,
        vendor=_vendor(model_id, None),
        name=row["name"],
        kind=kind_of(model_id, row["output"]),
        input=tuple(row["input"]),
        output=tuple(row["output"]),
        streaming=row["streaming"],
        reached_by="on_demand" if on_demand else "profile",
        profile=likely,
        profiles=(likely,) if likely else (),
        lifecycle=row.get("lifecycle", "ACTIVE"),
        source="curated",
    )


def _about(model_id: str, region: str) -> AvailableModel:
    """What is known of a model that no list told of."""
    row = _rows().get(model_id)
    if row is not None:
        return _curated(row, region)
    kind = "other" if model_id.startswith("arn:") else kind_of(model_id, ())
    output = {"chat": ("TEXT",), "rerank": ("TEXT",), "embedding": ("EMBEDDING",)}.get(kind, ())
    on_demand = kind == "other" or profile_of(model_id).on_demand
    likely = None if on_demand else suggested_profile(model_id, region)
    return AvailableModel(
        id=model_id,
        model_id=model_id,
        vendor=None if model_id.startswith("arn:") else _vendor(model_id, None),
        name=model_id,
        kind=kind,
        output=output,
        reached_by="on_demand" if on_demand else "profile",
        profile=likely,
        profiles=(likely,) if likely else (),
        source="curated",
    )


def _like(model: AvailableModel, **changes: Any) -> AvailableModel:
    # Not dataclasses.replace(): this is typed, and hundreds are made for a list.
    return AvailableModel(**{**{name: getattr(model, name) for name in _FIELDS}, **changes})


def _vendor(model_id: str, provider: Any) -> str | None:
    vendor = split_name(model_id).vendor
    if vendor is None and isinstance(provider, str) and provider.strip():
        vendor = provider
    return vendor_slug(vendor) if vendor else None


@cache
def _rows() -> dict[str, dict[str, Any]]:
    return {row["id"]: row for row in table("available")["models"]}
