"""ReqLLM's statements about tools, attachments and citations (RQ-23, RQ-26, RQ-28)."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from typing import Any

import pytest

from ..core.media.samples import JPEG, PDF, PNG
from .conftest import Account, MakeApp
from .frameworks import STREAMED, WAYS, Said, Turn

CLAUDE = "global.anthropic.claude-sonnet-4-5-20250929-v1:0"
COMMAND = "cohere.command-r-plus-v1:0"
GPT = "openai.gpt-oss-120b-1:0"
ASKED = "Multiply 6 by 7."
#: Sources, as Claude cites them.
CITED = {
    "citationsContent": {
        "content": [{"text": "The ferry leaves at nine."}],
        "citations": [
            {
                "title": "notes",
                "sourceContent": [{"text": "The ferry leaves Vell at nine."}],
                "location": {"documentChar": {"documentIndex": 0, "start": 0, "end": 30}},
            }
        ],
    }
}


def multiply(a: int, b: int) -> int:
    """Multiply two whole numbers."""
    return a * b


async def _calls_and_answers(app: MakeApp, account: Account, model: str, way: str, **parameters: Any) -> None:
    """The tool is called, and its result becomes an answer."""
    asked = app(f"bedrock:{model}", **parameters)
    said = await asked.ask(ASKED, way, tools=[multiply])
    assert [(name, given) for _, name, given in said.calls] == [("multiply", {"a": 6, "b": 7})]
    assert said.finish == "tool_calls"
    results = [Turn("tool", "42", tool_call_id=call_id) for call_id, _, _ in said.calls]
    history: list[Turn | Said] = [Turn("user", ASKED), said, *results]
    again = await asked.ask(history, way, tools=[multiply])
    assert "42" in again.text and not again.calls and again.finish == "stop"


@pytest.mark.parametrize("way", ["whole", "awhole"])
async def test_rq_23_claude_calls_tools(app: MakeApp, account: Account, way: str) -> None:
    await _calls_and_answers(app, account, CLAUDE, way)
    assert {one.operation for one in account.served} == {"Converse"}


@pytest.mark.parametrize("way", STREAMED)
async def test_rq_23_claude_streams_with_tools(app: MakeApp, account: Account, way: str) -> None:
    await _calls_and_answers(app, account, CLAUDE, way)
    assert {one.operation for one in account.served} == {"ConverseStream"}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("mime", "data", "block"),
    [
        ("image/png", PNG, {"image": {"format": "png", "source": {"bytes": PNG}}}),
        ("image/jpeg", JPEG, {"image": {"format": "jpeg", "source": {"bytes": JPEG}}}),
        ("application/pdf", PDF, {"document": {"format": "pdf", "source": {"bytes": PDF}}}),
    ],
)
async def test_rq_23_claude_reads_attachments(
    app: MakeApp, account: Account, way: str, mime: str, data: bytes, block: dict[str, Any]
) -> None:
    account.says("A ferry.")
    said = await app(CLAUDE).ask([Turn("user", "What is this?", files=[(mime, data)])], way)
    assert said.text == "A ferry."
    text, sent = account.body["messages"][0]["content"]
    assert text == {"text": "What is this?"}
    if "document" in sent:
        assert sent["document"].pop("name")
    assert sent == block


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("mime", "data"), [("image/png", PNG), ("application/pdf", PDF)])
async def test_rq_23_claude_reads_attachments_by_invoke_model(
    app: MakeApp, account: Account, way: str, mime: str, data: bytes
) -> None:
    asked = [Turn("user", "The ferry leaves at nine. When does it leave?", files=[(mime, data)])]
    said = await app(CLAUDE, use_converse=False).ask(asked, way)
    assert said.text
    _, sent = account.body["messages"][0]["content"]
    assert sent["type"] == ("image" if mime.startswith("image/") else "document")
    assert sent["source"] == {"type": "base64", "media_type": mime, "data": b64encode(data).decode()}


@pytest.mark.parametrize("way", WAYS)
async def test_rq_23_claude_caches_its_prompt(app: MakeApp, account: Account, way: str) -> None:
    model = app(CLAUDE, anthropic_prompt_cache=True)
    history = [Turn("system", "The ferry leaves at nine. " * 400), Turn("user", "When does the ferry leave?")]
    written, read = await model.ask(history, way), await model.ask(history, way)
    assert written.cached[1] > 0 and read.cached[0] == written.cached[1]


@pytest.mark.parametrize("way", WAYS)
async def test_rq_26_command_r_calls_tools_in_streams_too(app: MakeApp, account: Account, way: str) -> None:
    await _calls_and_answers(app, account, COMMAND, way)
    operation = "ConverseStream" if way in STREAMED else "Converse"
    assert {(one.operation, one.model_id) for one in account.served} == {(operation, COMMAND)}


@pytest.mark.parametrize("way", WAYS)
async def test_rq_26_command_r_goes_to_converse_also_by_req_llms_rule(
    app: MakeApp, account: Account, way: str
) -> None:
    await app(COMMAND, use_converse="auto").ask("Hello?", way)
    assert account.last.operation == ("ConverseStream" if way in STREAMED else "Converse")


@pytest.mark.parametrize("way", WAYS)
async def test_rq_26_citations_surface(app: MakeApp, account: Account, way: str) -> None:
    account.says(CITED)
    said = await app(COMMAND).ask("When does the ferry leave?", way)
    assert said.text == "The ferry leaves at nine."
    assert said.citations == 1
    await app(COMMAND).ask([Turn("user", "When?"), said, Turn("user", "Sure?")], way)
    assert account.body["messages"][1]["content"] == [CITED], "they go back as they came"


@pytest.mark.parametrize("way", WAYS)
async def test_rq_26_command_r_cites_the_documents_of_its_own_api(
    app: MakeApp, account: Account, way: str
) -> None:
    documents = [{"title": "Timetable", "snippet": "The ferry leaves Vell at nine."}]
    model = app(COMMAND, use_converse=False, additional_model_request_fields={"documents": documents})
    said = await model.ask("When does the ferry leave Vell?", way)
    assert account.body["documents"] == documents
    assert "nine" in said.text
    assert said.citations >= 1


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("use_converse", [None, True, False, "auto"])
async def test_rq_28_gpt_oss_calls_tools(
    app: MakeApp, account: Account, way: str, use_converse: bool | str | None
) -> None:
    await _calls_and_answers(app, account, GPT, way, use_converse=use_converse)
    route = "InvokeModel" if use_converse is False else "Converse"
    assert all(one.operation.startswith(route) for one in account.served)


async def test_rq_28_calls_do_not_wait_for_each_other(app: MakeApp, account: Account) -> None:
    model = app(GPT)
    asked = [model.ask(f"Multiply {n} by 7.", "awhole", tools=[multiply]) for n in range(2, 10)]
    for n, said in enumerate(await asyncio.gather(*asked), 2):
        assert [given for _, _, given in said.calls] == [{"a": n, "b": 7}]
