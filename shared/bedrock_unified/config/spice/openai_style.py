"""OpenAI's words for parameters of a chat, as Spice's overrides have them: what each is on Bedrock.

Where Converse has a place for a parameter it goes there. Where only some families' bodies know it, it goes
into ``additionalModelRequestFields`` of those, by the names in AWS's pages about their bodies (Cohere Command
R, AI21 Jamba, OpenAI's gpt-oss); that Converse passes them on is inferred. What no place is known for is an
error, unless its value asks for what is so anyway: then it is left out with a note.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, cast

from ...errors import InvalidRequestError
from ...models.profile import profile_of
from ..reading.said import Said

#: Keywords, or a sentence that says why it is left out. Raises ConfigurationError.
Override = Callable[[Said, str], "dict[str, Any] | str"]

_FIELDS: Mapping[str, frozenset[str]] = {
    "openai": frozenset(
        {"frequency_penalty", "presence_penalty", "seed", "logit_bias", "logprobs", "top_logprobs", "user"}
    ),
    "cohere": frozenset({"frequency_penalty", "presence_penalty", "seed"}),
    "ai21": frozenset({"frequency_penalty", "presence_penalty"}),
}


def _keyword(name: str, read: Callable[[Said], Any]) -> Override:
    return lambda said, model_id: {name: read(said)}


def any_number(said: Said) -> float:
    """A number, also as text; the class that is made knows its limits."""
    try:
        if isinstance(said.data, (int, float, str)) and not isinstance(said.data, bool):
            return float(said.data)
    except (ValueError, OverflowError):
        pass  # told below, like everything else that is no number
    raise said.wrong("it must be a number")


def _structure(said: Said) -> Any:
    """A mapping or list, also as JSON in text."""
    if not isinstance(said.data, str):
        return said.plain()
    try:
        return json.loads(said.data)
    except ValueError:
        return said.data


def _stops(said: Said) -> list[str]:
    found = _structure(said)
    if isinstance(found, str):
        return [found]
    if isinstance(found, list) and all(isinstance(one, str) for one in cast("list[Any]", found)):
        return cast("list[str]", found)
    return [said.text()]


def _metadata(said: Said) -> dict[str, str]:
    found = _structure(said)
    if not isinstance(found, dict):
        raise said.wrong("it must be keys and values", hint="metadata: {team: search}")
    members = cast("dict[str, Any]", found)
    return {key: one if isinstance(one, str) else json.dumps(one) for key, one in members.items()}


def _reads(said: Said, kind: str) -> Any:
    if kind == "switch":
        return said.switch()
    if kind == "whole":
        return said.whole(least=-(1 << 63))
    if kind == "number":
        return any_number(said)
    return said.text() if kind == "text" else _structure(said)


def _of_some_families(name: str, kind: str, needless: tuple[Any, ...] = ()) -> Override:
    """A field that some families' own bodies have."""

    def read(said: Said, model_id: str) -> dict[str, Any] | str:
        value = _reads(said, kind)
        if value in needless:
            return f"{name} asks for what every model does by itself"
        vendor = profile_of(model_id).vendor
        if name in _FIELDS.get(vendor or "", ()):
            return {"additional_model_request_fields": {name: value}}
        holders = [family for family, fields in _FIELDS.items() if name in fields]
        raise said.wrong(
            f"the model {model_id!r} has no {name}",
            hint=f"models of {', '.join(holders)} have it; leave it out, or give what the model knows as "
            "additional_model_request_fields"
            if holders
            else "no model on Bedrock has it; leave it out",
        )

    return read


def _refused(name: str, needless: tuple[Any, ...], why: str, hint: str, kind: str) -> Override:
    def read(said: Said, model_id: str) -> dict[str, Any] | str:
        if _reads(said, kind) in needless:
            return f"{name} asks for what is so anyway"
        raise said.wrong(f"{name} has no place in a call of {model_id!r}: {why}", hint=hint)

    return read


def _response_format(said: Said, model_id: str) -> dict[str, Any] | str:
    from ...converse.structured import text_format

    found = _structure(said)
    kind = cast("dict[str, Any]", found).get("type") if isinstance(found, dict) else found
    if kind == "text":
        return "text is what models answer with anyway"
    described = cast("dict[str, Any]", found).get("json_schema") if isinstance(found, dict) else None
    schema = cast("dict[str, Any]", described).get("schema") if isinstance(described, dict) else None
    if kind != "json_schema" or not isinstance(schema, dict):
        raise said.wrong(
            f"response_format has no place in a call of {model_id!r} but with a schema",
            hint="write {type: json_schema, json_schema: {name: …, schema: {…}}}",
        )
    members = cast("dict[str, Any]", described)
    if not profile_of(model_id).takes_schemas:
        raise said.wrong(
            f"the model {model_id!r} holds no answer to a JSON schema",
            hint="leave it out; with_structured_output() and structured_predict() know other ways",
        )
    try:
        written = text_format(
            cast("dict[str, Any]", schema), name=members.get("name"), description=members.get("description")
        )
    except InvalidRequestError as error:
        raise said.wrong(error.message, hint=error.hint) from None
    return {"output_config": {"textFormat": written}}


def _said_by_the_call(what: str) -> Override:
    return lambda said, model_id: what


OVERRIDES: Mapping[str, Override] = {
    "max_completion_tokens": _keyword("max_tokens", lambda said: said.whole(least=1)),
    "temperature": _keyword("temperature", any_number),
    "top_p": _keyword("top_p", any_number),
    "stop": _keyword("stop_sequences", _stops),
    "reasoning_effort": _keyword("reasoning", lambda said: said.text().lower()),
    "metadata": _keyword("request_metadata", _metadata),
    "parallel_tool_calls": _keyword("parallel_tool_calls", Said.switch),
    "response_format": _response_format,
    "stream": _said_by_the_call("the method that is called says whether an answer is streamed"),
    "stream_options": _said_by_the_call("the tokens of a stream are always told"),
    "frequency_penalty": _of_some_families("frequency_penalty", "number", (0.0,)),
    "presence_penalty": _of_some_families("presence_penalty", "number", (0.0,)),
    "seed": _of_some_families("seed", "whole"),
    "logit_bias": _of_some_families("logit_bias", "structure", ({},)),
    "logprobs": _of_some_families("logprobs", "switch", (False,)),
    "top_logprobs": _of_some_families("top_logprobs", "whole", (0,)),
    "user": _of_some_families("user", "text"),
    "n": _refused(
        "n",
        (1,),
        "Bedrock gives one answer a call",
        "leave it out, and call as often as you want answers",
        "whole",
    ),
    "store": _refused("store", (False,), "Bedrock keeps no answers", "leave it out", "switch"),
    "tool_choice": _refused(
        "tool_choice",
        ("auto",),
        "it belongs to a call's tools",
        "leave it out, and say it where the tools are given: bind_tools(…, tool_choice=…)",
        "text",
    ),
    "prompt_cache_key": _refused(
        "prompt_cache_key",
        (),
        "Bedrock finds cached prompts by their text",
        "write prompt_cache: auto",
        "text",
    ),
    "prompt_cache_retention": _refused(
        "prompt_cache_retention",
        ("in_memory", "in-memory"),
        "Bedrock's caches live for 5m or 1h",
        "write prompt_cache: auto and prompt_cache_ttl: 1h",
        "text",
    ),
}
