"""What the shell offers when Tab is pressed: names that are known without a call.

A completion that fails offers nothing: there is nowhere to say why.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..errors import BedrockError


def backend_names(incomplete: str) -> list[str]:
    """The backends."""
    from .state import read_state

    try:
        return _beginning(read_state().backends, incomplete)
    except BedrockError:
        return []


def setting_names(incomplete: str) -> list[str]:
    """The settings of ``config``."""
    from ..config.own.settings import SETTINGS

    return _beginning(SETTINGS, incomplete)


def setting_values(incomplete: str) -> list[str]:
    """Values of settings: models and backends."""
    return model_names(incomplete)


def model_names(incomplete: str) -> list[str]:
    """Short names of models, the ids of those that are known, and the backends, which name theirs."""
    from ..models.data import table
    from ..models.ids import aliases

    known = [row["id"] for row in table("available")["models"]]
    return [*_beginning(dict.fromkeys([*aliases(), *known]), incomplete), *backend_names(incomplete)]


def _beginning(names: Iterable[str], incomplete: str) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]
