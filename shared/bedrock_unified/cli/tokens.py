"""``bedrock-unified tokens``: how long a prompt is, before it is sent."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from .connection import Backend, ConfigFile, EndpointUrl, Model, Profile, Region, reach
from .console import AsJson, print_fields, print_json, say
from .inputs import one_text
from .usage import UsageError

app = typer.Typer(help="Count the tokens of a text.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Count the tokens of a text."""


@app.command("count")
def count(
    text: Annotated[
        str | None, typer.Argument(metavar="TEXT", help="What to count; '-' reads standard input.")
    ] = None,
    file: Annotated[Path | None, typer.Option("--file", "-f", help="Count this text file.")] = None,
    system: Annotated[
        str | None, typer.Option("--system", help="A system prompt that is sent with it.")
    ] = None,
    estimate: Annotated[
        bool, typer.Option("--estimate", help="Do not ask Bedrock: estimate by the length.")
    ] = False,
    exact: Annotated[
        bool, typer.Option("--exact", help="Fail where Bedrock does not count, instead of estimating.")
    ] = False,
    model: Model = None,
    backend: Backend = None,
    region: Region = None,
    profile: Profile = None,
    endpoint_url: EndpointUrl = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Count a prompt's input tokens, as Bedrock counts them for this model (CountTokens).

    Not every model counts, and the caller needs bedrock:CountTokens. Where Bedrock does not count, the number
    is an estimate, four bytes of UTF-8 a token, and is said to be one.

    Exit code: 0 counted or estimated, 1 the call failed (--exact), 2 wrong use.
    """
    from ..errors import BedrockError, ConfigurationError

    if estimate and exact:
        raise UsageError("--estimate and --exact contradict each other; give one of them")
    said = one_text(text, file, what="text")
    request: dict[str, Any] = {"messages": [{"role": "user", "content": [{"text": said}]}]}
    if system and system.strip():
        request["system"] = [{"text": system}]
    why: str | None = "it was asked for"
    tokens = 0
    model_id: str | None = model
    if not estimate:
        reached = reach(
            model, backend=backend, region=region, profile=profile, endpoint_url=endpoint_url, config=config
        )
        model_id, why = reached.model_id, None
        try:
            tokens = _counted(reached.connection, reached.model_id, request)
        except ConfigurationError:
            raise
        except BedrockError as error:
            if exact:
                raise
            why = error.message
    if why is not None:
        tokens = _estimated(request)
    if as_json:
        how = "CountTokens" if why is None else "estimate"
        print_json({"input_tokens": tokens, "method": how, "why": why, "model": model_id})
        return
    if why is None:
        print_fields({"input tokens": tokens})
        return
    print_fields({"input tokens": f"{tokens} (estimated)"})
    if not estimate:
        say(f"note: an estimate, four bytes a token; Bedrock did not count: {why}")


def _counted(connection: dict[str, Any], model_id: str, request: dict[str, Any]) -> int:
    """Raises BedrockError: Bedrock does not count for this model or this caller."""
    from ..client import BedrockClient
    from ..models.ids import parse_model_id

    # CountTokens knows models by their own ids, not those of inference profiles.
    named = parse_model_id(model_id)
    with BedrockClient(**connection) as client:
        answer = client.count_tokens(modelId=named.base_id or named.wire_id, input={"converse": request})
    return int(answer["inputTokens"])


def _estimated(request: dict[str, Any]) -> int:
    from ..converse.estimate import BYTES_PER_TOKEN, text_bytes

    blocks = [*request["messages"][0]["content"], *request.get("system", ())]
    return -(-sum(text_bytes(block["text"]) for block in blocks) // BYTES_PER_TOKEN)
