"""OneLLM's statements about permissions, access, cost and habits (OL-08, OL-09, OL-26, OL-34, OL-35)."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import pytest

from bedrock_unified.errors import ModelAccessError
from bedrock_unified.local import Fault

from ..cli.running import Command
from ..cli.running import command as command
from ..cli.running import home as home
from .conftest import Account, MakeApp
from .documents import README
from .frameworks import WAYS, LangChainApp

MODEL = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
#: As it stands in the document.
THEIRS = """{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": [
                "bedrock:InvokeModel",
                "bedrock:InvokeModelWithResponseStream",
                "bedrock:Converse",
                "bedrock:ConverseStream"
            ],
            "Resource": "*"
        }
    ]
}"""


def test_ol_08_the_policy_of_the_document_is_printed_with_what_is_true_of_it(command: Command) -> None:
    done = command("iam-policy", "--style", "onellm")
    assert (done.code, done.json()) == (0, json.loads(THEIRS))
    assert "ConverseStream by bedrock:InvokeModelWithResponseStream" in " ".join(done.err.split())
    least = command("iam-policy", "--model", MODEL, "--region", "us-east-1").out
    assert "bedrock:Converse" not in least and '"Resource": "*"' not in least


def test_ol_09_the_four_steps_to_access_are_written_down() -> None:
    for step in (
        "1. open Amazon Bedrock in the AWS console",
        "2. go to *Model access*",
        "3. request access to the models you want",
        "4. wait for the approval, which for most models is instant",
    ):
        assert step in README


@pytest.mark.parametrize("way", WAYS)
async def test_ol_09_a_model_without_access_leads_to_them(app: MakeApp, account: Account, way: str) -> None:
    told = "You don't have access to the model with the specified model ID."
    account.has(faults=[Fault.error("AccessDeniedException", told)])
    with pytest.raises(ModelAccessError) as refused:
        await app(MODEL).ask("Hello?", way)
    hint = str(refused.value.hint)
    assert "Model access" in hint and "https://console.aws.amazon.com/bedrock/" in hint
    assert "usually it is granted at once" in hint


async def _stopped_early(app: Any, way: str) -> None:
    """Ask for a stream and leave it after its first piece."""
    model, question = app.model, "Tell me everything."
    if way == "stream":
        pieces = model.stream(question) if isinstance(app, LangChainApp) else model.stream_complete(question)
        next(iter(pieces))
        pieces.close()
        return
    if isinstance(app, LangChainApp):
        pieces = model.astream(question)
    else:
        pieces = await model.astream_complete(question)
    await anext(pieces)
    await pieces.aclose()


@pytest.mark.parametrize("way", ["stream", "astream"])
async def test_ol_26_a_stream_that_is_left_early_is_closed(app: MakeApp, account: Account, way: str) -> None:
    account.says("word " * 400)
    account.has(event_delay=0.02)
    await _stopped_early(app(MODEL), way)
    until = time.monotonic() + 5
    while account.last.outcome == "open" and time.monotonic() < until:
        await asyncio.sleep(0.01)
    assert account.last.outcome == "client left"


@pytest.mark.parametrize("way", WAYS)
async def test_ol_26_every_call_tells_its_tokens(app: MakeApp, way: str) -> None:
    model = app(MODEL)
    records: list[Any] = []
    model.model.bedrock.observe(records.append)
    said = await model.ask("The ferry leaves at nine. When does the ferry leave?", way)
    (record,) = records
    assert (record.usage.input_tokens, record.usage.output_tokens) == said.tokens


def test_ol_26_what_saves_money_is_written_down() -> None:
    for told in (
        "Choose the smallest model that does the task",
        "Stream, and stop early",
        "CloudWatch",
        "batch inference costs half as much; it works on files in S3 and is not part of this package",
    ):
        assert told in README


async def test_ol_34_converse_is_the_default(app: MakeApp, account: Account) -> None:
    await app(MODEL).ask("Hello?")
    assert account.last.operation == "Converse"


def test_ol_34_the_habits_are_written_down() -> None:
    for habit in (
        "Leave the default, Converse",
        "Catch `BedrockError`",
        "Watch the cost",
        "Choose models by what they can do and what they cost",
        "Request access early",
    ):
        assert habit in README


def test_ol_35_the_three_pages_are_linked() -> None:
    for page in (
        "https://docs.aws.amazon.com/bedrock/)",
        "https://aws.amazon.com/bedrock/pricing/)",
        "https://docs.aws.amazon.com/bedrock/latest/userguide/bedrock-regions.html)",
    ):
        assert page in README
