"""``response_format`` as LangChain's agents and OpenAI's users give it, as Converse's ``outputConfig``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bedrock_unified.wire import json_codec

from .errors import InvalidRequestError

_WAY_OUT = "write {'type': 'json_schema', 'json_schema': {'name': …, 'schema': {…}}}"
_NESTED = ("properties", "$defs", "definitions", "patternProperties")
_LISTS = ("anyOf", "allOf", "oneOf", "prefixItems")


def text_format(given: Any) -> dict[str, Any] | None:
    """``outputConfig.textFormat`` for a ``response_format``; None for one that asks for plain text.

    ``strict`` is not sent: Bedrock always holds the answer to the schema.

    Raises:
        InvalidRequestError: another kind of format, or members that have no form in Converse.
    """
    if given is None or (isinstance(given, Mapping) and given.get("type") == "text"):
        return None
    described = given.get("json_schema") if isinstance(given, Mapping) else None
    if not isinstance(described, Mapping) or given.get("type") != "json_schema":
        raise InvalidRequestError(f"response_format {given!r:.120} is not understood", hint=_WAY_OUT)
    schema = described.get("schema")
    unknown = {*(given.keys() - {"type", "json_schema"}), *described.keys() - {*_DESCRIPTION, "strict"}}
    if not isinstance(schema, Mapping) or unknown:
        what = f"has unknown members {', '.join(sorted(map(str, unknown)))}" if unknown else "has no schema"
        raise InvalidRequestError(f"response_format {what}", hint=_WAY_OUT)
    member: dict[str, Any] = {"schema": json_codec.dumps(closed(schema)).decode()}
    for name in ("name", "description"):
        if described.get(name):
            member[name] = described[name]
    return {"type": "json_schema", "structure": {"jsonSchema": member}}


def closed(schema: Any) -> Any:
    """The schema with ``additionalProperties: false`` wherever an object says nothing about it.

    Models refuse schemas of open objects, and Pydantic leaves it out. Source: Bedrock user guide, structured
    outputs.
    """
    if not isinstance(schema, Mapping):
        return schema
    result: dict[str, Any] = dict(schema)
    for name in _NESTED:
        if isinstance(held := result.get(name), Mapping):
            result[name] = {key: closed(value) for key, value in held.items()}
    for name in _LISTS:
        if isinstance(held := result.get(name), list):
            result[name] = [closed(value) for value in held]
    if isinstance(items := result.get("items"), Mapping):
        result["items"] = closed(items)
    if isinstance(result.get("properties"), Mapping):
        result.setdefault("additionalProperties", False)
    return result


_DESCRIPTION = ("name", "description", "schema")
