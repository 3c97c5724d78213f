"""Models that can be invoked: what an entry of a list tells, lists of them, and the words to choose by."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any, NamedTuple, cast, overload

from ..errors import ConfigurationError, InvalidRequestError
from .data import table
from .ids import parse_model_id

#: What a model is for, as far as its modalities and its id tell.
KINDS = ("chat", "embedding", "rerank", "image", "video", "speech", "other")
#: What a configured list of models means (GoModel's ``CONFIGURED_PROVIDER_MODELS_MODE``).
MODES = ("fallback", "allowlist", "merge")

_LABELS = re.compile(r"\s+(?:ai|labs)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class AvailableModel:
    """A model, and how to reach it from the client's region.

    Attributes:
        id: what to give as model id: the model's own id where AWS serves it on demand, else an inference
            profile's id or ARN; of a configured model what was configured.
        model_id: the foundation model's id, without geography; of an ARN that does not tell it the ARN.
        vendor: who made it, as a slug: ``anthropic``, ``amazon``, ``mistral``; None where nothing tells.
        name: for people.
        kind: one of :data:`KINDS`. Every ``chat`` model is one that Converse serves.
        input, output: modalities in AWS's words (``TEXT``, ``IMAGE``, ``EMBEDDING``); empty if not known.
        streaming: whether it streams; None if not known.
        reached_by: ``on_demand``, ``profile`` (a system-defined inference profile), ``application_profile``,
            or ``arn`` (any other resource).
        profile: the system-defined profile to use from this region, a geographic one before ``global``, also
            where on-demand calls work; None where there is none.
        profiles: all of the model's system-defined profiles that this region has.
        models: ids of the foundation models behind an application profile, else empty.
        lifecycle: ``ACTIVE`` or ``LEGACY``; None if not known.
        source: ``account`` (listed by AWS), ``configured``, or ``curated`` (known to this package).
    """

    id: str
    model_id: str
    vendor: str | None
    name: str
    kind: str
    input: tuple[str, ...] = ()
    output: tuple[str, ...] = ()
    streaming: bool | None = None
    reached_by: str = "on_demand"
    profile: str | None = None
    profiles: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    lifecycle: str | None = None
    source: str = "account"

    @property
    def on_demand(self) -> bool:
        """Whether the foundation model's own id reaches it."""
        return self.reached_by == "on_demand"

    @property
    def legacy(self) -> bool:
        """Whether AWS is about to retire it."""
        return self.lifecycle == "LEGACY"

    def as_dict(self) -> dict[str, Any]:
        """All of it as JSON takes it, ``on_demand`` and ``legacy`` included."""
        return {**asdict(self), "on_demand": self.on_demand, "legacy": self.legacy}


class ModelList(Sequence[AvailableModel]):
    """Models that can be invoked.

    Attributes:
        region: the region that they were listed for.
        source: ``account``, ``configured`` or ``curated``.
        notes: sentences that whoever sees the list should see, too: what could not be asked, and why.
    """

    def __init__(
        self, models: Iterable[AvailableModel], region: str, source: str, notes: Iterable[str] = ()
    ) -> None:
        self._models = tuple(models)
        self.region = region
        self.source = source
        self.notes = tuple(notes)

    @overload
    def __getitem__(self, index: int) -> AvailableModel: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[AvailableModel, ...]: ...
    def __getitem__(self, index: int | slice) -> AvailableModel | tuple[AvailableModel, ...]:
        return self._models[index]

    def __len__(self) -> int:
        return len(self._models)

    def __repr__(self) -> str:
        return f"<{len(self)} models in {self.region}, by {self.source}>"

    @property
    def ids(self) -> list[str]:
        """What to give as model id, in the order of the list."""
        return [model.id for model in self._models]

    def find(self, spec: str) -> AvailableModel | None:
        """The entry of a model: by what is sent, by a profile's id, or by the model's own id or short name.

        Raises:
            InvalidRequestError: no model id can look like this.
        """
        wire_id = parse_model_id(spec).wire_id
        ways = (
            [model for model in self._models if model.id in (spec, wire_id)],
            [model for model in self._models if model.model_id == wire_id and not model.models],
            [model for model in self._models if wire_id in model.profiles],
        )
        return next((found[0] for found in ways if found), None)


class Filters(NamedTuple):
    """What of a list is wanted; None means all."""

    kind: str | None = None
    vendor: str | None = None
    output: str | None = None
    on_demand: bool | None = None
    legacy: bool | None = None

    def checked(self) -> Filters:
        """The same in the words of the entries.

        Raises:
            ConfigurationError: a kind that there is not, or a value of another type.
        """
        for name in ("kind", "vendor", "output"):
            value = getattr(self, name)
            if value is not None and not isinstance(value, str):
                raise ConfigurationError(f"{name} must be text, not {type(value).__name__}")
        for name in ("on_demand", "legacy"):
            value = getattr(self, name)
            if value is not None and not isinstance(value, bool):
                raise ConfigurationError(f"{name} must be True, False or None, not {value!r:.80}")
        if self.kind is not None and self.kind not in KINDS:
            raise ConfigurationError(
                f"there is no kind {self.kind!r:.80} of models", hint=f"kind is one of {', '.join(KINDS)}"
            )
        return self._replace(
            vendor=vendor_slug(self.vendor) if self.vendor else None,
            output=self.output.upper() if self.output else None,
        )

    def fits(self, model: AvailableModel) -> bool:
        """Whether a model is wanted. Who configured a model knows how it is reached and how old it is."""
        chosen = model.source == "configured"
        return (
            (self.kind is None or model.kind == self.kind)
            and (self.vendor is None or model.vendor == self.vendor)
            and (self.output is None or self.output in model.output)
            and (self.on_demand is None or chosen or model.on_demand is self.on_demand)
            and (self.legacy is None or chosen or model.legacy is self.legacy)
        )


def vendor_slug(name: str) -> str:
    """A vendor's slug: what its model ids begin with. Takes ids' beginnings and ListFoundationModels' names.

    >>> [vendor_slug(name) for name in ("anthropic", "Mistral AI", "AI21 Labs", "Moonshot AI", "Z.AI")]
    ['anthropic', 'mistral', 'ai21', 'moonshotai', 'zai']
    """
    plain = name.strip().lower()
    words = _words()
    slug = words.slugs.get(plain)
    if slug is None:
        slug = re.sub(r"[^a-z0-9]+", "", _LABELS.sub("", plain)) or plain
    return words.same.get(slug, slug)


def kind_of(model_id: str, output: Sequence[str]) -> str:
    """What a model is for; one of :data:`KINDS`.

    Args:
        output: its output modalities; empty where they are not known.
    """
    name = model_id.lower()
    if "EMBEDDING" in output or "embed" in name:
        return "embedding"
    if "rerank" in name:
        return "rerank"
    if "sonic" in name:
        return "speech"  # in both directions at once, which Converse is not
    if "twelvelabs.pegasus" in name:
        return "other"  # tells of a video, by InvokeModel alone
    if not output or "TEXT" in output:
        return "chat"
    words = (("IMAGE", "image"), ("VIDEO", "video"), ("SPEECH", "speech"), ("AUDIO", "speech"))
    return next((kind for word, kind in words if word in output), "other")


def pinned(models: Any) -> tuple[str, ...]:
    """A configured list of models: trimmed, without blanks, each once, in its order.

    Args:
        models: ids and ARNs in any of their spellings; as one text, separated by commas.

    Raises:
        ConfigurationError: no list, or an entry that no Bedrock id can look like.
    """
    if isinstance(models, str):
        models = models.split(",")
    if not isinstance(models, Iterable) or isinstance(models, (bytes, Mapping)):
        raise ConfigurationError(f"models must be a list of model ids, not {cast('Any', models)!r:.80}")
    found: dict[str, None] = {}
    for spec in cast("Iterable[Any]", models):
        if not isinstance(spec, str):
            raise ConfigurationError(f"models must be a list of model ids; it holds {spec!r:.80}")
        if name := spec.strip():
            try:
                parse_model_id(name)
            except InvalidRequestError as error:
                raise ConfigurationError(f"models: {error.message}", hint=error.hint) from None
            found[name] = None
    return tuple(found)


def checked_mode(mode: Any) -> str:
    """What a configured list means, in GoModel's words, whatever their case.

    Raises:
        ConfigurationError: neither of them.
    """
    plain = mode.strip().lower() if isinstance(mode, str) else mode
    if plain not in MODES:
        raise ConfigurationError(
            f"the mode of configured models is {mode!r:.80}", hint=f"must be one of: {', '.join(MODES)}"
        )
    return cast("str", plain)


class _Words(NamedTuple):
    slugs: dict[str, str]
    same: dict[str, str]


@cache
def _words() -> _Words:
    data = table("available")
    return _Words({name.lower(): slug for slug, name in data["vendors"].items()}, data["same"])
