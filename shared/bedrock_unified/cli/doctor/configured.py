"""Which configuration there is to examine."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from .report import Finding

if TYPE_CHECKING:
    from ...config.named import Configuration

_CHECK = "configuration"
#: Configurations of other systems, where those look for them.
_OTHERS = ("spicepod.yaml", "spicepod.yml", "config/config.yaml", "config.yaml", "bedrock.json")


def read_configuration(config: str | None, env: Mapping[str, str], found: list[Finding]) -> Configuration:
    """The configuration to examine; what was read is added to ``found``.

    Args:
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
    return configuration


def _told(configuration: Configuration) -> str:
    models, providers = len(configuration.models), len(configuration.providers)
    counts = [f"{models} model{'' if models == 1 else 's'}"] if models or not providers else []
    counts += [f"{providers} provider{'' if providers == 1 else 's'}"] if providers else []
    return f"{configuration.origin.source}, read as {configuration.system}: {', '.join(counts)}"
