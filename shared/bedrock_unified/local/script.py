"""Fixed replies: an ordered list, taken one for each call, in place of the stand-in's own.

A reply may be limited to an ``operation`` and a ``model`` (the id as sent); the first one in the list that
fits a call is taken. It is one of

- Converse content: ``{"content": [blocks], "stopReason": …, "usage": {…}, "trace": …, "metrics": …,
  "additionalModelResponseFields": …}``, served whole by Converse and as events by ConverseStream, for which
  ``"pieces"`` may give, for each block, the strings of its deltas;
- ``{"body": …, "headers": {…}}``: the JSON of a unary answer of any operation, as it is;
- ``{"frames": [{"headers": [[name, value], …], "payload": …}, …]}`` or ``{"frames": [{"event": name,
  "payload": …}], "headers": {…}}``: the frames of a stream, the first form byte for byte;
- ``{"error": {"code": …, "message": …, "status": …, "headers": …}}``.

``"times"`` repeats a reply (null: for ever). When the list is used up the stand-in answers again, or, with
``"after": "error"``, every further call fails.

A script that is an object has them under ``"replies"``, may have ``"faults"``, and in
``"application_profiles"`` the account's own inference profiles: the end of each one's ARN, and the model or
profile that it was made of.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast

from .faults import Fault
from .problems import Problem, invalid
from .protocol.answers import Answer, Call, Event, JsonAnswer, StreamAnswer
from .protocol.frames import frame_from_script
from .shapes import listed, under
from .standin.families import Family, family_of
from .standin.streaming import block_events
from .standin.tokens import count_blocks, count_request
from .state import State

_MEMBERS = {
    "operation", "model", "times", "content", "pieces", "stopReason", "usage", "metrics", "trace",
    "additionalModelResponseFields", "performanceConfig", "serviceTier", "body", "frames", "error",
    "headers",
}  # fmt: skip
_FORMS = ("content", "body", "frames", "error")
_BESIDE = ("trace", "additionalModelResponseFields", "performanceConfig", "serviceTier")


@dataclass
class Script:
    """Replies to give in order. Raises ValueError for a reply that is none of the known forms."""

    replies: list[dict[str, Any]]
    faults: list[Fault] = field(default_factory=list[Fault])
    after: Literal["standin", "error"] = "standin"
    application_profiles: dict[str, str] = field(default_factory=dict[str, str])

    def __post_init__(self) -> None:
        for identity, source in self.application_profiles.items():
            if not isinstance(source, str):  # pyright: ignore[reportUnnecessaryIsInstance]
                raise ValueError(f"application_profiles: {identity!r} must name a model id, not {source!r}")
        if self.after not in {"standin", "error"}:
            raise ValueError(f"after must be 'standin' or 'error', not {self.after!r}")
        for position, reply in enumerate(self.replies):
            unknown = set(reply) - _MEMBERS
            if unknown:
                raise ValueError(f"reply {position}: unknown member {', '.join(sorted(unknown))}")
            if sum(form in reply for form in _FORMS) != 1:
                raise ValueError(f"reply {position}: exactly one of {', '.join(_FORMS)} is needed")
            if "headers" in reply and not {"body", "frames"} & set(reply):
                raise ValueError(f"reply {position}: headers belong to body or frames (or inside error)")
        self._left: list[int | None] = [cast("int | None", r.get("times", 1)) for r in self.replies]
        self._lock = threading.Lock()

    @classmethod
    def of(cls, source: Script | Mapping[str, Any] | Iterable[Mapping[str, Any]] | str | Path) -> Script:
        """A script from a path of a JSON file, its parsed content, or a list of replies."""
        if isinstance(source, Script):
            return source
        if isinstance(source, str | Path):
            return cls.of(cast("dict[str, Any]", json.loads(Path(source).read_text(encoding="utf-8"))))
        if isinstance(source, Mapping):
            data = cast("Mapping[str, Any]", source)
            unknown = set(data) - {"replies", "faults", "after", "application_profiles"}
            if unknown:
                raise ValueError(f"unknown member of a script: {', '.join(sorted(unknown))}")
            faults = [Fault.from_json(entry) for entry in listed(data, "faults")]
            return cls(
                [dict(r) for r in listed(data, "replies")],
                faults,
                data.get("after", "standin"),
                under(data, "application_profiles"),
            )
        return cls([dict(reply) for reply in source])

    def take(self, call: Call) -> dict[str, Any] | None:
        """The reply for ``call``, or None where the stand-in is to answer."""
        with self._lock:
            for position, reply in enumerate(self.replies):
                left = self._left[position]
                if left == 0 or reply.get("operation") not in {None, call.operation}:
                    continue
                if reply.get("model") not in {None, call.model_id}:
                    continue
                if left is not None:
                    self._left[position] = left - 1
                return reply
        if self.after == "error":
            raise Problem("InternalServerException", f"The script has no reply left for {call.operation}.")
        return None

    @property
    def remaining(self) -> int:
        """Replies not taken yet, those without limit not counted."""
        with self._lock:
            return sum(left for left in self._left if left is not None)


def scripted_answer(reply: Mapping[str, Any], call: Call, state: State) -> Answer:
    """``reply`` as the answer to ``call``."""
    if "error" in reply:
        error = under(reply, "error")
        raise Problem(error["code"], error["message"], error.get("status"), headers=error.get("headers"))
    headers = cast("dict[str, str]", reply.get("headers") or {})
    if "body" in reply:
        return JsonAnswer(reply["body"], headers, sort_keys=False)
    if "frames" in reply:
        frames = [_frame(entry) for entry in listed(reply, "frames")]
        return StreamAnswer(frames, headers)
    if call.operation not in {"Converse", "ConverseStream"}:
        raise invalid(f"The script's reply is Converse content, but the call is {call.operation}.")
    return _converse(reply, call, state)


def _frame(entry: Mapping[str, Any]) -> Event | bytes:
    return Event(entry["event"], entry["payload"]) if "event" in entry else frame_from_script(entry)


def _converse(reply: Mapping[str, Any], call: Call, state: State) -> Answer:
    family = family_of(state.catalogue.resolve(str(call.params["modelId"])).bare)
    content = [_wire_block(block) for block in listed(reply, "content")]
    has_call = any("toolUse" in b and b["toolUse"].get("type") != "server_tool_use" for b in content)
    stop_reason = reply.get("stopReason", "tool_use" if has_call else "end_turn")
    usage = cast("dict[str, Any]", reply.get("usage") or _counted(call, content))
    metrics = reply.get("metrics") or {"latencyMs": 1}
    beside = {key: reply[key] for key in _BESIDE if key in reply}
    if call.operation == "Converse":
        message = {"content": content, "role": "assistant"}
        members = {
            "metrics": metrics,
            "output": {"message": message},
            "stopReason": stop_reason,
            "usage": usage,
        }
        return JsonAnswer({**members, **beside}, usage=usage)
    extra = "additionalModelResponseFields"
    stop = {"stopReason": stop_reason, **({extra: beside.pop(extra)} if extra in beside else {})}
    events: list[Event | bytes] = [
        Event("messageStart", {"role": "assistant"}),
        *_block_events(content, reply, family),
        Event("messageStop", stop),
        Event("metadata", {"metrics": metrics, "usage": usage, **beside}),
    ]
    return StreamAnswer(events, usage=usage)


def _counted(call: Call, content: list[dict[str, Any]]) -> dict[str, Any]:
    tokens, output = count_request(call.params), max(1, count_blocks(content))
    return {"inputTokens": tokens, "outputTokens": output, "totalTokens": tokens + output}


def _wire_block(block: Mapping[str, Any]) -> dict[str, Any]:
    """A block of a script, redacted reasoning as bytes whether it was written as bytes or as base64."""
    reasoning = under(block, "reasoningContent")
    sealed = reasoning.get("redactedContent")
    if isinstance(sealed, str):
        return {"reasoningContent": {"redactedContent": base64.b64decode(sealed)}}
    return dict(block)


def _block_events(content: list[dict[str, Any]], reply: Mapping[str, Any], family: Family) -> list[Event]:
    pieces = cast("list[list[str] | None]", reply.get("pieces") or [])
    events = list(block_events(content, family))
    if not pieces:
        return events
    kept: list[Event] = []
    seen: set[int] = set()
    for event in events:
        index = int(event.payload.get("contentBlockIndex", 0))
        given = pieces[index] if index < len(pieces) else None
        delta = event.payload.get("delta")
        if given is None or delta is None or not ("text" in delta or "toolUse" in delta):
            kept.append(event)
        elif index not in seen:
            seen.add(index)
            for piece in given:
                inner: dict[str, Any] = {"text": piece} if "text" in delta else {"toolUse": {"input": piece}}
                kept.append(Event(event.kind, {"contentBlockIndex": index, "delta": inner}))
    return kept
