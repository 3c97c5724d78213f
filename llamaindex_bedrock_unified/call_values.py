"""Values of a call's keywords: what they may be, and what stands for another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bedrock_unified.converse.checks import MEMBERS
from bedrock_unified.errors import InvalidRequestError

#: Members of a request, and parameters, that are dicts.
_DICTS = (MEMBERS - {"messages", "system", "modelId", "additionalModelResponseFieldPaths"}) | {
    "additional_model_request_fields",
    "capabilities",
    "performance_config",
    "request_metadata",
}
_LISTS = ("additionalModelResponseFieldPaths", "additional_model_response_field_paths")


def check_value(name: str, value: Any) -> None:
    """Refuse a value that is not of the kind that this keyword holds; None is one of each.

    Raises:
        InvalidRequestError: it names the value and what to write.
    """
    if value is None:
        return
    if name == "model" and not (isinstance(value, str) and value.strip()):
        raise InvalidRequestError(f"model is {value!r:.80}", hint="give an id; None is the model's own")
    if name == "fetch_media" and not isinstance(value, bool):
        raise InvalidRequestError(f"fetch_media is {value!r:.80}", hint="True allows downloads")
    if name in _DICTS and not isinstance(value, Mapping):
        raise InvalidRequestError(f"{name} must be a dict, not {value!r:.80}", hint=f"write {name}={{…: …}}")
    if name in _LISTS and not isinstance(value, (list, tuple)):
        raise InvalidRequestError(f"{name} must be a list, not {value!r:.80}", hint=f"write {name}=[…]")


def readable(name: str, value: Any) -> Any:
    """The value as the field of this name would have read it."""
    if name == "stop_sequences" and isinstance(value, str):
        return [value]
    if name == "guardrail_version" and isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value


def system_blocks(given: Any) -> list[Any]:
    """A system prompt as Converse's blocks: text, or the blocks themselves.

    Raises:
        InvalidRequestError: neither.
    """
    if isinstance(given, str):
        return [{"text": given}]
    if isinstance(given, (list, tuple)) and all(isinstance(block, Mapping) for block in given):
        return list(given)
    raise InvalidRequestError(
        f"system is {given!r:.80}", hint="give text, or a list of blocks: [{'text': …}]"
    )
