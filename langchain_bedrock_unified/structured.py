"""Structured output: the request's part of it, bound to the model, and a parser of what it answers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypedDict

from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.output_parsers import BaseCumulativeTransformOutputParser
from langchain_core.outputs import ChatGeneration, Generation
from langchain_core.utils.pydantic import is_basemodel_subclass
from pydantic import BaseModel, PydanticUserError

from bedrock_unified.chat.route import as_routed
from bedrock_unified.converse.structured import Answer, Reading, may_force_tools, with_schema
from bedrock_unified.converse.structured_answer import FUNCTION_CALLING, JSON_SCHEMA
from bedrock_unified.errors import BedrockError
from bedrock_unified.models.profile import profile_of

from .errors import InvalidRequestError, ModelRefusalError, StructuredOutputError, adapted
from .messages.to_converse import converse_messages
from .metadata import USAGE
from .tools import converse_tool, converse_tools, tool_names

if TYPE_CHECKING:
    from langchain_core.runnables import Runnable

    from .chat_models import ChatBedrock

_METHODS = {"json_schema": "json_schema", "function_calling": "function_calling", "json_mode": "json_text"}
_OURS = ("tool_choice", "response_format", "structured_output")
_ANY_OBJECT = {"type": "object"}
_WITHOUT_FORM = ("model_provider", "model_name", "guardrail")
#: Stop reasons of a refusal. A guardrail's intervention is none: the model was not asked, or did answer.
_REFUSED = ("refusal", "content_filtered")


class Wish(TypedDict):
    """What a binding keeps of ``with_structured_output()``; which way it is asked for, each call decides."""

    name: str
    description: str | None
    schema: dict[str, Any]
    method: str | None
    strict: bool | None


def structured(
    model: ChatBedrock,
    schema: dict[str, Any] | type | None,
    *,
    include_raw: bool = False,
    method: str | None = None,
    strict: bool | None = None,
    bound: Mapping[str, Any],
    on: Runnable[Any, Any] | None = None,
) -> Runnable[Any, Any]:
    """The model asked for this schema, its answer parsed into the schema's type.

    Args:
        bound: keywords of every call.
        on: what is asked instead of the model, which tells only how.
    """
    try:
        return _structured(model, schema, include_raw, method, strict, bound, model if on is None else on)
    except BedrockError as error:
        raise adapted(error) from error.__cause__


def _structured(
    model: ChatBedrock,
    schema: dict[str, Any] | type | None,
    include_raw: bool,
    method: str | None,
    strict: bool | None,
    bound: Mapping[str, Any],
    on: Runnable[Any, Any],
) -> Runnable[Any, Any]:
    if taken := set(_OURS).intersection(bound):
        raise InvalidRequestError(
            "with_structured_output() asks for its format itself and takes no " + " or ".join(sorted(taken)),
            hint="bind_tools([…]) on a model without structured output, or an agent with a response_format",
        )
    if method is not None and method not in _METHODS:
        raise InvalidRequestError(
            f"with_structured_output(method={method!r:.80}) is not known",
            hint=f"one of {', '.join(_METHODS)}",
        )
    if schema is None and method != "json_mode":
        raise InvalidRequestError(
            "with_structured_output() needs a schema", hint="give one, or method='json_mode' for any object"
        )
    shown = schema
    if isinstance(schema, Mapping) and schema.get("type") == "json_schema":
        schema = _of_response_format(schema)
    tools = converse_tools(bound.get("tools") or ())
    if tools and not include_raw:
        raise InvalidRequestError(
            "with_structured_output(tools=…) may be answered by a call of one of them, which is no value",
            hint="include_raw=True: the call is then in 'raw', and 'parsed' is None",
        )
    name, description, described = ("answer", None, _ANY_OBJECT) if schema is None else named_schema(schema)
    wish = Wish(
        name=name, description=description, schema=described, method=_METHODS.get(method or ""), strict=strict
    )
    _, reading = asked({"toolConfig": {"tools": tools}} if tools else {}, wish, model, bound)
    used = next(own for own, way in _METHODS.items() if way == reading.way)
    told = {"kwargs": {"method": used, "strict": strict}, "schema": described if schema is None else shown}
    answering = on.bind(**{**bound, "structured_output": wish, "ls_structured_output_format": told})
    output_type = schema if isinstance(schema, type) and is_basemodel_subclass(schema) else None
    parser = SchemaParser(
        reading=reading, any_way=method is None, others=tool_names(tools), model_class=output_type
    )
    if not include_raw:
        return answering | parser
    from .outcome import with_outcome  # few ask for it

    return with_outcome(answering, parser)


def _of_response_format(given: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of OpenAI's ``response_format``. Its ``strict`` says nothing more: what can be, is."""
    described = given.get("json_schema")
    schema = described.get("schema") if isinstance(described, Mapping) else None
    if not isinstance(described, Mapping) or not isinstance(schema, Mapping):
        raise InvalidRequestError(
            f"{given!r:.120} has no schema",
            hint="write {'type': 'json_schema', 'json_schema': {'name': …, 'schema': {…}}}",
        )
    about = {name: described[name] for name in ("name", "description") if described.get(name)}
    return {"name": "answer", **about, "parameters": schema}


def asked(
    request: Mapping[str, Any], wish: Wish, model: ChatBedrock, call: Mapping[str, Any]
) -> tuple[dict[str, Any], Reading]:
    """The request with the schema asked for in the way of this call's model, and how to read the answer.

    Args:
        call: the call's keywords by their canonical names; they may name another model than the binding's.

    Raises:
        InvalidRequestError: a schema that the method cannot hold, or a request with a format already.
    """

    def value(name: str) -> Any:
        return call[name] if name in call else getattr(model, name)

    known = profile_of(
        call.get("model_id") or call.get("model") or model.model_id,
        family=value("model_family"),
        overrides=value("capabilities"),
    )
    profile = as_routed(known, value("use_converse"))
    ready, reading = with_schema(
        request,
        wish["schema"],
        name=wish["name"],
        description=wish["description"],
        profile=profile,
        method=wish["method"],
        strict=wish["strict"],
        may_force=may_force_tools(profile, value("additional_model_request_fields"), value("reasoning")),
    )
    config = ready.get("toolConfig") or {}
    if request.get("toolConfig") and "tool" in config.get("toolChoice", {}) and "any" in profile.tool_choices:
        ready["toolConfig"] = {**config, "toolChoice": {"any": {}}}  # the other tools are there to be called
    return ready, reading


def named_schema(schema: Any) -> tuple[str, str | None, dict[str, Any]]:
    """Name, description and JSON schema of what a user gives as a schema.

    Raises:
        InvalidRequestError: it is none.
    """
    described: dict[str, Any] | None = None
    if isinstance(schema, type) and issubclass(schema, BaseModel):
        with suppress(PydanticUserError):  # a field that JSON has no form for: said below, as of a tool
            described = schema.model_json_schema()
    elif isinstance(schema, Mapping) and "title" in schema and not {"name", "function"} & schema.keys():
        described = dict(schema)
    if described is not None:
        name = str(described.pop("title", "") or getattr(schema, "__name__", ""))
        return name, described.pop("description", None), described
    spec = converse_tool(schema).get("toolSpec")
    if spec is None:
        raise InvalidRequestError(
            f"{schema!r:.120} is no schema", hint="give a Pydantic model, a TypedDict or a JSON schema"
        )
    return spec["name"], spec.get("description"), spec["inputSchema"]["json"]


class SchemaParser(BaseCumulativeTransformOutputParser[Any]):
    """Answers to the values that they hold: an object of ``model_class``, or a dict without one.

    In streams, the value as far as it has come; of a class, from when it is one. None where the model called
    one of the caller's tools instead.

    Attributes:
        reading: how the binding's own model is asked.
        any_way: whether a call's model may have been asked in another way.
        others: names of the caller's tools.

    Raises:
        ModelRefusalError: the model refused to answer.
        StructuredOutputError: the answer holds no such value.
    """

    reading: Reading
    any_way: bool = False
    others: frozenset[str] = frozenset()
    model_class: Any = None

    @property
    def OutputType(self) -> Any:
        """The class of the values."""
        return self.model_class or dict[str, Any]

    @property
    def _type(self) -> str:
        return "bedrock_schema"

    def parse(self, text: str) -> Any:
        """The value in a text."""
        return self._read(AIMessage(content=text))

    def parse_result(self, result: list[Generation], *, partial: bool = False) -> Any:
        """The value in an answer; ``partial``: as far as it has come, None where it has not begun."""
        first = result[0]
        message = first.message if isinstance(first, ChatGeneration) else AIMessage(content=first.text)
        return self._so_far(message) if partial else self._read(message)

    def _transform(self, input: Iterator[str | BaseMessage]) -> Iterator[Any]:
        whole = shown = None
        for piece in input:
            whole = _joined(whole, piece)
            value = self._so_far(whole)
            if value is not None and value != shown:
                shown = value
                yield value
        if (value := self._read(whole or AIMessage(content=""))) != shown:
            yield value

    async def _atransform(self, input: AsyncIterator[str | BaseMessage]) -> AsyncIterator[Any]:
        whole = shown = None
        async for piece in input:
            whole = _joined(whole, piece)
            value = self._so_far(whole)
            if value is not None and value != shown:
                shown = value
                yield value
        if (value := self._read(whole or AIMessage(content=""))) != shown:
            yield value

    def _so_far(self, message: BaseMessage) -> Any:
        answer = _answer(message)
        value = self._reading_of(answer).so_far(answer)
        if value is None or self.model_class is None:
            return value
        try:
            return _object(self.model_class, value)
        except ValueError:  # not yet
            return None

    def _reading_of(self, answer: Answer) -> Reading:
        """How this answer is read: what it holds tells which way its model was asked."""
        if not self.any_way:
            return self.reading
        if any(name == self.reading.name for name, _ in answer.calls):
            return replace(self.reading, way=FUNCTION_CALLING)
        if not answer.calls and answer.text.lstrip().startswith("{"):
            return replace(self.reading, way=JSON_SCHEMA)
        return self.reading

    def _read(self, message: BaseMessage) -> Any:
        answer = _answer(message)
        response = _response(message)
        reading = self._reading_of(answer)
        called = {name for name, _ in answer.calls}
        if called & self.others and reading.name not in called:
            return None
        try:
            value = reading.read(answer, response)
        except BedrockError as error:
            if answer.stop_reason not in _REFUSED:
                raise adapted(error) from None
            refusal = ModelRefusalError(error.message, **error.details())
            refusal.raw_message = message
            raise refusal from None
        if self.model_class is None:
            return value
        try:
            return _object(self.model_class, value)
        except ValueError as error:
            raise StructuredOutputError(
                f"the answer is no {self.model_class.__name__}: {_findings(error)}",
                hint="try again, or describe the fields that the model gets wrong",
                partial=response,
            ) from error


def _joined(whole: Any, piece: str | BaseMessage) -> Any:
    if isinstance(piece, str):
        piece = AIMessageChunk(content=piece)
    return piece if whole is None else whole + piece


def _object(kind: Any, value: Any) -> Any:
    """An object of the class, of pydantic's version 2 or 1."""
    return kind.model_validate(value) if hasattr(kind, "model_validate") else kind.parse_obj(value)


def _findings(error: ValueError) -> str:
    """What pydantic found, without the values."""
    found = getattr(error, "errors", None)
    if found is None:
        return str(error)[:300]
    return "; ".join(f"{'.'.join(map(str, each['loc'])) or 'it'}: {each['msg']}" for each in found())[:600]


def _answer(message: BaseMessage) -> Answer:
    calls: list[tuple[str, Any]] = []
    if isinstance(message, AIMessageChunk) and message.tool_call_chunks:
        # Their text: tool_calls of a chunk are completed, as if what was cut were whole.
        calls = [(chunk["name"] or "", chunk["args"] or "") for chunk in message.tool_call_chunks]
    elif isinstance(message, AIMessage):
        calls = [(call["name"], call["args"]) for call in message.tool_calls]
        calls += [(call["name"] or "", call["args"]) for call in message.invalid_tool_calls]
    return Answer(str(message.text), calls, message.response_metadata.get("stopReason"))


def _response(message: BaseMessage) -> dict[str, Any]:
    """The Converse response behind a message."""
    turns, _ = converse_messages([message])
    said = {name: value for name, value in message.response_metadata.items() if name not in _WITHOUT_FORM}
    if USAGE in said:
        said["usage"] = said.pop(USAGE)
    content = turns[0]["content"] if turns else []
    return {**said, "output": {"message": {"role": "assistant", "content": content}}}
