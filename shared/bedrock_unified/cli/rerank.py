"""``bedrock-unified rerank``: order documents by how well they answer a question."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .connection import Backend, ConfigFile, EndpointUrl, Model, Profile, Region, reach
from .console import AsJson, print_json, print_rows, waiting
from .inputs import many_texts
from .usage import UsageError

_SHOWN = 200


def rerank(
    query: Annotated[str, typer.Argument(help="What the documents shall answer.")],
    document: Annotated[
        list[str] | None, typer.Argument(metavar="DOCUMENT", help="Texts; '-' reads standard input.")
    ] = None,
    documents: Annotated[
        list[Path] | None,
        typer.Option(
            "--documents",
            "-d",
            help="A file with a document a line, or JSON (.jsonl, .json): texts, or objects with a 'text'. "
            "Repeatable.",
        ),
    ] = None,
    top_n: Annotated[
        int | None, typer.Option("--top-n", "-n", min=1, help="How many to give; all by default.")
    ] = None,
    via: Annotated[
        str,
        typer.Option(
            "--via", help="'invoke' (InvokeModel), or 'agent' (Rerank, which needs bedrock:Rerank)."
        ),
    ] = "invoke",
    model: Model = None,
    backend: Backend = None,
    region: Region = None,
    profile: Profile = None,
    endpoint_url: EndpointUrl = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Order documents by how well they answer a query, the best first.

    The model is a rerank model: amazon.rerank-v1:0, cohere.rerank-v3-5:0. Into a pipe goes a line a document:
    score, place in the input (from 0), text.

    Exit code: 0 ranked, 1 the call failed, 2 wrong use.
    """
    from ..client import BedrockClient

    if not query.strip():
        raise UsageError("the query is empty")
    items = many_texts(document or [], documents or [], what="documents")
    reached = reach(
        model,
        "rerank",
        backend=backend,
        region=region,
        profile=profile,
        endpoint_url=endpoint_url,
        config=config,
    )
    with BedrockClient(**reached.connection) as client, waiting(f"ranking {len(items)} documents"):
        ranked = client.rerank(
            query, [item.text for item in items], model_id=reached.model_id, top_n=top_n, via=via
        )
    if as_json:
        results = [
            {"index": each.index, "score": each.score, "document": items[each.index].value}
            for each in ranked.results
        ]
        print_json({"model": reached.model_id, "results": results})
        return
    rows = ((f"{each.score:.4f}", each.index, _shortened(each.document)) for each in ranked.results)
    print_rows(("score", "place", "document"), rows)


def _shortened(text: str) -> str:
    from .console import on_terminal

    one_line = " ".join(text.split())
    return one_line if not on_terminal() or len(one_line) <= _SHOWN else f"{one_line[: _SHOWN - 1]}…"
