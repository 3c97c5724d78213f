"""InvokeModel and InvokeModelWithResponseStream: the families whose bodies the endpoint knows.

A family is one entry in ``_BODIES``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ..problems import Problem, invalid
from ..protocol.answers import Call, Event, JsonAnswer, StreamAnswer
from ..protocol.frames import CONTENT_TYPE, json_bytes
from ..standin.families import family_of
from ..state import State
from . import anthropic_messages, cohere_chat, llama_prompt, openai_chat
from .anthropic_answers import messages_answer, messages_events
from .converse import Outcome, answer_conversation
from .embedding_bodies import EMBEDDING_BODIES
from .native_bodies import is_blocked

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
    model_id = str(call.params["modelId"])
    model = state.catalogue.resolve(model_id).bare
    stream = _body_of(model).stream
    if stream is None or not state.catalogue.profile(model_id).streaming:
        raise invalid("The model is unsupported for streaming.")
    return stream(call, state, model)


def _body_of(model: str) -> _Body:
    for body in _BODIES:
        if body.fits(model):
            return body
    raise _unknown_body(model)


def _unknown_body(model: str) -> Problem:
    return invalid(
        f"The local endpoint does not know the InvokeModel body of {model}: it knows Anthropic Messages, "
        "OpenAI chat completions, prompts of Llama, Cohere chat, and the bodies of embeddings and rerankers. "
        "Use Converse, which serves every model."
    )


@dataclass(frozen=True)
class _Asked:
    """One native conversation, as its family's answer is written from it."""

    body: bytes
    model: str
    created: int
    outcome: Outcome


@dataclass(frozen=True)
class _Conversation:
    """One family of conversations: read as a Converse request, answered by the stand-in, written natively."""

    read: Callable[[bytes], dict[str, Any]]
    answer: Callable[[_Asked], dict[str, Any]]
    chunks: Callable[[_Asked], Iterator[dict[str, Any]]]
    one_tool_at_most: Callable[[bytes], bool] = lambda body: False

    def unary(self, call: Call, state: State, model: str) -> JsonAnswer:
        asked = self._asked(call, state, model, in_stream=False)
        outcome = asked.outcome
        headers = _service(call)
        if not is_blocked(outcome):
            headers |= {
                "X-Amzn-Bedrock-Invocation-Latency": str(outcome.latency_ms),
                "X-Amzn-Bedrock-Output-Token-Count": str(outcome.usage["outputTokens"]),
                "X-Amzn-Bedrock-Input-Token-Count": str(outcome.usage["inputTokens"]),
            }
        return JsonAnswer(self.answer(asked), headers, outcome.usage, sort_keys=False)

    def stream(self, call: Call, state: State, model: str) -> StreamAnswer:
        asked = self._asked(call, state, model, in_stream=True)
        events: list[Event | bytes] = [
            Event("chunk", {"bytes": json_bytes(chunk, sort_keys=False)}) for chunk in self.chunks(asked)
        ]
        headers = {"X-Amzn-Bedrock-Content-Type": "application/json", **_service(call)}
        return StreamAnswer(events, headers, asked.outcome.usage)

    def _asked(self, call: Call, state: State, model: str, *, in_stream: bool) -> _Asked:
        body = call.params.get("body", b"")
        raw = body if isinstance(body, bytes) else b""
        request: dict[str, Any] = {**self.read(raw), "modelId": call.params["modelId"]}
        # A guardrail's id and version are headers here, and its trace an upper-case one.
        identifier = call.params.get("guardrailIdentifier")
        if identifier or call.params.get("guardrailVersion"):
            request["guardrailConfig"] = {
                "guardrailIdentifier": identifier,
                "guardrailVersion": call.params.get("guardrailVersion"),
                "trace": str(call.params.get("trace", "DISABLED")).lower(),
            }
        outcome = answer_conversation(dataclasses.replace(call, params=request), state, in_stream=in_stream)[
            0
        ]
        if self.one_tool_at_most(raw):
            _keep_one_call(outcome)
        return _Asked(raw, model, int(state.now().timestamp()), outcome)


def _service(call: Call) -> dict[str, str]:
    """The tier and the latency's kind that were asked for, where the service model's answer has them."""
    asked = (("serviceTier", "Service-Tier"), ("performanceConfigLatency", "PerformanceConfig-Latency"))
    return {
        f"X-Amzn-Bedrock-{header}": str(call.params[name]) for name, header in asked if name in call.params
    }


def _keep_one_call(outcome: Outcome) -> None:
    content = outcome.reply.content
    calls = [position for position, block in enumerate(content) if "toolUse" in block]
    outcome.reply.content = [block for position, block in enumerate(content) if position not in calls[1:]]


_MESSAGES = _Conversation(
    anthropic_messages.converse_request,
    lambda asked: messages_answer(asked.outcome, asked.model),
    lambda asked: messages_events(asked.outcome, asked.model, family_of(asked.model)),
    anthropic_messages.calls_one_tool_at_most,
)
_OPENAI = _Conversation(
    openai_chat.converse_request,
    lambda asked: openai_chat.chat_answer(asked.outcome, asked.model, asked.created),
    lambda asked: openai_chat.chat_chunks(
        asked.outcome,
        asked.model,
        family_of(asked.model),
        asked.created,
        usage=openai_chat.wants_usage(asked.body),
    ),
    openai_chat.calls_one_tool_at_most,
)
_LLAMA = _Conversation(
    llama_prompt.converse_request,
    lambda asked: llama_prompt.llama_answer(asked.outcome),
    lambda asked: llama_prompt.llama_chunks(asked.outcome, family_of(asked.model)),
)
_COHERE = _Conversation(
    cohere_chat.converse_request,
    lambda asked: cohere_chat.chat_answer(asked.outcome, asked.body),
    lambda asked: cohere_chat.chat_chunks(asked.outcome, family_of(asked.model), asked.body),
)
_CONVERSATIONS = (
    ("anthropic.", _MESSAGES),
    ("openai.", _OPENAI),
    ("meta.llama", _LLAMA),
    ("cohere.command-r", _COHERE),
)


def _begins_with(prefix: str) -> Callable[[str], bool]:
    return lambda model: model.startswith(prefix)


_BODIES = (
    *(_Body(fits, unary, None) for fits, unary in EMBEDDING_BODIES),
    *(_Body(_begins_with(prefix), told.unary, told.stream) for prefix, told in _CONVERSATIONS),
)
