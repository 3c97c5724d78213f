"""ReqLLM's statements about its routes (RQ-19, 27, 32, 34, 35): which operation carries a call, and that its
callers cannot tell.

Where nothing is said, Converse carries every family (ACCEPTANCE, section 8, row 21).
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from bedrock_unified.errors import BedrockError, StreamInterrupted
from bedrock_unified.local import Fault
from bedrock_unified.wire.eventstream import FrameDecoder, encode_frame

from .conftest import Account, MakeApp
from .frameworks import STREAMED, WAYS, Said, Turn

CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
GPT = "openai.gpt-oss-120b-1:0"
LLAMA = "us.meta.llama3-2-3b-instruct-v1:0"
COMMAND = "cohere.command-r-plus-v1:0"
NOVA = "us.amazon.nova-lite-v1:0"
ASKED = "The ferry leaves at nine. When does the ferry leave?"
#: The last segments of the paths, by route: whole and streamed.
PATHS = {"converse": ("converse", "converse-stream"), "invoke": ("invoke", "invoke-with-response-stream")}
#: A member of each native body that no other has.
MARKS = {CLAUDE: "anthropic_version", GPT: "messages", LLAMA: "prompt", COMMAND: "message"}


def multiply(a: int, b: int) -> int:
    """Multiply two whole numbers."""
    return a * b


def _went_by(account: Account, route: str, model: str, way: str) -> None:
    segment = PATHS[route][way in STREAMED]
    assert account.last.path == f"/model/{model.replace(':', '%3A')}/{segment}"
    assert account.last.method == "POST" and account.last.status == 200


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("model", [CLAUDE, GPT, LLAMA, COMMAND, NOVA])
@pytest.mark.parametrize("use_converse", [None, True])
async def test_rq_19_true_and_unset_are_converse(
    app: MakeApp, account: Account, model: str, use_converse: bool | None, way: str
) -> None:
    await app(model, use_converse=use_converse).ask(ASKED, way)
    _went_by(account, "converse", model, way)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("model", [CLAUDE, GPT, LLAMA, COMMAND])
async def test_rq_19_false_is_invoke_model(app: MakeApp, account: Account, model: str, way: str) -> None:
    said = await app(model, use_converse=False).ask(ASKED, way)
    _went_by(account, "invoke", model, way)
    assert MARKS[model] in account.body
    assert "nine" in said.text
    await app(model).ask(ASKED, way, use_converse=False)
    _went_by(account, "invoke", model, way)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("model", [CLAUDE, GPT])
async def test_rq_19_false_is_invoke_model_even_with_tools(
    app: MakeApp, account: Account, model: str, way: str
) -> None:
    model_app = app(model, use_converse=False, capabilities={"streaming_tools": True})
    said = await model_app.ask("Multiply 6 by 7.", way, tools=[multiply])
    _went_by(account, "invoke", model, way)
    assert [(name, given) for _, name, given in said.calls] == [("multiply", {"a": 6, "b": 7})]


@pytest.mark.parametrize("way", WAYS)
async def test_rq_19_false_for_a_body_that_nobody_knows_is_an_error(
    app: MakeApp, account: Account, way: str
) -> None:
    with pytest.raises(BedrockError, match=r"InvokeModel body of 'us\.amazon\.nova-lite-v1:0'") as refused:
        await app(NOVA, use_converse=False).ask(ASKED, way)
    assert "model_family=" in str(refused.value.hint)
    assert account.served == []


@pytest.mark.parametrize("use_converse", ["yes", "", "AUTO"])
def test_rq_19_another_switch_is_refused(app: MakeApp, use_converse: str) -> None:
    with pytest.raises(BedrockError, match=f"use_converse is '{use_converse}'") as refused:
        app(CLAUDE, use_converse=use_converse)
    assert "True, False, 'auto'" in str(refused.value.hint)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("model", [CLAUDE, GPT, LLAMA])
async def test_rq_27_auto_is_native_for_a_simple_request(
    app: MakeApp, account: Account, model: str, way: str
) -> None:
    said = await app(model, use_converse="auto").ask(ASKED, way)
    _went_by(account, "invoke", model, way)
    assert "nine" in said.text and said.finish == "stop"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("model", [CLAUDE, GPT])
async def test_rq_27_auto_is_converse_with_tools(
    app: MakeApp, account: Account, model: str, way: str
) -> None:
    model_app = app(model, use_converse="auto", capabilities={"streaming_tools": True})
    account_refuses = model == GPT and way in STREAMED  # the local endpoint has its own opinion of gpt-oss
    if account_refuses:
        model_app = app(model, use_converse="auto")
    said = await model_app.ask("Multiply 6 by 7.", way, tools=[multiply])
    assert [name for _, name, _ in said.calls] == ["multiply"]
    _went_by(account, "converse", model, "whole" if account_refuses else way)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("model", [COMMAND, NOVA, "vendor.new-model-v9:0"])
async def test_rq_27_auto_is_converse_for_families_without_a_body_of_their_own(
    app: MakeApp, account: Account, model: str, way: str
) -> None:
    account.has(models=["vendor.new-model-v9:0"])
    await app(model, use_converse="auto").ask(ASKED, way)
    _went_by(account, "converse", model, way)


@pytest.mark.parametrize("way", STREAMED)
@pytest.mark.parametrize("use_converse", [True, False])
async def test_rq_32_streams_are_awss_binary_frames_and_not_sse(
    app: MakeApp, account: Account, use_converse: bool, way: str
) -> None:
    said = await app(CLAUDE, use_converse=use_converse).ask(ASKED, way)
    assert "nine" in said.text
    assert account.last.frames_sent > 3 and account.last.outcome == "complete"


@pytest.mark.parametrize("way", STREAMED)
@pytest.mark.parametrize("use_converse", [True, False])
async def test_rq_32_a_corrupt_frame_is_an_error_and_never_skipped(
    app: MakeApp, account: Account, use_converse: bool, way: str
) -> None:
    account.has(faults=[Fault.corrupt_frame(after_events=3)])
    with pytest.raises(StreamInterrupted):
        await app(CLAUDE, use_converse=use_converse).ask(ASKED, way)


def test_rq_32_a_frame_has_the_layout_that_is_described() -> None:
    """Total length, headers' length, CRC-32 of both; headers of type 7; payload; CRC-32 of all."""
    from binascii import crc32

    frame = encode_frame([(":event-type", "chunk")], b'{"bytes":"e30="}')
    total, headers, prelude = (int.from_bytes(frame[at : at + 4]) for at in (0, 4, 8))
    assert total == len(frame) and prelude == crc32(frame[:8])
    assert frame[12 : 12 + headers] == b"\x0b:event-type\x07\x00\x05chunk"
    assert frame[12 + headers : -4] == b'{"bytes":"e30="}'
    assert int.from_bytes(frame[-4:]) == crc32(frame[:-4])
    decoder = FrameDecoder()
    cuts = [0, 1, 5, 11, 12, 20, len(frame)]
    ((_, payload),) = [one for start, end in pairwise(cuts) for one in decoder.feed(frame[start:end])]
    assert bytes(payload) == b'{"bytes":"e30="}'


@pytest.mark.parametrize("way", WAYS)
async def test_rq_34_each_route_has_its_path(app: MakeApp, account: Account, way: str) -> None:
    for route, use_converse in (("converse", True), ("invoke", False)):
        await app(CLAUDE, use_converse=use_converse).ask(ASKED, way)
        _went_by(account, route, CLAUDE, way)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("model", [CLAUDE, GPT, LLAMA])
async def test_rq_35_the_same_call_has_the_same_result_on_both_routes(
    app: MakeApp, account: Account, model: str, way: str
) -> None:
    history: list[Turn | Said] = [Turn("system", "Answer briefly."), Turn("user", ASKED)]
    told: list[Said] = []
    for use_converse in (True, False):
        asked = app(model, use_converse=use_converse, max_tokens=300, temperature=0.0)
        told.append(await asked.ask(history, way))
    one, other = told
    assert type(one.message) is type(other.message)
    assert (one.text, one.reasoning, one.finish) == (other.text, other.reasoning, other.finish)
    assert one.told["stopReason"] == other.told["stopReason"] == "end_turn"
    counts = "bedrock_usage" if "bedrock_usage" in one.told else "usage"  # LangChain's, LlamaIndex's
    assert {"stopReason", counts, "metrics"} <= one.told.keys() & other.told.keys()
    assert min(*one.tokens, *other.tokens) > 0
    for route in told:  # an answer of either goes on on either
        for use_converse in (True, False):
            turns = [*history, route, Turn("user", "Tea is ready at four. When is tea ready?")]
            said = await app(model, use_converse=use_converse).ask(turns, way)
            assert "four" in said.text


@pytest.mark.parametrize("way", WAYS)
async def test_rq_35_tools_are_the_same_on_both_routes(app: MakeApp, account: Account, way: str) -> None:
    told: list[tuple[Any, ...]] = []
    for use_converse in (True, False):
        asked = app(CLAUDE, use_converse=use_converse)
        said = await asked.ask("Multiply 6 by 7.", way, tools=[multiply], choice="multiply")
        results = [Turn("tool", "42", tool_call_id=call_id) for call_id, _, _ in said.calls]
        again = await asked.ask([Turn("user", "Multiply 6 by 7."), said, *results], way, tools=[multiply])
        calls = [(name, given) for _, name, given in said.calls]
        told.append((said.text, calls, said.finish, again.text, again.calls, again.finish))
    assert told[0] == told[1]
    assert told[0][1] == [("multiply", {"a": 6, "b": 7})]
