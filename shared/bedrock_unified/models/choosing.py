"""Which list of models stands, and what of it is wanted: the account's, a configured one, or the curated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ..errors import BedrockError, ConfigurationError
from ..nearest import did_you_mean
from .available import AvailableModel, Filters, ModelList, checked_mode, pinned
from .merging import Listing, configured, curated, merged

#: Seconds that a list is good for: GoModel's default of ``CACHE_REFRESH_INTERVAL``.
MAX_AGE = 3600.0
_LONGEST = 366 * 86400.0
_SYSTEM, _APPLICATION = "SYSTEM_DEFINED", "APPLICATION"
_FILTERS = frozenset(Filters._fields)


class Wish(NamedTuple):
    """What a caller wants to know.

    Attributes:
        region: of the client.
        models: the configured ids; what they mean is said by ``mode``.
        curated: whether the curated list may stand for the account's.
        max_age: seconds that an earlier list is good for.
        refresh: whether to ask in any case.
    """

    region: str
    filters: Filters
    models: tuple[str, ...]
    mode: str
    curated: bool
    max_age: float
    refresh: bool

    @property
    def needs_no_list(self) -> bool:
        """Whether the configured list is all there is. Without entries it is none."""
        return self.mode == "allowlist" and bool(self.models)

    def allowed(self, listing: Listing | None) -> ModelList:
        """The configured list, told with what an earlier listing said."""
        known: Mapping[str, AvailableModel] = listing.known() if listing is not None else {}
        return self._of(configured(self.models, self.region, known), "configured")

    def chosen(self, listing: Listing) -> ModelList | None:
        """The account's list, or where it is empty the configured one; None where there is neither."""
        if listing.models:
            return self._of((*listing.models, *self._further(listing)), "account", listing.notes)
        note = f"Bedrock lists no model in {self.region}: this is the configured list."
        return self._of(self.allowed(None), "configured", [note]) if self.models else None

    def _further(self, listing: Listing) -> Iterable[AvailableModel]:
        """With ``merge`` what is configured and not listed, behind what is."""
        listed = {model.id for model in listing.models} if self.mode == "merge" else set[str]()
        further = [spec for spec in self.models if self.mode == "merge" and spec not in listed]
        return configured(further, self.region, listing.known())

    def without_list(self, error: BedrockError) -> ModelList | None:
        """What stands for a list that could not be had; None where nothing may."""
        refused = f"The account's models could not be listed ({_told(error)})"
        way_out = f" {_sentence(error.hint)}" if error.hint else ""
        if self.models:
            note = f"{refused}: this is the configured list.{way_out}"
            return self._of(self.allowed(None), "configured", [note])
        if not self.curated:
            return None
        note = (
            f"{refused}: these are models that bedrock-unified knows of, not the account's own list; what "
            f"{self.region} has may differ.{way_out}"
        )
        return self._of(curated(self.region), "curated", [note])

    def _of(self, models: Iterable[AvailableModel], source: str, notes: Iterable[str] = ()) -> ModelList:
        return ModelList(filter(self.filters.fits, models), self.region, source, notes)


def wish(which: Mapping[str, Any], region: str) -> Wish:
    """A caller's keywords, checked.

    Raises:
        ConfigurationError: one that there is not, or a value that cannot be one.
    """
    given = dict(which)
    filters = Filters(**{name: given.pop(name) for name in _FILTERS.intersection(given)})
    models, mode = given.pop("models", ()), given.pop("mode", "fallback")
    max_age = given.pop("max_age", MAX_AGE)
    switches = {name: given.pop(name, name == "curated") for name in ("curated", "refresh")}
    if given:
        unknown, known = next(iter(given)), sorted({*_FILTERS, "models", "mode", "max_age", *switches})
        raise ConfigurationError(
            f"available_models has no parameter {unknown!r:.80}",
            hint=did_you_mean(unknown, known) or f"there are {', '.join(known)}",
        )
    for name, value in switches.items():
        if not isinstance(value, bool):
            raise ConfigurationError(f"{name} must be True or False, not {value!r:.80}")
    if isinstance(max_age, bool) or not isinstance(max_age, (int, float)) or not 0 <= max_age <= _LONGEST:
        raise ConfigurationError(
            f"max_age must be a number of seconds, at most a year, not {max_age!r:.80}",
            hint="0 asks anew; refresh=True does so once",
        )
    return Wish(
        region, filters.checked(), pinned(models or ()), checked_mode(mode), max_age=max_age, **switches
    )


@dataclass(slots=True)
class Heard:
    """The control plane's answers while they come.

    Attributes:
        profiles: ``inferenceProfileSummaries`` by their type.
        missed: what could not be had, by the same.
    """

    region: str
    models: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    profiles: dict[str, list[dict[str, Any]]] = field(default_factory=dict[str, list[dict[str, Any]]])
    missed: dict[str, BedrockError] = field(default_factory=dict[str, BedrockError])

    def listing(self) -> Listing:
        """All of it, merged.

        Raises:
            KeyError, TypeError, AttributeError: it is not of the operations' shapes.
        """
        # By what each says it is: another service's list may know no filter.
        every = {
            one.get("inferenceProfileArn") or one["inferenceProfileId"]: one
            for listed in self.profiles.values()
            for one in listed
        }
        applications = [one for one in every.values() if one.get("type") == _APPLICATION]
        system = [one for one in every.values() if one.get("type") != _APPLICATION]
        known = system if _SYSTEM in self.profiles else None
        return Listing(merged(self.models, known, applications, self.region), tuple(self._notes()))

    def _notes(self) -> Iterable[str]:
        system, application = self.missed.get(_SYSTEM), self.missed.get(_APPLICATION)
        if system is not None:
            also = ", and application profiles are missing" if application is not None else ""
            yield (
                f"The account's inference profiles could not be listed ({_told(system)}): where a model "
                f"needs one the likeliest of {self.region} is named{also}. "
                "Allow bedrock:ListInferenceProfiles to see them."
            )
        elif application is not None:
            yield (
                f"The account's application inference profiles could not be listed ({_told(application)}) "
                "and are missing here."
            )


def _told(error: BedrockError) -> str:
    return f"{error.code or type(error).__name__}: {error.message}".rstrip(".")


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."
