"""The environment's families over the file's providers, by GoModel's rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..named import Origin
from .environment import Group
from .file import TYPE, Entry, File, listed


@dataclass(slots=True)
class Overlaid:
    """The providers that result, in the file's order and then by name."""

    kept: dict[str, Entry] = field(default_factory=dict[str, Entry])
    notes: list[str] = field(default_factory=list[str])


def overlaid(file: File, groups: Mapping[str, Group]) -> Overlaid:
    """Lay the families over the file.

    Variables without a suffix belong to the provider called ``bedrock``, else to the only one of the type,
    else they make one; of several nobody knows which is meant, and they are left out. ``BEDROCK_US_EAST_…``
    belongs to ``bedrock-us-east``, or makes it; where the file has something else under that name, they are
    left out.
    """
    result = Overlaid(kept=dict(file.providers))
    for suffix in sorted(groups):
        group = groups[suffix]
        origin = next(iter(group.values())).origin
        if suffix:
            name = f"{TYPE}-{suffix.lower().replace('_', '-')}"
        elif TYPE in result.kept or not file.providers:
            name = TYPE
        elif len(file.providers) == 1:
            name = next(iter(file.providers))
        else:
            result.notes.append(
                f"{origin}: left out, the file has several providers of type {TYPE}, none called {TYPE!r}: "
                f"{', '.join(file.providers)}"
            )
            continue
        if name in file.others:
            result.notes.append(f"{origin}: left out, the file's provider {name!r} is of another type")
            continue
        _lay(result.kept, name, group, origin)
    return result


def _lay(kept: dict[str, Entry], name: str, group: Group, origin: Origin) -> None:
    entry = kept.setdefault(name, Entry(name, origin))
    entry.base_url = group.get("BASE_URL", entry.base_url)
    entry.api_key = group.get("API_KEY", entry.api_key)
    if "MODELS" in group:
        entry.models = listed(group["MODELS"])
