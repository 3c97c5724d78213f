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

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...errors import ConfigurationError
from ..named import Origin
from ..open import OpenConfiguration, model_at, read_id
from ..reading.problems import problem
from ..reading.said import Said, from_file, from_python
from .backends import TYPE, Found, named_backends, read_backend
from .settings import IGNORED, chat_defaults, settings

__all__ = ["read"]


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
    found = Found()
    for name, backend in named_backends(sections.get("backends")):
        read_backend(name, backend, env, found)
    config = settings(sections.get("config"))
    found.notes.extend(
        f"{one.origin}: left out, it is not about models on Bedrock"
        for name, one in sorted(config.items())
        if name in IGNORED
    )
    default, is_ours = _default_provider(config.get("default-provider"), found)
    defaults = chat_defaults(config)
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


def _default_provider(said: Said | None, found: Found) -> tuple[str | None, bool]:
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
