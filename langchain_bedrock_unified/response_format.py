"""``response_format`` as LangChain's agents and OpenAI's users give it, as Converse's ``outputConfig``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bedrock_unified.errors import BedrockError

from .errors import InvalidRequestError, adapted

_WAY_OUT = (
    "write {'type': 'json_schema', 'json_schema': {'name': …, 'schema': {…}}}, or give a Pydantic model; "
    "with_structured_output(method='json_mode') asks for JSON without a schema"
)
_DESCRIPTION = ("name", "description", "schema")


def text_format(given: Any) -> dict[str, Any] | None:
    """``outputConfig.textFormat`` for a ``response_format``; None for one that asks for plain text.

    Args:
        given: None, ``{"type": "text"}``, OpenAI's ``{"type": "json_schema", "json_schema": {…}}``, a
            Pydantic model, or a ``textFormat`` in Converse's shape, which is taken as it is. ``strict`` is
            not sent: Bedrock always holds the answer to the schema.

    Raises:
        InvalidRequestError: another kind of format, members that have no form in Converse, or a schema that
            Bedrock cannot hold an answer to.
    """
    if given is None or (isinstance(given, Mapping) and given.get("type") == "text"):
        return None
    if isinstance(given, type):
        from .structured import named_schema  # which needs this package's messages

        name, description, schema = named_schema(given)
        return _written(schema, name, description)
    if isinstance(given, Mapping) and given.keys() == {"type", "structure"}:
        return dict(given)
    described = given.get("json_schema") if isinstance(given, Mapping) else None
    if not isinstance(described, Mapping) or given.get("type") != "json_schema":
        raise InvalidRequestError(f"response_format {given!r:.120} is not understood", hint=_WAY_OUT)
    schema = described.get("schema")
    unknown = {*(given.keys() - {"type", "json_schema"}), *described.keys() - {*_DESCRIPTION, "strict"}}
    if not isinstance(schema, Mapping) or unknown:
        what = f"has unknown members {', '.join(sorted(map(str, unknown)))}" if unknown else "has no schema"
        raise InvalidRequestError(f"response_format {what}", hint=_WAY_OUT)
    return _written(schema, described.get("name"), described.get("description"))


def _written(schema: Mapping[str, Any], name: Any, description: Any) -> dict[str, Any]:
    from bedrock_unified.converse.structured import text_format as written  # few ask for it

    try:
        return written(schema, name=name, description=description)
    except BedrockError as error:
        raise adapted(error) from None
