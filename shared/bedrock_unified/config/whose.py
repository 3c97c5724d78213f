"""Whose configuration a document is: told by its name and by what is in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, cast

#: What a bedrock.json may have.
_ONELLM_KEYS = frozenset(
    {"profile", "region", "aws_access_key_id", "aws_secret_access_key", "aws_session_token"}
)
SPICEPODS = ("spicepod.yaml", "spicepod.yml")
ONELLMS = "bedrock.json"
REQ_LLM_MARKS = ("bedrock:", "amazon_bedrock:", "aws_bedrock:")
_REQ_LLM_PROVIDERS = tuple(mark.rstrip(":") for mark in REQ_LLM_MARKS)


def system_of(value: object, path: Path | None = None) -> str | None:
    """Whose configuration a document is, by what is in it; None where nothing tells."""
    if path is not None and path.name in SPICEPODS:
        return "spice"
    if path is not None and isinstance(value, list) and any(map(_is_spec, cast("list[Any]", value))):
        return "req_llm"
    if not isinstance(value, Mapping):
        return None
    members = cast("Mapping[str, Any]", value)
    from .own.file import is_own
    from .own.plain import KEYS
    from .spice import is_spicepod

    if is_own(members):
        return "bedrock-unified"
    if is_spicepod(members):
        return "spice"
    if "backends" in members:
        return "contenox"
    providers = members.get("providers")
    if isinstance(providers, Mapping) and any(
        isinstance(one, Mapping) and "type" in one for one in cast("Mapping[str, Any]", providers).values()
    ):
        return "gomodel"
    if "provider" in members and not members.keys().isdisjoint(("id", "model")) and "models" not in members:
        return "req_llm"
    if path is not None and path.name == ONELLMS:
        return "onellm"
    models = members.get("models")
    entries = cast("Mapping[str, Any]", models).values() if isinstance(models, Mapping) else models
    if set(members) == {"models"} and any(map(_is_spec, cast("Any", entries or ()))):
        return "req_llm"
    if members and members.keys() <= set(KEYS):
        return "bedrock-unified"
    if members and members.keys() <= _ONELLM_KEYS:
        return "onellm"
    if path is not None and path.name == "config.yaml":
        return "gomodel"
    if isinstance(models or providers, (Mapping, list)) and _are_keywords(members.keys() - set(KEYS)):
        return "bedrock-unified"  # whose reader says where keywords for all models belong
    return None


def _are_keywords(names: Iterable[object]) -> bool:
    from .kinds import canonical_name

    return all(isinstance(name, str) and canonical_name(name, None) for name in names)


def _is_spec(value: object) -> bool:
    """Whether this is one of ReqLLM's specs: an object of its own, or a list with an id."""
    if isinstance(value, (list, tuple)):
        return len(cast("list[Any]", value)) > 1 and value[0] in _REQ_LLM_PROVIDERS
    if not isinstance(value, Mapping):
        return isinstance(value, str) and value.startswith(REQ_LLM_MARKS[1:])
    return "id" in value and cast("Mapping[str, Any]", value).get("provider") in _REQ_LLM_PROVIDERS
