"""GoModel's environment: ``BEDROCK_BASE_URL``, ``_API_KEY``, ``_MODELS``, and the same with a suffix."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import SecretStr

from ..named import Origin
from ..reading.planes import checked_region
from ..reading.problems import problem
from ..reading.said import Said
from .file import given

_PREFIX = "BEDROCK_"
_FIELDS = ("BASE_URL", "API_KEY", "MODELS")
#: What GoModel reads of every family, and its Bedrock provider does not look at.
_IGNORED = (
    "SESSION_STICKY_KEYS",
    "PROXY_URL",
    "AUTH_TYPE",
    "API_MODE",
    "BACKEND",
    "MODEL_FILTER_MAX_PRICE_PER_MTOK",
    "MODEL_FILTER_INCLUDE",
    "MODEL_FILTER_EXCLUDE",
)
# Letters and digits with single underscores between them.
_SUFFIX = re.compile(r"[^\W_]+(?:_[^\W_]+)*")
_NUMBERED_KEY = re.compile(r"(?:.+_)?API_KEY_[1-9]\d*")
#: GoModel's other provider, whose variables would also parse as those of an instance called ``mantle``.
_MANTLE = "MANTLE"

Group = dict[str, Said]


@dataclass(slots=True)
class Families:
    """Values by suffix (empty for none) and field."""

    groups: dict[str, Group] = field(default_factory=dict[str, Group])
    notes: list[str] = field(default_factory=list[str])


def families(env: Mapping[str, str], origin: Callable[[str], Origin]) -> Families:
    """The families of variables that say something, the unsuffixed first, then by suffix."""
    found = Families()
    for name in sorted(env):
        if not name.startswith(_PREFIX):
            continue
        said = Said(origin(name), env[name], env[name])
        if not given(said):
            continue
        rest = name.removeprefix(_PREFIX)
        parsed = _parsed(rest)
        if parsed is None:
            if _is_ignored(rest):
                found.notes.append(f"{said.origin}: left out, GoModel's Bedrock provider does not read it")
            continue
        suffix, which = parsed
        if suffix == _MANTLE or suffix.startswith(f"{_MANTLE}_"):
            found.notes.append(
                f"{said.origin}: left out, it belongs to GoModel's provider bedrock-mantle, whose endpoint "
                "does not speak Converse"
            )
            continue
        found.groups.setdefault(suffix, {})[which] = said
    return found


def _parsed(rest: str) -> tuple[str, str] | None:
    """``EU_BASE_URL`` → (``EU``, ``BASE_URL``), matched from the right; None for what is no field's."""
    for which in _FIELDS:
        if rest == which:
            return "", which
        suffix = rest.removesuffix(f"_{which}")
        if suffix != rest and _SUFFIX.fullmatch(suffix):
            return suffix, which
    return None


def _is_ignored(rest: str) -> bool:
    if _NUMBERED_KEY.fullmatch(rest):
        return True
    return any(rest == name or rest.endswith(f"_{name}") for name in _IGNORED)


def ambient_keywords(
    env: Mapping[str, str], from_file: Mapping[str, str], source: str
) -> tuple[dict[str, Any], list[str]]:
    """What ``AWS_…`` variables say of region and identity, where a ``.env`` file has some.

    GoModel puts the file's variables into its environment, under those that are there. Here they become
    keywords: only where the environment has nothing of its own on the matter, so that no key is joined with
    another's secret.

    Returns:
        Keywords for every provider, and notes on variables of the file that cannot have an effect.
    """
    keywords: dict[str, Any] = {}
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION"):
        if region := env.get(name) or from_file.get(name):
            place = Origin("environment" if env.get(name) else source, name)
            keywords["region_name"] = checked_region(region, place)
    keywords |= _identity(env, from_file, source)
    notes = [
        f"{Origin(source, name)}: left out, AWS's own settings are read from the environment; export it"
        for name in sorted(from_file)
        if name.startswith("AWS_") and name not in env and name not in _TAKEN
    ]
    return keywords, notes


_KEYS = {
    "AWS_ACCESS_KEY_ID": "aws_access_key_id",
    "AWS_SECRET_ACCESS_KEY": "aws_secret_access_key",
    "AWS_SESSION_TOKEN": "aws_session_token",
}
_BEARER = "AWS_BEARER_TOKEN_BEDROCK"
_PROFILES = ("AWS_DEFAULT_PROFILE", "AWS_PROFILE")
_TAKEN = frozenset({*_KEYS, *_PROFILES, _BEARER, "AWS_REGION", "AWS_DEFAULT_REGION"})


def _identity(env: Mapping[str, str], from_file: Mapping[str, str], source: str) -> dict[str, Any]:
    if env.get(_BEARER, "").strip():
        return {}  # it stands in the environment: the call finds it there
    if bearer := from_file.get(_BEARER, "").strip():
        return {"api_key": SecretStr(bearer)}
    if any(env.get(name) for name in _KEYS):
        return {}
    keys = {name: from_file[name].strip() for name in _KEYS if from_file.get(name, "").strip()}
    if keys:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            if name not in keys:
                other = next(iter(keys))
                raise problem(
                    Origin(source, other), f"{name} is missing beside it", hint="write both, or neither"
                )
        return {_KEYS[name]: SecretStr(value) for name, value in keys.items()}
    if any(env.get(name) for name in _PROFILES):
        return {}
    profile = next((found for name in _PROFILES if (found := from_file.get(name))), None)
    return {"profile_name": profile} if profile else {}
