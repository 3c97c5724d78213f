"""JSON bodies and botocore's service model: which members it knows, and which of them are blobs."""

from __future__ import annotations

from base64 import b64decode
from functools import cache
from typing import Any

from botocore.model import ServiceModel
from botocore.session import get_session

#: botocore's shapes; which attributes one has depends on its ``type_name``.
Shape = Any


@cache
def service(name: str) -> ServiceModel:
    """The installed model of a service."""
    return get_session().get_service_model(name)


def output_shape(operation: str, *, plane: str = "bedrock-runtime") -> Shape:
    """What an operation answers."""
    return service(plane).operation_model(operation).output_shape


def input_shape(operation: str, *, plane: str = "bedrock-runtime") -> Shape:
    """What an operation takes."""
    return service(plane).operation_model(operation).input_shape


def event_shape(operation: str) -> Shape:
    """What the events of a streaming operation are."""
    return next(
        member
        for member in output_shape(operation).members.values()
        if getattr(member, "serialization", {}).get("eventstream")
    )


def as_botocore_takes(shape: Shape, value: Any) -> Any:
    """A recorded JSON body in boto3's form: blobs as bytes. What the model does not know stays."""
    if shape.type_name == "blob" and isinstance(value, str):
        return b64decode(value)
    if shape.type_name == "structure" and isinstance(value, dict) and not _is_document(shape):
        return {
            name: as_botocore_takes(shape.members[name], item) if name in shape.members else item
            for name, item in value.items()
        }
    if shape.type_name == "list" and isinstance(value, list):
        return [as_botocore_takes(shape.member, item) for item in value]
    if shape.type_name == "map" and isinstance(value, dict):
        return {name: as_botocore_takes(shape.value, item) for name, item in value.items()}
    return value


def as_botocore_gives(shape: Shape, value: Any) -> Any:
    """A response cut to what botocore would have kept: modelled members that are not null."""
    if shape.type_name == "structure" and isinstance(value, dict) and not _is_document(shape):
        return {
            name: as_botocore_gives(shape.members[name], item)
            for name, item in value.items()
            if name in shape.members and item is not None
        }
    if shape.type_name == "list" and isinstance(value, list):
        return [as_botocore_gives(shape.member, item) for item in value]
    if shape.type_name == "map" and isinstance(value, dict):
        return {name: as_botocore_gives(shape.value, item) for name, item in value.items()}
    return value


def _is_document(shape: Shape) -> bool:
    return bool(getattr(shape, "is_document_type", False))
