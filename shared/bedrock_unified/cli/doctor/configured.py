"""Which configuration there is to examine."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...config.own import no_default
from ...errors import ConfigurationError
from ...settings import shown
from .report import Finding

if TYPE_CHECKING:
    from ...config.named import Configuration

_CHECK = "configuration"
#: Configurations of other systems, where those look for them.
_OTHERS = ("spicepod.yaml", "spicepod.yml", "config/config.yaml", "config.yaml", "bedrock.json")


def read_configuration(
    config: str | None, backend: str | None, env: Mapping[str, str], found: list[Finding]
) -> Configuration:
    """The configuration to examine; what was read is added to ``found``.

    Args:
        backend: the one to look at alone, with its models and those that are sent to it.
        config: a file, folder or model spec, as ``load()`` takes it; else the command's own file, which may
            be absent.

    Raises:
        ConfigurationError: it cannot be read.
    """
    if config is not None:
        from ...config.load import load

        configuration = load(config, env=env)
        found.append(Finding(_CHECK, "ok", _told(configuration)))
    else:
        from ...config.own import place, read

        configuration = read(None, env)
        path = place(env)
        if os.path.lexists(path):
            found.append(Finding(_CHECK, "ok", _told(configuration)))
        else:
            found.append(Finding(_CHECK, "note", f"none ({path} is not there): AWS's own settings count"))
        found.extend(
            Finding(_CHECK, "note", f"{name} is here, too", f"bedrock-unified doctor --config {name}")
            for name in _OTHERS
            if Path(name).is_file()
        )
    found.extend(Finding(_CHECK, "note", note) for note in configuration.notes)
    if backend is not None:
        return _at(configuration, backend)
    default = getattr(configuration, "default_provider", None)
    if default is not None and default not in configuration.providers:
        raise no_default(default)
    return configuration


def _at(configuration: Configuration, backend: str) -> Configuration:
    """The same configuration as if there were this backend alone."""
    provider = configuration.providers.get(backend)
    if provider is None:
        there = ", ".join(configuration.providers)
        raise ConfigurationError(
            f"there is no backend {shown(backend)}",
            hint=f"there are: {there}" if there else f"bedrock-unified backend add {backend} --url us-east-1",
        )
    models = {name: model for name, model in configuration.models.items() if model.provider == backend}
    alone: dict[str, Any] = {"models": models, "providers": {backend: provider}}
    if configuration.default_model in configuration.models.keys() - models.keys():
        alone["default_model"] = None
    if hasattr(configuration, "default_provider"):
        alone["default_provider"] = backend
    return replace(configuration, **alone)


def _told(configuration: Configuration) -> str:
    models, providers = len(configuration.models), len(configuration.providers)
    counts = [f"{models} model{'' if models == 1 else 's'}"] if models or not providers else []
    counts += [f"{providers} provider{'' if providers == 1 else 's'}"] if providers else []
    return f"{configuration.origin.source}, read as {configuration.system}: {', '.join(counts)}"
