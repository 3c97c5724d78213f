"""What the recorded requests relied on in the AWS account, given to the local one.

A request names a guardrail or an application inference profile; what stands behind the name is not in the
request. It is read from the recordings: a profile from its own record, a guardrail from the traces it left.
"""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

from botocore.eventstream import EventStreamBuffer

from bedrock_unified.local import Guardrail, PersonalData

from .recordings import Recorded


def guardrails(recorded: list[Recorded]) -> list[Guardrail]:
    """The guardrails named in ``recorded``, with the words, topics and data their traces show them to act
    on.
    """
    traces: dict[str, list[tuple[Recorded, dict[str, Any]]]] = {}
    for exchange in recorded:
        config = exchange.request.get("guardrailConfig")
        if config and exchange.status == 200:
            traces.setdefault(config["guardrailIdentifier"], []).append((exchange, _trace(exchange)))
    return [_guardrail(name, found) for name, found in traces.items()]


def _trace(exchange: Recorded) -> dict[str, Any]:
    if exchange.operation == "Converse":
        return json.loads(exchange.body)["trace"]["guardrail"]
    buffer = EventStreamBuffer()
    buffer.add_data(exchange.body)
    return json.loads(list(buffer)[-1].payload)["trace"]["guardrail"]


def _guardrail(name: str, traces: list[tuple[Recorded, dict[str, Any]]]) -> Guardrail:
    words: set[str] = set()
    topics: dict[str, tuple[str, ...]] = {}
    data: dict[str, set[str]] = {}
    grounding: float | None = None
    for exchange, trace in traces:
        for assessment in _assessments(trace):
            words |= {w["match"] for w in assessment.get("wordPolicy", {}).get("customWords", [])}
            for topic in assessment.get("topicPolicy", {}).get("topics", []):
                # AWS tells the topic's name, not its definition: the blocked text itself is one.
                text = exchange.request["messages"][-1]["content"][0]["text"]
                topics[topic["name"]] = (*topics.get(topic["name"], ()), text)
            for entity in assessment.get("sensitiveInformationPolicy", {}).get("piiEntities", []):
                data.setdefault(entity["type"], set()).add(entity["match"])
            for entry in assessment.get("contextualGroundingPolicy", {}).get("filters", []):
                grounding = entry["threshold"]
    personal = [
        PersonalData(kind, "|".join(map(re.escape, sorted(m))), where="output") for kind, m in data.items()
    ]
    return Guardrail(
        name, words=tuple(words), topics=topics, personal_data=tuple(personal), grounding=grounding
    )


def _assessments(trace: dict[str, Any]) -> list[dict[str, Any]]:
    found = list(trace.get("inputAssessment", {}).values())
    return found + [a for value in trace.get("outputAssessments", {}).values() for a in value]


def credentials(exchange: Recorded) -> dict[str, Any]:
    """How to sign so that AWS would have answered as it did: a key it does not know, a signature of
    yesterday.
    """
    if exchange.status != 403:
        return {}
    return (
        {"age": timedelta(minutes=6)}
        if b"Signature expired" in exchange.body
        else {"key": "AKIAIOSFODNN7UNKNOWN"}
    )
