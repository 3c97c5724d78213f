"""A talk with a model: what was said so far, and how the next answer is asked for."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from ...converse.usage import Usage, read_usage
from ...parameters import ConverseParameters

if TYPE_CHECKING:
    from ...converse.outcome import GuardrailOutcome

Block = dict[str, Any]
Message = dict[str, Any]


class ChatParameters(ConverseParameters):
    """The parameters of the talk: those of every chat model of this package."""


class Listener(Protocol):
    """Who is told of an answer as it comes."""

    def text(self, piece: str) -> None:
        """Further text of the answer."""
        ...

    def reasoning(self, piece: str) -> None:
        """Further text of the reasoning before it."""
        ...


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer.

    Attributes:
        model_id: who was asked, as the request was sent.
        response: Converse's response.
        seconds: from the question to the answer's end.
    """

    model_id: str
    response: Mapping[str, Any] = field(repr=False)
    seconds: float

    @property
    def message(self) -> Message:
        """The message, as it goes back into the talk."""
        return self.response["output"]["message"]

    @property
    def text(self) -> str:
        """Its text."""
        return "".join(block["text"] for block in self.message["content"] if "text" in block)

    @property
    def reasoning(self) -> str | None:
        """The text of its reasoning; None where there is none."""
        blocks = [
            block["reasoningContent"] for block in self.message["content"] if "reasoningContent" in block
        ]
        text = "\n".join(block["reasoningText"]["text"] for block in blocks if "reasoningText" in block)
        return text or None

    @property
    def stop_reason(self) -> str | None:
        """Why it ended, in Bedrock's word."""
        return self.response.get("stopReason")

    @property
    def usage(self) -> Usage | None:
        """Its tokens."""
        return read_usage(self.response.get("usage"), self.response.get("additionalModelResponseFields"))

    @property
    def request_id(self) -> str | None:
        """AWS's name of the request."""
        about: Mapping[str, Any] = self.response.get("ResponseMetadata") or {}
        return about.get("RequestId")

    @property
    def guardrail(self) -> GuardrailOutcome | None:
        """What a guardrail did; None where none looked, or its trace was not asked for."""
        if "trace" not in self.response and self.stop_reason != "guardrail_intervened":
            return None
        from ...converse.assessment import guardrail_outcome

        return guardrail_outcome(self.response)


class Talk:
    """Turns with one model.

    Attributes:
        messages: the turns so far, in Converse's shape.
        answers: the answers so far, those of forgotten turns included.
    """

    def __init__(
        self, model_id: str, parameters: ChatParameters, *, system: str | None = None, streaming: bool = True
    ) -> None:
        self.model_id = model_id
        self.parameters = parameters
        self.system = system
        self.streaming = streaming
        self.messages: list[Message] = []
        self.answers: list[Answer] = []

    def ask(self, content: list[Block], listener: Listener) -> Answer:
        """Ask, and tell the answer as it comes. It and the question become turns of the talk.

        When it is interrupted, what had come stays as the answer; after an error nothing was asked.

        Raises:
            BedrockError: as the client's ``converse``.
        """
        question = {"role": "user", "content": content}
        request: dict[str, Any] = {
            "modelId": self.model_id,
            "messages": [*self.messages, question],
            "options": self.parameters.chat_options({}),
            **self.parameters.converse_members({}, streaming=self.streaming),
        }
        if self.system:
            request["system"] = [{"text": self.system}]
        began = time.monotonic()
        response = self._streamed(request, listener) if self.streaming else self._whole(request, listener)
        answer = Answer(self.parameters.bedrock.sent_as(request), response, time.monotonic() - began)
        self.answers.append(answer)
        if answer.message["content"]:  # a turn without content is refused
            self.messages += [question, answer.message]
        return answer

    def _whole(self, request: Mapping[str, Any], listener: Listener) -> dict[str, Any]:
        response = self.parameters.bedrock.converse(**request)
        for block in response["output"]["message"]["content"]:
            _tell(listener, block.get("text"), block.get("reasoningContent", {}).get("reasoningText", {}))
        return response

    def _streamed(self, request: Mapping[str, Any], listener: Listener) -> dict[str, Any]:
        client = self.parameters.bedrock
        with client.converse_stream(**request) as stream:
            try:
                for event in stream:
                    delta = event.get("contentBlockDelta", {}).get("delta", {})
                    _tell(listener, delta.get("text"), delta.get("reasoningContent", {}))
            except KeyboardInterrupt:
                self._keep(request["messages"][-1], stream.response["output"]["message"])
                raise
            return stream.response

    def _keep(self, question: Message, said: Message) -> None:
        """Keep what had been said before an interruption: its text; reasoning without its end is refused."""
        content = [{"text": block["text"]} for block in said["content"] if block.get("text", "").strip()]
        if content:
            self.messages += [question, {"role": "assistant", "content": content}]

    def turn_to(self, model_id: str, parameters: ChatParameters) -> None:
        """Go on with another model, which is not told the former one's reasoning: it would refuse it."""
        self.parameters.bedrock.close()
        self.model_id = model_id
        self.parameters = parameters
        kept: list[Message] = []
        for message in self.messages:
            content = [block for block in message["content"] if "reasoningContent" not in block]
            kept.append({**message, "content": content or [{"text": "(no answer)"}]})
        self.messages = kept

    def usage(self) -> tuple[int, int]:
        """Tokens of all answers so far, in and out."""
        usages = [usage for answer in self.answers if (usage := answer.usage)]
        return sum(one.input_tokens for one in usages), sum(one.output_tokens for one in usages)


def _tell(listener: Listener, text: Any, reasoning: Mapping[str, Any]) -> None:
    if text:
        listener.text(text)
    if reasoning.get("text"):
        listener.reasoning(reasoning["text"])
