"""A whole Converse response told as the events of a stream, for models that answer in one piece."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..wire import json_codec

Event = dict[str, Any]

#: Members of a response that other events tell, or that a stream has beside it.
_ELSEWHERE = frozenset({"output", "stopReason", "additionalModelResponseFields", "ResponseMetadata"})


def events_of(response: Mapping[str, Any]) -> list[Event]:
    """The events whose reduction is this response, in AWS's order."""
    message = response["output"]["message"]
    events: list[Event] = [{"messageStart": {"role": message.get("role", "assistant")}}]
    for index, block in enumerate(message.get("content") or ()):
        events += _block(block, index)
    stop = {"stopReason": response.get("stopReason")}
    if "additionalModelResponseFields" in response:
        stop["additionalModelResponseFields"] = response["additionalModelResponseFields"]
    events.append({"messageStop": stop})
    # Members that are newer than this code among them: what is said once is said at the end.
    about = {name: value for name, value in response.items() if name not in _ELSEWHERE}
    events.append({"metadata": about})
    return events


def _block(block: Mapping[str, Any], index: int) -> list[Event]:
    start, deltas = _pieces(block)
    place = {"contentBlockIndex": index}
    events: list[Event] = [{"contentBlockStart": {"start": start, **place}}] if start else []
    events += [{"contentBlockDelta": {"delta": delta, **place}} for delta in deltas]
    return [*events, {"contentBlockStop": dict(place)}]


def _pieces(block: Mapping[str, Any]) -> tuple[Event | None, list[Event]]:
    """What starts a block, and its deltas."""
    if "toolUse" in block:
        use = block["toolUse"]
        head = {name: value for name, value in use.items() if name != "input"}
        return {"toolUse": head}, [{"toolUse": {"input": json_codec.dumps(use.get("input", {})).decode()}}]
    if "toolResult" in block:
        result = block["toolResult"]
        head = {name: value for name, value in result.items() if name != "content"}
        return {"toolResult": head}, [{"toolResult": list(result.get("content") or ())}]
    if "reasoningContent" in block:
        return None, _reasoning(block["reasoningContent"])
    if "citationsContent" in block:
        cited = block["citationsContent"]
        deltas: list[Event] = [{"citation": citation} for citation in cited.get("citations") or ()]
        return None, [*deltas, *({"text": part["text"]} for part in cited.get("content") or ())]
    if "image" in block:
        image = block["image"]
        rest = {name: value for name, value in image.items() if name != "format"}
        return {"image": {"format": image.get("format")}}, [{"image": rest}]
    return None, [dict(block)]


def _reasoning(reasoning: Mapping[str, Any]) -> list[Event]:
    text = reasoning.get("reasoningText")
    if text is None:
        return [{"reasoningContent": dict(reasoning)}]
    return [{"reasoningContent": {name: value}} for name, value in text.items()]
