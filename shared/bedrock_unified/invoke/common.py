"""What the families share: refusals, token counts, latency, guardrails, and the last events of a stream."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Any, cast

from ..converse.guardrail import invoke_body, native_outcome, tagged
from ..errors import InvalidRequestError
from ..wire import json_codec
from ..wire.http import FailureKind, TransportError

Block = Mapping[str, Any]
Event = dict[str, Any]
METRICS = "amazon-bedrock-invocationMetrics"
_BESIDE = "amazon-bedrock-"

_HINT = "Converse has a form for it: leave use_converse unset, or set it to True"
_TEXT_FORMATS = frozenset({"csv", "html", "md", "txt"})
#: Members of a Converse request that no body has a place for.
_NO_PLACE = ("promptVariables", "additionalModelResponseFieldPaths")


def no_form(what: str, family: str) -> InvalidRequestError:
    """The error for something of Converse's that a family cannot be told."""
    return InvalidRequestError(f"{what} has no form in the InvokeModel body of {family}", hint=_HINT)


def fields_of(request: Mapping[str, Any]) -> Mapping[str, Any]:
    """The caller's ``additionalModelRequestFields``."""
    fields: Any = request.get("additionalModelRequestFields") or {}
    if not isinstance(fields, Mapping):
        raise InvalidRequestError(
            f"additionalModelRequestFields is {fields!r:.80}",
            hint="it must be a dict of the model's own fields",
        )
    return cast("Mapping[str, Any]", fields)


def check_members(request: Mapping[str, Any], family: str) -> None:
    """Refuse members of a request that no InvokeModel body has a place for."""
    for name in _NO_PLACE:
        if request.get(name):
            raise no_form(name, family)


def kind_of(block: Block) -> str:
    """The kind of a content block: the union member that it is. JSON's null is a value, others' is none."""
    return next((name for name, value in block.items() if value is not None or name == "json"), "nothing")


def is_blank(text: Any) -> bool:
    """Whether a text is one that models refuse as empty."""
    return not str(text).strip()


def base64_text(data: Any) -> str:
    """A blob as JSON has it. Text is taken for base64 already, as on Converse's wire."""
    return data if isinstance(data, str) else b64encode(bytes(data)).decode("ascii")


def document_text(document: Block, family: str) -> str | None:
    """The text of a document whose source is bytes of a text format; None where it is no such one.

    Raises:
        InvalidRequestError: the bytes are no UTF-8 text, or no base64.
    """
    data = document["source"].get("bytes")
    if data is None or document.get("format") not in _TEXT_FORMATS:
        return None
    try:
        return (b64decode(data, validate=True) if isinstance(data, str) else bytes(data)).decode()
    except ValueError as error:
        raise InvalidRequestError(
            f"the document {document.get('name')!r:.80} is not UTF-8 text: {_at_fault(error)}",
            hint=f"{family} reads csv, html, md and txt as text; send it in UTF-8",
        ) from error


def _at_fault(error: ValueError) -> str:
    """What is wrong with bytes, without the bytes."""
    if isinstance(error, UnicodeDecodeError):
        return f"{error.reason} at byte {error.start}"
    return str(error)


def json_text(value: Any) -> str:
    """A JSON value as text."""
    return json_codec.dumps(value).decode()


def merged(body: dict[str, Any], fields: Mapping[str, Any], inner: Sequence[str] = ()) -> dict[str, Any]:
    """The body with the caller's ``additionalModelRequestFields``, which win (RQ-20).

    Args:
        body: it is added to.
        fields: the caller's.
        inner: members of which both sides may hold a part; they are merged one level deep.
    """
    for name, value in fields.items():
        ours: Any = body.get(name)
        if name in inner and isinstance(ours, Mapping) and isinstance(value, Mapping):
            body[name] = {**cast("Block", ours), **cast("Block", value)}
        else:
            body[name] = value
    return body


# Guardrails


def guard_tags(request: Mapping[str, Any]) -> tuple[Callable[[Block], str | None], dict[str, Any]]:
    """How marked content is written down, and what the guardrail adds to the body.

    Returns:
        the text of a ``guardContent`` block (None for an image, which has no form), between tags where a
        guardrail looks on; and the members of the body.
    """
    config = request.get("guardrailConfig")
    if not config:
        return (lambda block: _guarded(block)[0]), {}
    blocks = [block for message in request.get("messages", ()) for block in message["content"]]
    if not any("guardContent" in block for block in (*blocks, *request.get("system", ()))):
        return (lambda block: None), invoke_body(config)
    # Whoever writes a part of the request cannot know the whole, and so not write the closing tag.
    whole = json_codec.dumps([request.get("messages"), request.get("system")])
    suffix = sha256(whole).hexdigest()[:20]

    def text(block: Block) -> str | None:
        marked, qualifiers = _guarded(block)
        return None if marked is None else tagged(marked, suffix, qualifiers)

    return text, invoke_body(config, tag_suffix=suffix)


def _guarded(block: Block) -> tuple[str | None, Sequence[str]]:
    held = block["guardContent"].get("text")
    return (None, ()) if held is None else (held["text"], held.get("qualifiers") or ())


# Answers


def usage_of(tokens: int, output: int, read: int | None = None, write: int | None = None) -> dict[str, Any]:
    """Converse's ``usage``.

    Args:
        tokens: input that the prompt cache had no part in.
        output: output.
        read: input read from the cache, None where nothing is said of it.
        write: input written to the cache.
    """
    usage: dict[str, Any] = {
        "inputTokens": tokens,
        "outputTokens": output,
        "totalTokens": tokens + output + (read or 0) + (write or 0),
    }
    if read is not None:
        usage["cacheReadInputTokens"] = read
    if write is not None:
        usage["cacheWriteInputTokens"] = write
    return usage


def with_details(usage: dict[str, Any], native: Mapping[str, Any]) -> dict[str, Any]:
    """The usage with the family's own details of its counts (``…_tokens_details``), where it gives them.

    Converse has no place for them; they keep their names, by which :mod:`..converse.usage` finds the
    reasoning tokens.
    """
    for name, value in native.items():
        if name.endswith("_tokens_details") and isinstance(value, Mapping):
            usage[name] = dict(cast("Mapping[str, Any]", value))
    return usage


def words_for(words: Mapping[str, str], native: Any) -> str:
    """Converse's word for a family's stop reason; one that is not known stays, for it may be a new one."""
    return words.get(str(native), str(native)) if native else "end_turn"


class Told:
    """What Bedrock says beside a model's own answer: in headers, or in the last chunk of a stream."""

    __slots__ = ("cache_read", "cache_write", "input", "latency", "output", "service")

    def __init__(self, metrics: Mapping[str, Any], service: dict[str, Any]) -> None:
        self.input = _number(metrics.get("inputTokenCount"))
        self.output = _number(metrics.get("outputTokenCount"))
        self.cache_read = _number(metrics.get("cacheReadInputTokenCount"))
        self.cache_write = _number(metrics.get("cacheWriteInputTokenCount"))
        self.latency = _number(metrics.get("invocationLatency"))
        self.service = service

    @classmethod
    def in_headers(cls, headers: Mapping[str, str]) -> Told:
        """From the headers of InvokeModel's answer."""
        lower = {name.lower(): value for name, value in headers.items()}
        of = "x-amzn-bedrock-"
        metrics = {
            "inputTokenCount": lower.get(of + "input-token-count"),
            "outputTokenCount": lower.get(of + "output-token-count"),
            "cacheReadInputTokenCount": lower.get(of + "cache-read-input-token-count"),
            "cacheWriteInputTokenCount": lower.get(of + "cache-write-input-token-count"),
            "invocationLatency": lower.get(of + "invocation-latency"),
        }
        service: dict[str, Any] = {}
        if latency := lower.get(of + "performanceconfig-latency"):
            service["performanceConfig"] = {"latency": latency}
        if tier := lower.get(of + "service-tier"):
            service["serviceTier"] = {"type": tier}
        return cls(metrics, service)

    @classmethod
    def in_chunk(cls, chunk: Mapping[str, Any]) -> Told:
        """From the metrics of a stream's last chunk, if it has any."""
        return cls(cast("Mapping[str, Any]", chunk.get(METRICS) or {}), {})

    def usage(self) -> dict[str, Any]:
        """The usage by Bedrock's own counts."""
        return usage_of(self.input or 0, self.output or 0, self.cache_read, self.cache_write)

    def metrics(self) -> dict[str, Any]:
        """Converse's ``metrics``, as a member, where the latency is known."""
        return {} if self.latency is None else {"metrics": {"latencyMs": self.latency}}


def take_beside(told: dict[str, Any], chunk: Mapping[str, Any]) -> bool:
    """Keep what Bedrock says in a chunk beside the model's words: metrics, a guardrail's action and trace.

    A guardrail may tell its action in any chunk (recorded for Nova, bx196a583c2bb88e); what it did once holds
    for the answer.

    Args:
        told: what was said so far; it is added to.

    Returns:
        whether the chunk has nothing else.
    """
    others = False
    for name, value in chunk.items():
        if not name.startswith(_BESIDE):
            others = True
        elif value is not None and told.get(name) != "INTERVENED":
            told[name] = value
    return bool(chunk) and not others


def _number(value: Any) -> int | None:
    if value is None:
        return None
    try:
        return int(value)
    except (TypeError, ValueError):
        return None


def response_of(
    content: list[dict[str, Any]],
    stop_reason: str,
    usage: dict[str, Any],
    body: Mapping[str, Any],
    told: Told,
    fields: Mapping[str, Any],
) -> dict[str, Any]:
    """A Converse response.

    Args:
        body: the model's answer, in which a guardrail may have left its word.
        fields: ``additionalModelResponseFields``, left out where empty.
    """
    stopped, trace = native_outcome(body)
    response: dict[str, Any] = {
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": stopped or stop_reason,
        "usage": usage,
        **told.metrics(),
        **told.service,
    }
    if fields:
        response["additionalModelResponseFields"] = dict(fields)
    if trace is not None:
        response["trace"] = trace
    return response


def last_events(
    stop_reason: str,
    usage: dict[str, Any],
    beside: Mapping[str, Any],
    told: Told,
    fields: Mapping[str, Any],
) -> list[Event]:
    """``messageStop`` and ``metadata``, from what :func:`response_of` takes and :func:`take_beside` kept."""
    stopped, trace = native_outcome(beside)
    stop: dict[str, Any] = {"stopReason": stopped or stop_reason}
    if fields:
        stop["additionalModelResponseFields"] = dict(fields)
    metadata: dict[str, Any] = {"usage": usage, **told.metrics()}
    if trace is not None:
        metadata["trace"] = trace
    return [{"messageStop": stop}, {"metadata": metadata}]


def cut(missing: str) -> TransportError:
    """The error for a stream without its end."""
    return TransportError(FailureKind.CLOSED, f"the stream ended without {missing}")


class BlockWriter:
    """Numbers the blocks of a stream whose family does not: one is open at a time."""

    __slots__ = ("_index", "_kind", "_started")

    def __init__(self) -> None:
        self._index = -1
        self._kind: Any = None
        self._started = False

    def begin(self) -> list[Event]:
        """``messageStart``, the first time."""
        if self._started:
            return []
        self._started = True
        return [{"messageStart": {"role": "assistant"}}]

    def delta(self, kind: Any, delta: dict[str, Any], events: list[Event]) -> None:
        """One delta; another kind (or another tool) than the last one opens a block."""
        if kind != self._kind:
            self.open(kind, events)
        events.append({"contentBlockDelta": {"delta": delta, "contentBlockIndex": self._index}})

    def open(self, kind: Any, events: list[Event], start: dict[str, Any] | None = None) -> None:
        """Close the block that is open, and open one; tools say what they are (``start``)."""
        self.close(events)
        self._kind = kind
        self._index += 1
        if start is not None:
            events.append({"contentBlockStart": {"start": start, "contentBlockIndex": self._index}})

    def close(self, events: list[Event]) -> None:
        """Close the block that is open, if one is."""
        if self._kind is not None:
            events.append({"contentBlockStop": {"contentBlockIndex": self._index}})
            self._kind = None
