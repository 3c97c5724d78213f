"""Requests for the policies' tests, and botocore's judgement of what comes back."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import botocore.session
from botocore.validate import ParamValidator

MODEL = "anthropic.claude-sonnet-4-5-20250929-v1:0"
_SHAPE = (
    botocore.session.Session().get_service_model("bedrock-runtime").operation_model("Converse").input_shape
)


def user(*content: Any) -> dict[str, Any]:
    """A user turn; text may stand for its block."""
    return {"role": "user", "content": [blocks(part) for part in content]}


def assistant(*content: Any) -> dict[str, Any]:
    """An assistant turn; text may stand for its block."""
    return {"role": "assistant", "content": [blocks(part) for part in content]}


def blocks(part: Any) -> Any:
    """A block; text may stand for it."""
    return {"text": part} if isinstance(part, str) else part


def tool(name: str) -> dict[str, Any]:
    """A tool without arguments."""
    return {"toolSpec": {"name": name, "inputSchema": {"json": {"type": "object", "properties": {}}}}}


def request(*messages: dict[str, Any], **members: Any) -> dict[str, Any]:
    """A Converse request."""
    return {"modelId": MODEL, "messages": list(messages or (user("hi"),)), **members}


def checked(made: Mapping[str, Any]) -> dict[str, Any]:
    """What a policy made, after botocore's validator saw nothing wrong with it."""
    problems = ParamValidator().validate(made, _SHAPE)
    assert not problems.has_errors(), problems.generate_report()
    return dict(made)


class Untouched:
    """Within it nobody changes the caller's request."""

    def __init__(self, given: Any) -> None:
        self.given, self.before = given, deepcopy(given)

    def __enter__(self) -> Any:
        return self.given

    def __exit__(self, *_: object) -> None:
        assert self.given == self.before
