"""``bedrock-unified demo``: a chain, a query engine and two agents over the reader's own files."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
from collections.abc import Generator
from pathlib import Path
from typing import Any

from ..usage import UsageError
from .documents import TextFile, read_files
from .ledger import Ledger

LOCAL_MODEL = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
EMBEDDING_MODEL = "amazon.titan-embed-text-v2:0"
QUESTION = "What is this about?"
OWN_QUESTION = "What happens when a task is cancelled?"  # about our own documents


def add_parser(commands: Any) -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "demo",
        help="run a LangChain chain and agent, and a LlamaIndex query engine and agent, over text files",
        description="Without --aws and --endpoint-url no AWS account is needed: the answers come from an "
        "embedded endpoint whose stand-in model quotes the files; it is not a language model.",
    )
    parser.add_argument("paths", nargs="*", metavar="FILE", type=Path, help="text files or folders")
    parser.add_argument("--question", "-q", help=f"what to ask (default {QUESTION!r})")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--aws", action="store_true", help="use the models of your AWS account")
    where.add_argument("--endpoint-url", metavar="URL", help="use this Bedrock endpoint")
    parser.add_argument("--model", default=LOCAL_MODEL, help=f"chat model (default {LOCAL_MODEL})")
    parser.add_argument("--embedding-model", default=EMBEDDING_MODEL, help=f"default {EMBEDDING_MODEL}")
    parser.add_argument("--region", default=None, help="AWS region")
    parser.add_argument("--profile", default=None, help="AWS profile")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the four parts."""
    try:
        from .langchain_part import show_agent as show_langchain_agent
        from .langchain_part import show_chain
        from .llamaindex_part import show_agent as show_llamaindex_agent
        from .llamaindex_part import show_query_engine
    except ImportError as error:
        raise UsageError(
            f"the demo needs both frameworks ({error.name} is missing): pip install 'bedrock-unified[all]'"
        ) from error
    files = read_files(options.paths)
    question = options.question
    if question is None:
        question = QUESTION if options.paths else OWN_QUESTION
    elif not question.strip():
        raise UsageError("the question is empty")
    with _client(options) as (client, about):
        print(f"{len(files)} file(s), {sum(len(file.text) for file in files):,} characters")
        print(f"question: {question}\nmodel: {options.model}, {about}")
        ledger = Ledger()
        client.observe(ledger.add)
        models = {"model": options.model, "client": client}
        with ledger.part("LangChain: an LCEL chain, streamed"):
            show_chain(models, files, question)
        with ledger.part("LangChain: an agent with a tool"):
            show_langchain_agent(models, files, question)
        with ledger.part("LlamaIndex: a query engine over a vector index"):
            engine = show_query_engine(models, options.embedding_model, client, files, question)
        with ledger.part("LlamaIndex: an agent with the query engine as its tool"):
            asyncio.run(show_llamaindex_agent(models, engine, question))
        ledger.print_total()
    return 0


@contextlib.contextmanager
def _client(options: argparse.Namespace) -> Generator[tuple[Any, str]]:
    """The client to run on, and one phrase about where it leads."""
    from ...client import BedrockClient

    if options.aws or options.endpoint_url:
        with BedrockClient(
            region_name=options.region, profile_name=options.profile, endpoint_url=options.endpoint_url
        ) as client:
            yield client, options.endpoint_url or f"AWS, {client.region}"
        return
    from ...local import LocalBedrock

    with (
        LocalBedrock() as endpoint,
        BedrockClient(
            endpoint_url=endpoint.url,
            control_endpoint_url=endpoint.url,
            region_name=options.region or "us-east-1",
            aws_access_key_id=LocalBedrock.ACCESS_KEY_ID,
            aws_secret_access_key=LocalBedrock.SECRET_ACCESS_KEY,
        ) as client,
    ):
        yield client, f"answered by the local stand-in at {endpoint.url}"


__all__ = ["TextFile", "add_parser", "run"]
