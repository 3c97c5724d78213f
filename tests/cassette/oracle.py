"""What botocore makes of the bytes in a cassette: the answer that our client is held against."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import botocore.session
from botocore.awsrequest import HeadersDict
from botocore.eventstream import EventStreamBuffer, EventStreamMessage
from botocore.model import OperationModel
from botocore.parsers import ResponseParser, create_parser
from vcr.request import Request

_RUNTIME, _CONTROL, _AGENT = "bedrock-runtime", "bedrock", "bedrock-agent-runtime"
_OPERATIONS = (
    (r"/model/[^/]+/converse", _RUNTIME, "Converse"),
    (r"/model/[^/]+/converse-stream", _RUNTIME, "ConverseStream"),
    (r"/model/[^/]+/invoke", _RUNTIME, "InvokeModel"),
    (r"/model/[^/]+/invoke-with-response-stream", _RUNTIME, "InvokeModelWithResponseStream"),
    (r"/model/[^/]+/count-tokens", _RUNTIME, "CountTokens"),
    (r"/guardrail/[^/]+/version/[^/]+/apply", _RUNTIME, "ApplyGuardrail"),
    (r"/foundation-models", _CONTROL, "ListFoundationModels"),
    (r"/inference-profiles", _CONTROL, "ListInferenceProfiles"),
    (r"/inference-profiles/[^/]+", _CONTROL, "GetInferenceProfile"),
    (r"/guardrail-checks/invoke", _RUNTIME, "InvokeGuardrailChecks"),
    (r"/rerank", _AGENT, "Rerank"),
)


@dataclass(frozen=True)
class Answer:
    """One recorded answer as boto3 gives it.

    Attributes:
        sent: the request's body.
        whole: boto3's response without ``ResponseMetadata`` and without the stream.
        events: the events of a stream, in order; empty for a unary answer.
    """

    operation: str
    sent: bytes
    whole: dict[str, Any]
    events: list[dict[str, Any]]

    @property
    def error(self) -> dict[str, Any] | None:
        """``{"Code": …, "Message": …}`` of a refusal."""
        return self.whole.get("Error")

    @property
    def question(self) -> str:
        """The text of the last user message of a Converse request."""
        return json.loads(self.sent)["messages"][-1]["content"][0]["text"]

    @property
    def content(self) -> list[dict[str, Any]]:
        """The content blocks of a Converse answer, a stream's put together."""
        return _joined(self.events) if self.events else self.whole["output"]["message"]["content"]

    @property
    def text(self) -> str:
        """The text of all blocks."""
        return "".join(block["text"] for block in self.content if "text" in block)

    @property
    def texts(self) -> list[str]:
        """The text deltas of a stream, empty ones left out."""
        deltas = [
            event["contentBlockDelta"]["delta"] for event in self.events if "contentBlockDelta" in event
        ]
        return [delta["text"] for delta in deltas if delta.get("text")]

    @property
    def tool_uses(self) -> list[dict[str, Any]]:
        """The ``toolUse`` blocks."""
        return [block["toolUse"] for block in self.content if "toolUse" in block]

    @property
    def reasoning(self) -> str:
        """The text of all reasoning."""
        thoughts = [block["reasoningContent"] for block in self.content if "reasoningContent" in block]
        return "".join(thought["reasoningText"]["text"] for thought in thoughts if "reasoningText" in thought)

    @property
    def stop_reason(self) -> str:
        """Converse's ``stopReason``."""
        stops = [event["messageStop"]["stopReason"] for event in self.events if "messageStop" in event]
        return stops[0] if self.events else self.whole["stopReason"]

    @property
    def usage(self) -> dict[str, Any]:
        """Converse's ``usage``."""
        metadata = [event["metadata"]["usage"] for event in self.events if "metadata" in event]
        return metadata[0] if self.events else self.whole["usage"]

    @property
    def tokens(self) -> tuple[int, int, int]:
        """Input with what the cache read and wrote, output, total."""
        usage = self.usage
        cached = usage.get("cacheReadInputTokens", 0) + usage.get("cacheWriteInputTokens", 0)
        return usage["inputTokens"] + cached, usage["outputTokens"], usage["totalTokens"]


def read(request: Request, response: dict[str, Any]) -> Answer:
    """What boto3 would have answered to this request."""
    parser, operation = _operation(urlsplit(request.uri).path)
    shape: Any = operation.output_shape
    data = body(response)
    status = response["status"]["code"]
    headers = HeadersDict({name: values[0] for name, values in response["headers"].items()})
    streams = status == 200 and (operation.has_event_stream_output or operation.has_streaming_output)
    parsed = parser.parse(
        {
            "status_code": status,
            "headers": headers,
            "body": _Raw(data) if streams else data,
            "context": {"operation_name": operation.name},
        },
        shape,
    )
    parsed.pop("ResponseMetadata", None)
    events: list[dict[str, Any]] = []
    if status == 200 and operation.has_event_stream_output:
        (member,) = [name for name, value in shape.members.items() if value.serialization.get("eventstream")]
        events = list(parsed.pop(member))
    elif streams:
        parsed["body"] = data
    sent = request.body if isinstance(request.body, bytes) else b""
    return Answer(str(operation.name), sent, parsed, events)


def holds(ours: Any, theirs: Any) -> bool:
    """Whether ``ours`` says all that ``theirs`` says: boto3 drops members that its model does not know."""
    if isinstance(theirs, dict):
        return isinstance(ours, dict) and all(
            name in ours and holds(ours[name], theirs[name]) for name in theirs
        )
    if isinstance(theirs, list):
        return (
            isinstance(ours, list)
            and len(ours) == len(theirs)
            and all(holds(mine, other) for mine, other in zip(ours, theirs, strict=True))
        )
    return ours == theirs


def body(response: dict[str, Any]) -> bytes:
    """The bytes of an answer, which vcrpy may hold as text."""
    held = response["body"]["string"]
    return held.encode() if isinstance(held, str) else held


def frames(response: dict[str, Any]) -> list[EventStreamMessage]:
    """The frames of a stream, as botocore's decoder reads them."""
    buffer = EventStreamBuffer()
    buffer.add_data(body(response))
    return list(buffer)


class _Raw:
    """The open body that botocore's event stream reads."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def stream(self) -> Iterator[bytes]:
        yield self._data


def _operation(path: str) -> tuple[ResponseParser, OperationModel]:
    for pattern, service, name in _OPERATIONS:
        if re.fullmatch(pattern, path):
            parser, model = _service(service)
            return parser, model.operation_model(name)
    raise LookupError(f"no operation is known at {path}")


@cache
def _service(name: str) -> tuple[ResponseParser, Any]:
    model = botocore.session.Session().get_service_model(name)
    return create_parser(model.resolved_protocol), model


def _joined(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The blocks of a stream; written anew, so that it shares no fault with the reducer under test."""
    blocks: dict[int, dict[str, Any]] = {}
    inputs: dict[int, str] = {}
    for event in events:
        if "contentBlockStart" in event:
            start = event["contentBlockStart"]
            blocks[start["contentBlockIndex"]] = {"toolUse": dict(start["start"]["toolUse"])}
        elif "contentBlockDelta" in event:
            index, delta = (
                event["contentBlockDelta"]["contentBlockIndex"],
                event["contentBlockDelta"]["delta"],
            )
            if "toolUse" in delta:
                inputs[index] = inputs.get(index, "") + delta["toolUse"]["input"]
            elif "text" in delta:
                block = blocks.setdefault(index, {"text": ""})
                block["text"] += delta["text"]
            elif "redactedContent" in delta["reasoningContent"]:
                blocks[index] = {"reasoningContent": dict(delta["reasoningContent"])}
            else:
                block = blocks.setdefault(index, {"reasoningContent": {"reasoningText": {"text": ""}}})
                thought = block["reasoningContent"]["reasoningText"]
                for name, piece in delta["reasoningContent"].items():
                    thought[name] = thought.get(name, "") + piece
    for index, text in inputs.items():
        blocks[index]["toolUse"]["input"] = json.loads(text) if text else {}
    return [blocks[index] for index in sorted(blocks)]
