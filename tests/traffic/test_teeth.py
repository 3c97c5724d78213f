"""The replay can fail: an altered oracle, altered bytes and missing data are each noticed."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from . import conftest, recordings
from .participants import READERS
from .recordings import Exchange, Failure, Oracle
from .replay import ReplayServer, pieces
from .rounds import replay
from .speakers import Reply, SpeakerMaker
from .tally import Tally
from .views import Block, oracle_answer
from .wire_messages import assistant_content

Exchanges = tuple[Exchange, ...]
Change = Callable[[Any], None]


def _blocks(parsed: Any) -> list[Block]:
    return parsed["output"]["message"]["content"]


def _first(parsed: Any, kind: str) -> Any:
    return next(block[kind] for block in _blocks(parsed) if kind in block)


def _change_text(parsed: Any) -> None:
    next(block for block in _blocks(parsed) if block.get("text"))["text"] += "."


def _change_input(parsed: Any) -> None:
    _first(parsed, "toolUse")["input"]["one more"] = 1


def _change_tool_id(parsed: Any) -> None:
    _first(parsed, "toolUse")["toolUseId"] += "x"


def _change_thought(parsed: Any) -> None:
    _first(parsed, "reasoningContent")["reasoningText"]["text"] += "."


def _change_signature(parsed: Any) -> None:
    thought = _first(parsed, "reasoningContent")["reasoningText"]
    thought["signature"] = thought["signature"][:-1]


def _change_redacted(parsed: Any) -> None:
    _first(parsed, "reasoningContent")["redactedContent"] += b"\0"


def _change_citation(parsed: Any) -> None:
    _first(parsed, "citationsContent")["citations"].pop()


def _change_stop(parsed: Any) -> None:
    parsed["stopReason"] = "some other reason"


def _change_usage(parsed: Any) -> None:
    parsed["usage"]["outputTokens"] += 1


def _change_cache_usage(parsed: Any) -> None:
    parsed["usage"]["cacheReadInputTokens"] += 1


ALTERATIONS: dict[str, Change] = {
    "text": _change_text,
    "tool_calls: input": _change_input,
    "tool_calls: id": _change_tool_id,
    "reasoning: text": _change_thought,
    "reasoning: signature": _change_signature,
    "reasoning: redacted": _change_redacted,
    "citations": _change_citation,
    "stop_reason": _change_stop,
    "usage": _change_usage,
    "usage: cache": _change_cache_usage,
}


def altered(exchanges: Exchanges, change: Change) -> Exchange:
    """The first unary exchange to which the change applies, its oracle changed."""
    for exchange in exchanges:
        if not exchange.succeeded or exchange.streams:
            continue
        parsed = deepcopy(exchange.oracle.parsed)
        try:
            change(parsed)
        except (KeyError, StopIteration, IndexError):
            continue
        return replace(exchange, oracle=replace(exchange.oracle, parsed=parsed))
    raise AssertionError(f"no recording is altered by {change}")


@pytest.mark.parametrize("field", ALTERATIONS)
@pytest.mark.parametrize("make", READERS, ids=lambda make: make.name)
def test_an_altered_answer_is_noticed(
    make: SpeakerMaker, field: str, server: ReplayServer, conversations: Exchanges
) -> None:
    false = altered(conversations, ALTERATIONS[field])
    speaker = make(server.url)
    try:
        (found,) = replay(speaker, server, [conversations[0], false]).different_answers
    finally:
        speaker.close()
    assert found.startswith(false.id)
    assert f": {field.partition(':')[0]}: " in found


@pytest.mark.parametrize("make", READERS, ids=lambda make: make.name)
def test_an_altered_error_is_noticed(
    make: SpeakerMaker, server: ReplayServer, conversations: Exchanges
) -> None:
    refused = next(exchange for exchange in conversations if exchange.status == 403)
    error = refused.oracle.error
    assert error is not None
    speaker = make(server.url)
    try:
        for other in (Failure("OtherException", error.message), Failure(error.code, error.message + "!")):
            altered_error = replace(refused, oracle=Oracle({}, [], other))
            (found,) = replay(speaker, server, [altered_error]).different_answers
            assert found.startswith(refused.id)
            assert ": error: " in found
        answered = next(exchange for exchange in conversations if exchange.succeeded)
        assert replay(speaker, server, [replace(answered, oracle=Oracle({}, [], error))]).different_answers
    finally:
        speaker.close()


@pytest.mark.parametrize("make", READERS, ids=lambda make: make.name)
def test_an_event_that_is_missing_is_noticed(
    make: SpeakerMaker, server: ReplayServer, conversations: Exchanges
) -> None:
    stream = next(one for one in conversations if one.streams and one.succeeded and oracle_answer(one).text)
    events = stream.oracle.events
    index = next(at for at, event in enumerate(events) if _text_of(event))
    fewer = replace(stream.oracle, events=events[:index] + events[index + 1 :])
    speaker = make(server.url)
    try:
        (found,) = replay(speaker, server, [replace(stream, oracle=fewer)]).different_answers
    finally:
        speaker.close()
    assert found.startswith(stream.id)
    assert ": text: " in found


@pytest.mark.parametrize("make", READERS, ids=lambda make: make.name)
@pytest.mark.parametrize("kind", ["signature", "redactedContent", "toolUseId"])
def test_an_answer_that_would_go_back_changed_is_noticed(
    make: SpeakerMaker, kind: str, server: ReplayServer, conversations: Exchanges
) -> None:
    def changed(exchange: Exchange) -> list[Block]:
        content = assistant_content(exchange)
        (holder,) = list(_holders(content, kind))[:1]
        holder[kind] = b64encode(holder[kind].encode()).decode()
        return content

    exchange = next(
        one
        for one in conversations
        if one.succeeded and not one.streams and list(_holders(assistant_content(one), kind))
    )
    speaker = make(server.url)
    try:
        (found,) = replay(speaker, server, [exchange], expected=changed).different_blocks
    finally:
        speaker.close()
    assert found.startswith(exchange.id)


def test_altered_bytes_are_noticed(server: ReplayServer, conversations: Exchanges) -> None:
    unary = next(exchange for exchange in conversations if exchange.succeeded and not exchange.streams)
    other = replace(unary, body=unary.body.replace(b'"outputTokens":', b'"outputTokens":1', 1))
    speaker = READERS[0](server.url)
    try:
        (found,) = replay(speaker, server, [other]).different_answers
    finally:
        speaker.close()
    assert ": usage: " in found


def test_a_speaker_that_breaks_is_noticed_and_the_others_are_still_compared(
    server: ReplayServer, conversations: Exchanges
) -> None:
    class Broken(READERS[0]):
        def ask(self, exchange: Exchange) -> Reply:
            if exchange is first:
                raise KeyError("usage")
            return super().ask(exchange)

    first, second = conversations[:2]
    speaker = Broken(server.url)
    try:
        outcome = replay(speaker, server, [first, second])
    finally:
        speaker.close()
    assert outcome.asked == [first.id, second.id]
    (found,) = outcome.different_answers
    assert found.startswith(first.id)
    assert "KeyError" in found


def test_a_mismatch_fails_with_its_id_and_so_does_an_empty_comparison() -> None:
    tally = Tally()
    with pytest.raises(AssertionError, match=r"1 of 2 exchanges differ\nbx1 Converse: text"):
        tally.check("answers", "somebody", ["bx1", "bx2"], ["bx1 Converse: text", "bx1 Converse: usage"])
    assert tally.lines == {("answers", "somebody"): (1, 2)}
    with pytest.raises(AssertionError, match="nothing was compared"):
        tally.check("answers", "nobody", [], [])


def test_streams_are_sent_in_pieces_that_split_frames(conversations: Exchanges) -> None:
    streams = [exchange for exchange in conversations if exchange.streams and exchange.succeeded]
    for stream in streams:
        assert b"".join(pieces(stream)) == stream.body
    ends = {end for stream in streams for end in _piece_ends(stream) if end not in _frame_ends(stream)}
    assert len(ends) > len(streams)


def test_without_the_recordings_the_tests_are_skipped_unless_they_are_required(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(recordings, "REPOSITORY", tmp_path / "repository")
    monkeypatch.delenv("BEDROCK_TRAFFIC", raising=False)
    monkeypatch.delenv("BEDROCK_TRAFFIC_REQUIRED", raising=False)
    with pytest.raises(pytest.skip.Exception, match="BEDROCK_TRAFFIC"):
        conftest.recorded_or_skipped()
    monkeypatch.setenv("BEDROCK_TRAFFIC_REQUIRED", "1")
    with pytest.raises(pytest.fail.Exception, match="BEDROCK_TRAFFIC_REQUIRED"):
        conftest.recorded_or_skipped()
    monkeypatch.setenv("BEDROCK_TRAFFIC", str(tmp_path / "nowhere"))
    with pytest.raises(FileNotFoundError):
        conftest.recorded_or_skipped()


def _text_of(event: Block) -> str:
    return event.get("contentBlockDelta", {}).get("delta", {}).get("text", "")


def _holders(value: Any, name: str) -> Any:
    if isinstance(value, list):
        for item in value:
            yield from _holders(item, name)
    elif isinstance(value, dict):
        if name in value:
            yield value
        for item in value.values():
            yield from _holders(item, name)


def _piece_ends(exchange: Exchange) -> list[int]:
    ends, position = [], 0
    for piece in pieces(exchange):
        position += len(piece)
        ends.append(position)
    return ends


def _frame_ends(exchange: Exchange) -> set[int]:
    ends, position = {0}, 0
    while position < len(exchange.body):
        position += int.from_bytes(exchange.body[position : position + 4], "big")
        ends.add(position)
    return ends
