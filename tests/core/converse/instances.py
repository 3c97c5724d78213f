"""Instances of botocore's shapes: every member, every kind of every union, every word of every enum.

Nothing is random, so that a failure names the member.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import botocore.session
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StringShape, StructureShape

#: What a document holds: keys in every spelling, and all that JSON has.
DOCUMENT = {"user_id": 1, "userId": [None, True, 0.5, "é"], "text": {"bytes": "aGk="}}
_DEEPEST = 24
_PATTERNS = {
    "ToolUseId": "tooluse_1",
    "ToolName": "tool_1",
    "S3Uri": "s3://bucket/folder/key.bin",
    "AccountId": "123456789012",
    "RequestMetadataKeyString": "team",
    "RequestMetadataValueString": "search",
}


@lru_cache
def runtime() -> ServiceModel:
    """The installed service model."""
    return botocore.session.get_session().get_service_model("bedrock-runtime")


def shape(*path: str) -> Any:
    """A shape by its operation, ``in`` or ``out``, and the members from there, ``[]`` for a list's."""
    operation, side, *members = path
    model = runtime().operation_model(operation)
    found: Any = model.input_shape if side == "in" else model.output_shape
    for member in members:
        found = found.member if member == "[]" else found.members[member]
    return found


def kinds(*path: str) -> list[str]:
    """The members of a structure or union: parameters of a test that names what fails."""
    return list(shape(*path).members)


def of_kind(kind: str, *path: str) -> list[Any]:
    """Instances of a structure or union that have this member."""
    return [instance for instance in instances(*path) if kind in instance]


@lru_cache
def instances(*path: str) -> list[Any]:
    """Instances that together have every member: all at once where they can be, and each alone."""
    return list({repr(instance): instance for instance in _instances(shape(*path), 0)}.values())


def _instances(of: Shape, depth: int) -> Iterator[Any]:
    assert depth < _DEEPEST, f"{of.name} holds itself"
    if getattr(of, "is_document_type", False):
        yield DOCUMENT
    elif isinstance(of, StructureShape):
        yield from _structures(of, depth)
    elif isinstance(of, ListShape):
        items = instances_of(of.member, depth + 1)
        yield from ([item] for item in items)
        if len(items) > 1:
            yield items[:2]
    elif isinstance(of, MapShape):
        yield from ({_text(of.key): value} for value in instances_of(of.value, depth + 1))
    else:
        yield from _leaves(of)


def instances_of(of: Shape, depth: int) -> list[Any]:
    """All instances at a depth."""
    return list(_instances(of, depth))


def _structures(of: StructureShape, depth: int) -> Iterator[dict[str, Any]]:
    if of.is_tagged_union:
        for name, member in of.members.items():
            yield from ({name: value} for value in _instances(member, depth + 1))
        return
    members = {name: instances_of(member, depth + 1) for name, member in of.members.items()}
    full = {name: values[0] for name, values in members.items()}
    needed = {name: full[name] for name in of.required_members}
    yield full
    yield needed
    for name, values in members.items():
        yield {**needed, name: values[0]}
        yield from ({**full, name: value} for value in values[1:])


def _leaves(of: Shape) -> Iterator[Any]:
    kind = of.type_name
    if kind == "string":
        yield from (of.enum if isinstance(of, StringShape) and of.enum else [_text(of)])
    elif kind == "blob":
        yield b"\x00\xff bytes"
    elif kind in ("integer", "long"):
        yield 7
        yield int(of.metadata.get("min", 0))
    elif kind in ("float", "double"):
        yield 0.25
    elif kind == "boolean":
        yield True
        yield False
    elif kind == "timestamp":
        yield 1_700_000_000
    else:
        raise AssertionError(f"no instance for the type {kind} of {of.name}")


def _text(of: Shape) -> str:
    return _PATTERNS.get(of.name, f"some {of.name}")
