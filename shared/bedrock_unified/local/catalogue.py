"""The models of the imagined account: what is listed, what a model id means, which ids are refused."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from ..errors import ConfigurationError, InvalidRequestError
from ..models.profile import UNKNOWN, Profile, profile_of
from .listed import data, listed_models
from .problems import Problem, invalid

_ARN = re.compile(
    r"arn:(?P<partition>aws[^:]*):bedrock:(?P<region>[a-z0-9-]*):(?P<account>\d*):(?P<kind>[a-z-]+)/(?P<rest>.+)"
)
_OPAQUE = {
    "application-inference-profile", "provisioned-model", "custom-model", "custom-model-deployment",
    "imported-model", "prompt", "prompt-router", "default-prompt-router",
}  # fmt: skip
OPAQUE_MODEL = "anthropic.claude-haiku-4-5-20251001-v1:0"
"""What stands behind an ARN that does not say which model it means, unless the account was told."""


_NOTHING: Mapping[str, Any] = {}
#: Attributes of a profile that tell how to ask, not what is refused.
_UNHEEDED = frozenset({"beside_tool_result", "cache_minimum", "efforts", "native", "top_k"})


@dataclass(frozen=True)
class Target:
    """What a model id in a request means."""

    bare: str
    """``provider.model``, without geography or ARN."""
    is_profile: bool


@dataclass
class Catalogue:
    """Resolves model ids.

    ``extra_models`` are ids accepted beyond the known providers, or that can do something else than is known
    of them: a mapping of ids gives each one's capabilities, by the attributes of
    :class:`~bedrock_unified.models.profile.Profile`. ``application_profiles`` maps the id (last part of the
    ARN) of an application inference profile, or of any opaque ARN, to a model id; ``require_profiles``
    refuses on-demand calls of models that AWS serves through inference profiles only.

    Raises:
        ConfigurationError: a capability that there is not, that nothing is refused by here, or a value that
            it cannot have.
    """

    extra_models: Iterable[str] | Mapping[str, Mapping[str, Any]] = ()
    application_profiles: dict[str, str] = field(default_factory=dict[str, str])
    require_profiles: bool = False

    def __post_init__(self) -> None:
        given = self.extra_models
        self._capabilities: dict[str, Mapping[str, Any]] = {}
        for model_id in given:
            told = cast("Mapping[str, Any]", given[model_id]) if isinstance(given, Mapping) else _NOTHING
            profile_of("unknown.model", overrides=told)  # raises what is wrong with them
            for name in _UNHEEDED.intersection(told):
                raise ConfigurationError(
                    f"the local endpoint refuses nothing by {name!r}, which is given for {model_id!r:.120}",
                    hint=f"leave it out, as {', '.join(sorted(_UNHEEDED))}",
                )
            self._capabilities[model_id] = told

    def resolve(self, model_id: str) -> Target:
        """The model ``model_id`` means; raises the ValidationException AWS gives for one it does not know."""
        target = self.meant(model_id)
        if not target.is_profile:
            told = self._told(model_id).get("on_demand")
            if told is False or (told is None and self.require_profiles and _profile_only(target.bare)):
                raise invalid(
                    f"Invocation of model ID {model_id} with on-demand throughput isn’t supported. Retry "
                    "your request with the ID or ARN of an inference profile that contains this model."
                )
        return target

    def profile(self, model_id: str) -> Profile:
        """What the model can do that ``model_id`` means; all of it where that is not known."""
        told = self._told(model_id)
        try:
            return profile_of(self._named(model_id), overrides=told)
        except InvalidRequestError:  # an account may have models whose ids are no Bedrock ids
            return profile_of("unknown.model", overrides=told) if told else UNKNOWN

    def _named(self, model_id: str) -> str:
        """The id of the model or profile that an ARN stands for; the ARN where nothing is known of it."""
        match = _ARN.fullmatch(model_id)
        if match is None:
            return model_id
        rest = match.group("rest")
        return self.application_profiles.get(rest, model_id if match.group("kind") in _OPAQUE else rest)

    def _told(self, model_id: str) -> Mapping[str, Any]:
        """What the account says of the model: by the id as it is sent, or by that without geography."""
        named = self._named(model_id)
        names = (model_id, named, _without_geography(named)[0])
        return next((self._capabilities[name] for name in names if name in self._capabilities), _NOTHING)

    def meant(self, model_id: str) -> Target:
        """The same where nothing is invoked: CountTokens serves models by the ids that on-demand calls do
        not reach (bx84d0dec0747529).
        """
        try:
            return self._known_target(model_id)
        except Problem:
            if model_id in self._capabilities:
                return Target(model_id, False)
            raise

    def _known_target(self, model_id: str) -> Target:
        match = _ARN.fullmatch(model_id)
        if match:
            kind, rest = match.group("kind"), match.group("rest")
            if kind in _OPAQUE:
                meant = self.application_profiles.get(rest, OPAQUE_MODEL)
                return Target(_without_geography(meant)[0], True)
            if kind not in {"foundation-model", "inference-profile"}:
                raise invalid("The provided model identifier is invalid.")
            model_id = rest
        bare, geography = _without_geography(model_id)
        provider, dot, name = bare.partition(".")
        if not dot or not name or provider not in data()["providers"]:
            raise invalid("The provided model identifier is invalid.")
        return Target(bare, geography is not None)


@functools.cache
def _profile_only(model_id: str) -> bool:
    """Whether AWS refused it on demand: as the list has it, of any other model as its capabilities do."""
    row = next((model for model in listed_models() if model.id == model_id), None)
    return row.profile_only if row is not None else not profile_of(model_id).on_demand


def _without_geography(model_id: str) -> tuple[str, str | None]:
    first, _, rest = model_id.partition(".")
    return (rest, first) if first in data()["geographies"] and "." in rest else (model_id, None)


def no_such_profile(identifier: str) -> Problem:
    return Problem("ResourceNotFoundException", f"The inference profile {identifier} was not found.")
