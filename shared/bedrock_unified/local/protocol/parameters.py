"""From an HTTP request to the parameters boto3's caller gave, checked against the service model.

What the model constrains (type, required, enum, length, range, pattern, one member of a union) is answered
with the sentence AWS's validation layer writes. Two things are stricter here than at AWS: a member the model
does not know is refused, because in a test that is a typing error, and so is a JSON value of the wrong type,
which AWS refuses too but in several wordings.
"""

from __future__ import annotations

import base64
import binascii
import functools
import re
from collections.abc import Callable, Mapping
from typing import Any, cast
from urllib.parse import parse_qsl, unquote

from bedrock_unified.wire import json_codec

from ..problems import invalid

_SHOWN = 10

# Values that AWS sends, takes back in the next request and yet leaves out of its model. Claude's tool calls
# have
# carried this type since November 2025; programs that append a response's message to their history send it
# back.
# That AWS accepts it is inferred from how many do so: no recorded request has it.
_UNMODELLED: dict[str, tuple[str, ...]] = {"ToolUseType": ("tool_use",)}
"""AWS lists at most this many violations in one message."""


class _Violations:
    def __init__(self) -> None:
        self.found: list[str] = []

    def add(self, path: str, rule: str, value: Any = None) -> None:
        shown = "" if value is None else f" '{value}'"
        self.found.append(f"Value{shown} at '{path}' failed to satisfy constraint: {rule}")

    def raise_any(self) -> None:
        if self.found:
            count = len(self.found)
            plural = "s" if count > 1 else ""
            raise invalid(f"{count} validation error{plural} detected: " + "; ".join(self.found[:_SHOWN]))


def read_parameters(
    operation: Any,
    labels: Mapping[str, str],
    query: str,
    headers: Mapping[str, str],
    body: bytes,
) -> dict[str, Any]:
    """The request's members as boto3's caller would write them: labels decoded, blobs as ``bytes``.

    ``operation`` is botocore's operation model, ``labels`` the raw path segments, ``headers``
    case-insensitive. Raises ``Problem`` (ValidationException) for what the service model does not allow.
    """
    shape = operation.input_shape
    if shape is None:
        return {}
    found = _Violations()
    params: dict[str, Any] = {}
    queries = dict(parse_qsl(query, keep_blank_values=True))
    in_body: dict[str, Any] = {}
    payload = cast("dict[str, Any]", shape.serialization).get("payload")
    for name, member in cast("dict[str, Any]", shape.members).items():
        place = member.serialization.get("location")
        key = member.serialization.get("name", name)
        raw: str | None
        if place == "uri":
            raw = unquote(labels[key]) if key in labels else None
        elif place == "querystring":
            raw = queries.get(key)
        elif place == "header":
            raw = headers.get(key)
        else:
            if name != payload:
                in_body[key] = member
            continue
        if raw is not None:
            params[name] = _check(member, _from_text(member, raw, name), name, found)
    if payload is not None:
        params[payload] = _payload(shape.members[payload], body, str(payload), found)
    elif in_body:
        params.update(_members(_json_object(body), in_body, "", found))
    for name in cast("list[str]", shape.required_members):
        if name not in params:
            found.add(name, "Member must not be null")
    found.raise_any()
    return params


def _json_object(body: bytes) -> dict[str, Any]:
    if not body:
        return {}
    try:
        value = json_codec.loads(body)
    except ValueError:
        raise invalid("Malformed input request, please reformat your input and try again.") from None
    if not isinstance(value, dict):
        raise invalid("Malformed input request, please reformat your input and try again.")
    return cast("dict[str, Any]", value)


def _payload(shape: Any, body: bytes, name: str, found: _Violations) -> Any:
    if shape.type_name == "blob":
        return _check(shape, body, name, found)
    return _convert(shape, _json_object(body), name, found)


def _from_text(shape: Any, raw: str, path: str) -> Any:
    kind = shape.type_name
    try:
        if kind in {"integer", "long"}:
            return int(raw)
        if kind in {"float", "double"}:
            return float(raw)
    except ValueError:
        raise invalid(f"1 validation error detected: Value '{raw}' at '{path}' is not a number") from None
    if kind == "boolean":
        return raw == "true"
    return raw


def _members(
    value: dict[str, Any], members: Mapping[str, Any], path: str, found: _Violations
) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, item in value.items():
        where = f"{path}.{key}" if path else key
        member = members.get(key)
        if member is None:
            found.add(where, f"Member is not one of [{', '.join(sorted(members))}]")
        elif item is not None:  # AWS reads an explicit null as absent
            result[key] = _convert(member, item, where, found)
    return result


def _convert(shape: Any, value: Any, path: str, found: _Violations) -> Any:
    if getattr(shape, "is_document_type", False):
        return value
    convert = _CONVERTERS.get(shape.type_name)
    if convert is None:
        return value
    return convert(shape, value, path, found)


def _structure(shape: Any, value: Any, path: str, found: _Violations) -> Any:
    if not isinstance(value, dict):
        found.add(path, "Member must be an object")
        return {}
    result = _members(cast("dict[str, Any]", value), _wire_members(shape), path, found)
    for name in cast("list[str]", shape.required_members):
        if name not in result and not any(
            entry.startswith(f"Value at '{path}.{name}'") for entry in found.found
        ):
            found.add(f"{path}.{name}", "Member must not be null")
    if shape.is_tagged_union and len(result) != 1:
        found.add(path, f"Member must set exactly one of [{', '.join(sorted(shape.members))}]")
    return result


def _wire_members(shape: Any) -> dict[str, Any]:
    return {m.serialization.get("name", n): m for n, m in cast("dict[str, Any]", shape.members).items()}


def _list(shape: Any, value: Any, path: str, found: _Violations) -> Any:
    if not isinstance(value, list):
        found.add(path, "Member must be a list")
        return []
    items = cast("list[Any]", value)
    _check(shape, items, path, found)
    return [_convert(shape.member, item, f"{path}.{i + 1}.member", found) for i, item in enumerate(items)]


def _map(shape: Any, value: Any, path: str, found: _Violations) -> Any:
    if not isinstance(value, dict):
        found.add(path, "Member must be a map")
        return {}
    entries = cast("dict[str, Any]", value)
    _check(shape, entries, path, found)
    for key in entries:
        _check(shape.key, key, f"{path}.key", found)
    return {key: _convert(shape.value, item, f"{path}.{key}", found) for key, item in entries.items()}


def _blob(shape: Any, value: Any, path: str, found: _Violations) -> Any:
    if isinstance(value, str):
        try:
            return _check(shape, base64.b64decode(value, validate=True), path, found)
        except binascii.Error:
            pass
    found.add(path, "Member must be base64-encoded")
    return b""


def _string(shape: Any, value: Any, path: str, found: _Violations) -> Any:
    if isinstance(value, str):
        return _check(shape, value, path, found)
    found.add(path, "Member must be a string")
    return ""


def _number(shape: Any, value: Any, path: str, found: _Violations) -> Any:
    whole = shape.type_name in {"integer", "long"}
    wanted = (int,) if whole else (int, float)
    if isinstance(value, bool) or not isinstance(value, wanted):
        found.add(path, f"Member must be {'an integer' if whole else 'a number'}")
        return 0
    return _check(shape, value, path, found)


def _boolean(shape: Any, value: Any, path: str, found: _Violations) -> Any:
    if not isinstance(value, bool):
        found.add(path, "Member must be a boolean")
    return value


_CONVERTERS: dict[str, Callable[[Any, Any, str, _Violations], Any]] = {
    "structure": _structure,
    "list": _list,
    "map": _map,
    "blob": _blob,
    "string": _string,
    "integer": _number,
    "long": _number,
    "float": _number,
    "double": _number,
    "boolean": _boolean,
}


def _check(shape: Any, value: Any, path: str, found: _Violations) -> Any:
    """Enum, pattern, length and range, worded as AWS's validation layer words them."""
    limits = cast("dict[str, Any]", shape.metadata)
    if not limits:
        return value
    low, high = limits.get("min"), limits.get("max")
    if shape.type_name in {"integer", "long", "float", "double"}:
        if low is not None and value < low:
            found.add(path, f"Member must have value greater than or equal to {low}", value)
        if high is not None and value > high:
            found.add(path, f"Member must have value less than or equal to {high}", value)
        return value
    shown = value if isinstance(value, str) and len(value) <= 200 else None
    if low is not None and len(value) < low:
        found.add(path, f"Member must have length greater than or equal to {low}", shown)
    elif high is not None and len(value) > high:
        found.add(path, f"Member must have length less than or equal to {high}", shown)
    if isinstance(value, str):
        choices = [*(cast("list[str] | None", limits.get("enum")) or ()), *_UNMODELLED.get(shape.name, ())]
        if choices and value not in choices:
            found.add(path, f"Member must satisfy enum value set: [{', '.join(choices)}]", shown)
        pattern = cast("str | None", limits.get("pattern"))
        compiled = _compiled(pattern) if pattern else None
        if compiled and not compiled.fullmatch(value):
            found.add(path, f"Member must satisfy regular expression pattern: {pattern}", shown)
    return value


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str] | None:
    try:
        return re.compile(pattern)
    except re.error:
        # Java's own syntax (\\p{L}); the control plane has it in operations that are not served here.
        return None
