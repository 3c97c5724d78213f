"""Commands that are imported when they are used, so that the command starts quickly."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from inspect import cleandoc
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command, get_group

_SINGLE_BREAK = re.compile(r"(?<!\n)\n(?!\n)")
_HELP_NAMES = {"help_option_names": ["-h", "--help"]}


@dataclass(frozen=True, slots=True)
class Entry:
    """A command of the table.

    Attributes:
        name: how it is called.
        home: ``module:attribute``, the module relative to this package, the attribute a function or a
            ``typer.Typer`` with commands of its own.
        panel: the heading under which ``--help`` lists it.
        aliases: further names, which ``--help`` does not list.
    """

    name: str
    home: str
    panel: str
    aliases: Sequence[str] = ()

    def load(self) -> Any:
        """Import it, as typer's command object."""
        module, _, attribute = self.home.partition(":")
        found: Any = getattr(import_module(module, __package__), attribute)
        if isinstance(found, typer.Typer):
            command: Any = get_group(found)
            command.name = self.name
            command.context_settings.update(_HELP_NAMES)
        else:
            alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
            alone.command(self.name, context_settings=_HELP_NAMES)(found)
            command = get_command(alone)
        command.rich_help_panel = self.panel
        for each in (command, *getattr(command, "commands", {}).values()):
            each.help = _SINGLE_BREAK.sub(" ", cleandoc(each.help or ""))  # typer would keep our line breaks
        return command


class Commands(dict[str, Any]):
    """Names and commands; a command is made at the first look at it."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._entries = {entry.name: entry for entry in entries}
        super().__init__(dict.fromkeys(self._entries))
        self._aliases = {alias: entry.name for entry in self._entries.values() for alias in entry.aliases}

    def get(self, key: str, default: Any = None) -> Any:
        """The command of this name or alias."""
        name = self._aliases.get(key, key)
        if name not in self._entries:
            return default
        command = super().get(name)
        if command is None:
            command = self[name] = self._entries[name].load()
        return command

    def items(self) -> Any:
        """All names with their commands, for ``--help``: everything is imported."""
        return list(self._pairs())

    def _pairs(self) -> Iterator[tuple[str, Any]]:
        for name in self:
            yield name, self.get(name)


def group_of(entries: Iterable[Entry]) -> type[TyperGroup]:
    """The class of a group with these commands."""
    listed = tuple(entries)

    class LazyGroup(TyperGroup):
        def __init__(self, **attributes: Any) -> None:
            super().__init__(**attributes)
            self.commands = Commands(listed)

        def list_commands(self, ctx: Any) -> list[str]:
            return list(self.commands)

    return LazyGroup
