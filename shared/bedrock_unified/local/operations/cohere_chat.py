"""Cohere's chat bodies on InvokeModel (Command R): read as a Converse request, answered in their own form.

Of the members that the Bedrock user guide lists, plain questions and answers are recorded; documents, tools
and citations follow the guide.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from ..shapes import under
from ..standin.families import Family
from ..standin.streaming import text_pieces
from ..standin.words import sentences
from .anthropic_messages import json_text
from .body_rules import malformed, needed
from .converse import Outcome
from .native_bodies import (
    GUARDRAIL_CONFIG,
    checked_body,
    converse_parameters,
    guardrail_members,
    invocation_metrics,
    json_object,
    parts_of,
    text_of,
)

_MEMBERS: dict[str, type[Any]] = {
    "message": str,
    "chat_history": list,
    "documents": list,
    "preamble": str,
    "max_tokens": int,
    "prompt_truncation": str,
    "seed": int,
    "tools": list,
    "tool_results": list,
    "stop_sequences": list,
    GUARDRAIL_CONFIG: dict,
}
_NUMBERS = frozenset({"temperature", "p", "k", "frequency_penalty", "presence_penalty"})
_ROLES = {"USER": "user", "CHATBOT": "assistant"}
_TYPES = {
    "str": "string",
    "int": "integer",
    "float": "number",
    "bool": "boolean",
    "list": "array",
    "dict": "object",
}
_FINISH = {"max_tokens": "MAX_TOKENS", "stop_sequence": "STOP_SEQUENCE"}


def converse_request(body: bytes) -> dict[str, Any]:
    """The Converse parameters (without a model id) that mean the same as the chat ``body``."""
    given = checked_body(body, _MEMBERS, _NUMBERS)
    question = str(needed(given, "message"))
    if not question.strip():
        raise malformed("#/message: expected minLength: 1, actual: 0")
    messages: list[dict[str, Any]] = []
    for turn in parts_of(given.get("chat_history")):
        role = _ROLES.get(str(turn.get("role")))
        if role is None:
            raise malformed(f"#/chat_history/role: {turn.get('role')} is not a valid enum value")
        messages.append({"role": role, "content": [{"text": turn.get("message")}]})
    asked: list[dict[str, Any]] = [
        _document(i, told) for i, told in enumerate(parts_of(given.get("documents")))
    ]
    messages.append({"role": "user", "content": [*asked, {"text": question}]})
    messages += _results(parts_of(given.get("tool_results")))
    wire: dict[str, Any] = {
        "messages": messages,
        "inferenceConfig": {
            "maxTokens": given.get("max_tokens"),
            "temperature": given.get("temperature"),
            "topP": given.get("p"),
            "stopSequences": given.get("stop_sequences"),
        },
    }
    if str(given.get("preamble", "")).strip():
        wire["system"] = [{"text": given["preamble"]}]
    if given.get("tools"):
        wire["toolConfig"] = {"tools": [_tool(tool) for tool in parts_of(given["tools"])]}
    elif given.get("tool_results"):
        raise malformed("#: required key [tools] not found")
    return converse_parameters(wire, given)


def _document(number: int, told: Mapping[str, Any]) -> dict[str, Any]:
    """A document as a search result, which has a title and a text of its own."""
    text = "\n".join(str(value) for name, value in told.items() if name not in ("id", "title", "url"))
    result = {"source": f"doc_{number}", "title": str(told.get("title") or f"doc_{number}")}
    return {"searchResult": {**result, "content": [{"text": text}], "citations": {"enabled": True}}}


def _results(results: list[dict[str, Any]]) -> list[dict[str, Any]]:
    if not results:
        return []
    calls: list[dict[str, Any]] = []
    answers: list[dict[str, Any]] = []
    for number, result in enumerate(results):
        call = under(result, "call")
        identity = f"call_{number}"
        given = under(call, "parameters")
        use = {"toolUseId": identity, "name": call.get("name"), "input": given}
        calls.append({"toolUse": use})
        parts = [{"text": json_text(output)} for output in parts_of(result.get("outputs"))]
        answers.append({"toolResult": {"toolUseId": identity, "content": parts or [{"text": "{}"}]}})
    return [{"role": "assistant", "content": calls}, {"role": "user", "content": answers}]


def _tool(tool: Mapping[str, Any]) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    required: list[str] = []
    for name, wanted in under(tool, "parameter_definitions").items():
        kind = str(wanted.get("type", "str"))
        properties[name] = {"type": _TYPES.get(kind, kind), "description": wanted.get("description", "")}
        required += [name] if wanted.get("required") else []
    schema = {"type": "object", "properties": properties, "required": required}
    spec = {"name": tool.get("name"), "description": tool.get("description") or None}
    return {"toolSpec": {**spec, "inputSchema": {"json": schema}}}


def chat_answer(outcome: Outcome, body: bytes) -> dict[str, Any]:
    """The chat answer."""
    text = _text(outcome)
    answer: dict[str, Any] = {
        **guardrail_members(outcome),
        "response_id": _identity(outcome, "response"),
        "text": text,
        "generation_id": _identity(outcome, "generation"),
        "finish_reason": _FINISH.get(outcome.reply.stop_reason, "COMPLETE"),
    }
    if citations := _citations(text, body):
        answer["citations"] = citations
    if calls := _calls(outcome):
        answer["tool_calls"] = calls
    return answer


def chat_chunks(outcome: Outcome, family: Family, body: bytes) -> Iterator[dict[str, Any]]:
    """The stream: text, citations, calls, and the whole answer once more at its end."""
    text = _text(outcome)
    for piece in text_pieces(text, family):
        yield {"is_finished": False, "event_type": "text-generation", "text": piece}
    if citations := _citations(text, body):
        yield {"is_finished": False, "event_type": "citation-generation", "citations": citations}
    if calls := _calls(outcome):
        yield {"is_finished": False, "event_type": "tool-calls-generation", "tool_calls": calls}
    answer = chat_answer(outcome, body)
    whole = {name: value for name, value in answer.items() if not name.startswith("amazon-bedrock-")}
    yield {
        "is_finished": True,
        "event_type": "stream-end",
        "response": whole,
        "finish_reason": answer["finish_reason"],
        **guardrail_members(outcome),
        **invocation_metrics(outcome),
    }


def _text(outcome: Outcome) -> str:
    return "".join(text_of(block) or "" for block in outcome.reply.content)


def _citations(text: str, body: bytes) -> list[dict[str, Any]]:
    """Which sentences of the answer stand in which documents: the stand-in answers in their own words."""
    documents = [json_text(told) for told in parts_of(json_object(body).get("documents"))]
    citations: list[dict[str, Any]] = []
    for start, end in ((span.start, span.end) for span in sentences(text)):
        said = text[start:end]
        quoted = json_text(said)[1:-1]
        sources = [f"doc_{i}" for i, document in enumerate(documents) if quoted and quoted in document]
        if sources:
            citations.append({"start": start, "end": end, "text": said, "document_ids": sources})
    return citations


def _calls(outcome: Outcome) -> list[dict[str, Any]]:
    uses = [block["toolUse"] for block in outcome.reply.content if "toolUse" in block]
    return [{"name": use["name"], "parameters": use["input"]} for use in uses]


def _identity(outcome: Outcome, kind: str) -> str:
    return hashlib.sha256(f"{kind}{outcome.reply.content!r}".encode()).hexdigest()[:32]
