"""What a guardrail's intervention becomes: an answer, an error, or an answer without what matched."""

from __future__ import annotations

import pytest

from bedrock_unified.chat.options import ChatOptions
from bedrock_unified.errors import GuardrailIntervened

from ..server import Server, converse_answer, event, reply
from .asking import ask, colours, listen, texts

pytestmark = pytest.mark.usefixtures("no_aws")

GUARDED = {
    **converse_answer("Blocked."),
    "stopReason": "guardrail_intervened",
    "trace": {
        "guardrail": {
            "inputAssessment": {
                "g": {"topicPolicy": {"topics": [{"name": "Fraud", "type": "DENY", "action": "BLOCKED"}]}}
            }
        }
    },
}


@colours
def test_an_intervention_is_an_error_for_those_who_want_one(colour: str, server: Server) -> None:
    server.answer = lambda request: reply(GUARDED)
    assert ask(server, colour, ChatOptions())["stopReason"] == "guardrail_intervened"
    with pytest.raises(GuardrailIntervened) as caught:
        ask(server, colour, ChatOptions(guardrail_action="raise"))
    assert caught.value.partial is not None
    assert caught.value.partial["output"] == GUARDED["output"]
    assert caught.value.operation == "Converse"


@colours
def test_an_intervention_in_a_stream_is_told_at_its_end(colour: str, server: Server) -> None:
    frames = [
        event("messageStart", {"role": "assistant"}),
        event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "Blocked."}}),
        event("contentBlockStop", {"contentBlockIndex": 0}),
        event("messageStop", {"stopReason": "guardrail_intervened"}),
        event("metadata", {"usage": {}, "trace": GUARDED["trace"]}),
    ]
    server.answer = lambda request: reply(b"".join(frames), Content_Type="application/vnd.amazon.eventstream")
    with pytest.raises(GuardrailIntervened) as caught:
        listen(server, colour, ChatOptions(guardrail_action="raise"))
    assert caught.value.partial is not None
    assert caught.value.partial["output"]["message"]["content"] == [{"text": "Blocked."}]


@colours
def test_what_matched_is_redacted_in_answers_and_in_the_trace_of_streams(colour: str, server: Server) -> None:
    word = {"match": "swordfish", "action": "BLOCKED"}
    trace = {"guardrail": {"inputAssessment": {"g": {"wordPolicy": {"customWords": [word]}}}}}
    whole = {**GUARDED, "trace": trace}
    server.answer = lambda request: reply(whole)
    assert "swordfish" not in repr(ask(server, colour, ChatOptions(guardrail_action="redact")))
    frames = [
        event("messageStart", {"role": "assistant"}),
        event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "Blocked."}}),
        event("contentBlockStop", {"contentBlockIndex": 0}),
        event("messageStop", {"stopReason": "guardrail_intervened"}),
        event("metadata", {"usage": {}, "trace": trace}),
    ]
    server.answer = lambda request: reply(b"".join(frames), Content_Type="application/vnd.amazon.eventstream")
    events, stream = listen(server, colour, ChatOptions(guardrail_action="redact"))
    assert "swordfish" not in repr((events, stream.response))
    assert texts(events) == "Blocked."
