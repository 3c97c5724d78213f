"""InvokeModel and InvokeModelWithResponseStream: the families whose bodies the endpoint knows.

A family is one entry in ``_BODIES``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..problems import Problem, invalid
from ..protocol.answers import Call, Event, JsonAnswer, StreamAnswer
from ..protocol.frames import CONTENT_TYPE, json_bytes
from ..standin.families import family_of
from ..state import State
from .anthropic_messages import converse_request, messages_answer, messages_events
from .converse import Outcome, answer_conversation
from .titan_embeddings import MODEL as TITAN_EMBEDDINGS
from .titan_embeddings import titan_embedding

__all__ = ["CONTENT_TYPE", "invoke_model", "invoke_model_stream"]


@dataclass(frozen=True)
class _Body:
    """How one family's native body is answered, whole and streamed."""

    fits: Callable[[str], bool]
    unary: Callable[[Call, State, str], JsonAnswer]
    stream: Callable[[Call, State, str], StreamAnswer] | None


def invoke_model(call: Call, state: State) -> JsonAnswer:
    """The model's native answer; latency and token counts travel in ``X-Amzn-Bedrock-*`` headers."""
    model = state.catalogue.resolve(str(call.params["modelId"])).bare
    return _body_of(model).unary(call, state, model)


def invoke_model_stream(call: Call, state: State) -> StreamAnswer:
    """The model's native events, each as the ``bytes`` of a ``chunk``."""
    model = state.catalogue.resolve(str(call.params["modelId"])).bare
    stream = _body_of(model).stream
    if stream is None:
        raise invalid("The model is unsupported for streaming.")
    return stream(call, state, model)


def _body_of(model: str) -> _Body:
    for body in _BODIES:
        if body.fits(model):
            return body
    raise _unknown_body(model)


def _unknown_body(model: str) -> Problem:
    return invalid(
        f"The local endpoint does not know the InvokeModel body of {model}: it knows Anthropic Messages and "
        f"{TITAN_EMBEDDINGS}. Use Converse, which serves every model."
    )


def _embedding(call: Call, state: State, model: str) -> JsonAnswer:
    return titan_embedding(_raw(call))


def _messages(call: Call, state: State, model: str) -> JsonAnswer:
    outcome = _answered(call, state, in_stream=False)
    usage = outcome.usage
    headers = {
        "X-Amzn-Bedrock-Invocation-Latency": str(outcome.latency_ms),
        "X-Amzn-Bedrock-Output-Token-Count": str(usage["outputTokens"]),
        "X-Amzn-Bedrock-Input-Token-Count": str(usage["inputTokens"]),
    }
    return JsonAnswer(messages_answer(outcome, model), headers, usage, sort_keys=False)


def _messages_stream(call: Call, state: State, model: str) -> StreamAnswer:
    outcome = _answered(call, state, in_stream=True)
    events: list[Event | bytes] = [
        Event("chunk", {"bytes": json_bytes(event, sort_keys=False)})
        for event in messages_events(outcome, model, family_of(model))
    ]
    return StreamAnswer(events, {"X-Amzn-Bedrock-Content-Type": "application/json"}, outcome.usage)


def _answered(call: Call, state: State, *, in_stream: bool) -> Outcome:
    request: dict[str, Any] = {**converse_request(_raw(call)), "modelId": call.params["modelId"]}
    # A guardrail's id and version are headers here, and its trace an upper-case one.
    identifier = call.params.get("guardrailIdentifier")
    if identifier or call.params.get("guardrailVersion"):
        request["guardrailConfig"] = {
            "guardrailIdentifier": identifier,
            "guardrailVersion": call.params.get("guardrailVersion"),
            "trace": str(call.params.get("trace", "DISABLED")).lower(),
        }
    return answer_conversation(dataclasses.replace(call, params=request), state, in_stream=in_stream)[0]


def _raw(call: Call) -> bytes:
    body = call.params.get("body", b"")
    return body if isinstance(body, bytes) else b""


_BODIES = (
    _Body(lambda model: model == TITAN_EMBEDDINGS, _embedding, None),
    _Body(lambda model: model.startswith("anthropic."), _messages, _messages_stream),
)
