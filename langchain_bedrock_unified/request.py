"""One call's Converse request: the model's parameters, this call's own, and the messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from langchain_core.messages import BaseMessage

from bedrock_unified.converse.checks import MEMBERS
from bedrock_unified.converse.results import FILLER
from bedrock_unified.converse.tools import NONE, choice_and_parallel, is_none, tool_choice
from bedrock_unified.errors import ConfigurationError
from bedrock_unified.parameters import CALL_PARAMETERS, ConnectionParameters
from bedrock_unified.spelling import canonical

from .errors import InvalidRequestError
from .incumbent import call_keywords
from .messages.to_converse import converse_messages, system_blocks
from .model_id import SPELLINGS
from .response_format import text_format
from .tools import converse_tools, tool_names

if TYPE_CHECKING:
    from .chat_models import ChatBedrock

Request = dict[str, Any]

#: Converse members that a call may give by their own names.
_RAW = MEMBERS - {"messages", "modelId", "system"}
# "structured_output" is bound by with_structured_output(): a schema, and the wishes about it;
# "tool_choice_implied" by bind_tools().
_OWN = frozenset(
    {
        *("model_id", "system", "output_config", "response_format", "structured_output"),
        *("tools", "tool_choice", "tool_choice_implied"),
    }
)
_KNOWN = CALL_PARAMETERS | _OWN | _RAW
_KINDS: Mapping[str, type[Any]] = {
    **dict.fromkeys(("capabilities", "inferenceConfig", "additional_model_request_fields"), Mapping),
    "model_family": str,
}
#: What langchain-core itself puts among a call's keywords; it has been heeded before the call comes here.
_LANGCHAINS = ("stream", "streaming", "ls_structured_output_format", "structured_output_format")


def converse_request(
    model: ChatBedrock,
    messages: Sequence[BaseMessage],
    stop: Sequence[str] | None,
    given: Mapping[str, Any],
    *,
    streaming: bool,
) -> Request:
    """The request of one call: the keywords of :meth:`bedrock_unified.BedrockClient.converse`.

    Args:
        stop: stop sequences of this call, instead of the model's own.
        given: the call's keywords: any field of :class:`~bedrock_unified.parameters.ConverseParameters`,
            ``model``, ``system``, ``tools``, ``tool_choice``, ``output_config``, ``response_format``, or a
            member of Converse by its own name. ``additional_model_request_fields`` are laid over the
            model's own; None takes those out, too.

    Raises:
        InvalidRequestError: an unknown keyword, or content that Converse has no form for.
        ConfigurationError: half a guardrail.
    """
    call = _with_own_fields(model, _with_parallel(_checked(_named(model, given)))) if given else {}
    turns, system = converse_messages(messages, system_blocks(call.get("system", model.system)))
    if not turns and messages and all(message.type == "system" for message in messages):
        turns = [{"role": "user", "content": [{"text": FILLER}]}]  # Bedrock wants a question
    request: Request = {
        "modelId": call.get("model_id") or model.model_id,
        "messages": turns,
        **model.converse_members(call, stop=stop, streaming=streaming),
    }
    if system:
        request["system"] = system
    output_config = _output_config(model, call)
    if output_config:
        request["outputConfig"] = output_config
    tool_config = _tool_config(call)
    if tool_config:
        request["toolConfig"] = tool_config
    for name in _RAW.intersection(call):
        _put_raw(request, name, call[name])
    implied = frozenset({"tool_choice"} if call.get("tool_choice_implied") else ())
    if (wish := call.get("structured_output")) is not None:
        from .structured import asked  # which needs langchain-core's parsers

        request, reading = asked(request, wish, model, call)
        implied |= reading.implied
    request["options"] = model.chat_options(call, implied=implied)
    return request


def answerable(request: Request, messages: Sequence[BaseMessage]) -> Request:
    """The request of a call, which has a question; where tokens are counted there may be none.

    Raises:
        InvalidRequestError: nothing in the messages says anything.
    """
    if messages and not request["messages"] and ":prompt/" not in request["modelId"]:
        raise InvalidRequestError(
            f"the messages say nothing: {[message.content for message in messages]!r:.120}",
            hint="send at least one user message that is not blank",
        )
    return request


def _output_config(model: ChatBedrock, call: Mapping[str, Any]) -> dict[str, Any] | None:
    config = call.get("output_config", model.output_config)
    asked = text_format(call.get("response_format"))
    if asked is None:
        return config
    for name in ("output_config", "outputConfig"):
        if "textFormat" in (call.get(name) or {}):
            raise InvalidRequestError(
                f"a call was given response_format next to a textFormat in {name}, which mean the same",
                hint="keep one of them",
            )
    return {**(config or {}), "textFormat": asked}


def _put_raw(request: Request, name: str, value: Any) -> None:
    """A member by its own name replaces what the model's parameters say; None takes it out."""
    if name == "inferenceConfig" and isinstance(value, Mapping):
        request[name] = {**request.get(name, {}), **value}
    elif value is None:
        request.pop(name, None)
    else:
        request[name] = value


def _named(model: ChatBedrock, given: Mapping[str, Any]) -> dict[str, Any]:
    """The call's keywords under their canonical names."""
    wanted = {name: value for name, value in given.items() if name not in _LANGCHAINS}
    try:
        return canonical(call_keywords(wanted), _KNOWN, where="this call", also=SPELLINGS)
    except ConfigurationError as error:
        raise _explained(model, wanted, error) from None


def _explained(
    model: ChatBedrock, given: Mapping[str, Any], error: ConfigurationError
) -> InvalidRequestError:
    for name in given:
        if name in type(model).model_fields and name not in _KNOWN:
            whose = "connection" if name in ConnectionParameters.model_fields else "model"
            return InvalidRequestError(
                f"{name!r} belongs to the {whose} and cannot be given to a single call",
                hint=f"give it to the model: ChatBedrock({name}=…), or make it configurable_fields",
            )
    return InvalidRequestError(error.message, hint=error.hint)


def _checked(call: dict[str, Any]) -> dict[str, Any]:
    """The call, whose keywords that are read here and not by Bedrock are of the kind that they must be."""
    for name, kind in _KINDS.items():
        value = call.get(name)
        if value is not None and not isinstance(value, kind):
            wanted = "text" if kind is str else "a dict"
            raise InvalidRequestError(f"{name} is {value!r:.80}", hint=f"give {wanted}, or leave it out")
    model_id = call.get("model_id")
    if model_id is not None and not model_id:
        raise InvalidRequestError(f"model is {model_id!r:.80}", hint="give an id; None is the model's own")
    return call


def _with_own_fields(model: ChatBedrock, call: dict[str, Any]) -> dict[str, Any]:
    """A call's fields of the model beside those that the model has already, as in langchain-aws."""
    name = "additional_model_request_fields"
    own, fields = model.additional_model_request_fields, call.get(name)
    if not own or not isinstance(fields, Mapping):
        return call
    return {**call, name: {**own, **fields}}


def _with_parallel(call: dict[str, Any]) -> dict[str, Any]:
    choice, parallel = choice_and_parallel(call.get("tool_choice"), call.get("parallel_tool_calls"))
    if choice is call.get("tool_choice"):
        return call
    return {**call, "tool_choice": choice, "parallel_tool_calls": parallel}


def _tool_config(call: Mapping[str, Any]) -> dict[str, Any] | None:
    tools, choice = call.get("tools"), call.get("tool_choice")
    if call.get("toolConfig") is not None:
        if tools or choice is not None:
            raise InvalidRequestError(
                "a call was given toolConfig next to tools or tool_choice, which mean the same",
                hint="keep one of them",
            )
        return None
    if tools:
        converted = converse_tools(tools)
        config: dict[str, Any] = {"tools": converted}
        if is_none(choice):
            return {**config, "toolChoice": dict(NONE)}
        chosen = tool_choice(choice, tool_names(converted))
        if chosen is not None:
            config["toolChoice"] = chosen
        return config
    if is_none(choice):
        return {"toolChoice": dict(NONE)}  # calls of the history become text
    if choice is not None:
        tool_choice(choice, frozenset())  # a name is refused by the list of tools, which is empty
        if choice != "auto":
            raise InvalidRequestError(
                f"tool_choice is {choice!r} but there are no tools", hint="bind tools with bind_tools([...])"
            )
    return None
