"""``BedrockGuardrail``: a guardrail of Amazon Bedrock as a step of a chain, before or after any model."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Literal, cast

from langchain_core.messages import AIMessage, BaseMessage, SystemMessage
from langchain_core.prompt_values import ChatPromptValue, PromptValue, StringPromptValue
from langchain_core.runnables import RunnableConfig, RunnableSerializable
from langchain_core.runnables.utils import AnyConfigurableField
from pydantic import ConfigDict, Field, field_validator

from bedrock_unified.converse.assessment import GuardrailOutcome, guardrail_outcome, intervention
from bedrock_unified.converse.guardrail import guardrail_problem
from bedrock_unified.errors import BedrockError, ConfigurationError
from bedrock_unified.parameters import ConnectionParameters

from .checks import BLOCKED, THRESHOLD, checks_member, checks_outcome, checks_problem
from .errors import ERROR_CLASSES, InvalidRequestError, adapted, as_langchains
from .guarded import guarded_content, told

#: What is judged: a text, a message, messages, or a prompt; the same comes back.
Guarded = str | BaseMessage | Sequence[BaseMessage] | PromptValue

_NAMES = {"guardrailIdentifier": "guardrail_identifier", "guardrailVersion": "guardrail_version"}
_GROUNDING = ("grounding_source", "query")
_ROLES = {"INPUT": "user", "OUTPUT": "assistant"}


class BedrockGuardrail(ConnectionParameters, RunnableSerializable[Any, Any]):
    """Judges text or messages by a guardrail (ApplyGuardrail), without calling a model.

    Example:
        >>> guard = BedrockGuardrail(guardrail_identifier="abc123", guardrail_version="1", action="raise")
        >>> chain = prompt | guard | model | guard  # doctest: +SKIP

    Or by ``checks`` named here (InvokeGuardrailChecks), without a guardrail in the account:

        >>> guard = BedrockGuardrail(
        ...     checks={"promptAttack": ["JAILBREAK"], "sensitiveInformation": ["EMAIL"]},
        ...     threshold={"JAILBREAK": 0.8},
        ... )

    A score of ``threshold`` or more intervenes: personal data is masked (``{EMAIL}``), everything else is
    blocked, and ``blocked_message`` stands for it. Checks read text alone; an image is an error.

    What comes in goes out, of the same type. By ``action``, when the guardrail intervenes:

    - ``return``: the guardrail's text stands in the place of what was given: its blocked message, or the text
      with its masks. A blocked answer of a model calls no tools. Note that a blocked question goes on as the
      blocked message; to stop the chain instead, say ``raise``.
    - ``raise``: :class:`~langchain_bedrock_unified.errors.GuardrailIntervened`, its ``partial`` Bedrock's
      answer.
    - ``annotate``: nothing is changed; for messages alone, which have a place for it.

    Messages that were judged carry the outcome, without any matched text, in
    ``response_metadata["guardrail"]``; those of guardrails before it move to ``earlier_guardrails``. Text,
    search results, JSON of tools' results and images (png, jpeg) are judged; reasoning, documents and tool
    calls are not.

    ``grounding_source`` and ``query`` can be given to a single call, for contextual grounding of an answer:
    ``guard.invoke(answer, grounding_source="…", query="…")``.

    Raises:
        ConfigurationError: at construction: half a guardrail, one beside ``checks``, an unknown keyword,
            a value that cannot work.
        InvalidRequestError: by calls: an image that guardrails cannot read; ``annotate`` for plain text.
        GuardrailIntervened: by calls, with ``action="raise"``.
        BedrockError: by calls: the classes of :mod:`langchain_bedrock_unified.errors`.
    """

    model_config = ConfigDict(
        arbitrary_types_allowed=True, hide_input_in_errors=True, extra="forbid", defer_build=False
    )

    error_classes: ClassVar[Any] = ERROR_CLASSES

    guardrail_identifier: str | None = Field(default=None, description="guardrail id or ARN")
    guardrail_version: str | None = Field(default=None, description="number, or DRAFT")
    checks: dict[str, Any] | None = Field(
        default=None,
        description="instead of a guardrail: contentFilter, promptAttack, sensitiveInformation, each with a "
        "list of kinds or InvokeGuardrailChecks' own dict",
    )
    threshold: float | dict[str, float] = Field(
        default=THRESHOLD, description="score from which a check intervenes, for all kinds or by kind"
    )
    blocked_message: str = Field(default=BLOCKED, description="stands for what a check blocked")
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

    def __init__(self, **given: Any) -> None:
        with as_langchains():
            super().__init__(**given)

    @field_validator("guardrail_version", mode="before")
    @classmethod
    def _version_is_text(cls, value: Any) -> Any:
        return str(value) if isinstance(value, int) and not isinstance(value, bool) else value

    def _check(self) -> None:
        super()._check()
        given = {member: getattr(self, name) for member, name in _NAMES.items()}
        problem = self._ignored()
        if problem is None and self.checks is not None:
            problem = checks_problem(self.checks, self.threshold)
        elif problem is None:
            problem = guardrail_problem(given, needed=True, names=_NAMES)
        if problem is not None:
            message, hint = problem
            raise ConfigurationError(message, hint=hint)

    def _ignored(self) -> tuple[str, str] | None:
        """What would be ignored: a guardrail has thresholds and messages of its own."""
        of_guardrails, of_checks = (*_NAMES.values(), "output_scope"), ("threshold", "blocked_message")
        for name in of_guardrails if self.checks is not None else of_checks:
            if getattr(self, name) != type(self).model_fields[name].default:
                what = "checks" if self.checks is not None else "a guardrail"
                return f"{name} beside {what}, which would ignore it", "leave out the one or the other"
        return None

    def configurable_fields(self, **kwargs: AnyConfigurableField) -> RunnableSerializable[Any, Any]:
        """LangChain's, whose runs share the connections of this one where they do not choose others."""
        from .configured import ConfiguredPerRun  # few configure

        made = super().configurable_fields(**kwargs)
        return ConfiguredPerRun(default=made.default, fields=made.fields)  # type: ignore[attr-defined]

    def invoke(self, input: Guarded, config: RunnableConfig | None = None, **kwargs: Any) -> Any:
        """Judge ``input``; gives it back, or what the guardrail puts in its place."""
        return self._call_with_config(self._guard, input, config, **kwargs)

    async def ainvoke(self, input: Guarded, config: RunnableConfig | None = None, **kwargs: Any) -> Any:
        """The asynchronous :meth:`invoke`; several messages are judged at once."""
        return await self._acall_with_config(self._aguard, input, config, **kwargs)

    def _guard(self, given: Guarded, **how: Any) -> Any:
        task = _Task(self, given, how)
        ask = self.bedrock.apply_guardrail if self.checks is None else self.bedrock.invoke_guardrail_checks
        return task.result([ask(**request) for request in task.requests])

    async def _aguard(self, given: Guarded, **how: Any) -> Any:
        task = _Task(self, given, how)
        ask = self.bedrock.aapply_guardrail if self.checks is None else self.bedrock.ainvoke_guardrail_checks
        return task.result(await asyncio.gather(*(ask(**request) for request in task.requests)))


class _Task:
    """One call: what is to be judged, and what becomes of it.

    Attributes:
        requests: members of ApplyGuardrail, or of InvokeGuardrailChecks, one request for each message (or for
            the text).
    """

    def __init__(self, guard: BedrockGuardrail, given: Guarded, how: Mapping[str, Any]) -> None:
        self._guard = guard
        self._given = given
        self._context = _context(how, checks=guard.checks is not None)
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
            content = guarded_content(message, images=guard.checks is None)
            if content:
                self._judged.append(index)
                self._ask("OUTPUT" if isinstance(message, AIMessage) else "INPUT", content)

    def result(self, answers: Sequence[dict[str, Any]]) -> Any:
        """What was given, after the guardrail's answers to :attr:`requests`.

        Raises:
            GuardrailIntervened: it intervened, and that is to be an error.
        """
        outcomes: list[GuardrailOutcome] = []
        operation = "ApplyGuardrail" if self._guard.checks is None else "InvokeGuardrailChecks"
        for request, answer in zip(self.requests, answers, strict=True):
            outcome = self._outcome(request, answer)
            if outcome is None:
                raise adapted(BedrockError(f"{operation}'s answer has no assessments"))
            if outcome.intervened and self._guard.action == "raise":
                error = intervention(outcome, answer)
                error.operation = operation
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
            messages[index] = told(messages[index], outcome, replace=replace)
        if isinstance(self._given, PromptValue):
            return ChatPromptValue(messages=messages)
        return messages[0] if isinstance(self._given, BaseMessage) else messages

    def _outcome(self, request: dict[str, Any], answer: dict[str, Any]) -> GuardrailOutcome | None:
        guard = self._guard
        if guard.checks is None:
            return guardrail_outcome(answer, side="input" if request["source"] == "INPUT" else "output")
        [message] = request["messages"]
        return checks_outcome(
            answer,
            [block["text"] for block in message["content"]],
            side="output" if message["role"] == "assistant" else "input",
            threshold=guard.threshold,
            message=guard.blocked_message,
        )

    def _within_scope(self) -> list[int]:
        indices = [
            index for index, message in enumerate(self._messages) if not isinstance(message, SystemMessage)
        ]
        indices = indices or list(range(len(self._messages)))  # whoever gives these alone wants them judged
        return indices if self._guard.scope == "all" else indices[-1:]

    def _ask(self, source: str, content: list[dict[str, Any]]) -> None:
        guard = self._guard
        if guard.checks is not None:
            texts = [{"text": block["text"]["text"]} for block in content]
            message = {"role": _ROLES[guard.source or source], "content": texts}
            self.requests.append({"messages": [message], "checks": checks_member(guard.checks)})
            return
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


def _context(how: Mapping[str, Any], *, checks: bool) -> list[dict[str, Any]]:
    """The blocks an answer is held against."""
    unknown = [name for name in how if name not in _GROUNDING]
    if unknown:
        raise InvalidRequestError(
            f"BedrockGuardrail.invoke() has no parameter {unknown[0]!r}",
            hint=f"a single call takes {' and '.join(_GROUNDING)}; the rest is set at construction",
        )
    given = {name: how[name] for name in _GROUNDING if how.get(name)}
    if given and checks:
        raise InvalidRequestError(
            f"{next(iter(given))}: no check holds an answer against a source",
            hint="contextual grounding needs a guardrail: guardrail_identifier and guardrail_version",
        )
    if len(given) == 1:
        raise InvalidRequestError(
            f"{next(iter(given))} alone: the guardrail would check no grounding",
            hint=f"give both {' and '.join(_GROUNDING)}",
        )
    return [
        {"text": {"text": text, "qualifiers": [name]}}
        for name, value in given.items()
        for text in _texts(name, value)
    ]


def _texts(name: str, value: Any) -> list[str]:
    many = isinstance(value, Iterable) and not isinstance(value, (str, bytes, Mapping))
    texts: list[Any] = list(cast("Iterable[Any]", value)) if many else [value]
    if not all(isinstance(text, str) for text in texts):
        raise InvalidRequestError(f"{name} is {value!r:.80}", hint="give text, or a list of texts")
    return texts


def _qualified(block: dict[str, Any]) -> dict[str, Any]:
    if "text" not in block or "qualifiers" in block["text"]:
        return block
    return {"text": {**block["text"], "qualifiers": ["guard_content"]}}
