"""A script fixes the replies, in order, for the calls they are meant for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bedrock_unified.local import LocalBedrock, Script

from .sending import post

MODEL = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
UNARY = f"/model/{MODEL.replace(':', '%3A')}/converse"
STREAM = f"{UNARY}-stream"
ASK = {"messages": [{"role": "user", "content": [{"text": "hello"}]}]}
TOOL_CALL = {"toolUse": {"toolUseId": "tooluse_x", "name": "look", "input": {"at": "é"}}}


def text_of(body: bytes) -> str:
    return json.loads(body)["output"]["message"]["content"][0]["text"]


def test_replies_are_taken_in_order_and_then_the_standin_answers() -> None:
    with LocalBedrock(
        script=[{"content": [{"text": "one"}]}, {"content": [{"text": "two"}], "times": 2}]
    ) as endpoint:
        said = [text_of(post(endpoint, UNARY, ASK)[2]) for _ in range(4)]
    assert said[:3] == ["one", "two", "two"] and "stand-in" in said[3]


def test_a_used_up_script_may_fail_instead() -> None:
    with LocalBedrock(script={"replies": [{"content": [{"text": "one"}]}], "after": "error"}) as endpoint:
        assert post(endpoint, UNARY, ASK)[0] == 200
        status, _, body = post(endpoint, UNARY, ASK)
    assert status == 500 and "no reply left for Converse" in json.loads(body)["message"]


def test_a_reply_may_be_for_one_operation_and_one_model() -> None:
    script = [
        {"operation": "ConverseStream", "content": [{"text": "streamed"}]},
        {"model": "amazon.nova-lite-v1:0", "content": [{"text": "nova"}], "times": None},
    ]
    with LocalBedrock(script=script) as endpoint:
        assert "stand-in" in text_of(post(endpoint, UNARY, ASK)[2])
        assert text_of(post(endpoint, "/model/amazon.nova-lite-v1%3A0/converse", ASK)[2]) == "nova"
        assert b"streamed" in post(endpoint, STREAM, ASK)[2]


def test_converse_content_is_served_whole_and_as_events(connect: Any) -> None:
    reasoning = {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "sig"}}}
    usage = {"inputTokens": 5, "outputTokens": 6, "totalTokens": 11}
    reply = {"content": [reasoning, {"text": "I look."}, TOOL_CALL], "usage": usage, "times": 2}
    with LocalBedrock(script=[reply]) as endpoint:
        client = connect(endpoint)
        whole = client.converse(modelId=MODEL, **ASK)
        events = list(client.converse_stream(modelId=MODEL, **ASK)["stream"])
    assert whole["output"]["message"]["content"] == reply["content"]
    assert whole["stopReason"] == "tool_use" and whole["usage"] == usage
    kinds = [next(iter(e)) for e in events]
    assert kinds[0] == "messageStart" and kinds[-2:] == ["messageStop", "metadata"]
    given = "".join(
        e["contentBlockDelta"]["delta"]["toolUse"]["input"]
        for e in events
        if "toolUse" in e.get("contentBlockDelta", {}).get("delta", {})
    )
    assert json.loads(given) == {"at": "é"}
    assert events[-1]["metadata"]["usage"] == usage


def test_the_pieces_of_a_stream_can_be_fixed(connect: Any) -> None:
    reply = {"content": [{"text": "abc"}, TOOL_CALL], "pieces": [["a", "", "bc"], ["", '{"at"', ': "é"}']]}
    with LocalBedrock(script=[reply]) as endpoint:
        events = list(connect(endpoint).converse_stream(modelId=MODEL, **ASK)["stream"])
    deltas = [e["contentBlockDelta"]["delta"] for e in events if "contentBlockDelta" in e]
    assert deltas == [{"text": t} for t in ("a", "", "bc")] + [
        {"toolUse": {"input": t}} for t in ("", '{"at"', ': "é"}')
    ]


def test_frames_can_be_fixed_byte_for_byte() -> None:
    from bedrock_unified.wire.eventstream import encode_frame

    headers = [[":event-type", "novelty"], [":content-type", "application/json"], [":message-type", "event"]]
    frames = [
        {"event": "messageStart", "payload": {"role": "assistant"}},
        {"headers": headers, "payload": {"b": 1, "a": 2}},
    ]
    with LocalBedrock(script=[{"frames": frames}]) as endpoint:
        body = post(endpoint, STREAM, ASK)[2]
    assert body.endswith(encode_frame([(n, v) for n, v in headers], b'{"a":2,"b":1}'))


def test_an_error_and_a_raw_body_can_be_replies() -> None:
    script = [
        {
            "error": {
                "code": "ModelNotReadyException",
                "message": "warming up",
                "headers": {"Retry-After": "1"},
            }
        },
        {"operation": "CountTokens", "body": {"inputTokens": 77}},
    ]
    with LocalBedrock(script=script) as endpoint:
        status, headers, body = post(endpoint, UNARY, ASK)
        assert status == 429 and headers["retry-after"] == "1" and json.loads(body)["message"] == "warming up"
        counted = post(endpoint, "/model/any.thing/count-tokens", {"input": {"converse": ASK}})
    assert json.loads(counted[2]) == {"inputTokens": 77}


def test_a_script_file_holds_replies_and_faults(tmp_path: Path) -> None:
    file = tmp_path / "script.json"
    file.write_text(
        json.dumps(
            {
                "replies": [{"content": [{"text": "from the file"}]}],
                "faults": [{"throttle": 1}, {"kind": "latency", "seconds": 0.01}],
            }
        )
    )
    with LocalBedrock(script=file) as endpoint:
        assert post(endpoint, UNARY, ASK)[0] == 429
        assert text_of(post(endpoint, UNARY, ASK)[2]) == "from the file"


def test_redacted_reasoning_in_a_script_is_base64_or_bytes(connect: Any) -> None:
    for sealed in ("c2VjcmV0", b"secret"):
        with LocalBedrock(
            script=[{"content": [{"reasoningContent": {"redactedContent": sealed}}]}]
        ) as endpoint:
            told = connect(endpoint).converse(modelId=MODEL, **ASK)
        assert told["output"]["message"]["content"] == [{"reasoningContent": {"redactedContent": b"secret"}}]


@pytest.mark.parametrize(
    "script",
    [
        [{"contents": []}],
        [{}],
        [{"content": [], "body": {}}],
        {"reply": []},
        {"replies": [], "after": "panic"},
        {"replies": [], "faults": [{"kind": "explode"}]},
    ],
)
def test_a_script_that_is_none_is_refused_at_once(script: Any) -> None:
    with pytest.raises(ValueError, match=r"member|needed|after|fault"):
        LocalBedrock(script=script)


def test_a_request_that_bedrock_refuses_takes_no_reply() -> None:
    script = Script.of([{"content": [{"text": "one"}]}])
    with LocalBedrock(script=script) as endpoint:
        assert post(endpoint, UNARY, {"messages": [], "nonsense": 1})[0] == 400
        assert script.remaining == 1
        assert text_of(post(endpoint, UNARY, ASK)[2]) == "one"
