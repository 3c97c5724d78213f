"""One of ReqLLM's model specs, as a model."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ...errors import InvalidRequestError
from ...models.ids import ModelId, parse_model_id
from ...place import DEFAULT_REGION
from ..named import NamedModel
from ..open import kind_of, read_id
from ..reading.planes import connection_to
from ..reading.problems import not_one_of, unknown_key
from ..reading.said import Said
from .capabilities import overrides, tells_embeddings
from .options import merged, option_names, options

PROVIDERS = ("amazon_bedrock", "bedrock", "aws_bedrock")
#: ReqLLM's own routing, for chat models that come from its specs.
CHAT_DEFAULTS: dict[str, Any] = {"use_converse": "auto"}
_ABOUT_THE_MODEL = frozenset(
    {
        "base_url",
        "capabilities",
        "id",
        "inference_profile_arn",
        "limits",
        "modalities",
        "model",
        "model_family",
        "provider",
        "provider_model_id",
        "provider_options",
    }
)
#: What a registry tells of a model, and no call needs.
_TOLD = frozenset(
    {
        "aliases",
        "catalog_only",
        "cost",
        "deprecated",
        "doc_url",
        "execution",
        "extra",
        "family",
        "knowledge",
        "last_updated",
        "lifecycle",
        "name",
        "pricing",
        "release_date",
        "retired",
        "tags",
    }
)
_PROVIDER_BEFORE = re.compile(r"([a-z][a-z0-9_]*):(.*)", re.DOTALL)


def is_list_spec(said: Said) -> bool:
    """Whether a list is one spec (``["amazon_bedrock", …]``) and not a list of specs."""
    first = next(iter(said.items()), None)
    return first is not None and isinstance(first.data, str) and _is_word(first.data)


def read_spec(said: Said, name: str | None, env: Mapping[str, str]) -> NamedModel:
    """The model of a spec.

    Args:
        name: what it is called; else its id.

    Raises:
        ConfigurationError: it is none, or one of another provider.
    """
    if isinstance(said.data, str):
        return _of_text(said, name)
    if said.is_list:
        return _of_entries(_entries_of_list(said), said, name, env)
    entries = said.entries()
    provider = entries.get("provider")
    if provider is None or provider.missing:
        raise said.wrong("this spec names no provider", hint=f"write provider: {PROVIDERS[0]}")
    _check_provider(provider)
    return _of_entries(entries, said, name, env)


def _of_text(said: Said, name: str | None) -> NamedModel:
    text = said.text()
    before = _PROVIDER_BEFORE.fullmatch(text)
    _, at, after = text.rpartition("@")
    if at:
        _check_provider(Said(said.origin, after, after))
        text = text.removesuffix(f"@{after}")
    elif before and before[1] != "arn":
        _check_provider(Said(said.origin, before[1], before[1]))
        text = before[2]
    if not text.strip():
        raise said.wrong("this spec names no model", hint="write bedrock:<model id>")
    model_id = read_id(text, said.origin)
    kind = kind_of(model_id)
    return NamedModel(
        name=name or model_id,
        model_id=model_id,
        parameters=dict(CHAT_DEFAULTS) if kind in ("chat", None) else {},
        kind=kind,
        origin=said.origin,
    )


def _entries_of_list(said: Said) -> dict[str, Said]:
    """``[provider, id]``, ``[provider, id, options]`` or ``[provider, options with an id]``."""
    provider, *rest = said.items() or [Said(said.origin, None)]
    _check_provider(provider)
    entries: dict[str, Said] = {}
    if rest and isinstance(rest[0].data, str):
        entries["id"] = rest.pop(0)
    if len(rest) > 1:
        raise said.wrong(
            "this spec has too many parts", hint='write ["amazon_bedrock", "<model id>", {options}]'
        )
    for key, one in merged(rest[0]).items() if rest else ():
        if key in entries or (key in ("model", "provider") and entries.get("id") is not None):
            raise one.wrong("it is there twice", hint="keep one")
        entries[key] = one
    return entries


def _of_entries(
    entries: Mapping[str, Said], said: Said, name: str | None, env: Mapping[str, str]
) -> NamedModel:
    declared = _declared(entries, said)
    wire = _given(entries, "inference_profile_arn") or _given(entries, "provider_model_id")
    model_id = read_id(wire.text(), wire.origin) if wire else declared
    embeds = tells_embeddings(entries.get("capabilities"))
    kind = "embedding" if embeds else _kind_of_name(declared) or kind_of(model_id)
    known = option_names(kind)
    about = {key: one for key, one in entries.items() if key in _ABOUT_THE_MODEL}
    own = {key: one for key, one in entries.items() if key not in _ABOUT_THE_MODEL and key not in _TOLD}
    _check_known(own, known, known | _ABOUT_THE_MODEL | _TOLD, kind)
    parameters = dict(CHAT_DEFAULTS) if kind in ("chat", None) else {}
    told = options(own, kind, said.origin)
    if "provider_options" in about:
        inner = merged(about["provider_options"])
        _check_known(inner, known, known, kind)
        told = {**options(inner, kind, about["provider_options"].origin), **told}
    if "base_url" in about and not about["base_url"].missing:
        parameters |= _base_url(about["base_url"], told, env)
    parameters |= told
    if kind in ("chat", None):
        parameters |= _knowledge(about, declared, model_id, parameters)
    elif kind == "embedding" and "family" not in parameters and _says_more(declared, model_id):
        parameters["family"] = declared
    return NamedModel(
        name=name or declared, model_id=model_id, parameters=parameters, kind=kind, origin=said.origin
    )


def _check_known(
    said: Mapping[str, Said], known: frozenset[str], shown: frozenset[str], kind: str | None
) -> None:
    for key, one in said.items():
        if key in known:
            continue
        if kind not in ("chat", None) and key in option_names("chat"):
            raise one.wrong(f"{key} is an option of chat models, and this is one of kind {kind}")
        raise unknown_key(one.origin, key, shown)


def _declared(entries: Mapping[str, Said], said: Said) -> str:
    """The model's id in the registry's words."""
    found = _given(entries, "id") or _given(entries, "model")
    if found is None:
        found = _given(entries, "provider_model_id") or _given(entries, "inference_profile_arn")
    if found is None:
        raise said.wrong("this spec names no model", hint="write id: <model id>")
    both = _given(entries, "id"), _given(entries, "model")
    if both[0] and both[1] and both[0].text() != both[1].text():
        raise both[1].wrong("id names another model", hint="keep one of the two")
    if _given(entries, "provider_model_id") or _given(entries, "inference_profile_arn"):
        # Then it is a name, not an id that is sent; it may be one that Bedrock does not have.
        return found.text()
    return read_id(found.text(), found.origin)


def _knowledge(
    about: Mapping[str, Said], declared: str, model_id: str, parameters: Mapping[str, Any]
) -> dict[str, Any]:
    """What the spec knows better than the profile: what an opaque id is, capabilities, limits."""
    found: dict[str, Any] = {}
    if (family := _given(about, "model_family")) is not None:
        found["model_family"] = family.text()
    elif "model_family" not in parameters and _says_more(declared, model_id):
        found["model_family"] = declared
    known = overrides(about.get("capabilities"), about.get("limits"), about.get("modalities"))
    if known:
        found["capabilities"] = {**known, **parameters.get("capabilities", {})}
    return found


def _says_more(declared: str, model_id: str) -> bool:
    """Whether the declared id tells who made the model, and the id that is sent does not."""
    named = _parsed(declared)
    return parse_model_id(model_id).vendor is None and named is not None and named.vendor is not None


def _kind_of_name(declared: str) -> str | None:
    return kind_of(declared) if _parsed(declared) else None


def _parsed(declared: str) -> ModelId | None:
    """The declared id, read; None where it is a registry's name that no id can be."""
    try:
        return parse_model_id(declared)
    except InvalidRequestError:
        return None


def _base_url(said: Said, told: Mapping[str, Any], env: Mapping[str, str]) -> dict[str, Any]:
    region = told.get("region_name") or env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION")
    text = said.text().replace("{region}", str(region or DEFAULT_REGION))
    return connection_to(text, said.origin, told_by_any_host=False)


def _given(entries: Mapping[str, Said], key: str) -> Said | None:
    said = entries.get(key)
    return None if said is None or said.missing else said


def _check_provider(said: Said) -> None:
    if said.missing:
        raise said.wrong("this spec names no provider", hint=f"write {PROVIDERS[0]}")
    if said.text() not in PROVIDERS:
        raise not_one_of(said.origin, said.text(), PROVIDERS)


def _is_word(text: str) -> bool:
    return re.fullmatch(r"[a-z][a-z0-9_]*", text) is not None
