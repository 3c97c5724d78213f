"""OneLLM's configuration: ``bedrock.json`` and the ``ONELLM_PROVIDERS__BEDROCK__…`` variables."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..named import Origin, Provider
from ..open import OpenConfiguration
from ..reading.planes import checked_region
from ..reading.problems import unknown_key
from ..reading.said import Said, from_file, from_python
from .place import MARKERS, find, path_of

__all__ = ["MARKERS", "find", "read"]

PREFIX = "ONELLM_PROVIDERS__BEDROCK__"
_SECRETS = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
_FILE_KEYS = {
    "profile": "profile_name",
    "region": "region_name",
    **{name: name for name in _SECRETS},
}
_VARIABLES = {**_FILE_KEYS, "timeout": "timeout", "max_retries": "max_retries"}
#: OneLLM asks for so many tokens where the caller does not say; this package asks for none.
MAX_TOKENS = 1000
PROVIDER = "bedrock"


def read(source: Path | Mapping[str, Any] | None, env: Mapping[str, str]) -> OpenConfiguration:
    """What OneLLM's Bedrock provider would run with.

    Every model is ``bedrock/<short name>`` or ``bedrock/<id>``, with the mark or without. A keyword of the
    caller's stands above the variables ``ONELLM_PROVIDERS__BEDROCK__…`` (``TIMEOUT``, ``MAX_RETRIES``, and
    the keys of the file: ``PROFILE``, ``REGION``, …), which stand above ``bedrock.json``, which stands above
    AWS's own variables (``AWS_REGION``, ``AWS_DEFAULT_REGION``).

    Args:
        source: a ``bedrock.json``; a folder to begin the search in; the file's content as a mapping; None for
            what ``ONELLM_BEDROCK_JSON`` names, else a search from the current folder (:func:`.place.find`).
        env: the environment.

    Raises:
        ConfigurationError: a key that is not known, half a pair of keys, or a value that cannot be.
    """
    path = path_of(source, env)
    said = from_file(path) if path else from_python(source) if isinstance(source, Mapping) else None
    in_file = said.entries(_FILE_KEYS) if said else {}
    in_env = _variables(env)
    parameters: dict[str, Any] = {}
    for layer in (in_file, in_env):
        found = {name: one for name, one in layer.items() if not one.missing}
        _check_pair(found)
        if any(name in found for name in (*_SECRETS, "profile")):  # who signs is said in one place
            for name in (*_SECRETS, "profile"):
                parameters.pop(_VARIABLES[name], None)
        parameters |= {_VARIABLES[name]: _value(name, one) for name, one in found.items()}
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        if "region_name" not in parameters and env.get(name):
            parameters["region_name"] = checked_region(env[name], Origin("environment", name))
    origin = Origin(str(path)) if path else Origin("environment" if said is None else "arguments")
    return OpenConfiguration(
        system="onellm",
        origin=origin,
        providers={PROVIDER: Provider(name=PROVIDER, parameters=parameters, origin=origin)},
        default_provider=PROVIDER,
        chat_defaults={"max_tokens": MAX_TOKENS},
    )


def _variables(env: Mapping[str, str]) -> dict[str, Said]:
    found: dict[str, Said] = {}
    for name in sorted(env):
        if not name.upper().startswith(PREFIX):
            continue
        key = name[len(PREFIX) :].lower()
        if key not in _VARIABLES:
            raise unknown_key(Origin("environment", name), key, _VARIABLES)
        found[key] = Said(Origin("environment", name), env[name], env[name])
    return found


def _check_pair(said: Mapping[str, Said]) -> None:
    key, secret, token = _SECRETS
    if (key in said) != (secret in said):
        here, missing = (key, secret) if key in said else (secret, key)
        raise said[here].wrong(f"{missing} is missing beside it", hint="give both keys, or neither")
    if token in said and key not in said:
        raise said[token].wrong("a session token without its keys", hint=f"give {key} and {secret}, too")


def _value(name: str, said: Said) -> Any:
    if name in _SECRETS:
        return said.secret()
    if name == "region":
        return checked_region(said.text(), said.origin)
    if name == "timeout":
        return said.number()
    return said.whole(most=1000) if name == "max_retries" else said.text()
