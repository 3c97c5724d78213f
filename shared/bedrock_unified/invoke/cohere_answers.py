"""Cohere's chat answers and streams as Converse's.

A citation names a span of the answer and the documents behind it. In a whole answer the span becomes a
``citationsContent`` block, as Claude's are; in a stream the text has gone out before its citations come,
which then belong to the whole text block. Either way the citations as Cohere gives them stand in
``additionalModelResponseFields``, where Converse's ``additionalModelResponseFieldPaths`` would put them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, cast
from uuid import uuid4

from .common import BlockWriter, Event, Told, cut, json_text, last_events, response_of, take_beside, words_for

_STOP_REASONS = {
    "COMPLETE": "end_turn",
    "MAX_TOKENS": "max_tokens",
    "STOP_SEQUENCE": "stop_sequence",
    "TOOL_CALL": "tool_use",
    "ERROR_TOXIC": "content_filtered",
    "ERROR_LIMIT": "model_context_window_exceeded",
}
_DOCUMENT = re.compile(r"doc_(\d{1,6})")
Citation = Mapping[str, Any]


def response(body: Mapping[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
    """The Converse response of a chat answer.

    Raises:
        KeyError, TypeError, AttributeError: it is no chat answer of Cohere's.
    """
    content = _content(body["text"], body.get("citations") or (), _by_id(body))
    calls = [
        {"toolUse": {**start, "input": parameters}}
        for start, parameters in _calls(body.get("tool_calls") or (), body)
    ]
    told = Told.in_headers(headers)
    reason = _stop_reason(body.get("finish_reason"), called=bool(calls))
    return response_of([*content, *calls], reason, told.usage(), body, told, _fields(body))


def events() -> CohereEvents:
    """A maker of events for one stream."""
    return CohereEvents()


class CohereEvents:
    """The chunks of a chat stream, by their ``event_type``; kinds that say nothing are passed over.

    Citations and calls wait for the stream's end, which directly follows them: it has the documents that are
    cited, and the id of the answer (recorded), of which the ids of the calls are made.
    """

    __slots__ = ("_beside", "_calls", "_citations", "_finished", "_writer")

    def __init__(self) -> None:
        self._writer = BlockWriter()
        self._beside: dict[str, Any] = {}
        self._citations: list[Citation] = []
        self._calls: list[Mapping[str, Any]] = []
        self._finished = False

    def feed(self, chunk: Mapping[str, Any]) -> list[Event]:
        """The Converse events of one chunk."""
        if take_beside(self._beside, chunk):
            return []
        kind = chunk["event_type"]
        events = self._writer.begin()
        if kind == "text-generation":
            if chunk["text"]:
                self._writer.delta("text", {"text": chunk["text"]}, events)
        elif kind == "citation-generation":
            self._citations += chunk["citations"]
        elif kind == "tool-calls-generation":
            self._calls += chunk["tool_calls"]
        elif kind == "stream-end":
            events += self._stop(chunk)
        return events

    def end(self) -> list[Event]:
        """Nothing: ``stream-end`` was the end.

        Raises:
            TransportError: it did not come.
        """
        if not self._finished:
            raise cut("stream-end")
        return []

    def _stop(self, chunk: Mapping[str, Any]) -> list[Event]:
        self._finished = True
        answer = cast("Mapping[str, Any]", chunk.get("response") or {})
        events: list[Event] = []
        documents = _by_id(answer)
        for citation in self._citations or answer.get("citations") or ():
            for converse in _citations(citation, documents):
                self._writer.delta("text", {"citation": converse}, events)
        calls = _calls(self._calls or answer.get("tool_calls") or (), answer)
        for number, (start, parameters) in enumerate(calls):
            self._writer.open(("tool", number), events, {"toolUse": start})
            self._writer.delta(("tool", number), {"toolUse": {"input": json_text(parameters)}}, events)
        self._writer.close(events)
        told = Told.in_chunk(self._beside)
        native = chunk.get("finish_reason") or answer.get("finish_reason")
        reason = _stop_reason(native, called=bool(calls))
        return [*events, *last_events(reason, told.usage(), self._beside, told, _fields(answer))]


def _stop_reason(native: Any, *, called: bool) -> str:
    if called and native in (None, "COMPLETE"):
        return "tool_use"
    return words_for(_STOP_REASONS, native)


def _fields(answer: Mapping[str, Any]) -> dict[str, Any]:
    return {name: answer[name] for name in ("citations", "documents", "search_queries") if answer.get(name)}


def _by_id(answer: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {str(document.get("id")): document for document in answer.get("documents") or ()}


def _calls(
    calls: Sequence[Mapping[str, Any]], answer: Mapping[str, Any]
) -> list[tuple[dict[str, Any], Mapping[str, Any]]]:
    """Calls as ``toolUse`` without input, and the input.

    Cohere gives them no ids: they are made of the answer's own. A second answer with the same calls must not
    have the same ids, or its calls would count as answered; so an answer without an id gets a random one.
    """
    seed = str(answer.get("generation_id") or uuid4())
    digest = sha256(seed.encode("utf-8", "surrogatepass")).hexdigest()[:24]
    return [
        ({"toolUseId": f"tooluse_{digest}{number}", "name": call["name"]}, call.get("parameters") or {})
        for number, call in enumerate(calls)
    ]


def _content(
    text: str, citations: Sequence[Citation], documents: Mapping[str, Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """The text cut at the spans that are cited; spans that overlap are one."""
    content: list[dict[str, Any]] = []
    at = 0
    for start, end, cited in _spans(citations, len(text)):
        if start > at:
            content.append({"text": text[at:start]})
        told = [converse for citation in cited for converse in _citations(citation, documents)]
        content.append({"citationsContent": {"citations": told, "content": [{"text": text[start:end]}]}})
        at = end
    if at < len(text):
        content.append({"text": text[at:]})
    return content


def _spans(citations: Sequence[Citation], length: int) -> list[tuple[int, int, list[Citation]]]:
    spans: list[tuple[int, int, list[Citation]]] = []
    for citation in sorted(citations, key=lambda given: (given["start"], given["end"])):
        start, end = min(citation["start"], length), min(citation["end"], length)
        if spans and start < spans[-1][1]:
            before, until, cited = spans[-1]
            spans[-1] = (before, max(until, end), [*cited, citation])
        elif start < end:
            spans.append((start, end, [citation]))
    return spans


def _citations(citation: Citation, documents: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One citation of Converse's for each document that a citation of Cohere's names."""
    made: list[dict[str, Any]] = []
    for given in citation.get("document_ids") or ():
        name = str(given)
        document = documents.get(name, {})
        told: dict[str, Any] = {"source": str(document.get("url") or name)}
        if document.get("title") is not None:
            told["title"] = document["title"]
        if document.get("snippet") is not None:
            told["sourceContent"] = [{"text": document["snippet"]}]
        if numbered := _DOCUMENT.fullmatch(name):
            told["location"] = {"documentChunk": {"documentIndex": int(numbered.group(1))}}
        made.append(told)
    return made
