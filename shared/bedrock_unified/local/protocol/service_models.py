"""The botocore service models that requests are checked against, loaded once for the process."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import Any, cast

from ..shapes import botocore

RUNTIME = "bedrock-runtime"
CONTROL = "bedrock"
AGENT = "bedrock-agent-runtime"


@functools.cache
def service_model(service: str) -> Any:
    """botocore's ``ServiceModel`` of ``service`` (about 20 ms for the runtime, more for the control
    plane).
    """
    described = botocore("loaders").Loader().load_service_model(service, "service-2")
    return botocore("model").ServiceModel(described, service)


@functools.cache
def operation_model(service: str, operation: str) -> Any:
    """botocore's ``OperationModel``."""
    return service_model(service).operation_model(operation)


@dataclass(frozen=True)
class Route:
    """One operation of one service and the requests that mean it."""

    service: str
    operation: str
    method: str
    path: re.Pattern[str]


@functools.cache
def routes(service: str) -> tuple[Route, ...]:
    """Every operation that ``service`` models, most literal path first."""
    found: list[tuple[int, Route]] = []
    model = service_model(service)
    for name in cast("list[str]", model.operation_names):
        http = cast("dict[str, Any]", model.operation_model(name).http)
        uri = str(http["requestUri"]).split("?", 1)[0]
        found.append((uri.count("{"), Route(service, name, str(http["method"]), _path_pattern(uri))))
    return tuple(route for _, route in sorted(found, key=lambda pair: pair[0]))


def _path_pattern(uri: str) -> re.Pattern[str]:
    parts: list[str] = []
    for piece in re.split(r"(\{[^}]+\})", uri):
        if piece.startswith("{"):
            label = piece[1:-1]
            greedy = label.endswith("+")
            parts.append(f"(?P<{label.rstrip('+')}>{'.+' if greedy else '[^/]+'})")
        else:
            parts.append(re.escape(piece))
    return re.compile("".join(parts) + "/?")


def find_route(method: str, path: str) -> tuple[Route, dict[str, str]] | None:
    """The operation meant by ``method`` and the raw (still percent-encoded) ``path``, with its labels."""
    for service in (RUNTIME, CONTROL, AGENT):
        for route in routes(service):
            if route.method == method:
                match = route.path.fullmatch(path)
                if match:
                    return route, match.groupdict()
    return None
