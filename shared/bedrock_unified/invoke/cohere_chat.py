"""Cohere's chat body on InvokeModel: Command R and R+, with documents to answer from and citations.

Rules:

- The last question is ``message``; what was said before it is ``chat_history``, the system prompts are the
  ``preamble``.
- Documents (text) and search results of all turns are ``documents``; those of the caller's own
  ``additionalModelRequestFields`` take their place.
- Calls and results since the last question are ``tool_results``; the plan that the model wrote before a call
  has no place there and is left out. Tool calls before the last question have no form.
- Reasoning of another model's is left out; blank text is, too.

Source: Amazon Bedrock user guide, "Cohere Command R and Command R+ models"; plain questions and answers are
recorded, documents, tools and citations are not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, cast

from .cohere_answers import CohereEvents, events, response
from .common import (
    Block,
    check_members,
    document_text,
    fields_of,
    guard_tags,
    is_blank,
    json_text,
    kind_of,
    merged,
    no_form,
)

__all__ = ["CohereEvents", "body", "events", "response"]

NAME = "Cohere chat"
_ROLES = {"user": "USER", "assistant": "CHATBOT"}
_TYPES = {
    "string": "str",
    "integer": "int",
    "number": "float",
    "boolean": "bool",
    "array": "list",
    "object": "dict",
}
_INFERENCE = (
    ("maxTokens", "max_tokens"),
    ("temperature", "temperature"),
    ("topP", "p"),
    ("stopSequences", "stop_sequences"),
)
_SAID = frozenset({"text", "guardContent", "citationsContent"})
_BESIDE = frozenset({"document", "searchResult", "toolUse", "toolResult", "reasoningContent"})
Guarded = Callable[[Block], str | None]


def body(request: Mapping[str, Any]) -> dict[str, Any]:
    """The chat body of a Converse request."""
    check_members(request, NAME)
    if request.get("outputConfig"):
        raise no_form("outputConfig", NAME)
    if "-text-" in str(request.get("modelId", "")):
        raise no_form(f"a conversation with {request['modelId']!r:.80}", NAME)
    guarded, of_guardrail = guard_tags(request)
    turns = cast("Sequence[Mapping[str, Any]]", request["messages"])
    asked = _last_question(turns, guarded)
    history: list[dict[str, Any]] = []
    for turn in turns:
        if turn["role"] not in _ROLES:
            raise no_form(f"a turn of the role {turn['role']!r:.40}", NAME)
    for turn in turns[:asked]:
        if any("toolUse" in block or "toolResult" in block for block in turn["content"]):
            raise no_form("a tool call before the last question", NAME)
        if text := _said(turn["content"], guarded):
            history.append({"role": _ROLES[turn["role"]], "message": text})
    question = [_said(turn["content"], guarded) for turn in turns[asked:] if turn["role"] == "user"]
    made: dict[str, Any] = {"message": "\n".join(text for text in question if text)}
    if history:
        made["chat_history"] = history
    if preamble := _said(request.get("system") or (), guarded):
        made["preamble"] = preamble
    if documents := [document for turn in turns for document in _documents(turn["content"])]:
        made["documents"] = documents
    config = cast("Mapping[str, Any]", request.get("toolConfig") or {})
    if (choice := config.get("toolChoice")) and kind_of(choice) != "auto":
        raise no_form(f"the tool choice {kind_of(choice)!r:.80}", NAME)
    if tools := [_tool(tool) for tool in config.get("tools") or ()]:
        made["tools"] = tools
    if results := _tool_results(turns[asked:]):
        made["tool_results"] = results
    inference = cast("Mapping[str, Any]", request.get("inferenceConfig") or {})
    for ours, theirs in _INFERENCE:
        if inference.get(ours) is not None:
            made[theirs] = inference[ours]
    return merged({**made, **of_guardrail}, fields_of(request))


def _last_question(turns: Sequence[Mapping[str, Any]], guarded: Guarded) -> int:
    if turns and turns[-1]["role"] == "assistant":
        raise no_form("an answer at the end of the conversation", NAME)
    for index in range(len(turns) - 1, -1, -1):
        turn = turns[index]
        if turn["role"] != "user" or any("toolResult" in block for block in turn["content"]):
            continue
        if _said(turn["content"], guarded):
            return index
    raise no_form("a conversation without a question", NAME)


def _said(blocks: Iterable[Block], guarded: Guarded) -> str:
    texts: list[str] = []
    for block in blocks:
        kind = kind_of(block)
        if kind in _BESIDE:
            continue
        text: str | None = None
        if kind == "text":
            text = block["text"]
        elif kind == "guardContent":
            text = guarded(block)
        elif kind == "citationsContent":
            parts = block["citationsContent"].get("content") or ()
            text = "".join([part.get("text") or "" for part in parts])
        if text is None:
            raise no_form(f"the content block {kind!r:.80}", NAME)
        if not is_blank(text):
            texts.append(text)
    return "\n".join(texts)


def _documents(blocks: Iterable[Block]) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []
    for block in blocks:
        if "document" in block:
            document = block["document"]
            made.append({"title": document["name"], "snippet": _document_text(document)})
        elif "searchResult" in block:
            result = block["searchResult"]
            text = "\n".join(part["text"] for part in result["content"])
            made.append({"title": result["title"], "snippet": text, "url": result["source"]})
    return made


def _document_text(document: Block) -> str:
    source = document["source"]
    if source.get("text") is not None:
        return source["text"]
    if source.get("content") is not None:
        return "\n".join(part["text"] for part in source["content"])
    text = document_text(document, "Cohere")
    if text is None:
        what = f"a document of the format {document.get('format')!r:.40} from {kind_of(source)}"
        raise no_form(what, NAME)
    return text


def _tool_results(turns: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    calls: dict[str, dict[str, Any]] = {}
    results: list[dict[str, Any]] = []
    for turn in turns:
        for block in turn["content"]:
            if "toolUse" in block:
                use = block["toolUse"]
                calls[use["toolUseId"]] = {"name": use["name"], "parameters": use.get("input") or {}}
            elif "toolResult" in block:
                result = block["toolResult"]
                call = calls.get(result["toolUseId"])
                if call is None:
                    raise no_form(f"a tool result without its call ({result['toolUseId']!r:.80})", NAME)
                outputs = [_output(part) for part in result["content"]]
                results.append({"call": call, "outputs": outputs})
    return results


def _output(part: Block) -> dict[str, Any]:
    kind = kind_of(part)
    if kind == "text":
        return {"text": part["text"]}
    if kind != "json":
        raise no_form(f"{kind} in a tool result", NAME)
    value: Any = part["json"]
    return dict(cast("Block", value)) if isinstance(value, Mapping) else {"text": json_text(value)}


def _tool(tool: Block) -> dict[str, Any]:
    """Cohere's parameters have a type, a description and whether they must be there; the rest of a schema
    is told in the description."""
    if "toolSpec" not in tool:
        raise no_form(f"{kind_of(tool)} among the tools", NAME)
    spec = tool["toolSpec"]
    schema = cast("Mapping[str, Any]", spec["inputSchema"].get("json") or {})
    required = cast("Sequence[str]", schema.get("required") or ())
    properties = cast("Mapping[str, Any]", schema.get("properties") or {})
    definitions: dict[str, Any] = {}
    for name, value in properties.items():
        given = cast("Mapping[str, Any]", value if isinstance(value, Mapping) else {})
        kind: Any = given.get("type")
        own = _TYPES.get(kind) if isinstance(kind, str) else None
        described = str(given.get("description") or "")
        more = {key: item for key, item in given.items() if key not in ("type", "description", "title")}
        if own is None and kind is not None:
            more["type"] = kind
        if more:
            described = f"{described} (JSON schema: {json_text(more)})".strip()
        definitions[name] = {
            "description": described,
            "type": own or "str",
            "required": name in required,
        }
    return {
        "name": spec["name"],
        "description": spec.get("description") or spec["name"],
        "parameter_definitions": definitions,
    }
