"""How the command speaks: JSON on request, tables and colours on a terminal, plain lines into a pipe.

What a command found goes to standard output, everything else (progress, notes, errors) to standard error.
rich is imported when something is drawn: a plain line needs none of it.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import warnings
from base64 import b64encode
from collections.abc import Generator, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

if TYPE_CHECKING:
    from rich.console import Console

#: Control characters but line feed and tab, and the overrides of writing direction: each is shown as ``�``.
_STEERING = dict.fromkeys(
    {*range(32), *range(127, 160), 0x202D, 0x202E} - {ord("\n"), ord("\t")}, "\N{REPLACEMENT CHARACTER}"
)

#: The option that every command with an answer has.
AsJson = Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")]


def out() -> Console:
    """Standard output, as it is now."""
    from rich.console import Console

    return Console(soft_wrap=True, highlight=False)


def err() -> Console:
    """Standard error, as it is now."""
    from rich.console import Console

    return Console(stderr=True, soft_wrap=True, highlight=False)


def on_terminal() -> bool:
    """Whether somebody reads the output as it comes."""
    return sys.stdout.isatty()


def shown_safely(text: str) -> str:
    """Text of others for a terminal, without the characters that would steer it.

    Those are the control characters and the two that turn the order of a line's letters around.
    """
    return text.replace("\r\n", "\n").translate(_STEERING)


def print_json(value: Any) -> None:
    """One JSON document; times as ISO 8601, bytes as base64."""
    typer.echo(json.dumps(value, indent=2 if on_terminal() else None, ensure_ascii=False, default=_plain))


def print_rows(columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str | None = None) -> None:
    """A table on a terminal; into a pipe one line a row, tab-separated, without a head."""
    if not on_terminal():
        for row in rows:
            typer.echo("\t".join(_cell(value) for value in row))
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(escape(shown_safely(_cell(value))) for value in row))
    Console(highlight=False).print(table)


def print_fields(fields: Mapping[str, object]) -> None:
    """Names and values, one a line."""
    if not on_terminal():
        for name, value in fields.items():
            typer.echo(f"{name}\t{_cell(value)}")
        return
    from rich.markup import escape

    width = max((len(name) for name in fields), default=0)
    console = out()
    for name, value in fields.items():
        console.print(f"[bold]{escape(name.ljust(width))}[/]  {escape(shown_safely(_cell(value)))}")


def say(text: str) -> None:
    """A note beside the answer, on standard error."""
    _tell(text)


def say_error(text: str) -> None:
    """An error, on standard error; a hint stands on a line of its own."""
    _tell(text, "bedrock-unified: ", "bold red")


@contextlib.contextmanager
def waiting(what: str) -> Generator[None]:
    """A spinner on a terminal's standard error while something without steps is waited for."""
    if not sys.stderr.isatty():
        yield
        return
    with err().status(what):
        yield


@contextlib.contextmanager
def say_warnings() -> Generator[None]:
    """Warnings as notes of one line: where in our code they were given says nothing to a reader."""
    from ..errors import BedrockError  # what an import of the warning's class would bring is not needed here

    home = BedrockError.__module__.partition(".")[0]
    before = warnings.showwarning

    def show(message: Any, category: type[Warning], *where: Any, **more: Any) -> None:
        if category.__module__.partition(".")[0] == home:
            say(f"note: {message}")
        else:
            before(message, category, *where, **more)

    warnings.showwarning = show
    try:
        yield
    finally:
        warnings.showwarning = before


def make_writable() -> None:
    """Let the process have outputs that take any text.

    One that was closed before the start leads nowhere; what an output's encoding cannot hold is shown as
    ``?``, and is no failure.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def abandon_output(stdout: Any) -> None:
    """Let nothing more be written to an output that nobody reads: not at the interpreter's end, either."""
    sys.stdout = stdout
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stdout.fileno())
        os.close(nowhere)


def _tell(text: str, mark: str = "", style: str = "") -> None:
    """A line on standard error; nothing to tell it to is no reason to fail."""
    with contextlib.suppress(OSError):
        if not sys.stderr.isatty():
            print(f"{mark}{text}", file=sys.stderr, flush=True)
            return
        from rich.markup import escape

        shown = escape(shown_safely(text))
        err().print(f"[{style}]{escape(mark)}[/]{shown}" if style else f"{escape(mark)}{shown}")


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(_cell(each) for each in cast("Sequence[object]", value))
    return str(value).replace("\t", " ").replace("\n", " ")


def _plain(value: Any) -> Any:
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if isinstance(value, bytes):
        return b64encode(value).decode()
    raise TypeError(f"{type(value).__name__} has no JSON form")
