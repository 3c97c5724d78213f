"""What is taken out of a recording before it is written, and what is pinned so that a second one is the same.

Headers are kept by an allow-list: credentials, signatures, cookies, host names and versions are on no list.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from vcr.request import Request

from bedrock_unified.wire.eventstream import FrameDecoder, encode_frame

REGION = "us-east-1"
RUNTIME_HOST = f"bedrock-runtime.{REGION}.amazonaws.com"
CONTROL_HOST = f"bedrock.{REGION}.amazonaws.com"
AGENT_HOST = f"bedrock-agent-runtime.{REGION}.amazonaws.com"
#: The account number of AWS's documentation.
ACCOUNT = "123456789012"
#: The guardrail that every local endpoint has; it stands for the one that an AWS account recorded with.
GUARDRAIL = "localguardrail"
EVENT_STREAM = "application/vnd.amazon.eventstream"

PINNED_DATE = "Thu, 01 Jan 2026 00:00:00 GMT"
PINNED_LATENCY = "1"

_CONTROL_PATHS = ("/foundation-models", "/inference-profiles")
_REQUEST_HEADERS = ("content-type", "accept", "x-amzn-bedrock-")
_RESPONSE_HEADERS = (
    "connection",
    "content-length",
    "content-type",
    "date",
    "retry-after",
    "transfer-encoding",
    "x-amzn-bedrock-",
    "x-amzn-errortype",
    "x-amzn-requestid",
)
_ACCOUNT_IN_ARN = re.compile(rb"(arn:aws[a-z-]*:[a-z0-9-]*:[a-z0-9-]*:)[0-9]{12}(?=:)")


@dataclass(frozen=True)
class Scrubber:
    """Cleans requests and responses; doing it twice changes nothing.

    Attributes:
        pinned: also fix what differs between two local recordings (``Date``, latency).
        guardrail: the id that is written as :data:`GUARDRAIL`.
    """

    pinned: bool
    guardrail: str = GUARDRAIL

    def request(self, request: Request) -> Request:
        """The request without identity, host and account; it is changed in place."""
        parts = urlsplit(request.uri)
        path = parts.path.replace(self.guardrail, GUARDRAIL)
        path = _ACCOUNT_IN_ARN.sub(rb"\g<1>" + ACCOUNT.encode(), path.encode()).decode()
        host = CONTROL_HOST if path.startswith(_CONTROL_PATHS) else RUNTIME_HOST
        host = AGENT_HOST if path == "/rerank" else host
        request.uri = urlunsplit(("https", host, path, parts.query, ""))
        request.headers = {
            name.lower(): value
            for name, value in request.headers.items()
            if name.lower().startswith(_REQUEST_HEADERS)
        }
        if isinstance(request.body, bytes):
            request.body = self.text(request.body)
        return request

    def response(self, response: dict[str, Any]) -> dict[str, Any]:
        """The response likewise, as a new one."""
        headers = {
            name: list(values)
            for name, values in sorted(response["headers"].items(), key=lambda item: item[0].lower())
            if name.lower().startswith(_RESPONSE_HEADERS)
        }
        given: bytes = response["body"].get("string") or b""
        content_type = next((v[0] for k, v in headers.items() if k.lower() == "content-type"), "")
        body = self.frames(given) if content_type == EVENT_STREAM else self.text(given)
        for name in headers:
            if name.lower() == "content-length":
                headers[name] = [str(len(body))]
            elif self.pinned and name.lower() == "date":
                headers[name] = [PINNED_DATE]
            elif self.pinned and name.lower() == "x-amzn-bedrock-invocation-latency":
                headers[name] = [PINNED_LATENCY]
        return {**response, "headers": headers, "body": {"string": body}}

    def text(self, data: bytes) -> bytes:
        """``data`` with the documented account number and guardrail id in place of the real ones."""
        data = _ACCOUNT_IN_ARN.sub(rb"\g<1>" + ACCOUNT.encode(), data)
        return data.replace(self.guardrail.encode(), GUARDRAIL.encode())

    def frames(self, data: bytes) -> bytes:
        """The same for an event stream. A frame with nothing to clean keeps its bytes."""
        if self.text(data) == data:
            return data
        decoder = FrameDecoder()
        cleaned = [(head, self.text(payload)) for head, payload in decoder.feed(data)]
        if decoder.error is not None or not decoder.is_idle:
            raise ValueError("a broken event stream holds something to clean") from decoder.error
        return b"".join(
            encode_frame([(name, str(value)) for name, value in head.headers.items()], payload)
            for head, payload in cleaned
        )
