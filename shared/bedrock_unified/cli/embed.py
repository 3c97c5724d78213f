"""``bedrock-unified embed``: vectors of texts, on the screen, into a pipe or a file."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import BedrockError
from .connection import Backend, ConfigFile, EndpointUrl, Model, Profile, Reached, Region, reach
from .console import AsJson, on_terminal, print_rows, say
from .inputs import Item, many_texts
from .usage import UsageError
from .vectors import FORMATS, Writer, writer_to

if TYPE_CHECKING:
    from ..client import BedrockClient
    from ..embedding import Embeddings

#: Inputs of one call of the client: so many vectors are held before they are written.
_AT_ONCE = 2048
_SHOWN_TEXT, _SHOWN_NUMBERS = 40, 4
#: What a configured model says that can be said here, too.
_CONFIGURED = ("dimensions", "normalize", "truncate", "input_type", "max_tokens", "family")


def embed(
    text: Annotated[
        list[str] | None, typer.Argument(metavar="TEXT", help="Texts; '-' reads standard input.")
    ] = None,
    file: Annotated[
        list[Path] | None,
        typer.Option(
            "--file",
            "-f",
            help="A file with a text a line, or JSON (.jsonl, .json): texts, or objects with a 'text'. "
            "Repeatable.",
        ),
    ] = None,
    dimensions: Annotated[
        int | None, typer.Option("--dimensions", min=1, help="The vectors' length; the model's by default.")
    ] = None,
    input_type: Annotated[
        str | None,
        typer.Option("--input-type", help="document (the default), query, classification or clustering."),
    ] = None,
    normalize: Annotated[
        bool | None,
        typer.Option("--normalize/--no-normalize", help="Vectors of length 1.", show_default=False),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Write into this file, whole or not at all.")
    ] = None,
    form: Annotated[
        str | None,
        typer.Option(
            "--format", help=f"{', '.join(FORMATS)}; else what the name of --out ends in, else jsonl."
        ),
    ] = None,
    model: Model = None,
    backend: Backend = None,
    region: Region = None,
    profile: Profile = None,
    endpoint_url: EndpointUrl = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Embed texts.

    A terminal shows the beginning of each vector. Into a pipe or a file go whole ones: 'jsonl' has an object
    a line (index, embedding, and what else the input's object had), 'json' one object with model,
    input_tokens and embeddings, 'npy' a NumPy array of 32-bit floats. --json is --format json.

    If a call fails, what was embedded so far stays in FILE.partial (jsonl).

    Exit code: 0 embedded, 1 a call failed, 2 wrong use.
    """
    chosen = _format(form, out, as_json)
    items = many_texts(text or [], file or [], what="texts")
    reached = reach(
        model,
        "embedding",
        backend=backend,
        region=region,
        profile=profile,
        endpoint_url=endpoint_url,
        config=config,
    )
    how = {name: value for name in _CONFIGURED if (value := reached.parameters.get(name)) is not None}
    given = {"dimensions": dimensions, "input_type": input_type, "normalize": normalize}
    how |= {name: value for name, value in given.items() if value is not None}
    if out is None and chosen is None and on_terminal():
        _show(items, reached, how)
        return
    if out is None and chosen == "npy" and on_terminal():
        raise UsageError("an array is nothing for a terminal\nHint: --out FILE, or pipe it")
    with writer_to(out, chosen or "jsonl") as writer:
        tokens = _embed_all(items, reached, how, writer)
        writer.end(model=reached.model_id, input_tokens=tokens)
    if out is not None:
        say(f"{len(items)} vectors in {out} ({tokens} input tokens)")


def _format(form: str | None, out: Path | None, as_json: bool) -> str | None:
    """The format that was asked for, or that the file's name tells."""
    if as_json and form not in (None, "json"):
        raise UsageError(f"--json and --format {form} contradict each other; give one of them")
    if form is None and as_json:
        return "json"
    if form is None and out is not None:
        ending = out.suffix.lower().removeprefix(".")
        return ending if ending in FORMATS else "jsonl"
    if form is not None and form not in FORMATS:
        raise UsageError(f"--format {form!r} is not one of {', '.join(FORMATS)}")
    return form


def _show(items: Sequence[Item], reached: Reached, how: dict[str, Any]) -> None:
    """On a terminal: the beginning of each vector."""
    with _client(reached) as client, _progress(len(items)) as advance:
        made = _embedded(client, items, 0, reached.model_id, how, advance)
    rows: list[tuple[object, ...]] = []
    for item, vector in zip(items, made.vectors, strict=True):
        beginning = " ".join(f"{number:.4f}" for number in vector[:_SHOWN_NUMBERS])
        rows.append((_shortened(item.text), len(vector), f"{beginning} …"))
    print_rows(("text", "length", "vector"), rows)
    say(f"{made.input_tokens} input tokens; --json, --out FILE or a pipe gives whole vectors")


def _embed_all(items: Sequence[Item], reached: Reached, how: dict[str, Any], writer: Writer) -> int:
    """Embed and write, a part at a time; gives the input tokens."""
    tokens = 0
    with _client(reached) as client, _progress(len(items)) as advance:
        for start in range(0, len(items), _AT_ONCE):
            part = items[start : start + _AT_ONCE]
            made = _embedded(client, part, start, reached.model_id, how, advance)
            tokens += made.input_tokens
            for place, (item, vector) in enumerate(zip(part, made.vectors, strict=True), start):
                writer.write(place, item.more, vector)
    return tokens


def _embedded(
    client: BedrockClient,
    part: Sequence[Item],
    start: int,
    model_id: str,
    how: dict[str, Any],
    advance: Callable[[int], None],
) -> Embeddings:
    try:
        return client.embed(
            [item.text for item in part],
            model_id=model_id,
            on_progress=lambda done, total: advance(start + done),
            **how,
        )
    except BedrockError:
        if start:
            say(f"note: {start} texts were embedded before; the error counts from there")
        raise


@contextlib.contextmanager
def _client(reached: Reached) -> Generator[BedrockClient]:
    from ..client import BedrockClient

    with BedrockClient(**reached.connection) as client:
        yield client


@contextlib.contextmanager
def _progress(count: int) -> Generator[Callable[[int], None]]:
    """A progress bar on a terminal's standard error; gives what tells it how many are done."""
    if not sys.stderr.isatty() or count < 2:
        yield lambda done: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("embedding"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("embedding", total=count)
        yield lambda done: bar.update(task, completed=done)


def _shortened(text: str) -> str:
    one_line = " ".join(text.split())
    return one_line if len(one_line) <= _SHOWN_TEXT else f"{one_line[: _SHOWN_TEXT - 1]}…"
