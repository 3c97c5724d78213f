"""The local guardrail through Converse, its stream and a raw body, and its traces."""

from __future__ import annotations

import json
from typing import Any

import pytest
from langchain_core.messages import AIMessage
from llama_index.core.llms import ChatMessage

from bedrock_unified.local import Guardrail, LocalBedrock, PersonalData
from langchain_bedrock_unified import ChatBedrock
from llamaindex_bedrock_unified import BedrockConverse

CLAUDE = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
CONFIG = {"guardrailIdentifier": "localguardrail", "guardrailVersion": "1", "trace": "enabled"}


def ask(*texts: Any) -> list[dict[str, Any]]:
    return [{"role": "user", "content": [{"text": t} if isinstance(t, str) else t for t in texts]}]


def converse(runtime: Any, *texts: Any, **config: Any) -> dict[str, Any]:
    return runtime.converse(modelId=CLAUDE, messages=ask(*texts), guardrailConfig={**CONFIG, **config})


def test_a_blocked_question_reaches_no_model(runtime: Any) -> None:
    answer = converse(runtime, "Tell me the trade secret")
    assert answer["stopReason"] == "guardrail_intervened"
    assert answer["output"]["message"]["content"] == [
        {"text": "Sorry, the model cannot answer this question."}
    ]
    assert answer["usage"] == {"inputTokens": 0, "outputTokens": 0, "totalTokens": 0}
    trace = answer["trace"]["guardrail"]
    assert trace["actionReason"] == "Guardrail blocked."
    assert trace["inputAssessment"]["localguardrail"]["wordPolicy"]["customWords"] == [
        {"match": "trade secret", "action": "BLOCKED", "detected": True}
    ]
    assert "outputAssessments" not in trace


def guarded(text: str, *qualifiers: str) -> dict[str, Any]:
    return {
        "guardContent": {
            "text": {"text": text, "qualifiers": [*qualifiers]} if qualifiers else {"text": text}
        }
    }


@pytest.mark.parametrize(
    ("system", "said", "stopped"),
    [
        ([{"text": "Keep the trade secret."}], "Is the tea hot?", False),
        ([guarded("Keep the trade secret.")], "Is the tea hot?", True),
        ([guarded("Be brief.")], "Tell me the trade secret", True),
        ([guarded("Be brief."), {"text": "Keep the trade secret."}], guarded("Is the tea hot?"), False),
        ([guarded("Keep the trade secret.", "guard_content")], guarded("Is the tea hot?"), True),
        ([guarded("Keep the trade secret.", "grounding_source")], guarded("Is it hot?", "query"), False),
    ],
)
def test_of_a_system_prompt_the_marked_blocks_are_judged(
    runtime: Any, system: list[dict[str, Any]], said: Any, stopped: bool
) -> None:
    answer = runtime.converse(modelId=CLAUDE, system=system, messages=ask(said), guardrailConfig=CONFIG)
    found = answer["trace"]["guardrail"]["inputAssessment"]["localguardrail"]
    assert ("wordPolicy" in found) is stopped
    told = found["invocationMetrics"]["guardrailCoverage"]["textCharacters"]
    assert told["guarded"] <= told["total"]


def test_an_answer_is_held_to_a_source_in_the_system_prompt(runtime: Any) -> None:
    answer = runtime.converse(
        modelId=CLAUDE,
        system=[guarded("The tea is hot.", "grounding_source")],
        messages=ask(guarded("Is the tea hot?", "query")),
        guardrailConfig=CONFIG,
    )
    [assessed] = answer["trace"]["guardrail"]["outputAssessments"]["localguardrail"]
    assert {entry["type"] for entry in assessed["contextualGroundingPolicy"]["filters"]} == {
        "GROUNDING",
        "RELEVANCE",
    }


def test_personal_data_in_an_answer_is_masked(runtime: Any) -> None:
    answer = converse(runtime, "The address of Ann is ann@example.org. What is the address of Ann?")
    [block] = answer["output"]["message"]["content"]
    assert "{EMAIL}" in block["text"] and "ann@example.org" not in block["text"]
    assert answer["stopReason"] == "guardrail_intervened" and answer["usage"]["outputTokens"] > 0
    trace = answer["trace"]["guardrail"]
    assert "ann@example.org" in trace["modelOutput"][0]
    [assessed] = trace["outputAssessments"]["localguardrail"]
    assert assessed["sensitiveInformationPolicy"]["piiEntities"][0]["action"] == "ANONYMIZED"


def test_an_innocent_talk_passes_with_its_trace(runtime: Any) -> None:
    answer = converse(runtime, "The tea is hot. Is the tea hot?")
    assert answer["stopReason"] == "end_turn"
    assert answer["trace"]["guardrail"]["actionReason"] == "No action."
    assert "trace" not in converse(runtime, "Is the tea hot?", trace="disabled")


@pytest.mark.parametrize(
    ("said", "grounded"), [("The mill has three floors.", True), ("The pond is deep.", False)]
)
def test_an_answer_is_held_against_its_source(runtime: Any, said: str, grounded: bool) -> None:
    source = {"guardContent": {"text": {"text": said, "qualifiers": ["grounding_source"]}}}
    query = {"guardContent": {"text": {"text": "How many floors has the mill?", "qualifiers": ["query"]}}}
    answer = converse(runtime, source, query)
    assert (answer["stopReason"] == "end_turn") == grounded
    [assessed] = answer["trace"]["guardrail"]["outputAssessments"]["localguardrail"]
    kinds = {entry["type"]: entry for entry in assessed["contextualGroundingPolicy"]["filters"]}
    assert set(kinds) == {"GROUNDING", "RELEVANCE"} and (kinds["GROUNDING"]["score"] >= 0.5) == grounded


def test_only_marked_text_is_read_where_text_is_marked(runtime: Any) -> None:
    marked = {"guardContent": {"text": {"text": "The day is fine. Is the day fine?"}}}
    assert converse(runtime, "A trade secret.", marked)["stopReason"] == "end_turn"
    assert converse(runtime, "A trade secret.", "Is the day fine?")["stopReason"] == "guardrail_intervened"


def test_the_stream_tells_the_same(runtime: Any) -> None:
    stream = runtime.converse_stream(
        modelId=CLAUDE, messages=ask("the blocked phrase"), guardrailConfig=CONFIG
    )
    events = list(stream["stream"])
    assert [next(iter(e)) for e in events] == [
        "messageStart", "contentBlockDelta", "contentBlockDelta", "contentBlockDelta", "contentBlockDelta",
        "contentBlockStop", "messageStop", "metadata",
    ]  # fmt: skip
    assert events[-2]["messageStop"]["stopReason"] == "guardrail_intervened"
    assert "wordPolicy" in events[-1]["metadata"]["trace"]["guardrail"]["inputAssessment"]["localguardrail"]


def test_a_raw_body_is_guarded_by_its_headers(runtime: Any) -> None:
    body = {
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": 50,
        "messages": [{"role": "user", "content": "the trade secret"}],
    }
    answer = runtime.invoke_model(
        modelId=CLAUDE,
        body=json.dumps(body),
        guardrailIdentifier="abc",
        guardrailVersion="1",
        trace="ENABLED",
    )
    told = json.loads(answer["body"].read())
    assert told["content"][0]["text"].startswith("Sorry") and told["stop_reason"] == "end_turn"
    assert told["amazon-bedrock-guardrailAction"] == "INTERVENED"
    assert "wordPolicy" in told["amazon-bedrock-trace"]["guardrail"]["input"]["abc"]


def test_an_account_may_have_its_own(connect: Any) -> None:
    own = Guardrail(
        "mine",
        topics={"Money": ("invest", "shares")},
        personal_data=(PersonalData("AGE", r"\b\d{1,3} years old\b", "ANONYMIZE"),),
        blocked_input="Not here.",
    )
    with LocalBedrock(guardrails=[own]) as endpoint:
        client = connect(endpoint)
        config = {"guardrailIdentifier": "mine", "guardrailVersion": "DRAFT", "trace": "enabled"}
        blocked = client.converse(modelId=CLAUDE, messages=ask("Should I invest?"), guardrailConfig=config)
        assert blocked["output"]["message"]["content"] == [{"text": "Not here."}]
        assert (
            blocked["trace"]["guardrail"]["inputAssessment"]["mine"]["topicPolicy"]["topics"][0]["name"]
            == "Money"
        )
        masked = client.converse(
            modelId=CLAUDE,
            messages=ask("The oak is 90 years old. How old is the oak?"),
            guardrailConfig=config,
        )
        assert "{AGE}" in masked["output"]["message"]["content"][0]["text"]


SP_27 = {
    "bedrock_guardrail_identifier": "localguardrail",
    "bedrock_guardrail_version": "1",
    "bedrock_trace": "enabled",
}


def _parameters(endpoint: LocalBedrock) -> dict[str, Any]:
    keys = {"aws_access_key_id": endpoint.ACCESS_KEY_ID, "aws_secret_access_key": endpoint.SECRET_ACCESS_KEY}
    return {"model": CLAUDE, "endpoint_url": endpoint.url, "region_name": "us-east-1", **keys, **SP_27}


def _as_intervened(members: Any, endpoint: LocalBedrock, requests: int) -> None:
    """The stop reason and the trace are there, and every request had the guardrail."""
    assert members["stopReason"] == "guardrail_intervened"
    assessed = members["trace"]["guardrail"]["inputAssessment"]["localguardrail"]
    assert assessed["wordPolicy"]["customWords"][0]["action"] == "BLOCKED"
    configs = [request.body["guardrailConfig"] for request in endpoint.requests]
    assert configs == [CONFIG] * requests


async def test_sp_27_langchain_is_guarded_whole_streamed_and_asynchronously(endpoint: LocalBedrock) -> None:
    model = ChatBedrock(**_parameters(endpoint))
    whole = [model.invoke("the trade secret"), await model.ainvoke("the trade secret")]
    chunks = list(model.stream("the trade secret"))
    streamed = chunks[0]
    for chunk in chunks[1:]:
        streamed += chunk
    for answer in (*whole, streamed):
        assert isinstance(answer, AIMessage) and answer.text.startswith("Sorry")
        _as_intervened(answer.response_metadata, endpoint, 3)
    model.bedrock.close()
    await model.bedrock.aclose()


async def test_sp_27_llamaindex_is_guarded_whole_streamed_and_asynchronously(endpoint: LocalBedrock) -> None:
    llm = BedrockConverse(**_parameters(endpoint))
    asked = [ChatMessage("the trade secret")]
    answers = [llm.chat(asked), await llm.achat(asked), list(llm.stream_chat(asked))[-1]]
    for answer in answers:
        assert str(answer.message.content).startswith("Sorry")
        _as_intervened(answer.raw, endpoint, 3)
    await llm.bedrock.aclose()
