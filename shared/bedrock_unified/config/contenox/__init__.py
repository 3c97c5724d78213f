"""Contenox's backends and defaults, in a file of this package's own form.

Contenox keeps them in a database, and its commands write them; as a document they are::

    backends:
      - name: bedrock
        type: bedrock
        url: https://bedrock-runtime.us-east-1.amazonaws.com   # or us-east-1; it carries the region
        api-key-env: AWS_BEDROCK_CREDS                         # optional: a variable that holds a JSON object
    config:
      default-model: us.anthropic.claude-3-5-sonnet-20241022-v2:0
      default-provider: bedrock
      default-max-tokens: 4096
      default-think: medium

Keys are those of the commands' options; underscores may stand for the dashes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr

from ...errors import ConfigurationError
from ..named import Origin, Provider
from ..open import OpenConfiguration, model_at, read_id
from ..reading.planes import connection_to
from ..reading.problems import problem, unknown_key
from ..reading.said import Said, from_file, from_python

TYPE = "bedrock"
_BACKEND = frozenset({"name", "type", "url", "api-key-env", "api-key"})
_VARIABLE = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")
_URL_NEEDED = (
    "--url is required for bedrock backends (it carries the region) e.g.: --url "
    "https://bedrock-runtime.us-east-1.amazonaws.com"
)
_USED = frozenset({"default-model", "default-provider", "default-max-tokens", "default-think"})
#: Settings of Contenox's that are about its agents, its editor and its host.
_IGNORED = frozenset(
    {
        "default-alt-model",
        "default-alt-provider",
        "default-audio-model",
        "default-audio-provider",
        "default-autocomplete-model",
        "default-autocomplete-provider",
        "default-chain",
        "default-mission-agent",
        "default-mission-policy",
        "default-oracle-chain",
        "default-oracle-policy",
        "fleet-max-parallel",
        "hitl-policy-name",
        "log-max-age-days",
        "log-max-files",
        "log-max-size",
        "opt-in-beta",
        "oracle-approves-tool-calls",
        "telemetry-enabled",
        "update-check",
    }
)
THINK = ("auto", "off", "minimal", "low", "medium", "high", "xhigh")
_THINK_ALIASES = {"true": "high", "on": "high", "none": "off", "false": "off"}


@dataclass(slots=True)
class _Found:
    providers: dict[str, Provider] = field(default_factory=dict[str, Provider])
    others: dict[str, str] = field(default_factory=dict[str, str])
    notes: list[str] = field(default_factory=list[str])


def read(source: Path | Mapping[str, Any] | None, env: Mapping[str, str]) -> OpenConfiguration:
    """The backends of type ``bedrock``, and the defaults.

    Args:
        source: the document, as a file of YAML or JSON or as a mapping.
        env: the environment, in which ``api-key-env`` is looked up.

    Raises:
        ConfigurationError: an unknown key, a backend without a URL, or a value that cannot be.
    """
    if source is None:
        raise ConfigurationError(
            "Contenox keeps its backends in a database, not in a file that could be found",
            hint="write them down (backends: and config:) and give that file's path",
        )
    said = from_file(source) if isinstance(source, Path) else from_python(source)
    sections = said.entries({"backends", "config"})
    found = _Found()
    for name, backend in _backends(sections.get("backends")):
        _read_backend(name, backend, env, found)
    config = _settings(sections.get("config"))
    found.notes.extend(
        f"{one.origin}: left out, it is not about models on Bedrock"
        for name, one in sorted(config.items())
        if name in _IGNORED
    )
    default, is_ours = _default_provider(config.get("default-provider"), found)
    defaults = _chat_defaults(config)
    origin = Origin(str(source) if isinstance(source, Path) else "arguments")
    models = {}
    default_model = None
    said_model = config.get("default-model")
    if said_model is not None and not said_model.missing:
        if is_ours:
            default_model = said_model.text()
            model_id = read_id(default_model, said_model.origin)
            models = {default_model: model_at(default, default_model, model_id, said_model.origin, defaults)}
        else:
            found.notes.append(f"{said_model.origin}: left out, the default provider is not Bedrock")
    return OpenConfiguration(
        system="contenox",
        origin=origin,
        models=models,
        providers=found.providers,
        default_provider=default,
        default_model=default_model,
        chat_defaults=defaults,
        notes=tuple(found.notes),
    )


def _backends(said: Said | None) -> list[tuple[str, Said]]:
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


def _read_backend(name: str, said: Said, env: Mapping[str, str], found: _Found) -> None:
    entries = _dashed(said, _BACKEND)
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
    if "//" in urlsplit(text).path if "://" in text else "//" in text:
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


def _settings(said: Said | None) -> dict[str, Said]:
    return {} if said is None else _dashed(said, _USED | _IGNORED)


def _dashed(said: Said, known: frozenset[str]) -> dict[str, Said]:
    """Entries by their keys with dashes, as the commands' options are written."""
    entries: dict[str, Said] = {}
    for written, one in said.entries().items():
        name = written.replace("_", "-")
        if name not in known:
            raise unknown_key(one.origin, written, known)
        if name in entries:
            raise one.wrong(f"{name} is there twice", hint="keep one spelling")
        entries[name] = one
    return entries


def _default_provider(said: Said | None, found: _Found) -> tuple[str | None, bool]:
    """The backend that ids go to, and whether the default model is one of Bedrock's.

    ``default-provider`` names a type in Contenox; a backend's name is understood, too.
    """
    only = next(iter(found.providers), None)
    if said is None or said.missing:
        return (only if len(found.providers) == 1 else None), True
    text = said.text()
    if text in found.providers:
        return text, True
    if text == TYPE and only is not None:
        return only, True
    if text in found.others or text in found.others.values():
        return (only if len(found.providers) == 1 else None), False
    raise problem(
        said.origin,
        f"there is no backend called {text!r:.80}, nor one of that type",
        hint=f"there are: {', '.join([*found.providers, *found.others]) or 'none'}",
    )


def _chat_defaults(config: Mapping[str, Said]) -> dict[str, Any]:
    defaults: dict[str, Any] = {}
    tokens = config.get("default-max-tokens")
    if tokens is not None and not tokens.missing and (most := tokens.whole()):
        defaults["max_tokens"] = most  # 0 is Contenox's way to say: no limit
    think = config.get("default-think")
    if think is not None and not think.missing:
        # YAML reads off and on as switches.
        written = {True: "on", False: "off"}.get(think.data) if isinstance(think.data, bool) else think.text()
        level = _THINK_ALIASES.get(str(written).lower(), str(written).lower())
        if level not in THINK:
            raise problem(
                think.origin, f"{level!r:.80} is no level of thinking", hint=f"one of: {', '.join(THINK)}"
            )
        if level != "auto":
            defaults["reasoning"] = "none" if level == "off" else level
    return defaults
