"""Which family a model id belongs to, by its structure; no list of models."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from ...errors import InvalidRequestError
from ...models.ids import ModelId, parse_model_id
from . import cohere, marengo, nova, titan_image, titan_text
from .family import Family

_ALL = (
    titan_text.V2,
    titan_text.V1,
    titan_image.IMAGE,
    cohere.V4,
    cohere.V3,
    nova.NOVA,
    marengo.V3,
    marengo.V2_7,
)
_NAMED = {
    **{family.name: family for family in _ALL},
    # Vendors, as other packages name the provider, and shorter names; each means its newest.
    "amazon": titan_text.V2,
    "titan": titan_text.V2,
    "titan-text": titan_text.V2,
    "cohere": cohere.V4,
    "twelvelabs": marengo.V3,
    "marengo": marengo.V3,
}
_VERSION = re.compile(r"[-.]v?(\d+)")


def family_of(model_id: str, family: str | None = None) -> Family:
    """The family of a model.

    Args:
        model_id: any spelling of an id, an ARN, an alias.
        family: what the user says it is: a name (``cohere-v3``, ``titan-text-v2``, …), a vendor, or the id of
            a model of that family. It wins over the id, and is needed where the id does not tell.

    Raises:
        InvalidRequestError: no such family; or the id tells none and none was named.
    """
    if family is not None:
        return _named(family)
    model = parse_model_id(model_id)
    found = _by_structure(model)
    if found is None:
        raise InvalidRequestError(
            f"model {model_id!r:.120} does not support embeddings, as far as its id tells",
            model_id=model.wire_id,
            hint=f"use an embedding model, such as {titan_text.MODEL} or cohere.embed-v4:0; "
            f"or say what it is with family=: {_names()}",
        )
    return found


def _named(family: Any) -> Family:
    if isinstance(family, str):
        found = _NAMED.get(family.lower())
        if found is None and "." in family:
            found = _by_structure(parse_model_id(family))
        if found is not None:
            return found
    raise InvalidRequestError(
        f"no embedding family is called {family!r:.120}", hint=f"there are {_names()}; or give a model's id"
    )


def _names() -> str:
    return ", ".join(family.name for family in _ALL)


def _by_structure(model: ModelId) -> Family | None:
    """By vendor and name. An unknown version is taken for the newest, and may have any dimensions."""
    name = model.base_id.lower().partition(".")[2]
    if model.vendor == "amazon":
        if "embed" not in name:
            return None
        if "nova" in name:
            return nova.NOVA if "nova-2" in name else _newer(nova.NOVA)
        if "titan-embed-image" in name:
            return titan_image.IMAGE if "v1" in name else _newer(titan_image.IMAGE)
        if "titan-embed-g1" in name or "text-v1" in name:
            return titan_text.V1
        return titan_text.V2 if "text-v2" in name else _newer(titan_text.V2)
    if model.vendor == "cohere" and "embed" in name:
        version = _VERSION.findall(name.partition(":")[0])
        if version and int(version[0]) < 4:
            return cohere.V3
        return cohere.V4 if version == ["4"] else _newer(cohere.V4)
    if model.vendor == "twelvelabs" and "marengo" in name:
        return marengo.V2_7 if "2-7" in name else marengo.V3
    return None


def _newer(family: Family) -> Family:
    return replace(family, dimensions=None)
