"""Which id a client sends for a model that AWS serves by an inference profile alone."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, NamedTuple, cast

from .errors import BedrockError, ConfigurationError, InvalidRequestError, PermissionDeniedError
from .models.geographies import suggested_profile
from .models.ids import ModelId, is_alias, parse_model_id
from .remembered import Remembered

_log = logging.getLogger("bedrock_unified")
#: Seconds that the account's list of profiles is good for, and that one waits after it could not be had.
_AGE, _PAUSE = 3600.0, 60.0
#: Ids that are kept; a client that sees more decides anew.
_MOST = 2048
#: What a caller said of a model, and the caller's word on whether it is served on demand.
Key = str | tuple[str, bool]


class Profiles(NamedTuple):
    """The account's system-defined inference profiles in the client's region.

    Attributes:
        ids: None where they could not be listed.
        lasting: whether asking again would answer the same.
    """

    ids: tuple[str, ...] | None
    lasting: bool = True

    @classmethod
    def unlisted(cls, error: BedrockError) -> Profiles:
        """What it means that they could not be listed."""
        _log.info("the account's inference profiles cannot be listed: %s", error)
        return cls(None, isinstance(error, (PermissionDeniedError, ConfigurationError)))


class Reach:
    """What one client knows of how models are reached.

    A short name (``claude-3-5-sonnet``) says which model is meant, and leaves open how it is reached: where
    AWS serves it by profile alone, the account's profile for the region is sent. A full id is sent as it is
    written, unless ``cross_region="auto"`` was set.

    Args:
        mode: the client's ``cross_region``: None, ``auto`` or False.
    """

    def __init__(self, mode: str | bool | None) -> None:
        self._mode = mode
        #: Decided once and for all; looked into at every call.
        self.sent: dict[Key, str] = {}
        #: Those of them that no refusal by AWS can change.
        self.settled: dict[Key, str] = {}
        #: Decided without the account's list, until it can be had.
        self._meanwhile: dict[Key, str] = {}
        self._refused: set[str] = set()
        self.profiles: Remembered[Profiles] = Remembered()

    def forget_askers(self) -> None:
        """Start anew in a forked child."""
        self.profiles.forget_askers()

    def reset(self) -> None:
        """Decide anew: the account's list was asked for again."""
        self.settled.clear()
        self.sent.clear()
        self._meanwhile.clear()

    def sent_for(self, request: Mapping[str, Any]) -> str | None:
        """What was sent as a request's model; None if it was not sent yet."""
        key = key_of(request)
        return None if key is None else self.sent.get(key) or self._meanwhile.get(key)

    def max_age(self) -> float:
        """Seconds that the remembered list of profiles is good for."""
        held = self.profiles.held(_AGE)
        return _AGE if held is None or held.ids is not None or held.lasting else _PAUSE

    def without_list(self, key: Key) -> str | None:
        """The id to send, where that can be said without the account's profiles; else None."""
        spec, told = (key, None) if isinstance(key, str) else key
        try:
            model = parse_model_id(spec)
        except InvalidRequestError:
            return spec  # the call says what is wrong with it
        minds = self._minds(spec, model)
        if not minds or self._on_demand(model, told):
            return self._decided(key, spec, settled=not minds or told is not None)
        return None

    def with_list(self, key: Key, profiles: Profiles, region: str) -> str:
        """The id to send: the account's profile, geographic before global, else the likeliest for the region.

        An account without any profile of the model gets the model's own id, and AWS's word on it.
        """
        spec = key if isinstance(key, str) else key[0]
        base_id = parse_model_id(spec).base_id
        if profiles.ids is None:
            best = suggested_profile(base_id, region)
        else:
            own = [one for one in profiles.ids if one.endswith(f".{base_id}")]
            best = suggested_profile(base_id, region, own) if own else None
        sent = best or spec
        if profiles.ids is not None or profiles.lasting:
            return self._decided(key, sent, settled=sent != spec)
        if len(self._meanwhile) >= _MOST:
            self._meanwhile.clear()
        self._meanwhile[key] = sent
        return sent

    def refused(self, key: Key, error: InvalidRequestError) -> bool:
        """Learn from AWS's refusal of on-demand calls; whether another id may be tried."""
        if "on-demand throughput" not in error.message or not isinstance(key, str):
            return False
        model = parse_model_id(key)
        if not self._minds(key, model):
            return False
        if model.base_id not in self._refused:  # else another call was refused a moment ago
            self._refused.add(model.base_id)
            self.sent.pop(key, None)
        return True

    def _minds(self, spec: str, model: ModelId) -> bool:
        """Whether it is ours to say how this model is reached."""
        if self._mode is False or model.arn is not None or model.kind != "foundation-model":
            return False
        return self._mode == "auto" or is_alias(spec)

    def _on_demand(self, model: ModelId, told: bool | None) -> bool:
        if told is not None:
            return told
        from .models.profile import profile_of  # few models are asked about

        return profile_of(model.base_id).on_demand and model.base_id not in self._refused

    def _decided(self, key: Key, sent: str, *, settled: bool) -> str:
        if len(self.sent) >= _MOST:
            self.settled.clear()
            self.sent.clear()
        self.sent[key] = sent
        if settled:
            self.settled[key] = sent
        self._meanwhile.pop(key, None)
        return sent


def key_of(request: Mapping[str, Any]) -> Key | None:
    """What a request says of its model; None where the call itself has to say what is wrong with it."""
    spec = request.get("modelId")
    if not isinstance(spec, str) or not spec:
        return None
    told = getattr(request.get("options"), "capabilities", None)
    known = isinstance(told, Mapping) and "on_demand" in told
    return (spec, bool(cast("Mapping[str, Any]", told)["on_demand"])) if known else spec
