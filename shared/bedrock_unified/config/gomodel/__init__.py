"""GoModel's configuration: ``config.yaml``, the ``BEDROCK_…`` families of environment variables, ``.env``.

What is read and by which rule follows GoModel's guide to Bedrock; where it is silent, its own code.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..named import NamedModel, Origin, Provider
from ..open import OpenConfiguration, model_at
from ..reading.documents import is_file, is_folder
from ..reading.dotenv import expand, read_dotenv
from ..reading.said import Said, from_file, from_python
from .environment import ambient_keywords, families
from .file import Entry, File, read_file, retries_of
from .overlay import overlaid
from .providers import provider_of
from .server import mode_of, server_settings

__all__ = ["SEARCHED", "read"]

#: Where a folder's configuration file is looked for, in this order.
SEARCHED = (Path("config") / "config.yaml", Path("config.yaml"))


def read(source: Path | Mapping[str, Any] | None, env: Mapping[str, str]) -> OpenConfiguration:
    """What GoModel would run with.

    The environment stands above ``.env``, which stands above the file. ``.env`` is looked for in the folder
    that ``config.yaml`` or the folder ``config`` lies in.

    Args:
        source: a ``config.yaml``; a folder, in which :data:`SEARCHED` are looked for; the file's content as a
            mapping; None for the current folder, where there need not be one.
        env: the environment. It is not changed.

    Returns:
        The providers of type ``bedrock`` (``bedrock`` alone where nothing names one) with their models;
        ``server`` has ``port``, ``base_path``, ``body_size_limit`` (bytes) and, if set, ``master_key``.

    Raises:
        ConfigurationError: a key that GoModel does not know, or a value that cannot be.
    """
    folder, path = _found(source)
    from_dotenv = read_dotenv(folder / ".env", env)
    merged = {**from_dotenv, **env}
    file = _file(source, path, merged)
    dotenv_source = str(folder / ".env")

    def origin(name: str) -> Origin:
        return Origin("environment" if name in env else dotenv_source, name)

    found = families(merged, origin)
    entries = overlaid(file, found.groups)
    if not entries.kept:
        entries.kept["bedrock"] = Entry("bedrock", Origin("environment"))
    mode = mode_of(file.models, merged, origin)
    ambient, ambient_notes = ambient_keywords(env, from_dotenv, dotenv_source)
    notes = [*file.notes, *found.notes, *entries.notes, *ambient_notes]
    retries = retries_of(merged, origin, notes)
    if retries is None:
        retries = file.max_retries
    providers: dict[str, Provider] = {}
    for name, entry in entries.kept.items():
        providers[name] = provider_of(entry, ambient, retries, mode, notes)
    return OpenConfiguration(
        system="gomodel",
        origin=_source(source, path, folder, from_dotenv),
        models=_models(providers),
        providers=providers,
        server=server_settings(file.server, merged, origin, notes),
        default_provider=next(iter(providers)) if len(providers) == 1 else None,
        notes=tuple(notes),
    )


def _source(source: object, path: Path | None, folder: Path, from_dotenv: Mapping[str, str]) -> Origin:
    """What the configuration as a whole is called in a message."""
    if isinstance(source, Mapping):
        return Origin("arguments")
    return Origin(str(path or (folder / ".env" if from_dotenv else "environment")))


def _found(source: Path | Mapping[str, Any] | None) -> tuple[Path, Path | None]:
    """The folder GoModel would be started in, and its configuration file if it has one."""
    if isinstance(source, Path) and not is_folder(source):
        folder = source.parent
        return (folder.parent if folder.name == "config" else folder), source
    folder = source if isinstance(source, Path) else Path()
    if source is not None and not isinstance(source, Path):
        return folder, None
    return folder, next((folder / name for name in SEARCHED if is_file(folder / name)), None)


def _file(source: Path | Mapping[str, Any] | None, path: Path | None, env: Mapping[str, str]) -> File:
    said: Said | None = None
    if path is not None:
        said = from_file(path)
    elif isinstance(source, Mapping):
        said = from_python(source)
    return read_file(said.expanded(lambda text: expand(text, env)) if said else None)


def _models(providers: Mapping[str, Provider]) -> dict[str, NamedModel]:
    """The configured models: by id at the first provider that lists them, and with several providers also by
    ``provider/id`` at each."""
    alone: dict[str, NamedModel] = {}
    qualified: dict[str, NamedModel] = {}
    for provider in providers.values():
        for model_id in provider.models:
            alone.setdefault(model_id, model_at(provider.name, model_id, model_id, provider.origin))
            name = f"{provider.name}/{model_id}"
            qualified[name] = model_at(provider.name, name, model_id, provider.origin)
    return {**alone, **(qualified if len(providers) > 1 else {})}
