"""Contenox's backends: each one way to reach Bedrock."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import SecretStr

from ...errors import ConfigurationError
from ...wire.endpoints import has_two_slashes
from ..named import Origin, Provider
from ..reading.planes import connection_to
from ..reading.problems import problem
from ..reading.said import Said
from .settings import dashed

TYPE = "bedrock"
_BACKEND = frozenset({"name", "type", "url", "api-key-env", "api-key"})
_VARIABLE = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")
_URL_NEEDED = (
    "--url is required for bedrock backends (it carries the region) e.g.: --url "
    "https://bedrock-runtime.us-east-1.amazonaws.com"
)


@dataclass(slots=True)
class Found:
    """The backends by name, those of another type with it, and notes."""

    providers: dict[str, Provider] = field(default_factory=dict[str, Provider])
    others: dict[str, str] = field(default_factory=dict[str, str])
    notes: list[str] = field(default_factory=list[str])


def named_backends(said: Said | None) -> list[tuple[str, Said]]:
    """Backends with their names, from a list (``name:`` in each) or a mapping by name."""
    if said is None:
        return []
    if said.is_mapping:
        return list(said.entries().items())
    named: list[tuple[str, Said]] = []
    for backend in said.items():
        name = backend.entries().get("name")
        if name is None or name.missing:
            raise backend.wrong("this backend has no name", hint="write 'name: bedrock'")
        named.append((name.text(), backend))
    return named


def read_backend(name: str, said: Said, env: Mapping[str, str], found: Found) -> None:
    entries = dashed(said, _BACKEND)
    if not name or "/" in name:
        raise said.wrong("a backend's name is not empty and has no slash", hint="bedrock-eu, for example")
    if name in found.providers or name in found.others:
        raise said.wrong(f"there are two backends called {name!r}", hint="keep one, or rename it")
    kind = entries.get("type")
    if kind is None or kind.missing:
        raise said.wrong(f"backend {name!r} has no type", hint=f"write 'type: {TYPE}'")
    if kind.text() != TYPE:
        found.others[name] = kind.text()
        found.notes.append(f"{said.origin}: left out, a backend of type {kind.text()!r} is not Bedrock")
        return
    url = entries.get("url")
    if url is None or url.missing:
        raise said.wrong(f"backend {name!r}: {_URL_NEEDED}", hint="a bare region is enough: url: us-east-1")
    parameters = backend_connection(url)
    key, by_name = entries.get("api-key"), entries.get("api-key-env")
    if key is not None and by_name is not None:
        raise by_name.wrong("api-key is there, too", hint="keep one of them")
    # A region among the keys gives way to the URL's.
    if by_name is not None and not by_name.missing:
        parameters = _keys_in(by_name, env) | parameters
    elif key is not None and not key.missing:
        parameters = _keys(key.text(), key.origin) | parameters
    found.providers[name] = Provider(name=name, parameters=parameters, origin=said.origin)


def backend_connection(url: Said) -> dict[str, Any]:
    """Where a backend's calls go. AWS's own host only names the region; another one is the endpoint, too.

    Raises:
        ConfigurationError: the URL is malformed, or no region either.
    """
    text = url.text()
    if has_two_slashes(text):
        raise url.wrong(
            "this URL looks malformed: it has two slashes in a row in its path",
            hint="write https://bedrock-runtime.us-east-1.amazonaws.com, or us-east-1",
        )
    return connection_to(text, url.origin, told_by_any_host=True)


def _keys_in(variable: Said, env: Mapping[str, str]) -> dict[str, Any]:
    name = variable.text()
    if not env.get(name, "").strip():
        # What does not look like a variable's name may be the key itself.
        which = f" {name}" if _VARIABLE.fullmatch(name) else ", which is named here,"
        raise variable.wrong(
            f"the environment variable{which} is not set",
            hint='export it, such as \'{"AccessKeyID": "…", "SecretAccessKey": "…", "SessionToken": ""}\'',
        )
    return _keys(env[name], Origin("environment", name))


def _keys(text: str, origin: Origin) -> dict[str, Any]:
    """The keys of a JSON object, in any of its three spellings (:mod:`bedrock_unified.credentials.blob`)."""
    from ...credentials.blob import keys_of_json

    try:
        keys = keys_of_json(text)
    except ConfigurationError as error:
        raise problem(origin, error.message, hint=error.hint) from None
    return {name: SecretStr(one) if isinstance(one, str) else one for name, one in keys.items()}
