"""Importing an adapter's modules when they are first used."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from types import ModuleType

from .lasting import lasting


def module_of(package: str, name: str, *, framework: str, extra: str, first: str | None = None) -> ModuleType:
    """A module of an adapter; ``first`` is imported before it.

    Raises:
        ImportError: the framework that is installed is another than the one this was written to. Its name is
            said here: ``from … import`` makes a bare "cannot import name" of what a module's own
            ``__getattr__`` raises.
    """
    try:
        with lasting():
            if first is not None:
                import_module(first)
            return import_module(f"{package}.{name}")
    except (AttributeError, ImportError) as error:
        root = framework.split("-")[0]
        if isinstance(error, ImportError) and not str(error.name).startswith(root):
            raise  # another module is missing
        raise ImportError(
            f"{package} cannot be imported with {framework} {_installed(framework)}: {error}; "
            f'try: pip install -U "bedrock-unified[{extra}]"'
        ) from error


def _installed(framework: str) -> str:
    try:
        return version(framework)
    except PackageNotFoundError:
        return "(of which there is no metadata)"
