"""What an answer to a request for structured output holds, or why it holds nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

from ..errors import StructuredOutputError
from ..wire import json_codec
from .json_text import find_object, find_partial_object, partial_object

JSON_SCHEMA, FUNCTION_CALLING, JSON_TEXT = WAYS = ("json_schema", "function_calling", "json_text")

#: The property under which a schema that is no object (a list, a union) is asked for.
WRAPPED = "value"
_CUT = frozenset({"max_tokens", "model_context_window_exceeded"})
_REFUSED: Mapping[str, tuple[str, str]] = {
    "guardrail_intervened": (
        "a guardrail intervened",
        "the message that it put in place is in error.partial; its trace says which policy",
    ),
    "content_filtered": ("the model's content filter stopped it", "rephrase what is asked"),
    "refusal": ("the model refused", "rephrase what is asked; its words are in error.partial"),
    "malformed_model_output": (
        "the model wrote what Bedrock could not read",
        "try again, or simplify the schema",
    ),
    "malformed_tool_use": (
        "the model wrote a tool call that Bedrock could not read",
        "try again, simplify the schema, or use the method json_schema where the model has it",
    ),
}


class Answer(NamedTuple):
    """What an answer says, as far as structured output is concerned.

    Attributes:
        text: its text blocks, joined.
        calls: name and input of its tool calls, those of server tools left out; an input that is text is
            JSON as the model wrote it, which need not be whole.
        stop_reason: Converse's ``stopReason``; None while a stream has not ended.
    """

    text: str = ""
    calls: Sequence[tuple[str, Any]] = ()
    stop_reason: str | None = None

    @classmethod
    def of(cls, response: Mapping[str, Any]) -> Answer:
        """The answer in a Converse response, unary or reduced from (the beginning of) a stream."""
        output: Mapping[str, Any] = response.get("output") or {}
        message: Mapping[str, Any] = output.get("message") or {}
        text: list[str] = []
        calls: list[tuple[str, Any]] = []
        for block in cast("list[Mapping[str, Any]]", message.get("content") or ()):
            if "text" in block:
                text.append(block["text"])
            elif (cited := block.get("citationsContent")) is not None:
                parts: list[Mapping[str, Any]] = cited.get("content") or []
                text += [part.get("text", "") for part in parts]
            elif (use := block.get("toolUse")) is not None and use.get("type") != "server_tool_use":
                calls.append((use["name"], use.get("input")))
        return cls("".join(text), calls, response.get("stopReason"))


@dataclass(frozen=True, slots=True)
class Reading:
    """How to read the answer to a request that :func:`with_schema` made.

    Attributes:
        way: ``json_schema``, ``function_calling`` or ``json_text``.
        name: the tool's name, or the schema's.
        wrapped: the schema is no object, and was asked for as the property ``value`` of one.
        implied: of ``output_config``, ``tool_choice`` and ``strict``: what the request has and nobody asked
            for; it may give way where a model refuses it, the answer is read alike.
    """

    way: str
    name: str
    wrapped: bool = False
    implied: frozenset[str] = frozenset()

    def value(self, response: Mapping[str, Any]) -> Any:
        """The value that a whole response holds, not validated: a dict, or what a wrapped schema describes.

        Raises:
            StructuredOutputError: it holds none; ``partial`` is the response.
        """
        return self.read(Answer.of(response), response)

    def read(self, answer: Answer, response: Mapping[str, Any]) -> Any:
        """The same for an answer that was taken out of its response already."""
        try:
            found = self._called(answer) if self.way == FUNCTION_CALLING else self._written(answer)
        except _Missing as missing:
            raise StructuredOutputError(missing.what, hint=missing.hint, partial=dict(response)) from None
        if self.wrapped and WRAPPED not in found:
            raise StructuredOutputError(
                f"the answer to {self.name!r} has no member {WRAPPED!r}",
                hint="try again, or ask for an object",
                partial=dict(response),
            )
        return found[WRAPPED] if self.wrapped else found

    def so_far(self, answer: Answer) -> Any | None:
        """The value as far as a stream has brought it; None before it begins. Never an error."""
        if self.way == FUNCTION_CALLING:
            given = next((given for name, given in answer.calls if name == self.name), None)
            found = partial_object(given)
        else:
            found = find_partial_object(answer.text)
        return found.get(WRAPPED) if found is not None and self.wrapped else found

    def _called(self, answer: Answer) -> dict[str, Any]:
        stopped = answer.stop_reason
        mine = [given for name, given in answer.calls if name == self.name]
        cut = stopped in _CUT and (not mine or answer.calls[-1][0] == self.name)
        if not mine or cut or stopped in _REFUSED:
            raise self._missing(answer)
        given: Any = mine[0]
        if isinstance(given, str):
            try:
                given = json_codec.loads(given) if given.strip() else {}
            except ValueError:
                given = None
        if not isinstance(given, Mapping):
            raise _Missing(
                f"the input of the call of {self.name!r} is no JSON object",
                "try again, or simplify the schema",
            )
        return dict(cast("Mapping[str, Any]", given))

    def _written(self, answer: Answer) -> dict[str, Any]:
        found = None if answer.stop_reason in _REFUSED else find_object(answer.text)
        if found is None:
            raise self._missing(answer)
        return found

    def _missing(self, answer: Answer) -> _Missing:
        """Why there is nothing to read, the surest reason first."""
        stopped = answer.stop_reason
        unanswered = f"there is no answer to {self.name!r}"
        if stopped is not None and stopped in _REFUSED:
            what, hint = _REFUSED[stopped]
            return _Missing(f"{unanswered}: {what}", hint)
        if stopped in _CUT:
            return _Missing(
                f"the answer to {self.name!r} is unfinished: it was cut off ({stopped})",
                "raise max_tokens, or ask for less",
            )
        begun = f"{answer.text.strip()!r:.120}" if answer.text.strip() else "no text"
        if self.way == FUNCTION_CALLING:
            other = ", ".join(sorted({name for name, _ in answer.calls}))
            what = f"it calls {other}" if other else f"the model wrote {begun} (stop reason: {stopped})"
            return _Missing(
                f"{unanswered}: no tool call of that name; {what}",
                "say in the prompt that the tool must be called, or use the method json_schema",
            )
        if answer.calls:
            return _Missing(
                f"{unanswered}: the model called {answer.calls[0][0]!r} instead",
                "answer the call, and ask again",
            )
        stop = " at a stop sequence" if stopped == "stop_sequence" else f" (stop reason: {stopped})"
        return _Missing(
            f"{unanswered}: the text holds no whole JSON object; it begins {begun} and ended{stop}",
            "try again; where the model has it, the method json_schema or function_calling holds it to JSON",
        )


class _Missing(Exception):
    def __init__(self, what: str, hint: str) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint
