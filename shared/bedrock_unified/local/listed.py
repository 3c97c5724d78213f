"""What the control plane of the imagined account lists, seen from a region."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any, cast

from ..models.geographies import profile_candidates, split_name

_CREATED = "2025-01-01T00:00:00Z"


@dataclass(frozen=True)
class Model:
    """One foundation model of the list, as ``data/models.toml`` explains."""

    id: str
    name: str
    input: tuple[str, ...] = ("TEXT",)
    output: tuple[str, ...] = ("TEXT",)
    stream: bool = True
    profiles: tuple[str, ...] = ()
    profile_only: bool = False
    inference: tuple[str, ...] = ("ON_DEMAND",)
    customizations: tuple[str, ...] = ()
    lifecycle: str = "ACTIVE"
    regions: tuple[str, ...] = ("",)

    @property
    def provider(self) -> str:
        """What AWS calls its vendor."""
        return data()["provider_names"][self.id.split(".", 1)[0]]

    @property
    def inference_types(self) -> list[str]:
        """Of ``ON_DEMAND``, ``PROVISIONED``, ``INFERENCE_PROFILE``."""
        return ["INFERENCE_PROFILE"] if self.profile_only else list(self.inference)

    def profiles_in(self, region: str) -> list[str]:
        """Ids of its system-defined profiles that a region has."""
        return [
            profile
            for profile in profile_candidates(self.id, region)
            if profile.removesuffix(f".{self.id}") in self.profiles
        ]

    def is_in(self, region: str) -> bool:
        """Whether a region lists it; what is reached by profile alone is where a profile is."""
        return region.startswith(self.regions) and (not self.profile_only or bool(self.profiles_in(region)))


@functools.cache
def data() -> dict[str, Any]:
    """``data/models.toml``."""
    text = resources.files("bedrock_unified.local").joinpath("data/models.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@functools.cache
def listed_models() -> tuple[Model, ...]:
    """The models of ``data/models.toml``."""
    return tuple(_model(row) for row in cast("list[dict[str, Any]]", data()["model"]))


def _model(row: dict[str, Any]) -> Model:
    members: dict[str, Any] = {
        key: tuple(cast("list[str]", value)) if isinstance(value, list) else value
        for key, value in row.items()
    }
    return Model(**members)


def model_summaries(region: str) -> list[dict[str, Any]]:
    """ListFoundationModels' ``modelSummaries``."""
    return [
        {
            "customizationsSupported": list(model.customizations),
            "inferenceTypesSupported": model.inference_types,
            "inputModalities": list(model.input),
            "modelArn": f"arn:aws:bedrock:{region}::foundation-model/{model.id}",
            "modelId": model.id,
            "modelLifecycle": {"status": model.lifecycle},
            "modelName": model.name,
            "outputModalities": list(model.output),
            "providerName": model.provider,
            "responseStreamingSupported": model.stream,
        }
        for model in listed_models()
        if model.is_in(region)
    ]


def profile_summaries(region: str, account_id: str) -> list[dict[str, Any]]:
    """ListInferenceProfiles' ``inferenceProfileSummaries``: the system-defined profiles of a region."""
    summaries: list[dict[str, Any]] = []
    for model in listed_models():
        for profile in model.profiles_in(region):
            geography = profile.removesuffix(f".{model.id}")
            arn = f"arn:aws:bedrock:{region}:{account_id}:inference-profile/{profile}"
            summaries.append(
                {
                    "createdAt": _CREATED,
                    "description": f"Routes requests to {model.name} in {geography} regions.",
                    "inferenceProfileArn": arn,
                    "inferenceProfileId": profile,
                    "inferenceProfileName": f"{geography.upper()} {model.provider} {model.name}",
                    "models": _behind(profile, region),
                    "status": "ACTIVE",
                    "type": "SYSTEM_DEFINED",
                    "updatedAt": _CREATED,
                }
            )
    return summaries


def application_summaries(profiles: Mapping[str, str], region: str, account_id: str) -> list[dict[str, Any]]:
    """The same of the account's own profiles.

    Args:
        profiles: the end of each one's ARN, and the model or system-defined profile that it was made of.
    """
    prefix = f"arn:aws:bedrock:{region}:{account_id}:application-inference-profile"
    return [
        {
            "createdAt": _CREATED,
            "inferenceProfileArn": f"{prefix}/{identity}",
            "inferenceProfileId": identity,
            "inferenceProfileName": identity,
            "models": _behind(source, region),
            "status": "ACTIVE",
            "type": "APPLICATION",
            "updatedAt": _CREATED,
        }
        for identity, source in profiles.items()
    ]


def _behind(source: str, region: str) -> list[dict[str, str]]:
    """The models that a profile routes to; the first of a global one's names no region (bx4edc92ecf056a1)."""
    name = split_name(source)
    places = ["", region] if name.geo == "global" else [region]
    return [{"modelArn": f"arn:aws:bedrock:{place}::foundation-model/{name.base_id}"} for place in places]
