"""Importing an adapter's modules when they are first used."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from types import ModuleType

from .lasting import lasting


def module_of(package: str, name: str, *, framework: str, extra: str, first: str | None = None) -> ModuleType:
    """A module of an adapter; ``first`` is imported before it.

    Args:
        framework: the distribution that the adapter is for (``langchain-core``).

    Raises:
        ImportError: it says so itself where a name is missing, most often because the framework is older than
            this was written to: of an AttributeError ``from … import`` makes a bare "cannot import name".
    """
    try:
        with lasting():
            if first is not None:
                import_module(first)
            return import_module(f"{package}.{name}")
    except AttributeError as error:
        raise ImportError(f"{package} cannot be imported: {error}{_way_out(framework, extra)}") from error
    except ImportError as error:
        root = framework.removesuffix("-core").replace("-", "_")
        if not (error.name or "").startswith((f"{root}_core", f"{root}.core")):
            raise  # another module is missing
        raise ImportError(f"{package} cannot be imported: {error}{_way_out(framework, extra)}") from error


def _way_out(framework: str, extra: str) -> str:
    try:
        installed = version(framework)
    except PackageNotFoundError:
        return ""
    return f'; {framework} is {installed} here; try: pip install -U "bedrock-unified[{extra}]"'
