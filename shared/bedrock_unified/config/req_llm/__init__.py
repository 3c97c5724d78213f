"""ReqLLM's model specs: text, lists, and objects that say what no registry knows.

======================================  =============================================================
``"bedrock:<id>"``                      also ``amazon_bedrock:<id>`` and ``<id>@amazon_bedrock``
``["amazon_bedrock", "<id>", {…}]``     options after the id; or ``id`` among them
``{"provider": "amazon_bedrock", …}``   ``id`` (or ``model``), ``provider_model_id``, ``base_url``,
                                        ``capabilities``, ``limits``, ``inference_profile_arn``, options
======================================  =============================================================

Options are those of :class:`~bedrock_unified.parameters.ConverseParameters` (of the embedding models' for one
of them) in all their spellings, also under ``provider_options``. A model from a spec travels as ReqLLM routes
it (``use_converse="auto"``) unless its options say otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..named import NamedModel, Origin
from ..open import OpenConfiguration
from ..reading.said import Said, from_file, from_python
from .spec import CHAT_DEFAULTS, is_list_spec, read_spec

__all__ = ["read"]

_OBJECT = frozenset({"provider", "id", "model", "provider_model_id", "inference_profile_arn"})


def read(
    source: Path | Mapping[str, Any] | Sequence[Any] | str | None, env: Mapping[str, str]
) -> OpenConfiguration:
    """The models of one spec, or of several.

    Args:
        source: a spec; a list of specs; ``{"models": …}`` with a list of specs or with specs by their names;
            a YAML or JSON file with any of these; None for no model at all, and still every spec that is
            asked for by its text (``configuration["bedrock:<id>"]``).
        env: the environment, for ``{region}`` in a ``base_url``.

    Returns:
        The models, by name: the key they stand under, else their ``id``. The first is the default.

    Raises:
        ConfigurationError: a spec of another provider, without an id, with an unknown key, or with a value
            that cannot be.
    """
    origin = Origin(str(source) if isinstance(source, Path) else "arguments")
    models: dict[str, NamedModel] = {}
    if source is not None:
        said = from_file(source) if isinstance(source, Path) else from_python(source)
        for name, spec in _specs(said):
            model = read_spec(spec, name, env)
            if model.name in models:
                raise spec.wrong(
                    f"there are two models called {model.name!r}",
                    hint="give them names: models: {name: spec}",
                )
            models[model.name] = model
    return OpenConfiguration(
        system="req_llm",
        origin=origin,
        models=models,
        default_model=next(iter(models), None),
        chat_defaults=CHAT_DEFAULTS,
    )


def _specs(said: Said) -> list[tuple[str | None, Said]]:
    """Specs with the names they stand under."""
    if said.is_mapping and not _OBJECT.intersection(said.entries()):
        inner = said.entries({"models", *_OBJECT}).get("models")
        if inner is None:
            raise said.wrong(
                "this is no model spec", hint='write {"provider": "amazon_bedrock", "id": "<model id>"}'
            )
        if inner.is_mapping:
            return list(inner.entries().items())
        said = inner
    if said.is_list and not is_list_spec(said):
        return [(None, spec) for spec in said.items()]
    return [(None, said)]
