"""``BedrockGuardrail``: a guardrail of Amazon Bedrock as a step of a chain, before or after any model."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, SystemMessage
from langchain_core.prompt_values import ChatPromptValue, PromptValue, StringPromptValue
from langchain_core.runnables import RunnableConfig, RunnableSerializable
from pydantic import ConfigDict, Field, field_validator

from bedrock_unified.converse.assessment import GuardrailOutcome, guardrail_outcome, intervention
from bedrock_unified.converse.guarding import IMAGE_FORMATS
from bedrock_unified.converse.guardrail import guardrail_problem
from bedrock_unified.errors import BedrockError, ConfigurationError
from bedrock_unified.parameters import ConnectionParameters

from .errors import ERROR_CLASSES, InvalidRequestError, adapted
from .messages.to_converse import converse_messages

#: What is judged: a text, a message, messages, or a prompt; the same comes back.
Guarded = str | BaseMessage | Sequence[BaseMessage] | PromptValue

_NAMES = {"guardrailIdentifier": "guardrail_identifier", "guardrailVersion": "guardrail_version"}
_GROUNDING = ("grounding_source", "query")


class BedrockGuardrail(ConnectionParameters, RunnableSerializable[Any, Any]):
    """Judges text or messages by a guardrail (ApplyGuardrail), without calling a model.

    Example:
        >>> guard = BedrockGuardrail(guardrail_identifier="abc123", guardrail_version="1", action="raise")
        >>> chain = prompt | guard | model | guard  # doctest: +SKIP

    What comes in goes out, of the same type. By ``action``, when the guardrail intervenes:

    - ``return``: the guardrail's text stands in the place of what was given: its blocked message, or the text
      with its masks. A blocked answer of a model calls no tools. Note that a blocked question goes on as the
      blocked message; to stop the chain instead, say ``raise``.
    - ``raise``: :class:`~langchain_bedrock_unified.errors.GuardrailIntervened`, its ``partial`` the answer of
      ApplyGuardrail.
    - ``annotate``: nothing is changed; for messages alone, which have a place for it.

    Messages that were judged carry the outcome, without any matched text, in
    ``response_metadata["guardrail"]``. Text and images (png, jpeg) are judged; reasoning, documents and tool
    calls are not.

    ``grounding_source`` and ``query`` can be given to a single call, for contextual grounding of an answer:
    ``guard.invoke(answer, grounding_source="…", query="…")``.

    Raises:
        ConfigurationError: at construction: half a guardrail, an unknown keyword, a value that cannot work.
        InvalidRequestError: by calls: an image that guardrails cannot read; ``annotate`` for plain text.
        GuardrailIntervened: by calls, with ``action="raise"``.
        BedrockError: by calls: the classes of :mod:`langchain_bedrock_unified.errors`.
    """

    model_config = ConfigDict(
        arbitrary_types_allowed=True, hide_input_in_errors=True, extra="forbid", defer_build=False
    )

    error_classes: ClassVar[Any] = ERROR_CLASSES

    guardrail_identifier: str = Field(description="guardrail id or ARN")
    guardrail_version: str = Field(description="number, or DRAFT")
    source: Literal["INPUT", "OUTPUT"] | None = Field(
        default=None,
        description="whose policies to judge by; by default OUTPUT for messages of a model, INPUT for all "
        "else, plain text included",
    )
    action: Literal["return", "raise", "annotate"] = Field(
        default="return", description="what is done when the guardrail intervenes"
    )
    scope: Literal["last", "all"] = Field(
        default="last", description="which messages are judged: the last one, or all but system messages"
    )
    output_scope: Literal["INTERVENTIONS", "FULL"] | None = Field(
        default=None, description="FULL: also tell of what was looked for and not found"
    )

    @field_validator("guardrail_version", mode="before")
    @classmethod
    def _version_is_text(cls, value: Any) -> Any:
        return str(value) if isinstance(value, int) and not isinstance(value, bool) else value

    def _check(self) -> None:
        super()._check()
        given = {member: getattr(self, name) for member, name in _NAMES.items()}
        problem = guardrail_problem(given, needed=True, names=_NAMES)
        if problem is not None:
            message, hint = problem
            raise ConfigurationError(message, hint=hint)

    def invoke(self, input: Guarded, config: RunnableConfig | None = None, **kwargs: Any) -> Any:
        """Judge ``input``; gives it back, or what the guardrail puts in its place."""
        return self._call_with_config(self._guard, input, config, **kwargs)

    async def ainvoke(self, input: Guarded, config: RunnableConfig | None = None, **kwargs: Any) -> Any:
        """The asynchronous :meth:`invoke`; several messages are judged at once."""
        return await self._acall_with_config(self._aguard, input, config, **kwargs)

    def _guard(self, given: Guarded, **how: Any) -> Any:
        task = _Task(self, given, how)
        return task.result([self.bedrock.apply_guardrail(**request) for request in task.requests])

    async def _aguard(self, given: Guarded, **how: Any) -> Any:
        task = _Task(self, given, how)
        calls = (self.bedrock.aapply_guardrail(**request) for request in task.requests)
        return task.result(await asyncio.gather(*calls))


class _Task:
    """One call: what is to be judged, and what becomes of it.

    Attributes:
        requests: ApplyGuardrail's members, one request for each message (or for the text).
    """

    def __init__(self, guard: BedrockGuardrail, given: Guarded, how: Mapping[str, Any]) -> None:
        self._guard = guard
        self._given = given
        self._context = _context(how)
        self._text = given if isinstance(given, str) else None
        if isinstance(given, StringPromptValue):
            self._text = given.text
        self._messages = _messages(given) if self._text is None else []
        if self._text is not None and guard.action == "annotate":
            raise InvalidRequestError(
                "action='annotate' has no place in plain text",
                hint="give messages, or use action='return' or 'raise'",
            )
        self._judged: list[int] = []
        self.requests: list[dict[str, Any]] = []
        if self._text is not None:
            if self._text.strip():
                self._ask("INPUT", [{"text": {"text": self._text}}])
            return
        for index in self._within_scope():
            message = self._messages[index]
            content = _content(message)
            if content:
                self._judged.append(index)
                self._ask("OUTPUT" if isinstance(message, AIMessage) else "INPUT", content)

    def result(self, answers: Sequence[dict[str, Any]]) -> Any:
        """What was given, after the guardrail's answers to :attr:`requests`.

        Raises:
            GuardrailIntervened: it intervened, and that is to be an error.
        """
        outcomes: list[GuardrailOutcome] = []
        for request, answer in zip(self.requests, answers, strict=True):
            side = "input" if request["source"] == "INPUT" else "output"
            outcome = guardrail_outcome(answer, side=side)
            if outcome is None:
                raise adapted(BedrockError("ApplyGuardrail's answer has no assessments"))
            if outcome.intervened and self._guard.action == "raise":
                error = intervention(outcome, answer)
                error.operation = "ApplyGuardrail"
                error.request_id = answer.get("ResponseMetadata", {}).get("RequestId")
                raise adapted(error)
            outcomes.append(outcome)
        if self._text is not None:
            changed = outcomes and (outcomes[0].outputs or outcomes[0].blocked)
            text = "\n".join(outcomes[0].outputs) if changed else self._text
            return StringPromptValue(text=text) if isinstance(self._given, StringPromptValue) else text
        messages = list(self._messages)
        for index, outcome in zip(self._judged, outcomes, strict=True):
            replace = outcome.intervened and self._guard.action == "return"
            messages[index] = _told(messages[index], outcome, replace=replace)
        if isinstance(self._given, PromptValue):
            return ChatPromptValue(messages=messages)
        return messages[0] if isinstance(self._given, BaseMessage) else messages

    def _within_scope(self) -> list[int]:
        indices = [
            index for index, message in enumerate(self._messages) if not isinstance(message, SystemMessage)
        ]
        indices = indices or list(range(len(self._messages)))  # whoever gives these alone wants them judged
        return indices if self._guard.scope == "all" else indices[-1:]

    def _ask(self, source: str, content: list[dict[str, Any]]) -> None:
        guard = self._guard
        if self._context:  # then the text to be judged must say that it is it
            content = [*self._context, *(_qualified(block) for block in content)]
        request = {
            "guardrailIdentifier": guard.guardrail_identifier,
            "guardrailVersion": guard.guardrail_version,
            "source": guard.source or source,
            "content": content,
        }
        if guard.output_scope is not None:
            request["outputScope"] = guard.output_scope
        self.requests.append(request)


def _messages(given: Any) -> list[BaseMessage]:
    if isinstance(given, BaseMessage):
        return [given]
    if isinstance(given, PromptValue):
        return given.to_messages()
    if isinstance(given, Sequence) and all(isinstance(message, BaseMessage) for message in given):
        return list(given)
    raise InvalidRequestError(
        f"BedrockGuardrail judges text, messages or a prompt, not {type(given).__name__}",
        hint="put the step behind a prompt, a model or an output parser that gives text",
    )


def _context(how: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The blocks an answer is held against."""
    unknown = [name for name in how if name not in _GROUNDING]
    if unknown:
        raise InvalidRequestError(
            f"BedrockGuardrail.invoke() has no parameter {unknown[0]!r}",
            hint=f"a single call takes {' and '.join(_GROUNDING)}; the rest is set at construction",
        )
    given = {name: how[name] for name in _GROUNDING if how.get(name)}
    if len(given) == 1:
        raise InvalidRequestError(
            f"{next(iter(given))} alone: the guardrail would check no grounding",
            hint=f"give both {' and '.join(_GROUNDING)}",
        )
    return [
        {"text": {"text": text, "qualifiers": [name]}}
        for name, value in given.items()
        for text in ([value] if isinstance(value, str) else value)
    ]


def _qualified(block: dict[str, Any]) -> dict[str, Any]:
    if "text" not in block or "qualifiers" in block["text"]:
        return block
    return {"text": {**block["text"], "qualifiers": ["guard_content"]}}


def _content(message: BaseMessage) -> list[dict[str, Any]]:
    """The text and images of a message, as ApplyGuardrail takes them."""
    turns, system = converse_messages([message])
    blocks = [block for turn in turns for block in turn["content"]] or system
    content: list[dict[str, Any]] = []
    for block in blocks:
        parts = block["toolResult"]["content"] if "toolResult" in block else [block]
        for part in parts:
            if "text" in part and part["text"].strip():
                content.append({"text": {"text": part["text"]}})
            elif "citationsContent" in part:
                content += [{"text": {"text": p["text"]}} for p in part["citationsContent"]["content"]]
            elif "guardContent" in part:
                content.append(part["guardContent"])
            elif "image" in part:
                content.append(_image(part["image"]))
    return content


def _image(image: Mapping[str, Any]) -> dict[str, Any]:
    source = image.get("source") or {}
    if image.get("format") not in IMAGE_FORMATS or "bytes" not in source:
        raise InvalidRequestError(
            f"guardrails cannot read an image of format {image.get('format')!r:.20} with its source in "
            f"{', '.join(source) or 'nothing'}, so it would pass unguarded",
            hint=f"give the bytes of a {' or '.join(IMAGE_FORMATS)}",
        )
    return {"image": {"format": image["format"], "source": {"bytes": source["bytes"]}}}


def _told(message: BaseMessage, outcome: GuardrailOutcome, *, replace: bool) -> BaseMessage:
    """A copy of the message with the outcome, and with the guardrail's text where that is to stand for it."""
    metadata = {**message.response_metadata, "guardrail": outcome.summary()}
    update: dict[str, Any] = {"response_metadata": metadata}
    if replace and outcome.blocked:
        update["content"] = "\n".join(outcome.outputs)
        if isinstance(message, AIMessage):
            update |= {"tool_calls": [], "invalid_tool_calls": []}
        if isinstance(message, AIMessageChunk):
            update["tool_call_chunks"] = []
    elif replace and outcome.outputs:
        update["content"] = _masked(message, outcome.outputs)
    return message.model_copy(update=update)


def _masked(message: BaseMessage, outputs: Sequence[str]) -> str | list[Any]:
    """The content with the guardrail's texts for its own: one for one, else all in the first one's place."""
    content: str | list[Any] = message.content
    if isinstance(content, str):
        return "\n".join(outputs)
    texts = [index for index, part in enumerate(content) if _has_text(message, part)]
    plain = all(isinstance(content[i], str) or isinstance(content[i].get("text"), str) for i in texts)
    if plain and len(texts) == len(outputs):
        replaced = dict(zip(texts, outputs, strict=True))
    else:
        replaced = {**dict.fromkeys(texts), texts[0]: "\n".join(outputs)}
    masked: list[Any] = []
    for index, part in enumerate(content):
        text = replaced.get(index)
        if index not in replaced:
            masked.append(part)
        elif text is not None:
            block = part if plain and isinstance(part, dict) else {"type": "text"}
            masked.append({**block, "text": text})
    return masked


def _has_text(message: BaseMessage, part: Any) -> bool:
    """Whether a part of the message gave text to be judged."""
    return any("text" in block for block in _content(message.model_copy(update={"content": [part]})))
