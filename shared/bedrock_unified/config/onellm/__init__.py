"""OneLLM's configuration: ``bedrock.json`` and the ``ONELLM_PROVIDERS__BEDROCK__…`` variables."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..named import Origin, Provider
from ..open import OpenConfiguration
from ..reading.planes import checked_region
from ..reading.problems import problem, unknown_key
from ..reading.said import Said, from_file, from_python

FILE_NAME = "bedrock.json"
#: Names the file, wherever it lies.
FILE_VARIABLE = "ONELLM_BEDROCK_JSON"
#: What marks the top folder of a project, beyond which no file is looked for.
MARKERS = (
    ".git",
    ".hg",
    "pyproject.toml",
    "setup.py",
    "setup.cfg",
    "requirements.txt",
    "Pipfile",
    "uv.lock",
    "package.json",
)
_INSTALLED = frozenset({"site-packages", "dist-packages"})
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
            what ``ONELLM_BEDROCK_JSON`` names, else a search from the current folder (:func:`find`).
        env: the environment.

    Raises:
        ConfigurationError: a key that is not known, half a pair of keys, or a value that cannot be.
    """
    path = _path(source, env)
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


def find(folder: Path) -> Path | None:
    """The ``bedrock.json`` of the project that a folder belongs to.

    It is looked for in the folder, then in its parents up to the one with a mark of a project's top
    (:data:`MARKERS`). Without any mark above, the folder alone counts: what lies further up belongs to
    somebody else. Where packages are installed nothing is looked for.
    """
    folder = folder.absolute()
    if _INSTALLED.intersection(folder.parts):
        return None
    searched: list[Path] = []
    for each in (folder, *folder.parents):
        searched.append(each)
        if any((each / mark).exists() for mark in MARKERS):
            break
    else:
        searched = [folder]
    return next((each / FILE_NAME for each in searched if (each / FILE_NAME).is_file()), None)


def _path(source: Path | Mapping[str, Any] | None, env: Mapping[str, str]) -> Path | None:
    if isinstance(source, Path):
        if not source.is_dir():
            return source
        found = find(source)
        if found is None:
            raise problem(
                Origin(str(source)),
                f"there is no {FILE_NAME} in this folder, nor above it in its project",
                hint='write one, such as {"profile": "default", "region": "us-east-1"}',
            )
        return found
    if source is not None:
        return None
    if named := env.get(FILE_VARIABLE):
        return Path(named)
    return find(Path())


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
