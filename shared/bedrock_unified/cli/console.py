"""How the command speaks: JSON on request, tables and colours on a terminal, plain lines into a pipe.

What a command found goes to standard output, everything else (progress, notes, errors) to standard error.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import track
from rich.table import Table

T = TypeVar("T")

#: The option that every command with an answer has.
AsJson = Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")]


def out() -> Console:
    """Standard output, as it is now."""
    return Console(soft_wrap=True, highlight=False)


def err() -> Console:
    """Standard error, as it is now."""
    return Console(stderr=True, soft_wrap=True, highlight=False)


def on_terminal() -> bool:
    """Whether somebody reads the output as it comes."""
    return sys.stdout.isatty()


def print_json(value: Any) -> None:
    """One JSON document; times as ISO 8601, bytes are a defect of the caller."""
    typer.echo(json.dumps(value, indent=2 if on_terminal() else None, ensure_ascii=False, default=_plain))


def print_rows(columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str | None = None) -> None:
    """A table on a terminal; into a pipe one line a row, tab-separated, without a head."""
    if not on_terminal():
        for row in rows:
            typer.echo("\t".join(_cell(value) for value in row))
        return
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(escape(_cell(value)) for value in row))
    Console().print(table)


def print_fields(fields: Mapping[str, object]) -> None:
    """Names and values, one a line."""
    width = max((len(name) for name in fields), default=0)
    for name, value in fields.items():
        if on_terminal():
            out().print(f"[bold]{escape(name.ljust(width))}[/]  {escape(_cell(value))}")
        else:
            typer.echo(f"{name}\t{_cell(value)}")


def say(text: str) -> None:
    """A note beside the answer, on standard error."""
    err().print(escape(text))


def say_error(text: str) -> None:
    """An error, on standard error; a hint stands on a line of its own."""
    err().print(f"[bold red]bedrock-unified:[/] {escape(text)}")


def with_progress(things: Sequence[T], what: str) -> Iterable[T]:
    """The things, with a progress bar on a terminal's standard error while they are gone through."""
    if not sys.stderr.isatty() or len(things) < 2:
        return things
    return track(things, description=what, console=Console(stderr=True), transient=True)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(_cell(each) for each in value)  # type: ignore[misc]
    return str(value).replace("\t", " ").replace("\n", " ")


def _plain(value: Any) -> Any:
    if hasattr(value, "isoformat"):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON form")
