"""What the doctor found, and how it is told."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import typer

from ...errors import BedrockError
from ..console import on_terminal, out, shown_safely
from ..wording import in_options

Result = Literal["ok", "note", "warning", "fail", "skipped"]

#: Mark, colour, and the mark of terminals without such signs.
_MARKS: dict[Result, tuple[str, str, str]] = {
    "ok": ("✓", "green", "+"),
    "note": ("·", "dim", "."),
    "warning": ("!", "yellow", "!"),
    "fail": ("✗", "bold red", "x"),
    "skipped": ("–", "dim", "-"),
}
_CHECK_WIDTH = 15
#: What to do where an error does not say it, by the first word of its check.
_FIXES = {
    "configuration": "correct the configuration; `bedrock-unified config --help` tells of the command's own",
    "settings": "correct that setting: in the environment, the AWS files or the configuration",
    "endpoint": "correct that setting: endpoint_url, AWS_ENDPOINT_URL…, HTTPS_PROXY",
    "model": "name a model as `bedrock-unified models list` shows it",
}
_LAST_FIX = "look up the code in the Amazon Bedrock user guide; AWS Support wants the request id"
#: Checks that are about one of many: what stands behind the word is a name.
_NAMED = frozenset({"model", "call", "guardrail", "provider"})
#: What urllib3 says of its own objects in front of the reason.
_OBJECT = re.compile(r"HTTPS?Connection(?:Pool)?\([^)]*\): ")


@dataclass(frozen=True, slots=True)
class Finding:
    """One check and its result.

    Attributes:
        check: what was looked at: ``credentials``, ``model nova``.
        result: ``ok``; ``note`` (worth knowing); ``warning`` (works, but not all of it); ``fail`` (must be
            mended); ``skipped`` (not looked at, and why).
        found: what is the case, never a secret.
        fix: what to do about it, a command or a sentence.
        setup: which of several setups it is about; empty where there is one.
    """

    check: str
    result: Result
    found: str
    fix: str | None = None
    setup: str = ""

    def as_json(self) -> dict[str, Any]:
        """The finding as plain values."""
        members = {"check": self.check, "result": self.result, "found": self.found, "fix": self.fix}
        return {**members, "setup": self.setup} if self.setup else members


def without_objects(text: str) -> str:
    """A reason without the library's own words for a connection."""
    return _OBJECT.sub("", text)


def failed(check: str, error: BedrockError, *, result: Result = "fail", fix: str | None = None) -> Finding:
    """An error as a finding: what AWS said, and its hint as the fix."""
    said = f"{error.code}: {error.message}" if error.code else without_objects(error.message)
    if error.request_id:
        said += f" (request id {error.request_id})"
    return Finding(
        check,
        result,
        said,
        fix or in_options(error.hint or "") or _FIXES.get(check.partition(" ")[0], _LAST_FIX),
    )


def show(finding: Finding) -> None:
    """Print one finding: aligned on a terminal, else a line of tab-separated fields."""
    if not on_terminal():
        fields = (finding.result, finding.check, finding.found, finding.fix or "", finding.setup)
        typer.echo("\t".join(" ".join(field.split()) for field in fields).rstrip("\t"))
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console(highlight=False)
    mark, colour, plain = _MARKS[finding.result]
    if not console.encoding.startswith("utf"):
        mark = plain
    grid = Table.grid(padding=(0, 2))
    grid.add_column(width=1)
    grid.add_column(width=_CHECK_WIDTH, overflow="fold")
    grid.add_column(overflow="fold")
    label, found = _apart(finding)
    check = f"[bold]{escape(shown_safely(label))}[/]"
    grid.add_row(f"[{colour}]{mark}[/]", check, escape(shown_safely(found)))
    if finding.fix:
        grid.add_row("", "", f"[cyan]fix:[/] {escape(shown_safely(finding.fix))}")
    console.print(grid)


def _apart(finding: Finding) -> tuple[str, str]:
    """The check in a word, and what was found, with the name of what it is about."""
    word, _, name = finding.check.partition(" ")
    if word not in _NAMED or not name:
        return finding.check, finding.found
    return word, finding.found if name in finding.found else f"{name}: {finding.found}"


def show_setup(name: str) -> None:
    """A heading, where there are several setups."""
    if on_terminal():
        from rich.markup import escape

        out().print(f"\n[bold underline]{escape(shown_safely(name))}[/]")


def show_end(findings: Iterable[Finding]) -> None:
    """One sentence that says how it stands, on a terminal."""
    if not on_terminal():
        return
    results = [finding.result for finding in findings]
    bad, doubtful = results.count("fail"), results.count("warning")
    console = out()
    if bad:
        console.print(f"\n[bold red]{bad} {'thing' if bad == 1 else 'things'} to mend.[/]")
    elif doubtful:
        console.print(f"\n[yellow]It works, with {doubtful} {'warning' if doubtful == 1 else 'warnings'}.[/]")
    else:
        console.print("\n[green]Nothing to mend.[/]")
