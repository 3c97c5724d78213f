"""GoModel's settings that are no provider's: how lists of models are meant, and the gateway's own."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping
from typing import Any

from ...models.available import MODES
from ...settings import shown
from ..named import Origin
from ..reading.problems import problem, unknown_key
from ..reading.said import Said
from .file import MODE, given

#: Settings of the gateway: the file's key, and the variable that stands above it.
_VARIABLES = {
    "port": "PORT",
    "base_path": "BASE_PATH",
    "body_size_limit": "BODY_SIZE_LIMIT",
    "master_key": "GOMODEL_MASTER_KEY",
}
#: What GoModel's gateway has beyond them.
_IGNORED = frozenset(
    {
        "allow_passthrough_v1_alias",
        "enable_passthrough_routes",
        "enabled_passthrough_providers",
        "pid_file",
        "pprof_enabled",
        "realtime_enabled",
        "swagger_enabled",
        "user_path_header",
    }
)
_SIZE = re.compile(r"(\d{1,12})([KMG]?)B?", re.IGNORECASE)
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
_LEAST_BODY, _MOST_BODY = 1 << 10, 100 << 20


def mode_of(models: Mapping[str, Said], env: Mapping[str, str], origin: Callable[[str], Origin]) -> str:
    """How a configured list of models is meant: ``fallback``, ``allowlist``, or GoModel's newer ``merge``.

    Raises:
        ConfigurationError: none of them.
    """
    said = _chosen(models.get(MODE), MODE.upper(), env, origin)
    if said is None:
        return "fallback"
    mode = said.text().lower()
    if mode not in MODES:
        raise problem(
            said.origin,
            f"models.{MODE} must be one of: {', '.join(MODES)}",
            hint=f"{shown(mode)} is none of them",
        )
    return mode


def server_settings(
    section: Mapping[str, Said], env: Mapping[str, str], origin: Callable[[str], Origin], notes: list[str]
) -> dict[str, Any]:
    """``port``, ``base_path`` (with its slash, without one at its end), ``body_size_limit`` in bytes and,
    where one is set, ``master_key``.

    Raises:
        ConfigurationError: an unknown key, or a value that cannot be.
    """
    for name, said in section.items():
        if name in _IGNORED:
            notes.append(f"{said.origin}: left out, this gateway has no such setting")
        elif name not in _VARIABLES:
            raise unknown_key(said.origin, name, {*_VARIABLES, *_IGNORED})
    chosen = {
        name: _chosen(section.get(name), variable, env, origin) for name, variable in _VARIABLES.items()
    }
    port, path, size, key = (chosen[name] for name in _VARIABLES)
    settings: dict[str, Any] = {
        "port": port.whole(least=1, most=65535) if port else 8080,
        "base_path": _base_path(path.text()) if path else "/",
        "body_size_limit": _bytes(size) if size else 10 << 20,
    }
    if key:
        settings["master_key"] = key.secret()
    return settings


def _chosen(
    said: Said | None, variable: str, env: Mapping[str, str], origin: Callable[[str], Origin]
) -> Said | None:
    """The environment's value, else the file's; None where neither says anything."""
    if variable in env:
        from_env = Said(origin(variable), env[variable], env[variable])
        if given(from_env):
            return from_env
    return said if given(said) else None


def _base_path(text: str) -> str:
    return posixpath.normpath("/" + text.lstrip("/"))


def _bytes(said: Said) -> int:
    found = _SIZE.fullmatch(said.text())
    size = int(found[1]) * _UNITS[found[2].upper()] if found else 0
    if not _LEAST_BODY <= size <= _MOST_BODY:
        raise said.wrong(
            f"{said.text()!r:.80} is not the size of a body", hint="write 10M, 512K or bytes; from 1K to 100M"
        )
    return size
