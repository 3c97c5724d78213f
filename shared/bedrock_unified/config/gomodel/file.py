"""GoModel's ``config.yaml``: what of it concerns Bedrock, and what belongs to the gateway."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from ...settings import shown
from ..named import Origin
from ..reading.said import Said

TYPE = "bedrock"
_PROVIDER = frozenset({"type", "base_url", "api_key", "models", "resilience"})
#: Keys of a provider that GoModel's own Bedrock provider does not look at.
_PROVIDER_IGNORED = frozenset(
    {
        "api_keys",
        "api_mode",
        "api_version",
        "auth_type",
        "backend",
        "fairness_from_user_path",
        "gcp_scope",
        "inference_objective",
        "model_filter",
        "proxy_url",
        "service_account_file",
        "service_account_json",
        "service_account_json_base64",
        "session_sticky_keys",
        "vertex_location",
        "vertex_project",
    }
)
#: Sections that are about the gateway's running, not about models.
_GATEWAY = frozenset(
    {
        "admin",
        "budgets",
        "cache",
        "failover",
        "fallback",
        "guardrails",
        "http",
        "logging",
        "mcp",
        "metrics",
        "plugins",
        "rate_limits",
        "session",
        "storage",
        "tagging",
        "usage",
        "version_check",
        "virtual_models",
        "workflows",
    }
)
#: What the file says of lists of models in general; the others of it are about the gateway's endpoint.
MODE = "configured_provider_models_mode"
_MODELS_IGNORED = frozenset(
    {
        "enabled_by_default",
        "keep_only_aliases_at_models_endpoint",
        "overrides_enabled",
        "unqualified_model_ids_at_models_endpoint",
    }
)
_SECTIONS = _GATEWAY | {"models", "providers", "resilience", "server"}
_RETRY_VARIABLES = (
    "RETRY_MAX_RETRIES",
    "RETRY_INITIAL_BACKOFF",
    "RETRY_MAX_BACKOFF",
    "RETRY_BACKOFF_FACTOR",
    "RETRY_JITTER_FACTOR",
)
_OWN_TIMES = "left out, the times between tries are this package's own"


@dataclass(slots=True)
class Entry:
    """One provider, as file and environment say it together."""

    name: str
    origin: Origin
    base_url: Said | None = None
    api_key: Said | None = None
    models: list[Said] = field(default_factory=list[Said])
    max_retries: int | None = None


@dataclass(slots=True)
class File:
    """What the file says. ``others`` are names of providers of other types."""

    providers: dict[str, Entry] = field(default_factory=dict[str, Entry])
    others: set[str] = field(default_factory=set[str])
    models: dict[str, Said] = field(default_factory=dict[str, Said])
    server: dict[str, Said] = field(default_factory=dict[str, Said])
    max_retries: int | None = None
    notes: list[str] = field(default_factory=list[str])


def given(said: Said | None) -> bool:
    """Whether there is a value: neither empty nor with a ``${VARIABLE}`` that is nowhere."""
    if said is None or said.missing:
        return False
    return not (isinstance(said.data, str) and (not said.data.strip() or "${" in said.data))


def read_file(said: Said | None) -> File:
    """Read the file's content, its variables expanded.

    Raises:
        ConfigurationError: an unknown key, or a value that cannot be.
    """
    file = File()
    if said is None:
        return file
    sections = said.entries(_SECTIONS)
    for name in sorted(_GATEWAY.intersection(sections)):
        file.notes.append(f"{sections[name].origin}: left out, it is about GoModel's gateway")
    if "models" in sections:
        file.models = sections["models"].entries({MODE, *_MODELS_IGNORED})
        for name in sorted(_MODELS_IGNORED.intersection(file.models)):
            file.notes.append(f"{file.models[name].origin}: left out, it is about GoModel's gateway")
    if "server" in sections:
        file.server = sections["server"].entries()
    if "resilience" in sections:
        file.max_retries = _retries(sections["resilience"], file.notes)
    if "providers" in sections:
        for name, provider in sections["providers"].entries().items():
            _read_provider(name, provider, file)
    return file


def _read_provider(name: str, said: Said, file: File) -> None:
    if not name or "/" in name:
        raise said.wrong("a provider's name is not empty and has no slash", hint="bedrock-eu, for example")
    entries = said.entries()
    kind = entries.get("type")
    if not given(kind) or kind is None:
        raise said.wrong("this provider has no type", hint=f"write 'type: {TYPE}' under it")
    if (text := kind.text().lower()) != TYPE:
        if TYPE in text or get_close_matches(text, [TYPE], n=1, cutoff=0.75):
            raise kind.wrong(f"there is no type {shown(text)} of providers", hint=f"write 'type: {TYPE}'")
        file.others.add(name)
        file.notes.append(f"{said.origin}: left out, a provider of type {text!r} is not Bedrock")
        return
    entries = said.entries(_PROVIDER | _PROVIDER_IGNORED)
    for key in sorted(_PROVIDER_IGNORED.intersection(entries)):
        file.notes.append(f"{entries[key].origin}: left out, GoModel's Bedrock provider does not read it")
    entry = Entry(name, said.origin, entries.get("base_url"), entries.get("api_key"))
    if "models" in entries:
        entry.models = _models(entries["models"], file.notes)
    if "resilience" in entries:
        entry.max_retries = _retries(entries["resilience"], file.notes)
    file.providers[name] = entry


def _models(said: Said, notes: list[str]) -> list[Said]:
    """Ids, or mappings with ``id`` and ``metadata``; also one text with commas, as the environment has it."""
    if isinstance(said.data, str):
        return listed(said)
    models: list[Said] = []
    for item in said.items():
        if item.is_mapping:
            entries = item.entries({"id", "metadata"})
            if not given(entries.get("id")):
                raise item.wrong("this model has no id", hint="write 'id: <model id>'")
            if "metadata" in entries:
                notes.append(f"{entries['metadata'].origin}: left out, it is for GoModel's list of models")
            item = entries["id"]
        if given(item):
            models.append(item)
    return models


def listed(said: Said) -> list[Said]:
    """The parts of a text with commas, without empty ones."""
    if not given(said):
        return []
    parts = (part.strip() for part in said.text().split(","))
    return [Said(said.origin, part, part) for part in parts if part]


def _retries(said: Said, notes: list[str]) -> int | None:
    entries = said.entries({"retry", "circuit_breaker"})
    if "circuit_breaker" in entries:
        notes.append(f"{entries['circuit_breaker'].origin}: left out, it is about GoModel's gateway")
    if "retry" not in entries:
        return None
    retry = entries["retry"].entries(
        {
            "max_retries",
            "initial_backoff",
            "max_backoff",
            "backoff_factor",
            "jitter_factor",
            "retry_on_statuses",
        }
    )
    notes.extend(f"{one.origin}: {_OWN_TIMES}" for name, one in retry.items() if name != "max_retries")
    return retry["max_retries"].whole(most=1000) if given(retry.get("max_retries")) else None


def retries_of(env: Mapping[str, str], origin: Callable[[str], Origin], notes: list[str]) -> int | None:
    """What the environment says of retries; it stands above what the file says for all providers."""
    told = [Said(origin(name), env[name], env[name]) for name in _RETRY_VARIABLES if name in env]
    told = [said for said in told if given(said)]
    notes.extend(f"{said.origin}: {_OWN_TIMES}" for said in told if said.origin.key != "RETRY_MAX_RETRIES")
    return next((said.whole(most=1000) for said in told if said.origin.key == "RETRY_MAX_RETRIES"), None)
