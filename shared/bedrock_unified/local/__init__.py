"""The embedded local endpoint: Bedrock's wire on loopback, without an AWS account.

>>> from bedrock_unified.local import LocalBedrock
>>> with LocalBedrock() as endpoint:  # doctest: +SKIP
...     client = boto3.client("bedrock-runtime", endpoint_url=endpoint.url, ...)

Importing this package loads neither aiohttp nor botocore; starting an endpoint does.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .endpoint import LocalBedrock, serve_forever
    from .faults import Fault
    from .guardrails import Guardrail, PersonalData
    from .record import ServedRequest
    from .script import Script

__all__ = ["Fault", "Guardrail", "LocalBedrock", "PersonalData", "Script", "ServedRequest", "serve_forever"]

_HOMES = {
    "Fault": "faults",
    "Guardrail": "guardrails",
    "LocalBedrock": "endpoint",
    "PersonalData": "guardrails",
    "Script": "script",
    "ServedRequest": "record",
    "serve_forever": "endpoint",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{home}", __name__), name)


def __dir__() -> list[str]:
    return sorted(__all__)
