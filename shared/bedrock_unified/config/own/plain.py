"""Our own shape of a configuration, as a Python dict or a file of YAML or JSON::

    {
        "defaults": {"region_name": "us-east-1", "temperature": 0.2},
        "providers": {"eu": {"region_name": "eu-west-1", "models": ["amazon.nova-lite-v1:0"]}},
        "models": {
            "fast": "amazon.nova-lite-v1:0",
            "careful": {"model": "us.anthropic.claude-opus-4-6-v1", "provider": "eu", "reasoning": "low"},
            "vectors": {"model": "amazon.titan-embed-text-v2:0", "dimensions": 256},
        },
        "default_model": "fast",
    }

``models`` may be a list, too, with a ``name`` in each. Keywords are those of our classes, in any of their
spellings; ``${env:NAME}`` and ``${keyring:NAME}`` in a text stand for secrets.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from ...models.available import MODES
from ...settings import SECRETS
from ..kinds import ALL, KINDS, OF_KIND, WRITABLE, canonical_name, check_url, spellings
from ..named import Configuration, NamedModel, Origin, Provider
from ..open import OpenConfiguration, kind_of, read_id
from ..reading.problems import not_one_of, problem, unknown_key
from ..reading.said import Said, from_file, from_python
from ..secrets import Secrets

SYSTEM = "bedrock-unified"
KEYS = ("defaults", "providers", "models", "default_model", "default_provider")
_MODEL_SPELLINGS = ("model", "model_id", "model_name", "modelId")
_OF_MODEL = ("name", "kind", "provider")


def read(source: Path | Mapping[str, Any], env: Mapping[str, str] | None = None) -> Configuration:
    """The configuration.

    With providers, or without models, any model id is a model; else those that are named.

    Raises:
        ConfigurationError: an unknown key, or a value that cannot be.
    """
    env = os.environ if env is None else env
    said = from_file(source) if isinstance(source, Path) else from_python(source)
    secrets = Secrets.of_the_environment(env, source.parent if isinstance(source, Path) else Path())
    _refuse_keywords(said)
    top = said.entries(KEYS)
    providers = {name: _provider(name, one, secrets) for name, one in _entries(top.get("providers")).items()}
    defaults = _keywords(_entries(top.get("defaults")), None, secrets)
    default_provider = _text(top.get("default_provider"))
    if default_provider is not None and default_provider not in providers:
        raise not_one_of(top["default_provider"].origin, default_provider, tuple(providers) or ("none",))
    if default_provider is None and len(providers) == 1:
        default_provider = next(iter(providers))
    models: dict[str, NamedModel] = {}
    for name, one in _named(top.get("models")):
        if name in models:
            raise one.wrong(f"the name {name!r} is taken by {models[name].origin}")
        models[name] = _model(name, one, providers, default_provider, secrets)
    default_model = _text(top.get("default_model"))
    if default_model is not None and default_model not in models and models and not providers:
        raise not_one_of(top["default_model"].origin, default_model, tuple(models))
    whole = Configuration(
        system=SYSTEM,
        origin=Origin(said.origin.source),
        models=models,
        providers=providers,
        defaults=defaults,
        default_model=default_model or (next(iter(models)) if len(models) == 1 else None),
    )
    if models and not providers:
        return whole
    return OpenConfiguration(
        system=SYSTEM,
        origin=whole.origin,
        models=models,
        providers=providers,
        defaults=defaults,
        default_model=whole.default_model,
        default_provider=default_provider,
    )


def _refuse_keywords(said: Said) -> None:
    """Refuse keywords of the models beside ``models``: the nearest key is not what was meant."""
    for name, one in said.entries().items():
        if name not in KEYS and canonical_name(name, None) is not None and not name.startswith("model"):
            raise one.wrong(
                f"{name!r} is a model's keyword", hint="for all models it belongs under 'defaults'"
            )


def _entries(said: Said | None) -> dict[str, Said]:
    return said.entries() if said is not None else {}


def _text(said: Said | None) -> str | None:
    return None if said is None or said.missing else said.text()


def _named(said: Said | None) -> list[tuple[str, Said]]:
    if said is None or said.missing:
        return []
    if said.is_mapping:
        return list(said.entries().items())
    found: list[tuple[str, Said]] = []
    for one in said.items():
        entry = one.entries()
        if "name" not in entry or entry["name"].missing:
            raise one.wrong("it has no name", hint="add 'name'; it is what the model is asked for by")
        found.append((entry["name"].text(), one))
    return found


def _provider(name: str, said: Said, secrets: Secrets) -> Provider:
    entry = said.entries()
    models = entry.pop("models", None)
    mode = _text(entry.pop("models_mode", None)) or MODES[0]
    if mode not in MODES:
        raise not_one_of(said.entries()["models_mode"].origin, mode, MODES)
    for key, one in entry.items():
        keyword = canonical_name(key, None)
        if keyword not in WRITABLE:
            if keyword is None:
                raise unknown_key(one.origin, key, (*WRITABLE, "models", "models_mode"), also=spellings(None))
            raise one.wrong(
                "it belongs to a model, not to a provider", hint="write it into 'defaults' or a model"
            )
    return Provider(
        name=name,
        parameters=_keywords(entry, None, secrets),
        models=tuple(read_id(one.text(), one.origin) for one in (models.items() if models else [])),
        models_mode=mode,
        origin=said.origin,
    )


def _model(
    name: str, said: Said, providers: Mapping[str, Provider], default: str | None, secrets: Secrets
) -> NamedModel:
    if isinstance(said.data, str):
        model_id = read_id(said.text(), said.origin)
        kind = kind_of(model_id)
        return NamedModel(name=name, model_id=model_id, kind=kind, provider=default, origin=said.origin)
    entry = said.entries()
    ids = [key for key in _MODEL_SPELLINGS if key in entry]
    if len(ids) != 1:
        raise said.wrong(
            f"{' and '.join(ids)} mean the same" if ids else "it names no model",
            hint="keep one of them" if ids else "model: amazon.nova-lite-v1:0",
        )
    model_id = read_id(entry[ids[0]].text(), entry[ids[0]].origin)
    told = _text(entry.get("kind"))
    if told is not None and told not in KINDS:
        raise not_one_of(entry["kind"].origin, told, KINDS)
    kind = told or kind_of(model_id)
    # Next to 'model', 'provider' says where it is reached, if one has that name; else whose model it is.
    provider = _text(entry.get("provider"))
    parameters = {key: one for key, one in entry.items() if key not in (*_OF_MODEL, *ids)}
    if provider is not None and provider not in providers:
        raise entry["provider"].wrong(
            f"there is no provider {provider!r}",
            hint=f"there are {', '.join(providers)}"
            if providers
            else "'providers' declares them; what model an ARN stands for is 'model_family'",
        )
    return NamedModel(
        name=name,
        model_id=model_id,
        kind=kind,
        provider=provider or default,
        parameters=_keywords(parameters, kind, secrets),
        origin=said.origin,
    )


def _keywords(entries: Mapping[str, Said], kind: str | None, secrets: Secrets) -> dict[str, Any]:
    """Keywords in canonical names, references resolved, for a kind of model (None: for any)."""
    found: dict[str, Any] = {}
    said_by: dict[str, str] = {}
    for key, said in entries.items():
        keyword = canonical_name(key, kind)
        if keyword is None:
            if kind is not None and (other := canonical_name(key, None)) is not None:
                owners = " and ".join(f"{name} models" for name, known in OF_KIND.items() if other in known)
                raise said.wrong(f"it is a parameter of {owners}, and this is a model of kind {kind}")
            raise unknown_key(
                said.origin, key, {*WRITABLE, *(OF_KIND[kind] if kind else ALL)}, also=spellings(kind)
            )
        if keyword in found:
            raise problem(
                said.origin, f"{said_by[keyword]!r} and {key!r} mean the same", hint="keep one of them"
            )
        value = _resolved(said, secrets)
        if keyword in SECRETS and not isinstance(value, str | SecretStr | None):
            raise problem(said.origin, f"{keyword} is a {type(value).__name__}", hint="it must be text")
        check_url(keyword, value, said)
        found[keyword] = SecretStr(value) if keyword in SECRETS and isinstance(value, str) else value
        said_by[keyword] = key
    return found


def _resolved(said: Said, secrets: Secrets) -> Any:
    if said.is_mapping:
        return {name: _resolved(one, secrets) for name, one in said.entries().items()}
    if said.is_list:
        return [_resolved(one, secrets) for one in said.items()]
    return secrets.filled(said.data, said.origin) if isinstance(said.data, str) else said.plain()
