"""``bedrock-unified demo``: a chain, a query engine and two agents over the reader's own files."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Generator
from pathlib import Path
from typing import Annotated, Any

import typer

from ..usage import UsageError
from .documents import TextFile, read_files
from .ledger import Ledger

LOCAL_MODEL = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
EMBEDDING_MODEL = "amazon.titan-embed-text-v2:0"
QUESTION = "What is this about?"
OWN_QUESTION = "What happens when a task is cancelled?"  # about our own documents


def demo(
    paths: Annotated[list[Path] | None, typer.Argument(metavar="FILE", help="Text files or folders.")] = None,
    question: Annotated[
        str | None, typer.Option("--question", "-q", help=f"What to ask (default {QUESTION!r}).")
    ] = None,
    aws: Annotated[bool, typer.Option("--aws", help="Use the models of your AWS account.")] = False,
    endpoint_url: Annotated[str | None, typer.Option(help="Use this Bedrock endpoint.")] = None,
    model: Annotated[str, typer.Option(help="Chat model.")] = LOCAL_MODEL,
    embedding_model: Annotated[str, typer.Option(help="Embedding model.")] = EMBEDDING_MODEL,
    region: Annotated[str | None, typer.Option(help="AWS region.")] = None,
    profile: Annotated[str | None, typer.Option(help="AWS profile.")] = None,
) -> None:
    """Run a LangChain chain and agent, and a LlamaIndex query engine and agent, over text files.

    Without --aws and --endpoint-url no AWS account is needed: the answers come from an embedded endpoint
    whose stand-in model quotes the files; it is not a language model.
    """
    if aws and endpoint_url:
        raise UsageError("--aws and --endpoint-url say different things about where to go; give one of them")
    try:
        from .langchain_part import show_agent as show_langchain_agent
        from .langchain_part import show_chain
        from .llamaindex_part import show_agent as show_llamaindex_agent
        from .llamaindex_part import show_query_engine
    except ImportError as error:
        raise UsageError(
            f"the demo needs both frameworks ({error.name} is missing): pip install 'bedrock-unified[all]'"
        ) from error
    files = read_files(paths or [])
    if question is None:
        question = QUESTION if paths else OWN_QUESTION
    elif not question.strip():
        raise UsageError("the question is empty")
    elsewhere = {"region_name": region, "profile_name": profile, "endpoint_url": endpoint_url}
    with _client(elsewhere, local=not (aws or endpoint_url)) as (client, about):
        print(f"{len(files)} file(s), {sum(len(file.text) for file in files):,} characters")
        print(f"question: {question}\nmodel: {model}, {about}")
        ledger = Ledger()
        client.observe(ledger.add)
        models = {"model": model, "client": client}
        with ledger.part("LangChain: an LCEL chain, streamed"):
            show_chain(models, files, question)
        with ledger.part("LangChain: an agent with a tool"):
            show_langchain_agent(models, files, question)
        with ledger.part("LlamaIndex: a query engine over a vector index"):
            engine = show_query_engine(models, embedding_model, client, files, question)
        with ledger.part("LlamaIndex: an agent with the query engine as its tool"):
            asyncio.run(show_llamaindex_agent(models, engine, question))
        ledger.print_total()


@contextlib.contextmanager
def _client(settings: dict[str, str | None], *, local: bool) -> Generator[tuple[Any, str]]:
    """The client to run on, and one phrase about where it leads."""
    from ...client import BedrockClient

    if not local:
        with BedrockClient(**settings) as client:
            yield client, settings["endpoint_url"] or f"AWS, {client.region}"
        return
    from ...local import LocalBedrock

    with (
        LocalBedrock() as endpoint,
        BedrockClient(
            endpoint_url=endpoint.url,
            control_endpoint_url=endpoint.url,
            region_name=settings["region_name"] or "us-east-1",
            aws_access_key_id=LocalBedrock.ACCESS_KEY_ID,
            aws_secret_access_key=LocalBedrock.SECRET_ACCESS_KEY,
        ) as client,
    ):
        yield client, f"answered by the local stand-in at {endpoint.url}"


__all__ = ["TextFile", "demo"]
